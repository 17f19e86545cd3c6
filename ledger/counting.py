"""How a count is written before its noun: "1 silent hit", "0 records", "1,204 entries"."""


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun, `one` for exactly one and else `many` (by default with an s)."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"

"""Who vouches for a log, and since when, in the words that every page, command and verdict uses alike."""

UNWITNESSED = "UNWITNESSED"


def witnessed_by(*, cosigned: int, of: int) -> str:
    """Return how many of the charter's witnesses have cosigned; UNWITNESSED where it names none."""
    return f"witnessed by {cosigned:,} of {of:,}" if of else UNWITNESSED


def ago(seconds: int) -> str:
    """Return how long ago something was, in the largest whole unit."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = seconds // length
        if count > 0:
            return f"{count:,} {unit}{'s' if count > 1 else ''} ago"
    return "just now"

"""SDG indicator 16.4.2 in words and as JSON, with what is suppressed said to be so."""

from ledger.indicator import LEAST, Count, Indicator
from ledger.jsontext import JsonValue

_HIDDEN = f"not shown: it would tell a number below {LEAST}"


def render(found: Indicator, *, year: int | None) -> str:
    """Return the indicator as a table of 80 columns."""
    lines = [f"SDG 16.4.2 · {'all years' if year is None else year} · over the records that you may read", ""]
    lines += [_row(how, count) for how, count in found.by_how.items()]
    lines.append(_row("together", found.total))
    proportion = found.proportion
    lines += ["", "no proportion can be given" if proportion is None else f"proportion traced  {proportion:.1%}"]
    return "\n".join(lines)


def to_json(found: Indicator, *, year: int | None) -> dict[str, JsonValue]:
    """Return the indicator for machines; what is suppressed is null."""
    proportion = found.proportion
    return {
        "year": year,
        "suppressed_below": LEAST,
        **{how: _count(count) for how, count in found.by_how.items()},
        "total": _count(found.total),
        # JSON of ours has no fractions: a proportion is written in parts of ten thousand.
        "per_ten_thousand": None if proportion is None else round(proportion * 10_000),
    }


def _row(name: str, count: Count | None) -> str:
    shown = _HIDDEN if count is None else f"{count.recovered:>8,} recovered  {count.traced:>8,} traced"
    return f"{name:<12}{shown}"


def _count(count: Count | None) -> JsonValue:
    return None if count is None else {"recovered": count.recovered, "traced": count.traced}

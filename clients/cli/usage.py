"""`sealtrace usage`: what each agency used of its daily limits, for the charter's auditors (docs/protocol.md, 6.10)."""

import datetime as dt
from collections.abc import Iterator, Mapping

import typer

from clients.cli.options import HomeOption, JsonOption, edge_of
from ledger.counting import counted
from ledger.jsontext import JsonValue
from ledger.wire.matching import Usage

# What is counted, in the order of a line; what is evaluated stands behind what it was evaluated for.
_WORDS = {
    "submissions": "logged",
    "lookups": "weapons asked",
    "own": "own records asked",
    "slips": "slips renewed",
    "keys": "key entries",
}
_EVALUATED = "/evaluated"


def usage(context: typer.Context, *, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Read, as an auditor of the charter, what was evaluated beside what was logged and asked, and overdue reviews.

    Example: sealtrace usage --home auditor
    """
    edge = edge_of(context)
    with edge.session(home) as session:
        session.stand()
        found = session.service.usage()
        edge.show("\n".join(_lines(found)), _json(found), as_json=as_json)


def _lines(found: Usage) -> Iterator[str]:
    for (day, agency), uses in _by_day(found).items():
        yield f"{_date(day)}  {agency}"
        yield from (f"            {one}" for one in _counts(uses))
    for late in found.overdue:
        yield f"{late.month}     {late.agency}  {counted(late.n, 'silent hit')} not reviewed within 72 hours"
    yield "nothing was counted" if not found.uses else "what the service counted: nothing here proves it"


def _by_day(found: Usage) -> Mapping[tuple[int, str], Mapping[str, int]]:
    days: dict[tuple[int, str], dict[str, int]] = {}
    for one in found.uses:
        days.setdefault((one.day, one.agency), {})[one.kind] = one.used
    return {key: days[key] for key in sorted(days)}


def _counts(uses: Mapping[str, int]) -> Iterator[str]:
    for kind in sorted({kind.removesuffix(_EVALUATED) for kind in uses}, key=lambda kind: [*_WORDS, kind].index(kind)):
        used, evaluated = uses.get(kind, 0), uses.get(f"{kind}{_EVALUATED}", 0)
        line = f"{_WORDS.get(kind, kind):<18}{used:>10,}"
        beyond = f", {evaluated - used:,} more than that" if evaluated > used else ""
        yield f"{line}   evaluated for {evaluated:,}{beyond}" if evaluated else line


def _json(found: Usage) -> dict[str, JsonValue]:
    return {
        "uses": [
            {"agency": one.agency, "day": _date(one.day), "kind": one.kind, "used": one.used} for one in found.uses
        ],
        "overdue": [{"agency": one.agency, "month": one.month, "n": one.n} for one in found.overdue],
    }


def _date(day: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=day)).isoformat()

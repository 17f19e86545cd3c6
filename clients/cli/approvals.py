"""`sealtrace approvals`: what two officers of this agency did, each kept approval verified anew."""

from collections.abc import Iterator

import typer

from clients.approvedacts import approved_lists
from clients.cli.exits import Exit
from clients.cli.moments import moment
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.freshness import vouched
from clients.inspecting import Became, Inspected, inspect
from clients.syncing import Sync
from clients.talk.telling import entry, terms_text
from crypto.encoding import b64u
from ledger.counting import counted
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.officers import Plan, PlannedExpunge, PlannedRelease, PlannedSubmission

_BECAME = {
    Became.WAITING: "not yet shown by the log: it waits in the outbox, or for the log's witnesses",
    Became.UNSENT: "never sent: its recipient left before",
    Became.UNUSED: "never carried out from this home",
}


def approvals(context: typer.Context, *, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List what two officers did: who proposed and approved it, when, what became of it. Each is verified anew.

    What is damaged, changed or missing is named, and is exit 1.

    Example: sealtrace approvals --json
    """
    edge = edge_of(context)
    place = edge.home(home)
    me = place.joined().id
    lists = approved_lists(place, key=edge.database_key(place))
    with edge.session(home) as session:
        run = Sync(session, progress=edge.progress("entries"))
        run.by_feed()
        standing = run.standing
        standing.authority.catch_up(me)
        found = inspect(session, standing, lists)
        said = vouched(standing.view, now=edge.world.clock())
        size = standing.view.checkpoint.size
    bad = sum(bool(one.fault) for one in found)
    lines = [line for one in found for line in (*_lines(me, one), "")]
    text = "\n".join([*lines, _verdict(len(found), bad), f"as of the log {size:,} entries · {said}"])
    value: dict[str, JsonValue] = {
        "approvals": [_json(me, one) for one in found if one.file],
        "missing": [_json(me, one) for one in found if not one.file],
        "good": not bad,
        "size": size,
        "witnesses": said,
    }
    edge.show(text, value, as_json=as_json)
    if bad:
        raise typer.Exit(Exit.REFUSED)


def _verdict(count: int, bad: int) -> str:
    if not count:
        return "nothing was done here that takes two officers"
    if bad:
        return f"✗ {bad:,} of {count:,} cannot be relied on"
    return f"✓ verified   {counted(count, 'approval')}: both officers' signatures and the agency's"


def _lines(me: str, one: Inspected) -> Iterator[str]:
    if one.do is not None:
        yield from _plan_lines(me, one.do)
    if one.at is not None and one.until is not None:
        who = one.officers[0]
        yield from entry("proposed", f"{moment(one.at)} by {who}; good until {moment(one.until)}")
    if len(one.officers) > 1:
        yield from entry("approved", f"by {one.officers[1]}")
    if one.became in _BECAME:
        yield from entry("became", _BECAME[one.became])
    elif one.index is not None:
        yield from entry("logged", " · ".join(_where(one)))
    if one.file:
        yield from entry("kept", one.file)
    yield from entry(
        "✗ not good" if one.fault else "✓ good", one.fault or "all signatures, by keys that were valid then"
    )


def _where(one: Inspected) -> Iterator[str]:
    yield f"entry {one.index:,}"
    if one.records is not None:
        yield counted(one.records, "record")
    if one.logged is not None:
        yield f"{moment(one.logged)} by the witnesses"


def _plan_lines(me: str, do: Plan) -> Iterator[str]:
    match do:
        case PlannedExpunge():
            yield from entry("expunge", f"{StatementName(me, do.of)} · {do.why.value}")
        case PlannedSubmission():
            yield from entry("list", f"{counted(do.records, 'record')} that others may read")
        case PlannedRelease():
            yield from entry("release", f"to {do.to} in the thread {b64u(do.thread)}")
            yield from entry("as", terms_text(do.terms))
            for of, portion in do.portions:
                yield from entry("portion", f"{portion} of {StatementName(me, of)}")
            for of, names in do.fields:
                yield from entry("fields", f"{', '.join(names)} of {StatementName(me, of)}")
            if do.epochs:
                yield from entry("epochs", f"closed ones, by {counted(len(do.epochs), 'key')}")


def _json(me: str, one: Inspected) -> dict[str, JsonValue]:
    return {
        "file": one.file or None,
        "id": b64u(one.id) if one.id else None,
        **_plan_json(me, one.do),
        "proposed_by": one.officers[0] if one.officers else None,
        "approved_by": one.officers[1] if len(one.officers) > 1 else None,
        "proposed": _time_json(one.at),
        "until": _time_json(one.until),
        "became": one.became.value if one.became else None,
        "entry": one.index,
        "logged": _time_json(one.logged),
        "records": one.records,
        "good": not one.fault,
        "fault": one.fault or None,
    }


def _time_json(seconds: int | None) -> JsonValue:
    return None if seconds is None else moment(seconds)


def _plan_json(me: str, do: Plan | None) -> dict[str, JsonValue]:
    """Return what was agreed on, in the words of docs/protocol.md, 6.20, its records by their whole names."""
    match do:
        case None:
            return {"kind": None}
        case PlannedExpunge():
            return {"kind": "expunge", "record": str(StatementName(me, do.of)), "why": do.why.value}
        case PlannedSubmission():
            return {"kind": "submit", "planned": do.records}
        case PlannedRelease():
            return {
                "kind": "release",
                "to": do.to,
                "thread": b64u(do.thread),
                "re": None if do.re is None else str(do.re),
                "as": do.terms.to_json(),
                "portions": [{"record": str(StatementName(me, of)), "portion": part} for of, part in do.portions],
                "fields": [{"record": str(StatementName(me, of)), "names": [*names]} for of, names in do.fields],
                "epochs": len(do.epochs),
            }

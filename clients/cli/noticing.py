"""`sealtrace notices` and `slips`: hear who asked, and decide what is answered."""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from clients.cli.exits import Exit
from clients.cli.options import HomeOption, JsonOption, ProfileOption, edge_of
from clients.errors import HomeError
from clients.matching.asking import Certainty, certainty_of
from clients.matching.book import StoredNotice
from clients.matching.keys import standing_of
from clients.matching.noticing import Arrived, collect, overdue, review, settle, waits
from clients.matching.renewing import Renewed, Renewer
from clients.session import Session, load_profile
from ledger.counting import counted
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.notices import AskedStands, Audited, Complained, Matched, WatchFired
from ledger.slips import Hit

slips = typer.Typer(help="What partners who ask are told of one's own records.", no_args_is_help=True)


@slips.callback()
def _group() -> None:
    """Keep `renew` a command of its own while it is the only one."""


def notices(
    context: typer.Context,
    *,
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="Say that every silent hit and doubt shown before was looked into.")
    ] = False,
    number: Annotated[list[int] | None, typer.Option(help="With --reviewed: only this one, by its number.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch and show who asked for one's weapons, what watches found, and which silent hits wait for review.

    Example: sealtrace notices
    """
    edge = edge_of(context)
    with edge.session(home) as session:
        if reviewed:
            edge.show(*_reviewed(session, number), as_json=as_json)
            return
        arrived = collect(session, session.stand())
        stored = session.book.notices()
        edge.show(
            "\n".join(notice_lines(stored, arrived, now=edge.world.clock())),
            _notices_json(stored, arrived, now=edge.world.clock()),
            as_json=as_json,
        )
    if arrived.doubts:
        raise typer.Exit(Exit.REFUSED)


@slips.command(epilog="Example: sealtrace slips renew --hit off")
def renew(  # noqa: PLR0913 - which records, under which profile, in which home
    context: typer.Context,
    *,
    hit: Annotated[str | None, typer.Option(help="open, silent or off for all; else what the profile says.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Renew slips that would say the same, too.")] = False,
    profile: ProfileOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Log new slips for one's own records: another policy, another canonical version, another token epoch."""
    edge = edge_of(context)
    policy = _policy(hit)
    with edge.session(home) as session:
        standing = standing_of(session)
        used = load_profile(session.home, standing.view.charter, path=Path(profile) if profile else None)
        done = Renewer(standing, used, to=policy, everything=everything).renew()
        edge.show(*_renewed(done), as_json=as_json)


def notice_lines(stored: Sequence[StoredNotice], arrived: Arrived, *, now: int) -> Iterator[str]:
    """Yield what waits, the newest last, and what the access log does not bear out."""
    for one in stored:
        match one.notice:
            case Matched() as notice:
                state = "" if not waits(one) else " · OVERDUE" if overdue(one, now=now) else " · to be reviewed in 72 h"
                yield f"{one.number:>5}  {_day(notice.result.at)}  {notice.result.asker} asked{state}"
                for told, name in zip(notice.result.hits, notice.result.names(), strict=True):
                    yield f"       {told.hit.value:<7}{_worth(told.c, name, told.index)}"
            case WatchFired() as notice:
                yield f"{one.number:>5}  {_day(one.seen)}  a watch fired"
                yield f"       {_worth(notice.slot.c, notice.slot.name, notice.slot.index)}"
            case AskedStands() | Audited() | Complained():
                continue
    for doubt in arrived.doubts:
        yield f"✗ {doubt}"
    waiting = sum(map(waits, stored))
    yield f"{len(arrived.new):,} new · {counted(waiting, 'silent hit')} to be reviewed"


def _worth(c: str, name: StatementName, index: int) -> str:
    """Return a match in the words of `sealtrace match`: a possible hit is never called a hit."""
    if certainty_of(c) is Certainty.HIT:
        return f"✓ hit        {name} · entry {index:,}"
    return f"? possible   {name} · {c} · entry {index:,}: inspect the frame"


def _reviewed(session: Session, numbers: list[int] | None) -> tuple[str, dict[str, JsonValue]]:
    """Review silent hits; without numbers the doubts too, each of which is said once more."""
    done = review(session, numbers)
    doubts = settle(session) if numbers is None else ()
    lines = [f"✓ reviewed   {counted(done, 'silent hit')}", *(f"✓ looked into {doubt}" for doubt in doubts)]
    return "\n".join(lines), {"reviewed": done, "doubts": list(doubts)}


def _renewed(done: Renewed) -> tuple[str, dict[str, JsonValue]]:
    policies = " · ".join(f"{count:,} {hit.value}" for hit, count in done.policies.items())
    text = f"✓ renewed    {counted(sum(done.policies.values()), 'slip')} in {counted(len(done.batches), 'batch', 'batches')}: {policies}"
    renewed: dict[str, JsonValue] = {hit.value: count for hit, count in done.policies.items()}
    return text, {"renewed": renewed, "batches": [one.seq for one in done.batches]}


def _notices_json(stored: Sequence[StoredNotice], arrived: Arrived, *, now: int) -> dict[str, JsonValue]:
    shown: list[JsonValue] = [
        {
            "number": one.number,
            "seen": one.seen,
            "waits": waits(one),
            "overdue": overdue(one, now=now),
            "notice": one.notice.to_json(),
        }
        for one in stored
    ]
    return {"notices": shown, "new": len(arrived.new), "doubts": list(arrived.doubts)}


def _policy(text: str | None) -> Hit | None:
    policies = {one.value: one for one in Hit}
    if text is not None and text not in policies:
        raise HomeError("no such hit policy", next_step=f"say --hit {' or '.join(policies)}")
    return policies[text] if text is not None else None


def _day(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M")

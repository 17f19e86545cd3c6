"""`sealtrace match`: ask blind whether anybody has logged a weapon."""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from clients.cli.edge import Edge
from clients.cli.exits import Exit
from clients.cli.lists import drafts_of
from clients.cli.options import HomeOption, JsonOption, MapOption, SheetOption, edge_of
from clients.codes import load_tables
from clients.durable import write_file
from clients.errors import ListError
from clients.matching.asking import Asker, Certainty, Told, last_of, spelled
from clients.matching.book import AskedQuestion
from clients.matching.denying import find_denied, hand_over, parse_handed
from clients.matching.keys import standing_of
from clients.matching.selftest import self_test
from clients.matching.weapons import listed_weapons, named_weapons, own_records
from clients.plaintext import visible
from clients.session import Session, Standing, load_profile
from crypto.encoding import unb64u
from crypto.errors import EncodingError
from ledger.counting import counted
from ledger.jsontext import JsonValue
from ledger.questions import BEFORE_ALL, Asking


def match(  # noqa: PLR0913 - each option is one way to ask, and each way is one line
    context: typer.Context,
    *,
    make: Annotated[str, typer.Option(help="The make, as written or as a code.")] = "",
    serial: Annotated[
        str | None, typer.Option(help="The number; # is a digit that cannot be read, ? any sign: each is asked.")
    ] = None,
    type_text: Annotated[str, typer.Option("--type", help="The type, in words or as an NCIC code.")] = "",
    calibre: Annotated[str, typer.Option(help="The calibre.")] = "",
    kind: Annotated[str, typer.Option(help="What it is, like vehicle or uas.")] = "small_arm",
    file: Annotated[Path | None, typer.Option("--file", help="Ask about every weapon of a list.")] = None,
    map_name: MapOption = None,
    sheet: SheetOption = None,
    mine: Annotated[bool, typer.Option("--mine", help="Ask about every own record that is matched.")] = False,
    purpose: Annotated[str, typer.Option(help="Why: kept here; the service sees a salted hash of it.")] = "",
    watch: Annotated[bool, typer.Option("--watch", help="Be told of later records, too, for 90 days.")] = False,
    after: Annotated[int, typer.Option(help="Only records after this index: for more than eight.")] = BEFORE_ALL,
    test: Annotated[bool, typer.Option("--self-test", help="Test that the service still finds what it must.")] = False,
    asked: Annotated[bool, typer.Option("--asked", help="List what was asked from this home, and why.")] = False,
    handed: Annotated[
        str | None, typer.Option("--hand-over", metavar="QUESTION", help="Write a question with its answer to -o.")
    ] = None,
    denied: Annotated[
        Path | None, typer.Option("--denied", help="Hold own slips against what a partner handed over.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where it is written.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask blind whether anybody has logged a weapon; neither the service nor a partner learns which one.

    Example: sealtrace match --make Taurus --serial TJS84213 --purpose 'case 2026-114'
    """
    edge = edge_of(context)
    with edge.session(home) as session:
        if asked:
            edge.show(*_asked(session.book.questions()), as_json=as_json)
            return
        if handed is not None:
            _hand_over(session, handed, _named(output), edge, as_json=as_json)
            return
        standing = standing_of(session)
        if denied is not None:
            _denied(standing, denied, _named(output), edge, as_json=as_json)
            return
        if test:
            edge.show(*_tested(session, standing), as_json=as_json)
            return
        asker = Asker(standing, purpose=purpose)
        if mine:
            edge.show(*_told(asker.ask_own(own_records(session)), asker, Asking.OWN), as_json=as_json)
            return
        tables = load_tables(session.home)
        if file is not None:
            weapons = listed_weapons(drafts_of(session, file, map_name, sheet, edge), tables)
        else:
            fields = {"item.kind": kind, "item.make_text": make, "item.type_text": type_text, "item.calibre": calibre}
            weapons = named_weapons(fields, serial, tables)
        told = asker.ask(weapons, watch=watch, after=after)
        edge.show(*_told(told, asker, Asking.LOOKUP), as_json=as_json)
        # Done would be read as: nobody answers. A list with other rows was asked about, and says so of each.
        if told and all(one.note for one in told):
            raise typer.Exit(Exit.REFUSED)


_UNASKED = {
    Asking.LOOKUP: "give the whole number with --make, or with --calibre and --type; or ask an agency: `sealtrace request`",
    Asking.OWN: "see `sealtrace profile show` for its hit policy, then `sealtrace slips renew`",
}


def _told(told: Sequence[Told], asker: Asker, asking: Asking) -> tuple[str, dict[str, JsonValue]]:
    quota = asker.quota(asking)
    lines = [line for one in told for line in _lines(one)]
    lines.append(f"quota        {quota.left:,} of {counted(quota.limit, 'question')} left today")
    if any(one.note for one in told):
        lines.append(f"next         {_UNASKED[asking]}")
    if any(not one.found and not one.note for one in told):
        lines.append("nothing      means that nobody answers: a silent record looks the same")
    return "\n".join(lines), {
        "asked": [_told_json(one) for one in told],
        "left": quota.left,
        "limit": quota.limit,
    }


def _lines(told: Told) -> Iterator[str]:
    if told.note:
        yield f"! not asked  {told.what}: {told.note}"
        return
    if not told.found:
        yield f"nothing      {told.what}"
    for one in told.found:
        if one.certainty is Certainty.HIT:
            yield f"✓ hit        {told.what} · {one.name} · entry {one.index:,}, proved in the log"
        else:
            yield f"? possible   {told.what} · {one.name} · {one.c} · entry {one.index:,}: inspect the frame"
    if told.more:
        yield f"  more follow: ask again with --after {last_of(told)}"


def _told_json(told: Told) -> dict[str, JsonValue]:
    return {
        "what": told.what,
        "question": spelled(told.q) if told.q else None,
        "found": [
            {"record": str(one.name), "index": one.index, "class": one.c, "certainty": one.certainty.value}
            for one in told.found
        ],
        "more": told.more,
        "note": told.note,
    }


def _asked(questions: Sequence[AskedQuestion]) -> tuple[str, dict[str, JsonValue]]:
    lines = [
        f"{_day(one.asked)}  {one.asking.value:<7}{spelled(one.q)}  {one.what}\n  {visible(one.purpose.text)}"
        for one in questions
    ]
    value: list[JsonValue] = [
        {
            "question": spelled(one.q),
            "asked": one.asked,
            "for": one.asking.value,
            "what": one.what,
            "purpose": one.purpose.text,
            "salt": one.purpose.salt.hex(),
            "answered": one.answer is not None,
        }
        for one in questions
    ]
    return "\n".join([*lines, counted(len(questions), "question")]), {"questions": value}


def _hand_over(session: Session, q: str, output: Path, edge: Edge, *, as_json: bool) -> None:
    question = session.book.question(question_hash_of(q))
    if question is None:
        raise ListError("no question of that name was asked here", next_step="see `sealtrace match --asked`")
    write_file(output, hand_over(question))
    text = f"✓ written    {output}: tokens and the signed answer, no number and no purpose"
    edge.show(text, {"file": str(output)}, as_json=as_json)


def _denied(standing: Standing, file: Path, output: Path, edge: Edge, *, as_json: bool) -> None:
    found = find_denied(standing, parse_handed(file.read_bytes()))
    if not found:
        edge.show("✓ nothing    no own record had to be in that answer", {"denied": 0}, as_json=as_json)
        return
    paths = [output if place == 0 else output.with_name(f"{output.name}.{place}") for place in range(len(found))]
    for path, proof in zip(paths, found, strict=True):
        write_file(path, proof)
    text = f"✗ DENIED     {counted(len(found), 'record')} kept out of that answer: {output} proves it to anybody"
    edge.show(text, {"denied": len(found), "files": [str(path) for path in paths]}, as_json=as_json)
    raise typer.Exit(Exit.REFUSED)


def _tested(session: Session, standing: Standing) -> tuple[str, dict[str, JsonValue]]:
    done = self_test(session, load_profile(session.home, standing.view.charter))
    text = f"✓ found      {done.planted[1]}, planted for this test, by {done.planted[0]}; both are off now"
    return text, {"planted": [str(name) for name in done.planted], "question": spelled(done.q)}


def question_hash_of(text: str) -> bytes:
    """Return the hash that the name of a question spells."""
    try:
        return unb64u(text, size=32)
    except EncodingError as error:
        raise ListError("not the name of a question", next_step="see `sealtrace match --asked`") from error


def _named(output: Path | None) -> Path:
    if output is None:
        raise ListError("it has to be written somewhere", next_step="add -o FILE")
    return output


def _day(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M")

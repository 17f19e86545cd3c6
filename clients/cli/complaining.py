"""`sealtrace complain` and `openings`: call the charter's auditors to an entry of the access log, and be called."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from clients.cli.exits import Exit
from clients.cli.matching import question_hash_of
from clients.cli.options import HomeOption, JsonOption, edge_of
from clients.errors import ListError
from clients.matching import complaining
from clients.matching.auditing import Opened
from clients.matching.auditing import openings as read_openings
from ledger.counting import counted
from ledger.jsontext import JsonValue


def complain(
    context: typer.Context,
    *,
    notice: Annotated[
        int | None, typer.Option(help="That somebody asked, by the number in `sealtrace notices`.")
    ] = None,
    question: Annotated[str | None, typer.Option(help="One's own, by its name in `sealtrace match --asked`.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Call the charter's auditors to who asked whom, before the thirty days after which they are shown it anyway.

    Example: sealtrace complain --notice 7
    """
    edge = edge_of(context)
    with edge.session(home) as session:
        standing = session.stand()
        if (notice is None) == (question is None):
            raise ListError("a complaint is of one notice or of one question", next_step="give --notice or --question")
        own = (
            complaining.of_notice(standing, notice)
            if notice is not None
            else complaining.of_question(standing, question_hash_of(question or ""))
        )
        index = complaining.complain(standing, own)
        text = (
            f"✓ complained of entry {index:,} of the access log: the charter's auditors are shown both sides of it now"
        )
        edge.show(text, {"index": index}, as_json=as_json)


def openings(context: typer.Context, *, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Read, as an auditor of the charter, who asked and what came of complaints, and check it against the access log.

    Example: sealtrace openings --home auditor
    """
    edge = edge_of(context)
    with edge.session(home) as session:
        shown = read_openings(session.stand())
        edge.show("\n".join(_lines(shown)), {"openings": [_json(one) for one in shown]}, as_json=as_json)
    if any(one.doubt for one in shown):
        raise typer.Exit(Exit.REFUSED)


def _lines(shown: Sequence[Opened]) -> Iterator[str]:
    for one in shown:
        why = f" · complaint of {one.complaint.iss}" if one.complaint else ""
        mark = (
            f"✗ {one.index:>9,}  {one.asker} · {one.doubt}"
            if one.doubt
            else f"✓ {one.index:>9,}  {one.asker} · {one.path}"
        )
        yield mark + why
    yield f"{counted(len(shown), 'entry', 'entries')} opened · {counted(sum(bool(one.doubt) for one in shown), 'doubt')}"


def _json(one: Opened) -> JsonValue:
    return {
        "index": one.index,
        "asker": one.asker,
        "path": one.path,
        "complaint": None if one.complaint is None else one.complaint.iss,
        "doubt": one.doubt,
    }

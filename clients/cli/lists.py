"""`sealtrace submit` and `sealtrace preview`: a list in, sealed records out, or what stands in the way."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from clients import preview as previews
from clients import shippedmaps
from clients.authority import members_of
from clients.cli.edge import Edge
from clients.cli.exits import Exit
from clients.cli.options import HomeOption, JsonOption, MapOption, ProfileOption, SheetOption, edge_of
from clients.codes import load_tables
from clients.corrections import Correction, Known, Sorted, sort_rows
from clients.discarding import Discarded, discard
from clients.durable import write_file
from clients.errors import ListError
from clients.freshness import pending
from clients.importing import Means, Prepared, prepare
from clients.lists.maps import ListMap, parse_map
from clients.lists.proposing import propose_map
from clients.lists.reading import read_table
from clients.lists.report import Problem, Weight, rejected_csv
from clients.lists.tables import MAX_LIST_BYTES, Format, check_filled
from clients.plaintext import wrap
from clients.session import Session, load_profile
from clients.submitting import Submission, resume
from clients.submitting import submit as submit_rows
from ledger.counting import counted
from ledger.jsontext import JsonValue
from ledger.plan import Planner
from ledger.profiles import Profile

_SHOWN_PROBLEMS = 20
_WIDTH = 80


def submit(  # noqa: PLR0913 - each option is one decision about the list
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="The list: CSV, XLSX or JSON Lines.")] = None,
    *,
    map_name: MapOption = None,
    sheet: SheetOption = None,
    profile: ProfileOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report and preview; seal and send nothing.")] = False,
    good_rows: Annotated[
        bool, typer.Option("--good-rows", help="Submit what is good; the rest goes to FILE.rejected.csv.")
    ] = False,
    correct: Annotated[
        bool, typer.Option("--correct", help="Send changed rows too, as records that supersede the earlier ones.")
    ] = False,
    resume_only: Annotated[bool, typer.Option("--resume", help="Only send what still waits in the outbox.")] = False,
    discard_waiting: Annotated[
        bool, typer.Option("--discard", help="Take out what waits, once the log is proved not to hold it.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Seal, sign and log a list. Sending it again is safe: what is logged is skipped.

    Example: sealtrace submit seizures.csv --map seizures.map.toml --dry-run
    """
    edge = edge_of(context)
    with edge.session(home) as session:
        if discard_waiting:
            _require_alone(file, resume_only=resume_only)
            edge.show(*_gone(discard(session, progress=edge.progress("entries read"))), as_json=as_json)
            return
        if file is None:
            if not resume_only:
                raise ListError("no list was named", next_step="give a FILE, or --resume")
            edge.show(*_result(resume(session), None), as_json=as_json)
            return
        raw = _read(file)
        prepared, used = _prepare(session, raw, _map(raw, file, map_name, sheet, edge), profile, edge)
        if dry_run:
            edge.show(*_dry(session, prepared), as_json=as_json)
            raise typer.Exit(Exit.REFUSED if prepared.errors else Exit.DONE)
        _check(prepared, file, good_rows=good_rows, edge=edge)
        progress = edge.progress("records logged")
        done = submit_rows(session, prepared.rows, used, progress=progress, correct=correct)
        edge.show(*_result(done, prepared), as_json=as_json)


def preview(  # noqa: PLR0913 - as `submit`
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The list: CSV, XLSX or JSON Lines.")],
    *,
    map_name: MapOption = None,
    sheet: SheetOption = None,
    profile: ProfileOption = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the schedule, for the file.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who will be able to read what, from the very plans that would be sealed.

    Example: sealtrace preview seizures.csv --map seizures.map.toml -o schedule.txt
    """
    edge = edge_of(context)
    with edge.session(home) as session:
        raw = _read(file)
        prepared, _ = _prepare(session, raw, _map(raw, file, map_name, sheet, edge), profile, edge)
        text = _schedule(session, prepared)
        if output is not None:
            write_file(output, text.encode())
        if prepared.rejected:
            left_out = counted(len(prepared.rejected), "row")
            edge.note(f"! {left_out} left out of this: `sealtrace submit --dry-run` says why")
        warnings = [one for one in prepared.problems if one.weight is Weight.WARNING]
        if warnings:
            edge.note("\n".join(_listed(warnings)))
        told: dict[str, JsonValue] = {"warnings": [{**one.to_json()} for one in warnings]}
        edge.show(text, previews.to_json(previews.schedule(prepared)) | told, as_json=as_json)


def _prepare(
    session: Session, raw: bytes, list_map: ListMap, profile: str | None, edge: Edge
) -> tuple[Prepared, Profile]:
    session.refresh()
    charters = session.trust.charters()
    used = load_profile(session.home, charters[-1], path=Path(profile) if profile else None)
    means = Means(
        tables=load_tables(session.home),
        planner=Planner(used, members_of(charters)),
        row_key=session.keyring.row_key(),
        today=edge.today(),
    )
    return prepare(raw, list_map, means, progress=edge.progress("rows planned")), used


def _require_alone(file: Path | None, *, resume_only: bool) -> None:
    if file is not None or resume_only:
        raise ListError("--discard goes alone", next_step="discard what waits, then submit the list anew")


def _gone(done: Discarded | None) -> tuple[str, dict[str, JsonValue]]:
    """Return what was discarded, and by what proof."""
    if done is None:
        return "nothing waits in the outbox", {"discarded": None}
    lines = [
        f"✓ discarded  batch {done.seq} with {counted(done.statements, 'statement')}: it is none of the log's {counted(done.size, 'entry', 'entries')}",
        f"  every entry from {done.start:,} on was read and proved; no earlier one can be it",
        "  its rows are free: send the list again; if the service logs that batch after all, the next submission says so",
    ]
    told: dict[str, JsonValue] = {
        "seq": done.seq,
        "statements": done.statements,
        "start": done.start,
        "size": done.size,
    }
    return "\n".join(lines), {"discarded": told}


def drafts_of(
    session: Session, file: Path, map_name: str | None, sheet: str | None, edge: Edge
) -> list[dict[str, JsonValue]]:
    """Return the fields of each row of a list, for asking about them; raise ListError if one cannot be read."""
    raw = _read(file)
    prepared, _ = _prepare(session, raw, _map(raw, file, map_name, sheet, edge), None, edge)
    if prepared.rejected:
        edge.note(_report(prepared))
        raise ListError(
            f"{counted(len(prepared.rejected), 'row')} cannot be read; nothing was asked", next_step="correct them"
        )
    return [{name: value for draft in row.drafts for name, value in draft.fields.items()} for row in prepared.rows]


def _read(file: Path) -> bytes:
    """Return the bytes of a list; of one that is too large no more than shows it."""
    with file.open("rb") as opened:
        return opened.read(MAX_LIST_BYTES + 1)


def _map(raw: bytes, file: Path, name: str | None, sheet: str | None, edge: Edge) -> ListMap:
    """Return the map that was named, for the sheet that was; without a map, write a proposal and stop."""
    if name is not None:
        path = Path(name)
        found = parse_map(path.read_text(encoding="utf-8")) if path.suffix == ".toml" else shippedmaps.load(name)
        return replace(found, form=replace(found.form, sheet=sheet))
    table = read_table(raw, form=Format(sheet=sheet))
    check_filled(table)
    fitting = shippedmaps.fitting(table)
    if fitting:
        raise ListError("the list needs a map", next_step=f"one that fits is shipped: --map {fitting[0]}")
    proposal = file.with_name(f"{file.stem}.map.toml")
    if proposal.exists():
        raise ListError("the list needs a map", next_step=f"there is one beside it: --map {proposal}")
    proposal.write_text(propose_map(table), encoding="utf-8")
    edge.note(f"a map is proposed in {proposal}")
    again = "--map" if sheet is None else "--map, and --sheet again"
    raise ListError("the list needs a map", next_step=f"read and correct {proposal}, then pass it with {again}")


def _check(prepared: Prepared, file: Path, *, good_rows: bool, edge: Edge) -> None:
    """Stop where rows cannot be read, unless the good ones were asked for; say what is wrong in any case."""
    edge.note(_report(prepared))
    if not prepared.rejected:
        return
    if not good_rows:
        raise ListError(
            f"{counted(len(prepared.rejected), 'row')} cannot be read; nothing was submitted",
            next_step="correct them, or submit the others with --good-rows",
        )
    rejected = file.with_name(f"{file.name}.rejected.csv")
    write_file(rejected, rejected_csv(prepared.table, prepared.rejected, prepared.problems).encode("utf-8-sig"))
    edge.note(f"{counted(len(prepared.rejected), 'row')} written to {rejected}")


def _report(prepared: Prepared) -> str:
    table = prepared.table
    lines = [
        f"read         {counted(len(table.rows), 'row')} below the header on line {table.header_line} · {table.source}",
        f"planned      {counted(prepared.records, 'record')} from {counted(len(prepared.rows), 'row')} · {counted(len(prepared.rejected), 'row')} refused",
    ]
    return "\n".join([*lines, *_listed(prepared.problems)])


def _listed(problems: Sequence[Problem]) -> Iterator[str]:
    """Yield the first problems, those that keep a row out before all others: they are what has to be mended."""
    for problem in sorted(problems, key=lambda one: one.weight is Weight.WARNING)[:_SHOWN_PROBLEMS]:
        sign = "✗" if problem.weight is Weight.ERROR else "!"
        said = f"{sign} line {problem.line}, {problem.column or 'row'}: {problem.cause}"
        yield from wrap(said, width=_WIDTH, indent="  ")
        yield from (f"  {line}" for line in wrap(problem.fix, width=_WIDTH - 2, indent=""))
    more = len(problems) - _SHOWN_PROBLEMS
    if more > 0:
        yield f"  … and {more:,} more: --json names them all"


def _schedule(session: Session, prepared: Prepared) -> str:
    names = {agency.id: agency.name for agency in session.trust.charters()[-1].agencies}
    return previews.render(previews.schedule(prepared), names=names).rstrip()


def _dry(session: Session, prepared: Prepared) -> tuple[str, dict[str, JsonValue]]:
    """Return what a submission would do."""
    known = sort_rows(prepared.rows, outbox=session.outbox, replica=session.replica)
    said = (*_known(known.unchanged), *_new(known), *_offered(known.corrections))
    return "\n".join([_report(prepared), *said, _schedule(session, prepared)]), {
        "rows": len(prepared.table.rows),
        "records": prepared.records,
        "rejected": len(prepared.rejected),
        "unchanged": len(known.unchanged),
        "corrections": [_correction(one) for one in known.corrections],
        "problems": [{**problem.to_json()} for problem in prepared.problems],
        "preview": previews.to_json(previews.schedule(prepared)),
    }


def _result(done: Submission, prepared: Prepared | None) -> tuple[str, dict[str, JsonValue]]:
    value: dict[str, JsonValue] = {
        "records": done.records,
        "unchanged": len(done.unchanged),
        "corrections": [_correction(one) for one in done.corrections],
        "corrected": [_correction(one) for one in done.corrected],
        "batches": [
            {"seq": one.seq, "first": one.first, "index": one.index, "since": one.since} for one in done.batches
        ],
        "size": done.size,
    }
    if prepared is not None:
        value["problems"] = [{**problem.to_json()} for problem in prepared.problems]
    return "\n".join(_told(done)), value


def _told(done: Submission) -> Iterator[str]:
    if not done.batches:
        yield "✓ logged     nothing new"
    else:
        batches = counted(len(done.batches), "batch", "batches")
        yield f"✓ logged     {counted(done.records, 'record')} in {batches}, each proved by the log's signature"
    for batch in done.batches:
        yield f"batch {batch.seq:<7}entries {batch.first:,} to {batch.index:,} of {max(done.size, batch.index + 1):,}"
    waiting = [batch.since for batch in done.batches if batch.since is not None]
    if waiting:
        yield pending(min(waiting))
    yield from _known(done.unchanged)
    if done.corrected:
        yield f"corrected    {counted(len(done.corrected), 'changed row')}, superseding what was logged before"
    yield from _offered(done.corrections)


def _known(unchanged: Sequence[Known]) -> Iterator[str]:
    if unchanged:
        first = unchanged[0]
        yield f"unchanged    {counted(len(unchanged), 'row')} logged already (line {first.line}: {first.names[0]})"


def _new(known: Sorted) -> Iterator[str]:
    """Name the rows that are new beside known ones: without a key, that is also what a corrected row looks like."""
    if known.fresh and known.unchanged:
        yield f"new          {counted(len(known.fresh), 'row')}, the first on line {known.fresh[0].line}"
        if not known.corrections:
            told = "a corrected row goes in anew, beside the old record, unless the map's key named it from the start"
            yield from wrap(f"! {told}", width=_WIDTH, indent="  ")


def _offered(corrections: Sequence[Correction]) -> Iterator[str]:
    for one in corrections:
        yield f"! line {one.line}   changed since it was logged as {', '.join(map(str, one.names))}: not sent"
        if one.obstacle:
            yield f"  cannot be corrected: {one.obstacle}"
    if any(not one.obstacle for one in corrections):
        yield "  send them with --correct: they supersede the earlier records, which stay in the log"


def _correction(one: Correction) -> dict[str, JsonValue]:
    return {"line": one.line, "records": [str(name) for name in one.names], "obstacle": one.obstacle}

"""`sealtrace`: one application, one place where errors become words and exit codes. No stack trace ever."""

import errno
import gc
import json
import os
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Annotated

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from clients.cli import (
    agency,
    approvals,
    audit,
    bundle,
    charter,
    complaining,
    demo,
    desk,
    expunge,
    fraud,
    generate,
    inbox,
    key,
    lists,
    matching,
    mirror,
    noticing,
    officer,
    profile,
    reading,
    release,
    reply,
    request,
    trace,
    usage,
    watch,
    witness,
)
from clients.cli.edge import Edge, real_edge
from clients.cli.exits import Exit, code_of, lines, to_json
from clients.cli.summaries import summarise
from clients.errors import ClientError
from crypto.errors import CryptoError
from crypto.startup import require_primitives
from ledger.errors import LedgerError

app = typer.Typer(
    name="sealtrace",
    help="Share weapon traces between agencies who trust neither each other nor the operator.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
app.add_typer(agency.app, name="agency")
app.add_typer(charter.app, name="charter")
app.add_typer(key.app, name="key")
app.add_typer(witness.app, name="witness")
app.add_typer(officer.app, name="officer")
app.add_typer(profile.app, name="profile")
app.add_typer(profile.codes, name="codes")
app.add_typer(bundle.app, name="bundle")
app.add_typer(fraud.app, name="fraud")
app.add_typer(noticing.slips, name="slips")
app.add_typer(desk.app, name="desk")
for _command in (
    charter.join,
    lists.submit,
    lists.preview,
    reading.sync,
    reading.show,
    reading.find,
    trace.trace,
    trace.indicator,
    audit.audit,
    mirror.mirror,
    watch.watch,
    demo.demo,
    generate.generate,
    expunge.expunge,
    matching.match,
    noticing.notices,
    complaining.complain,
    complaining.openings,
    usage.usage,
    request.request,
    inbox.inbox,
    reply.answer,
    reply.refuse,
    release.release,
    release.approve,
    reply.recall,
    approvals.approvals,
):
    app.command(name="list" if _command is reading.find else None)(_command)


def _say_version(asked: bool) -> None:  # noqa: FBT001 - the form that typer calls
    if asked:
        typer.echo(f"sealtrace {version('sealtrace')}")
        raise typer.Exit


@app.callback()
def _program(
    *,
    told_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say which version this is.")
    ] = False,
) -> None:
    pass


# Built once: it takes longer than most commands, and the story and the tests run hundreds in one process.
@cache
def _built() -> TyperGroup:
    return summarise(get_command(app))  # type: ignore[arg-type]  # an application with commands is a group


def main() -> None:
    """Run the command line that the process was started with."""
    # What is loaded by now stays. A sync makes objects by the million, and the collector of garbage would walk through
    # every module again and again (docs/adr/0082).
    gc.freeze()
    sys.exit(run(sys.argv[1:], real_edge(os.environ)))


def run(arguments: Sequence[str], edge: Edge) -> int:
    """Run one command; return its exit code."""
    try:
        require_primitives()
        code = _built()(args=list(arguments), prog_name="sealtrace", standalone_mode=False, obj=edge)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - no error leaves as a stack trace
        return _failed(error, edge, as_json="--json" in arguments)
    return int(code or Exit.DONE)


def _failed(error: BaseException, edge: Edge, *, as_json: bool) -> Exit:
    match error:
        case KeyboardInterrupt() | typer.Abort():
            edge.note("interrupted: run the same command again, it goes on where it stopped")
            return Exit.USAGE
        case TyperException() if error.format_message().startswith("Usage:"):
            # Nothing but a group was named: its help is the answer, and no reproach.
            edge.note(error.format_message())
            return Exit.USAGE
        case TyperException():
            edge.note(f"✗ {error.format_message()}\n  next: {_usage(error)}")
            return Exit.USAGE
        case ClientError() | LedgerError() | CryptoError():
            _tell(error, edge, as_json=as_json)
            return code_of(error)
        case OSError():
            _tell(_unusable(error), edge, as_json=as_json)
            return Exit.REFUSED
        case _:
            # A defect is named by its type alone: its text may hold content.
            edge.note(f"✗ a defect of this program ({type(error).__name__}); what is logged is not affected")
            return Exit.REFUSED


def _usage(error: TyperException) -> str:
    """Return where the command that was meant is explained, and how to give a value that looks like an option."""
    context = getattr(error, "ctx", None)
    command = "sealtrace" if context is None else context.command_path
    hint = "; a value like -x stands behind --" if hasattr(error, "option_name") else ""
    return f"see `{command} --help`{hint}"


def _unusable(error: OSError) -> ClientError:
    named = f" ({error.filename})" if error.filename else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return ClientError(
            f"a file cannot be written: {error.strerror}{named}",
            next_step="free space on the disk and run the same command again: it goes on where it stopped",
        )
    return ClientError(
        f"a file cannot be used: {error.strerror or type(error).__name__}{named}",
        next_step="check its name and who may read and write there; nothing was sent",
    )


def _tell(error: Exception, edge: Edge, *, as_json: bool) -> None:
    if as_json:
        edge.write(json.dumps(to_json(error), ensure_ascii=False, indent=2))
    else:
        edge.note("\n".join(lines(error)))

"""The operator's commands for the data itself: export and fsck, backup and restore, doctor."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from server import exits
from server.config import Config
from server.errors import ConfigError, StartError
from server.exporting import export
from server.fsck import Report, check_database, check_folder

DataOption = Annotated[Path, typer.Option("--data", help="The service's folder.", envvar="SEALTRACE_DATA")]
DatabaseOption = Annotated[Path, typer.Option("--database", help="The database, or a copy of it; it is only read.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]


def export_command(
    database: DatabaseOption,
    output: Annotated[Path, typer.Option(help="A new folder for checkpoint, tile/… and v1/charters/….")],
) -> None:
    """Write the open files of a log from its database, verifying nothing: `sealtrace audit --from` does that.

    Example: sealtrace-server export --database /srv/ledger/ledger.sqlite --output /srv/mirror
    """
    try:
        exported = export(database, output=output)
    except (ConfigError, StartError, OSError) as error:
        exits.fail(error)
    typer.echo(f"{exported.size:,} entries in {exported.files:,} files below {output}; nothing of it was verified")


def fsck_command(
    data: Annotated[Path | None, typer.Option(help="The service's folder.", envvar="SEALTRACE_DATA")] = None,
    database: Annotated[Path | None, typer.Option(help="A copy to check instead; it is only read.")] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Hash every stored byte again and hold it against the tree and the names: what is wrong is named by row and index.

    Example: sealtrace-server fsck --database /mnt/copy/ledger.sqlite
    """
    try:
        report = _checked(data, database)
    except (ConfigError, StartError, OSError) as error:
        exits.fail(error)
    typer.echo(json.dumps(_json(report), indent=2) if as_json else _text(report))
    if report.broken:
        raise typer.Exit(exits.FAILED)


def _checked(data: Path | None, database: Path | None) -> Report:
    if database is not None:
        return check_database(database, progress=_progress)
    if data is None:
        raise ConfigError("name what to check: --data DIR, or --database FILE for a copy")
    return check_folder(Config(data=data, fingerprint=b""), progress=_progress)


def _progress(done: int) -> None:
    if done % 1_000 == 0 and sys.stderr.isatty():
        typer.echo(f"\r{done:,} entries checked", nl=False, err=True)


def _json(report: Report) -> dict[str, object]:
    return {
        "size": report.size,
        "root": report.root.hex(),
        "rows": dict(report.rows),
        "broken": report.broken,
        "findings": [asdict(finding) for finding in report.findings],
    }


def _text(report: Report) -> str:
    counts = [f"  {rows:>12,}  {table}" for table, rows in sorted(report.rows.items())]
    if not report.broken:
        return "\n".join([f"✓ whole  {report.size:,} entries, every stored byte hashed again", *counts])
    lines = [f"✗ damaged  {report.broken:,} findings in {report.size:,} entries", *counts]
    for finding in report.findings:
        at = "" if finding.index is None else f", entry {finding.index:,}"
        lines += [
            f"✗ {finding.check}: {finding.table} row {finding.row}{at}",
            f"  expected {finding.expected}",
            f"  found    {finding.found}",
            f"  next     {finding.next_step}",
        ]
    if report.broken > len(report.findings):
        lines.append(f"  … and {report.broken - len(report.findings):,} more")
    return "\n".join(lines)

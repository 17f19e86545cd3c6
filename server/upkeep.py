"""The operator's commands for the data itself: export and fsck, backup and restore, doctor."""

import json
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ledger import fingerprints
from ledger.counting import counted
from server import exits, lastrun
from server.backup import back_up
from server.config import Config
from server.doctor import Fault, Site, diagnose
from server.errors import ConfigError
from server.exporting import export
from server.folder import DataOption, OptionalDataOption
from server.fsck import Report, check_database, check_folder
from server.healing import Healed, heal
from server.keys import open_keys
from server.lastrun import LastRun
from server.nightly import KEEP, Kept, back_up_beside
from server.passphrase import ask_passphrase
from server.restore import Restored, Sources, restore

DatabaseOption = Annotated[
    Path, typer.Option("--database", metavar="FILE", help="The database, or a copy of it; it is only read.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def export_command(
    database: DatabaseOption,
    output: Annotated[Path, typer.Option(metavar="DIR", help="A new folder for checkpoint, tile/… and v1/charters/….")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Write the open files of a log from its database, verifying nothing: `sealtrace audit --from` does that.

    Example: sealtrace-server export --database ledger.sqlite --output mirror
    """
    try:
        exported = export(database, output=output)
    except exits.EXPECTED as error:
        exits.fail(error)
    text = f"{counted(exported.size, 'entry', 'entries')} in {counted(exported.files, 'file')} below {output}; nothing of it was verified"
    typer.echo(json.dumps(asdict(exported)) if as_json else text)


def fsck_command(
    data: OptionalDataOption = None,
    database: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A copy to check instead; it is only read.")
    ] = None,
    *,
    heal_from: Annotated[
        Path | None,
        typer.Option(
            "--heal-from",
            metavar="DIR",
            help="A mirror or backup: put back first what it has whole. Stop the service before.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Hash every stored byte again and hold it against the tree and the names: what is wrong is named by row and index.

    Example: sealtrace-server fsck --database /mnt/copy/ledger.sqlite
    """
    try:
        healed = None if heal_from is None else _healed(data, database, heal_from)
        report = _checked(data, database)
    except exits.EXPECTED as error:
        exits.fail(error)
    if as_json:
        typer.echo(json.dumps({**_json(report), "healed": None if healed is None else asdict(healed)}, indent=2))
    else:
        typer.echo("\n".join([*([] if healed is None else _healed_text(healed)), _text(report)]))
    if report.broken:
        raise typer.Exit(exits.FAILED)


def backup_command(
    data: DataOption,
    output: Annotated[Path | None, typer.Option(metavar="DIR", help="A new folder for this backup.")] = None,
    *,
    into: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Or a folder of backups: this one gets its time as name, old ones go."),
    ] = None,
    keep: Annotated[
        int, typer.Option(metavar="N", min=1, help="With --into: how many stay, this one included.")
    ] = KEEP,
    as_json: JsonOption = False,
) -> None:
    """Copy a service while it runs: database, keystore, service.json, highest-signed, tombstones, and the open files.

    The copy is checked before it is called a backup. It is as secret as the service's folder; keep it 30 days at most.

    Example: sealtrace-server backup --data /srv/ledger --output /backup/friday
    """
    try:
        kept = _backed_up(Config(data=data, fingerprint=b""), output=output, into=into, keep=keep)
        backup = kept.backup
        lastrun.write(data / lastrun.BACKUP, LastRun(at=backup.created, size=backup.size, broken=0))
    except exits.EXPECTED as error:
        exits.fail(error)
    text = f"✓ {counted(backup.size, 'entry', 'entries')} backed up to {kept.folder}, every stored byte hashed again"
    if kept.removed:
        text += f"; {counted(kept.removed, 'older backup')} removed"
    value = {**asdict(backup), "folder": str(kept.folder), "removed": kept.removed}
    typer.echo(json.dumps(value) if as_json else text)


def restore_command(
    data: DataOption,
    backup: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The backup to put back; else the folder's database.")
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="The newest checkpoint that somebody holds; again for each."),
    ] = None,
    mirror: Annotated[
        Path | None, typer.Option("--from", metavar="DIR", help="A mirror's folder to catch up from.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Put a service back, and keep it from signing until it has reached what it is known to have signed.

    Exit 4: the database is still behind. What lay beside the log since the backup (ciphertexts, boxes, messages'
    routes) is on no mirror; `fsck` names it, and its originators can log it again.

    Example: sealtrace-server restore --data /srv/ledger --from /srv/mirror
    """
    sources = Sources(backup=backup, checkpoints=tuple(checkpoint or ()), mirror=mirror)
    try:
        restored = restore(Config(data=data, fingerprint=b""), sources)
    except exits.EXPECTED as error:
        exits.fail(error)
    typer.echo(json.dumps({**asdict(restored), "may_sign": restored.may_sign}) if as_json else _told(restored))
    if not restored.may_sign:
        raise typer.Exit(exits.BEHIND)


def doctor_command(  # noqa: PLR0913  each option is one thing more to look at
    data: DataOption,
    *,
    charter: Annotated[
        str | None,
        typer.Option(
            metavar="FINGERPRINT", help="The fingerprint of charter 1, to be compared.", envvar="SEALTRACE_CHARTER"
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address that the service is to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(metavar="N", help="Port that should be free, while the service is stopped.")
    ] = None,
    backups: Annotated[Path | None, typer.Option(metavar="DIR", help="The folder of backups, one folder each.")] = None,
    keys: Annotated[bool, typer.Option("--keys", help="Open the keystore too: asks for its passphrase.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Find what keeps the service from running well, and say the next step for each fault. Nothing is changed.

    Example: sealtrace-server doctor --data /srv/ledger --backups /backup
    """
    try:
        config = Config(data=data, fingerprint=b"")
        site = Site(
            config=config,
            now=int(time.time()),
            free_bytes=shutil.disk_usage(data if data.exists() else Path("/")).free,
            fingerprint=None if charter is None else fingerprints.parse(charter),
            keys=open_keys(config.keystore, passphrase=ask_passphrase()) if keys else None,
            listen=None if port is None else (host, port),
            backups=backups,
        )
        found = diagnose(site)
    except exits.EXPECTED as error:
        exits.fail(error)
    if as_json:
        typer.echo(json.dumps([{"fault": one.name, "found": one.found, "next": one.next_step} for one in found]))
    else:
        typer.echo("\n".join(_diagnosed(one) for one in found) or "✓ no fault found")
    if found:
        raise typer.Exit(exits.FAILED)


def _backed_up(config: Config, *, output: Path | None, into: Path | None, keep: int) -> Kept:
    now = int(time.time())
    if into is not None and output is None:
        return back_up_beside(config, into=into, keep=keep, now=now)
    if output is None or into is not None:
        raise ConfigError("name one place: --output for a new folder, or --into for a folder of backups")
    return Kept(backup=back_up(config, output=output, now=now), folder=output, removed=0)


def _diagnosed(fault: Fault) -> str:
    return f"✗ {fault.name}: {fault.found}\n  next  {fault.next_step}"


def _told(restored: Restored) -> str:
    lines = [f"{counted(restored.size, 'entry', 'entries')} in the database, {restored.signed:,} known to be signed"]
    if restored.caught_up is not None:
        grown = restored.caught_up
        lines.append(
            f"caught up from {grown.before:,} to {grown.after:,}; {counted(grown.bare, 'statement')} without blobs"
        )
    if restored.may_sign:
        lines.append("✓ it reaches what was signed: start it with `sealtrace-server serve`")
    else:
        lines.append("✗ it is behind what was signed and will sign nothing: run restore again with a newer --from")
    return "\n".join(lines)


def _healed(data: Path | None, copy: Path | None, mirror: Path) -> Healed:
    if data is None or copy is not None:
        raise ConfigError("--heal-from changes the database of a service: name its folder with --data, and no copy")
    return heal(Config(data=data, fingerprint=b""), mirror)


def _healed_text(healed: Healed) -> list[str]:
    return [
        *(f"✓ put back  {name}, as the signed tree has it" for name in healed.restored),
        *(f"✗ lost      {name}: it is not whole there either" for name in healed.lost),
        *(["✓ nothing to put back"] if not healed.restored and not healed.lost else []),
    ]


def _checked(data: Path | None, database: Path | None) -> Report:
    if database is not None:
        return check_database(database, progress=_progress)
    if data is None:
        raise ConfigError("name what to check: --data DIR, or --database FILE for a copy")
    report = check_folder(Config(data=data, fingerprint=b""), progress=_progress)
    run = LastRun(at=int(time.time()), size=report.size, broken=report.broken)
    lastrun.write(data / lastrun.FSCK, run)
    return report


def _progress(done: int) -> None:
    if done % 1_000 == 0 and sys.stderr.isatty():
        typer.echo(f"\r{counted(done, 'entry', 'entries')} checked", nl=False, err=True)


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
        return "\n".join(
            [f"✓ whole  {counted(report.size, 'entry', 'entries')}, every stored byte hashed again", *counts]
        )
    lines = [f"✗ damaged  {counted(report.broken, 'finding')} in {counted(report.size, 'entry', 'entries')}", *counts]
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

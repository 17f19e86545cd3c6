"""The whole check of one database, read-only: the file, the schema, the tree, the rows, the signed head."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from ledger.charterpayload import parse_charter
from ledger.checkpoints import open_checkpoint
from ledger.errors import LedgerError
from ledger.merkle import EMPTY_ROOT
from server import database, schema
from server.config import Config
from server.errors import StartError
from server.fsck.access import check_access
from server.fsck.findings import Findings, Report
from server.fsck.handovers import check_handovers
from server.fsck.published import check_published
from server.fsck.rows import Rows
from server.fsck.tree import Tree
from server.highest import HighestSigned
from server.models import append_only_triggers

Progress = Callable[[int], None]


def check_folder(config: Config, *, progress: Progress) -> Report:
    """Return what is wrong with the database of a service, and with what lies beside it."""
    return _check(database.require(config.database), highest=HighestSigned(config.highest), progress=progress)


def check_database(path: Path, *, progress: Progress) -> Report:
    """Return what is wrong with a database alone: a copy, a backup. It is only read."""
    return _check(path, highest=None, progress=progress)


def _check(path: Path, *, highest: HighestSigned | None, progress: Progress) -> Report:
    findings = Findings()
    engine = database.read_only(path)
    try:
        with engine.connect() as connection:
            tree = Tree(connection, findings)
            try:
                _check_all(connection, findings, tree, progress)
                if highest is not None:
                    _check_highest(highest, findings, tree)
            except DatabaseError as error:
                findings.note("page", table="file", row=path, index=None, expected="readable", found=error.orig)
    except DatabaseError as error:
        raise StartError(f"{path} cannot be read as a database: {error.orig}") from error
    finally:
        engine.dispose()
    return Report(
        size=tree.state.size,
        root=tree.state.root() if tree.state.size else EMPTY_ROOT,
        rows=findings.rows,
        broken=findings.broken,
        findings=tuple(findings.kept),
    )


def _check_all(connection: Connection, findings: Findings, tree: Tree, progress: Progress) -> None:
    _check_file(connection, findings)
    if not _check_schema(connection, findings):
        return  # with other tables, every further question would fail for the same reason
    rows = Rows(connection, findings)
    for index, entry, kind in tree.entries():
        rows.feed(index, entry, kind)
        progress(index + 1)
    rows.close()
    tree.check_head()
    check_handovers(connection, findings, tree)
    check_published(connection, findings, tree)
    check_access(connection, findings)
    _check_checkpoint(connection, findings, tree)


def _check_file(connection: Connection, findings: Findings) -> None:
    for (text,) in connection.exec_driver_sql("PRAGMA integrity_check(20)").all():
        if text != "ok":
            findings.note("page", table="file", row="integrity_check", index=None, expected="ok", found=text)
    for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        findings.note("page/reference", table=table, row=row, index=None, expected=f"a row of {parent}", found=None)


def _check_schema(connection: Connection, findings: Findings) -> bool:
    current = findings.compare(
        "schema/revision",
        table="alembic_version",
        row="1",
        index=None,
        expected=schema.newest(),
        found=schema.revision(connection),
    )
    if current:
        stored = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'trigger'").scalars()
        for trigger in sorted(set(append_only_triggers()) - set(stored)):
            name = trigger.split()[2]
            findings.note("schema/trigger", table="sqlite_master", row=name, index=None, expected=name, found=None)
    return current


def _check_checkpoint(connection: Connection, findings: Findings, tree: Tree) -> None:
    row = connection.exec_driver_sql("SELECT checkpoint FROM head WHERE id = 1").one_or_none()
    if row is None:
        return
    files = connection.exec_driver_sql("SELECT file FROM charters ORDER BY ver DESC LIMIT 1").scalars().all()
    try:
        checkpoint = _open(row[0], files)
    except LedgerError as error:
        findings.note(
            "checkpoint", table="head", row="1", index=None, expected="signed by the log's two keys", found=error
        )
        return
    expected = (tree.state.size, tree.state.root())
    for name, one, other in zip(("size", "root"), expected, checkpoint, strict=True):
        findings.compare(f"checkpoint/{name}", table="head", row="1", index=None, expected=one, found=other)


def _open(raw: bytes, files: Sequence[bytes]) -> tuple[int, bytes]:
    """Return size and root of a checkpoint that the keys of the newest charter have signed."""
    if not files:
        raise LedgerError("there is no charter that names the log's keys")
    charter = parse_charter(files[0])
    checkpoint = open_checkpoint(raw, origin=charter.origin, vkeys=charter.log.vkeys)
    return checkpoint.size, checkpoint.root


def _check_highest(highest: HighestSigned, findings: Findings, tree: Tree) -> None:
    try:
        signed = highest.read()
    except StartError as error:
        findings.note("checkpoint/highest", table="file", row="highest-signed", index=None, expected="it", found=error)
        return
    if signed.size > tree.state.size:
        expected, found = f"at least {signed.size:,} entries", f"{tree.state.size:,}"
        findings.note(
            "checkpoint/highest", table="file", row="highest-signed", index=None, expected=expected, found=found
        )
        return
    findings.compare(
        "checkpoint/highest",
        table="file",
        row="highest-signed",
        index=None,
        expected=signed.root,
        found=tree.root_at(signed.size),
    )

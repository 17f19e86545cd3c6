"""The checkpoints by which the log passed to other keys: each is verified, none may be missing (docs/adr/0031)."""

from sqlalchemy import Connection

from ledger.charterpayload import Charter, parse_charter
from ledger.errors import LedgerError, NotFoundError
from ledger.handover import Trees, verify_handover
from server.fsck.findings import Findings


def check_handovers(connection: Connection, findings: Findings, tree: Trees) -> None:
    """Hold the checkpoint that first held each charter against that charter, the one before, and the tree."""
    rows = connection.exec_driver_sql("SELECT idx, checkpoint FROM handovers ORDER BY idx").all()
    stored = {row[0]: row[1] for row in rows}
    findings.count("handovers", len(stored))
    try:
        files = connection.exec_driver_sql("SELECT idx, file FROM charters ORDER BY ver").all()
        charters = [(index, parse_charter(file)) for index, file in files]
    except LedgerError:
        return  # a charter that cannot be read is a finding of its own
    previous: Charter | None = None
    for index, charter in charters:
        try:
            _verify(stored.pop(index, None), index=index, charter=charter, previous=previous or charter, tree=tree)
        except LedgerError as error:
            _note(findings, "handover", index, expected="signed under this charter and the one before", found=error)
        previous = charter
    for index in sorted(stored):
        _note(findings, "handover/stray", index, expected=None, found="a row")


def _verify(note: bytes | None, *, index: int, charter: Charter, previous: Charter, tree: Trees) -> None:
    if note is None:
        raise NotFoundError("there is none")
    verify_handover(note, index=index, charter=charter, previous=previous, tree=tree)


def _note(findings: Findings, check: str, index: int, *, expected: object, found: object) -> None:
    findings.note(check, table="handovers", row=index, index=index, expected=expected, found=found)

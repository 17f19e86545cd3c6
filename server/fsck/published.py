"""What readers were shown: every published checkpoint is of this tree, under the charter of its day (docs/protocol.md, 9.5)."""

from collections.abc import Sequence

from sqlalchemy import Connection

from ledger.charterpayload import Charter, parse_charter
from ledger.errors import LedgerError, ProofError
from ledger.handover import Trees, judge_of
from ledger.witnesses import open_published
from server.fsck.findings import Findings
from server.publishing import table

_PUBLISHED = "SELECT size, note FROM published WHERE log = ? ORDER BY size"


def check_published(connection: Connection, findings: Findings, tree: Trees) -> None:
    """Open every published checkpoint again, with its quorum, and hold it against the tree.

    Whether the first with a charter satisfied the one before too is the clients' question, who judge it by more.
    """
    try:
        files = connection.exec_driver_sql("SELECT idx, file FROM charters ORDER BY ver").all()
        charters = [(index, parse_charter(file)) for index, file in files]
    except LedgerError:
        return  # a charter that cannot be read is a finding of its own
    largest = 0
    for size, note in connection.exec_driver_sql(_PUBLISHED, (table.LOG,)):
        findings.count("published")
        largest = size
        _check(findings, "published", size, note, charters=charters, tree=tree)
    newest = table.newest(connection, table.LOG)
    if (0 if newest is None else newest.size) < largest:
        found = None if newest is None else newest.size
        findings.note(
            "published/newest", table="newest_published", row=table.LOG, index=None, expected=largest, found=found
        )
    if newest is not None:
        findings.count("newest_published")
        _check(findings, "newest_published", newest.size, newest.note, charters=charters, tree=tree)


def _check(  # noqa: PLR0913  a row and what it is held against
    findings: Findings, where: str, size: int, note: bytes, *, charters: Sequence[tuple[int, Charter]], tree: Trees
) -> None:
    try:
        checkpoint = open_published(note, charter=judge_of(charters, size)).checkpoint
        if checkpoint.size != size or tree.root_at(size) != checkpoint.root:
            raise ProofError("it is of another tree")
    except (LedgerError, TypeError) as error:
        expected = "a checkpoint of this log under its quorum"
        findings.note("published", table=where, row=size, index=None, expected=expected, found=error)

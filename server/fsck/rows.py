"""What the tables around the log must say, read from the entries alone: by code that the service does not write with."""

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from sqlalchemy import Connection

from ledger.batches import parse_batch
from ledger.charterpayload import Charter, parse_charter, parse_charter_entry
from ledger.checkpoints import open_checkpoint
from ledger.errors import LedgerError
from ledger.expunges import Expunge
from ledger.fingerprints import of_file
from ledger.grants import Grant, Use
from ledger.handover import needs_handover
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.merkle import leaf_hash, root_of
from ledger.messages import Message
from ledger.recordform import Record
from ledger.renewals import Renewal
from server.fsck.blobs import Blobs
from server.fsck.findings import Findings
from server.fsck.slips import LiveSlips
from server.named import Statement, parse_statement

_STATEMENTS = (
    "SELECT idx, iss, jti, typ, ep, sup, expunges, kcs, batch, renews "
    "FROM statements WHERE idx >= ? AND idx < ? ORDER BY idx"
)
_RECIPIENTS = "SELECT idx, agency FROM recipients WHERE idx >= ? AND idx < ? ORDER BY idx, agency"
_BATCH = "SELECT iss, seq, idx, first, payload_hash FROM batches WHERE idx = ?"
_CHARTER = "SELECT ver, file FROM charters WHERE idx = ?"
_HANDOVER = "SELECT checkpoint FROM handovers WHERE idx = ?"
# Rows that belong to no entry of their kind; `typ` was held against the entries before.
_STRAY = {
    "statements": "SELECT idx FROM statements WHERE idx NOT IN "
    "(SELECT idx FROM entries WHERE typ IN ('statement', 'grant')) ORDER BY idx",
    "batches": "SELECT idx FROM batches WHERE idx NOT IN (SELECT idx FROM entries WHERE typ = 'batch') ORDER BY idx",
    "charters": "SELECT idx FROM charters WHERE idx NOT IN "
    "(SELECT idx FROM entries WHERE typ = 'charter') ORDER BY idx",
    "recipients": "SELECT DISTINCT idx FROM recipients WHERE idx NOT IN (SELECT idx FROM statements) ORDER BY idx",
    "blobs": "SELECT DISTINCT idx FROM blobs WHERE idx NOT IN (SELECT idx FROM statements) ORDER BY idx",
}
_CHECKS = {
    "statements": "statement",
    "batches": "batch",
    "charters": "charter",
    "recipients": "recipient",
    "blobs": "blob",
}


class Rows:
    """Takes the entries in their order and holds the rows that belong to each against it."""

    def __init__(self, connection: Connection, findings: Findings) -> None:
        """Begin before the first entry."""
        self._connection = connection
        self._findings = findings
        self._blobs = Blobs(connection, findings)
        self._slips = LiveSlips(connection, findings)
        self._held: list[bytes] = []
        self._previous: Charter | None = None

    def feed(self, index: int, entry: bytes, kind: Typ | None) -> None:
        """Take the next entry; its batch closes a statement."""
        match kind:
            case Typ.BATCH:
                held, self._held = self._held, []
                self._check_batch(index, entry, held)
            case Typ.CHARTER:
                self._check_charter(index, entry)
            case Typ.KEY:
                pass
            case _:
                self._held.append(entry)

    def close(self) -> None:
        """Look for rows that no entry stands behind, after the last entry."""
        for table, query in _STRAY.items():
            for (index,) in self._connection.exec_driver_sql(query):
                self._findings.note(
                    f"{_CHECKS[table]}/stray", table=table, row=index, index=index, expected=None, found="a row"
                )
        self._blobs.close()
        self._slips.close()

    def _check_batch(self, index: int, entry: bytes, held: Sequence[bytes]) -> None:
        try:
            batch = parse_batch(entry)
        except LedgerError as error:
            self._note("batch/form", table="entries", index=index, expected="a batch", found=error)
        else:
            # An earlier batch that is unreadable leaves its statements here too; only the last n are this one's.
            self._compare("batch/n", table="entries", index=index, expected=batch.n, found=len(held))
            held = held[-batch.n :]
            root = root_of([leaf_hash(statement) for statement in held]) if held else b""
            self._compare("batch/root", table="entries", index=index, expected=batch.root, found=root)
            expected = (batch.iss, batch.seq, index, index - batch.n, batch.payload_hash)
            row = self._connection.exec_driver_sql(_BATCH, (index,)).one_or_none()
            self._compare_rows("batch", table="batches", index=index, expected=expected, found=row)
            self._slips.check(iss=batch.iss, seq=batch.seq)
        self._check_statements(index - len(held), index, held)

    def _check_statements(self, first: int, index: int, held: Sequence[bytes]) -> None:
        statements: dict[int, Statement] = {}
        for at, entry in enumerate(held, start=first):
            try:
                statements[at] = parse_statement(entry)
            except LedgerError as error:
                self._note("statement/form", table="entries", index=at, expected="a statement", found=error)
        rows = {row[0]: tuple(row) for row in self._connection.exec_driver_sql(_STATEMENTS, (first, index))}
        for at, statement in statements.items():
            renews = statement.batch if isinstance(statement, Renewal) else None
            expected = (at, *columns_of(statement), index, renews)
            self._compare_rows("statement", table="statements", index=at, expected=expected, found=rows.get(at))
        routes = self._blobs.check(first, index, statements)
        self._check_recipients(first, index, statements, routes)

    def _check_recipients(
        self, first: int, index: int, statements: Mapping[int, Statement], routes: Mapping[int, str]
    ) -> None:
        found: dict[int, list[str]] = {at: [] for at in statements}
        for at, agency in self._connection.exec_driver_sql(_RECIPIENTS, (first, index)):
            found.setdefault(at, []).append(agency)
            self._findings.count("recipients")
        for at, statement in statements.items():
            expected = recipients_of(statement, routes.get(at))
            # Whom a message is for, only its route tells; if that is gone, its finding stands already.
            if expected is not None:
                self._compare("recipient", table="recipients", index=at, expected=expected, found=found[at])

    def _check_charter(self, index: int, entry: bytes) -> None:
        try:
            parsed = parse_charter_entry(entry)
        except LedgerError as error:
            self._note("charter/form", table="entries", index=index, expected="a charter entry", found=error)
            return
        row = self._connection.exec_driver_sql(_CHARTER, (index,)).one_or_none()
        found = None if row is None else (row[0], of_file(row[1]))
        self._compare_rows(
            "charter", table="charters", index=index, expected=(parsed.ver, parsed.file_hash), found=found
        )
        if row is not None and found == (parsed.ver, parsed.file_hash):
            self._check_handover(index, parse_charter(row[1]))

    def _check_handover(self, index: int, charter: Charter) -> None:
        """Hold the kept checkpoint against both charters: whoever comes late has nothing else to believe new keys by."""
        previous, self._previous = self._previous, charter
        if previous is None or not needs_handover(charter, previous):
            return
        raw = self._connection.exec_driver_sql(_HANDOVER, (index,)).scalar()
        try:
            signed = [
                open_checkpoint(raw or b"", origin=one.origin, vkeys=one.log.vkeys) for one in (previous, charter)
            ]
        except (LedgerError, TypeError) as error:
            self._note("handover/signed", table="handovers", index=index, expected="a signed checkpoint", found=error)
        else:
            self._compare("handover/size", table="handovers", index=index, expected=index + 1, found=signed[0].size)

    def _compare_rows(self, check: str, *, table: str, index: int, expected: tuple[Any, ...], found: Any) -> None:
        """Compare a row column by column, so that the finding names the value that is wrong."""
        if found is None:
            self._note(f"{check}/missing", table=table, index=index, expected="a row", found=None)
            return
        self._findings.count(table)
        for number, (one, other) in enumerate(zip(expected, found, strict=True), start=1):
            if not self._compare(f"{check}/column {number}", table=table, index=index, expected=one, found=other):
                return

    def _note(self, check: str, *, table: str, index: int, expected: object, found: object) -> None:
        self._findings.note(check, table=table, row=index, index=index, expected=expected, found=found)

    def _compare(self, check: str, *, table: str, index: int, expected: object, found: object) -> bool:
        return self._findings.compare(check, table=table, row=index, index=index, expected=expected, found=found)


def recipients_of(statement: Statement, route: str | None) -> list[str] | None:
    """Return whom a statement is for; None for a message whose route is not known."""
    match statement:
        case Record() | Renewal() | Expunge():
            return []
        case Grant():
            return sorted(recipient.r for recipient in statement.to)
        case Message():
            return None if route is None else [route]
        case _:
            assert_never(statement)


def columns_of(statement: Statement) -> tuple[Any, ...]:
    """Return iss, jti, typ, ep, sup, expunges and kcs as a row must hold them."""
    name: StatementName = statement.name
    match statement:
        case Record():
            kcs = b"".join(portion.kc for portion in statement.portions.values())
            return (*name, Typ.RECORD.value, statement.ep, statement.sup, None, kcs)
        case Grant():
            # A matching key opens no records: its epoch is one of tokens, and the feed must not look records up by it.
            ep = statement.ep if statement.use is Use.EPOCH else None
            return (*name, Typ.GRANT.value, ep, None, None, None)
        case Message():
            return (*name, Typ.MESSAGE.value, None, None, None, None)
        case Renewal():
            return (*name, Typ.SLIPS.value, None, None, None, None)
        case Expunge():
            return (*name, Typ.EXPUNGE.value, None, None, statement.of, None)
        case _:
            assert_never(statement)

"""The sealed bytes beside the log: each is hashed again and held against the statement that names it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from ledger.errors import LedgerError
from ledger.expunges import Expunge
from ledger.identifiers import StatementName
from ledger.messages import Message, parse_route
from server import tombstones
from server.expiry import due_below, expired_below
from server.fsck.findings import Findings
from server.named import Statement, digest_of, named_blobs

_BLOBS = "SELECT idx, place, data, tag_hash, only_for FROM blobs WHERE idx >= ? AND idx < ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    digest: bytes
    tag_hash: bytes | None
    only_for: str | None
    data: bytes | None = None


class Blobs:
    """Checks the blobs of one batch after the other; learns from expungements which records may have none."""

    def __init__(self, connection: Connection, findings: Findings) -> None:
        """Read the tombstones."""
        self._connection = connection
        self._findings = findings
        self._buried = tombstones.buried(connection)
        self._expired_below = expired_below(connection)
        self._ordered: dict[StatementName, int] = {}

    def check(self, first: int, end: int, statements: Mapping[int, Statement]) -> Mapping[int, str]:
        """Check the blobs of the statements of one batch; return to whom each message is routed."""
        routes: dict[int, str] = {}
        found = self._stored(first, end)
        for index, statement in statements.items():
            stored = found.get(index, {})
            route = _routed(stored.get("route")) if isinstance(statement, Message) else None
            if route is not None:
                routes[index] = route
            self._check(index, statement, stored, route=route)
            if isinstance(statement, Expunge):
                self._ordered[StatementName(statement.name.iss, statement.of)] = index
        return routes

    def close(self) -> None:
        """Hold what may be missing against what allows it: expungements in the log, and the days that were noted."""
        due = due_below(self._connection)
        if self._expired_below > due:
            expected, found = f"at most entry {due:,}", f"{self._expired_below:,}"
            self._findings.note("expired/early", table="expiry", row=1, index=None, expected=expected, found=found)
        for name, index in self._ordered.items():
            if name not in self._buried:
                self._note("expunged", row=name, index=index, expected="a tombstone", found=None)

    def _check(self, index: int, statement: Statement, stored: Mapping[str, _Stored], *, route: str | None) -> None:
        if statement.name in self._buried:
            for place in stored:
                self._note("expunged", row=place, index=index, expected=None, found="bytes that were to be deleted")
            return
        named = named_blobs(statement, route)
        for place, expected in named.items():
            found = stored.get(place)
            if expected.expires and index < self._expired_below:
                if found is not None:
                    self._note("expired", row=place, index=index, expected=None, found="a box that was to be deleted")
                continue
            if found is None:
                self._note("blob/missing", row=place, index=index, expected=expected.digest, found=None)
                continue
            self._compare("blob", place, index, expected.digest, found.digest)
            self._compare("blob/tag", place, index, expected.tag_hash, found.tag_hash)
            if not isinstance(statement, Message) or route is not None:
                self._compare("blob/reader", place, index, expected.only_for, found.only_for)
        for place in stored.keys() - named.keys():
            self._note("blob/stray", row=place, index=index, expected=None, found="a row")

    def _stored(self, first: int, end: int) -> Mapping[int, Mapping[str, _Stored]]:
        found: dict[int, dict[str, _Stored]] = {}
        for index, place, data, tag, reader in self._connection.exec_driver_sql(_BLOBS, (first, end)):
            self._findings.count("blobs")
            digest = digest_of(place, data)
            kept = data if place == "route" else None
            found.setdefault(index, {})[place] = _Stored(digest=digest, tag_hash=tag, only_for=reader, data=kept)
        return found

    def _compare(self, check: str, place: str, index: int, expected: object, found: object) -> None:
        self._findings.compare(check, table="blobs", row=place, index=index, expected=expected, found=found)

    def _note(self, check: str, *, row: object, index: int, expected: object, found: object) -> None:
        self._findings.note(check, table="blobs", row=row, index=index, expected=expected, found=found)


def _routed(route: _Stored | None) -> str | None:
    try:
        return None if route is None or route.data is None else parse_route(route.data).to
    except LedgerError:
        return None  # its hash does not fit either, and that is the finding

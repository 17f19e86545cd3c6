"""Reads what stands beside a statement: its sealed blobs, with the entry that names them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ledger.identifiers import StatementName
from ledger.log import Blob

# The entry with every blob: it is read from one page, and a second question would cost more than to copy it again.
# As bytes whatever they have become: one bit of a row says text, and the driver would refuse the whole answer.
_BESIDE = """
SELECT s.idx, CAST(e.entry AS BLOB), b.place,
  CAST(b.data AS BLOB), CAST(b.tag_hash AS BLOB), CAST(b.only_for AS BLOB)
FROM statements AS s JOIN entries AS e ON e.idx = s.idx JOIN blobs AS b ON b.idx = s.idx
WHERE s.iss = ? AND s.jti = ? AND b.place IN
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A statement's entry at `index`, and blobs that stand beside it, by their places."""

    index: int
    entry: bytes
    blobs: Mapping[str, Blob]


def found_beside(connection: Connection, name: StatementName, places: Sequence[str]) -> Beside | None:
    """Return a statement with those of its blobs that stand at these places; None if there are none."""
    asked = ", ".join("?" * len(places))
    rows = connection.exec_driver_sql(f"{_BESIDE} ({asked})", (*name, *places)).all()
    if not rows:
        return None
    blobs = {
        place: Blob(place=place, data=data, tag_hash=tag_hash, only_for=_text(only_for))
        for _, _, place, data, tag_hash, only_for in rows
    }
    return Beside(index=rows[0][0], entry=rows[0][1], blobs=blobs)


def _text(stored: bytes | None) -> str | None:
    """Return what names an agency as text; what names none any more is another text than every agency's."""
    return None if stored is None else stored.decode("utf-8", "replace")

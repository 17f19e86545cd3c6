"""A list to ask about, until it is asked: as uploaded, as read, and by which map, so that its officer can correct the columns.

It goes with its draft: once the inquiry is decided, dropped or too old, what was uploaded is deleted with it.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from clients.database import Joined, Transactions, reading
from clients.desk.inquiries import INQUIRIES
from clients.errors import ListError
from clients.intake.reading import header_of, pack, unpack
from clients.intake.store import MissingError
from clients.lists.maps import parse_map
from clients.lists.rows import check_map
from clients.lists.tables import Format
from clients.lists.tables import Table as List
from clients.lists.values import Tables
from clients.matching.lists import SERIALS, read_items
from crypto.digests import sha256
from crypto.encoding import b64u
from ledger.jsontext import JsonValue

_LIST = Table(
    "inquiry_list",
    INQUIRIES,
    Column("number", Integer, ForeignKey("inquiry.number", ondelete="CASCADE"), primary_key=True),
    Column("raw", LargeBinary, nullable=False),
    Column("form", String, nullable=False),
    Column("read", LargeBinary, nullable=False),
    Column("map", String, nullable=False),
)
_FOR_ASKING = b"asked about: "


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedList:
    """One list: what was uploaded, how it was read, what is in it, and the map by which its columns are understood."""

    raw: bytes = field(repr=False)
    form: Format
    table: List = field(repr=False)
    map: str

    @property
    def has_numbers(self) -> bool:
        """Say whether the map names a column of serial numbers."""
        return any(SERIALS in rule.fields for rule in parse_map(self.map).records)

    @property
    def seen(self) -> str:
        """Return what a form says of the list that it shows, so that it changes no other."""
        return b64u(sha256(pack(self.table) + self.map.encode()))


class AskedLists:
    """The lists that wait to be asked about at one desk."""

    def __init__(self, engine: Engine, transactions: Transactions | None = None) -> None:
        """Take the desk's database, and what begins transactions where it is not the database."""
        self._engine = engine
        self._transactions = transactions or engine

    def within(self, connection: Connection) -> "AskedLists":
        """Return the same, for what is done in a transaction that is under way."""
        return AskedLists(self._engine, Joined(connection))

    def put(self, number: int, new: AskedList) -> None:
        """Keep the list of an inquiry, unless it has one: the same form again changes nothing."""
        with self._transactions.begin() as connection:
            connection.execute(insert(_LIST).values(number=number, **_row(new)).on_conflict_do_nothing())

    def change(self, number: int, now: AskedList) -> None:
        """Keep how a list is read now."""
        with self._transactions.begin() as connection:
            connection.execute(update(_LIST).where(_LIST.c.number == number).values(**_row(now)))

    def has(self, number: int) -> bool:
        """Say whether an inquiry has a list that can still be corrected."""
        with reading(self._engine) as connection:
            return connection.execute(select(_LIST.c.number).where(_LIST.c.number == number)).first() is not None

    def get(self, number: int) -> AskedList:
        """Return the list of an inquiry; raise MissingError once it is asked."""
        with reading(self._engine) as connection:
            row = connection.execute(select(_LIST).where(_LIST.c.number == number)).first()
        if row is None:
            raise MissingError("what was uploaded is deleted: the list is asked about, or was typed")
        return AskedList(raw=row.raw, form=Format(**json.loads(row.form)), table=unpack(row.read), map=row.map)

    def forget(self, number: int) -> None:
        """Delete what was uploaded."""
        with self._transactions.begin() as connection:
            connection.execute(delete(_LIST).where(_LIST.c.number == number))


def remembered_as(table: List) -> bytes:
    """Return the fingerprint by which the columns of asked lists are remembered: apart from those of lists to log.

    A map for asking knows nothing of what happened, and would make records without a date of a list to log.
    """
    return sha256(_FOR_ASKING + header_of(table))


def items_of(asked: AskedList, tables: Tables, *, today: dt.date) -> Sequence[Mapping[str, JsonValue]]:
    """Return the items of a list by its map; raise ListError that says what stands in the way."""
    check_map(parse_map(asked.map), asked.table)
    found = read_items(asked.table, tables=tables, today=today, text=asked.map)
    if found.unread:
        lines = ", ".join(map(str, found.unread[:10]))
        raise ListError(
            _("these lines cannot be read: %(lines)s", lines=lines),
            next_step=_("correct them, or leave out the column that they fail at"),
        )
    return found.items


def mapped(asked: AskedList, text: str) -> AskedList:
    """Return a list with another map."""
    return replace(asked, map=text)


def _row(one: AskedList) -> dict[str, Any]:
    return {"raw": one.raw, "form": json.dumps(asdict(one.form)), "read": pack(one.table), "map": one.map}

"""The tables (docs/adr/0022), which may change without the wire.

Rows of the log are appended by `server/appending.py` alone, and put right by `server/healing.py`.
"""

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, MetaData, UniqueConstraint, event, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

APPEND_ONLY = (
    "entries",
    "statements",
    "recipients",
    "batches",
    "charters",
    "tiles",
    "tombstones",
    "handovers",
    "access_entries",
    "access_tiles",
    "published",
)

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The tables of one log."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {bytes: LargeBinary}  # noqa: RUF012 — SQLAlchemy reads it under this name


class Entry(Base):
    """One entry of the log, byte for byte. The log is this table: bundles and proofs are cut from it."""

    __tablename__ = "entries"

    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    typ: Mapped[str]
    entry: Mapped[bytes]
    leaf: Mapped[bytes] = mapped_column(unique=True)

    # What a restart judges again: everything but records and messages, a few rows in a thousand.
    __table_args__ = (
        Index("ix_entries_judged", "idx", sqlite_where=text("typ IN ('charter', 'key', 'grant', 'batch')")),
    )


class Tile(Base):
    """One full hash tile (C2SP tlog-tiles). Partial tiles are cut from the head's right edge."""

    __tablename__ = "tiles"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes]

    __table_args__ = (CheckConstraint("length(data) = 8192", name="full"),)


class Batch(Base):
    """A batch entry and the link it is in its agency's chain."""

    __tablename__ = "batches"

    iss: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(ForeignKey("entries.idx"), unique=True)
    first: Mapped[int]
    payload_hash: Mapped[bytes]


class Statement(Base):
    """How to find a statement again. `kcs` are a record's three key commitments, joined."""

    __tablename__ = "statements"

    idx: Mapped[int] = mapped_column(ForeignKey("entries.idx"), primary_key=True, autoincrement=False)
    iss: Mapped[str]
    jti: Mapped[bytes]
    typ: Mapped[str]
    ep: Mapped[int | None]
    sup: Mapped[bytes | None]
    kcs: Mapped[bytes | None]
    batch: Mapped[int]
    expunges: Mapped[bytes | None]
    renews: Mapped[int | None]

    __table_args__ = (
        UniqueConstraint("iss", "jti"),
        # A record is superseded once and expunged once: the indexes refuse a second.
        Index("uq_statements_iss_sup", "iss", "sup", unique=True, sqlite_where=text("sup IS NOT NULL")),
        Index("ix_statements_iss_renews", "iss", "renews", sqlite_where=text("renews IS NOT NULL")),
        Index("uq_statements_iss_expunges", "iss", "expunges", unique=True, sqlite_where=text("expunges IS NOT NULL")),
    )


class Recipient(Base):
    """Whom a grant or a message is for."""

    __tablename__ = "recipients"

    agency: Mapped[str] = mapped_column(primary_key=True)
    idx: Mapped[int] = mapped_column(ForeignKey("statements.idx"), primary_key=True, autoincrement=False)

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 — SQLAlchemy reads it under this name


class Blob(Base):
    """Sealed bytes beside a statement. The one table rows of which may lawfully go (docs/protocol.md, 9)."""

    __tablename__ = "blobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    idx: Mapped[int] = mapped_column(ForeignKey("statements.idx"))
    place: Mapped[str]
    tag_hash: Mapped[bytes | None]
    only_for: Mapped[str | None]
    data: Mapped[bytes]

    __table_args__ = (UniqueConstraint("idx", "place"),)


class Tombstone(Base):
    """An expunged record: its blobs are gone and may be missing (`server/tombstones.py`)."""

    __tablename__ = "tombstones"

    iss: Mapped[str] = mapped_column(primary_key=True)
    jti: Mapped[bytes] = mapped_column(primary_key=True)

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 — SQLAlchemy reads it under this name


class Charter(Base):
    """A charter file; the hash of it is the entry at `idx`."""

    __tablename__ = "charters"

    ver: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(ForeignKey("entries.idx"), unique=True)
    file: Mapped[bytes]


class Handover(Base):
    """The first checkpoint that held the charter at `idx`: signed under the charter before, too."""

    __tablename__ = "handovers"

    idx: Mapped[int] = mapped_column(ForeignKey("entries.idx"), primary_key=True, autoincrement=False)
    checkpoint: Mapped[bytes]


class Use(Base):
    """How much of a daily limit an agency has used; `day` counts from 1970 (UTC), and only today's rows matter."""

    __tablename__ = "uses"

    agency: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    used: Mapped[int]

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 — SQLAlchemy reads it under this name


class RequestNonce(Base):
    """A request that had an effect, remembered until it is too old to be sent again."""

    __tablename__ = "nonces"

    keyid: Mapped[str] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires: Mapped[int] = mapped_column(index=True)

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 — SQLAlchemy reads it under this name


class LogHead(Base):
    """The one row that moves, and only by compare-and-swap."""

    __tablename__ = "head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int]
    tree: Mapped[bytes]
    checkpoint: Mapped[bytes]

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


class PublishedCheckpoint(Base):
    """A checkpoint that readers were shown, with its cosignatures: the first that held what it added (docs/adr/0047).

    `log` is `log` or `access`.
    """

    __tablename__ = "published"

    log: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[bytes]


class NewestCheckpoint(Base):
    """What each log shows as its checkpoint: the size it reached last, under the newest cosignatures."""

    __tablename__ = "newest_published"

    log: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    note: Mapped[bytes]


class Day(Base):
    """How large the log was when a day, counted from 1970 (UTC), was first noted (`server/expiry.py`)."""

    __tablename__ = "days"

    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int]


class Expiry(Base):
    """The index below which boxes were deleted for their age, and may be missing."""

    __tablename__ = "expiry"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    below: Mapped[int]

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


class Account(Base):
    """Who may sign in to the console. Made on the command line; there is none to begin with (docs/adr/0030)."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    password: Mapped[str]
    must_change: Mapped[bool]
    created: Mapped[int]
    signed_in: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("role IN ('operator', 'auditor')", name="role"),
        {"sqlite_with_rowid": False},
    )


class ConsoleSession(Base):
    """Somebody signed in: `id` is the hash of the token in the cookie, so that a copy of the table signs nobody in."""

    __tablename__ = "sessions"

    id: Mapped[bytes] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.name", ondelete="CASCADE"), index=True)
    csrf: Mapped[str]
    created: Mapped[int]
    seen: Mapped[int]

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 — SQLAlchemy reads it under this name


def append_only_triggers() -> tuple[str, ...]:
    """Return the statements that make a table refuse UPDATE and DELETE, also from a person with a database shell."""
    return tuple(
        f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in APPEND_ONLY
        for verb in ("update", "delete")
    )


@event.listens_for(Base.metadata, "after_create")
def _create_triggers(_target: MetaData, connection: Connection, **_options: object) -> None:
    for statement in append_only_triggers():
        connection.exec_driver_sql(statement)


import server.matchmodels  # noqa: E402, F401 — one metadata: the tables of matching stand on Base and belong to it

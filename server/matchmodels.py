"""The tables of matching (docs/protocol.md, 6). None of them is part of the log; the access log's own are at the end.

What was asked stands here until the next tick has told it, and no longer: `outcomes` is emptied every ten minutes.
"""

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.models import Base


class LiveSlip(Base):
    """A slip that matches: open or silent, of a live record, in one token epoch. `tokens` are its eight, joined."""

    __tablename__ = "slips"

    idx: Mapped[int] = mapped_column(ForeignKey("statements.idx"), primary_key=True, autoincrement=False)
    ep: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[int] = mapped_column(ForeignKey("statements.idx"), index=True)
    hit: Mapped[str]
    tokens: Mapped[bytes]

    __table_args__ = (
        CheckConstraint("hit IN ('open', 'silent')", name="hit"),
        {"sqlite_with_rowid": False},
    )


class Token(Base):
    """One token of a live slip, by its value, among those of its part of the log.

    Tokens are random: in one tree of ten million, each of a batch's 8,000 falls on another page, and all of these are
    written. In the tree of its own part a batch meets its own pages again; whoever asks looks into every part.
    """

    __tablename__ = "tokens"

    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    token: Mapped[bytes] = mapped_column(primary_key=True)
    ep: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 — SQLAlchemy reads it under this name


class TokenEpoch(Base):
    """When the service first saw a charter that names this token epoch (POSIX seconds)."""

    __tablename__ = "token_epochs"

    ep: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    started: Mapped[int]

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 — SQLAlchemy reads it under this name


class Outcome(Base):
    """One answered request, hit or not: who is to be told of what stands in `told`, which has one length."""

    __tablename__ = "outcomes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asker: Mapped[str]
    body_hash: Mapped[bytes]
    input: Mapped[str]
    signature: Mapped[str]
    told: Mapped[bytes]


class Watch(Base):
    """A question that is kept; `size` is the tree it was answered over."""

    __tablename__ = "watches"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asker: Mapped[str]
    body_hash: Mapped[bytes]
    input: Mapped[str]
    signature: Mapped[str]
    size: Mapped[int]
    expires: Mapped[int] = mapped_column(index=True)


class WatchToken(Base):
    """One token of a watch."""

    __tablename__ = "watch_tokens"

    token: Mapped[bytes] = mapped_column(primary_key=True)
    ep: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    class_: Mapped[int] = mapped_column("class", primary_key=True, autoincrement=False)
    watch: Mapped[int] = mapped_column(
        ForeignKey("watches.id", ondelete="CASCADE"), primary_key=True, autoincrement=False, index=True
    )

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 — SQLAlchemy reads it under this name


class Firing(Base):
    """A record that a watch has fired for: it does so once."""

    __tablename__ = "firings"

    watch: Mapped[int] = mapped_column(
        ForeignKey("watches.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 — SQLAlchemy reads it under this name


class Tick(Base):
    """When the last tick was, and how far the log had grown: watches fire for slips that came after."""

    __tablename__ = "tick"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[int]
    size: Mapped[int]

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


class NoticeRow(Base):
    """A notice, numbered for its agency alone: a number shared by all would tell how much others are told."""

    __tablename__ = "notices"

    agency: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[int] = mapped_column(index=True)
    body: Mapped[bytes]


class Review(Base):
    """A notice of silent hits: by when its agency is to review it, how many they are, and when it did."""

    __tablename__ = "reviews"

    id: Mapped[bytes] = mapped_column(primary_key=True)
    agency: Mapped[str]
    due: Mapped[int] = mapped_column(index=True)
    hits: Mapped[int]
    reviewed: Mapped[int | None]

    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 — SQLAlchemy reads it under this name


class Opening(Base):
    """Both openings of an entry of the access log, for the charter's auditors."""

    __tablename__ = "openings"

    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[int]
    body: Mapped[bytes]


class ComplaintRow(Base):
    """A complaint that calls the charter's auditors to an entry of the access log; `seq` is their cursor."""

    __tablename__ = "complaints"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    agency: Mapped[str]
    idx: Mapped[int]
    at: Mapped[int]
    statement: Mapped[bytes]

    __table_args__ = (UniqueConstraint("agency", "idx", name="uq_complaints_agency_idx"),)


class AccessEntryRow(Base):
    """One entry of the access log, byte for byte."""

    __tablename__ = "access_entries"

    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry: Mapped[bytes]


class AccessTile(Base):
    """One full hash tile of the access log."""

    __tablename__ = "access_tiles"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[bytes]

    __table_args__ = (CheckConstraint("length(data) = 8192", name="full"),)


class AccessHead(Base):
    """The head of the access log."""

    __tablename__ = "access_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int]
    tree: Mapped[bytes]
    checkpoint: Mapped[bytes]

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

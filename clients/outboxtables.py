"""The tables of the outbox: batches, and what stands in each (docs/adr/0025, 0058, 0063)."""

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table

TABLES = MetaData()
BATCH = Table(
    "batch",
    TABLES,
    Column("seq", Integer, primary_key=True),
    Column("payload_hash", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("first", Integer),
    Column("position", Integer),
)
PROMISE = Table(
    "promise",
    TABLES,
    Column("seq", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=False),
)
ROW = Table(
    "row",
    TABLES,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("key", LargeBinary, index=True),
    Column("seq", Integer, nullable=False),
    Column("names", String, nullable=False),
)
EPOCH = Table(
    "epoch",
    TABLES,
    Column("ep", Integer, primary_key=True),
    Column("opened", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("audiences", String, nullable=False),
    Column("records", Integer, nullable=False),
)
REPEAT = Table(
    "repeat",
    TABLES,
    Column("seq", Integer, primary_key=True),
    Column("ep", Integer, nullable=False),
    Column("before", Integer, nullable=False),
)
DISCARDED = Table(
    "discarded",
    TABLES,
    Column("root", LargeBinary, primary_key=True),
    Column("held", String, nullable=False),
)
LETTER = Table(
    "letter",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("recipient", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("thread", LargeBinary, nullable=False),
    Column("re", String),
    Column("body", LargeBinary, nullable=False),
    Column("approval", LargeBinary, unique=True),
    Column("seq", Integer, index=True),
    Column("place", Integer),
    Column("names", String),
)
APPROVAL = Table("approval", TABLES, Column("id", LargeBinary, primary_key=True))
BY_SEQ = (ROW, EPOCH, REPEAT, LETTER)

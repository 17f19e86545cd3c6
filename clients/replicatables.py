"""The replica's own tables: records and their portions in the clear, grants, key entries, what was expunged, numbers."""

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, text

from clients.findindex import TABLES

RECORD = Table(
    "record",
    TABLES,
    Column("position", Integer, primary_key=True),
    Column("iss", String, nullable=False),
    Column("jti", LargeBinary, nullable=False),
    Column("kid", String, nullable=False),
    Column("iat", Integer, nullable=False),
    Column("ep", Integer, nullable=False),
    Column("sup", LargeBinary),
    Column("batch", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Index("record_name", "iss", "jti", unique=True),
    Index("record_epoch", "iss", "ep"),
)
PORTION = Table(
    "portion",
    TABLES,
    Column("position", Integer, primary_key=True),
    Column("portion", String, primary_key=True),
    Column("level", String, nullable=False),
    Column("label", String, nullable=False),
    Column("fields", String, nullable=False),
    Column("disclosures", String, nullable=False),
    Column("opened_by", Integer),
    # All that is asked of a key's portions is in it (clients/openedby.py).
    Index("portion_opened_by", "opened_by", "label", "position", sqlite_where=text("opened_by IS NOT NULL")),
)
GRANT = Table(
    "grant",
    TABLES,
    Column("position", Integer, primary_key=True),
    Column("iss", String, nullable=False),
    Column("ep", Integer, nullable=False),
    Column("level", String, nullable=False),
    Column("ek", String, nullable=False),
    Index("grant_epoch", "iss", "ep"),
)
KEY_ENTRY = Table(
    "key_entry", TABLES, Column("position", Integer, primary_key=True), Column("entry", LargeBinary, nullable=False)
)
EXPUNGED = Table(
    "expunged",
    TABLES,
    Column("iss", String, primary_key=True),
    Column("jti", LargeBinary, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("why", String, nullable=False),
)
VERIFIED = Table("verified", TABLES, Column("size", Integer, primary_key=True), Column("at", Integer, nullable=False))
STATE = Table("state", TABLES, Column("name", String, primary_key=True), Column("value", Integer, nullable=False))

# By the driver itself, as the index is written (clients/findindex.py).
INSERT_RECORD = """
INSERT INTO record (position, iss, jti, kid, iat, ep, sup, batch, seq, entry) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""
INSERT_PORTION = """
INSERT INTO portion (position, portion, level, label, fields, disclosures, opened_by) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""

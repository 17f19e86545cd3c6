"""The tables of imports: where each stands, what was uploaded until it is done, and how lists of a kind are read.

They belong into a database that is encrypted: the desk's own (docs/adr/0069).
"""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table

TABLES = MetaData()
IMPORT = Table(
    "import",
    TABLES,
    Column("number", Integer, primary_key=True),
    # The number of the form that began it: sent twice, it begins one import.
    Column("once", LargeBinary, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("person", Integer, nullable=False),
    Column("officer", String, nullable=False),
    Column("state", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("began", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("form", String, nullable=False),
    Column("map", String, nullable=False),
    Column("good_rows", Boolean, nullable=False),
    Column("correct", Boolean, nullable=False),
    Column("told", String, nullable=False),
    Column("findings", String, nullable=False),
    Column("proposal", LargeBinary, nullable=False),
    Column("after", Integer),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("receipt", String, nullable=False),
    Index("import_state", "state"),
    sqlite_autoincrement=True,
)
# Apart, and deleted once an import is over: the list itself, as uploaded and as read, and the rows that were refused.
CONTENT = Table(
    "import_content",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("raw", LargeBinary, nullable=False),
    Column("read", LargeBinary),
    Column("problems", LargeBinary),
    Column("rejected", LargeBinary),
)
# How a list of these columns was read the last time, by the name that the officer gave to where it comes from.
SOURCE = Table(
    "import_source",
    TABLES,
    Column("name", String, primary_key=True),
    Column("header", LargeBinary, primary_key=True),
    Column("map", String, nullable=False),
    Column("used", Integer, nullable=False),
)

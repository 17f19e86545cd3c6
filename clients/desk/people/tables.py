"""Rows about people in the desk's database, which is encrypted as a whole (docs/adr/0066).

Of every token that opens something only the hash is kept: who reads the rows can sign in as nobody.
"""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table

PEOPLE = MetaData()

_PERSON = "person.id"

PERSON = Table(
    "person",
    PEOPLE,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    # Two names that look alike to a reader in a hurry are one name here.
    Column("folded", String, nullable=False, unique=True),
    Column("handle", LargeBinary, nullable=False, unique=True),
    Column("mandate", String, nullable=False),
    Column("language", String, nullable=False),
    Column("theme", String, nullable=False),
    Column("created", Integer, nullable=False),
    Column("ended", Integer),
    sqlite_autoincrement=True,  # the record of use names people by number: a number never becomes somebody else's
)

PASSKEY = Table(
    "passkey",
    PEOPLE,
    Column("id", Integer, primary_key=True),
    Column("person", ForeignKey(_PERSON), nullable=False, index=True),
    Column("credential", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("count", Integer, nullable=False),
    Column("label", String, nullable=False),
    Column("created", Integer, nullable=False),
    Column("used", Integer),
    Column("halted", Integer),
    sqlite_autoincrement=True,
)

# A password and the secret of its codes are one row: there is no password alone.
PASSWORD = Table(
    "password",
    PEOPLE,
    Column("person", ForeignKey(_PERSON), primary_key=True),
    Column("hash", String, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("counter", Integer, nullable=False),
)

SESSION = Table(
    "session",
    PEOPLE,
    Column("id", LargeBinary, primary_key=True),
    Column("person", ForeignKey(_PERSON), nullable=False, index=True),
    Column("csrf", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("created", Integer, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("confirmed", Integer, nullable=False),
)

CHALLENGE = Table(
    "challenge",
    PEOPLE,
    Column("challenge", LargeBinary, primary_key=True),
    Column("ceremony", String, nullable=False),
    Column("holder", LargeBinary, nullable=False),
    Column("expires", Integer, nullable=False, index=True),
)

ENROLMENT = Table(
    "enrolment",
    PEOPLE,
    Column("holder", LargeBinary, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("expires", Integer, nullable=False),
)

INVITATION = Table(
    "invitation",
    PEOPLE,
    Column("number", Integer, primary_key=True),
    Column("token", LargeBinary, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("person", ForeignKey(_PERSON)),
    Column("name", String, nullable=False),
    Column("handle", LargeBinary, nullable=False),
    Column("mandate", String, nullable=False),
    Column("by", ForeignKey(_PERSON)),
    Column("approved", Integer, nullable=False),
    Column("created", Integer, nullable=False),
    Column("expires", Integer, nullable=False),
    sqlite_autoincrement=True,
)

# What one administrator wants changed and another has to approve; without a mandate the person is to be ended.
PROPOSAL = Table(
    "proposal",
    PEOPLE,
    Column("number", Integer, primary_key=True),
    Column("person", ForeignKey(_PERSON), nullable=False),
    Column("mandate", String),
    Column("held", String, nullable=False),
    Column("by", ForeignKey(_PERSON), nullable=False),
    Column("expires", Integer, nullable=False),
    sqlite_autoincrement=True,
)

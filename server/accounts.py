"""Who may sign in to the console, and who is signed in (docs/adr/0030).

Both are rows of the service's database, written through connections of their own: the writer's belongs to the
sequencer. A session is a row, so that signing out, a new password or a removed account ends it at once, whatever
cookie somebody saved before.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from crypto.digests import sha256
from crypto.encoding import b64u
from server import database, schema
from server.errors import ConfigError

IDLE_SECONDS = 15 * 60
LIFE_SECONDS = 8 * 60 * 60
TOKEN_BYTES = 32

_TOUCH_SECONDS = 30
_NAME = re.compile(r"[a-z][a-z0-9.-]{1,31}")
_ALL = "SELECT name, role, password, must_change, created, signed_in FROM accounts"
_SESSION = """
SELECT s.id, s.csrf, s.seen, a.name, a.role, a.password, a.must_change, a.created, a.signed_in
FROM sessions AS s JOIN accounts AS a ON a.name = s.account
WHERE s.id = ? AND s.seen > ? AND s.created > ?
"""


class Role(Enum):
    """What an account may see: an auditor the log, an operator the machine and the accounts as well."""

    OPERATOR = "operator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account; `password` is its hash in PHC spelling."""

    name: str
    role: Role
    password: str = field(repr=False)
    must_change: bool
    created: int
    signed_in: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody signed in, and the token that forms of this session must carry."""

    id: bytes = field(repr=False)
    csrf: str = field(repr=False)
    account: Account


class Accounts:
    """The accounts and sessions in a service's database."""

    def __init__(self, path: Path) -> None:
        """Open the database; raise ConfigError if there is none of this program's schema."""
        if not path.exists():
            raise ConfigError(f"{path} is missing: start the service once, or run `sealtrace-server migrate`")
        self._writer = database.writer(path)
        self._reader = database.readers(path, connections=4)
        with self._reader.connect() as connection:
            if schema.revision(connection) != schema.newest():
                raise ConfigError(f"{path} has an older schema: run `sealtrace-server migrate`")

    def close(self) -> None:
        """Close the connections."""
        self._writer.dispose()
        self._reader.dispose()

    def all(self) -> Sequence[Account]:
        """Return every account by name."""
        return [_account(row) for row in _rows(self._reader, f"{_ALL} ORDER BY name", ())]

    def find(self, name: str) -> Account | None:
        """Return the account of that name."""
        return next((_account(row) for row in _rows(self._reader, f"{_ALL} WHERE name = ?", (name,))), None)

    def create(self, *, name: str, role: Role, password: str, must_change: bool, now: int) -> None:
        """Add an account with the hash of its password; raise ConfigError if the name is taken or is none."""
        if not _NAME.fullmatch(name):
            raise ConfigError("an account's name is 2 to 32 of a-z 0-9 . - and begins with a letter")
        query = (
            "INSERT INTO accounts (name, role, password, must_change, created) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING"
        )
        with self._writer.begin() as connection:
            if not connection.exec_driver_sql(query, (name, role.value, password, must_change, now)).rowcount:
                raise ConfigError(f"there is an account {name} already")

    def set_password(self, name: str, *, password: str, must_change: bool) -> None:
        """Put another password in place and end every session of the account; raise ConfigError if there is none."""
        query = "UPDATE accounts SET password = ?, must_change = ? WHERE name = ?"
        with self._writer.begin() as connection:
            _require_one(connection.exec_driver_sql(query, (password, must_change, name)).rowcount, name)
            connection.exec_driver_sql("DELETE FROM sessions WHERE account = ?", (name,))

    def remove(self, name: str) -> None:
        """Remove an account and with it its sessions; raise ConfigError if there is none."""
        with self._writer.begin() as connection:
            _require_one(connection.exec_driver_sql("DELETE FROM accounts WHERE name = ?", (name,)).rowcount, name)

    def sign_in(self, name: str, *, now: int) -> bytes:
        """Begin a session of an account and return its token, which is kept nowhere; forget sessions that are over."""
        token = secrets.token_bytes(TOKEN_BYTES)
        row = (sha256(token), name, b64u(secrets.token_bytes(TOKEN_BYTES)), now, now)
        with self._writer.begin() as connection:
            connection.exec_driver_sql(
                "DELETE FROM sessions WHERE seen <= ? OR created <= ?", (now - IDLE_SECONDS, now - LIFE_SECONDS)
            )
            connection.exec_driver_sql(
                "INSERT INTO sessions (id, account, csrf, created, seen) VALUES (?, ?, ?, ?, ?)", row
            )
            connection.exec_driver_sql("UPDATE accounts SET signed_in = ? WHERE name = ?", (now, name))
        return token

    def session(self, token: bytes, *, now: int) -> Session | None:
        """Return the session of a token, if it is neither idle for too long nor too old; looking keeps it alive."""
        values = (sha256(token), now - IDLE_SECONDS, now - LIFE_SECONDS)
        row = next(iter(_rows(self._reader, _SESSION, values)), None)
        if row is None:
            return None
        if now - row[2] >= _TOUCH_SECONDS:
            with self._writer.begin() as connection:
                connection.exec_driver_sql("UPDATE sessions SET seen = ? WHERE id = ?", (now, row[0]))
        return Session(id=row[0], csrf=row[1], account=_account(row[3:]))

    def sign_out(self, session: Session) -> None:
        """End a session."""
        with self._writer.begin() as connection:
            connection.exec_driver_sql("DELETE FROM sessions WHERE id = ?", (session.id,))


def _account(row: Sequence[Any]) -> Account:
    name, role, password, must_change, created, signed_in = row
    return Account(
        name=name,
        role=Role(role),
        password=password,
        must_change=bool(must_change),
        created=created,
        signed_in=signed_in,
    )


def _rows(engine: Engine, query: str, values: tuple[object, ...]) -> Sequence[Sequence[Any]]:
    with engine.connect() as connection:
        return connection.exec_driver_sql(query, values).all()


def _require_one(rows: int, name: str) -> None:
    if rows != 1:
        raise ConfigError(f"there is no account {name}")

"""The key of a home's databases, and databases of earlier versions encrypted where they lie (docs/adr/0068).

A file is never half encrypted: the new one is made whole beside the old one and takes its name. Whatever moment a crash
chooses, the next start finds the old file or the new one under the name, and ends what was begun.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2  # type: ignore[import-untyped]  # the library comes without types

from clients.database import connect, key_literal, require_usable
from clients.durable import PRIVATE_FILE, sync_folder
from clients.errors import HomeError
from clients.home import Home
from clients.keyring import Keyring, draw_database_key
from crypto import privatefile

_PLAIN = b"SQLite format 3\0"
_WIPE_BYTES = 1024 * 1024
# The old file and its write-ahead log keep a second name until they are overwritten; the new one has one of its own.
_FRESH = ".encrypting"
_ASIDE = ".plain"


def home_key(home: Home, keyring: Keyring, *, tell: Callable[[str], None]) -> bytes:
    """Return the key of a home's databases, drawn at its first use; files of earlier versions are encrypted now.

    What is changed is told. HomeError where files are encrypted under a key that the keystore does not hold.
    """
    key = keyring.database_key()
    if key is not None and not any(map(_unfinished, home.databases)):
        return key
    with privatefile.locked(home.path / "databases"):
        keyring.reload()
        key = keyring.database_key() or _draw(home, keyring)
        for path in home.databases:
            if _unfinished(path):
                encrypt(path, key=key)
                tell(f"{path.name} is encrypted from now on, under a key in the keystore: back the keystore up anew")
    return key


def encrypt(path: Path, *, key: bytes) -> None:
    """Put an encrypted copy in the place of a plain database, and overwrite what was there. Hold a lock."""
    try:
        for _step in encrypting(path, key=key):
            pass
    except dbapi2.Error as error:
        if getattr(error, "sqlite_errorcode", None) != dbapi2.SQLITE_BUSY:
            require_usable(path, error)
        raise HomeError(
            f"{path.name} of the home cannot be encrypted: another program uses it, or it is damaged",
            next_step="end every other `sealtrace` of this home and try again, else restore it from a backup",
        ) from error


def encrypting(path: Path, *, key: bytes) -> Iterator[str]:
    """Yield after each step of `encrypt`: a test stops between any two, and begins again."""
    fresh, log = _beside(path, _FRESH), _beside(path, "-wal")
    for name in (fresh, _beside(fresh, "-journal"), _beside(fresh, "-wal"), _beside(fresh, "-shm")):
        name.unlink(missing_ok=True)
    for name in (path, log):
        _wipe(_beside(name, _ASIDE))
    yield "cleared"
    if not _is_plain(path):
        return
    if log.exists():
        os.link(log, _beside(log, _ASIDE))
    yield "kept the log's name"
    os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE_FILE))
    with closing(connect(path, key=None)) as plain:
        _fold_log(plain)
        yield "folded the log"
        _export(plain, fresh, key=key)
    _sync(fresh)
    yield "exported"
    _check(path, fresh, key=key)
    os.link(path, _beside(path, _ASIDE))
    yield "kept the file's name"
    fresh.replace(path)
    sync_folder(path.parent)
    yield "replaced"
    for name in (path, log):
        _wipe(_beside(name, _ASIDE))
    yield "wiped"


def _draw(home: Home, keyring: Keyring) -> bytes:
    """Draw the key, unless files are there that are under another: a new key would hide that the old one is lost."""
    sealed = [path.name for path in home.databases if path.exists() and path.stat().st_size and not _is_plain(path)]
    if sealed:
        raise HomeError(
            f"the keystore holds no key for {', '.join(sealed)}",
            next_step="restore the keystore from a backup made since; without it these files are lost: "
            "replica.sqlite alone can be removed and synced anew, but for messages older than 90 days",
        )
    return keyring.put_database_key(draw_database_key())


def _unfinished(path: Path) -> bool:
    return _is_plain(path) or any(_beside(name, _ASIDE).exists() for name in (path, _beside(path, "-wal")))


def _is_plain(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_PLAIN)) == _PLAIN
    except FileNotFoundError:
        return False


def _fold_log(plain: Any) -> None:
    """Move the write-ahead log into the file; no other program may have it open."""
    plain.execute("PRAGMA locking_mode=EXCLUSIVE")
    (mode,) = plain.execute("PRAGMA journal_mode=DELETE").fetchone()
    if mode != "delete":
        raise dbapi2.OperationalError("the file is in use")


def _export(plain: Any, fresh: Path, *, key: bytes) -> None:
    plain.execute("ATTACH DATABASE ? AS sealed KEY ?", (str(fresh), key_literal(key)))
    plain.execute("SELECT sqlcipher_export('sealed')").fetchone()
    plain.execute("DETACH DATABASE sealed")


def _check(path: Path, fresh: Path, *, key: bytes) -> None:
    """Raise HomeError unless the copy is whole and says what the original says."""
    with ExitStack() as opened:
        old = opened.enter_context(closing(connect(path, key=None)))
        new = opened.enter_context(closing(connect(fresh, key=key)))
        sound = new.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if not sound or _counts(old) != _counts(new):
            raise HomeError(f"{path.name} could not be copied", next_step="free space on the disk and try again")


def _counts(connection: Any) -> list[tuple[str, int]]:
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
    counted = [(name, f'SELECT count(*) FROM "{name}"') for (name,) in names]  # noqa: S608 - names of our own tables
    return [(name, connection.execute(question).fetchone()[0]) for name, question in counted]


def _wipe(path: Path) -> None:
    """Overwrite a file and take it away; where it has another name still, it is in use, and only this name goes.

    A copying file system or a flash disk may keep old blocks all the same (docs/commands.md).
    """
    if not path.exists():
        return
    with path.open("r+b") as file:
        if os.fstat(file.fileno()).st_nlink == 1:
            size = os.fstat(file.fileno()).st_size
            for at in range(0, size, _WIPE_BYTES):
                file.write(bytes(min(_WIPE_BYTES, size - at)))
            file.flush()
            os.fsync(file.fileno())
    path.unlink()
    sync_folder(path.parent)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)

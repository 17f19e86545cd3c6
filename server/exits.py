"""How a command of the operator ends: the codes that scripts rely on, and one line on stderr."""

from typing import NoReturn

import typer

from crypto.errors import CryptoError
from ledger.errors import LedgerError
from server.errors import ConfigError, StartError, StorageError

EXPECTED = (ConfigError, StartError, StorageError, CryptoError, LedgerError, OSError)

FAILED = 1
USAGE = 2
BEHIND = 4


def fail(error: Exception) -> NoReturn:
    """End with what went wrong: 2 for what the command was told, 1 for what it found. Raises typer.Exit."""
    told = _unusable(error) if isinstance(error, OSError) else error
    typer.echo(f"sealtrace-server: {told}", err=True)
    raise typer.Exit(USAGE if isinstance(error, ConfigError) else FAILED)


def _unusable(error: OSError) -> str:
    named = error.filename or "a file"
    why = error.strerror or type(error).__name__
    return f"{named} cannot be used: {why}; check the path, who may read and write there, and that the disk has room"

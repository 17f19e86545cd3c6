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
    typer.echo(f"sealtrace-server: {error}", err=True)
    raise typer.Exit(USAGE if isinstance(error, ConfigError) else FAILED)

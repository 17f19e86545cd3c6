"""Where the operator reaches the witnesses that the charter names: `witnesses.toml` in the service's folder."""

from pathlib import Path

from ledger.errors import LedgerError
from ledger.witnessaddresses import Addresses, parse_addresses
from server.errors import ConfigError

__all__ = ["Addresses", "read_addresses"]


def read_addresses(path: Path) -> Addresses:
    """Return what the file says, nothing if there is none; raise ConfigError for anything else than is written there."""
    try:
        return parse_addresses(path.read_bytes())
    except FileNotFoundError:
        return Addresses()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except LedgerError as error:
        raise ConfigError(f"{path} is {error}") from error

"""What one service is told at its start. Nothing below the factory reads the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ledger import fingerprints
from ledger.errors import MalformedError
from server.errors import ConfigError

DATABASE = "ledger.sqlite"
KEYSTORE = "keystore"
SERVICE = "service.json"
NEXT_SERVICE = "service.next.json"
HIGHEST = "highest-signed"
HIGHEST_ACCESS = "highest-access"
TOMBSTONES = "tombstones"
WITNESSES = "witnesses.toml"

TICK_SECONDS = 600

_DATA = "SEALTRACE_DATA"
_CHARTER = "SEALTRACE_CHARTER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The folder of one service and the fingerprint of the charter it trusts; keys come from the keystore there."""

    data: Path
    fingerprint: bytes
    verify_threads: int = 2
    reader_connections: int = 16
    tick_seconds: int = TICK_SECONDS
    # How long the answer to a submission waits for the quorum before it says "durable" alone.
    witness_wait_seconds: float = 1.0

    @property
    def database(self) -> Path:
        """Return where the log is."""
        return self.data / DATABASE

    @property
    def keystore(self) -> Path:
        """Return where the service's keys are."""
        return self.data / KEYSTORE

    @property
    def next_service(self) -> Path:
        """Return where what the next charter must name is written, while new keys are on their way."""
        return self.data / NEXT_SERVICE

    @property
    def tombstones(self) -> Path:
        """Return where the names of expunged records stand, whatever becomes of the database."""
        return self.data / TOMBSTONES

    @property
    def witnesses(self) -> Path:
        """Return where the addresses of the witnesses stand, which no charter names."""
        return self.data / WITNESSES

    @property
    def service(self) -> Path:
        """Return where what a charter must name is written."""
        return self.data / SERVICE

    @property
    def highest(self) -> Path:
        """Return where the highest checkpoint that may have left is written."""
        return self.data / HIGHEST

    @property
    def highest_access(self) -> Path:
        """Return where the highest checkpoint of the access log that may have left is written."""
        return self.data / HIGHEST_ACCESS

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Config":
        """Return the configuration that the environment names; a missing setting is an error, never a default."""
        return cls(data=Path(_required(environ, _DATA)), fingerprint=_fingerprint(_required(environ, _CHARTER)))


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise ConfigError(f"{name} is not set, and it has no default")
    return value


def _fingerprint(text: str) -> bytes:
    try:
        return fingerprints.parse(text)
    except MalformedError as error:
        raise ConfigError(f"{_CHARTER} is not the fingerprint of a charter: 16 words or 43 characters") from error

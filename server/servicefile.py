"""service.json: what `create` wrote down for the charter, read back where no key is needed."""

from dataclasses import dataclass
from pathlib import Path

from ledger import jsontext
from ledger.errors import LedgerError
from ledger.terms import LogKeys, parse_log_keys
from server.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFile:
    """The origin and url a service was made with, and the public halves of its keys."""

    origin: str
    url: str
    log: LogKeys


def read_service_file(path: Path) -> ServiceFile:
    """Return what service.json says; raise ConfigError if it is missing or not in its one spelling."""
    try:
        raw = path.read_bytes().removesuffix(b"\n")
        origin, url, log, _match = jsontext.members(jsontext.load(raw), "origin", "url", "log", "match?")
        name = jsontext.text(origin)
        return ServiceFile(origin=name, url=jsontext.text(url), log=parse_log_keys(log, origin=name))
    except FileNotFoundError as error:
        raise ConfigError(
            f"{path} is missing: put it back from a backup, it holds no secret; or make a new service with "
            "`sealtrace-server create`"
        ) from error
    except (OSError, LedgerError) as error:
        raise ConfigError(
            f"{path} is not what `sealtrace-server create` writes: put it back from a backup; it holds no secret"
        ) from error

"""The witnesses that a watch compares with: named on the command line, or in `witnesses.toml` as the operator has it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from clients.errors import HomeError
from clients.transport import PrefixedTransport, Transport
from ledger.errors import LedgerError
from ledger.identifiers import agency_id
from ledger.witnessaddresses import parse_addresses, witness_address

_EXAMPLE = "for example --witness xar-arms=https://witness.example/prefix"


def read_witnesses(path: Path) -> Mapping[str, str]:
    """Return the address of each witness in a file; raise HomeError for what is none."""
    try:
        return parse_addresses(path.read_bytes()).urls
    except (OSError, LedgerError) as error:
        raise HomeError(f"{path} cannot be used: {error}", next_step="write it as docs/operations.md shows") from error


def named_witnesses(named: Sequence[str]) -> Mapping[str, str]:
    """Return the address of each witness named as AGENCY=URL; raise HomeError."""
    found: dict[str, str] = {}
    for one in named:
        agency, equals, url = one.partition("=")
        if not equals:
            raise HomeError("a witness without an address", next_step=_EXAMPLE)
        try:
            found[agency_id(agency)] = witness_address(url)
        except LedgerError as error:
            raise HomeError(f"a witness is named AGENCY=URL: {error}", next_step=_EXAMPLE) from error
    return found


def connect_witness(url: str, connect: Callable[[str], Transport]) -> Transport:
    """Return the way to a witness, which may answer below a path."""
    parts = urlsplit(url)
    inner = connect(f"{parts.scheme}://{parts.netloc}")
    return PrefixedTransport(inner, parts.path) if parts.path else inner

"""What a statement says of the sealed bytes beside it: their hashes, and who may have them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from crypto.digests import sha256
from ledger.errors import LedgerError, MalformedError
from ledger.expunges import Expunge, parse_expunge
from ledger.grants import Grant, parse_grant
from ledger.kinds import Typ
from ledger.merkle import root_of
from ledger.messages import Message, parse_message
from ledger.recordform import Record, parse_record
from ledger.renewals import Renewal, parse_renewal
from ledger.state import kind_of
from server import slips

Statement: TypeAlias = Record | Grant | Message | Renewal | Expunge

_SLIP = "slip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a statement says of one blob; `only_for` is None where nobody is named, and where the route is lost.

    What `expires` is a box that is deleted for its age.
    """

    digest: bytes
    tag_hash: bytes | None = None
    only_for: str | None = None
    expires: bool = False


def parse_statement(entry: bytes) -> Statement:
    """Return the statement that an entry spells; raise a LedgerError."""
    match kind_of(entry):
        case Typ.RECORD:
            return parse_record(entry)
        case Typ.GRANT:
            return parse_grant(entry)
        case Typ.MESSAGE:
            return parse_message(entry)
        case Typ.SLIPS:
            return parse_renewal(entry)
        case Typ.EXPUNGE:
            return parse_expunge(entry)
        case other:
            raise MalformedError(f"no batch closes an entry of kind {other.value}")


def named_blobs(statement: Statement, route: str | None) -> Mapping[str, Named]:
    """Return what a statement says of each of its blobs, by place; `route` is whom a message is for, None if unknown."""
    match statement:
        case Record():
            portions = {
                name: Named(digest=portion.ct, tag_hash=portion.a) for name, portion in statement.portions.items()
            }
            return {_SLIP: Named(digest=statement.slip), **portions}
        case Grant():
            return {
                place: Named(digest=to.g, only_for=to.r, expires=to.r != statement.name.iss)
                for place, to in zip(statement.places, statement.to, strict=True)
            }
        case Message():
            to, own = statement.box
            return {
                "to": Named(digest=to, only_for=route, expires=True),
                "self": Named(digest=own, only_for=statement.name.iss, expires=True),
                "route": Named(digest=statement.route),
            }
        case Renewal():
            return {slips.SLIPS: Named(digest=statement.root)}
        case Expunge():
            return {}
        case _:
            assert_never(statement)


def digest_of(place: str, data: bytes) -> bytes:
    """Return what a statement names a blob at a place by."""
    return _root(data) if place == slips.SLIPS else sha256(data)


def _root(blob: bytes) -> bytes:
    """Return the root of a renewal's slips, an expunged one's by the leaf hash in its place."""
    try:
        return root_of([slips.leaf_of(frame) for frame in slips.framed(blob)])
    except LedgerError:
        return b""

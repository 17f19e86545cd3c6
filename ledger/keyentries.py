"""Key entries: how an agency changes its own working keys (docs/protocol.md, 3).

Signed by both root keys, outside batches, counting from the next entry on. Root, recovery and witness keys change by
charter alone, so that a stolen root file cannot quietly become a new identity.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from crypto.encoding import b64u
from crypto.signing import Signer
from ledger import jsontext
from ledger.charterpayload import WORKING_ROLES
from ledger.checks import require, require_signature
from ledger.errors import BadSignatureError, MalformedError
from ledger.identifiers import KeyId, StatementName, agency_id, draw_jti, jti_of, key_id, origin_name
from ledger.jsontext import JsonValue
from ledger.jws import General, Signature, format_general, parse_general, signing_input
from ledger.keys import Key, parse_keys
from ledger.kinds import Typ

MAX_ENDED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """What a key entry says; `since` marks what the ended keys signed from that index on as disputed."""

    name: StatementName
    iat: int
    origin: str
    prev: int
    add: tuple[Key, ...]
    end: tuple[KeyId, ...]
    since: int | None
    signed: General

    @property
    def iss(self) -> str:
        """Return the agency whose keys change."""
        return self.name.iss


def build_key_entry(  # noqa: PLR0913  the members of the entry, all by name
    *,
    iss: str,
    iat: int,
    origin: str,
    prev: int,
    roots: Sequence[tuple[Signer, Key]],
    add: Sequence[Key] = (),
    end: Sequence[KeyId] = (),
    since: int | None = None,
) -> bytes:
    """Return the entry, signed by both roots; `prev` is the agency's last key entry or the charter that listed it."""
    payload: dict[str, JsonValue] = {
        "iss": iss,
        "iat": iat,
        "jti": b64u(draw_jti()),
        "origin": origin,
        "prev": prev,
        "add": [key.to_json() for key in add],
        "end": [str(kid) for kid in end],
    }
    if since is not None:
        payload["since"] = since
    raw = jsontext.dump(payload)
    entry = format_general(raw, tuple(_sign(raw, signer, key) for signer, key in roots))
    parse_key_entry(entry)
    return entry


def parse_key_entry(entry: bytes) -> KeyEntry:
    """Return what a key entry says; verifies no signature."""
    signed = parse_general(entry)
    value = jsontext.load(signed.payload)
    iss, iat, jti, origin, prev, add, end, since = jsontext.members(
        value, "iss", "iat", "jti", "origin", "prev", "add", "end", "since?"
    )
    owner = agency_id(iss)
    found = KeyEntry(
        name=StatementName(owner, jti_of(jti)),
        iat=jsontext.integer(iat),
        origin=origin_name(origin),
        prev=jsontext.integer(prev),
        add=parse_keys(add, owner=owner),
        end=_ended(end, owner=owner),
        since=None if since is None else jsontext.integer(since),
        signed=signed,
    )
    _check(found)
    return found


def verify_signatures(entry: KeyEntry, roots: Sequence[Key]) -> None:
    """Raise BadSignatureError unless both roots signed, in their order: one good of two is none."""
    expected = [key.header(Typ.KEY) for key in roots]
    found = [item.protected for item in entry.signed.signatures]
    refusal = BadSignatureError("a key entry is signed by both root keys in force, Ed25519 first")
    require("key/headers", expected=expected, found=found, refusal=refusal)
    for key, item in zip(roots, entry.signed.signatures, strict=True):
        require_signature(
            "key/signature",
            kid=key.kid,
            key=key.verifier(),
            message=entry.signed.signing_input(item),
            signature=item.signature,
            refusal=BadSignatureError(f"the signature by {key.kid} does not verify"),
        )


def _check(entry: KeyEntry) -> None:
    if not entry.add and not entry.end:
        raise MalformedError("a key entry that changes nothing")
    if not {key.role for key in entry.add} <= set(WORKING_ROLES):
        raise MalformedError("root, recovery and witness keys change by charter alone")
    if entry.since is not None and not entry.end:
        raise MalformedError("`since` is the index from which ended keys are disputed")


def _ended(value: JsonValue, *, owner: str) -> tuple[KeyId, ...]:
    kids = tuple(key_id(item) for item in jsontext.array(value, high=MAX_ENDED))
    if list(kids) != sorted(set(kids)) or any(kid.agency != owner for kid in kids):
        raise MalformedError("the ended keys are the agency's own, in ascending order")
    return kids


def _sign(payload: bytes, signer: Signer, key: Key) -> Signature:
    header = key.header(Typ.KEY)
    return Signature(protected=header, signature=signer.sign(signing_input(header, payload)))

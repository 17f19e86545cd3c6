"""The charter file: members and terms, signed by the members themselves (docs/protocol.md, 8).

Version 1 is signed by all its agencies and believed for its fingerprint; every later one by a threshold of the
agencies of the version before, by every newcomer and by every new root. The file is JWS JSON General by `root` keys,
each agency with both of its two: ordered by agency id, the roots of the version before in front of new ones, Ed25519
first. One agency counts once. The log holds the file's hash.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crypto.encoding import b64u
from crypto.signing import Signer
from ledger import fingerprints
from ledger.agencies import Agency, Auditor, Contact, Law
from ledger.charterpayload import (
    MAX_FILE_BYTES,
    MAX_SIGNATURES,
    Charter,
    CharterEntry,
    charter_entry,
    is_charter_entry,
    lists_every_role,
    parse_charter,
    parse_charter_entry,
    parse_payload,
)
from ledger.checks import refuse, require, require_signature
from ledger.errors import BadSignatureError, LedgerError, MalformedError
from ledger.jws import General, Signature, format_general, parse_general, signing_input
from ledger.keys import Key, of_role
from ledger.kinds import Role, Typ
from ledger.terms import Limits, LogKeys, Match, WitnessPolicy

__all__ = [
    "Agency",
    "Auditor",
    "Charter",
    "CharterEntry",
    "Contact",
    "Key",
    "Law",
    "Limits",
    "LogKeys",
    "Match",
    "Signatures",
    "WitnessPolicy",
    "charter_entry",
    "is_charter_entry",
    "newcomers",
    "parse_charter",
    "parse_charter_entry",
    "propose",
    "replaced_roots",
    "sign_charter",
    "signatures_of",
    "verify_first_charter",
    "verify_next_charter",
]

_EXPECTED = "signed by every newcomer and new root, and by the threshold of the version before"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signatory:
    """One pair of root keys that may sign: as a member of the version before (a vote), or as a new root (a must)."""

    agency: str
    roots: tuple[Key, ...]
    is_new: bool

    def headers(self) -> tuple[bytes, ...]:
        return tuple(key.header(Typ.CHARTER) for key in self.roots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """Who has signed a charter with both roots, who may and has not, and how many of the version before are enough.

    `needed` are those of `missing` without whom it never counts; with a new root an agency may stand here twice.
    """

    signed: tuple[str, ...]
    missing: tuple[str, ...]
    needed: tuple[str, ...]
    votes: int
    threshold: int

    @property
    def are_enough(self) -> bool:
        """Whether the log takes the charter as it is signed now."""
        return not self.needed and self.votes >= self.threshold


def propose(charter: Charter) -> bytes:
    """Return the proposal that members sign: the payload alone, fit to be read and sent around."""
    return charter.payload()


def sign_charter(proposal: bytes, *, roots: Sequence[tuple[Signer, Key]], previous: Charter | None = None) -> bytes:
    """Return a charter file with the signatures of some roots added, each in its place.

    `proposal` is what `propose` returned or a file with signatures of others. Only a root that may sign this version
    can: what is not expected would make the whole file invalid. Raises MalformedError for any other.
    """
    opened = _open_proposal(proposal)
    payload = opened.payload
    order = _order(_signatories(parse_payload(payload), previous))
    signatures = {item.protected: item for item in opened.signatures}
    for signer, key in roots:
        header = key.header(Typ.CHARTER)
        require("charter/signer", expected=key.public_key, found=signer.public_key.raw, refusal=_not_a_root(key))
        signatures[header] = Signature(protected=header, signature=signer.sign(signing_input(header, payload)))
    if not signatures.keys() <= set(order):
        raise MalformedError("a root key that may not sign this version of the charter")
    return format_general(payload, tuple(signatures[header] for header in order if header in signatures))


def verify_first_charter(file: bytes, *, fingerprint: bytes) -> Charter:
    """Return charter 1 if it has the expected fingerprint and is signed by all its agencies.

    Raises MalformedError for another file, BadSignatureError where a signature is missing.
    """
    refusal: LedgerError = MalformedError("this is not the charter that was pinned")
    require("charter/fingerprint", expected=fingerprint, found=fingerprints.of_file(file), refusal=refusal)
    charter = parse_charter(file)
    require("charter/ver", expected=1, found=charter.ver, refusal=MalformedError("not the first charter"))
    _verify_signatures(file, _signatories(charter, None), threshold=0)
    return charter


def verify_next_charter(file: bytes, *, previous: Charter, previous_hash: bytes) -> Charter:
    """Return the charter that follows `previous`, whose file hashes to `previous_hash`.

    Raises MalformedError for one that does not follow it, BadSignatureError where signatures are missing.
    """
    charter = parse_charter(file)
    refusal: LedgerError = MalformedError("this charter does not follow the one in force")
    require("charter/ver", expected=previous.ver + 1, found=charter.ver, refusal=refusal)
    require("charter/prev", expected=previous_hash, found=charter.prev, refusal=refusal)
    require("charter/origin", expected=previous.origin, found=charter.origin, refusal=refusal)
    if previous.is_witnessed and not charter.is_witnessed:
        raise MalformedError("a log that was witnessed never returns to being unwitnessed")
    _check_listed_keys(charter, previous)
    _verify_signatures(file, _signatories(charter, previous), threshold=previous.threshold)
    return charter


def signatures_of(file: bytes, previous: Charter | None) -> Signatures:
    """Return whose signatures of a proposal or charter file verify, and whose are missing."""
    opened = _open_proposal(file)
    by_header = {item.protected: item for item in opened.signatures}
    may = _signatories(parse_payload(opened.payload), previous)
    have = [item for item in may if _has_signed(opened, item, by_header)]
    missing = [item for item in may if item not in have]
    return Signatures(
        signed=tuple(item.agency for item in have),
        missing=tuple(item.agency for item in missing),
        needed=tuple(item.agency for item in missing if item.is_new),
        votes=sum(not item.is_new for item in have),
        threshold=previous.threshold if previous else 0,
    )


def signed_by_all_kept(file: bytes, previous: Charter) -> bool:
    """Say whether every agency of `previous` that a verified charter file keeps has signed it, under its old roots.

    Only such a charter may do without the witnesses of the one before (docs/protocol.md, 8.9).
    """
    kept = {agency.id for agency in parse_charter(file).agencies}
    signed = {
        item.protected for item in parse_general(file, limit=MAX_FILE_BYTES, signatures=MAX_SIGNATURES).signatures
    }
    voters = (item for item in _signatories(previous, None) if item.agency in kept)
    return all(signed.issuperset(item.headers()) for item in voters)


def replaced_roots(charter: Charter, previous: Charter) -> frozenset[str]:
    """Return the agencies that both versions know and whose root keys differ."""
    return frozenset(
        agency.id
        for agency in charter.agencies
        if (before := previous.agency(agency.id)) is not None and before.roots() != agency.roots()
    )


def newcomers(charter: Charter, previous: Charter | None) -> frozenset[str]:
    """Return the agencies that the version before does not know."""
    known = {agency.id for agency in previous.agencies} if previous else set()
    return frozenset(agency.id for agency in charter.agencies) - known


def _check_listed_keys(charter: Charter, previous: Charter) -> None:
    """Refuse working keys of an agency whose keys carry over, and a newcomer or new root that lists not all."""
    anew = newcomers(charter, previous) | replaced_roots(charter, previous)
    for agency in charter.agencies:
        if agency.id in anew and not lists_every_role(agency):
            raise MalformedError(f"{agency.id} has new roots and lists not every key anew")
        offline = [key for role in (Role.ROOT, Role.RECOVERY, Role.WITNESS) for key in of_role(agency.keys, role)]
        if agency.id not in anew and len(offline) != len(agency.keys):
            raise MalformedError(f"{agency.id} lists working keys that carry over, or change by key entry")


def _signatories(charter: Charter, previous: Charter | None) -> tuple[_Signatory, ...]:
    """Return who may sign, in the order in which signatures stand."""
    found = [
        _Signatory(agency=agency.id, roots=agency.roots(), is_new=False)
        for agency in (previous.agencies if previous else ())
    ]
    anew = newcomers(charter, previous) | (replaced_roots(charter, previous) if previous else frozenset())
    found += [
        _Signatory(agency=agency.id, roots=agency.roots(), is_new=True)
        for agency in charter.agencies
        if agency.id in anew
    ]
    return tuple(sorted(found, key=lambda item: (item.agency, item.is_new)))


def _order(signatories: Iterable[_Signatory]) -> list[bytes]:
    return [header for item in signatories for header in item.headers()]


def _verify_signatures(file: bytes, signatories: Sequence[_Signatory], *, threshold: int) -> None:
    signed = parse_general(file, limit=MAX_FILE_BYTES, signatures=MAX_SIGNATURES)
    present = [item.protected for item in signed.signatures]
    if present != [header for header in _order(signatories) if header in set(present)]:
        raise _refusal(present, "a signature of no root that may sign, or out of order")
    by_header = {item.protected: item for item in signed.signatures}
    votes = 0
    for item in signatories:
        if item.is_new or any(header in by_header for header in item.headers()):
            _verify_pair(signed, item, by_header)
            votes += not item.is_new
    if votes < threshold:
        raise _refusal(votes, f"fewer than {threshold} agencies of the version before signed")


def _verify_pair(signed: General, signatory: _Signatory, by_header: dict[bytes, Signature]) -> None:
    """Verify both signatures of an agency by name: one good of two is none."""
    for key, header in zip(signatory.roots, signatory.headers(), strict=True):
        item = by_header.get(header)
        if item is None:
            raise _refusal(f"no signature by {key.kid}", f"{signatory.agency} has not signed with both roots")
        require_signature(
            "charter/signature",
            kid=key.kid,
            key=key.verifier(),
            message=signed.signing_input(item),
            signature=item.signature,
            refusal=BadSignatureError(f"the signature by {key.kid} does not verify"),
        )


def _has_signed(signed: General, signatory: _Signatory, by_header: dict[bytes, Signature]) -> bool:
    try:
        _verify_pair(signed, signatory, by_header)
    except BadSignatureError:
        return False
    return True


def _open_proposal(proposal: bytes) -> General:
    if proposal.startswith(b'{"typ":'):
        return General(encoded=b64u(proposal).encode(), payload=proposal, signatures=())
    return parse_general(proposal, limit=MAX_FILE_BYTES, signatures=MAX_SIGNATURES)


def _refusal(found: object, text: str) -> LedgerError:
    return refuse("charter/signatures", expected=_EXPECTED, found=found, refusal=BadSignatureError(text))


def _not_a_root(key: Key) -> LedgerError:
    return MalformedError(f"the signer does not hold {key.kid}")

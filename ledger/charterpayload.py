"""What a charter says: who is a member, under which keys and terms (docs/protocol.md, 8).

A charter that contradicts itself cannot be made. Who has to sign it is `ledger/charter.py`; what follows from its
position in the log is `ledger/membership.py`.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from crypto.digests import sha256
from crypto.encoding import HASH_BYTES, b64u
from ledger import jsontext
from ledger.agencies import Agency, Auditor, ascending, parse_agencies, parse_auditors
from ledger.errors import MalformedError
from ledger.identifiers import hash_of, origin_name
from ledger.jws import parse_general
from ledger.keys import Key, is_pair, of_role
from ledger.kinds import Role
from ledger.notes import check_name
from ledger.terms import (
    Limits,
    LogKeys,
    Match,
    WitnessPolicy,
    parse_limits,
    parse_log_keys,
    parse_match,
    parse_witness_policy,
    witness_name,
)

FILE_TYP = "sealtrace/v1/charter-file"
ENTRY_TYP = "sealtrace/v1/charter"
MAX_FILE_BYTES = 4 * 2**20
MAX_SIGNATURES = 2_000
MAX_VERSION = 999_999
FIRST_PREV = bytes(HASH_BYTES)
WORKING_ROLES = (Role.SIGN, Role.BATCH, Role.HTTP, Role.HPKE)

_URL = re.compile(r"https?://[!-~]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """One version of the charter, as its signers agreed on it."""

    origin: str
    url: str
    ver: int
    prev: bytes
    log: LogKeys
    agencies: tuple[Agency, ...]
    auditors: tuple[Auditor, ...] = ()
    threshold: int
    witness: WitnessPolicy
    match: Match | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Raise MalformedError for a charter that contradicts itself."""
        if 2 * self.threshold <= len(self.agencies) or self.threshold > len(self.agencies):
            raise MalformedError("the threshold is not more than half of the agencies, and at most all")
        if (self.ver == 1) != (self.prev == FIRST_PREV):
            raise MalformedError("version 1 follows nothing, every other version follows a file")
        _check_names(self)
        _check_keys(self)

    @property
    def is_witnessed(self) -> bool:
        """Say whether checkpoints need cosignatures; if not, every verdict says UNWITNESSED."""
        return bool(self.witness.agencies)

    def agency(self, agency_id: str) -> Agency | None:
        """Return the member of that id, if it is one."""
        return next((agency for agency in self.agencies if agency.id == agency_id), None)

    def listed_keys(self) -> tuple[Key, ...]:
        """Return the keys of all agencies and auditors that this version lists."""
        keys = [key for agency in self.agencies for key in agency.keys]
        return (*keys, *(key for auditor in self.auditors for key in auditor.keys))

    def payload(self) -> bytes:
        """Return the payload that the roots sign, to the byte."""
        return jsontext.dump(
            {
                "typ": FILE_TYP,
                "origin": self.origin,
                "url": self.url,
                "ver": self.ver,
                "prev": b64u(self.prev),
                "log": self.log.to_json(),
                "agencies": [agency.to_json() for agency in self.agencies],
                "auditors": [auditor.to_json() for auditor in self.auditors],
                "threshold": self.threshold,
                "witness": self.witness.to_json(),
                "match": self.match.to_json() if self.match else None,
                "limits": self.limits.to_json(),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterEntry:
    """What the log says of a charter: version, origin and the hash of the file."""

    ver: int
    origin: str
    file_hash: bytes


def parse_charter(file: bytes) -> Charter:
    """Return the charter that a signed file carries; verifies no signature."""
    return parse_payload(parse_general(file, limit=MAX_FILE_BYTES, signatures=MAX_SIGNATURES).payload)


# A command meets the charter in force about ten times, and reading one checks every key of every member.
@lru_cache(maxsize=16)
def parse_payload(payload: bytes) -> Charter:
    """Return the charter that a payload spells; raise MalformedError."""
    typ, origin, url, ver, prev, log, agencies, auditors, threshold, witness, match, limits = jsontext.members(
        jsontext.load(payload, limit=MAX_FILE_BYTES),
        *("typ", "origin", "url", "ver", "prev", "log", "agencies", "auditors", "threshold", "witness", "match"),
        "limits",
    )
    if typ != FILE_TYP:
        raise MalformedError("not a charter file")
    name = origin_name(origin)
    return Charter(
        origin=name,
        url=_service_url(url),
        ver=jsontext.integer(ver, low=1, high=MAX_VERSION),
        prev=hash_of(prev),
        log=parse_log_keys(log, origin=name),
        agencies=parse_agencies(agencies),
        auditors=parse_auditors(auditors),
        threshold=jsontext.integer(threshold, low=1),
        witness=parse_witness_policy(witness),
        match=parse_match(match),
        limits=parse_limits(limits),
    )


def charter_entry(file: bytes) -> bytes:
    """Return the log entry for a charter file."""
    return entry_of(parse_charter(file), file)


def entry_of(charter: Charter, file: bytes) -> bytes:
    """Return the log entry for the file of a charter that was parsed from it."""
    return jsontext.dump({"typ": ENTRY_TYP, "ver": charter.ver, "origin": charter.origin, "h": b64u(sha256(file))})


def is_charter_entry(entry: bytes) -> bool:
    """Say whether an entry claims to be a charter's: no other entry begins so."""
    return entry.startswith(b'{"typ":')


def parse_charter_entry(entry: bytes) -> CharterEntry:
    """Return what a charter's log entry says; raise MalformedError."""
    typ, ver, origin, file_hash = jsontext.members(jsontext.load(entry), "typ", "ver", "origin", "h")
    if typ != ENTRY_TYP:
        raise MalformedError("not a charter entry")
    return CharterEntry(
        ver=jsontext.integer(ver, low=1, high=MAX_VERSION),
        origin=jsontext.text(origin),
        file_hash=hash_of(file_hash),
    )


def lists_every_role(agency: Agency) -> bool:
    """Say whether an agency lists all that a newcomer has to: a key of every working role too."""
    return all(of_role(agency.keys, role) for role in WORKING_ROLES)


def _check_names(charter: Charter) -> None:
    ids = [agency.id for agency in charter.agencies]
    ascending(sorted([*ids, *(auditor.id for auditor in charter.auditors)]), what="agencies and auditors")
    named = {*charter.witness.agencies, *([charter.match.by] if charter.match else [])}
    if not named <= set(ids):
        raise MalformedError("a witness, or the keeper of the matching key, is not an agency of this charter")
    for agency in charter.witness.agencies:
        check_name(witness_name(charter.origin, agency))


def _check_keys(charter: Charter) -> None:
    for agency in charter.agencies:
        if not is_pair(agency.keys, Role.ROOT) or len(of_role(agency.keys, Role.RECOVERY)) != 1:
            raise MalformedError(f"{agency.id} lists two root keys, Ed25519 first, and one recovery key")
        witness = agency.id in charter.witness.agencies
        if (of_role(agency.keys, Role.WITNESS) and not witness) or (witness and not is_pair(agency.keys, Role.WITNESS)):
            raise MalformedError(f"{agency.id}: a witness lists two witness keys, Ed25519 first, others none")
        if charter.ver == 1 and not lists_every_role(agency):
            raise MalformedError(f"{agency.id} lists not every key of a newcomer")
    listed = [key.public_key for key in charter.listed_keys()]
    listed += [public_key for _, public_key in charter.log.owners()]
    if len(set(listed)) != len(listed):
        raise MalformedError("one public key stands under two names")


def _service_url(value: jsontext.JsonValue) -> str:
    text = jsontext.text(value)
    if not _URL.fullmatch(text):
        raise MalformedError("the service's URL is http or https")
    return text

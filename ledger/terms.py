"""The terms of a charter: the log's keys, witness policy, matching key, limits (docs/protocol.md, 8)."""

from dataclasses import dataclass

from crypto.encoding import b64u, unb64u
from crypto.errors import EncodingError, KeyRefusedError
from crypto.signing import Algorithm, PublicKey
from ledger import jsontext
from ledger.agencies import MAX_AGENCIES, ascending
from ledger.errors import MalformedError
from ledger.identifiers import LOG_ID, KeyId, access_origin, agency_id, hash_of, key_id
from ledger.jsontext import JsonValue
from ledger.notes import SignatureType, VerifierKey

_NOTE_TYPES = (SignatureType.ED25519, SignatureType.ML_DSA_44_COSIGNATURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeys:
    """The service's keys: two verifier keys of the log, two of its access log, and the key that signs answers."""

    vkeys: tuple[VerifierKey, ...]
    access: tuple[VerifierKey, ...]
    answer_kid: KeyId
    answer_key: bytes

    def owners(self) -> tuple[tuple[str, bytes], ...]:
        """Return each of the five public keys behind the name it belongs to."""
        notes = ((f"{key.name} {key.type.name}", key.public_key.raw) for key in (*self.vkeys, *self.access))
        return (*notes, (str(self.answer_kid), self.answer_key))

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {
            "vkeys": [key.format() for key in self.vkeys],
            "access": [key.format() for key in self.access],
            "answer": {"kid": str(self.answer_kid), "pk": b64u(self.answer_key)},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessPolicy:
    """Who cosigns, how many must, and how many of them may be dishonest; no agencies is `quorum none`."""

    agencies: tuple[str, ...] = ()
    k: int = 0
    f: int = 0

    def __post_init__(self) -> None:
        """Raise MalformedError unless 2k > n + f and k + f ≤ n, or there is no witness at all."""
        n = len(self.agencies)
        if (n, self.k, self.f) == (0, 0, 0):
            return
        if not (n and self.f >= 0 and 2 * self.k > n + self.f and self.k + self.f <= n):
            raise MalformedError("a witness policy needs 2k > n + f and k + f ≤ n")

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"agencies": list(self.agencies), "k": self.k, "f": self.f}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The matching key in use: token epoch, who hands it out, its id, and the key of the blind evaluations."""

    ep: int
    by: str
    kcid: bytes
    pk: bytes

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"ep": self.ep, "by": self.by, "kcid": b64u(self.kcid), "pk": b64u(self.pk)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one agency may do in a day, the same for all, and who may read entry bundles: `open` or `members`."""

    entries: str = "members"
    keys: int = 4
    lookups: int = 200
    own: int = 5_000
    submissions: int = 200_000
    slips: int = 1_000_000

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {
            "entries": self.entries,
            "keys": self.keys,
            "lookups": self.lookups,
            "own": self.own,
            "submissions": self.submissions,
            "slips": self.slips,
        }


def witness_name(origin: str, agency: str) -> str:
    """Return the name that an agency cosigns checkpoints of a log under: of no log, and no other witness."""
    return f"{origin}/witness/{agency}"


def parse_log_keys(value: JsonValue, *, origin: str) -> LogKeys:
    """Return the service's keys; named by the origin and `<origin>/access`; raise MalformedError."""
    vkeys, access, answer = jsontext.members(value, "vkeys", "access", "answer")
    kid, pk = jsontext.members(answer, "kid", "pk")
    answer_kid = key_id(kid)
    if answer_kid.agency != LOG_ID:
        raise MalformedError("the answer key is not one of the log's")
    return LogKeys(
        vkeys=_vkeys(vkeys, name=origin),
        access=_vkeys(access, name=access_origin(origin)),
        answer_kid=answer_kid,
        answer_key=_answer_key(pk),
    )


def parse_witness_policy(value: JsonValue) -> WitnessPolicy:
    """Return the witness policy."""
    agencies, k, f = jsontext.members(value, "agencies", "k", "f")
    ids = tuple(agency_id(item) for item in jsontext.array(agencies, high=MAX_AGENCIES))
    ascending(ids, what="witnesses")
    return WitnessPolicy(agencies=ids, k=jsontext.integer(k), f=jsontext.integer(f))


def parse_match(value: JsonValue) -> Match | None:
    """Return the matching key in use, or None while there is none."""
    if value is None:
        return None
    ep, by, kcid, pk = jsontext.members(value, "ep", "by", "kcid", "pk")
    return Match(ep=jsontext.integer(ep, low=1), by=agency_id(by), kcid=hash_of(kcid), pk=hash_of(pk))


def parse_limits(value: JsonValue) -> Limits:
    """Return the limits; raise MalformedError."""
    entries, *numbers = jsontext.members(value, "entries", "keys", "lookups", "own", "submissions", "slips")
    if entries not in ("open", "members"):
        raise MalformedError("entry bundles are open or for members")
    keys, lookups, own, submissions, slips = (jsontext.integer(number) for number in numbers)
    return Limits(
        entries=jsontext.text(entries), keys=keys, lookups=lookups, own=own, submissions=submissions, slips=slips
    )


def _vkeys(value: JsonValue, *, name: str) -> tuple[VerifierKey, ...]:
    keys = tuple(VerifierKey.parse(jsontext.text(item)) for item in jsontext.array(value, high=len(_NOTE_TYPES)))
    if [(key.name, key.type) for key in keys] != [(name, kind) for kind in _NOTE_TYPES]:
        raise MalformedError(f"the log has an Ed25519 and an ML-DSA-44 key named {name}")
    return keys


def _answer_key(value: JsonValue) -> bytes:
    try:
        return PublicKey(algorithm=Algorithm.ED25519, raw=unb64u(jsontext.text(value))).raw
    except (EncodingError, KeyRefusedError) as error:
        raise MalformedError("an answer key that must not be enrolled") from error

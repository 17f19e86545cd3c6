"""The access log: who asked what and who was told, as salted commitments (docs/protocol.md, 6.12).

Everybody can check that nothing is taken out of it; whoever is given an opening can check that it stands in it. It
says how much is asked, in eights, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from secrets import SystemRandom, token_bytes

from crypto.digests import sha256
from crypto.encoding import HASH_BYTES, b64u, lp
from ledger import jsontext
from ledger.errors import MalformedError, ProofError
from ledger.identifiers import StatementName, agency_id, hash_of, jti_of
from ledger.jsontext import JsonValue
from ledger.questions import CLASSES
from ledger.slips import Hit

LIST_HASHES = 16
SALT_BYTES = 32
FILL = 8
MAX_ENTRY_BYTES = 128
MAX_FIELD_BYTES = 1_024
HITS_TOLD = 8
_TOLD = (Hit.OPEN.value, Hit.SILENT.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessEntry:
    """One entry: a commitment to a request and one to its outcome. Random ones look the same."""

    q: bytes
    o: bytes

    def format(self) -> bytes:
        """Return the entry's one spelling."""
        return jsontext.dump({"q": b64u(self.q), "o": b64u(self.o)})


def parse_access_entry(entry: bytes) -> AccessEntry:
    """Return the entry that `entry` spells; raise TooLargeError or MalformedError."""
    q, o = jsontext.members(jsontext.load(entry, limit=MAX_ENTRY_BYTES), "q", "o")
    return AccessEntry(q=hash_of(q), o=hash_of(o))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as its asker signed it: the hash of its body, and the two fields of its signature as received."""

    iss: str
    body_hash: bytes
    signature_input: str
    signature: str

    def __post_init__(self) -> None:
        """Raise MalformedError for what no request's fields are."""
        if any(len(text) > MAX_FIELD_BYTES for text in (self.signature_input, self.signature)):
            raise MalformedError("a field of a request's signature that is too long")

    def commitment(self, *, salt: bytes) -> bytes:
        """Return `q`: H(salt ‖ lp(iss, H(body), Signature-Input, Signature))."""
        return sha256(salt + lp(self.iss, self.body_hash, self.signature_input, self.signature))

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {
            "iss": self.iss,
            "h": b64u(self.body_hash),
            "input": self.signature_input,
            "signature": self.signature,
        }


def parse_asked(value: JsonValue) -> Asked:
    """Return the request that a JSON object describes."""
    iss, body_hash, signature_input, signature = jsontext.members(value, "iss", "h", "input", "signature")
    return Asked(
        iss=agency_id(iss),
        body_hash=hash_of(body_hash),
        signature_input=jsontext.text(signature_input),
        signature=jsontext.text(signature),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldHit:
    """One record of an originator that was matched: where it stands, its jti, the class, under which policy."""

    index: int
    jti: bytes
    c: str
    hit: Hit

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"i": self.index, "jti": b64u(self.jti), "c": self.c, "hit": self.hit.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one originator is told of one question: who asked, when it was told (POSIX seconds), which records."""

    to: str
    asker: str
    at: int
    hits: tuple[ToldHit, ...]

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        hits: list[JsonValue] = [hit.to_json() for hit in self.hits]
        return {"to": self.to, "asker": self.asker, "at": self.at, "hits": hits}

    def commitment(self, *, salt: bytes) -> bytes:
        """Return H(salt ‖ result)."""
        return sha256(salt + jsontext.dump(self.to_json()))

    def names(self) -> tuple[StatementName, ...]:
        """Return the names of the records."""
        return tuple(StatementName(self.to, hit.jti) for hit in self.hits)


def parse_result(value: JsonValue) -> Result:
    """Return the result that a JSON object spells."""
    to, asker, at, hits = jsontext.members(value, "to", "asker", "at", "hits")
    return Result(
        to=agency_id(to),
        asker=agency_id(asker),
        at=jsontext.integer(at),
        hits=tuple(_told_hit(hit) for hit in jsontext.array(hits, low=1, high=HITS_TOLD)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The list of one entry: sixteen hashes under a salt. Which of them stand for somebody cannot be told."""

    salt: bytes = field(repr=False)
    hashes: tuple[bytes, ...]

    def commitment(self) -> bytes:
        """Return `o`: H(salt ‖ list)."""
        return sha256(self.salt + b"".join(self.hashes))


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeOpening:
    """What shows an originator that its result stands in the entry at `index`: the list, its place, its own salt."""

    index: int
    outcome: Outcome
    place: int
    salt: bytes = field(repr=False)

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {
            "index": self.index,
            "salt": b64u(self.outcome.salt),
            "list": [b64u(one) for one in self.outcome.hashes],
            "place": self.place,
            "own": b64u(self.salt),
        }


def parse_outcome_opening(value: JsonValue) -> OutcomeOpening:
    """Return the opening that a JSON object spells."""
    index, salt, hashes, place, own = jsontext.members(value, "index", "salt", "list", "place", "own")
    return OutcomeOpening(
        index=jsontext.integer(index),
        outcome=parse_outcome(salt=salt, hashes=hashes),
        place=jsontext.integer(place, high=LIST_HASHES - 1),
        salt=hash_of(own),
    )


def parse_outcome(*, salt: JsonValue, hashes: JsonValue) -> Outcome:
    """Return the list of an entry under its salt."""
    listed = jsontext.array(hashes, low=LIST_HASHES, high=LIST_HASHES)
    return Outcome(salt=hash_of(salt), hashes=tuple(hash_of(one) for one in listed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The secrets behind one entry: the salt of `q`, the list, and for each result in it its place and own salt.

    `is_further` says that it is not the first entry of its request: the asker is told of that alone, or their number
    would tell it how many were told in silence.
    """

    asked: Asked
    salt: bytes = field(repr=False)
    outcome: Outcome
    told: tuple[tuple[Result, int, bytes], ...] = field(repr=False)
    is_further: bool = False

    def entry(self) -> AccessEntry:
        """Return the entry that these open."""
        return AccessEntry(q=self.asked.commitment(salt=self.salt), o=self.outcome.commitment())


def draw(asked: Asked, results: Sequence[Result]) -> tuple[Drawn, ...]:
    """Return what goes into the log for one answered request: one entry, and one more for every further 16 told."""
    return tuple(
        replace(_draw_one(asked, results[start : start + LIST_HASHES]), is_further=start > 0)
        for start in range(0, max(len(results), 1), LIST_HASHES)
    )


def arrange(drawn: Sequence[Drawn], *, least: int = 0) -> tuple[tuple[AccessEntry, Drawn | None], ...]:
    """Return the entries in random order, filled with random ones (None) to `least` and a multiple of eight."""
    most = max(-(-len(drawn) // FILL) * FILL, least)
    filling = [(_random_entry(), None) for _ in range(most - len(drawn))]
    placed: list[tuple[AccessEntry, Drawn | None]] = [*((one.entry(), one) for one in drawn), *filling]
    SystemRandom().shuffle(placed)
    return tuple(placed)


def verify_asked(entry: AccessEntry, *, asked: Asked, salt: bytes) -> None:
    """Raise ProofError unless the entry is of this request."""
    if entry.q != asked.commitment(salt=salt):
        raise ProofError("the entry of the access log is of another request")


def verify_told(entry: AccessEntry, *, result: Result, opening: OutcomeOpening) -> None:
    """Raise ProofError unless the entry holds this result."""
    if entry.o != opening.outcome.commitment():
        raise ProofError("the entry of the access log has another outcome")
    if opening.outcome.hashes[opening.place] != result.commitment(salt=opening.salt):
        raise ProofError("the result is not in the outcome that the access log holds")


def _draw_one(asked: Asked, results: Sequence[Result]) -> Drawn:
    places = SystemRandom().sample(range(LIST_HASHES), len(results))
    told = tuple((result, place, token_bytes(SALT_BYTES)) for result, place in zip(results, places, strict=True))
    hashes = [token_bytes(HASH_BYTES) for _ in range(LIST_HASHES)]
    for result, place, salt in told:
        hashes[place] = result.commitment(salt=salt)
    outcome = Outcome(salt=token_bytes(SALT_BYTES), hashes=tuple(hashes))
    return Drawn(asked=asked, salt=token_bytes(SALT_BYTES), outcome=outcome, told=told)


def _random_entry() -> AccessEntry:
    return AccessEntry(q=token_bytes(HASH_BYTES), o=token_bytes(HASH_BYTES))


def _told_hit(value: JsonValue) -> ToldHit:
    index, jti, c, hit = jsontext.members(value, "i", "jti", "c", "hit")
    if c not in CLASSES or hit not in _TOLD:
        raise MalformedError("a match is of class T0 to T3, open or silent")
    return ToldHit(index=jsontext.integer(index), jti=jti_of(jti), c=jsontext.text(c), hit=Hit(hit))

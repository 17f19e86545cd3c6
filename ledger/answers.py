"""Answers: eight slots, filled or not, signed, and of one length whatever they say (docs/protocol.md, 6.8)."""

from collections.abc import Sequence
from dataclasses import dataclass

from crypto.encoding import b64u
from crypto.errors import SignatureError
from crypto.signing import Algorithm, PublicKey, Signer
from ledger import jsontext, jws
from ledger.checks import require
from ledger.errors import BadSignatureError, LedgerError, MalformedError, ProofError
from ledger.identifiers import KeyId, StatementName, agency_id, hash_of, jti_of
from ledger.jsontext import JsonValue
from ledger.padding import pad, unpad
from ledger.questions import CLASSES, parse_question, question_hash

SLOTS = 8
TYP = "sealtrace-answer+jws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A record that matches: where it stands, its name, and the class of its best token."""

    index: int
    name: StatementName
    c: str

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"i": self.index, "iss": self.name.iss, "jti": b64u(self.name.jti), "c": self.c}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the service says to one question: `q` its hash, `to` who asked, `n` the size of the tree it matched."""

    q: bytes
    to: str
    n: int
    slots: tuple[Slot, ...]
    more: bool

    def __post_init__(self) -> None:
        """Raise MalformedError for slots that are too many, out of order or beyond the tree, or more without eight."""
        places = [slot.index for slot in self.slots]
        if len(places) > SLOTS or places != sorted(set(places)) or any(place >= self.n for place in places):
            raise MalformedError(f"an answer has up to {SLOTS} slots of its tree, ascending by index")
        if self.more and len(places) != SLOTS:
            raise MalformedError("an answer that leaves records out has no slot free")


def parse_slot(value: JsonValue) -> Slot:
    """Return the slot that a JSON object spells; raise MalformedError."""
    index, iss, jti, c = jsontext.members(value, "i", "iss", "jti", "c")
    if c not in CLASSES:
        raise MalformedError("a match is of class T0 to T3")
    name = StatementName(agency_id(iss), jti_of(jti))
    return Slot(index=jsontext.integer(index), name=name, c=jsontext.text(c))


def sign_answer(answer: Answer, *, signer: Signer, kid: KeyId) -> bytes:
    """Return the answer by the service's `answer` key, padded."""
    slots: list[JsonValue] = [slot.to_json() for slot in answer.slots]
    payload = jsontext.dump(
        {
            "q": b64u(answer.q),
            "to": answer.to,
            "n": answer.n,
            "slots": [*slots, *[None] * (SLOTS - len(slots))],
            "more": answer.more,
        }
    )
    signed = jws.signing_input(_header(kid), payload)
    return pad(jws.format_compact(signed, signer.sign(signed)))


def open_answer(body: bytes, *, kid: KeyId, public_key: bytes) -> Answer:
    """Return an answer that the `answer` key of that id has signed; raise BadSignatureError or MalformedError.

    Whether it fits a question is another matter.
    """
    compact = jws.parse_compact(unpad(body))
    if compact.protected != _header(kid):
        raise BadSignatureError(f"not an answer by {kid}")
    try:
        key = PublicKey(algorithm=Algorithm.ED25519, raw=public_key)
        key.verify(message=compact.signing_input, signature=compact.signature)
    except SignatureError as error:
        raise BadSignatureError(f"the answer's signature by {kid} does not verify") from error
    return _parse(compact.payload)


def verify_answer(body: bytes, *, question: bytes, to: str, kid: KeyId, public_key: bytes) -> Answer:
    """Return the answer if it is signed, to this question by this asker, over a tree that is not an older one.

    Raises what `open_answer` raises, and ProofError for an answer to something else.
    """
    asked = parse_question(question)
    answer = open_answer(body, kid=kid, public_key=public_key)
    refusal: LedgerError = ProofError("this is the answer to another question")
    require("answer/q", expected=question_hash(question), found=answer.q, refusal=refusal)
    require("answer/to", expected=to, found=answer.to, refusal=refusal)
    if answer.n < asked.held:
        raise ProofError("the answer comes from an older tree than the asker holds")
    if any(slot.index <= asked.after for slot in answer.slots):
        raise ProofError("the answer has records that were not asked for again")
    _check_own(answer.slots, own=asked.own, to=to)
    return answer


def _check_own(slots: Sequence[Slot], *, own: bytes | None, to: str) -> None:
    """Refuse the asker's own records unless it asked for them, and always the one it asked about."""
    mine = [slot.name.jti for slot in slots if slot.name.iss == to]
    if own in mine or (mine and own is None):
        raise ProofError("the answer has a record of the asker's own that was not asked for")


def _parse(payload: bytes) -> Answer:
    q, to, n, slots, more = jsontext.members(jsontext.load(payload), "q", "to", "n", "slots", "more")
    places = jsontext.array(slots, low=SLOTS, high=SLOTS)
    filled = [place for place in places if place is not None]
    if any(place is None for place in places[: len(filled)]) or not isinstance(more, bool):
        raise MalformedError("the free slots of an answer come last")
    return Answer(
        q=hash_of(q),
        to=agency_id(to),
        n=jsontext.integer(n, low=1),
        slots=tuple(parse_slot(place) for place in filled),
        more=more,
    )


def _header(kid: KeyId) -> bytes:
    return b64u(jsontext.dump({"alg": Algorithm.ED25519.value, "kid": str(kid), "typ": TYP})).encode()

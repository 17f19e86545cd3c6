"""Questions: has anybody logged this weapon, asked by tokens alone (docs/protocol.md, 6.7).

A question is one weapon: the tokens of two marks, in one token epoch or in the two that stand beside each other.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from secrets import token_bytes

from crypto.digests import sha256
from crypto.encoding import b64u, unb64u
from crypto.errors import EncodingError
from ledger import jsontext
from ledger.errors import MalformedError
from ledger.identifiers import hash_of, jti_of
from ledger.jsontext import JsonValue

CLASSES = ("T0", "T1", "T2", "T3")
TOKEN_BYTES = 16
MAX_TOKENS = 16
MAX_EPOCHS = 2
MARKS = 2
SALT_BYTES = 32
PURPOSE_SALT_BYTES = 16
MAX_QUESTION_BYTES = 2_048
BEFORE_ALL = -1
WATCH_DAYS = 90


class Asking(Enum):
    """What a question is for: a weapon one has found, a record of one's own, or one to be watched for."""

    LOOKUP = "lookup"
    OWN = "own"
    WATCH = "watch"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AskedToken:
    """One token of a question, in the order in which they stand: by epoch, class, bytes."""

    ep: int
    c: str
    t: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as the service may read it; `held` is its `m`, `asking` its `for`, `purpose` the commitment `p`."""

    held: int
    asking: Asking
    own: bytes | None
    purpose: bytes
    after: int
    tokens: tuple[AskedToken, ...]

    def __post_init__(self) -> None:
        """Raise MalformedError for more than one weapon, or tokens out of order."""
        if (self.asking is Asking.OWN) != (self.own is not None):
            raise MalformedError("a question names a record of its own exactly if it asks about one")
        if not 1 <= len(self.tokens) <= MAX_TOKENS or list(self.tokens) != sorted(set(self.tokens)):
            raise MalformedError(f"a question has 1 to {MAX_TOKENS} tokens, each once, in order")
        most = max(Counter((token.ep, token.c) for token in self.tokens).values())
        if most > MARKS or len({token.ep for token in self.tokens}) > MAX_EPOCHS:
            raise MalformedError("a question has the tokens of one weapon: two marks, and at most two token epochs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Why one asks, committed to and kept by the asker: `p` is all that the service sees of it."""

    salt: bytes = field(repr=False)
    text: str = field(repr=False)

    @property
    def commitment(self) -> bytes:
        """Return H(salt ‖ purpose)."""
        return sha256(self.salt + self.text.encode())


def draw_purpose(text: str) -> Purpose:
    """Return a purpose with a fresh salt, so that equal purposes cannot be told."""
    return Purpose(salt=token_bytes(PURPOSE_SALT_BYTES), text=text)


def build_question(  # noqa: PLR0913 - the members of a question, each by name
    *,
    held: int,
    asking: Asking,
    purpose: bytes,
    tokens: Sequence[AskedToken],
    own: bytes | None = None,
    after: int = BEFORE_ALL,
) -> bytes:
    """Return the body of a question with a fresh salt; the tokens are put in order. Raises MalformedError."""
    question = Question(
        held=held, asking=asking, own=own, purpose=purpose, after=after, tokens=tuple(sorted(set(tokens)))
    )
    body = jsontext.dump(
        {
            "s": b64u(token_bytes(SALT_BYTES)),
            "m": question.held,
            "for": question.asking.value,
            "own": None if question.own is None else b64u(question.own),
            "p": b64u(question.purpose),
            "after": question.after,
            "tok": [{"c": token.c, "ep": token.ep, "t": b64u(token.t)} for token in question.tokens],
        }
    )
    if parse_question(body) != question:
        raise MalformedError("a question that would not be read as it was meant")
    return body


def parse_question(body: bytes) -> Question:
    """Return what a question says; raise TooLargeError or MalformedError for any other form."""
    value = jsontext.load(body, limit=MAX_QUESTION_BYTES)
    salt, held, asking, own, purpose, after, tokens = jsontext.members(
        value, "s", "m", "for", "own", "p", "after", "tok"
    )
    hash_of(salt)
    return Question(
        held=jsontext.integer(held, low=1),
        asking=_asking(asking),
        own=None if own is None else jti_of(own),
        purpose=hash_of(purpose),
        after=jsontext.integer(after, low=BEFORE_ALL),
        tokens=tuple(_token(item) for item in jsontext.array(tokens, low=1, high=MAX_TOKENS)),
    )


def question_hash(body: bytes) -> bytes:
    """Return q = H(body): what an answer names its question by."""
    return sha256(body)


def _asking(value: JsonValue) -> Asking:
    try:
        return Asking(value)
    except ValueError as error:
        raise MalformedError("a question is for lookup, own or watch") from error


def _token(value: JsonValue) -> AskedToken:
    c, ep, t = jsontext.members(value, "c", "ep", "t")
    if c not in CLASSES:
        raise MalformedError("a token is of class T0 to T3")
    try:
        token = unb64u(jsontext.text(t), size=TOKEN_BYTES)
    except EncodingError as error:
        raise MalformedError(f"a token is {TOKEN_BYTES} bytes in base64url") from error
    return AskedToken(c=jsontext.text(c), ep=jsontext.integer(ep, low=1), t=token)

"""What follows a message by itself: that it came, that it was opened, that it was recalled (docs/protocol.md, 6.14)."""

from dataclasses import dataclass, field

from crypto.encoding import b64u
from ledger import jsontext
from ledger.errors import MalformedError
from ledger.expunges import Why
from ledger.identifiers import jti_of
from ledger.jsontext import JsonValue
from ledger.labels import Purpose
from ledger.talk import reading
from ledger.talk.reading import code, optional, present

MAX_CONFIRMED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """These messages of yours are here, in log order."""

    of: tuple[bytes, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {"of": [b64u(one) for one in self.of]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A person here has looked at what you released, for this purpose."""

    purpose: Purpose

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {"purpose": self.purpose.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Please show it no longer. What was read or copied cannot be taken back."""

    why: Why
    reason: str | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the body."""
        return {"why": self.why.value, **present({"reason": self.reason})}


def parse_receipt(value: JsonValue) -> Receipt:
    """Return the receipt that a body spells; raise MalformedError."""
    (of,) = jsontext.members(value, "of")
    found = reading.listed(of, jti_of, low=1, high=MAX_CONFIRMED)
    if len(set(found)) != len(found):
        raise MalformedError("a receipt that confirms a message twice")
    return Receipt(of=found)


def parse_opened(value: JsonValue) -> Opened:
    """Return the notice that a body spells; raise MalformedError."""
    (purpose,) = jsontext.members(value, "purpose")
    return Opened(purpose=code(Purpose, purpose))


def parse_recall(value: JsonValue) -> Recall:
    """Return the recall that a body spells; raise MalformedError."""
    why, reason = jsontext.members(value, "why", "reason?")
    return Recall(why=code(Why, why), reason=optional(reading.words, reason))

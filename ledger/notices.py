"""Notices: what waits for an agency after a tick, in pages of one length (docs/protocol.md, 6.11)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from crypto.encoding import b64u
from ledger import jsontext
from ledger.accesslog import (
    Asked,
    Outcome,
    OutcomeOpening,
    Result,
    parse_asked,
    parse_outcome,
    parse_outcome_opening,
    parse_result,
)
from ledger.answers import Slot, parse_slot
from ledger.complaints import Complaint, complaint_from_json
from ledger.errors import MalformedError
from ledger.identifiers import hash_of, jti_of
from ledger.jsontext import JsonValue
from ledger.padding import PADDED_BYTES, pad, unpad
from ledger.slips import Hit

ID_BYTES = 16
MAX_REVIEWED = 100
REVIEW_HOURS = 72
OPENED_AFTER_DAYS = 30
_MOST_ITEMS = 1_000
_ROOM = PADDED_BYTES - len('{"next":9007199254740991,"more":false,"items":[]}')


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchFired:
    """A record that came after the watch `q` (the hash of the question that set it) was answered."""

    q: bytes
    slot: Slot

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"kind": "watch", "q": b64u(self.q), "slot": self.slot.to_json()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """To an originator: somebody asked for its weapon; `id` names the notice in a review."""

    id: bytes
    result: Result
    opening: OutcomeOpening

    @property
    def is_silent(self) -> bool:
        """Say whether it is to be reviewed within 72 hours."""
        return any(hit.hit is Hit.SILENT for hit in self.result.hits)

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {
            "kind": "matched",
            "id": b64u(self.id),
            "result": self.result.to_json(),
            "opening": self.opening.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedStands:
    """To an asker: where its request, by the hash of its body, stands in the access log."""

    body_hash: bytes
    index: int
    salt: bytes = field(repr=False)

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"kind": "asked", "h": b64u(self.body_hash), "index": self.index, "salt": b64u(self.salt)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """To the charter's auditors: both openings of one entry of the access log."""

    index: int
    asked: Asked
    salt: bytes = field(repr=False)
    outcome: Outcome

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {
            "kind": "audit",
            "index": self.index,
            "asked": self.asked.to_json(),
            "salt": b64u(self.salt),
            "outcome": b64u(self.outcome.salt),
            "list": [b64u(one) for one in self.outcome.hashes],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Complained:
    """To the charter's auditors: a complaint, and both openings of the entry that it calls them to."""

    complaint: Complaint
    audited: Audited

    def to_json(self) -> JsonValue:
        """Return the JSON object."""
        return {"kind": "complaint", "complaint": self.complaint.to_json(), "audit": self.audited.to_json()}


Notice: TypeAlias = WatchFired | Matched | AskedStands | Audited | Complained


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePage:
    """Some of what waits; ask again after `next`, at once if there is `more`."""

    next: int
    more: bool
    items: tuple[Notice, ...]


def spell_notice(notice: Notice) -> bytes:
    """Return the JSON of one notice."""
    return jsontext.dump(notice.to_json())


def fitting(items: Sequence[bytes]) -> int:
    """Return how many of these spelled notices, from the first on, one page can hold."""
    used = 0
    for count, item in enumerate(items):
        used += len(item) + 1
        if used > _ROOM or count == _MOST_ITEMS:
            return count
    return len(items)


def spell_page(items: Sequence[bytes], *, following: int, more: bool) -> bytes:
    """Return a padded page of notices that are spelled already."""
    listed = b",".join(items)
    head = jsontext.dump({"next": following, "more": more, "items": []})
    return pad(head.removesuffix(b"]}") + listed + b"]}")


def parse_page(body: bytes) -> NoticePage:
    """Return a page of notices; raise MalformedError for any other form or length."""
    value = jsontext.load(unpad(body), limit=PADDED_BYTES)
    following, more, items = jsontext.members(value, "next", "more", "items")
    if not isinstance(more, bool):
        raise MalformedError("a page of notices says whether there is more")
    return NoticePage(
        next=jsontext.integer(following),
        more=more,
        items=tuple(_notice(item) for item in jsontext.array(items, high=_MOST_ITEMS)),
    )


def parse_notice(raw: bytes) -> Notice:
    """Return one notice."""
    return _notice(jsontext.load(raw, limit=PADDED_BYTES))


def _notice(value: JsonValue) -> Notice:
    kind = value.get("kind") if isinstance(value, dict) else None
    match kind:
        case "watch":
            _, q, slot = jsontext.members(value, "kind", "q", "slot")
            return WatchFired(q=hash_of(q), slot=parse_slot(slot))
        case "matched":
            _, name, result, opening = jsontext.members(value, "kind", "id", "result", "opening")
            return Matched(id=jti_of(name), result=parse_result(result), opening=parse_outcome_opening(opening))
        case "asked":
            _, body_hash, index, salt = jsontext.members(value, "kind", "h", "index", "salt")
            return AskedStands(body_hash=hash_of(body_hash), index=jsontext.integer(index), salt=hash_of(salt))
        case "audit":
            return _audited(value)
        case "complaint":
            _, complaint, audited = jsontext.members(value, "kind", "complaint", "audit")
            return Complained(complaint=complaint_from_json(complaint), audited=_audited(audited))
        case _:
            raise MalformedError("a notice of no kind we know")


def _audited(value: JsonValue) -> Audited:
    kind, index, asked, salt, outcome, listed = jsontext.members(
        value, "kind", "index", "asked", "salt", "outcome", "list"
    )
    if kind != "audit":
        raise MalformedError("not the openings of an entry")
    return Audited(
        index=jsontext.integer(index),
        asked=parse_asked(asked),
        salt=hash_of(salt),
        outcome=parse_outcome(salt=outcome, hashes=listed),
    )

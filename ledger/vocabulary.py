"""Which fields a record may hold, and what makes it a record (docs/vocabulary.md, 1).

These rules bind whoever seals. Whoever opens shows an unknown field as text: a newer agency may know more.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ledger import casefields, eventfields, itemfields
from ledger.errors import LabelError
from ledger.jsontext import JsonValue
from ledger.recordform import DIGESTS, PORTIONS
from ledger.shapes import Shape, check

MAX_FIELDS = DIGESTS - len(PORTIONS)

FIELDS: Mapping[str, Shape] = MappingProxyType({**itemfields.FIELDS, **eventfields.FIELDS, **casefields.FIELDS})

_IDENTIFYING = ("item.make", "item.make_text", "item.serials", "item.lot", "item.description")


def portion_of(name: str) -> str:
    """Return the portion that the field `name` is at home in; raise LabelError for a field that does not exist."""
    if name not in FIELDS:
        raise LabelError("no field of the vocabulary has this name (docs/vocabulary.md)")
    return name.partition(".")[0]


def check_field(name: str, value: JsonValue) -> None:
    """Raise LabelError, naming the field and its rule, unless `value` is one of the field `name`."""
    portion_of(name)
    check(FIELDS[name], value, where=name)


def check_portion(portion: str, fields: Mapping[str, JsonValue]) -> None:
    """Raise LabelError unless `portion` may hold `fields`: item and event their own, the case any."""
    if portion not in PORTIONS:
        raise LabelError("a record has the portions item, event and case, and no other")
    for name, value in fields.items():
        check_field(name, value)
        if portion not in (portion_of(name), "case"):
            raise LabelError(f"{name}: {portion} holds only its own fields")


def check_record(fields: Mapping[str, JsonValue]) -> None:
    """Raise LabelError unless all `fields` of a record together tell of an item and what happened to it.

    That is: the kind of item, the kind of event, and at least a make, serials, a lot or a description to know it by.
    """
    for name in ("item.kind", "event.kind"):
        if name not in fields:
            raise LabelError(f"{name}: a record needs it")
    if len(fields) > MAX_FIELDS:
        raise LabelError(f"a record holds at most {MAX_FIELDS} fields; use a further record")
    if fields.get("item.make") == itemfields.MAKE_IN_TEXT and "item.make_text" not in fields:
        raise LabelError("item.make: ZZZ needs item.make_text")
    if not any(name in fields for name in _IDENTIFYING):
        raise LabelError("item.make: a record needs a make, serials, a lot or a description")
    _check_kind(fields)


def _check_kind(fields: Mapping[str, JsonValue]) -> None:
    own = eventfields.KINDS.get(str(fields["event.kind"]), ())
    for name in fields:
        if name in eventfields.FIELDS and name not in eventfields.COMMON and name not in own:
            raise LabelError(f"{name}: not a field of this kind of event")

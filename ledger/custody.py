"""What each kind of event says of who holds a weapon (docs/vocabulary.md, 3 and 7).

A trace asks one question of every event: was the weapon in lawful hands, did it leave them, was it met outside of
them, or did it end? The table below is that answer for every kind of `ledger.eventfields.KINDS`; a test holds the two
together, so that a new kind cannot be forgotten here.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from ledger.jsontext import JsonValue


class Custody(Enum):
    """What an event shows of a weapon's custody."""

    LAWFUL = "in lawful hands"
    LEFT = "left lawful hands"
    OUTSIDE = "met outside lawful hands"
    TAKEN_BACK = "taken back into lawful hands"
    ENDED = "made unusable"
    UNSAID = "says nothing of custody"


_KINDS: Mapping[str, Custody] = MappingProxyType(
    {
        "manufacture": Custody.LAWFUL,
        "sale": Custody.LAWFUL,
        "export": Custody.LAWFUL,
        "import": Custody.LAWFUL,
        "transit": Custody.LAWFUL,
        "post_delivery_check": Custody.LAWFUL,
        "receipt": Custody.LAWFUL,
        "issue_to_force": Custody.LAWFUL,
        "return": Custody.LAWFUL,
        "stockpile_inventory": Custody.LAWFUL,
        "loss": Custody.LEFT,
        "theft": Custody.LEFT,
        "capture": Custody.LEFT,
        "abandonment": Custody.LEFT,
        "diversion": Custody.LEFT,
        "illicit_transfer": Custody.OUTSIDE,
        "observation": Custody.UNSAID,
        "offer": Custody.OUTSIDE,
        "recovery": Custody.TAKEN_BACK,
        "buyback": Custody.TAKEN_BACK,
        "destruction": Custody.ENDED,
        "deactivation": Custody.ENDED,
        "postal_interception": Custody.TAKEN_BACK,
        "ballistic_link": Custody.UNSAID,
    }
)
# The weapon changes hands or States in these, so the next event in another State continues the same custody.
TRANSFERS = frozenset({"sale", "export", "import", "transit", "receipt"})
# After these nobody should meet the weapon again.
FINAL = frozenset({"destruction", "deactivation", "buyback"})


def custody_of(fields: Mapping[str, JsonValue]) -> Custody:
    """Return what the event of a record shows of custody; an owner recorded as illicit decides where the kind does not.

    An event that is withheld, or of a kind unknown here, says nothing.
    """
    found = _KINDS.get(str(fields.get("event.kind")), Custody.UNSAID)
    illicit = fields.get("item.owner_class") == "illicit"
    return Custody.OUTSIDE if illicit and found in (Custody.UNSAID, Custody.LAWFUL) else found

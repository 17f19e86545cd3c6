"""The fields of an event in a weapon's life: those of every kind, and those of some kinds only (docs/vocabulary.md, 3).

A place in the event portion is never finer than a square kilometre; what is finer belongs into the case.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ledger.shapes import (
    Group,
    Shape,
    code,
    country,
    edtf,
    flag,
    integer,
    locode,
    mgrs,
    pattern,
    postal_item,
    sha256,
    text,
)

_TRANSFER = (
    "event.licence",
    "event.end_user",
    "event.end_user_certificate",
    "event.from_locode",
    "event.to_locode",
    "event.ship_date",
    "event.list_root",
)
_END_OF_LIFE = ("event.method", "event.certificate")

# Each kind with the fields it has beside the common ones.
KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "manufacture": (),
        "sale": ("event.sale",),
        "export": _TRANSFER,
        "import": _TRANSFER,
        "transit": _TRANSFER,
        "post_delivery_check": ("event.list_root", "event.discrepancies"),
        "receipt": ("event.list_root", "event.discrepancies"),
        "issue_to_force": ("event.force",),
        "return": ("event.force",),
        "stockpile_inventory": ("event.list_root", "event.inventory"),
        "loss": (),
        "theft": (),
        "capture": (),
        "abandonment": (),
        "diversion": ("event.evidence", "event.confidence"),
        "illicit_transfer": (),
        "observation": ("event.observation",),
        "offer": ("event.offer", "event.platform", "event.listing_id", "event.price"),
        "recovery": ("event.recovery",),
        "buyback": (),
        "destruction": _END_OF_LIFE,
        "deactivation": _END_OF_LIFE,
        "postal_interception": ("event.postal_item", "event.suspicious"),
        "ballistic_link": ("event.ballistic_system", "event.ballistic_reference"),
    }
)

_PRICE = Group(
    required={
        "amount": pattern(r"(0|[1-9][0-9]{0,11})(\.[0-9]{2})?", "decimal number as text, like 1500.00"),
        "currency": pattern(r"[A-Z]{3}", "ISO 4217 code"),
    }
)

COMMON: Mapping[str, Shape] = MappingProxyType(
    {
        "event.kind": code(*KINDS),
        "event.date": edtf(),
        "event.country": country(),
        "event.locode": locode(),
        "event.mgrs": mgrs(finest_metres=1_000),
        "event.place": text(120),
        "event.count": integer(1, 1_000_000_000),
    }
)

FIELDS: Mapping[str, Shape] = MappingProxyType(
    {
        **COMMON,
        "event.sale": code("first_retail", "resale"),
        "event.licence": text(60),
        "event.end_user": text(120),
        "event.end_user_certificate": text(60),
        "event.from_locode": locode(),
        "event.to_locode": locode(),
        "event.ship_date": edtf(),
        "event.list_root": sha256(),
        "event.discrepancies": text(300),
        "event.force": text(120),
        "event.inventory": code("physical", "book"),
        "event.evidence": text(300),
        "event.confidence": code("low", "moderate", "high"),
        "event.observation": code("seen", "photographed", "documented"),
        "event.offer": code("market", "online"),
        "event.platform": text(80),
        "event.listing_id": text(80),
        "event.price": _PRICE,
        "event.recovery": code("seized", "found", "surrendered"),
        "event.method": text(60),
        "event.certificate": text(60),
        "event.postal_item": postal_item(),
        "event.suspicious": flag(),
        "event.ballistic_system": code("IBIN", "NIBIN"),
        "event.ballistic_reference": text(60),
    }
)

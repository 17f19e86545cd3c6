"""The fields of the case: what would reveal it, by default sealed to the originator only (docs/vocabulary.md, 4)."""

from collections.abc import Mapping
from types import MappingProxyType

from ledger.shapes import Group, Many, Shape, code, instant, mgrs, pattern, sha256, text

PERSON_ROLES = ("suspect", "victim", "witness", "owner", "seller", "buyer", "carrier", "other")

_PERSON = Group(required={"name": text(120)}, optional={"role": code(*PERSON_ROLES), "text": text(200)})

FIELDS: Mapping[str, Shape] = MappingProxyType(
    {
        "case.case_number": text(80),
        "case.offence": text(120),
        "case.actor": text(120),
        "case.circumstances": text(1_200),
        "case.persons": Many(item=_PERSON, high=8),
        "case.source": text(200),
        "case.evaluation": pattern(r"[A-F][1-6]", "Admiralty code: source A-F, information 1-6, like B2"),
        "case.time": instant(),
        "case.place": text(200),
        "case.mgrs": mgrs(finest_metres=1),
        "case.photos": Many(item=sha256(), high=8),
        "case.officer": text(200),
        "case.seller": text(200),
        "case.buyer": text(200),
        "case.from_group": text(120),
        "case.to_group": text(120),
        "case.alias": text(80),
    }
)

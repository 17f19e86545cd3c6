"""The fields of a weapon or other item (docs/vocabulary.md, 2).

Each field is one disclosure, the least that can be withheld or released, so what may have to be shown apart stands
apart. The official lists of makes and calibres are the user's to load; here only the form of their codes is checked.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ledger.shapes import Group, Many, Shape, code, country, pattern, text

KINDS = (
    "small_arm",
    "light_weapon",
    "part_or_component",
    "ammunition",
    "explosive",
    "night_vision",
    "communications",
    "biometric",
    "uas",
    "aircraft",
    "vehicle",
    "other",
)
CONDITIONS = ("legible", "partial", "worn", "obliterated", "altered", "restored", "never_marked", "not_recorded")
SERIAL_LOCATIONS = ("frame", "slide", "barrel", "bolt", "other")
SERIAL_KINDS = ("maker", "import", "property", "unit", "restored")
OWNER_CLASSES = ("state_force", "police", "licensed_private", "dealer", "maker", "illicit", "unknown")
METHODS = ("printed", "kit", "craft", "converted")
MAKE_IN_TEXT = "ZZZ"

# NCIC type (first letter) and description (second letter), as NIEM 1.0 publishes them.
NCIC_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "A": "cannon",
        "B": "submachine gun or machine pistol",
        "C": "rifle-shotgun combination",
        "D": "disguised gun",
        "E": "electric shock gun",
        "F": "ammunition",
        "G": "grenade",
        "H": "bomb",
        "I": "mine",
        "J": "missile",
        "K": "rocket",
        "M": "machine gun",
        "O": "mortar",
        "P": "pistol",
        "Q": "shotgun pistol",
        "R": "rifle",
        "S": "shotgun",
        "V": "silencer",
        "Z": "other",
    }
)
NCIC_DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "A": "automatic",
        "B": "bolt action",
        "C": "carbine",
        "D": "derringer",
        "E": "double-barrel",
        "F": "flare",
        "G": "gas or air",
        "H": "flintlock",
        "I": "semi-automatic",
        "J": "jet-propelled",
        "K": "blank",
        "L": "lever action",
        "N": "launcher",
        "O": "over and under",
        "P": "pump action",
        "R": "revolver",
        "S": "single-shot",
        "T": "recoilless",
        "U": "percussion",
        "V": "tear gas",
        "W": "three barrels",
        "X": "four or more barrels",
    }
)

# Headings of the Harmonized System 2022; a subheading adds two digits.
HS_HEADINGS = (
    "3601",
    "3602",
    "3603",
    "8525",
    "8526",
    "8710",
    "8802",
    "8806",
    "9005",
    "9013",
    "9301",
    "9302",
    "9303",
    "9304",
    "9305",
    "9306",
    "9307",
)

_YEAR = pattern(r"[0-9]{4}", "year of four digits, as text")
_MARK = Group(optional={"country": country(), "year": _YEAR, "text": text(60)})
_SERIAL = Group(
    required={"as_marked": text(200), "condition": code(*CONDITIONS)},
    optional={
        "script": pattern(r"[A-Z][a-z]{3}", "ISO 15924 script, like Latn"),
        "location": code(*SERIAL_LOCATIONS),
        "kind": code(*SERIAL_KINDS),
    },
)
_HEADSTAMP = Group(
    optional={
        "maker": text(20),
        "year": pattern(r"[0-9]{2}|[0-9]{4}", "year of two or four digits, as stamped, as text"),
        "calibre": text(40),
        "text": text(60),
    }
)

FIELDS: Mapping[str, Shape] = MappingProxyType(
    {
        "item.kind": code(*KINDS),
        "item.type": pattern(
            f"[{''.join(NCIC_TYPES)}][{''.join(NCIC_DESCRIPTIONS)}]?", "NCIC TYP code of one or two letters, like PI"
        ),
        "item.type_text": text(80),
        "item.make": pattern(r"[A-Z0-9]{2,5}", "NCIC MAK code, like COL; ZZZ with item.make_text"),
        "item.make_text": text(80),
        "item.model": text(80),
        "item.frt_no": pattern(r"[0-9A-Z][0-9A-Z-]{0,19}", "firearms reference table number, like 10421-2"),
        "item.nsn": pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{3}-[0-9]{4}", "NATO stock number, like 5855-01-432-0524"),
        "item.calibre": text(40),
        "item.calibre_code": pattern(r"[0-9]{1,4}", "NCIC CAL code, like 9"),
        "item.country_of_manufacture": country(),
        "item.serials": Many(item=_SERIAL, high=8),
        "item.condition": code(*CONDITIONS),
        "item.import_mark": _MARK,
        "item.proof_marks": Many(item=_MARK, high=8),
        "item.year_mark": text(20),
        "item.unit_mark": text(60),
        "item.owner_class": code(*OWNER_CLASSES),
        "item.lot": text(60),
        "item.headstamp": _HEADSTAMP,
        "item.method": code(*METHODS),
        "item.design_family": text(60),
        "item.defects": text(240),
        "item.description": text(500),
        "item.hs_code": pattern(
            f"({'|'.join(HS_HEADINGS)})([0-9]{{2}})?",
            "HS 2022 code of four or six digits, of 3601-3603, 8525, 8526, 8710, 8802, 8806, 9005, 9013, 9301-9307",
        ),
    }
)


def type_name(ncic: str) -> str:
    """Return the words for an NCIC type: `PI` is a semi-automatic pistol."""
    kind = NCIC_TYPES.get(ncic[:1], ncic)
    return f"{NCIC_DESCRIPTIONS[ncic[1:]]} {kind}" if ncic[1:] in NCIC_DESCRIPTIONS else kind

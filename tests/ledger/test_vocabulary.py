"""The vocabulary: which fields there are, what makes a record, and that the document says the same."""

import contextlib
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import casefields, eventfields, itemfields
from ledger.errors import LabelError
from ledger.jsontext import JsonValue
from ledger.labels import CAVEATS, Compartment, Level, Purpose
from ledger.shapes import Group, Leaf, Many, Shape
from ledger.vocabulary import FIELDS, MAX_FIELDS, check_field, check_portion, check_record, portion_of
from tests.support.fields import PISTOL, json_values
from tests.support.reference import data

ROOT = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "vocabulary.md"

# One good value for every field: a field without one here fails the test below.
GOOD: dict[str, JsonValue] = {
    "item.kind": "night_vision",
    "item.type": "PI",
    "item.type_text": "pistola semiautomática",
    "item.make": "TAU",
    "item.make_text": "Forjas Taurus",
    "item.model": "PT 92 AFS",
    "item.frt_no": "10421-2",
    "item.nsn": "5855-01-432-0524",
    "item.calibre": "9 mm Luger",
    "item.calibre_code": "9",
    "item.country_of_manufacture": "YUG",
    "item.serials": [
        {"as_marked": "АБ 1234", "script": "Cyrl", "location": "frame", "kind": "maker", "condition": "legible"},
        {"as_marked": "raspado", "condition": "obliterated"},
    ],
    "item.condition": "worn",
    "item.import_mark": {"country": "USA", "year": "1994", "text": "CAI ST ALB VT"},
    "item.proof_marks": [{"country": "BEL"}, {"year": "1938"}],
    "item.year_mark": "ac 43",
    "item.unit_mark": "3. K.R.123",
    "item.owner_class": "police",
    "item.lot": "LC-12A345-678",
    "item.headstamp": {"maker": "LC", "year": "12", "calibre": "5.56x45", "text": "LC 12 +"},
    "item.method": "printed",
    "item.design_family": "FGC-9",
    "item.defects": "ridge at 4 o'clock in the chamber",
    "item.description": "no code says this",
    "item.hs_code": "930690",
    "event.kind": "recovery",
    "event.date": "2021-03/2021-04~",
    "event.country": "XAR",
    "event.locode": "XARIO",
    "event.mgrs": "23KPQ8765",
    "event.place": "port, shed 4",
    "event.count": 12,
    "event.sale": "first_retail",
    "event.licence": "E-2021-77",
    "event.end_user": "Ministry of Defence",
    "event.end_user_certificate": "EUC 12/2021",
    "event.from_locode": "BRRIO",
    "event.to_locode": "XBEAA",
    "event.ship_date": "2021-03-01",
    "event.list_root": ROOT,
    "event.discrepancies": "two crates short",
    "event.force": "2nd border battalion",
    "event.inventory": "physical",
    "event.evidence": "end-user certificate forged",
    "event.confidence": "moderate",
    "event.observation": "photographed",
    "event.offer": "online",
    "event.platform": "a messenger channel",
    "event.listing_id": "8812/4",
    "event.price": {"amount": "1500.00", "currency": "USD"},
    "event.recovery": "surrendered",
    "event.method": "cut in three",
    "event.certificate": "D-44",
    "event.postal_item": "RR473124829XA",
    "event.suspicious": True,
    "event.ballistic_system": "IBIN",
    "event.ballistic_reference": "XAR-2021-0007",
    "case.case_number": "2021/443",
    "case.offence": "illicit possession",
    "case.actor": "a group",
    "case.circumstances": "first line\nsecond line",
    "case.persons": [{"name": "N. N.", "role": "suspect", "text": "seen twice"}, {"name": "M. M."}],
    "case.source": "a witness",
    "case.evaluation": "B2",
    "case.time": "2021-03-14T22:05-03:00",
    "case.place": "behind the old mill",
    "case.mgrs": "23KPQ8765412345",
    "case.photos": [ROOT],
    "case.officer": "desk 4, +000 000",
    "case.seller": "a dealer",
    "case.buyer": "a buyer",
    "case.from_group": "one group",
    "case.to_group": "another group",
    "case.alias": "ironmonger7",
}

BAD: list[tuple[str, JsonValue]] = [
    ("item.kind", "gun"),
    ("item.type", "XP"),
    ("item.type", "PIA"),
    ("item.type", "L"),
    ("item.make", "tau"),
    ("item.make", "T"),
    ("item.make_text", "x" * 81),
    ("item.frt_no", "-1"),
    ("item.nsn", "5855014320524"),
    ("item.calibre_code", "9 mm"),
    ("item.country_of_manufacture", "BR"),
    ("item.serials", []),
    ("item.serials", "ABE573528"),
    ("item.serials", [{"as_marked": "ABE573528"}]),
    ("item.serials", [{"condition": "legible"}]),
    ("item.serials", [{"as_marked": "", "condition": "never_marked"}]),
    ("item.serials", [{"as_marked": "1", "condition": "good"}]),
    ("item.serials", [{"as_marked": "1", "condition": "legible", "location": "stock"}]),
    ("item.serials", [{"as_marked": "1", "condition": "legible", "script": "latin"}]),
    ("item.serials", [{"as_marked": "1", "condition": "legible", "note": "x"}]),
    ("item.serials", [{"as_marked": "1", "condition": "legible"}] * 9),
    ("item.import_mark", {}),
    ("item.import_mark", {"year": 1994}),
    ("item.proof_marks", {"country": "BEL"}),
    ("item.headstamp", {"year": "012"}),
    ("item.owner_class", "army"),
    ("item.method", "3D"),
    ("item.hs_code", "9401"),
    ("item.hs_code", "93069"),
    ("event.kind", "seizure"),
    ("event.date", "14/03/2021"),
    ("event.locode", "BR RIO"),
    ("event.count", 0),
    ("event.count", "12"),
    ("event.list_root", ROOT + "="),
    ("event.price", {"amount": 1500, "currency": "USD"}),
    ("event.price", {"amount": "1500.5", "currency": "USD"}),
    ("event.price", {"amount": "0100", "currency": "USD"}),
    ("event.price", {"amount": "1500.00"}),
    ("event.postal_item", "RR473124820XA"),
    ("event.suspicious", "yes"),
    ("case.evaluation", "2B"),
    ("case.time", "2021-03-14T22:05"),
    ("case.persons", [{"role": "suspect"}]),
    ("case.persons", ["N. N."]),
    ("case.photos", ["IMG_0001.jpg"]),
    ("case.circumstances", "x" * 1_201),
]


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_values_that_fit(name: str) -> None:
    """For each field of the vocabulary an ordinary value of the trade is taken."""
    check_field(name, GOOD[name])


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_value_outside_its_table_is_refused_by_field(name: str, value: JsonValue) -> None:
    """A refusal begins with the field, so a list's report can name the column."""
    with pytest.raises(LabelError) as refusal:
        check_field(name, value)

    assert str(refusal.value).startswith(name)


@given(st.sampled_from(sorted(FIELDS)), json_values())
def test_any_value_of_any_field_fits_or_is_refused(name: str, value: JsonValue) -> None:
    """No value makes a field fail with anything but our error."""
    with contextlib.suppress(LabelError):
        check_field(name, value)


def test_the_good_values_are_for_real_fields() -> None:
    """The list of examples has no field that the vocabulary lacks."""
    assert set(FIELDS) == set(GOOD)


@pytest.mark.parametrize("name", ["item.caliber", "item.label", "make", "", "item.", "route.x", "case.item.make"])
def test_a_name_outside_the_vocabulary_is_refused_without_quoting_it(name: str) -> None:
    """An unknown column is refused; its name may itself be content, so it is not repeated."""
    with pytest.raises(LabelError) as refusal:
        check_field(name, "x")
    with pytest.raises(LabelError):
        portion_of(name)

    assert not name or name not in str(refusal.value)


def test_item_and_event_hold_their_own_fields_and_the_case_any() -> None:
    """A field keeps its name wherever it is sealed, and only the case takes guests."""
    check_portion("item", {"item.make": "TAU"})
    check_portion("event", {"event.kind": "loss"})
    check_portion("case", {"item.make": "TAU", "event.kind": "loss", "case.alias": "x"})
    check_portion("item", {})


@pytest.mark.parametrize(
    ("portion", "name"),
    [("item", "event.place"), ("item", "case.alias"), ("event", "item.make"), ("event", "case.time")],
)
def test_a_field_in_the_wrong_portion_is_refused(portion: str, name: str) -> None:
    """The label of the item never comes to cover a field of the case."""
    with pytest.raises(LabelError) as refusal:
        check_portion(portion, {name: GOOD[name]})

    assert str(refusal.value).startswith(name)


@pytest.mark.parametrize("portion", ["", "slip", "label", "Item"])
def test_there_are_three_portions(portion: str) -> None:
    """A portion that does not exist holds nothing, not even no fields."""
    with pytest.raises(LabelError):
        check_portion(portion, {})


def test_a_portion_with_a_bad_value_is_refused() -> None:
    """Checking a portion checks every value in it."""
    with pytest.raises(LabelError):
        check_portion("item", {"item.make": "TAU", "item.condition": "good"})


def test_a_pistol_recovered_is_a_record() -> None:
    """The usual record passes."""
    check_record(PISTOL)


@pytest.mark.parametrize("kind", itemfields.KINDS)
@pytest.mark.parametrize("event", eventfields.KINDS)
def test_every_item_kind_meets_every_event_kind(kind: str, event: str) -> None:
    """Anything can happen to anything: the vocabulary forbids no pair."""
    fields: dict[str, JsonValue] = {"item.kind": kind, "event.kind": event, "item.description": "one of them"}
    fields |= {name: GOOD[name] for name in (*eventfields.KINDS[event], *(eventfields.COMMON.keys() - {"event.kind"}))}

    check_portion("case", fields)
    check_record(fields)


@pytest.mark.parametrize("missing", ["item.kind", "event.kind"])
def test_a_record_needs_both_kinds(missing: str) -> None:
    """Without what it is or what happened there is nothing to trace."""
    with pytest.raises(LabelError) as refusal:
        check_record({name: value for name, value in PISTOL.items() if name != missing})

    assert str(refusal.value).startswith(missing)


@pytest.mark.parametrize("name", ["item.make", "item.make_text", "item.serials", "item.lot", "item.description"])
def test_one_way_to_know_the_item_is_enough(name: str) -> None:
    """A make, serials, a lot or a description: any one of them makes a record."""
    check_record({"item.kind": "other", "event.kind": "loss", name: GOOD[name]})


def test_an_item_nobody_could_know_is_refused() -> None:
    """Model and calibre alone identify nothing."""
    with pytest.raises(LabelError):
        check_record({"item.kind": "small_arm", "event.kind": "loss", "item.model": "92", "item.calibre": "9 mm"})


def test_zzz_is_no_make_without_its_text() -> None:
    """ZZZ says `see the text`, so without the text it says nothing."""
    bare: dict[str, JsonValue] = {"item.kind": "small_arm", "event.kind": "loss", "item.make": "ZZZ"}
    with pytest.raises(LabelError) as refusal:
        check_record(bare)

    check_record(bare | {"item.make_text": "unknown workshop"})
    assert str(refusal.value).startswith("item.make:")


def _foreign() -> list[tuple[str, str]]:
    own = {kind: {*names, *eventfields.COMMON} for kind, names in eventfields.KINDS.items()}
    return [(kind, name) for kind in eventfields.KINDS for name in eventfields.FIELDS if name not in own[kind]]


def test_a_field_of_another_event_is_refused() -> None:
    """A loss has no price and a sale no postal item: a wrong column is caught before it is signed."""
    for kind, name in _foreign():
        fields: dict[str, JsonValue] = {
            "item.kind": "other",
            "item.lot": "1",
            "event.kind": kind,
            name: GOOD[name],
        }
        with pytest.raises(LabelError) as refusal:
            check_record(fields)

        assert str(refusal.value).startswith(name)


def test_every_field_of_an_event_belongs_to_some_kind() -> None:
    """No event field is defined that no kind of event may hold."""
    used = {name for names in eventfields.KINDS.values() for name in names} | eventfields.COMMON.keys()

    assert set(eventfields.FIELDS) == used


def test_a_record_holds_no_more_fields_than_it_has_digests() -> None:
    """Three of the 48 digests are the labels'; a 46th field goes into a further record."""
    names = [name for name in FIELDS if not name.startswith("event.")]
    most: dict[str, JsonValue] = {"event.kind": "loss", **{name: GOOD[name] for name in names}}
    assert len(most) <= MAX_FIELDS == 45

    crowded = most | {f"item.x{number}": "x" for number in range(MAX_FIELDS - len(most) + 1)}
    check_record(most)
    with pytest.raises(LabelError):
        check_record(crowded)


@pytest.mark.parametrize(
    ("ncic", "words"),
    [("PI", "semi-automatic pistol"), ("PR", "revolver pistol"), ("R", "rifle"), ("Z", "other"), ("??", "??")],
)
def test_a_type_is_shown_in_words(ncic: str, words: str) -> None:
    """People read words; an unknown code is shown as it is."""
    assert words == itemfields.type_name(ncic)


def test_our_type_codes_are_those_of_ncic() -> None:
    """The small tables in the code hold exactly the published codes."""
    for file, ours in (
        ("ncic_TYP_niem1.0.csv", itemfields.NCIC_TYPES),
        ("ncic_TYPDescription_niem1.0.csv", itemfields.NCIC_DESCRIPTIONS),
    ):
        with data(file).open(encoding="utf-8", newline="") as rows:
            assert [row["code"] for row in csv.DictReader(rows)] == list(ours)


def test_every_published_make_and_calibre_code_fits() -> None:
    """An official list can be loaded whole: each of its codes can be sealed."""
    for file, name in (("ncic_MAK_niem1.0.csv", "item.make"), ("ncic_CAL_niem1.0.csv", "item.calibre_code")):
        with data(file).open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                check_field(name, row["code"])


def test_every_published_subheading_of_our_headings_fits() -> None:
    """Each six-digit code of the Harmonized System under a heading we name can be sealed."""
    with data("hs_arms_and_materiel.csv").open(encoding="utf-8", newline="") as rows:
        codes = [row["hscode"] for row in csv.DictReader(rows) if row["hscode"][:4] in itemfields.HS_HEADINGS]

    assert len(codes) > 40
    for code in codes:
        check_field("item.hs_code", code)


def _rows(path: str, shape: Shape) -> Iterator[tuple[str, str, str]]:
    """Return the rows that document one field: itself and what it holds, member by member."""
    match shape:
        case Leaf():
            yield path, shape.rule, shape.expression
        case Many():
            yield path, f"list of 1 to {shape.high}", ""
            yield from _rows(f"{path}[]", shape.item)
        case Group():
            yield path, "object of at least one member", ""
            for name, member in shape.required.items():
                yield from _rows(f"{path}.{name}", member)
            for name, member in shape.optional.items():
                yield from _rows(f"{path}.{name}?", member)


def _documented(pattern: str) -> list[tuple[str, ...]]:
    cells = re.compile(r"(?<!\\)\|")
    lines = (line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if re.match(pattern, line))
    rows = [[cell.strip().strip("`").replace("\\|", "|") for cell in cells.split(line)[1:-1]] for line in lines]
    return [tuple(row) for row in rows]


def test_the_document_has_the_codes_table_of_fields() -> None:
    """docs/vocabulary.md is normative: it lists each field with its value, in order, and no other."""
    expected = [
        row
        for module in (itemfields, eventfields, casefields)
        for name, shape in module.FIELDS.items()
        for row in _rows(name, shape)
    ]

    assert expected == _documented(r"\| `(item|event|case)\.")


def test_the_document_has_the_codes_table_of_events() -> None:
    """docs/vocabulary.md lists each kind of event with the fields of its own."""
    expected = [(kind, "`, `".join(names)) for kind, names in eventfields.KINDS.items()]

    assert expected == [row for row in _documented(r"\| `[a-z_]+` \| (`event|\s*\|$)") if row[0] in eventfields.KINDS]


def test_the_document_lists_the_codes_of_labels() -> None:
    """docs/vocabulary.md, 5 names every level, compartment, purpose and caveat, and no other."""
    rows = {row[0]: row[1] for row in _documented(r"\| `(level|comp|purp|cav)` \|")}

    def named(member: str) -> list[str]:
        return re.findall(r"\b[A-Z][A-Z0-9]+(?:-[A-Z]+)?\b", rows[member].partition(";")[0].partition(":text")[0])

    assert [level.value for level in Level] == named("level")
    assert sorted(code.value for code in Compartment) == named("comp")
    assert sorted(code.value for code in Purpose) == named("purp")
    assert set(CAVEATS) == set(re.findall(r"[A-Z0-9]+-[A-Z]+|ORCON", rows["cav"]))

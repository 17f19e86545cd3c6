"""Labels: one spelling, closed codes, and who is named."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given

from ledger.errors import LabelError
from ledger.jsontext import JsonValue, dump, load
from ledger.labels import (
    Compartment,
    Label,
    Level,
    Members,
    MembersAt,
    Purpose,
    Terms,
    label_from_json,
    level_of,
    purpose_of,
    readers,
)
from tests.support.fields import EVERYBODY, MEMBERS, US, json_values, label, labels

FULL = Label(
    level=Level.CONFIDENTIAL,
    rel=("xbe-cib", "xco-npa"),
    comp=frozenset({Compartment.SRC, Compartment.CT}),
    purp=frozenset({Purpose.TRACE, Purpose.CRIM}),
    cav=("H3:not before trial", "ORCON"),
    eval="B2",
    review_by=date(2030, 1, 31),
    expires=date(2031, 12, 31),
    native="DIFFUSION RESTREINTE · ÉTAT-MAJOR",
)
FULL_JSON = (
    '{"level":"CONFIDENTIAL","rel":["xbe-cib","xco-npa"],"comp":["CT","SRC"],"purp":["CRIM","TRACE"],'
    '"cav":["H3:not before trial","ORCON"],"eval":"B2","review_by":"2030-01-31","expires":"2031-12-31",'
    '"native":"DIFFUSION RESTREINTE · ÉTAT-MAJOR"}'
)


def _json(**changes: JsonValue) -> JsonValue:
    """Return a good label's JSON, with members changed in place or, if new, added at the end."""
    base: dict[str, JsonValue] = {"level": "RESTRICTED", "rel": ["xbe-cib"], "comp": [], "purp": ["TRACE"], "cav": []}
    return base | changes


def test_a_full_label_is_spelled_to_the_byte() -> None:
    """The members of a label stand in their one order, lists sorted: these bytes are signed for ever."""
    assert FULL_JSON.encode() == dump(FULL.to_json())
    assert label_from_json(load(FULL_JSON.encode())) == FULL


def test_the_smallest_label_leaves_out_what_it_does_not_say() -> None:
    """Absent members are left out of a label, never null."""
    smallest = Label(level=Level.SECRET, rel=(), purp=frozenset({Purpose.TRACE}))

    assert dump(smallest.to_json()) == b'{"level":"SECRET","rel":[],"comp":[],"purp":["TRACE"],"cav":[]}'


def test_all_members_of_a_charter_version_are_one_word() -> None:
    """`members@V` names a charter version, not a list that could be longer than twenty."""
    everybody = Label(level=Level.RESTRICTED, rel=MembersAt(version=12), purp=frozenset({Purpose.TRACE}))

    assert everybody.to_json()["rel"] == "members@12"
    assert everybody == label_from_json(_json(rel="members@12"))


@given(labels())
def test_every_label_reads_back_from_its_one_spelling(drawn: Label) -> None:
    """What is written is read back equal, through the bytes a portion holds."""
    assert drawn == label_from_json(load(dump(drawn.to_json())))


@given(json_values())
def test_any_other_value_is_refused_with_our_error(value: JsonValue) -> None:
    """A label read from anybody's bytes is a label or a LabelError, and nothing else."""
    try:
        parsed = label_from_json(value)
    except LabelError:
        return
    assert parsed.to_json() == value


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("top secret", _json(level="TOP SECRET")),
        ("a level in small letters", _json(level="secret")),
        ("a level that is a number", _json(level=3)),
        ("a level that is a list", _json(level=["SECRET"])),
        ("an unknown compartment", _json(comp=["HCS"])),
        ("an unknown purpose", _json(purp=["FUN"])),
        ("no purpose", _json(purp=[])),
        ("an unknown caveat", _json(cav=["NOFORN"])),
        ("an empty handling text", _json(cav=["H3:"])),
        ("a handling text of two lines", _json(cav=["H3:a\nb"])),
        ("a handling text that is too long", _json(cav=["H3:" + "x" * 121])),
        ("a handling text with a space before it", _json(cav=["H3: a"])),
        ("too many caveats", _json(cav=[f"H3:{number}" for number in range(9)])),
        ("a release to no agency id", _json(rel=["Interpol"])),
        ("a release to a number", _json(rel=[7])),
        ("a release to 21", _json(rel=[f"xaa-a{number:02}" for number in range(21)])),
        ("a release to an object", _json(rel={"xbe-cib": True})),
        ("a charter version of zero", _json(rel="members@0")),
        ("a charter version with a zero before it", _json(rel="members@01")),
        ("a charter version in other digits", _json(rel="members@\u0663")),
        ("a charter version with a line end", _json(rel="members@1\n")),
        ("a charter version beyond all", _json(rel="members@1000000")),
        ("an agency as a bare text", _json(rel="xbe-cib")),
        ("an unsorted release", _json(rel=["xco-npa", "xbe-cib"])),
        ("an agency named twice", _json(rel=["xbe-cib", "xbe-cib"])),
        ("unsorted compartments", _json(comp=["SRC", "CT"])),
        ("a compartment named twice", _json(comp=["CT", "CT"])),
        ("a purpose named twice", _json(purp=["TRACE", "TRACE"])),
        ("unsorted caveats", _json(cav=["ORCON", "NO-PUB"])),
        ("caveats that are a text", _json(cav="ORCON")),
        ("an evaluation that no table has", _json(eval="G2")),
        ("an evaluation that is a number", _json(eval=2)),
        ("an absent member written as null", _json(eval=None)),
        ("a review day of another spelling", _json(review_by="20310101")),
        ("an expiry that is in no calendar", _json(expires="2031-02-30")),
        ("an expiry that is a number", _json(expires=20310101)),
        ("a national marking of two lines", _json(native="A\tB")),
        ("a national marking that is too long", _json(native="é" * 61)),
        ("an empty national marking", _json(native="")),
        ("an unknown member", _json(note="x")),
        ("members in another order", {"rel": [], "level": "SECRET", "comp": [], "purp": ["TRACE"], "cav": []}),
        ("a missing member", {"level": "SECRET", "rel": [], "comp": [], "purp": ["TRACE"]}),
        ("no object", ["SECRET"]),
        ("nothing", None),
    ],
)
def test_what_is_not_known_or_spelled_otherwise_is_refused(what: str, value: JsonValue) -> None:
    """An unknown code, a second spelling or a spare member is refused: unknown means nobody reads it."""
    with pytest.raises(LabelError) as refusal:
        label_from_json(value)

    assert str(refusal.value).startswith("label: "), what


def test_a_refusal_never_quotes_what_it_refuses() -> None:
    """The text of a refusal names member and rule; the value may be the secret."""
    for value in (_json(cav=["H3:" + "operation nightjar " * 9]), _json(level="operation nightjar")):
        with pytest.raises(LabelError) as refusal:
            label_from_json(value)

        assert "nightjar" not in str(refusal.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"rel": ("xco-npa", "xbe-cib")},
        {"rel": ("XBE-CIB",)},
        {"cav": ("ORCON", "ORCON")},
        {"purp": frozenset()},
        {"eval": "B7"},
        {"native": " VS "},
    ],
)
def test_a_label_that_could_not_be_spelled_cannot_be_built(changes: dict[str, object]) -> None:
    """Code cannot build what a parser would refuse, so whatever is sealed can be opened."""
    with pytest.raises(LabelError):
        replace(FULL, **changes)  # type: ignore[arg-type]  # the wrong values are the point


@pytest.mark.parametrize("version", [0, -1, 1_000_000])
def test_a_charter_version_has_bounds(version: int) -> None:
    """No label names a version that no charter will have."""
    with pytest.raises(LabelError):
        MembersAt(version=version)


def test_levels_are_ordered_by_harm() -> None:
    """UNCLASSIFIED < RESTRICTED < CONFIDENTIAL < SECRET, whatever order the alphabet has."""
    assert sorted(Level) == [Level.UNCLASSIFIED, Level.RESTRICTED, Level.CONFIDENTIAL, Level.SECRET]
    assert Level.SECRET is max(Level)
    assert Level.RESTRICTED <= Level.RESTRICTED
    assert Level.CONFIDENTIAL > Level.RESTRICTED


def test_a_level_is_not_compared_with_anything_else() -> None:
    """Comparing a level with a word is a mistake that must not pass for an answer."""
    with pytest.raises(TypeError):
        _ = Level.SECRET < "TOP SECRET"


@pytest.mark.parametrize(("level", "mark"), list(zip(Level, "URCS", strict=True)))
def test_a_level_has_its_letter_of_portion_marking(level: Level, mark: str) -> None:
    """Portions are marked (U), (R), (C), (S), as officers know it."""
    assert mark == level.mark


def test_levels_and_purposes_are_read_from_their_codes_only() -> None:
    """Grants, charters and requests read these codes by the same rule as labels."""
    assert Level.SECRET is level_of("SECRET")
    assert Purpose.TRACE is purpose_of("TRACE")
    for wrong in ("TOP SECRET", "", None, 1, ["SECRET"]):
        with pytest.raises(LabelError):
            level_of(wrong)
        with pytest.raises(LabelError):
            purpose_of(wrong)


def test_a_label_gives_the_terms_a_release_may_restate() -> None:
    """Level, compartments, purposes and caveats are what a release states anew; names and days are not."""
    expected = Terms(level=FULL.level, comp=FULL.comp, purp=FULL.purp, cav=FULL.cav)

    assert expected == FULL.terms


def test_the_originator_always_reads() -> None:
    """An empty release means the originator only, never nobody."""
    assert frozenset({US}) == readers(label(), originator=US, members=MEMBERS)
    assert label().originator_only


def test_named_agencies_read() -> None:
    """A release list adds those it names, and nobody else."""
    named = label(Level.SECRET, "xbe-cib")

    assert {US, "xbe-cib"} == readers(named, originator=US, members=MEMBERS)
    assert not named.originator_only


def test_a_later_joiner_is_not_among_the_members_of_an_earlier_charter() -> None:
    """`members@1` means the members of version 1 for ever: a newcomer was not in the originator's mind."""
    first = replace(label(), rel=MembersAt(version=1))
    second = replace(label(), rel=MembersAt(version=2))

    assert {US, "xbe-cib"} == readers(first, originator=US, members=MEMBERS)
    assert set(EVERYBODY) == readers(second, originator=US, members=MEMBERS)


def test_an_unknown_charter_version_is_refused_not_read_as_nobody() -> None:
    """A label that names a version not known here is not understood, so it is not decided upon."""
    unknown = replace(label(), rel=MembersAt(version=9))

    with pytest.raises(LabelError):
        readers(unknown, originator=US, members=MEMBERS)


def test_members_may_come_from_any_callable() -> None:
    """The members of a version are handed in: labels know no charter."""
    everybody = replace(label(), rel=MembersAt(version=3))

    assert {US, "xzz-abc"} == readers(everybody, originator=US, members=lambda _version: frozenset({"xzz-abc"}))
    assert frozenset({"xzz-abc"}) == Members(versions={3: frozenset({"xzz-abc"})}, ceilings={})(3)

"""The profile as a file: kind to the person who edits it, strict about what decides."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import LabelError
from ledger.labels import Compartment, Label, Level, MembersAt
from ledger.profiles import ANY, FieldRule, Profile, RecordClass, Stricter, default_profile
from ledger.profiletoml import MAX_PROFILE_BYTES, profile_from_toml, to_toml
from ledger.recordform import PORTIONS
from ledger.slips import Hit
from ledger.vocabulary import FIELDS
from tests.support.fields import PARTNERS, US, label, labels

BY_HAND = """
# what our partners agreed in March
agency = "xar-arms"
typ = "sealtrace/v1/profile"

[markings]
"VS-NfD" = "RESTRICTED"

[ceilings]
"*" = "RESTRICTED"
xbe-cib = "SECRET"

[[class]]
name = "seizures"
compartments = []
events = ["recovery", "capture"]
hit = { "*" = "off", recovery = "open" }
item = { purp = ["TRACE", "CRIM"], rel = ["xco-npa", "xbe-cib"], level = "RESTRICTED", native = "VS-NfD" }
event = { level = "RESTRICTED", rel = "members@2", purp = ["TRACE"], cav = ["ORCON", "NO-PUB"] }
case = { level = "SECRET", rel = [], purp = ["CRIM"], comp = ["PII"], expires = "2040-01-01" }

[class.fields."item.defects"]
stricter = "refuse"
level = "CONFIDENTIAL"
rel = ["xbe-cib"]
purp = ["CRIM"]
"""
DEFAULT = to_toml(default_profile(US, PARTNERS))


def _profiles() -> st.SearchStrategy[Profile]:
    markings = {"VS-NfD": Level.RESTRICTED, 'A "quoted" \\ marking\x7f': Level.SECRET}
    unmarked = labels().map(lambda drawn: replace(drawn, native=None))
    rules = st.builds(FieldRule, label=unmarked, stricter=st.sampled_from(Stricter))
    classes = st.builds(
        RecordClass,
        name=st.sampled_from(["a", "b-2", "all"]),
        events=st.frozensets(st.sampled_from([ANY, "loss", "sale"]), min_size=1),
        compartments=st.frozensets(st.sampled_from([Compartment.OPS, Compartment.STOCK])),
        labels=st.fixed_dictionaries(dict.fromkeys(PORTIONS, unmarked)),
        hit=st.sampled_from([{ANY: Hit.OFF}, {ANY: Hit.OFF, "loss": Hit.OPEN}]),
        fields=st.dictionaries(st.sampled_from(sorted(FIELDS)), rules, max_size=3),
    )
    return st.builds(
        Profile,
        agency=st.just(US),
        classes=st.lists(classes, min_size=1, max_size=3, unique_by=lambda one: one.name).map(tuple),
        markings=st.sampled_from([{}, markings]),
        ceilings=st.dictionaries(st.sampled_from([*PARTNERS, ANY]), st.sampled_from(Level)),
    )


@settings(max_examples=50)
@given(_profiles())
def test_every_profile_reads_back_from_its_file(drawn: Profile) -> None:
    """What is written is read back equal, the order of classes too."""
    assert drawn == profile_from_toml(to_toml(drawn))


@given(st.text(max_size=60))
def test_any_other_text_is_refused_with_our_error(text: str) -> None:
    """A file that is no profile is a LabelError, and nothing else."""
    with pytest.raises(LabelError):
        profile_from_toml(text)


@given(st.integers(0, len(DEFAULT) - 1), st.text(max_size=2))
def test_a_damaged_file_is_a_profile_or_our_error(place: int, patch: str) -> None:
    """One slip of the pen anywhere gives another profile or a refusal, never a foreign exception."""
    text = DEFAULT[:place] + patch + DEFAULT[place + 1 :]
    try:
        parsed = profile_from_toml(text)
    except LabelError:
        return
    assert parsed == profile_from_toml(to_toml(parsed))


def test_a_file_written_by_hand_means_what_it_says() -> None:
    """Order, comments, inline tables and empty lists left out: a person's file is read as meant."""
    read = profile_from_toml(BY_HAND)
    one = read.classes[0]

    assert read.markings == {"VS-NfD": Level.RESTRICTED}
    assert read.ceilings == {ANY: Level.RESTRICTED, "xbe-cib": Level.SECRET}
    assert one.labels["item"].rel == ("xbe-cib", "xco-npa")
    assert MembersAt(version=2) == one.labels["event"].rel
    assert one.labels["event"].cav == ("NO-PUB", "ORCON")
    assert date(2040, 1, 1) == one.labels["case"].expires
    assert Stricter.REFUSE is one.fields["item.defects"].stricter
    assert one.hit == {ANY: Hit.OFF, "recovery": Hit.OPEN}
    assert frozenset({"recovery", "capture"}) == one.events


def test_the_file_is_what_the_document_shows() -> None:
    """The default profile is spelled so that a person finds each decision on a line of its own."""
    lines = DEFAULT.splitlines()

    assert lines[:5] == ['typ = "sealtrace/v1/profile"', 'agency = "xar-arms"', "", "[ceilings]", '"*" = "RESTRICTED"']
    assert 'rel = ["xbe-cib", "xco-npa", "xdu-moi"]' in lines
    assert "[class.case]" in lines
    assert '"*" = "silent"' in lines


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('typ = "sealtrace/v1/profile"', 'typ = "sealtrace/v2/profile"', "profile: typ"),
        ('typ = "sealtrace/v1/profile"', "", "profile: expected the keys"),
        ('typ = "sealtrace/v1/profile"', 'typ = "sealtrace/v1/profile"\nnote = "x"', "profile: expected the keys"),
        ('agency = "xar-arms"', "agency = 5", "agency: expected a text"),
        ('agency = "xar-arms"', 'agency = "Arms"', "profile: "),
        ("[[class]]", "[class]", "class: expected a list"),
        ('"*" = "RESTRICTED"', '"*" = "TOP SECRET"', "ceilings: expected one of"),
        ('"*" = "RESTRICTED"', '"*" = ["RESTRICTED"]', "ceilings: expected one of"),
        ('[ceilings]\n"*" = "RESTRICTED"', "", "profile: expected the keys"),
        ('xbe-cib = "SECRET"', 'xbe = "SECRET"', "profile: not an agency id"),
        ('name = "seizures"', "name = 1", "class 1.name: expected a text"),
        ('name = "seizures"\n', "", "class 1: expected the keys"),
        ("compartments = []", 'compartments = ["HCS"]', "class 1.compartments: expected one of"),
        ("compartments = []", 'compartments = "CT"', "class 1.compartments: expected a list"),
        ("compartments = []", 'compartments = ["CT"]', "seizures.hit: a class with CT"),
        ('events = ["recovery", "capture"]', 'events = ["seizure"]', "seizures.events: "),
        ('events = ["recovery", "capture"]', "events = [1]", "class 1.events: expected a text"),
        ('hit = { "*" = "off", recovery = "open" }', "hit = 1", "class 1.hit: expected a table"),
        ('hit = { "*" = "off", recovery = "open" }', 'hit = { "*" = "on" }', "class 1.hit: expected one of"),
        ('level = "SECRET", rel = []', 'level = "SECRET"', "class 1.case: expected the keys"),
        ('level = "SECRET", rel = []', 'level = "SECRET", rel = [1]', "class 1.case: label: rel"),
        ('level = "SECRET", rel = []', 'level = "SECRET", rel = ["xbe-cib", "xbe-cib"]', "class 1.case: label: "),
        ('level = "SECRET", rel = []', 'level = "SECRET", rel = [], note = 1', "class 1.case: expected the keys"),
        ('expires = "2040-01-01"', "expires = 2040-01-01", "class 1.case: label: expires"),
        ('expires = "2040-01-01"', "expires = 1.5", "class 1.case: label: expires"),
        ('native = "VS-NfD"', 'native = "VS-GEHEIM"', "seizures.item: native"),
        ('stricter = "refuse"', 'stricter = "hide"', "class 1.fields.stricter: expected one of"),
        ('stricter = "refuse"\n', "", "class 1.fields.stricter: expected one of"),
        ('fields."item.defects"', 'fields."item.colour"', "seizures.fields: "),
        ('fields."item.defects"', "fields", "class 1.fields: expected a table"),
    ],
)
def test_a_mistake_in_the_file_is_named_by_place(old: str, new: str, where: str) -> None:
    """Unknown keys, codes, levels and types are refused, with the place where to look."""
    assert old in BY_HAND

    with pytest.raises(LabelError) as refusal:
        profile_from_toml(BY_HAND.replace(old, new))

    assert str(refusal.value).startswith(where)


def test_an_oversized_or_bottomless_file_is_refused() -> None:
    """A file that is no person's work is refused before, or while, it is read."""
    for text in ("#" * (MAX_PROFILE_BYTES + 1), "x = " + "[" * 30_000):
        with pytest.raises(LabelError):
            profile_from_toml(text)


def test_a_marking_with_quotes_survives_the_file() -> None:
    """Whatever a national marking holds, the file carries it."""
    native = 'GEHEIM "ROT" \\ ÉTAT'
    marked: Label = replace(label(Level.SECRET), native=native)
    base = default_profile(US, PARTNERS)
    one = replace(base.classes[1], labels=dict.fromkeys(PORTIONS, marked))
    ours = replace(base, classes=(one,), markings={native: Level.SECRET})

    assert ours == profile_from_toml(to_toml(ours))

"""Which records tell of one weapon."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.forms import TokenClass
from ledger.sightings import Sighting, gather, weapons
from tests.support.sightings import form, forms_in, named, seen


def marked(number: int, forms: str, iss: str = "xar-arms") -> Sighting:
    """Return a record that carries the given forms."""
    return seen(number, "recovery", "2020", iss=iss, item__description=forms)


def test_what_shares_make_group_and_number_is_one_weapon() -> None:
    """Two agencies' records of one number under one make group are found together."""
    records = [marked(1, "T0:COL:AB123"), marked(2, "T0:COL:AB123", iss="xbe-cib"), marked(3, "T0:COL:ZZ999")]

    found = gather(records, wanted=frozenset({form("AB123")}), forms_of=forms_in)

    assert [one.index for one in found.same] == [1, 2]
    assert found.possible == found.contradicting == ()


def test_a_second_number_leads_on() -> None:
    """A record with frame and import number joins the records that bear one of them each."""
    records = [marked(3, "T0:COL:IMP77"), marked(1, "T0:COL:AB123"), marked(2, "T0:COL:AB123 T0:COL:IMP77")]

    found = gather(records, wanted=frozenset({form("AB123")}), forms_of=forms_in)

    assert [one.index for one in found.same] == [1, 2, 3]


def test_a_weaker_form_alone_is_possible_and_never_the_same() -> None:
    """What meets only without embedded letters, zeros or the make waits for somebody to look at the frame."""
    records = [marked(1, "T0:COL:AB123 T1:COL:123"), marked(2, "T0:COL:A123 T1:COL:123")]

    found = gather(records, wanted=frozenset({form("AB123")}), forms_of=forms_in)

    assert [one.index for one in found.same] == [1]
    assert [one.index for one in found.possible] == [2]


def test_a_weak_form_of_a_possible_record_leads_no_further() -> None:
    """Possible records do not pull in others: a chain of guesses is no trace."""
    records = [
        marked(1, "T0:COL:AB123 T1:COL:123"),
        marked(2, "T0:COL:A123 T1:COL:123 T3:9/HANDGUN:A123456"),
        marked(3, "T0:GLC:A123456 T3:9/HANDGUN:A123456"),
    ]

    found = gather(records, wanted=frozenset({form("AB123")}), forms_of=forms_in)

    assert [one.index for one in found.possible] == [2]
    assert found.contradicting == ()


def test_the_same_number_under_another_make_is_kept_apart() -> None:
    """One number under two makes is two weapons, and the reader is shown both."""
    records = [marked(1, "T0:COL:AB123"), marked(2, "T0:GLC:AB123")]

    found = gather(records, wanted=frozenset({form("AB123")}), forms_of=forms_in)

    assert [one.index for one in found.same] == [1]
    assert [one.index for one in found.contradicting] == [2]


def test_a_record_that_a_hit_named_counts_though_its_item_is_withheld() -> None:
    """A blind hit tells owner and record: it belongs to the weapon without showing its number."""
    hidden = seen(5, "theft", "2019", iss="xbe-cib", withheld=("item",))
    records = [marked(1, "T0:COL:AB123"), hidden]

    found = gather(
        records, wanted=frozenset({form("AB123")}), forms_of=forms_in, linked=frozenset({named(5, "xbe-cib")})
    )

    assert [one.index for one in found.same] == [1, 5]


def test_a_linked_record_brings_its_own_number() -> None:
    """Tracing from a record finds every record of the number it bears."""
    records = [marked(2, "T0:COL:AB123"), marked(1, "T0:COL:AB123", iss="xbe-cib")]

    found = gather(records, wanted=frozenset(), forms_of=forms_in, linked=frozenset({named(2)}))

    assert [one.index for one in found.same] == [1, 2]


def test_nothing_wanted_finds_nothing() -> None:
    """Without a number and without a record there is no weapon."""
    found = gather([marked(1, "T0:COL:AB123"), marked(2, "")], wanted=frozenset(), forms_of=forms_in)

    assert found.same == found.possible == found.contradicting == ()


def test_a_sighting_keeps_its_fields_out_of_its_repr() -> None:
    """No record's contents reach a log by way of a repr."""
    assert "AB123" not in repr(marked(1, "T0:COL:AB123"))


def test_all_records_are_parted_into_weapons() -> None:
    """Every record belongs to exactly one weapon; what bears no telling number is one by itself."""
    records = [
        marked(1, "T0:COL:A"),
        marked(2, ""),
        marked(3, "T0:COL:B T0:COL:A"),
        marked(4, ""),
        marked(5, "T0:COL:B"),
        marked(6, "T1:COL:B"),
    ]

    parted = weapons(records, forms_of=forms_in)

    assert sorted(sorted(one.index for one in group) for group in parted) == [[1, 3, 5], [2], [4], [6]]


@given(st.lists(st.frozensets(st.sampled_from("ABCDEFGH"), max_size=3), max_size=20))
def test_parting_is_what_following_every_form_gives(numbers: list[frozenset[str]]) -> None:
    """The quick way of parting agrees with gathering from each record in turn."""
    records = [marked(at, " ".join(f"T0:COL:{one}" for one in sorted(held))) for at, held in enumerate(numbers)]

    parted = {
        one.index: {other.index for other in group} for group in weapons(records, forms_of=forms_in) for one in group
    }

    for record in records:
        found = gather(records, wanted=frozenset(), forms_of=forms_in, linked=frozenset({record.name}))
        assert {one.index for one in found.same} == parted[record.index]


def test_only_certain_forms_part_weapons() -> None:
    """Two records that share a T3 form alone stay two weapons in every count."""
    assert TokenClass.T3.value == "T3"
    assert len(weapons([marked(1, "T3:9/HANDGUN:AB12345"), marked(2, "T3:9/HANDGUN:AB12345")], forms_of=forms_in)) == 2

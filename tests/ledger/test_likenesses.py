"""What two items have in common wherever they share a form: nothing that a match would find is left out by it."""

from hypothesis import given
from hypothesis import strategies as st

from ledger import calibres, makes
from ledger.jsontext import JsonValue
from ledger.tokens import inputs_of, likenesses

MAKES, CALIBRES = makes.BUILT_IN, calibres.BUILT_IN
KINDS = ("small_arm", "light_weapon", "ammunition", "explosive", "vehicle", "uas", "other")
ALPHABET = "0O1I2A b\u0412\u0663-/"  # a Cyrillic letter and an Arabic digit among them

numbers = st.text(ALPHABET, min_size=1, max_size=8) | st.sampled_from(["VIN 1HGCM82633A004352", "lot 0042A", "FGC-9"])
boxes = st.builds(
    lambda number, condition: {"as_marked": number, "condition": condition},
    numbers,
    st.sampled_from(["legible", "worn", "partial"]),
)
items = st.fixed_dictionaries(
    {"item.kind": st.sampled_from(KINDS)},
    optional={
        "item.make": st.sampled_from(["COL", "TAS"]),
        "item.calibre": st.just("9 mm"),
        "item.type": st.just("PI"),
        "item.nsn": st.just("1005-00-000-0000"),
        "item.lot": numbers,
        "item.headstamp": st.just({"maker": "CBC", "year": "2019"}),
        "item.method": st.just("printed"),
        "item.design_family": numbers,
        "item.serials": st.lists(boxes, max_size=2),
    },
)


def forms(item: dict[str, JsonValue]) -> frozenset[object]:
    """Return every form of an item, and every number of its certain ones under whatever group."""
    found = [form for row in inputs_of(item, makes=MAKES, calibres=CALIBRES) for form in row if form is not None]
    return frozenset([*found, *(form.form for form in found)])


@given(items, items)
def test_items_with_a_form_in_common_have_a_likeness_in_common(
    one: dict[str, JsonValue], other: dict[str, JsonValue]
) -> None:
    """Hits, possible hits and contradictions alike, for every kind of item."""
    if forms(one) & forms(other):
        assert likenesses(one) & likenesses(other)


@given(items)
def test_fields_withheld_add_no_likeness(item: dict[str, JsonValue]) -> None:
    """Whatever part of an item is seen, its likenesses are among those of the whole."""
    for left_out in item:
        seen = {name: value for name, value in item.items() if name != left_out}
        assert likenesses(seen) <= likenesses(item)


@given(items)
def test_an_item_without_a_number_is_like_nothing(item: dict[str, JsonValue]) -> None:
    """Whatever else is known of it: two pistols of one make are two pistols."""
    unnumbered = {
        name: value for name, value in item.items() if name not in {"item.serials", "item.lot", "item.design_family"}
    }

    assert frozenset() == likenesses(unnumbered)


def test_a_number_is_like_its_other_spellings_and_unlike_others() -> None:
    """Letters between digits and leading zeros fold; digits do not."""

    def like(number: str) -> frozenset[str]:
        return likenesses({"item.serials": [{"as_marked": number, "condition": "legible"}]})

    assert like("00A12-B34") == like("12 34") == {"1234"}
    assert like("12345") != like("12346")
    assert like("AB0000") == {"0"}
    assert not likenesses({})

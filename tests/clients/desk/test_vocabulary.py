"""The words of the vocabulary, in one place for translators."""

from collections.abc import Iterator

import pytest
from markupsafe import Markup

from clients.bundles import CAVEATS
from clients.desk.chain import CUSTODY_WORDS, OUTCOME_WORDS
from clients.desk.fieldwords import FIELD_WORDS
from clients.desk.recordlines import said
from clients.desk.vocabulary import (
    CAVEAT_WORDS,
    CODE_WORDS,
    COMPARE_WORDS,
    TYPE_WORDS,
    alert_words,
    caveat,
    compare_words,
    country_word,
    term,
)
from ledger.custody import Custody
from ledger.forms import TokenClass
from ledger.shapes import Group, Leaf, Many, Shape
from ledger.traces import Outcome
from ledger.vocabulary import FIELDS
from ledger.weapontypes import listed
from tests.support.desks import Desk


def codes(shape: Shape) -> Iterator[str]:
    """Yield every code and every member's name that a field may show."""
    match shape:
        case Leaf():
            yield from shape.codes
        case Many():
            yield from codes(shape.item)
        case Group():
            for name, inner in {**shape.required, **shape.optional}.items():
                yield name
                yield from codes(inner)


@pytest.mark.parametrize("name", FIELDS)
def test_every_code_of_a_field_is_there_for_translators(name: str) -> None:
    """A code that somebody adds to the vocabulary without its words fails here; acronyms are the same everywhere."""
    assert {code.replace("_", " ") for code in codes(FIELDS[name]) if not code.isupper()} <= set(CODE_WORDS)


def test_every_type_custody_outcome_and_caveat_has_its_words() -> None:
    """Types of weapon, what an event says of custody, the ladder, the caveats, and what a possible hit wants compared."""
    assert {found.text for found, _ in listed()} <= set(TYPE_WORDS) | set(CODE_WORDS)
    assert set(CUSTODY_WORDS) == set(Custody)
    assert set(OUTCOME_WORDS) == set(Outcome)
    assert set(CAVEATS) <= set(CAVEAT_WORDS)
    assert set(COMPARE_WORDS) == {one.value for one in TokenClass} - {"T0"}
    assert set(FIELDS) <= set(FIELD_WORDS)


def test_what_a_newer_agency_sends_is_shown_as_it_came(desk: Desk) -> None:
    """An unknown code, caveat, alert, country or class is no error."""
    with desk.app.test_request_context():
        assert term("never_heard_of") == "never heard of"
        assert (caveat("H3:own words"), compare_words("T9"), alert_words("odd")) == ("", "", "odd")
        assert country_word("XAR") == "XAR"
        assert country_word("BRA") == "Brazil"


def test_values_are_said_by_their_shape_and_text_stays_text(desk: Desk) -> None:
    """Codes in words, members by name, lists apart, markup as text, hidden characters spelled out."""
    with desk.app.test_request_context():
        assert said("item.owner_class", "state_force") == "state force"
        assert said("event.count", 12_000) == "12,000"
        assert said("item.import_mark.year", 1994) == "1994"
        assert said("event.suspicious", value=True) == "yes"
        assert said("item.import_mark", {"country": "BRA", "year": 1994}) == Markup(
            "country: <bdi>BRA</bdi>, year: 1994"
        )
        assert said("item.proof_marks", ["<b>", "x\u202ey"]) == Markup(
            "<bdi>&lt;b&gt;</bdi>; <bdi>x&lt;U+202E&gt;y</bdi>"
        )

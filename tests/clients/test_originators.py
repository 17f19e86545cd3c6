"""An agency is named by an id that some charter of the log knows; any other is refused with those most like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.originators import NEAREST, originator
from ledger.errors import MalformedError
from ledger.labels import Members

MEMBERS = Members(
    versions={
        1: frozenset({"xar-arms", "xbe-cib", "xco-npa"}),
        2: frozenset({"xar-arms", "xbe-cib", "xdu-moi", "xeb-labs"}),
    },
    ceilings={},
)


@pytest.mark.parametrize("agency", ["xar-arms", "xco-npa", "xeb-labs"])
def test_whoever_was_ever_a_member_is_known(agency: str) -> None:
    """An agency that left has records still, and they are found by its id."""
    assert originator(agency, MEMBERS) == agency


@pytest.mark.parametrize(
    ("text", "first"),
    [("xar-amrs", "xar-arms"), ("XBE-CIB", "xbe-cib"), ("moi", "xdu-moi"), ("xco_npa", "xco-npa"), ("", "xar-arms")],
)
def test_those_most_like_it_are_named_nearest_first(text: str, first: str) -> None:
    """Letters in the wrong order, capitals, a part of an id: what was probably meant stands first."""
    with pytest.raises(MalformedError, match=f"the most like it are {first}, ") as refused:
        originator(text, MEMBERS)

    assert str(refused.value).count(", ") == NEAREST - 1


@given(st.text(max_size=200).filter(lambda text: text not in {"xar-arms", "xbe-cib"}))
def test_attack_a_name_that_is_long_or_not_for_a_terminal(text: str) -> None:
    """Whatever was typed, the refusal is a short line that can be printed."""
    with pytest.raises(MalformedError) as refused:
        originator(text, Members(versions={1: frozenset({"xar-arms", "xbe-cib"})}, ceilings={}))

    assert len(str(refused.value)) < 130
    assert str(refused.value).isprintable()

"""What messages say: one spelling for each, and nothing else is read."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import jsontext
from ledger.errors import LabelError, LedgerError, MalformedError
from ledger.jsontext import JsonValue
from ledger.messages import Kind
from ledger.talk import reading
from ledger.talk.answers import OUTCOMES, Ground, Refusal, RefusalKind, Response
from ledger.talk.bodies import KINDS, Body, kind_of, parse_body
from ledger.talk.releases import Release
from ledger.talk.requests import DisclosureRequest, TraceRequest, What, check_weapon
from tests.support.talks import BODIES, FULL, TERMS, WEAPON, disclosure, epoch_release, trace

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 70_000) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=12,
)


def without(value: dict[str, JsonValue], member: str) -> dict[str, JsonValue]:
    """Return a body that lacks a member."""
    return {name: item for name, item in value.items() if name != member}


def changed(body: Body, **members: Any) -> JsonValue:
    """Return a body with other members; what was not there comes last."""
    return {**body.to_json(), **members}


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_every_body_is_read_as_it_was_written(body: Body) -> None:
    """Written, spelled, read: the same value, whatever optional members it has."""
    spelled = jsontext.dump(body.to_json(), levels=reading.BODY_LEVELS)

    assert body == parse_body(kind_of(body), jsontext.load(spelled))


def test_every_kind_has_a_body() -> None:
    """The table knows each kind, and no kind is without words."""
    assert set(Kind) == set(KINDS.values())
    assert {type(body) for body in BODIES} == set(KINDS)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_an_unknown_a_misplaced_and_a_null_member_are_refused(body: Body) -> None:
    """A body has exactly the members of its kind, in their order; an absent one is never null."""
    value = body.to_json()
    spoiled: list[JsonValue] = [{**value, "also": 1}, {"first": 1, **value}, [value], None]
    if len(value) > 1:
        spoiled.append(dict(reversed(value.items())))
    spoiled += [{**value, name: None} for name in value]

    for one in spoiled:
        with pytest.raises(LedgerError):
            parse_body(kind_of(body), one)


@given(kind=st.sampled_from(Kind), value=JSON)
def test_arbitrary_json_raises_only_our_errors(kind: Kind, value: JsonValue) -> None:
    """Whatever a member writes, a reader gets a body or one of our errors."""
    try:
        body = parse_body(kind, value)
    except LedgerError:
        return
    assert body.to_json() == value


@given(body=st.sampled_from(BODIES), data=st.data())
def test_one_changed_member_is_read_as_written_or_refused(body: Body, data: st.DataObject) -> None:
    """No other spelling of a member is taken for the same one."""
    value: Any = copy.deepcopy(body.to_json())
    if not value:
        return
    value[data.draw(st.sampled_from(sorted(value)))] = data.draw(JSON)
    try:
        read = parse_body(kind_of(body), value)
    except LedgerError:
        return
    assert read.to_json() == value


@pytest.mark.parametrize(
    "group",
    [
        ("item.make",),
        ("item.type",),
        ("item.country_of_manufacture",),
        ("item.calibre",),
        ("item.serials",),
    ],
)
def test_a_trace_needs_the_minimum(group: tuple[str, ...]) -> None:
    """Make, country, type, serial and calibre: whoever writes is told which is missing, whoever reads refuses."""
    weapon = {name: value for name, value in WEAPON.items() if name not in group}

    with pytest.raises(LabelError, match=group[0]):
        check_weapon(weapon)
    with pytest.raises(MalformedError):
        parse_body(Kind.TRACE_REQUEST, changed(trace(), weapon=weapon))


def test_a_weapon_without_a_readable_number_is_traced_by_its_condition() -> None:
    """An obliterated number is no reason not to ask."""
    weapon = {
        **{name: value for name, value in WEAPON.items() if name != "item.serials"},
        "item.condition": "obliterated",
    }

    check_weapon(weapon)
    parse_body(Kind.TRACE_REQUEST, changed(trace(), weapon={name: weapon[name] for name in sorted(weapon)}))


def test_a_writer_is_held_to_the_vocabulary_and_a_reader_shows_what_it_does_not_know() -> None:
    """A newer agency may know more fields; its request is read all the same."""
    weapon: dict[str, JsonValue] = {**WEAPON, "item.zeroing": "new"}

    with pytest.raises(LabelError):
        check_weapon(weapon)
    body = parse_body(Kind.TRACE_REQUEST, changed(trace(), weapon=weapon))
    assert isinstance(body, TraceRequest)
    assert body.weapon["item.zeroing"] == "new"


@pytest.mark.parametrize(
    "weapon",
    [
        {},
        {**WEAPON, "event.kind": "loss"},
        {**WEAPON, "item.label": {"level": "SECRET"}},
        dict(reversed(WEAPON.items())),
        [],
        {**WEAPON, "make": "TAU"},
    ],
)
def test_a_weapon_is_fields_of_an_item_in_their_order(weapon: JsonValue) -> None:
    """No other portion's field, no label, no other order."""
    with pytest.raises(MalformedError):
        parse_body(Kind.TRACE_REQUEST, changed(trace(), weapon=weapon))


@pytest.mark.parametrize(
    "members",
    [
        {"portions": ["case", "item"]},
        {"portions": ["label"]},
        {"portions": ["case", "case"]},
        {"portions": []},
        {"fields": ["case.label"]},
        {"fields": ["case.z", "case.a"]},
        {"fields": ["case.a", "case.a"]},
        {"history": True},
        {"history": 1},
        {"purpose": "FUN"},
        {"use": ""},
        {"use": " x"},
        {"use": "x" * 4_001},
        {"priority": "soon"},
        {"onward": ["PUBLIC", "COURT"]},
        {"onward": ["COURT", "COURT"]},
    ],
)
def test_a_disclosure_request_that_is_not_spelled_so_is_refused(members: dict[str, Any]) -> None:
    """What is asked for and what for has one spelling; a label is never asked for alone."""
    with pytest.raises(MalformedError):
        parse_body(Kind.DISCLOSURE_REQUEST, changed(disclosure("case"), **members))


@pytest.mark.parametrize("day", ["2031-1-1", "2031-02-30", "20310101", "31.12.2031", "", 5])
def test_a_day_has_one_spelling(day: JsonValue) -> None:
    """Python reads other spellings of a date, too: here there is one."""
    with pytest.raises(MalformedError):
        parse_body(Kind.DISCLOSURE_REQUEST, {**disclosure("case", declared=FULL).to_json(), "reply_by": day})


@pytest.mark.parametrize("text", ["two\nlines", "a\ttab", "x" * 201, "", "x ", 7])
def test_a_line_is_one_line(text: JsonValue) -> None:
    """A reference does not break a table."""
    with pytest.raises(MalformedError):
        parse_body(Kind.ACKNOWLEDGEMENT, {"reference": text})


def test_a_reason_stands_with_outcome_zero_alone() -> None:
    """Not traced says why; a trace that found something has nothing to excuse."""
    for outcome in range(len(OUTCOMES)):
        with pytest.raises(MalformedError):
            Response(outcome=outcome, final=True, reason=None if outcome == 0 else "why")
    for value in (-1, 6, True, "1"):
        with pytest.raises(MalformedError):
            parse_body(Kind.RESPONSE, changed(Response(outcome=1, final=True), outcome=value))


def test_a_delay_says_until_when_and_nothing_else_does() -> None:
    """Otherwise nobody knows when it ends, or what a no would wait for."""
    for kind in RefusalKind:
        with pytest.raises(MalformedError):
            Refusal(kind=kind, ground=Ground.LAW, until=None if kind is RefusalKind.DELAY else FULL.reply_by)


def test_asking_and_answering_at_once_is_neither() -> None:
    """More information is asked for or given, not both in one message."""
    with pytest.raises(MalformedError):
        parse_body(Kind.MORE_INFORMATION, {"asks": "a", "answers": "b"})


@pytest.mark.parametrize("country", ["xdu", "XD", "XDUU", "XD1", 3])
def test_a_state_is_three_capital_letters(country: JsonValue) -> None:
    """Which codes are assigned changes with the year; the form does not."""
    with pytest.raises(MalformedError):
        parse_body(Kind.REFERRAL, {"country": country})


@pytest.mark.parametrize("of", [[], ["AA"], ["A" * 22, "A" * 22], "A" * 22])
def test_a_receipt_names_messages_once(of: JsonValue) -> None:
    """A receipt of nothing, of no message's id, or of one twice is none."""
    with pytest.raises(MalformedError):
        parse_body(Kind.RECEIPT, {"of": of})


@pytest.mark.parametrize(
    "terms",
    [
        None,
        {},
        {"level": "TOP SECRET", "comp": [], "purp": ["TRACE"], "cav": []},
        {"level": "RESTRICTED", "comp": [], "purp": [], "cav": []},
        {"level": "RESTRICTED", "comp": ["SRC", "CT"], "purp": ["TRACE"], "cav": []},
        {"level": "RESTRICTED", "comp": [], "purp": ["TRACE"], "cav": ["MAYBE"]},
        {"level": "RESTRICTED", "rel": [], "comp": [], "purp": ["TRACE"], "cav": []},
    ],
)
def test_terms_that_are_none_are_refused(terms: JsonValue) -> None:
    """What a release says in the place of a label is as strict as a label."""
    with pytest.raises(LabelError):
        parse_body(Kind.RELEASE, {**epoch_release().to_json(), "as": terms})


def test_a_release_of_nothing_is_refused() -> None:
    """There is nothing to confirm, open or recall."""
    with pytest.raises(MalformedError, match="nothing"):
        Release(terms=TERMS)


def test_everything_and_something_cannot_be_asked_for_at_once() -> None:
    """All closed epochs stand alone."""
    with pytest.raises(MalformedError):
        What(portions=("case",), history=True)
    with pytest.raises(MalformedError):
        What()


def test_a_repr_holds_no_key_and_no_words() -> None:
    """What is logged by mistake tells nothing that was sealed."""
    shown = repr([body for body in BODIES if not isinstance(body, TraceRequest | DisclosureRequest)])

    assert "which box" not in shown
    assert repr(bytes(32)) not in shown


@pytest.mark.parametrize("portion", ["label", "", None, ["case"], 1])
def test_a_released_portion_is_one_of_three(portion: JsonValue) -> None:
    """Nothing else has a key of its own."""
    released: JsonValue = {"of": "A" * 22, "portion": portion, "kr": "A" * 43, "ct": "A" * 2_752}

    with pytest.raises(MalformedError, match="item, event or case"):
        parse_body(Kind.RELEASE, {**epoch_release().to_json(), "portions": [released]})


def test_fields_of_another_portion_stand_elsewhere() -> None:
    """An item's field does not tell how the weapon was found."""
    value = trace().to_json()
    found: JsonValue = {"item.make": "TAU"}

    with pytest.raises(MalformedError, match="event alone"):
        parse_body(Kind.TRACE_REQUEST, {"weapon": value["weapon"], "found": found, **without(value, "weapon")})

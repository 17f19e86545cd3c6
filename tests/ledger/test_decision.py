"""The decision: every rule denies alone, and nothing unknown lets through."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.decision import (
    Carried,
    Denied,
    NotPermittedError,
    Permit,
    Reader,
    Reason,
    UnderLabel,
    UnderRelease,
    permit,
    require_permit,
)
from ledger.labels import Compartment, Label, Level, MembersAt, Purpose, Terms, readers
from tests.support.fields import EVERYBODY, MEMBERS, US, label, labels

TODAY = date(2026, 7, 1)
PARTNER = "xbe-cib"

OFFICER = Reader(
    agency=PARTNER, clearance=Level.CONFIDENTIAL, compartments=frozenset({Compartment.CT, Compartment.PII})
)
TERMS = Terms(
    level=Level.CONFIDENTIAL,
    comp=frozenset({Compartment.CT}),
    purp=frozenset({Purpose.TRACE, Purpose.CRIM}),
    cav=("ORCON",),
)
PORTION = UnderLabel(
    label=Label(level=TERMS.level, rel=(PARTNER,), comp=TERMS.comp, purp=TERMS.purp, cav=TERMS.cav, expires=TODAY),
    originator=US,
    readers=frozenset({US, PARTNER}),
    bound=Level.CONFIDENTIAL,
)
RELEASED = UnderRelease(
    terms=TERMS, originator=US, to=frozenset({PARTNER}), bound=Level.CONFIDENTIAL, expires=TODAY, recalled=False
)

BOUNDS = (None, Level.UNCLASSIFIED, Level.RESTRICTED, Level.SECRET)
RELEASES = ((), (PARTNER,), MembersAt(version=1))
DAYS = (TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1))


def _ask(
    reader: Reader = OFFICER,
    carried: Carried = PORTION,
    purpose: Purpose = Purpose.TRACE,
    ceiling: Level | None = Level.CONFIDENTIAL,
    today: date = TODAY,
) -> Permit | Denied:
    return permit(reader, carried, purpose=purpose, charter_ceiling=ceiling, today=today)


@pytest.mark.parametrize("carried", [PORTION, RELEASED], ids=["label", "release"])
def test_whoever_passes_every_rule_reads_and_is_told_the_terms(carried: Carried) -> None:
    """A permit carries the caveats that bind whoever reads on; the day of expiry still counts."""
    assert Permit(terms=TERMS) == _ask(carried=carried)


@pytest.mark.parametrize(
    ("reader", "reason"),
    [
        (replace(OFFICER, agency="xco-npa"), Reason.NOT_NAMED),
        (replace(OFFICER, clearance=Level.RESTRICTED), Reason.CLEARANCE),
        (replace(OFFICER, clearance=None), Reason.CLEARANCE),
        (replace(OFFICER, compartments=frozenset({Compartment.PII})), Reason.COMPARTMENT),
    ],
)
@pytest.mark.parametrize("carried", [PORTION, RELEASED], ids=["label", "release"])
def test_the_person_must_be_named_cleared_and_read_in(carried: Carried, reader: Reader, reason: Reason) -> None:
    """One missing property of the person is enough to deny."""
    assert Denied(reason=reason) == _ask(reader=reader, carried=carried)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bound": Level.RESTRICTED}, Reason.CARRIER),
        ({"bound": None}, Reason.CARRIER),
        ({"recalled": True}, Reason.RECALLED),
    ],
)
@pytest.mark.parametrize("carried", [PORTION, RELEASED], ids=["label", "release"])
def test_the_carrier_must_bear_it_and_stand(carried: Carried, changes: dict[str, object], reason: Reason) -> None:
    """What came below its level, without a known level, or was recalled is not read."""
    changed = replace(carried, **changes)  # type: ignore[arg-type]  # one good change a row

    assert Denied(reason=reason) == _ask(carried=changed)


@pytest.mark.parametrize(("ceiling", "reason"), [(None, Reason.NOT_A_MEMBER), (Level.RESTRICTED, Reason.CEILING)])
def test_the_charter_must_allow_the_agency(ceiling: Level | None, reason: Reason) -> None:
    """An agency that left, or whose ceiling was lowered, reads no more."""
    assert Denied(reason=reason) == _ask(ceiling=ceiling)


def test_a_purpose_that_is_not_named_is_denied() -> None:
    """What was given for tracing is not for statistics."""
    assert Denied(reason=Reason.PURPOSE) == _ask(purpose=Purpose.STATS)


@pytest.mark.parametrize("carried", [PORTION, RELEASED], ids=["label", "release"])
def test_attack_an_expired_grant_is_read_on(carried: Carried) -> None:
    """What was given by label or by release may be read on the day it expires and not after, by its originator neither."""
    tomorrow = TODAY + timedelta(days=1)

    assert Denied(reason=Reason.EXPIRED) == _ask(carried=carried, today=tomorrow)
    assert Denied(reason=Reason.EXPIRED) == _ask(reader=replace(OFFICER, agency=US), carried=carried, today=tomorrow)


def test_a_release_stands_in_place_of_the_label() -> None:
    """A reader the label never named reads by a release, on the release's terms."""
    newcomer = replace(OFFICER, agency="xco-npa", clearance=Level.RESTRICTED, compartments=frozenset())
    lower = replace(TERMS, level=Level.RESTRICTED, comp=frozenset(), cav=())
    release = replace(RELEASED, terms=lower, to=frozenset({"xco-npa"}))

    assert Denied(reason=Reason.NOT_NAMED) == _ask(reader=newcomer)
    assert Permit(terms=lower) == _ask(reader=newcomer, carried=release, ceiling=Level.RESTRICTED)


def test_a_release_to_one_agency_is_none_to_another() -> None:
    """What was released to exactly one agency is read by exactly that one."""
    for agency in EVERYBODY:
        answer = _ask(reader=replace(OFFICER, agency=agency), carried=RELEASED)

        assert isinstance(answer, Permit) == (agency in {US, PARTNER})


def test_the_originator_passes_ceilings_and_naming() -> None:
    """An agency reads its own record after it left the charter, and with nobody named."""
    own = replace(OFFICER, agency=US)

    assert Permit(terms=TERMS) == _ask(reader=own, carried=replace(PORTION, bound=None), ceiling=None)


@pytest.mark.parametrize(
    ("reader", "reason"),
    [
        (Reader(agency=US, clearance=Level.UNCLASSIFIED, compartments=frozenset(Compartment)), Reason.CLEARANCE),
        (Reader(agency=US, clearance=Level.SECRET, compartments=frozenset()), Reason.COMPARTMENT),
    ],
)
def test_the_originators_own_people_need_clearance_and_compartment(reader: Reader, reason: Reason) -> None:
    """Being of the agency that wrote it is not enough for its own people either."""
    assert Denied(reason=reason) == _ask(reader=reader)


def test_a_purpose_of_no_list_is_denied_at_run_time_too() -> None:
    """Where types were ignored, an unknown purpose still denies."""
    assert Denied(reason=Reason.PURPOSE) == _ask(purpose="ANY")  # type: ignore[arg-type]  # the attack


def test_require_permit_returns_or_raises() -> None:
    """Whoever holds the value cannot go on by forgetting to look at the answer."""
    answer = require_permit(OFFICER, PORTION, purpose=Purpose.TRACE, charter_ceiling=Level.SECRET, today=TODAY)
    with pytest.raises(NotPermittedError) as refusal:
        require_permit(OFFICER, PORTION, purpose=Purpose.STATS, charter_ceiling=Level.SECRET, today=TODAY)

    assert Permit(terms=TERMS) == answer
    assert Reason.PURPOSE is refusal.value.reason
    assert str(refusal.value) == "not for this purpose"


def test_a_carrier_of_an_unknown_kind_stops_the_program() -> None:
    """What came by a way nobody has decided about is not decided upon."""
    with pytest.raises(AssertionError):
        _ask(carried=OFFICER)  # type: ignore[arg-type]  # the attack


def _people() -> st.SearchStrategy[Reader]:
    return st.builds(
        Reader,
        agency=st.sampled_from([*EVERYBODY, "xzz-outsider"]),
        clearance=st.none() | st.sampled_from(Level),
        compartments=st.frozensets(st.sampled_from(Compartment)),
    )


def _everybody() -> Iterator[Reader]:
    """Yield a person of the originator, of the agency named and of another, cleared in every way that matters here."""
    for agency, clearance, compartments in product((US, PARTNER, "xzz-outsider"), BOUNDS, ((), (Compartment.CT,))):
        yield Reader(agency=agency, clearance=clearance, compartments=frozenset(compartments))


def _everything() -> Iterator[UnderLabel]:
    """Yield a portion of every kind: of two levels, with and without a compartment, for nobody, a member or everybody."""
    for level, comp, rel in product((Level.RESTRICTED, Level.SECRET), ((), (Compartment.CT,)), RELEASES):
        for expires, bound, recalled in product((None, *DAYS), BOUNDS, (False, True)):
            drawn = Label(level=level, comp=frozenset(comp), rel=rel, purp=frozenset({Purpose.TRACE}), expires=expires)
            named = readers(drawn, originator=US, members=MEMBERS)
            yield UnderLabel(label=drawn, originator=US, readers=named, bound=bound, recalled=recalled)


@pytest.mark.parametrize("purpose", [Purpose.TRACE, Purpose.CRIM])
@pytest.mark.parametrize("ceiling", BOUNDS)
def test_the_decision_is_the_formula_and_nothing_else(ceiling: Level | None, purpose: Purpose) -> None:
    """For any person and portion the answer equals the formula of docs/vocabulary.md, 5, written out a second time.

    For every combination of what it depends on: drawn at random, one in a thousand is permitted, and a rule that is
    forgotten shows in none.
    """
    permitted = 0
    for person, carried in product(_everybody(), _everything()):
        drawn = carried.label
        bounds = [person.clearance] if person.agency == US else [person.clearance, ceiling, carried.bound]
        expected = (
            person.agency in carried.readers
            and all(one is not None and drawn.level <= one for one in bounds)
            and drawn.comp.issubset(person.compartments)
            and purpose in drawn.purp
            and not (drawn.expires is not None and drawn.expires < TODAY)
            and not carried.recalled
        )
        answer = permit(person, carried, purpose=purpose, charter_ceiling=ceiling, today=TODAY)
        permitted += expected

        assert expected == isinstance(answer, Permit), (person, carried)

    assert (permitted > 0) == (purpose is Purpose.TRACE)


@given(person=_people(), drawn=labels(), level=st.sampled_from(Level), purpose=st.sampled_from(Purpose))
def test_raising_a_label_never_lets_somebody_in(person: Reader, drawn: Label, level: Level, purpose: Purpose) -> None:
    """A higher level or one more compartment can only take readers away."""
    assume(level >= drawn.level)
    raised = replace(drawn, level=level, comp=drawn.comp | {Compartment.SRC})
    named = readers(drawn, originator=US, members=MEMBERS)

    def may(what: Label) -> bool:
        carried = UnderLabel(label=what, originator=US, readers=named, bound=Level.SECRET)
        answer = permit(person, carried, purpose=purpose, charter_ceiling=Level.SECRET, today=TODAY)
        return isinstance(answer, Permit)

    assert may(drawn) or not may(raised)


@given(person=_people(), purpose=st.sampled_from(Purpose))
def test_nobody_outside_reads_what_is_originator_only(person: Reader, purpose: Purpose) -> None:
    """An empty release list lets no other agency's person in, however cleared."""
    assume(person.agency != US)
    carried = UnderLabel(label=label(Level.UNCLASSIFIED), originator=US, readers=frozenset({US}), bound=Level.SECRET)

    answer = permit(person, carried, purpose=purpose, charter_ceiling=Level.SECRET, today=TODAY)

    assert Denied(reason=Reason.NOT_NAMED) == answer

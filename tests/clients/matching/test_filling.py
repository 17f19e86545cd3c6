"""Slips on their way: what is evaluated, what stands where, and what may not be silent (docs/protocol.md, 6.2, 6.3)."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace

import pytest

from clients.matching.filling import UNMATCHED, check_silent, drafts, drafts_for, forms_in, item_fields
from clients.matching.keys import current_key
from clients.session import load_profile
from ledger import calibres, makes
from ledger.charterpayload import parse_charter
from ledger.errors import LabelError
from ledger.jsontext import JsonValue
from ledger.plan import Plan, Planner
from ledger.slips import Hit
from ledger.tokens import inputs_of
from ledger.wire import paths
from tests.clients.matching.conftest import OWNER
from tests.support.loopback import Walk
from tests.support.matched import newest_charter
from tests.support.standings import standing_under


def item(serial: str, **members: JsonValue) -> Mapping[str, JsonValue]:
    """Return the item of a pistol with a number."""
    marks: JsonValue = [{"as_marked": serial, "condition": "legible"}]
    return {
        "item.kind": "small_arm",
        "item.type": "PI",
        "item.make": "TAS",
        "item.calibre": "9 mm Luger",
        "item.serials": marks,
        **members,
    }


def evaluations(walk: Walk) -> int:
    """Return how many evaluations were asked for."""
    return sum(request.path == paths.EVALUATIONS for request in walk.transport.requests)


def filled(
    walk: Walk, items: list[Mapping[str, JsonValue]], policies: list[Hit]
) -> list[tuple[bytes | None, ...] | None]:
    """Return the tokens of slips for items under their policies."""
    with closing(walk.session(OWNER)) as session:
        key = current_key(session.stand())
        assert key is not None
        made = drafts(session, items, policies, key, use="submission")
        assert [(one.hit, one.token_epoch) for one in made] == [(hit, key.ep) for hit in policies]
        return [None if one.tokens is None else tuple(one.tokens) for one in made]


def plan_of(walk: Walk, *, silent: bool, shared: bool) -> Plan:
    """Return the plan of a pistol, silent or not, its item read by others or not."""
    with closing(walk.session(OWNER)) as session:
        standing = session.stand()
        profile = load_profile(session.home, standing.view.charter)
        fields = {**item("ABC12345"), "item.description": "see list", "event.kind": "recovery"}
        plan = Planner(profile, standing.authority.members()).plan(event_kind="recovery", fields=fields)
    assert shared is not plan.portions["item"].label.originator_only
    return replace(plan, hit=Hit.SILENT if silent else plan.hit)


def test_before_a_charter_names_a_key_every_slip_is_off(walk: Walk) -> None:
    """Without a token epoch nothing is evaluated, whatever the profile says."""
    charter = replace(parse_charter(newest_charter(walk)), match=None)
    plan = plan_of(walk, silent=False, shared=True)
    before = evaluations(walk)

    assert drafts_for(standing_under(charter), [plan, plan]) == (UNMATCHED, UNMATCHED)
    assert UNMATCHED.hit is Hit.OFF
    assert evaluations(walk) == before


def test_a_token_stands_in_the_place_of_its_class(walk: Walk) -> None:
    """T0 to T3 of the first mark, then of the second; where no rule makes one, the place is free for a random one."""
    two_marks: JsonValue = [
        {"as_marked": "ABC12345", "condition": "legible", "location": "frame"},
        {"as_marked": "99", "condition": "legible", "location": "slide"},
    ]
    fields = {**item("x"), "item.serials": two_marks}

    (tokens,) = filled(walk, [fields], [Hit.OPEN])

    inputs = inputs_of(fields, makes=makes.BUILT_IN, calibres=calibres.BUILT_IN)
    assert tokens is not None
    assert [token is not None for token in tokens] == [form is not None for row in inputs for form in row]
    assert [token is not None for token in tokens] == [True] * 4 + [False] * 4
    assert len({token for token in tokens if token}) == 4


def test_one_weapon_has_one_set_of_tokens(walk: Walk) -> None:
    """Two records of one weapon meet, and the second costs no evaluation; another number meets neither."""
    first, again, other = filled(walk, [item("ABC12345"), item("abc-12345"), item("ABC12346")], [Hit.OPEN] * 3)
    asked = evaluations(walk)

    assert first == again
    assert first is not None
    assert other is not None
    assert not set(first) & set(other) - {None}
    assert filled(walk, [item("ABC12345")], [Hit.OPEN]) == [first]
    assert evaluations(walk) == asked


def test_a_slip_that_is_off_costs_no_evaluation(walk: Walk) -> None:
    """Nothing is made of a record that is not matched."""
    before = evaluations(walk)

    assert filled(walk, [item("ABC99999")], [Hit.OFF]) == [None]
    assert evaluations(walk) == before


def test_a_silent_record_that_others_read_is_refused_before_anything_is_asked(walk: Walk) -> None:
    """Whoever reads the item knows the weapon, asks, hears nothing, and knows that it was silent."""
    plan = plan_of(walk, silent=True, shared=True)
    before = evaluations(walk)
    with closing(walk.session(OWNER)) as session, pytest.raises(LabelError, match="originator only"):
        drafts_for(session.stand(), [plan_of(walk, silent=False, shared=True), plan])

    assert evaluations(walk) == before
    check_silent(Hit.SILENT, originator_only=True)
    check_silent(Hit.OPEN, originator_only=False)


def test_planned_records_are_filled_by_their_own_policy(walk: Walk) -> None:
    """What a plan says is what its slip says."""
    plan = plan_of(walk, silent=False, shared=True)
    off = replace(plan, hit=Hit.OFF)
    with closing(walk.session(OWNER)) as session:
        made = drafts_for(session.stand(), [plan, off])

    assert [one.hit for one in made] == [Hit.OPEN, Hit.OFF]
    assert made[1].tokens is None


def test_a_field_that_went_to_the_case_still_makes_tokens(walk: Walk) -> None:
    """A stricter label moves a number out of the readers' sight, not out of matching."""
    plan = plan_of(walk, silent=False, shared=True)
    held = plan.portions["item"].fields
    moved = replace(
        plan,
        portions={
            **plan.portions,
            "item": replace(plan.portions["item"], fields={}),
            "case": replace(plan.portions["case"], fields={**held, "case.case_number": "1"}),
        },
    )

    assert item_fields(moved) == held
    inputs = inputs_of(item_fields(moved), makes=makes.BUILT_IN, calibres=calibres.BUILT_IN)
    assert len(forms_in(inputs)) == 4

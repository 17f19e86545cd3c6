"""What every kind of event says of custody."""

import pytest

from ledger.custody import FINAL, TRANSFERS, Custody, custody_of
from ledger.eventfields import KINDS


def test_every_kind_of_event_has_an_answer() -> None:
    """No kind of event can be added without saying what it means for custody."""
    silent = {kind for kind in KINDS if custody_of({"event.kind": kind}) is Custody.UNSAID}

    assert silent == {"observation", "ballistic_link"}
    assert frozenset(KINDS) >= TRANSFERS
    assert frozenset(KINDS) >= FINAL


@pytest.mark.parametrize(
    ("kind", "custody"),
    [
        ("manufacture", Custody.LAWFUL),
        ("issue_to_force", Custody.LAWFUL),
        ("theft", Custody.LEFT),
        ("illicit_transfer", Custody.OUTSIDE),
        ("recovery", Custody.TAKEN_BACK),
        ("destruction", Custody.ENDED),
        ("ballistic_link", Custody.UNSAID),
    ],
)
def test_a_kind_says_where_the_weapon_was(kind: str, custody: Custody) -> None:
    """Each kind of event stands for one state of custody."""
    assert custody_of({"event.kind": kind}) is custody


@pytest.mark.parametrize("kind", ["observation", "stockpile_inventory", None])
def test_an_owner_recorded_as_illicit_decides_where_the_kind_does_not(kind: str | None) -> None:
    """A weapon seen with an illicit owner was outside lawful hands, whatever it was seen for."""
    fields = {"item.owner_class": "illicit"} | ({"event.kind": kind} if kind else {})

    assert custody_of(fields) is Custody.OUTSIDE


@pytest.mark.parametrize("kind", ["recovery", "theft", "destruction"])
def test_an_illicit_owner_changes_nothing_where_the_kind_decides(kind: str) -> None:
    """A recovery from an illicit owner is a recovery."""
    assert custody_of({"event.kind": kind, "item.owner_class": "illicit"}) is custody_of({"event.kind": kind})


@pytest.mark.parametrize("fields", [{}, {"event.kind": "telepathy"}, {"event.kind": 7}, {"item.owner_class": "police"}])
def test_what_is_withheld_or_unknown_says_nothing(fields: dict[str, str | int]) -> None:
    """No event is no claim about custody."""
    assert custody_of(fields) is Custody.UNSAID

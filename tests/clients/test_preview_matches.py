"""The preview is true: of random profiles and lists, every agency reads what was shown before signing, and no more.

`make preview-check` draws ten thousand of them; here a few, always the same.
"""

import os

import pytest

from ledger.labels import Level
from tests.support.previewing import EVERYBODY, ME, Case, Seen, draw, opened, previewed, seal

CASES = int(os.environ.get("SEALTRACE_PREVIEW_CASES", "150"))
PARTS = 10


def differences(number: int) -> list[str]:
    """Return the agencies for which the preview of a case and what they open are not the same."""
    case = draw(number)
    sealed = seal(case)
    return [f"case {number}, {one}" for one in EVERYBODY if previewed(case, one) != opened(case, sealed, one)]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_agency_reads_what_the_preview_said_and_nothing_else(part: int) -> None:
    """Level, portion, fields and number of records, for the originator and every partner, in the charter or not."""
    assert [one for number in range(part, CASES, PARTS) for one in differences(number)] == []


def test_the_cases_reach_what_they_are_about() -> None:
    """Readers shut out by ceilings, fields moved, empty portions, compartments, several levels, rows refused: all occur."""
    cases: list[Case] = [draw(number) for number in range(60)]
    seen: list[Seen] = [previewed(case, one) for case in cases for one in EVERYBODY if one != ME]
    levels = {key[3] for one in seen for key in one}

    assert levels == set(Level)
    assert any(not one for one in seen)
    assert any(plan.moved for case in cases for row in case.prepared.rows for plan in row.plans)
    assert any(case.prepared.rejected for case in cases)
    assert any(draft.compartments for case in cases for row in case.prepared.rows for draft in row.drafts)
    assert any(not names for one in seen for _, names in one.values())

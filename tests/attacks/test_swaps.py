"""The swap matrix: parts of one valid submission in the place of another's. Nothing that was exchanged verifies.

The two submissions are of one agency with the same keys: to one log, each under its own charter version, or to two logs
whose members, keys and even signing keys of the service are the same. Only the parts differ.
"""

from dataclasses import replace
from itertools import combinations_with_replacement, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import CryptoError
from ledger.errors import LedgerError
from tests.support.consortium import ORIGIN
from tests.support.dossiers import KINDS, OTHER_ORIGIN, Case, Dossier, cases

OURS = (LedgerError, CryptoError)
PAIRS = [pytest.param(pair, id="+".join(dict.fromkeys(pair))) for pair in combinations_with_replacement(KINDS, 2)]


def two_submissions() -> tuple[Case, Case]:
    """Return two submissions to one log."""
    return cases(ORIGIN)


def two_logs() -> tuple[Case, Case]:
    """Return the first submissions to two logs."""
    return cases(ORIGIN)[0], cases(OTHER_ORIGIN)[0]


def part(dossier: Dossier, kind: str) -> bytes:
    """Return a part of a dossier."""
    found: bytes = getattr(dossier, kind)
    return found


def exchanged(mine: Case, other: Case, kinds: tuple[str, ...] | frozenset[str]) -> Dossier:
    """Return a dossier with parts of these kinds from another one."""
    return replace(mine.dossier, **{kind: part(other.dossier, kind) for kind in kinds})


def assert_neither_verifies(one: Case, two: Case, kinds: tuple[str, ...] | frozenset[str]) -> None:
    """Exchange the parts in both directions and see both refused."""
    for mine, other in ((one, two), (two, one)):
        with pytest.raises(OURS):
            mine.verifier.verify(exchanged(mine, other, kinds))


def test_what_was_not_exchanged_verifies() -> None:
    """Each submission as it was made shows its field to its reader; otherwise every refusal below would be worth nothing."""
    for case in (*cases(ORIGIN), *cases(OTHER_ORIGIN)):
        assert case.verifier.verify(case.dossier) == {"item.make": "ZZZ"}


def test_the_submissions_have_no_part_in_common() -> None:
    """Every exchange below changes what is verified."""
    for one, two in (two_submissions(), two_logs()):
        assert [kind for kind in KINDS if part(one.dossier, kind) == part(two.dossier, kind)] == []


@pytest.mark.parametrize("kinds", PAIRS)
def test_attack_parts_swapped_between_two_submissions(kinds: tuple[str, ...]) -> None:
    """One part or two of another submission to the same log, in the place of this one's, never verify."""
    assert_neither_verifies(*two_submissions(), kinds)


@pytest.mark.parametrize("kinds", PAIRS)
def test_attack_parts_swapped_between_two_logs(kinds: tuple[str, ...]) -> None:
    """One part or two from another log of the same members under the same keys never verify."""
    assert_neither_verifies(*two_logs(), kinds)


@settings(deadline=None, max_examples=40)
@given(st.frozensets(st.sampled_from(KINDS), min_size=3, max_size=len(KINDS) - 1))
def test_attack_any_parts_swapped(kinds: frozenset[str]) -> None:
    """However many parts come from elsewhere: what does not come whole does not verify."""
    assert_neither_verifies(*two_submissions(), kinds)
    assert_neither_verifies(*two_logs(), kinds)


@pytest.mark.parametrize(("kind", "place"), [pytest.param(*two, id="-as-".join(two)) for two in permutations(KINDS, 2)])
def test_attack_one_kind_passed_off_as_another(kind: str, place: str) -> None:
    """The bytes of one kind, however valid, are nothing in the place of another kind."""
    case, _ = two_submissions()

    with pytest.raises(OURS):
        case.verifier.verify(replace(case.dossier, **{place: part(case.dossier, kind)}))

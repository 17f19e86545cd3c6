"""What takes two officers, and the hash by which both mean the same list."""

from dataclasses import replace

import pytest

from clients.errors import NotPermittedError
from clients.importing import Prepared
from clients.intake.agreeing import (
    approve_list,
    check_proposed,
    planned,
    propose_list,
    why_two,
)
from clients.intake.deciding import Officer, approve, sign, withdraw
from clients.intake.states import State
from clients.intake.store import ChangedError
from clients.session import load_profile
from clients.submitting import submit
from ledger.errors import LabelError
from ledger.kinds import Role
from ledger.labels import Level
from ledger.officers import ApprovalError, PlannedSubmission, parse_proposal
from ledger.profiles import ALONE
from ledger.profiletoml import profile_from_toml, to_toml
from tests.support.imports import CSV, MAP, bench_of, checked
from tests.support.lists import plan_rows
from tests.support.loopback import Walk, found_consortium
from tests.support.officers import FIRST, SECOND, hand

OWNER, PARTNER = "xar-arms", "xbe-cib"
ROWS = [{"make": "Taurus", "serial": "ABE 573528"}, {"make": "Colt", "serial": "00573"}]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give two agencies around a real service, to tests that send nothing or their own."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, PARTNER)
    yield found
    found.close()


def with_level(walk: Walk, level: Level, *, alone: Level = ALONE) -> None:
    """Have the owner's profile seal to its partners at a level."""
    session = walk.session(OWNER)
    home = walk.homes[OWNER]
    home.profile.unlink(missing_ok=True)
    text = to_toml(load_profile(home, session.trust.charters()[-1])).replace('"RESTRICTED"', f'"{level.value}"')
    profile = replace(profile_from_toml(text), alone=alone)
    home.profile.write_text(to_toml(profile), encoding="utf-8")


def plans(walk: Walk, rows: list[dict[str, str]] = ROWS) -> Prepared:
    """Return rows as the owner would seal them."""
    return plan_rows(walk.session(OWNER), rows)


@pytest.mark.parametrize(
    ("level", "alone", "two"),
    [
        (Level.RESTRICTED, ALONE, False),
        (Level.CONFIDENTIAL, ALONE, False),
        (Level.SECRET, ALONE, True),
        (Level.CONFIDENTIAL, Level.RESTRICTED, True),
        (Level.UNCLASSIFIED, Level.UNCLASSIFIED, False),
    ],
)
def test_two_officers_above_what_the_profile_lets_one_share(walk: Walk, level: Level, alone: Level, two: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """What is sealed to the originator alone takes nobody's second word, whatever its level: the case is SECRET."""
    with_level(walk, level, alone=alone)
    profile = load_profile(walk.homes[OWNER], walk.session(OWNER).trust.charters()[-1])
    reasons = why_two(plans(walk).rows, profile)

    assert reasons == (
        (f"event is sealed to others as {level.value}", f"item is sealed to others as {level.value}") if two else ()
    )


def test_a_profile_may_lower_the_limit_and_not_raise_it(walk: Walk) -> None:
    """Above CONFIDENTIAL it takes two everywhere, as a release does; what a profile says comes back as it was written."""
    with_level(walk, Level.RESTRICTED, alone=Level.UNCLASSIFIED)
    text = walk.homes[OWNER].profile.read_text(encoding="utf-8")

    assert profile_from_toml(text).alone is Level.UNCLASSIFIED
    with pytest.raises(LabelError, match="alone is at most CONFIDENTIAL"):
        profile_from_toml(text.replace('alone = "UNCLASSIFIED"', 'alone = "SECRET"'))
    with pytest.raises(LabelError, match="alone"):
        profile_from_toml(text.replace('alone = "UNCLASSIFIED"', 'alone = "TOP SECRET"'))


def test_the_hash_binds_what_is_said_who_reads_it_and_what_is_corrected(walk: Walk) -> None:
    """Another value, row, order, level or flag is another list."""
    with_level(walk, Level.RESTRICTED)
    first = plans(walk).rows
    hashes = [
        planned(first)[False].h,
        planned(first)[True].h,
        planned(first[:1])[False].h,
        planned(first[::-1])[False].h,
        planned(plans(walk, [{**ROWS[0], "serial": "ABE 573529"}, ROWS[1]]).rows)[False].h,
    ]
    with_level(walk, Level.CONFIDENTIAL)
    hashes.append(planned(plans(walk).rows)[False].h)
    with_level(walk, Level.RESTRICTED)

    assert len(set(hashes)) == len(hashes)
    assert planned(plans(walk).rows)[False].h == hashes[0]


def test_attack_a_list_that_takes_two_officers_sent_by_one(walk: Walk) -> None:
    """Whatever calls it: without what two agreed on, or with another list's, nothing is sealed."""
    with_level(walk, Level.SECRET)
    session = walk.session(OWNER)
    rows, profile = plans(walk).rows, load_profile(walk.homes[OWNER], session.trust.charters()[-1])
    quiet = {"progress": lambda _done, _total: None}
    for agreed in (None, planned(rows[:1])[False], planned(rows)[True]):
        with pytest.raises(NotPermittedError, match="two officers must agree"):
            submit(session, rows, profile, agreed=agreed, **quiet)
    assert session.outbox.last() is None

    assert submit(session, rows, profile, agreed=planned(rows)[False], **quiet).records == 2


def test_a_proposed_list_is_approved_by_another_officer(walk: Walk) -> None:
    """The file says how many records and the hash; the agency keeps it under its own signature."""
    session, home = walk.session(OWNER), walk.homes[OWNER]
    first, second = hand(session, FIRST), hand(session, SECOND)
    do = PlannedSubmission(records=2, h=bytes(32))
    now = walk.clock()
    file = propose_list(home, do, officer=FIRST, signer=first.signer, now=now)
    signing = session.keyring.signer(Role.SIGN)
    assert check_proposed(home, file, now=now).proposal.do == do

    with pytest.raises(ApprovalError, match="same officer"):
        approve_list(home, file, officer=FIRST, signer=first.signer, signing=signing, now=now)
    with pytest.raises(ApprovalError, match="run out"):
        approve_list(home, file, officer=SECOND, signer=second.signer, signing=signing, now=now + 4 * 86_400)
    approved = approve_list(home, file, officer=SECOND, signer=second.signer, signing=signing, now=now)
    assert parse_proposal(approved).officers == (FIRST, SECOND)
    assert (home.approvals / f"{parse_proposal(file).proposal.id.hex()}.json").exists()


def test_an_import_that_changed_under_a_proposal_is_not_approved(walk: Walk) -> None:
    """Attack: the list is swapped in the database between the two signatures."""
    with_level(walk, Level.SECRET)
    session = walk.session(OWNER)
    first, second = hand(session, FIRST), hand(session, SECOND)
    bench = bench_of(walk, OWNER)
    one = checked(bench, CSV.replace(b"00573", b"990017"), text=MAP)
    proposed = sign(bench, one, Officer(name=FIRST, signer=lambda: first.signer))
    assert proposed.state is State.PROPOSED
    swapped = bench.imports.note(proposed, findings={**proposed.findings, "plans": "A" * 43})

    with pytest.raises(ApprovalError, match="another list"):
        approve(bench, swapped, Officer(name=SECOND, signer=lambda: second.signer))
    back = withdraw(bench, swapped)
    with pytest.raises(ChangedError, match="second officer"):
        approve(bench, back, Officer(name=SECOND, signer=lambda: second.signer))

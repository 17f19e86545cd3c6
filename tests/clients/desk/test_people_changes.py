"""Who may do what changes by administrators alone, never for oneself, and by two where it gives more."""

import threading
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.desk.people.changes import PROPOSAL_SECONDS
from clients.desk.people.errors import PeopleError
from clients.desk.people.mandates import Mandate, mandate_from_text, mandate_from_words, mandate_of
from clients.desk.people.person import Person, Role
from ledger.labels import Compartment, Level, Purpose
from tests.support.deskpeople import ADMINISTRATOR, ANALYST, Staff

MORE = Mandate(
    roles=ANALYST.roles, clearance=Level.SECRET, compartments=ANALYST.compartments, purposes=ANALYST.purposes
)
LESS = Mandate(roles=ANALYST.roles)
BOTH = Mandate(roles=ADMINISTRATOR.roles | LESS.roles)

mandates = st.builds(
    Mandate,
    roles=st.frozensets(st.sampled_from(Role), min_size=1),
    clearance=st.none() | st.sampled_from(Level),
    compartments=st.frozensets(st.sampled_from(Compartment)),
    purposes=st.frozensets(st.sampled_from(Purpose), min_size=1),
)


@pytest.fixture
def boss(desk_staff: Staff) -> Person:
    """Return the first administrator."""
    return desk_staff.add("B. Boss", ADMINISTRATOR)


@pytest.fixture
def deputy(desk_staff: Staff, boss: Person) -> Person:
    """Return a second administrator, beside the first."""
    assert boss.id
    return desk_staff.add("D. Deputy", BOTH)


@pytest.fixture
def abiola(desk_staff: Staff) -> Person:
    """Return an analyst."""
    return desk_staff.add("A. Abiola")


def now(desk_staff: Staff, person: Person) -> Mandate:
    """Return what a person may do now."""
    return mandate_of(desk_staff.people.accounts.find(person.id))


@given(mandate=mandates)
def test_a_mandate_is_kept_as_it_was_given(mandate: Mandate) -> None:
    """What is written into a row is what is read out of it."""
    assert mandate == mandate_from_text(mandate.to_text())


@given(one=mandates, other=mandates)
def test_what_adds_is_seen(one: Mandate, other: Mandate) -> None:
    """Of two mandates that differ at least one adds to the other; none adds to itself."""
    assert not one.adds_to(one)
    assert one == other or one.adds_to(other) or other.adds_to(one)


@pytest.mark.parametrize(
    "words",
    [
        {"roles": []},
        {"roles": ["king"]},
        {"clearance": "TOP SECRET"},
        {"clearance": "secret"},
        {"compartments": ["X"]},
        {"purposes": []},
        {"purposes": ["FUN"]},
    ],
)
def test_words_that_mean_nothing_are_refused(words: dict[str, list[str] | str]) -> None:
    """A role, level, compartment or purpose that there is not, and a mandate nobody could work under, are refused."""
    values = {"roles": ["analyst"], "clearance": "", "compartments": [], "purposes": ["TRACE"], **words}
    with pytest.raises(PeopleError):
        mandate_from_words(**values)  # type: ignore[arg-type]  # the cases are of the types that forms give


def test_words_are_read_as_a_form_sends_them() -> None:
    """An empty clearance is none; everything else is spelled as the page shows it."""
    read = mandate_from_words(
        roles=["analyst"], clearance="CONFIDENTIAL", compartments=["CT"], purposes=["CRIM", "TRACE"]
    )

    assert read == ANALYST
    assert mandate_from_words(roles=["auditor"], clearance="", compartments=[], purposes=["STATS"]).clearance is None


def test_a_lone_administrator_changes_at_once(desk_staff: Staff, boss: Person, abiola: Person) -> None:
    """Where there is nobody to ask, what an administrator gives is given."""
    assert desk_staff.people.changes.change(boss, abiola.id, MORE) is None
    assert now(desk_staff, abiola) == MORE


@pytest.mark.usefixtures("deputy")
def test_taking_away_needs_nobody_else(desk_staff: Staff, boss: Person, abiola: Person) -> None:
    """One administrator is enough to take a clearance away, and to end somebody."""
    assert desk_staff.people.changes.change(boss, abiola.id, LESS) is None
    assert now(desk_staff, abiola) == LESS

    assert desk_staff.people.changes.end(boss, abiola.id) is None
    assert desk_staff.people.accounts.find(abiola.id).ended


def test_giving_takes_two(desk_staff: Staff, boss: Person, deputy: Person, abiola: Person) -> None:
    """Where there are two administrators, more is given when the other one approves, and not before."""
    proposal = desk_staff.people.changes.change(boss, abiola.id, MORE)
    assert proposal is not None
    assert now(desk_staff, abiola) == ANALYST
    assert [proposal] == desk_staff.people.changes.waiting()
    desk_staff.people.changes.approve(deputy, proposal.number)

    assert now(desk_staff, abiola) == MORE
    assert desk_staff.people.changes.waiting() == []


@pytest.mark.usefixtures("deputy")
def test_attack_approving_ones_own_proposal(desk_staff: Staff, boss: Person, abiola: Person) -> None:
    """Who proposed cannot approve; the proposal stays for somebody who can."""
    proposal = desk_staff.people.changes.change(boss, abiola.id, MORE)
    assert proposal is not None
    with pytest.raises(PeopleError, match="cannot approve"):
        desk_staff.people.changes.approve(boss, proposal.number)

    assert now(desk_staff, abiola) == ANALYST
    assert [proposal] == desk_staff.people.changes.waiting()


@pytest.mark.parametrize("mandate", [None, ADMINISTRATOR, MORE])
def test_attack_changing_oneself(desk_staff: Staff, boss: Person, deputy: Person, mandate: Mandate | None) -> None:
    """Nobody changes or ends themselves, administrator or not, nor approves more for themselves."""
    changes = desk_staff.people.changes
    with pytest.raises(PeopleError, match="nobody changes"):
        changes.end(boss, boss.id) if mandate is None else changes.change(boss, boss.id, mandate)
    proposal = changes.change(deputy, boss.id, Mandate(roles=frozenset(Role), clearance=Level.SECRET))
    assert proposal is not None

    with pytest.raises(PeopleError, match="more for themselves"):
        changes.approve(boss, proposal.number)
    assert now(desk_staff, boss) == ADMINISTRATOR


@pytest.mark.parametrize("mandate", [None, LESS])
def test_attack_becoming_the_only_administrator(
    desk_staff: Staff, boss: Person, deputy: Person, mandate: Mandate | None
) -> None:
    """One administrator cannot remove the other to be alone and give freely: it takes that one's consent."""
    changes = desk_staff.people.changes
    proposal = changes.end(boss, deputy.id) if mandate is None else changes.change(boss, deputy.id, mandate)
    assert proposal is not None
    assert Role.ADMINISTRATOR in now(desk_staff, deputy).roles
    with pytest.raises(PeopleError):
        changes.approve(boss, proposal.number)

    changes.approve(deputy, proposal.number)
    assert {boss.id} == {
        one.id for one in desk_staff.people.accounts.all() if Role.ADMINISTRATOR in one.roles and not one.ended
    }


def test_the_last_administrator_stays(desk_staff: Staff, boss: Person, deputy: Person) -> None:
    """Of two proposals to remove each other only one can be carried out: somebody is left to administer."""
    changes = desk_staff.people.changes
    one, other = changes.end(boss, deputy.id), changes.end(deputy, boss.id)
    assert one is not None
    assert other is not None
    changes.approve(deputy, one.number)

    with pytest.raises(PeopleError):
        changes.approve(boss, other.number)
    assert not desk_staff.people.accounts.find(boss.id).ended


def test_attack_somebody_who_is_no_administrator(desk_staff: Staff, boss: Person, abiola: Person) -> None:
    """Neither an analyst nor an administrator of yesterday changes anything, whatever their page still offers."""
    changes = desk_staff.people.changes
    with pytest.raises(PeopleError, match="only an administrator"):
        changes.change(abiola, boss.id, LESS)
    with pytest.raises(PeopleError, match="only an administrator"):
        changes.approve(abiola, 1)
    with pytest.raises(PeopleError, match="only an administrator"):
        changes.withdraw(abiola, 1)
    yesterday = desk_staff.add("Y. Yesterday", BOTH)
    proposal = changes.change(boss, yesterday.id, LESS)
    assert proposal is not None
    changes.approve(yesterday, proposal.number)

    with pytest.raises(PeopleError, match="only an administrator"):
        changes.change(yesterday, abiola.id, MORE)


def test_attack_a_proposal_carried_out_twice(desk_staff: Staff, boss: Person, deputy: Person, abiola: Person) -> None:
    """A double click, a replayed form and two administrators at once carry one proposal out once."""
    proposal = desk_staff.people.changes.change(boss, abiola.id, MORE)
    assert proposal is not None
    done: list[object] = []

    def attempt() -> None:
        with suppress(PeopleError):
            done.append(desk_staff.people.changes.approve(deputy, proposal.number))

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(done) == 1


def test_a_proposal_about_somebody_who_was_changed_since(
    desk_staff: Staff, boss: Person, deputy: Person, abiola: Person
) -> None:
    """What was proposed for what somebody was is not carried out on what they are: who took away meant it."""
    changes = desk_staff.people.changes
    proposal = changes.change(boss, abiola.id, MORE)
    assert proposal is not None
    changes.change(deputy, abiola.id, LESS)

    with pytest.raises(PeopleError, match="no such proposal"):
        changes.approve(deputy, proposal.number)
    assert now(desk_staff, abiola) == LESS


def test_a_proposal_expires_and_can_be_withdrawn(
    desk_staff: Staff, boss: Person, deputy: Person, abiola: Person
) -> None:
    """After a week, or once it was taken back, a proposal is not there any more; a newer one replaces it."""
    changes = desk_staff.people.changes
    first, second = changes.change(boss, abiola.id, MORE), changes.change(boss, abiola.id, MORE)
    assert first is not None
    assert second is not None
    with pytest.raises(PeopleError, match="no such proposal"):
        changes.approve(deputy, first.number)
    desk_staff.clock.advance(PROPOSAL_SECONDS)
    with pytest.raises(PeopleError, match="no such proposal"):
        changes.approve(deputy, second.number)
    third = changes.change(boss, abiola.id, MORE)
    assert third is not None
    changes.withdraw(boss, third.number)

    with pytest.raises(PeopleError, match="no such proposal"):
        changes.approve(deputy, third.number)


def test_proposals_of_somebody_who_was_ended_go(
    desk_staff: Staff, boss: Person, deputy: Person, abiola: Person
) -> None:
    """What an administrator proposed before they were ended can be approved by nobody."""
    changes = desk_staff.people.changes
    third = desk_staff.add("T. Third", ADMINISTRATOR)
    proposal, end = changes.change(third, abiola.id, MORE), changes.end(boss, third.id)
    assert proposal is not None
    assert end is not None
    changes.approve(deputy, end.number)

    with pytest.raises(PeopleError, match="no such proposal"):
        changes.approve(deputy, proposal.number)


def test_attack_a_stale_page(desk_staff: Staff, boss: Person, abiola: Person) -> None:
    """A form from a page that was opened before somebody else's change, or one sent again, changes nothing."""
    shown = ANALYST.to_text()
    desk_staff.people.changes.change(boss, abiola.id, LESS, held=shown)
    with pytest.raises(PeopleError, match="was changed since"):
        desk_staff.people.changes.change(boss, abiola.id, MORE, held=shown)

    assert now(desk_staff, abiola) == LESS


def test_an_ended_person_stays_ended(desk_staff: Staff, boss: Person, abiola: Person) -> None:
    """Nobody is brought back under their number, and a person there is not cannot be changed."""
    changes = desk_staff.people.changes
    desk_staff.add_passkey(abiola)
    desk_staff.add_password(abiola)
    changes.end(boss, abiola.id)
    for person_id, words in ((abiola.id, "was ended"), (999, "no such person")):
        with pytest.raises(PeopleError, match=words):
            changes.change(boss, person_id, MORE)

    assert desk_staff.people.passkeys.of(abiola.id) == []
    assert not desk_staff.people.passwords.has(abiola.id)
    assert desk_staff.people.accounts.named("A. Abiola") is None


@pytest.mark.parametrize("name", ["a. abiola", "A. ABIOLA", "\uff21. Abiola"])
@pytest.mark.usefixtures("abiola")
def test_attack_a_name_that_looks_like_anothers(desk_staff: Staff, name: str) -> None:
    """Two people never have names that differ by case or by the width of a letter alone."""
    with pytest.raises(PeopleError, match="somebody has that name"):
        desk_staff.add(name)


@pytest.mark.parametrize("name", ["", " A", "A  B", "A\nB", "A\u202eB", "x" * 101])
def test_what_is_no_name_is_refused(desk_staff: Staff, name: str) -> None:
    """A name is one visible line: it stands in approvals and in the record of use."""
    with pytest.raises(PeopleError, match="one line"):
        desk_staff.add(name)


def test_everybody_chooses_their_language_and_theme(desk_staff: Staff, abiola: Person) -> None:
    """A person sets how their own pages look, to what there is."""
    accounts = desk_staff.people.accounts
    accounts.set_language(abiola.id, "ar")
    accounts.set_theme(abiola.id, "dark")
    with pytest.raises(PeopleError):
        accounts.set_language(abiola.id, "tlh")
    with pytest.raises(PeopleError):
        accounts.set_theme(abiola.id, "'><script>")

    found = accounts.find(abiola.id)
    assert (found.language, found.theme) == ("ar", "dark")
    assert [found] == accounts.all()


def test_a_mandate_that_was_changed_behind_a_proposal(
    desk_staff: Staff, boss: Person, deputy: Person, abiola: Person
) -> None:
    """However a mandate came to be another one, what was proposed for the old one is not carried out."""
    proposal = desk_staff.people.changes.change(boss, abiola.id, MORE)
    assert proposal is not None
    with desk_staff.engine.begin() as connection:
        values = (LESS.to_text(), abiola.id)
        connection.exec_driver_sql("UPDATE person SET mandate = ? WHERE id = ?", values)

    with pytest.raises(PeopleError, match="was changed since"):
        desk_staff.people.changes.approve(deputy, proposal.number)


def test_attack_ending_the_last_administrator_from_inside(desk_staff: Staff, boss: Person) -> None:
    """Whatever path should ever lead there, the step that carries a change out leaves one administrator."""
    with desk_staff.engine.begin() as connection, pytest.raises(PeopleError, match="last administrator"):
        desk_staff.people.changes._carry_out(connection, boss, None)

    assert not desk_staff.people.accounts.find(boss.id).ended

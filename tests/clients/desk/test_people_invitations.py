"""Links: one person comes in by one, once, in time, and only as who it was made for."""

import threading
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.desk.people.errors import IdentityError, PeopleError
from clients.desk.people.invitations import FIRST_SECONDS, LINK_SECONDS, Invitations, Kind, Made
from clients.desk.people.passkeys import NewPasskey
from clients.desk.people.passwords import NewPassword
from clients.desk.people.person import Person, Role
from crypto.digests import sha256
from crypto.encoding import b64u
from ledger.labels import Purpose
from tests.support.deskpeople import ADMINISTRATOR, ANALYST, HOLDER, ORIGIN, Staff
from tests.support.passkeys import Authenticator

NOTHING = "this link opens nothing"
FORGED = NewPasskey(credential=b"c", public_key=b"k", count=0)


def accept(desk_staff: Staff, made: Made, *, name: str = "", key: Authenticator | None = None) -> Person:
    """Use a link with a new passkey."""
    links, passkeys = desk_staff.people.invitations, desk_staff.people.passkeys
    found = links.find(made.token)
    options = passkeys.to_create(holder=found.token, handle=found.handle, name=name or found.name)
    passkey = passkeys.created((key or Authenticator(ORIGIN)).create(options), holder=found.token)
    return links.accept(made.token, name=name, passkey=passkey)


def first(desk_staff: Staff) -> Made:
    """Return a first link, which there must be."""
    made = desk_staff.people.invitations.first()
    assert made is not None
    return made


def test_there_is_no_default_account(desk_staff: Staff) -> None:
    """On a new desk nobody works, and nobody can sign in."""
    assert desk_staff.people.accounts.all() == []


def test_the_first_administrator_comes_by_the_first_link(desk_staff: Staff) -> None:
    """Who uses the first link is an administrator under a name of their own, cleared for nothing, and signs in with their key."""
    key = Authenticator(ORIGIN)
    boss = accept(desk_staff, first(desk_staff), name="B. Boss", key=key)
    options = desk_staff.people.passkeys.to_sign_in(holder=HOLDER)

    assert boss.roles == {Role.ADMINISTRATOR}
    assert boss.clearance is None
    assert boss.compartments == frozenset()
    assert boss == desk_staff.people.passkeys.sign_in(key.get(options), holder=HOLDER)


def test_attack_a_link_used_twice(desk_staff: Staff) -> None:
    """A link that was used lets in nobody else."""
    made = first(desk_staff)
    boss = accept(desk_staff, made, name="B. Boss")
    joined = desk_staff.people.invitations.invite(boss, "A. Abiola", ANALYST)
    accept(desk_staff, joined)
    for used in (made, joined):
        with pytest.raises(PeopleError, match=NOTHING):
            accept(desk_staff, used, name="M. Mallory")

    assert [boss.name] == [one.name for one in desk_staff.people.accounts.all() if Role.ADMINISTRATOR in one.roles]


def test_attack_a_link_used_twice_at_once(desk_staff: Staff) -> None:
    """Of several who open the first link at the same moment one becomes administrator."""
    made, came = first(desk_staff), []

    def attempt(name: str) -> None:
        passkey = NewPasskey(credential=name.encode(), public_key=b"k", count=0)
        with suppress(PeopleError):
            came.append(desk_staff.people.invitations.accept(made.token, name=name, passkey=passkey))

    threads = [threading.Thread(target=attempt, args=(name,)) for name in ("M. One", "M. Two", "M. Three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(came) == 1
    assert came == desk_staff.people.accounts.all()


def test_attack_an_expired_link(desk_staff: Staff) -> None:
    """The first link is good for an hour, others for a day."""
    made = first(desk_staff)
    desk_staff.clock.advance(FIRST_SECONDS)
    with pytest.raises(PeopleError, match=NOTHING):
        accept(desk_staff, made, name="M. Mallory")
    joined = desk_staff.people.invitations.invite_from_machine("A. Abiola", ANALYST)
    desk_staff.clock.advance(LINK_SECONDS)

    with pytest.raises(PeopleError, match=NOTHING):
        accept(desk_staff, joined)


def test_attack_a_first_link_printed_before(desk_staff: Staff) -> None:
    """Each start prints another first link; one that lies in an old terminal opens nothing."""
    before, after = first(desk_staff), first(desk_staff)
    with pytest.raises(PeopleError, match=NOTHING):
        desk_staff.people.invitations.find(before.token)

    assert desk_staff.people.invitations.find(after.token) == after.invitation


def test_attack_the_first_link_after_there_is_an_administrator(desk_staff: Staff) -> None:
    """Once anybody administers the desk there is no first link, and one printed before is void, however they came."""
    made = first(desk_staff)
    accept(desk_staff, desk_staff.people.invitations.invite_from_machine("B. Boss", ADMINISTRATOR))

    with pytest.raises(PeopleError, match=NOTHING):
        desk_staff.people.invitations.accept(made.token, name="M. Mallory", passkey=FORGED)
    assert desk_staff.people.invitations.first() is None


def test_attack_the_hash_out_of_the_table(desk_staff: Staff) -> None:
    """Of a link only the hash is kept, and the hash opens nothing."""
    made = first(desk_staff)
    with desk_staff.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT token FROM invitation").scalar_one()

    assert made.invitation.token == kept
    with pytest.raises(PeopleError, match=NOTHING):
        desk_staff.people.invitations.find(b64u(kept))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(token=st.text() | st.binary(min_size=32, max_size=32).map(b64u))
def test_attack_an_invented_link(desk_staff: Staff, token: str) -> None:
    """Whatever stands in the place of a link opens nothing, in the words that a used one gets."""
    with pytest.raises(PeopleError, match=NOTHING):
        desk_staff.people.invitations.find(token)


def test_who_is_invited_gets_what_was_meant_for_them(desk_staff: Staff) -> None:
    """A link carries the name, roles, clearance, compartments and purposes that its maker set; the guest adds nothing."""
    boss = accept(desk_staff, first(desk_staff), name="B. Boss")
    made = desk_staff.people.invitations.invite(boss, "A. Abiola", ANALYST)
    person = accept(desk_staff, made, name="")
    other = desk_staff.people.invitations.invite(boss, "O. Other", ANALYST)
    renamed = desk_staff.people.invitations.accept(other.token, name="Somebody Else", passkey=FORGED)

    assert (person.name, person.roles, person.clearance) == ("A. Abiola", ANALYST.roles, ANALYST.clearance)
    assert person.purposes == {Purpose.TRACE, Purpose.CRIM}
    assert renamed.name == "O. Other"


def test_where_there_are_two_administrators_one_approves(desk_staff: Staff) -> None:
    """A link that one administrator made opens when another has approved it: nobody invents a colleague alone."""
    boss, deputy = (desk_staff.add(name, ADMINISTRATOR) for name in ("B. Boss", "D. Deputy"))
    links = desk_staff.people.invitations
    made = links.invite(boss, "A. Abiola", ANALYST)
    assert [made.invitation] == links.waiting()
    with pytest.raises(PeopleError, match=NOTHING):
        accept(desk_staff, made)
    with pytest.raises(PeopleError, match="cannot approve"):
        links.approve(boss, made.invitation.number)
    links.approve(deputy, made.invitation.number)

    assert accept(desk_staff, made).name == "A. Abiola"


def test_attack_a_link_made_by_somebody_who_is_no_administrator(desk_staff: Staff) -> None:
    """Only administrators make, approve and withdraw links, and a link of one who was ended opens nothing."""
    boss, deputy, third = (desk_staff.add(name, ADMINISTRATOR) for name in ("B. Boss", "D. Deputy", "T. Third"))
    abiola, links = desk_staff.add("A. Abiola"), desk_staff.people.invitations
    made = links.invite(third, "M. Mallory", ANALYST)
    for attempt in (
        lambda: links.invite(abiola, "M. Mallory", ADMINISTRATOR),
        lambda: links.again(abiola, boss.id),
        lambda: links.approve(abiola, made.invitation.number),
        lambda: links.withdraw(abiola, made.invitation.number),
    ):
        with pytest.raises(PeopleError, match="only an administrator"):
            attempt()
    links.approve(deputy, made.invitation.number)
    end = desk_staff.people.changes.end(boss, third.id)
    assert end is not None
    desk_staff.people.changes.approve(deputy, end.number)

    with pytest.raises(PeopleError, match=NOTHING):
        accept(desk_staff, made)


def test_a_link_can_be_taken_back(desk_staff: Staff) -> None:
    """A link that went to the wrong person is withdrawn, once; a first link is in no list."""
    links = desk_staff.people.invitations
    printed = first(desk_staff)
    with pytest.raises(PeopleError, match="no such link"):
        links.withdraw(desk_staff.add("B. Boss", ADMINISTRATOR), printed.invitation.number)
    boss = desk_staff.people.accounts.named("B. Boss")
    assert boss is not None
    made = links.invite(boss, "A. Abiola", ANALYST)
    links.withdraw(boss, made.invitation.number)

    assert links.waiting() == []
    with pytest.raises(PeopleError, match="no such link"):
        links.withdraw(boss, made.invitation.number)
    with pytest.raises(PeopleError, match=NOTHING):
        accept(desk_staff, made)


def test_who_lost_their_way_in_gets_another(desk_staff: Staff) -> None:
    """A link for somebody who is here gives new ways in, takes the old ones and the sessions, and changes no right."""
    boss, abiola = desk_staff.add("B. Boss", ADMINISTRATOR), desk_staff.add("A. Abiola")
    old = desk_staff.add_passkey(abiola)
    desk_staff.add_password(abiola)
    token = desk_staff.people.sessions.begin(abiola)
    key = Authenticator(ORIGIN)
    again = accept(desk_staff, desk_staff.people.invitations.again(boss, abiola.id), key=key)
    passkeys = desk_staff.people.passkeys

    assert again == abiola
    assert desk_staff.people.sessions.find(token) is None
    assert not desk_staff.people.passwords.has(abiola.id)
    with pytest.raises(IdentityError):
        passkeys.sign_in(old.get(passkeys.to_sign_in(holder=HOLDER)), holder=HOLDER)
    assert abiola == passkeys.sign_in(key.get(passkeys.to_sign_in(holder=HOLDER)), holder=HOLDER)


def test_attack_an_administrator_taking_somebody_over(desk_staff: Staff) -> None:
    """One of two administrators cannot make themselves a way in as an analyst: the other has to approve that link."""
    boss, deputy = (desk_staff.add(name, ADMINISTRATOR) for name in ("B. Boss", "D. Deputy"))
    abiola = desk_staff.add("A. Abiola")
    made = desk_staff.people.invitations.again(boss, abiola.id)
    with pytest.raises(PeopleError, match=NOTHING):
        accept(desk_staff, made)
    with pytest.raises(PeopleError, match="for themselves"):
        desk_staff.people.invitations.again(boss, boss.id)

    assert [(one.kind, one.approved) for one in desk_staff.people.invitations.waiting()] == [(Kind.AGAIN, False)]
    assert desk_staff.people.invitations.approve(deputy, made.invitation.number).person == abiola.id


def test_nobody_who_was_ended_comes_in_again(desk_staff: Staff) -> None:
    """There is no link back for somebody who was ended, nor for nobody, and a link made before is void."""
    boss, abiola = desk_staff.add("B. Boss", ADMINISTRATOR), desk_staff.add("A. Abiola")
    links = desk_staff.people.invitations
    made = links.again_from_machine(abiola.id)
    desk_staff.people.changes.end(boss, abiola.id)
    with pytest.raises(PeopleError, match=NOTHING):
        accept(desk_staff, made)
    for person_id in (abiola.id, 999):
        with pytest.raises(PeopleError):
            links.again(boss, person_id)
    with pytest.raises(PeopleError, match="somebody has that name"):
        links.invite(boss, "a. abiola", ANALYST)


def test_attack_a_form_that_invites_sent_twice(desk_staff: Staff) -> None:
    """However often one name is invited there is one link, the one that was shown last."""
    boss, links = desk_staff.add("B. Boss", ADMINISTRATOR), desk_staff.people.invitations
    one, other = (links.invite(boss, "A. Abiola", ANALYST) for _ in range(2))
    with pytest.raises(PeopleError, match=NOTHING):
        accept(desk_staff, one)

    assert [other.invitation] == links.waiting()
    assert accept(desk_staff, other).name == "A. Abiola"


def test_two_links_for_names_that_look_alike(desk_staff: Staff) -> None:
    """Of two links for names that differ by case the second to be used is refused: names stay unique."""
    boss, links = desk_staff.add("B. Boss", ADMINISTRATOR), desk_staff.people.invitations
    one, other = links.invite(boss, "A. Abiola", ANALYST), links.invite(boss, "A. ABIOLA", ANALYST)
    accept(desk_staff, one)

    with pytest.raises(PeopleError, match="somebody has that name"):
        accept(desk_staff, other)


def test_a_refused_way_in_does_not_use_the_link_up(desk_staff: Staff) -> None:
    """A link stands until somebody came in by it: a name that is none, or a passkey that is known, costs nothing."""
    made, links = first(desk_staff), desk_staff.people.invitations
    with pytest.raises(PeopleError, match="one line"):
        links.accept(made.token, name="", passkey=FORGED)
    with pytest.raises(PeopleError, match="with a passkey or with a password"):
        links.accept(made.token, name="B. Boss")
    both = NewPassword(hash="", secret=b"", counter=0)
    with pytest.raises(PeopleError, match="with a passkey or with a password"):
        links.accept(made.token, name="B. Boss", passkey=FORGED, password=both)

    assert accept(desk_staff, made, name="B. Boss").name == "B. Boss"


def test_no_token_is_in_a_repr(desk_staff: Staff) -> None:
    """What is printed of a link opens nothing."""
    made = first(desk_staff)

    assert made.token not in repr(made)
    assert repr(sha256(made.token.encode())) not in repr(made)
    assert repr(made.invitation.token) not in repr(made)


def test_links_survive_a_restart(desk_staff: Staff) -> None:
    """A link is a row: it is as good after the desk was started again, and as dead once it was used."""
    made = desk_staff.people.invitations.invite_from_machine("A. Abiola", ANALYST)
    again = Invitations(desk_staff.engine, clock=desk_staff.clock)

    assert again.find(made.token).name == "A. Abiola"

"""Sessions: rows that end, whatever cookie somebody saved."""

import pytest

from clients.desk.people.changes import Changes
from clients.desk.people.errors import IdentityError
from clients.desk.people.mandates import Mandate
from clients.desk.people.person import Person, Role, SignedIn
from clients.desk.people.sessions import FRESH_SECONDS, IDLE_SECONDS, LIFE_SECONDS, end_sessions
from crypto.encoding import b64u
from ledger.decision import Reader
from ledger.labels import Compartment, Level, Purpose
from tests.support.deskpeople import ADMINISTRATOR, ANALYST, Staff


@pytest.fixture
def abiola(desk_staff: Staff) -> Person:
    """Return somebody who works here."""
    return desk_staff.add("A. Abiola")


def signed_in(desk_staff: Staff, token: str) -> SignedIn:
    """Return the session of a token that must be good."""
    found = desk_staff.people.sessions.find(token)
    assert found is not None
    return found


def test_a_session_tells_who_is_signed_in(desk_staff: Staff, abiola: Person) -> None:
    """A token leads to its person, for the first of their purposes, confirmed just now."""
    found = signed_in(desk_staff, desk_staff.people.sessions.begin(abiola))

    assert (abiola, Purpose.TRACE, desk_staff.clock()) == (found.person, found.purpose, found.confirmed)
    assert found.person.reader("xar-arms") == Reader(
        agency="xar-arms", clearance=Level.CONFIDENTIAL, compartments=frozenset({Compartment.CT})
    )


def test_attack_a_cookie_saved_before_signing_out(desk_staff: Staff, abiola: Person) -> None:
    """A cookie that somebody saved is dead once its owner has signed out; their other session goes on."""
    saved, other = (desk_staff.people.sessions.begin(abiola) for _ in range(2))
    desk_staff.people.sessions.end(signed_in(desk_staff, saved))

    assert desk_staff.people.sessions.find(saved) is None
    assert desk_staff.people.sessions.find(other) is not None


def test_signing_out_everywhere(desk_staff: Staff, abiola: Person) -> None:
    """Every session of a person ends at once, and nobody else's."""
    mine = [desk_staff.people.sessions.begin(abiola) for _ in range(3)]
    other = desk_staff.people.sessions.begin(desk_staff.add("O. Other"))
    with desk_staff.engine.begin() as connection:
        end_sessions(connection, abiola.id)

    assert [desk_staff.people.sessions.find(token) for token in mine] == [None] * 3
    assert desk_staff.people.sessions.find(other) is not None


def test_a_session_ends_after_fifteen_minutes_of_silence(desk_staff: Staff, abiola: Person) -> None:
    """Looking at pages keeps a session alive, silence ends it."""
    token = desk_staff.people.sessions.begin(abiola)
    for _ in range(3):
        desk_staff.clock.advance(IDLE_SECONDS - 1)
        assert desk_staff.people.sessions.find(token) is not None
    desk_staff.clock.advance(IDLE_SECONDS)

    assert desk_staff.people.sessions.find(token) is None


def test_a_session_ends_after_twelve_hours(desk_staff: Staff, abiola: Person) -> None:
    """However busy, and however often confirmed, a session ends after twelve hours."""
    token = desk_staff.people.sessions.begin(abiola)
    ends = desk_staff.clock() + LIFE_SECONDS
    while desk_staff.clock() < ends - 600:
        desk_staff.clock.advance(600)
        token = desk_staff.people.sessions.confirm(signed_in(desk_staff, token))
    desk_staff.clock.advance(600)

    assert desk_staff.people.sessions.find(token) is None


def test_attack_fixation(desk_staff: Staff, abiola: Person) -> None:
    """A token is drawn here, anew at every sign-in and confirmation: the one somebody knew before is worth nothing."""
    first, second = (desk_staff.people.sessions.begin(abiola) for _ in range(2))
    before = signed_in(desk_staff, first)
    confirmed = desk_staff.people.sessions.confirm(before)
    after = signed_in(desk_staff, confirmed)

    assert len({first, second, confirmed}) == 3
    assert desk_staff.people.sessions.find(first) is None
    assert before.csrf != after.csrf
    assert before.signed_in == after.signed_in


def test_attack_one_session_confirmed_twice(desk_staff: Staff, abiola: Person) -> None:
    """Of two confirmations of one session at once the second finds it gone, and makes no second session."""
    found = signed_in(desk_staff, desk_staff.people.sessions.begin(abiola))
    desk_staff.people.sessions.confirm(found)

    with pytest.raises(IdentityError, match="over"):
        desk_staff.people.sessions.confirm(found)


@pytest.mark.parametrize("token", ["", "x", b64u(bytes(32)), b64u(bytes(31)), "é" * 43, b64u(bytes(32)) + "="])
def test_attack_an_invented_token(desk_staff: Staff, abiola: Person, token: str) -> None:
    """What was never given out, or is no token at all, is nobody's."""
    desk_staff.people.sessions.begin(abiola)

    assert desk_staff.people.sessions.find(token) is None


def test_attack_the_hash_out_of_the_table(desk_staff: Staff, abiola: Person) -> None:
    """Who reads the rows finds hashes, and a hash is no token."""
    token = desk_staff.people.sessions.begin(abiola)
    with desk_staff.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT id FROM session").scalar_one()

    assert desk_staff.people.sessions.find(b64u(kept)) is None
    assert token.encode() not in (kept, b64u(kept).encode())


def test_attack_a_session_of_somebody_who_was_ended(desk_staff: Staff, abiola: Person) -> None:
    """Ending a person ends their sessions, confirms none and begins none."""
    boss = desk_staff.add("B. Boss", ADMINISTRATOR)
    token = desk_staff.people.sessions.begin(abiola)
    found = signed_in(desk_staff, token)
    desk_staff.people.changes.end(boss, abiola.id)

    assert desk_staff.people.sessions.find(token) is None
    with pytest.raises(IdentityError):
        desk_staff.people.sessions.confirm(found)
    with pytest.raises(IdentityError):
        desk_staff.people.sessions.begin(abiola)


def test_attack_rights_kept_in_an_open_session(desk_staff: Staff, abiola: Person) -> None:
    """Whoever loses a role or a clearance loses the session that was begun with it."""
    boss = desk_staff.add("B. Boss", ADMINISTRATOR)
    token = desk_staff.people.sessions.begin(abiola)
    Changes(desk_staff.engine, clock=desk_staff.clock).change(
        boss, abiola.id, Mandate(roles=ANALYST.roles, clearance=Level.RESTRICTED)
    )

    assert desk_staff.people.sessions.find(token) is None


def test_a_confirmation_is_fresh_for_five_minutes(desk_staff: Staff, abiola: Person) -> None:
    """What wants a fresh proof gets it at sign-in and for five minutes, and again after a confirmation."""
    sessions = desk_staff.people.sessions
    token = sessions.begin(abiola)
    desk_staff.clock.advance(FRESH_SECONDS - 1)
    assert sessions.is_fresh(signed_in(desk_staff, token))
    desk_staff.clock.advance(1)
    found = signed_in(desk_staff, token)
    assert not sessions.is_fresh(found)

    assert sessions.is_fresh(signed_in(desk_staff, sessions.confirm(found)))


def test_a_person_works_for_one_of_their_purposes(desk_staff: Staff, abiola: Person) -> None:
    """A person may go on for another purpose of theirs, which a confirmation keeps, and for no other's."""
    sessions = desk_staff.people.sessions
    found = signed_in(desk_staff, sessions.begin(abiola))
    sessions.work_for(found, Purpose.CRIM)
    assert signed_in(desk_staff, sessions.confirm(found)).purpose is Purpose.CRIM

    with pytest.raises(IdentityError, match="not one of yours"):
        sessions.work_for(found, Purpose.SANCTIONS)


def test_sessions_that_are_over_are_forgotten(desk_staff: Staff, abiola: Person) -> None:
    """The table holds no more than who is signed in."""
    desk_staff.people.sessions.begin(abiola)
    desk_staff.clock.advance(LIFE_SECONDS)
    desk_staff.people.sessions.begin(abiola)
    with desk_staff.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM session").scalar_one() == 1


def test_no_token_is_in_a_repr(desk_staff: Staff, abiola: Person) -> None:
    """What is printed of a session lets nobody go on with it."""
    token = desk_staff.people.sessions.begin(abiola)
    found = signed_in(desk_staff, token)

    assert token not in repr(found)
    assert found.csrf not in repr(found)
    assert repr(found.session) not in repr(found)
    assert Role.ANALYST in found.person.roles

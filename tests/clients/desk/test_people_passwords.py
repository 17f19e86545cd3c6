"""Passwords and codes: never one without the other, a code once, and nothing learned from a refusal."""

import contextlib
import threading
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.desk.people.attempts import A_NAME, AN_ADDRESS
from clients.desk.people.codes import counter_of, in_letters, new_secret, picture
from clients.desk.people.errors import AttemptsError, IdentityError, PeopleError
from clients.desk.people.passwords import ENROLMENT_SECONDS, Typed, keep_password
from clients.desk.people.person import Person
from tests.support.deskpeople import ADMINISTRATOR, HOLDER, PASSWORD, Staff, code_of

WRONG = "the name, the password or the code is not right"


@pytest.fixture
def abiola(desk_staff: Staff) -> Person:
    """Return somebody with a password and codes."""
    person = desk_staff.add("A. Abiola")
    desk_staff.add_password(person)
    return person


def test_a_password_and_a_code_let_somebody_in(desk_staff: Staff, abiola: Person) -> None:
    """Who knows the password and holds the app comes in, however the name is written."""
    typed = desk_staff.typed(abiola, name="a. ABIOLA")

    assert abiola == desk_staff.people.passwords.check(typed)
    assert desk_staff.people.passwords.has(abiola.id)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_that_is_half_a_minute_off(desk_staff: Staff, abiola: Person, steps: int) -> None:
    """A code of one step before or after now is taken, since telephones' clocks differ."""
    typed = desk_staff.typed(abiola, code=desk_staff.code(abiola, steps=steps))

    assert abiola == desk_staff.people.passwords.check(typed)


@pytest.mark.parametrize("steps", [-2, 2, -2_880])
def test_attack_an_old_or_a_future_code(desk_staff: Staff, abiola: Person, steps: int) -> None:
    """A code of any other time is refused."""
    with pytest.raises(IdentityError, match=WRONG):
        desk_staff.people.passwords.check(desk_staff.typed(abiola, code=desk_staff.code(abiola, steps=steps)))


def test_attack_a_code_used_twice(desk_staff: Staff, abiola: Person) -> None:
    """A code that was read over somebody's shoulder is worth nothing once it was used."""
    typed = desk_staff.typed(abiola)
    desk_staff.people.passwords.check(typed)

    with pytest.raises(IdentityError, match=WRONG):
        desk_staff.people.passwords.check(typed)


def test_attack_the_code_before_the_one_used(desk_staff: Staff, abiola: Person) -> None:
    """Once a code was used no earlier one is taken, though its half minute is not over."""
    desk_staff.people.passwords.check(desk_staff.typed(abiola))

    with pytest.raises(IdentityError, match=WRONG):
        desk_staff.people.passwords.check(desk_staff.typed(abiola, code=desk_staff.code(abiola, steps=-1)))


def test_attack_a_code_used_twice_at_once(desk_staff: Staff, abiola: Person) -> None:
    """Of many requests with one code at the same moment exactly one comes in."""
    typed, came, start = desk_staff.typed(abiola), [], threading.Barrier(6)

    def attempt() -> None:
        start.wait()
        with contextlib.suppress(IdentityError):
            came.append(desk_staff.people.passwords.check(typed))

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [abiola] == came


def test_a_wrong_password_does_not_spend_the_code(desk_staff: Staff, abiola: Person) -> None:
    """Who mistypes the password may use the code that is still shown."""
    with pytest.raises(IdentityError):
        desk_staff.people.passwords.check(desk_staff.typed(abiola, password="not my password"))

    assert abiola == desk_staff.people.passwords.check(desk_staff.typed(abiola))


def test_attack_names_told_apart_by_words(desk_staff: Staff, abiola: Person) -> None:
    """An unknown name, one without a password, an ended one, a wrong password and a wrong code get the same words."""
    boss = desk_staff.add("B. Boss", ADMINISTRATOR)
    ended = desk_staff.add("E. Ended")
    desk_staff.add_password(ended)
    gone = desk_staff.typed(ended)
    desk_staff.people.changes.end(boss, ended.id)
    right = desk_staff.typed(abiola)
    tries = (
        replace(right, name="N. Nobody"),
        replace(right, name=boss.name),
        gone,
        replace(right, password="another password"),
        replace(right, code="000000"),
        replace(right, code="no code"),
    )
    said = set()
    for typed in tries:
        with pytest.raises(IdentityError) as caught:
            desk_staff.people.passwords.check(typed)
        said.add((type(caught.value), str(caught.value), caught.value.next_step))

    assert len(said) == 1


def test_attack_names_told_apart_by_time(desk_staff: Staff) -> None:
    """What stands in for an unknown name costs as much as anybody's: the same hash function at the same cost."""
    passwords = desk_staff.people.passwords
    person = desk_staff.add("A. Abiola")
    desk_staff.add_password(person)
    known, unknown = passwords._kept("A. Abiola"), passwords._kept("N. Nobody")

    assert unknown.person is None
    assert known.hash.split("$")[:4] == unknown.hash.split("$")[:4]
    assert len(known.secret) == len(unknown.secret)
    assert len(known.hash) == len(unknown.hash)


def test_attack_guessing_codes_for_one_name(desk_staff: Staff, abiola: Person) -> None:
    """After ten attempts for one name even the right three are not looked at for a quarter of an hour."""
    for attempt in range(A_NAME.most):
        with pytest.raises(IdentityError):
            desk_staff.people.passwords.check(desk_staff.typed(abiola, code=f"{attempt:06}"))
    with pytest.raises(AttemptsError) as caught:
        desk_staff.people.passwords.check(desk_staff.typed(abiola))
    desk_staff.clock.advance(caught.value.retry_after_seconds)

    assert A_NAME.seconds == caught.value.retry_after_seconds
    assert abiola == desk_staff.people.passwords.check(desk_staff.typed(abiola))


def test_a_clock_that_was_put_back_keeps_nobody_out(desk_staff: Staff, abiola: Person) -> None:
    """Attempts counted by a clock that stood a year ahead are not held against anybody until that year is over."""
    desk_staff.clock.advance(31_536_000)
    for attempt in range(A_NAME.most):
        with pytest.raises(IdentityError):
            desk_staff.people.passwords.check(desk_staff.typed(abiola, code=f"{attempt:06}"))
    desk_staff.clock.advance(-31_536_000)

    assert abiola == desk_staff.people.passwords.check(desk_staff.typed(abiola))


def test_attack_guessing_over_many_names(desk_staff: Staff) -> None:
    """One address has a share, whichever names it tries, known or not; another address has its own."""
    typed = Typed(name="", password=PASSWORD, code="000000", address="127.0.0.1")
    for number in range(AN_ADDRESS.most):
        with pytest.raises(IdentityError, match=WRONG):
            desk_staff.people.passwords.check(replace(typed, name=f"name {number}"))

    with pytest.raises(AttemptsError):
        desk_staff.people.passwords.check(replace(typed, name="one more"))
    with pytest.raises(IdentityError, match=WRONG):
        desk_staff.people.passwords.check(replace(typed, name="one more", address="::1"))


def choose(desk_staff: Staff, secret: bytes, **other: str) -> None:
    """Choose a password for somebody new, with some of what is typed replaced."""
    values = {
        "address": "127.0.0.1",
        "password": PASSWORD,
        "again": PASSWORD,
        "code": code_of(secret, desk_staff.clock()),
        **other,
    }
    person = desk_staff.people.accounts.named("A. Abiola") or desk_staff.add("A. Abiola")
    new = desk_staff.people.passwords.choose(holder=HOLDER, **values)
    with desk_staff.engine.begin() as connection:
        keep_password(connection, person.id, new)


def test_a_password_is_chosen_with_an_app_that_works(desk_staff: Staff) -> None:
    """The secret is shown, a code proves that the app has it, and from then on both are needed."""
    secret = desk_staff.people.passwords.secret_for(holder=HOLDER)
    choose(desk_staff, secret)
    desk_staff.clock.advance(30)
    typed = Typed(name="A. Abiola", password=PASSWORD, code=code_of(secret, desk_staff.clock()), address="127.0.0.1")

    assert desk_staff.people.passwords.check(typed).name == "A. Abiola"


def test_attack_the_code_that_proved_the_app(desk_staff: Staff) -> None:
    """The code that was typed to enrol the app is spent: it signs nobody in."""
    secret = desk_staff.people.passwords.secret_for(holder=HOLDER)
    code = code_of(secret, desk_staff.clock())
    choose(desk_staff, secret)

    with pytest.raises(IdentityError):
        desk_staff.people.passwords.check(Typed(name="A. Abiola", password=PASSWORD, code=code, address="127.0.0.1"))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"again": "something else entirely"}, "differ"),
        ({"password": "short", "again": "short"}, "at least 12 characters"),
        ({"code": "000000"}, "code is not right"),
        ({"code": "\uff11\uff12\uff13\uff14\uff15\uff16"}, "code is not right"),
        ({"code": ""}, "code is not right"),
    ],
)
def test_what_is_no_password_or_no_code_is_refused(desk_staff: Staff, other: dict[str, str], words: str) -> None:
    """A short password, two that differ and a wrong code are refused with what to do; the secret stays for another try."""
    secret = desk_staff.people.passwords.secret_for(holder=HOLDER)
    with pytest.raises(PeopleError, match=words):
        choose(desk_staff, secret, **other)

    choose(desk_staff, secret)


def test_attack_a_secret_shown_before(desk_staff: Staff) -> None:
    """A secret that was on an earlier page, or on one left open, enrols no app: only the last one shown does."""
    before = desk_staff.people.passwords.secret_for(holder=HOLDER)
    now = desk_staff.people.passwords.secret_for(holder=HOLDER)
    with pytest.raises(PeopleError, match="code is not right"):
        choose(desk_staff, before)
    desk_staff.clock.advance(ENROLMENT_SECONDS)

    with pytest.raises(PeopleError, match="too old"):
        choose(desk_staff, now)


def test_attack_guessing_while_enrolling(desk_staff: Staff) -> None:
    """The page that enrols an app is no place to guess codes at."""
    secret = desk_staff.people.passwords.secret_for(holder=HOLDER)
    for _ in range(A_NAME.most):
        with pytest.raises(PeopleError):
            choose(desk_staff, secret, code="000000")

    with pytest.raises(AttemptsError):
        choose(desk_staff, secret)


def test_a_new_password_replaces_the_old_one_and_its_app(desk_staff: Staff, abiola: Person) -> None:
    """Who chooses a new password has a new app too; the old two open nothing."""
    old = desk_staff.typed(abiola)
    secret = desk_staff.people.passwords.secret_for(holder=HOLDER)
    choose(desk_staff, secret)

    with pytest.raises(IdentityError):
        desk_staff.people.passwords.check(old)


def test_the_places_for_comparing_are_given_back(desk_staff: Staff, abiola: Person) -> None:
    """However many attempts fail, the next one finds a place: nothing is held by a refusal."""
    for _ in range(5):
        with pytest.raises(IdentityError):
            desk_staff.people.passwords.check(desk_staff.typed(abiola, password="wrong"))

    assert abiola == desk_staff.people.passwords.check(desk_staff.typed(abiola))


def test_a_code_may_be_typed_with_a_space() -> None:
    """Apps show six digits in two groups, and people type what they see."""
    secret = new_secret()
    code = code_of(secret, 1_800_000_000)

    assert counter_of(f"{code[:3]} {code[3:]}", secret=secret, now=1_800_000_000) == 60_000_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(code=st.text() | st.from_regex(r"[0-9]{1,8}", fullmatch=True), now=st.integers(0, 4_000_000_000))
def test_what_is_no_code_has_no_counter(code: str, now: int) -> None:
    """Whatever is typed is a code of one of three steps, or none; nothing else is raised."""
    secret = bytes(20)
    steps = {code_of(secret, max(0, now + 30 * step)): now // 30 + step for step in (1, 0, -1)}

    assert counter_of(code, secret=secret, now=max(now, 30)) in {
        *steps.values(),
        None,
        *(s + 1 for s in steps.values()),
    }


def test_rfc_6238_appendix_b() -> None:
    """Codes are those of RFC 6238, appendix B, cut to six digits."""
    secret = b"12345678901234567890"
    for now, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert now // 30 == counter_of(code, secret=secret, now=now)


def test_the_picture_needs_nothing_from_outside() -> None:
    """The QR code is an image in the page itself, and so is the text to type instead."""
    shown = picture(b"12345678901234567890", name="A. Abiola", desk="xar-arms")

    assert shown.startswith("data:image/svg+xml")
    assert in_letters(b"12345678901234567890") == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"


def test_nothing_typed_is_in_a_repr(desk_staff: Staff, abiola: Person) -> None:
    """A password, a code or a secret is in the text of no value and of no error."""
    typed = desk_staff.typed(abiola, code="000000")
    with pytest.raises(IdentityError) as caught:
        desk_staff.people.passwords.check(typed)
    shown = repr(typed) + repr(desk_staff.people.passwords._kept("A. Abiola")) + repr(caught.value) + str(caught.value)

    assert PASSWORD not in shown
    assert "000000" not in shown
    assert "argon2" not in shown
    assert repr(desk_staff.secrets[abiola.id]) not in shown

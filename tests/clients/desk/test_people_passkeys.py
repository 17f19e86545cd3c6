"""Passkeys: who holds one comes in, and nobody else by anything that was seen, copied or made elsewhere."""

import json
from secrets import token_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.desk.people.challenges import CHALLENGE_SECONDS, MOST_CHALLENGES, Ceremony, Challenges
from clients.desk.people.errors import IdentityError, PeopleError
from clients.desk.people.passkeys import MOST_ANSWER_BYTES, MOST_PASSKEYS, CounterError
from crypto.digests import sha256
from crypto.encoding import b64u
from tests.support.deskpeople import ADMINISTRATOR, HOLDER, ORIGIN, Staff
from tests.support.passkeys import PRESENT, VERIFIED, Authenticator

OTHER = sha256(b"another browser")


def test_who_holds_the_passkey_comes_in(desk_staff: Staff) -> None:
    """A passkey made at the desk signs its owner in, without a name being typed."""
    person = desk_staff.add("A. Abiola")
    key = desk_staff.add_passkey(person)
    options = desk_staff.people.passkeys.to_sign_in(holder=HOLDER)

    assert person == desk_staff.people.passkeys.sign_in(key.get(options), holder=HOLDER)
    assert json.loads(options)["userVerification"] == "required"
    assert json.loads(options)["allowCredentials"] == []


def test_several_passkeys_of_one_person(desk_staff: Staff) -> None:
    """Each of a person's passkeys lets them in, and tells when it was used."""
    person = desk_staff.add("A. Abiola")
    keys = [desk_staff.add_passkey(person, label=label) for label in ("a key", "a spare one")]
    for key in keys:
        options = desk_staff.people.passkeys.to_sign_in(holder=HOLDER)
        assert person == desk_staff.people.passkeys.sign_in(key.get(options), holder=HOLDER)

    found = desk_staff.people.passkeys.of(person.id)
    assert [("a key", desk_staff.clock()), ("a spare one", desk_staff.clock())] == [
        (one.label, one.used) for one in found
    ]


def test_known_passkeys_are_left_out_of_a_new_one(desk_staff: Staff) -> None:
    """A browser is told which passkeys a person has, so that it makes no second one in the same place."""
    person = desk_staff.add("A. Abiola")
    key = desk_staff.add_passkey(person)
    options = json.loads(
        desk_staff.people.passkeys.to_create(holder=HOLDER, handle=b"x", name="A. Abiola", person_id=person.id)
    )

    assert [b64u(key.credentials[0].id)] == [one["id"] for one in options["excludeCredentials"]]
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"


def test_an_authenticator_that_does_not_count(desk_staff: Staff) -> None:
    """A passkey that is synchronised between devices never counts, and is taken all the same."""
    person = desk_staff.add("A. Abiola")
    key = desk_staff.add_passkey(person, Authenticator(ORIGIN, counts=False))
    for _ in range(3):
        options = desk_staff.people.passkeys.to_sign_in(holder=HOLDER)
        assert person == desk_staff.people.passkeys.sign_in(key.get(options), holder=HOLDER)


def test_attack_an_answer_replayed(desk_staff: Staff) -> None:
    """An answer that was seen on its way signs nobody in again: its challenge is spent."""
    key = desk_staff.add_passkey(desk_staff.add("A. Abiola"))
    answer = key.get(desk_staff.people.passkeys.to_sign_in(holder=HOLDER))
    desk_staff.people.passkeys.sign_in(answer, holder=HOLDER)

    with pytest.raises(IdentityError, match="too old, or was sent before"):
        desk_staff.people.passkeys.sign_in(answer, holder=HOLDER)


def test_attack_a_challenge_is_spent_by_a_wrong_answer_too(desk_staff: Staff) -> None:
    """One challenge is good for one try: a wrong answer to it takes it away from a right one."""
    key = desk_staff.add_passkey(desk_staff.add("A. Abiola"))
    options = desk_staff.people.passkeys.to_sign_in(holder=HOLDER)
    with pytest.raises(IdentityError):
        desk_staff.people.passkeys.sign_in(key.get(options, origin="https://evil.example"), holder=HOLDER)

    with pytest.raises(IdentityError, match="too old, or was sent before"):
        desk_staff.people.passkeys.sign_in(key.get(options), holder=HOLDER)


def test_attack_a_challenge_that_was_never_drawn(desk_staff: Staff) -> None:
    """A challenge that somebody chose themselves, to have it signed elsewhere, is none of ours."""
    key = desk_staff.add_passkey(desk_staff.add("A. Abiola"))
    chosen = json.dumps({"challenge": b64u(token_bytes(32))})

    with pytest.raises(IdentityError):
        desk_staff.people.passkeys.sign_in(key.get(chosen), holder=HOLDER)


def test_attack_a_challenge_of_another_browser(desk_staff: Staff) -> None:
    """A challenge that one browser was given cannot be answered from another: nobody is signed in as somebody else."""
    key = desk_staff.add_passkey(desk_staff.add("A. Abiola"))
    options = desk_staff.people.passkeys.to_sign_in(holder=OTHER)

    with pytest.raises(IdentityError):
        desk_staff.people.passkeys.sign_in(key.get(options), holder=HOLDER)


def test_attack_a_challenge_of_another_ceremony(desk_staff: Staff) -> None:
    """What was drawn to confirm signs nobody in, and the other way round."""
    person = desk_staff.add("A. Abiola")
    key = desk_staff.add_passkey(person)
    passkeys = desk_staff.people.passkeys

    with pytest.raises(IdentityError):
        passkeys.sign_in(key.get(passkeys.to_confirm(holder=HOLDER, person_id=person.id)), holder=HOLDER)
    with pytest.raises(IdentityError):
        passkeys.confirm(key.get(passkeys.to_sign_in(holder=HOLDER)), holder=HOLDER, person_id=person.id)


def test_attack_a_challenge_that_is_too_old(desk_staff: Staff) -> None:
    """A page that was left open is not answered after five minutes."""
    key = desk_staff.add_passkey(desk_staff.add("A. Abiola"))
    answer = key.get(desk_staff.people.passkeys.to_sign_in(holder=HOLDER))
    desk_staff.clock.advance(CHALLENGE_SECONDS)

    with pytest.raises(IdentityError, match="too old"):
        desk_staff.people.passkeys.sign_in(answer, holder=HOLDER)


@pytest.mark.parametrize(
    "said",
    [
        {"origin": "https://localhost.evil.example"},
        {"origin": "http://localhost:8481"},
        {"origin": "http://localhost:8480/"},
        {"origin": "HTTP://localhost:8480"},
        {"type": "webauthn.create"},
        {"type": "payment.get"},
        {"crossOrigin": True},
        {"crossOrigin": "yes"},
        {"topOrigin": "https://evil.example"},
    ],
    ids=lambda said: "-".join(f"{name}={value}" for name, value in said.items()),
)
def test_attack_another_origin_or_ceremony_or_a_frame(desk_staff: Staff, said: dict[str, object]) -> None:
    """An answer that was made on another site's page, for something else, or inside a frame, is refused."""
    key = desk_staff.add_passkey(desk_staff.add("A. Abiola"))
    options = desk_staff.people.passkeys.to_sign_in(holder=HOLDER)

    with pytest.raises(IdentityError):
        desk_staff.people.passkeys.sign_in(key.get(options, **said), holder=HOLDER)


def test_attack_another_relying_party(desk_staff: Staff) -> None:
    """An answer whose authenticator was told another relying party is refused, though the key is right."""
    key = desk_staff.add_passkey(desk_staff.add("A. Abiola"))
    options = desk_staff.people.passkeys.to_sign_in(holder=HOLDER)

    with pytest.raises(IdentityError):
        desk_staff.people.passkeys.sign_in(key.get(options, rp_id="evil.example"), holder=HOLDER)


@pytest.mark.parametrize("flags", [PRESENT, VERIFIED, 0])
def test_attack_without_verification_or_presence(desk_staff: Staff, flags: int) -> None:
    """A stolen key that nobody unlocked, or that nobody touched, opens nothing."""
    key = desk_staff.add_passkey(desk_staff.add("A. Abiola"))
    key.flags = flags
    options = desk_staff.people.passkeys.to_sign_in(holder=HOLDER)

    with pytest.raises(IdentityError):
        desk_staff.people.passkeys.sign_in(key.get(options), holder=HOLDER)


def test_attack_a_counter_that_went_back(desk_staff: Staff) -> None:
    """A copied key is noticed when its counter is behind: the passkey is halted, and says whose it was."""
    person = desk_staff.add("A. Abiola")
    key = desk_staff.add_passkey(person)
    passkeys = desk_staff.people.passkeys
    for _ in range(2):
        passkeys.sign_in(key.get(passkeys.to_sign_in(holder=HOLDER)), holder=HOLDER)
    key.credentials[0].count = 0

    with pytest.raises(CounterError) as caught:
        passkeys.sign_in(key.get(passkeys.to_sign_in(holder=HOLDER)), holder=HOLDER)

    assert person.id == caught.value.person
    assert desk_staff.clock() == passkeys.of(person.id)[0].halted


def test_attack_a_halted_passkey_ahead_again(desk_staff: Staff) -> None:
    """Of two copies of a key neither comes in any more, whichever counter is ahead."""
    key = desk_staff.add_passkey(desk_staff.add("A. Abiola"))
    passkeys = desk_staff.people.passkeys
    passkeys.sign_in(key.get(passkeys.to_sign_in(holder=HOLDER)), holder=HOLDER)
    key.credentials[0].count = 0
    with pytest.raises(CounterError):
        passkeys.sign_in(key.get(passkeys.to_sign_in(holder=HOLDER)), holder=HOLDER)
    key.credentials[0].count = 1_000

    with pytest.raises(IdentityError):
        passkeys.sign_in(key.get(passkeys.to_sign_in(holder=HOLDER)), holder=HOLDER)


def test_attack_a_counter_that_stopped(desk_staff: Staff) -> None:
    """A key that counted once and now says zero is as suspicious as one that went back."""
    key = desk_staff.add_passkey(desk_staff.add("A. Abiola"))
    passkeys = desk_staff.people.passkeys
    passkeys.sign_in(key.get(passkeys.to_sign_in(holder=HOLDER)), holder=HOLDER)
    key.counts, key.credentials[0].count = False, 0

    with pytest.raises(CounterError):
        passkeys.sign_in(key.get(passkeys.to_sign_in(holder=HOLDER)), holder=HOLDER)


def test_attack_a_passkey_of_another_person_confirms_nothing(desk_staff: Staff) -> None:
    """Who sits down at somebody's open desk cannot confirm with a passkey of their own."""
    victim = desk_staff.add("A. Abiola")
    desk_staff.add_passkey(victim)
    mallory = desk_staff.add_passkey(desk_staff.add("M. Mallory"))
    options = desk_staff.people.passkeys.to_confirm(holder=HOLDER, person_id=victim.id)

    with pytest.raises(IdentityError):
        desk_staff.people.passkeys.confirm(mallory.get(options), holder=HOLDER, person_id=victim.id)


def test_attack_a_handle_of_another_person(desk_staff: Staff) -> None:
    """A passkey that names another person's handle, or none, signs nobody in."""
    victim = desk_staff.add_passkey(desk_staff.add("A. Abiola"))
    mallory = desk_staff.add_passkey(desk_staff.add("M. Mallory"))
    passkeys = desk_staff.people.passkeys
    stolen = victim.credentials[0].handle

    with pytest.raises(IdentityError):
        passkeys.sign_in(mallory.get(passkeys.to_sign_in(holder=HOLDER), handle=stolen), holder=HOLDER)
    answer = json.loads(mallory.get(passkeys.to_sign_in(holder=HOLDER)))
    del answer["response"]["userHandle"]
    with pytest.raises(IdentityError):
        passkeys.sign_in(json.dumps(answer), holder=HOLDER)


def test_attack_an_unknown_passkey(desk_staff: Staff) -> None:
    """A passkey that was never made here is refused in the words that any other refusal has."""
    mallory = Authenticator(ORIGIN)
    mallory.create(desk_staff.people.passkeys.to_create(holder=HOLDER, handle=b"m", name="M. Mallory"))
    options = desk_staff.people.passkeys.to_sign_in(holder=HOLDER)

    with pytest.raises(IdentityError, match=r"^the passkey was not accepted$"):
        desk_staff.people.passkeys.sign_in(mallory.get(options), holder=HOLDER)


def test_attack_another_key_behind_a_known_credential(desk_staff: Staff) -> None:
    """Whoever knows a credential's id and handle, but not its key, is refused."""
    key = desk_staff.add_passkey(desk_staff.add("A. Abiola"))
    known = key.credentials[0]
    mallory = Authenticator(ORIGIN)
    mallory.create(desk_staff.people.passkeys.to_create(holder=HOLDER, handle=known.handle, name="A. Abiola"))
    mallory.credentials[0].id = known.id
    options = desk_staff.people.passkeys.to_sign_in(holder=HOLDER)

    with pytest.raises(IdentityError):
        desk_staff.people.passkeys.sign_in(mallory.get(options), holder=HOLDER)


def test_attack_a_passkey_of_somebody_who_was_ended(desk_staff: Staff) -> None:
    """A passkey of somebody who does not work here any more opens nothing."""
    boss, person = desk_staff.add("B. Boss", ADMINISTRATOR), desk_staff.add("A. Abiola")
    key = desk_staff.add_passkey(person)
    desk_staff.people.changes.end(boss, person.id)
    options = desk_staff.people.passkeys.to_sign_in(holder=HOLDER)

    with pytest.raises(IdentityError):
        desk_staff.people.passkeys.sign_in(key.get(options), holder=HOLDER)


@pytest.mark.parametrize("said", [{"origin": "https://evil.example"}, {"type": "webauthn.get"}, {"crossOrigin": True}])
def test_attack_a_passkey_made_elsewhere(desk_staff: Staff, said: dict[str, object]) -> None:
    """A passkey that was made on another page is not kept here."""
    options = desk_staff.people.passkeys.to_create(holder=HOLDER, handle=b"x", name="A. Abiola")

    with pytest.raises(IdentityError):
        desk_staff.people.passkeys.created(Authenticator(ORIGIN).create(options, **said), holder=HOLDER)


def test_attack_a_passkey_made_without_verification_or_for_another_party(desk_staff: Staff) -> None:
    """A key without a PIN or a finger, or one bound to another name, does not become a passkey of this desk."""
    passkeys, key = desk_staff.people.passkeys, Authenticator(ORIGIN)
    elsewhere = key.create(passkeys.to_create(holder=HOLDER, handle=b"x", name="A. Abiola"), rp_id="evil.example")
    key.flags = PRESENT
    unlocked = key.create(passkeys.to_create(holder=HOLDER, handle=b"x", name="A. Abiola"))

    for answer in (elsewhere, unlocked):
        with pytest.raises(IdentityError):
            passkeys.created(answer, holder=HOLDER)


def test_attack_a_credential_that_somebody_has(desk_staff: Staff) -> None:
    """Nobody registers another person's credential as theirs, to take what that person signs for their own."""
    owner, mallory = desk_staff.add("A. Abiola"), desk_staff.add("M. Mallory")
    key = desk_staff.add_passkey(owner)
    passkeys = desk_staff.people.passkeys
    made = passkeys.created(
        Authenticator(ORIGIN).create(passkeys.to_create(holder=HOLDER, handle=b"m", name="M. Mallory")), holder=HOLDER
    )
    stolen = type(made)(credential=key.credentials[0].id, public_key=made.public_key, count=0)

    with pytest.raises(PeopleError, match="known here already"):
        passkeys.add(mallory.id, stolen, label="mine")


def test_the_last_way_in_stays(desk_staff: Staff) -> None:
    """A person cannot remove the only passkey that works, but may once there is another way in."""
    person = desk_staff.add("A. Abiola")
    desk_staff.add_passkey(person)
    passkeys = desk_staff.people.passkeys
    (only,) = passkeys.of(person.id)
    with pytest.raises(PeopleError, match="last way"):
        passkeys.remove(person.id, only.id)

    desk_staff.add_password(person)
    passkeys.remove(person.id, only.id)
    assert passkeys.of(person.id) == []


def test_attack_removing_the_passkey_of_another_person(desk_staff: Staff) -> None:
    """A number of somebody else's passkey removes nothing."""
    owner, mallory = desk_staff.add("A. Abiola"), desk_staff.add("M. Mallory")
    desk_staff.add_passkey(owner)
    (kept,) = desk_staff.people.passkeys.of(owner.id)

    with pytest.raises(PeopleError, match="no such passkey"):
        desk_staff.people.passkeys.remove(mallory.id, kept.id)
    assert [kept] == desk_staff.people.passkeys.of(owner.id)


def test_a_person_has_so_many_passkeys(desk_staff: Staff) -> None:
    """The number of passkeys of one person is bounded."""
    person = desk_staff.add("A. Abiola")
    for _ in range(MOST_PASSKEYS):
        desk_staff.add_passkey(person)

    with pytest.raises(PeopleError, match="at most 10"):
        desk_staff.add_passkey(person)


def test_attack_filling_the_table_of_challenges(desk_staff: Staff) -> None:
    """Who opens the sign-in page for ever takes no more room than was set aside, and nothing from who is inside."""
    challenges = Challenges(desk_staff.engine, clock=desk_staff.clock)
    inside = challenges.draw(Ceremony.CONFIRM, holder=HOLDER)
    with desk_staff.engine.begin() as connection:
        rows = [(token_bytes(32), "sign in", OTHER, desk_staff.clock() + 9) for _ in range(MOST_CHALLENGES)]
        connection.exec_driver_sql("INSERT INTO challenge VALUES (?, ?, ?, ?)", rows)
    challenges.draw(Ceremony.SIGN_IN, holder=OTHER)

    with desk_staff.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM challenge").scalar_one() == MOST_CHALLENGES + 1
    assert inside == challenges.take(inside, Ceremony.CONFIRM, holder=HOLDER)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    answer=st.one_of(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["response", "rawId", "id"]), inner)
            ),
        ).map(json.dumps),
        st.binary().map(lambda raw: json.dumps({"rawId": "", "response": {"clientDataJSON": b64u(raw)}})),
    )
)
def test_what_is_no_answer_is_refused(desk_staff: Staff, answer: str) -> None:
    """Whatever is sent in the place of an answer is refused by our error, and by no other."""
    with pytest.raises(IdentityError):
        desk_staff.people.passkeys.sign_in(answer, holder=HOLDER)
    with pytest.raises(IdentityError):
        desk_staff.people.passkeys.created(answer, holder=HOLDER)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(junk=st.binary(max_size=300), member=st.sampled_from(["attestationObject", "authenticatorData", "signature"]))
def test_a_broken_part_of_an_answer_is_refused(desk_staff: Staff, junk: bytes, member: str) -> None:
    """Arbitrary bytes in the place of one part of an answer are refused by our error, and by no other."""
    passkeys, key = desk_staff.people.passkeys, Authenticator(ORIGIN)
    made = json.loads(key.create(passkeys.to_create(holder=HOLDER, handle=b"x", name="A. Abiola")))
    asked = json.loads(key.get(passkeys.to_sign_in(holder=HOLDER)))
    made["response"][member] = asked["response"][member] = b64u(junk)

    if member == "attestationObject":
        with pytest.raises(IdentityError):
            passkeys.created(json.dumps(made), holder=HOLDER)
    with pytest.raises(IdentityError):
        passkeys.sign_in(json.dumps(asked), holder=HOLDER)


def test_an_answer_that_is_too_long_is_not_read(desk_staff: Staff) -> None:
    """An answer longer than any authenticator makes is refused before it is parsed."""
    key = desk_staff.add_passkey(desk_staff.add("A. Abiola"))
    answer = key.get(desk_staff.people.passkeys.to_sign_in(holder=HOLDER))

    with pytest.raises(IdentityError):
        desk_staff.people.passkeys.sign_in(answer + " " * MOST_ANSWER_BYTES, holder=HOLDER)


def test_nothing_secret_is_in_a_repr(desk_staff: Staff) -> None:
    """What is printed of a new passkey shows neither its id nor its key."""
    passkeys = desk_staff.people.passkeys
    key = Authenticator(ORIGIN)
    made = passkeys.created(key.create(passkeys.to_create(holder=HOLDER, handle=b"x", name="A. Abiola")), holder=HOLDER)

    assert repr(made) == "NewPasskey(count=0)"

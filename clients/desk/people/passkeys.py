"""Passkeys (WebAuthn level 3): what they answer is verified here, and nowhere is a password involved.

py_webauthn checks type, challenge, origin, relying party, presence, verification and signature. What it leaves to us
is done here: one try for a challenge, no answer from inside a frame, the user handle, whose credential it is, and
the counter, which moves by compare-and-swap.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import webauthn
from sqlalchemy import Connection, Engine, Row, RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from clients.database import Joined, Transactions, reading
from clients.desk.people.accounts import check_name, person_of
from clients.desk.people.challenges import CHALLENGE_SECONDS, Ceremony, Challenges
from clients.desk.people.errors import IdentityError, PeopleError
from clients.desk.people.person import Person
from clients.desk.people.tables import PASSKEY, PASSWORD, PERSON

MOST_ANSWER_BYTES = 16_384
MOST_PASSKEYS = 10
MOST_CREDENTIAL_BYTES = 1_023

_VERIFY = UserVerificationRequirement.REQUIRED
_REFUSED = "the passkey was not accepted"
_ANOTHER = "open the page again, and use a passkey of this desk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relying:
    """What passkeys are bound to: the desk's exact origin, its host, and the name that people are shown."""

    origin: str
    rp_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One of a person's passkeys; a `halted` one answered with a counter that went back: somebody may have a copy."""

    id: int
    person: int
    label: str
    created: int
    used: int | None
    halted: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey:
    """A passkey that was made and verified, not kept yet."""

    credential: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    count: int


class CounterError(IdentityError):
    """A passkey's counter went back: it, or a copy of it, was used elsewhere. It is halted."""

    def __init__(self, *, person: int, passkey: int) -> None:
        """Hold whose passkey it is, for the record of use."""
        super().__init__(
            _REFUSED, next_step="use another passkey, and tell an administrator: this one may have been copied"
        )
        self.person = person
        self.passkey = passkey


class Passkeys:
    """The passkeys of one desk."""

    def __init__(
        self,
        engine: Engine,
        *,
        relying: Relying,
        clock: Callable[[], int],
        transactions: Transactions | None = None,
    ) -> None:
        """Take the database, what passkeys are bound to, the clock (POSIX seconds), and what begins changes of whose they are.

        Challenges and counters move by themselves: they are spent, whatever comes of what they were spent on.
        """
        self._engine = engine
        self._relying = relying
        self._clock = clock
        self._transactions = transactions or engine
        self._challenges = Challenges(engine, clock=clock)

    def within(self, connection: Connection) -> "Passkeys":
        """Return the same, for passkeys that are added and removed in a transaction that is under way."""
        return Passkeys(self._engine, relying=self._relying, clock=self._clock, transactions=Joined(connection))

    def of(self, person_id: int) -> Sequence[Passkey]:
        """Return a person's passkeys, the oldest first."""
        query = select(PASSKEY).where(PASSKEY.c.person == person_id).order_by(PASSKEY.c.id)
        with reading(self._engine) as connection:
            return [_passkey(row) for row in connection.execute(query)]

    def to_create(self, *, holder: bytes, handle: bytes, name: str, person_id: int | None = None) -> str:
        """Return what a browser needs to make a passkey for `name`, as JSON."""
        options = webauthn.generate_registration_options(
            rp_id=self._relying.rp_id,
            rp_name=self._relying.name,
            user_name=name,
            user_id=handle,
            challenge=self._challenges.draw(Ceremony.CREATE, holder=holder),
            timeout=CHALLENGE_SECONDS * 1_000,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFY
            ),
            exclude_credentials=[] if person_id is None else self._descriptors(person_id),
        )
        return webauthn.options_to_json(options)

    def to_sign_in(self, *, holder: bytes) -> str:
        """Return what a browser needs to sign anybody in; no name is asked for, so none can be tried out."""
        return self._to_get(Ceremony.SIGN_IN, holder=holder, allowed=[])

    def to_confirm(self, *, holder: bytes, person_id: int) -> str:
        """Return what a browser needs to have a person prove again who they are."""
        return self._to_get(Ceremony.CONFIRM, holder=holder, allowed=self._descriptors(person_id))

    def created(self, answer: str, *, holder: bytes) -> NewPasskey:
        """Return the passkey that a browser made; raise IdentityError for an answer to anything else."""
        parsed, challenge = self._open(answer, Ceremony.CREATE, holder)
        with _refusing():
            made = webauthn.verify_registration_response(
                credential=parsed,
                expected_challenge=challenge,
                expected_rp_id=self._relying.rp_id,
                expected_origin=self._relying.origin,
                require_user_verification=True,
            )
        if not 0 < len(made.credential_id) <= MOST_CREDENTIAL_BYTES:
            raise IdentityError(_REFUSED, next_step=_ANOTHER)
        return NewPasskey(credential=made.credential_id, public_key=made.credential_public_key, count=made.sign_count)

    def sign_in(self, answer: str, *, holder: bytes) -> Person:
        """Return whose passkey answered; raise IdentityError, or CounterError for one that seems copied."""
        return self._verify(answer, Ceremony.SIGN_IN, holder, person_id=None)

    def confirm(self, answer: str, *, holder: bytes, person_id: int) -> None:
        """Raise IdentityError unless a passkey of this very person answered."""
        self._verify(answer, Ceremony.CONFIRM, holder, person_id=person_id)

    def add(self, person_id: int, made: NewPasskey, *, label: str) -> None:
        """Keep one more passkey of a person."""
        with self._transactions.begin() as connection:
            keep_passkey(connection, person_id, made, label=label, now=self._clock())

    def remove(self, person_id: int, passkey_id: int) -> None:
        """Take one of their passkeys away; raise PeopleError if it is their last way in."""
        with self._transactions.begin() as connection:
            gone = delete(PASSKEY).where(PASSKEY.c.id == passkey_id, PASSKEY.c.person == person_id)
            if not connection.execute(gone).rowcount:
                raise PeopleError("there is no such passkey any more", next_step="look at the list again")
            working = select(PASSKEY.c.id).where(PASSKEY.c.person == person_id, PASSKEY.c.halted.is_(None))
            password = select(PASSWORD.c.person).where(PASSWORD.c.person == person_id)
            if connection.execute(working).first() is None and connection.execute(password).first() is None:
                raise PeopleError("your last way to sign in stays", next_step="add another passkey first")

    def _to_get(self, ceremony: Ceremony, *, holder: bytes, allowed: list[PublicKeyCredentialDescriptor]) -> str:
        options = webauthn.generate_authentication_options(
            rp_id=self._relying.rp_id,
            challenge=self._challenges.draw(ceremony, holder=holder),
            timeout=CHALLENGE_SECONDS * 1_000,
            allow_credentials=allowed,
            user_verification=_VERIFY,
        )
        return webauthn.options_to_json(options)

    def _descriptors(self, person_id: int) -> list[PublicKeyCredentialDescriptor]:
        query = select(PASSKEY.c.credential).where(PASSKEY.c.person == person_id)
        with reading(self._engine) as connection:
            return [PublicKeyCredentialDescriptor(id=credential) for (credential,) in connection.execute(query)]

    def _open(self, answer: str, ceremony: Ceremony, holder: bytes) -> tuple[dict[str, Any], bytes]:
        """Return an answer and the challenge it names, which is spent now."""
        with _refusing():
            parsed = _parsed(answer)
            said = json.loads(base64url_to_bytes(parsed["response"]["clientDataJSON"]))
            challenge = base64url_to_bytes(said["challenge"])
            is_framed = said.get("crossOrigin", False) is not False or "topOrigin" in said
        self._challenges.take(challenge, ceremony, holder=holder)
        if is_framed:
            raise IdentityError(_REFUSED, next_step="open the desk in a window of its own")
        return parsed, challenge

    def _verify(self, answer: str, ceremony: Ceremony, holder: bytes, *, person_id: int | None) -> Person:
        parsed, challenge = self._open(answer, ceremony, holder)
        with _refusing():
            credential = base64url_to_bytes(parsed["rawId"])
            handle = parsed["response"].get("userHandle")
            shown = None if handle is None else base64url_to_bytes(handle)
        row = self._find(credential)
        if row is None or not _is_of(row, person_id=person_id, handle=shown):
            raise IdentityError(_REFUSED, next_step=_ANOTHER)
        with _refusing():
            verified = webauthn.verify_authentication_response(
                credential=parsed,
                expected_challenge=challenge,
                expected_rp_id=self._relying.rp_id,
                expected_origin=self._relying.origin,
                credential_public_key=row[PASSKEY.c.public_key],
                # Zero lets every counter pass: ours decides below, in the statement that writes it.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        self._count(row, verified.new_sign_count)
        return person_of(row)

    def _find(self, credential: bytes) -> RowMapping | None:
        query = (
            select(PASSKEY.c.id.label("passkey"), PASSKEY.c.public_key, PERSON)
            .join(PERSON, PERSON.c.id == PASSKEY.c.person)
            .where(PASSKEY.c.credential == credential, PASSKEY.c.halted.is_(None), PERSON.c.ended.is_(None))
        )
        with reading(self._engine) as connection:
            return connection.execute(query).mappings().first()

    def _count(self, row: RowMapping, count: int) -> None:
        """Move the counter up; one that does not go up halts its passkey. Some authenticators do not count: always 0."""
        now = self._clock()
        this = PASSKEY.c.id == row["passkey"]
        rises = (PASSKEY.c.count < count) | ((PASSKEY.c.count == 0) & (count == 0))
        with self._engine.begin() as connection:
            moved = connection.execute(update(PASSKEY).where(this, rises).values(count=count, used=now)).rowcount
            if not moved:
                connection.execute(update(PASSKEY).where(this).values(halted=now))
        if not moved:
            raise CounterError(person=row[PERSON.c.id], passkey=row["passkey"])


def keep_passkey(connection: Connection, person_id: int, made: NewPasskey, *, label: str, now: int) -> None:
    """Keep a new passkey; raise PeopleError if somebody has it, or the person too many."""
    mine = select(func.count()).select_from(PASSKEY).where(PASSKEY.c.person == person_id)
    if connection.execute(mine).scalar_one() >= MOST_PASSKEYS:
        raise PeopleError(f"a person has at most {MOST_PASSKEYS} passkeys", next_step="remove one that is not used")
    row = {
        "person": person_id,
        "credential": made.credential,
        "public_key": made.public_key,
        "count": made.count,
        "label": check_name(label),
        "created": now,
    }
    try:
        connection.execute(insert(PASSKEY).values(row))
    except IntegrityError as error:
        raise PeopleError("that passkey is known here already", next_step="use another one") from error


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn whatever an answer makes the library's decoders raise into one refusal that quotes nothing of it."""
    try:
        yield
    except Exception:  # noqa: BLE001 - the library lets through what CBOR, base64, JSON and keys of any kind raise
        raise IdentityError(_REFUSED, next_step=_ANOTHER) from None


def _parsed(answer: str) -> dict[str, Any]:
    if len(answer) > MOST_ANSWER_BYTES:
        raise ValueError
    parsed = json.loads(answer)
    if not isinstance(parsed, dict) or not isinstance(parsed.get("response"), dict):
        raise TypeError
    return parsed


def _is_of(row: RowMapping, *, person_id: int | None, handle: bytes | None) -> bool:
    """Say whether a credential is of who it must be: of the handle it was made for, and of the person who confirms.

    At sign-in nobody has been named yet, so the authenticator has to name the handle.
    """
    if handle is None:
        return person_id is not None and row[PERSON.c.id] == person_id
    return handle == row[PERSON.c.handle] and person_id in {None, row[PERSON.c.id]}


def _passkey(row: Row[Any]) -> Passkey:
    return Passkey(id=row.id, person=row.person, label=row.label, created=row.created, used=row.used, halted=row.halted)

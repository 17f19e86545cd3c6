"""Challenges of passkey ceremonies: drawn here, bound to who asked for what, short-lived, and good for one try."""

import secrets
from collections.abc import Callable
from enum import Enum

from sqlalchemy import Engine, delete, func, insert, select

from clients.desk.people.errors import IdentityError
from clients.desk.people.tables import CHALLENGE

CHALLENGE_SECONDS = 5 * 60
CHALLENGE_BYTES = 32
MOST_CHALLENGES = 4_096


class Ceremony(Enum):
    """What a challenge was drawn for; an answer to one is worth nothing in another."""

    CREATE = "create"
    SIGN_IN = "sign in"
    CONFIRM = "confirm"


class Challenges:
    """Challenges that wait for their answer."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int]) -> None:
        """Take the database and the clock (POSIX seconds)."""
        self._engine = engine
        self._clock = clock

    def draw(self, ceremony: Ceremony, *, holder: bytes) -> bytes:
        """Return a new challenge for a holder: the hash of a session's, a link's or a sign-in form's token.

        Strangers draw too, so that there is room for so many: of those for strangers the oldest go first.
        """
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        now = self._clock()
        row = {"challenge": challenge, "ceremony": ceremony.value, "holder": holder, "expires": now + CHALLENGE_SECONDS}
        strangers = CHALLENGE.c.ceremony == Ceremony.SIGN_IN.value
        with self._engine.begin() as connection:
            connection.execute(delete(CHALLENGE).where(CHALLENGE.c.expires <= now))
            count = connection.execute(select(func.count()).select_from(CHALLENGE).where(strangers)).scalar_one()
            if ceremony is Ceremony.SIGN_IN and count >= MOST_CHALLENGES:
                oldest = select(CHALLENGE.c.challenge).where(strangers).order_by(CHALLENGE.c.expires).limit(1)
                connection.execute(delete(CHALLENGE).where(CHALLENGE.c.challenge.in_(oldest)))
            connection.execute(insert(CHALLENGE).values(row))
        return challenge

    def take(self, challenge: bytes, ceremony: Ceremony, *, holder: bytes) -> bytes:
        """Return the challenge and forget it, whatever its answer is worth; raise IdentityError if it is not this one's."""
        live = (
            CHALLENGE.c.challenge == challenge,
            CHALLENGE.c.ceremony == ceremony.value,
            CHALLENGE.c.holder == holder,
            CHALLENGE.c.expires > self._clock(),
        )
        with self._engine.begin() as connection:
            row = connection.execute(delete(CHALLENGE).where(*live).returning(CHALLENGE.c.challenge)).first()
        if row is None:
            raise IdentityError(
                "the page is too old, or was sent before", next_step="open it again and use the passkey"
            )
        return challenge

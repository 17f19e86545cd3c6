"""What an officer does that is kept in the outbox: begun and done stand in the record of use, whatever ends the desk."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine

from clients.desk.office import Office
from clients.desk.parts import RecordOfUse, office, parts
from clients.desk.people.current import me
from clients.desk.talking import outbox_of
from clients.desk.use.intents import Intents

_ACT_BYTES = 16


@contextmanager
def doing(did: str, of: Sequence[str], *, act: bytes = b"") -> Iterator[bytes]:
    """Note what whoever is signed in does in the block: give the id under which the outbox is to keep it.

    `act` is that of a proposal, which the outbox uses up when it is carried out.
    """
    act = act or office().world.token_bytes(_ACT_BYTES)
    with _intents(parts().use, parts().engine, office()).doing(act, me().person.name, did, of):
        yield act


def settle(use: RecordOfUse, engine: Engine, found: Office) -> None:
    """Note what came of the acts that an earlier run of the desk began and did not close."""
    _intents(use, engine, found).settle()


def _intents(use: RecordOfUse, engine: Engine, found: Office) -> Intents:
    def is_done(act: bytes) -> bool:
        with outbox_of(found) as outbox:
            return outbox.is_used(act)

    return Intents(use, engine, is_done=is_done)

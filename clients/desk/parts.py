"""What a desk is made of, so that a test may hand in its own."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from flask import current_app
from sqlalchemy import Engine

from clients.desk.office import Office
from clients.desk.people.people import People
from clients.desk.people.sessions import Sessions
from clients.desk.place import Place
from clients.desk.use.record import Act, Numbered
from clients.desk.working import Worker
from crypto.keystore import STRONG, Cost
from ledger.checkpoints import Checkpoint

EXTENSION = "sealtrace-desk"


class RecordOfUse(Protocol):
    """Where it is kept, for the agency's auditor, who did what at the desk."""

    def note(self, who: str, did: str, *of: str) -> int:
        """Keep durably that `who` `did` something of each of what `of` names; return the first one's number, or raise."""

    def together(self) -> AbstractContextManager[Act]:
        """Give a transaction over the desk's database in which something is done and noted: both are kept, or neither."""

    def entries(self, *, before: int | None = None, limit: int) -> list[Numbered]:
        """Return the newest entries, or those before a number, the newest first."""

    def head(self) -> Checkpoint:
        """Return how far the record is, as signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one desk; `cost` is what a guess of a password or passphrase costs that is set here."""

    place: Place
    engine: Engine
    office: Office
    people: People
    sessions: Sessions
    use: RecordOfUse
    clock: Callable[[], int]
    working: Worker
    cost: Cost = STRONG

    def close(self) -> None:
        """End the worker, then close what reads and writes."""
        self.working.stop()
        self.office.close()
        self.engine.dispose()


def parts() -> Parts:
    """Return the parts of the desk that answers this request."""
    found: Parts = current_app.extensions[EXTENSION]
    return found


def office() -> Office:
    """Return the home that the desk works in."""
    return parts().office


def note_use(who: str, did: str, of: Iterable[str]) -> int | None:
    """Put what somebody did into the record of use, before the answer leaves; return the first entry's number, if any."""
    named = tuple(of)
    return parts().use.note(who, did, *named) if named else None

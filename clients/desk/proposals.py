"""What one officer proposed and another has to approve: the signed file, kept at the desk until somebody decides (docs/adr/0072).

The file is the proposal: both officers sign its bytes, and it is verified each time it is looked at. A row says only where
it stands, and each step is one compare-and-swap from where its page showed it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sqlalchemy import Column, Connection, Engine, Integer, LargeBinary, MetaData, String, Table, insert, select, update

from clients.database import Joined, Transactions, reading
from clients.intake.store import ChangedError, MissingError
from ledger.officers import PlannedRelease, ProposalFile

PROPOSALS = MetaData()
_PROPOSAL = Table(
    "release_proposal",
    PROPOSALS,
    Column("number", Integer, primary_key=True),
    Column("id", LargeBinary, nullable=False, unique=True),
    Column("file", LargeBinary, nullable=False),
    Column("officer", String, nullable=False),
    Column("about", String, nullable=False),
    Column("recipient", String),
    Column("at", Integer, nullable=False),
    Column("until", Integer, nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("second", String, nullable=False),
    sqlite_autoincrement=True,
)


class State(Enum):
    """Where a proposal stands."""

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """A proposal: its file, who proposed it until when, to whom (None for what is expunged), and what became of it."""

    number: int
    id: bytes
    file: bytes = field(repr=False)
    officer: str
    about: str
    to: str | None
    at: int
    until: int
    state: State
    second: str


class Proposals:
    """The proposals of one desk."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int], transactions: Transactions | None = None) -> None:
        """Take the desk's database, the clock, and what begins transactions where it is not the database."""
        self._engine = engine
        self._clock = clock
        self._transactions = transactions or engine

    def within(self, connection: Connection) -> "Proposals":
        """Return the same, for what is done in a transaction that is under way."""
        return Proposals(self._engine, clock=self._clock, transactions=Joined(connection))

    def add(self, raw: bytes, found: ProposalFile) -> Waits:
        """Keep a verified file; the same one again is the same proposal."""
        proposal, do = found.proposal, found.proposal.do
        values = {
            "id": proposal.id,
            "file": raw,
            "officer": found.officers[0],
            "about": "release" if isinstance(do, PlannedRelease) else "expunge",
            "recipient": do.to if isinstance(do, PlannedRelease) else None,
            "at": proposal.at,
            "until": proposal.until,
            "state": State.WAITING.value,
            "second": "",
        }
        with self._transactions.begin() as connection:
            known = connection.execute(select(_PROPOSAL).where(_PROPOSAL.c.id == proposal.id)).first()
            if known is None:
                known = connection.execute(insert(_PROPOSAL).values(**values).returning(_PROPOSAL)).one()
        return _waits(known)

    def get(self, number: int) -> Waits:
        """Return a proposal; raise MissingError."""
        with reading(self._engine) as connection:
            row = connection.execute(select(_PROPOSAL).where(_PROPOSAL.c.number == number)).first()
        if row is None:
            raise MissingError("there is no proposal of this number")
        return _waits(row)

    def waiting(self) -> tuple[Waits, ...]:
        """Return what waits for a second officer and has not run out, the oldest first."""
        chosen = select(_PROPOSAL).where(_PROPOSAL.c.state == State.WAITING.value, _PROPOSAL.c.until > self._clock())
        with reading(self._engine) as connection:
            return tuple(map(_waits, connection.execute(chosen.order_by(_PROPOSAL.c.number))))

    def require_waiting(self, number: int) -> Waits:
        """Return a proposal that still waits; raise ChangedError for one that somebody has decided."""
        found = self.get(number)
        if found.state is not State.WAITING:
            raise _decided(found)
        return found

    def end(self, number: int, state: State, *, second: str) -> Waits:
        """Take a proposal from waiting to its end; raise ChangedError if somebody was there before."""
        chosen = update(_PROPOSAL).where(_PROPOSAL.c.number == number, _PROPOSAL.c.state == State.WAITING.value)
        with self._transactions.begin() as connection:
            row = connection.execute(chosen.values(state=state.value, second=second).returning(_PROPOSAL)).first()
        if row is None:
            raise _decided(self.get(number))
        return _waits(row)


def _decided(found: Waits) -> ChangedError:
    return ChangedError(
        f"the proposal waits no longer: it is {found.state.value}, by {found.second}",
        next_step="open it again and look at it as it is now",
    )


def _waits(row: Any) -> Waits:
    return Waits(
        number=row.number,
        id=row.id,
        file=row.file,
        officer=row.officer,
        about=row.about,
        to=row.recipient,
        at=row.at,
        until=row.until,
        state=State(row.state),
        second=row.second,
    )

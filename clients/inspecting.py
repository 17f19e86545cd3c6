"""What two officers agreed on, read again: each kept approval verified anew and held against the log (docs/protocol.md, 6.20).

From each approval to what was done under it, and from each act that takes two officers back to its approval: a file that
is damaged, changed or gone is named, and the others are read all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from clients.approvedacts import Act, ApprovedList, acts_of
from clients.entries import Entries
from clients.entrytimes import EntryTimes
from clients.logged import LoggedBatches
from clients.officers import Ended, ended, enrolled
from clients.session import Session, Standing
from crypto.errors import CryptoError
from ledger.batches import parse_batch
from ledger.errors import BusyError, LedgerError, NotAMemberError, NotFoundError, ProofError, QuotaError
from ledger.expunges import Expunge
from ledger.identifiers import KeyId
from ledger.kinds import Role, Typ
from ledger.messages import Message
from ledger.officers import (
    MAX_KEPT_BYTES,
    ApprovalError,
    Kept,
    Plan,
    PlannedExpunge,
    PlannedRelease,
    PlannedSubmission,
    ProposalFile,
    parse_kept,
    parse_proposal,
    verify_kept,
)
from ledger.state import kind_of

CLOCKS_SECONDS = 300
"""What an agency's clock and the witnesses' may differ by, before something was logged ahead of its proposal."""


class Became(Enum):
    """What became of an approval."""

    LOGGED = "logged"
    WAITING = "waiting"
    UNSENT = "unsent"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """One approval as it was found; without a `file` an act that takes two officers and has none.

    `at` and `until` are the proposal's times, `logged` is the witnesses' (POSIX seconds). `fault` says what is wrong.
    """

    file: str = ""
    do: Plan | None = None
    officers: tuple[str, ...] = ()
    id: bytes = b""
    at: int | None = None
    until: int | None = None
    became: Became | None = None
    index: int | None = None
    logged: int | None = None
    records: int | None = None
    fault: str = ""


def inspect(session: Session, standing: Standing, lists: Sequence[ApprovedList]) -> tuple[Inspected, ...]:
    """Return every kept approval, the oldest proposal first, then every act that has none.

    The replica is as new as `standing`, which knows this agency's keys; `lists` are those that the desk has sent.
    """
    inspector = _Inspector(session, standing, lists)
    folder = session.home.approvals
    opened = [_open(path) for path in sorted(folder.glob("*.json"))] if folder.is_dir() else []
    signed = [replace(one, damage=one.damage or inspector.unsigned(one)) for one in opened]
    # Of two approvals of one thing it is the good and used one under which it was done.
    signed.sort(key=lambda one: (bool(one.damage), not session.outbox.is_used(one.id), one.at))
    found = sorted((inspector.look(one) for one in signed), key=lambda one: (one.at or 0, one.file))
    return (*found, *inspector.missing())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A file of the folder, taken apart and verified as far as that goes; `damage` says why it does not."""

    name: str
    kept: Kept | None = None
    found: ProposalFile | None = None
    damage: str = ""

    @property
    def id(self) -> bytes:
        return self.found.proposal.id if self.found else b""

    @property
    def at(self) -> int:
        return self.found.proposal.at if self.found else 0


def _open(path: Path) -> _Opened:
    try:
        with path.open("rb") as file:
            kept = parse_kept(file.read(MAX_KEPT_BYTES + 1))
        return _Opened(name=path.name, kept=kept, found=parse_proposal(kept.file))
    except OSError as error:
        return _Opened(name=path.name, damage=f"it cannot be read: {error.strerror}")
    except (LedgerError, CryptoError) as error:
        return _Opened(name=path.name, damage=f"it is damaged: {error}")


class _Inspector:
    """Verifies approvals against one state of the log, and remembers which acts they answer for."""

    def __init__(self, session: Session, standing: Standing, lists: Sequence[ApprovedList]) -> None:
        self._session = session
        self._standing = standing
        self._lists = {one.id: one for one in lists}
        self._open: list[Act] = [*acts_of(session.replica, standing.me)]
        self._seen: set[bytes] = set()
        self._ended: Mapping[str, Ended] = ended(session.home)
        self._officers = {**enrolled(session.home), **{name: one.key for name, one in self._ended.items()}}
        self._entries = Entries(standing.view, session.service)
        self._logged = LoggedBatches(session, standing.view, standing.authority, self._entries)
        self._times = EntryTimes(standing.view, service=session.service, replica=session.replica)

    def unsigned(self, one: _Opened) -> str:
        """Say why a file is not what two officers and this agency signed, under its own name; nothing where it is."""
        try:
            if one.kept is not None:
                self._verify(one.name, one.kept)
        except (LedgerError, CryptoError) as error:
            return str(error)
        return ""

    def look(self, one: _Opened) -> Inspected:
        """Return an approval with what became of it, and what is wrong with it."""
        if one.kept is None or one.found is None:
            return Inspected(file=one.name, fault=one.damage)
        told = _told(one.name, one.found)
        self._seen.add(told.id)
        try:
            told = self._placed(told, one.kept)
            self._require_then(told, one.kept.kid)
        except (BusyError, QuotaError):  # of the service, and no word on what is kept
            raise
        except (LedgerError, CryptoError) as error:
            return replace(told, fault=one.damage or str(error))
        return replace(told, fault=one.damage)

    def missing(self) -> Iterator[Inspected]:
        """Yield what was done that takes two officers, and has no approval in the folder."""
        fault = "it takes two officers, and no approval of it is kept here"
        for act in self._open:
            if act.two:
                yield Inspected(do=act.do, became=Became.LOGGED, index=act.index, fault=fault)
        for one in self._lists.values():
            if one.id not in self._seen:
                index = one.batches[0] if one.batches else None
                yield Inspected(do=one.do, id=one.id, index=index, records=one.records, fault=fault)

    def _placed(self, told: Inspected, kept: Kept) -> Inspected:
        """Return an approval with where its act stands, once that is what was approved."""
        if isinstance(told.do, PlannedSubmission):
            return self._list(told, told.do, kept)
        act = next((act for act in self._open if act.do == told.do), None)
        if act is None:
            return replace(told, became=self._not_logged(told))
        self._open.remove(act)
        if act.index >= self._standing.view.checkpoint.size:  # durable, and waiting for the log's witnesses
            return replace(told, became=Became.WAITING, index=act.index)
        self._require_logged(act)
        return replace(told, became=Became.LOGGED, index=act.index, logged=self._time(act.index))

    def _list(self, told: Inspected, do: PlannedSubmission, kept: Kept) -> Inspected:
        """Return the approval of a list with where it went; of what was sealed only the number can be counted again."""
        one = self._lists.get(told.id)
        if one is None:
            return replace(told, became=Became.UNUSED)
        if one.file != kept.file or one.records > do.records:
            raise ApprovalError(f"the list that was sent as import {one.number} is not the one that was approved")
        for index in one.batches:
            self._require_own_batch(index)
        if not one.batches:
            return replace(told, became=Became.WAITING)
        index = one.batches[0]
        return replace(told, became=Became.LOGGED, index=index, logged=self._time(index), records=one.records)

    def _not_logged(self, told: Inspected) -> Became:
        """Return what became of an approval of which the log shows nothing; raise ApprovalError if it should."""
        outbox = self._session.outbox
        if not outbox.is_used(told.id):
            return Became.UNUSED
        under_way = outbox.waiting() is not None or outbox.promises()
        if any(one.approval == told.id for one in outbox.unfiled()) or under_way:
            return Became.WAITING
        members = {agency.id for agency in self._standing.view.charter.agencies}
        if isinstance(told.do, PlannedRelease) and told.do.to not in members:
            return Became.UNSENT
        raise ApprovalError("it was carried out, and the log holds nothing that is what was approved")

    def _require_logged(self, act: Act) -> None:
        """Raise ProofError unless the log itself, and not the replica alone, holds the act at its place."""
        found = self._logged.holding(act.index).at(act.index)
        if isinstance(found, Expunge):
            good = PlannedExpunge(of=found.of, why=found.why) == act.do
        else:
            good = isinstance(act.do, PlannedRelease) and isinstance(found, Message)
        if not good or found.name.iss != self._standing.me:
            raise ProofError(f"the log holds something else at {act.index:,}")

    def _require_own_batch(self, index: int) -> None:
        if index < self._standing.view.checkpoint.size:
            (entry,) = self._entries.read(index, index + 1)
            if kind_of(entry) is not Typ.BATCH or parse_batch(entry).iss != self._standing.me:
                raise ProofError(f"the log holds no batch of this agency at {index:,}")

    def _time(self, index: int) -> int | None:
        if index >= self._standing.view.checkpoint.size:
            return None
        with suppress(NotFoundError):
            return self._times.time(index)
        return None

    def _verify(self, name: str, kept: Kept) -> None:
        """Raise unless two officers and the agency signed what lies under this name."""
        if kept.kid.agency != self._standing.me:
            raise ApprovalError("it is signed by another agency")
        key = self._standing.authority.membership.known_key(kept.kid)
        if key.role is not Role.SIGN:
            raise ApprovalError(f"{kept.kid} is no key that signs for this agency")
        found = verify_kept(kept, agency=self._standing.me, key=key.verifier(), enrolled=self._officers)
        if name != f"{found.proposal.id.hex()}.json":
            raise ApprovalError("it lies under the name of another approval")

    def _require_then(self, told: Inspected, kid: KeyId) -> None:
        """Raise ApprovalError unless all the keys were valid then: when this was proposed, and where it was logged."""
        at = told.at or 0
        for name in told.officers:
            if name in self._ended and self._ended[name].at <= at:
                raise ApprovalError(f"the key of {name} had ended before this was proposed")
        if told.logged is not None and told.logged + CLOCKS_SECONDS < at:
            raise ApprovalError("it was carried out before it was proposed")
        known = max((size for size, when in self._session.replica.verified() if when <= at), default=None)
        self._require_in_force(kid, [place for place in (known, told.index) if place is not None])

    def _require_in_force(self, kid: KeyId, places: Sequence[int]) -> None:
        """Raise ApprovalError unless the agency's key was in force at one of these places, and is not disputed."""
        membership = self._standing.authority.membership
        if any(membership.disputed(kid, place) for place in places[-1:]):
            raise ApprovalError(f"what {kid} signed then is disputed: the agency ended it as stolen")
        for place in places:
            with suppress(NotAMemberError):
                membership.key(kid, place)
                return
        if places:
            raise ApprovalError(f"{kid} was not in force when this was approved")


def _told(name: str, found: ProposalFile) -> Inspected:
    proposal = found.proposal
    return Inspected(
        file=name, do=proposal.do, officers=found.officers, id=proposal.id, at=proposal.at, until=proposal.until
    )

"""Bring the replica up to date: what the log holds for this agency, verified and opened (docs/protocol.md, 5 and 10).

By the service's feed, which is quick and may leave things out; or in full, from the log's own bundles, which proves
that nothing was left out. Both take whole batches and verify them alike.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from clients.authority import Authority
from clients.batchreading import ReadBatch, read_batch
from clients.entries import Entries
from clients.entrytimes import EntryTimes, KnownTimes
from clients.freshness import vouched, witness_count
from clients.logged import LoggedBatches
from clients.matching.keys import counts
from clients.oldseeds import destroy_old
from clients.opening import BatchRecord, Opener, OpenResult
from clients.replica import AGAIN, CURSOR, FRESH, SIZE, VERIFIED_AT, WITNESSES, WITNESSES_OF
from clients.session import Session, Standing
from clients.superseding import corrections
from clients.talk.applying import Applier
from clients.talk.receiving import take_messages
from clients.talk.sending import file_sent
from clients.trust import View
from ledger.batches import FIRST_PREV
from ledger.errors import NotFoundError, ProofError
from ledger.expunges import Expunge
from ledger.grants import Grant, Use
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.messages import Message
from ledger.recordform import Record
from ledger.state import kind_of
from ledger.wire.schemas import FeedItem

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a sync did. `refused` says by index what was sealed to us and must not be shown, and why."""

    size: int
    records: int
    grants: int
    refused: Mapping[int, str]
    expunged: int = 0
    left_out: tuple[int, ...] = ()
    messages: int = 0
    released: int = 0
    recalled: int = 0
    vouched: str
    fresh: int | None = None


@dataclass(slots=True)
class _Tally:
    """What was counted so far."""

    records: int = 0
    grants: int = 0
    expunged: int = 0
    messages: int = 0
    refused: dict[int, str] = field(default_factory=dict)
    names: dict[StatementName, int] = field(default_factory=dict)
    stored: set[int] = field(default_factory=set)


class Sync:
    """One run of syncing: a view of the log, and what was read of it."""

    def __init__(self, session: Session, *, progress: Progress) -> None:
        """Take a fresh, verified view."""
        self._session = session
        self._view: View = session.refresh()
        self._authority: Authority = session.authority(self._view)
        self._entries = Entries(self._view, session.service)
        self._opener = Opener(session, self._authority)
        self._progress = progress
        self._tally = _Tally()
        self._last: ReadBatch | None = None
        self._routed = False

    @property
    def standing(self) -> Standing:
        """Return where this home stands in the view that is read."""
        return Standing(session=self._session, view=self._view, authority=self._authority)

    def by_feed(self) -> SyncReport:
        """Read what the service's feed names, from where the last sync ended."""
        replica = self._session.replica
        cursor = replica.state(CURSOR, default=-1)
        self._routed = True
        self._read_again(before=cursor)
        self._read_feed(cursor, until=self._view.checkpoint.size, only=None)
        return self._finish(left_out=())

    def in_full(self) -> SyncReport:
        """Read every entry of the log, and say which of our records the feed had not named."""
        known = {record.index for record in self._session.replica.records()}
        cursor = self._session.replica.state(CURSOR, default=-1)
        chains: dict[str, tuple[int, bytes]] = {}
        for index in self._batch_indices():
            batch = self._batch(index)
            _follow(chains, batch)
            self._take([(batch, range(batch.first, batch.index))])
            self._progress(index + 1, self._view.checkpoint.size)
        self._session.replica.add(state={f"{AGAIN}{epoch}": 0 for epoch in self._session.replica.states(AGAIN)})
        left_out = sorted(index for index in self._tally.stored - known if index <= cursor)
        return self._finish(left_out=tuple(left_out))

    def _read_feed(self, after: int, *, until: int, only: frozenset[tuple[str, int]] | None) -> None:
        """Read the feed in (after, until); `only` names the epochs wanted where it is read for a second time."""
        while after < until - 1:
            feed = self._session.service.feed(after)
            items = [item for item in feed.items if item.index < until and _wanted(item, only)]
            self._check_order(after, feed.items, feed.next)
            self._take_items(items)
            if only is None:
                self._read_again(before=after)
                self._session.replica.add(state={CURSOR: min(feed.next, until - 1)})
            after = feed.next
            self._progress(min(after + 1, until), until)

    def _check_order(self, after: int, items: Sequence[FeedItem], following: int) -> None:
        indices = [after, *(item.index for item in items)]
        if sorted(set(indices)) != indices or following < indices[-1] or following <= after:
            raise ProofError("the service's feed does not go forward")

    def _take_items(self, items: Sequence[FeedItem]) -> None:
        """Take the items batch by batch, each batch read once."""
        by_batch: dict[int, list[FeedItem]] = {}
        for item in items:
            by_batch.setdefault(item.batch, []).append(item)
        batches: list[tuple[ReadBatch, Sequence[int]]] = []
        for index, named in by_batch.items():
            batch = self._batch(index)
            self._check_items(batch, named)
            batches.append((batch, [item.index for item in named]))
        self._take(batches)

    def _batch(self, index: int) -> ReadBatch:
        """Return a batch, verified once: the pages of a feed cut through batches."""
        if self._last is None or self._last.index != index:
            self._last = read_batch(self._entries, self._authority, index)
        return self._last

    def _check_items(self, batch: ReadBatch, items: Iterable[FeedItem]) -> None:
        for item in items:
            name = batch.at(item.index).name
            if (name.iss, name.jti) != (item.iss, item.jti):
                raise ProofError("the service's feed names a statement that stands elsewhere")

    def _take(self, batches: Iterable[tuple[ReadBatch, Iterable[int]]]) -> None:
        """Open the grants and records at the indices of each batch, and store what opens, in log order."""
        grants: list[tuple[int, Grant]] = []
        matching: list[tuple[int, Grant]] = []
        records: list[BatchRecord] = []
        messages: list[tuple[int, Message]] = []
        orders: dict[int, Expunge] = {}
        for batch, indices in batches:
            for index in indices:
                match batch.at(index):
                    case Grant(use=Use.EPOCH) as grant:
                        grants.append((index, grant))
                    case Grant(use=Use.MATCH) as grant:
                        matching.append((index, grant))
                    case Record() as record:
                        records.append(BatchRecord(batch=batch, index=index, record=record))
                    case Message() as message:
                        messages.append((index, message))
                    case Expunge() as order:
                        orders[index] = order
        new, refused = self._opener.take_grants(grants)
        refused = {**refused, **self._take_matching(matching)}
        result = self._opener.open_records(records)
        read = corrections((one.index, one.record) for one in records)
        self._session.replica.add(records=result.records, corrections=read)
        self._count(result, len(new), refused)
        self._tally.names |= {one.record.name: one.index for one in records if one.index in result.refused}
        self._expunge(orders)
        received = take_messages(self._session, messages, routed=self._routed)
        self._tally.messages += received.new
        self._tally.refused |= received.refused

    def _take_matching(self, grants: Sequence[tuple[int, Grant]]) -> Mapping[int, str]:
        """Keep the matching keys that a charter names, from whom it names; any other is a planted one."""
        charters = [logged.charter for logged in self._view.charters]
        good = [(index, grant) for index, grant in grants if counts(grant, charters)]
        planted = "matching key: the charter names another, or another agency to hand it out"
        refused = {index: planted for index, grant in grants if not counts(grant, charters)}
        return {**refused, **self._opener.take_matching_keys(good)}

    def _expunge(self, orders: Mapping[int, Expunge]) -> None:
        """Delete what its originator expunged; that its ciphertext was gone already is then no refusal."""
        if not orders:
            return
        self._session.replica.expunge(orders)
        for order in orders.values():
            self._tally.expunged += 1
            self._tally.refused.pop(self._tally.names.get(StatementName(order.name.iss, order.of), -1), None)

    def _read_again(self, *, before: int) -> None:
        """Read the feed again for the records of epochs whose key came only now (a repeat for a newcomer).

        Which these are stands in the replica until it is done: a line may die on the way, and the grants are new only once.
        """
        replica = self._session.replica
        waiting = [epoch for epoch, waits in replica.states(AGAIN).items() if waits]
        for epoch in waiting:
            iss, _, number = epoch.rpartition("/")
            start = replica.last_index_below(iss, int(number))
            if start < before:
                self._read_feed(start, until=before + 1, only=frozenset({(iss, int(number))}))
        if waiting:
            replica.add(state={f"{AGAIN}{epoch}": 0 for epoch in waiting})

    def _batch_indices(self) -> Iterable[int]:
        for index in range(self._view.checkpoint.size):
            (entry,) = self._entries.read(index, index + 1)
            if entry.startswith(b"{") and kind_of(entry) is Typ.BATCH:
                yield index

    def _count(self, result: OpenResult, grants: int, refused: Mapping[int, str]) -> None:
        self._tally.records += len(result.records)
        self._tally.grants += grants
        self._tally.refused |= {**refused, **result.refused}
        self._tally.stored |= {record.index for record in result.records}

    def _date_messages(self) -> None:
        """Learn when messages were logged by the witnesses' word, where the log has witnesses: clocks run from it."""
        if not self._view.charter.witness.agencies:
            return
        times = EntryTimes(self._view, service=self._session.service, replica=self._session.replica)
        known = KnownTimes(self._session.replica)
        for one in self._session.replica.talk.messages():
            # What this agency sent itself is here as soon as it is durable; it has no time before it is shown.
            if one.inner.part == 1 and one.index < self._view.checkpoint.size and not known.is_asked(one.index):
                with suppress(NotFoundError):
                    times.time(one.index)

    def _finish(self, *, left_out: tuple[int, ...]) -> SyncReport:
        size = self._view.checkpoint.size
        file_sent(self._session)
        self._date_messages()
        batches = LoggedBatches(self._session, self._view, self._authority, self._entries)
        applied = Applier(self._session, batches, self._authority.members()).apply(again=not self._routed)
        destroy_old(self.standing)
        view, now = self._view, self._session.world.clock()
        cosigned, of = witness_count(view)
        self._session.replica.add(
            state={
                SIZE: size,
                VERIFIED_AT: now,
                CURSOR: size - 1,
                WITNESSES: cosigned,
                WITNESSES_OF: of,
                FRESH: view.fresh or 0,
            }
        )
        return SyncReport(
            size=size,
            records=self._tally.records,
            grants=self._tally.grants,
            refused={**self._tally.refused, **applied.refused},
            expunged=self._tally.expunged,
            left_out=left_out,
            messages=self._tally.messages,
            released=applied.releases,
            recalled=applied.recalled,
            vouched=vouched(view, now=now),
            fresh=view.fresh,
        )


def _follow(chains: dict[str, tuple[int, bytes]], read: ReadBatch) -> None:
    """Raise ProofError unless a batch follows its agency's batch before: none was left out, moved or logged twice."""
    batch = read.submission.batch
    seq, payload_hash = chains.get(batch.iss, (0, FIRST_PREV))
    if (batch.seq, batch.prev) != (seq + 1, payload_hash):
        raise ProofError(f"batch {batch.seq} of {batch.iss} at {read.index:,} does not follow batch {seq}")
    chains[batch.iss] = (batch.seq, batch.payload_hash)


def _wanted(item: FeedItem, only: frozenset[tuple[str, int]] | None) -> bool:
    return only is None or (item.kind == "record" and (item.iss, item.ep) in only)

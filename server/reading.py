"""What the service answers to questions: entries with proofs, tiles, feeds, blobs (docs/protocol.md, 10)."""

from collections.abc import Callable

from ledger.charter import parse_charter_entry
from ledger.checkpoints import claimed_size
from ledger.errors import NotAMemberError, NotFoundError, UnwitnessedError
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.log import FeedRow, Published
from ledger.proofs import TlogProof
from ledger.tileproofs import inclusion_proof
from ledger.tiles import TILE_WIDTH, TilePath, encode_entry_bundle
from ledger.wire import limits
from ledger.wire.frames import encode_frames
from ledger.wire.schemas import (
    STAGE_DURABLE,
    STAGE_WITNESSED,
    AgencyHead,
    BlobRequest,
    CharterList,
    CharterVersion,
    Feed,
    FeedItem,
    LoggedEntry,
    Receipt,
)
from server.highest import HighestSigned
from server.sealed import Damage, SealedBytes
from server.state import SharedState
from server.store import SqlStore
from server.submitting import Logged

_KINDS = {Typ.GRANT: "grant", Typ.RECORD: "record", Typ.MESSAGE: "message", Typ.EXPUNGE: "expunge"}


class Reading:
    """Answers from committed rows; nothing here writes."""

    def __init__(
        self,
        *,
        store: SqlStore,
        state: SharedState,
        highest: HighestSigned,
        damage: Damage,
        waiting_since: Callable[[], int | None] = lambda: None,
    ) -> None:
        """Take the store, who is a member, the highest-signed file, and where to note what is damaged.

        `waiting_since` tells since when what is signed waits for witnesses.
        """
        self._store = store
        self._waiting_since = waiting_since
        self._state = state
        self._highest = highest
        self._sealed = SealedBytes(store, damage)

    def checkpoint(self) -> bytes:
        """Return the newest published checkpoint."""
        return self._published().note

    def first_checkpoint(self, index: int) -> bytes:
        """Return the published checkpoint that first held the entry at `index`."""
        self._published()
        note = self._store.first_published(index)
        # It may have been published since the one above.
        self._highest.cover(size=claimed_size(note), checkpoint=note)
        return note

    def tile(self, path: TilePath) -> bytes:
        """Return a hash tile, or cut a bundle of entries from the rows; NotFoundError for what is not published."""
        published = self._store.published()
        if published is None or path.end > published.size:
            raise NotFoundError("the published log does not reach that far")
        if path.level is not None:
            return self._store.tile(path)
        first = path.index * TILE_WIDTH
        return encode_entry_bundle(self._store.entries(first, first + path.width))

    def receipt(self, logged: Logged) -> Receipt:
        """Return where a submission stands, with the proof of its last entry.

        Under the newest published checkpoint if that holds it, else under the newest that is signed: durable, and
        waiting for its witnesses.
        """
        shown = self._store.published()
        waits = shown is None or shown.size <= logged.index
        if shown is None or waits:
            head = self._store.head()
            shown = Published(size=head.size, note=head.checkpoint)
        self._highest.cover(size=shown.size, checkpoint=shown.note)
        return Receipt(
            first=logged.first,
            index=logged.index,
            size=shown.size,
            checkpoint=shown.note.decode(),
            proof=inclusion_proof(index=logged.index, size=shown.size, read=self._store.tile),
            stage=STAGE_DURABLE if waits or not self._is_witnessed(shown.size) else STAGE_WITNESSED,
            since=self._waiting_since() if waits else None,
        )

    def entry(self, index: int) -> LoggedEntry:
        """Return an entry and the proof that the newest published checkpoint holds it; NotFoundError or UnwitnessedError."""
        published = self._published()
        if published.size <= index < self._store.head().size:
            raise UnwitnessedError("the entry is logged, and waits for the log's witnesses")
        if index >= published.size:
            raise NotFoundError("the log does not reach that far")
        (entry,) = self._store.entries(index, index + 1)
        return LoggedEntry(index=index, entry=entry, proof=self._proof(index, published))

    def statement(self, name: StatementName) -> LoggedEntry:
        """Return the statement of that name; raise NotFoundError or UnwitnessedError."""
        index = self._store.statement_index(name)
        if index is None:
            raise NotFoundError("no statement of that name is logged")
        return self.entry(index)

    def agency_head(self, iss: str, *, asker: str) -> AgencyHead:
        """Return where an agency's chain stands, and the `kx` that counts now.

        As signed, not as published: its next batch is built on it, and would be refused on anything older. Others read
        with its keys, and are told of those that they can be shown. Of an agency that left, too: whoever reads what it
        logged needs its keys.
        """
        shown = None if asker == iss else self._published().size
        with self._state.locked() as state:
            try:
                keys = state.membership.key_chain(iss, state.size if shown is None else shown)
            except NotAMemberError as error:
                raise NotFoundError("no charter of this log lists an agency of that id") from error
            chain, kx = state.chain(iss), state.membership.kx(iss, state.size)
        return AgencyHead(seq=chain.seq, prev=chain.prev, index=chain.index, kx=kx, keys=keys)

    def feed(self, *, agency: str, after: int) -> Feed:
        """Return what concerns an agency after an index, up to the size that is told with it.

        Or less far: `next` says where to go on, also where nothing of a long stretch was the asker's. Who is named in
        little of a large log could otherwise have all of it searched with every question.
        """
        size = self._published().size
        before = min(size, after + 1 + limits.MAX_FEED_SPAN)
        rows = self._store.feed(agency=agency, after=after, before=before, limit=limits.MAX_FEED_ITEMS)
        last = rows[-1].statement.index if len(rows) == limits.MAX_FEED_ITEMS else before - 1
        return Feed(items=tuple(_item(row) for row in rows), next=last, size=size)

    def blobs(self, *, agency: str, request: BlobRequest) -> bytes:
        """Return the blobs in the order asked; empty for what is not given to the asker."""
        return encode_frames(self._sealed.given(agency, request.get))

    def charters(self) -> CharterList:
        """Return all charters of the log, with the hashes that their entries hold.

        Those that wait for witnesses too: a witness learns from here that it is one, and a charter speaks for itself.
        """
        return CharterList(
            charters=tuple(
                CharterVersion(ver=ver, index=index, h=parse_charter_entry(entry).file_hash)
                for ver, index, entry in self._store.charter_entries()
            )
        )

    def charter(self, ver: int) -> bytes:
        """Return a charter file, byte for byte."""
        return self._store.charter(ver)

    def _published(self) -> Published:
        """Return what readers see, of which the highest-signed file knows by now."""
        published = self._store.published()
        if published is None:
            if self._store.head().size:
                raise UnwitnessedError("the log has begun, and waits for its witnesses")
            raise NotFoundError("the log is empty: its first charter is still to come")
        self._highest.cover(size=published.size, checkpoint=published.note)
        return published

    def _is_witnessed(self, size: int) -> bool:
        with self._state.locked() as state:
            return state.membership.charter_before(size).is_witnessed

    def _proof(self, index: int, published: Published) -> str:
        hashes = inclusion_proof(index=index, size=published.size, read=self._store.tile)
        return TlogProof(index=index, hashes=hashes, checkpoint=published.note, extra=None).format().decode()


def _item(row: FeedRow) -> FeedItem:
    statement = row.statement
    is_record = statement.typ is Typ.RECORD
    return FeedItem(
        kind=_KINDS[statement.typ],
        index=statement.index,
        batch=row.batch,
        iss=statement.name.iss,
        jti=statement.name.jti,
        ep=statement.ep if is_record else None,
        kc=statement.kcs if is_record else None,
    )

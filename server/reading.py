"""What the service answers to questions: entries with proofs, tiles, feeds, blobs (docs/protocol.md, 10)."""

from collections.abc import Sequence

from crypto.digests import sha256
from ledger.charter import parse_charter_entry
from ledger.errors import NotAMemberError, NotFoundError
from ledger.identifiers import StatementName
from ledger.kinds import Typ
from ledger.log import Blob, FeedRow, Head
from ledger.proofs import TlogProof
from ledger.tileproofs import inclusion_proof
from ledger.tiles import TILE_WIDTH, TilePath, encode_bundle
from ledger.wire import limits
from ledger.wire.frames import encode_frames
from ledger.wire.schemas import (
    STAGE_DURABLE,
    AgencyHead,
    BlobName,
    BlobRequest,
    CharterList,
    CharterVersion,
    Feed,
    FeedItem,
    LoggedEntry,
    Receipt,
)
from server.highest import HighestSigned
from server.state import SharedState
from server.store import SqlStore
from server.submitting import Logged

_KINDS = {Typ.GRANT: "grant", Typ.RECORD: "record", Typ.MESSAGE: "message", Typ.EXPUNGE: "expunge"}
_BOX_PLACES = ("box/{agency}", "to", "self")


class Reading:
    """Answers from committed rows; nothing here writes."""

    def __init__(self, *, store: SqlStore, state: SharedState, highest: HighestSigned) -> None:
        """Take the store, who is a member, and where the highest signed checkpoint is kept."""
        self._store = store
        self._state = state
        self._highest = highest

    def checkpoint(self) -> bytes:
        """Return the newest checkpoint: published when signed, as long as the charter asks for no witness."""
        checkpoint = self._published().checkpoint
        if not checkpoint:
            raise NotFoundError("the log is empty: its first charter is still to come")
        return checkpoint

    def tile(self, path: TilePath) -> bytes:
        """Return a hash tile, or cut a bundle of entries from the rows."""
        if path.level is not None:
            return self._store.tile(path)
        first = path.index * TILE_WIDTH
        return encode_bundle(self._store.entries(first, first + path.width))

    def receipt(self, logged: Logged) -> Receipt:
        """Return where a submission stands under the newest checkpoint, with the proof of its last entry."""
        head = self._published()
        return Receipt(
            first=logged.first,
            index=logged.index,
            size=head.size,
            checkpoint=head.checkpoint.decode(),
            proof=inclusion_proof(index=logged.index, size=head.size, read=self._store.tile),
            stage=STAGE_DURABLE,
        )

    def entry(self, index: int) -> LoggedEntry:
        """Return an entry and the proof that the newest checkpoint holds it."""
        head = self._published()
        if index >= head.size:
            raise NotFoundError("the log does not reach that far")
        (entry,) = self._store.entries(index, index + 1)
        return LoggedEntry(index=index, entry=entry, proof=self._proof(index, head))

    def statement(self, name: StatementName) -> LoggedEntry:
        """Return the statement of that name."""
        index = self._store.statement_index(name)
        if index is None:
            raise NotFoundError("no statement of that name is logged")
        return self.entry(index)

    def agency_head(self, iss: str) -> AgencyHead:
        """Return where an agency's chain stands, and the `kx` that counts now."""
        with self._state.locked() as state:
            try:
                state.membership.agency(iss, state.size)
            except NotAMemberError as error:
                raise NotFoundError("no agency of the charter in force has that id") from error
            chain, kx = state.chain(iss), state.membership.kx(iss, state.size)
        return AgencyHead(seq=chain.seq, prev=chain.prev, index=chain.index, kx=kx)

    def feed(self, *, agency: str, after: int) -> Feed:
        """Return what concerns an agency after an index, up to the size that is told with it."""
        size = self._store.head().size
        found = self._store.feed(agency=agency, after=after, limit=limits.MAX_FEED_ITEMS)
        rows = [row for row in found if row.statement.index < size]
        last = rows[-1].statement.index if len(rows) == limits.MAX_FEED_ITEMS else size - 1
        return Feed(items=tuple(_item(row) for row in rows), next=last, size=size)

    def blobs(self, *, agency: str, request: BlobRequest) -> bytes:
        """Return the blobs in the order asked; empty for what is not there or not the asker's: the two look alike."""
        places = [(StatementName(name.iss, name.jti), place) for name in request.get for place in _places(name, agency)]
        found = iter(self._store.blobs(places))
        return encode_frames(
            _admitted(name, [next(found) for _ in _places(name, agency)], agency) for name in request.get
        )

    def charters(self) -> CharterList:
        """Return all charters of the log, with the hashes that their entries hold."""
        return CharterList(
            charters=tuple(
                CharterVersion(ver=ver, index=index, h=parse_charter_entry(entry).file_hash)
                for ver, index, entry in self._store.charter_entries()
            )
        )

    def charter(self, ver: int) -> bytes:
        """Return a charter file, byte for byte."""
        return self._store.charter(ver)

    def handover(self, index: int) -> bytes:
        """Return the first checkpoint that held the charter at an index."""
        self._published()
        return self._store.handover(index)

    def _published(self) -> Head:
        """Return the head, of which the highest-signed file knows by now: every checkpoint that leaves comes from here."""
        head = self._store.head()
        if head.size:
            self._highest.cover(head)
        return head

    def _proof(self, index: int, head: Head) -> str:
        hashes = inclusion_proof(index=index, size=head.size, read=self._store.tile)
        return TlogProof(index=index, hashes=hashes, checkpoint=head.checkpoint, extra=None).format().decode()


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


def _places(name: BlobName, agency: str) -> Sequence[str]:
    if name.place != "box":
        return (name.place,)
    return [place.format(agency=agency) for place in _BOX_PLACES]


def _admitted(name: BlobName, blobs: Sequence[Blob | None], agency: str) -> bytes:
    return next((blob.data for blob in blobs if blob is not None and _may_have(name, blob, agency)), b"")


def _may_have(name: BlobName, blob: Blob, agency: str) -> bool:
    """Return whether the asker is who the blob is for, or has shown the tag that only a reader can compute."""
    if blob.only_for is not None:
        return name.place == "box" and blob.only_for == agency
    return name.tag is not None and blob.tag_hash is not None and sha256(name.tag) == blob.tag_hash

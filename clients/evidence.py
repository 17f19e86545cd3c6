"""Proofs of fraud out of what an audit found (docs/protocol.md, 9.12).

Every proof is checked as a stranger would before it is handed out. Where none can be made, because what it needs is
withheld, the finding stands by itself: then there is nothing here, and no error.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from clients.auditcharters import CharterFiles, judged, read_charters
from clients.entries import fetch_bundle
from clients.errors import ClientError
from ledger.batches import parse_batch
from ledger.charter import Charter, is_charter_entry, parse_charter_entry
from ledger.checkpoints import Checkpoint
from ledger.errors import LedgerError
from ledger.findings import Finding
from ledger.fraud import verify_fraud
from ledger.fraudform import AboveCeiling, Fraud, Located, LocatedEntry, TwoBatches, format_fraud
from ledger.grants import parse_grant
from ledger.kinds import Typ
from ledger.notes import keep_lines
from ledger.state import kind_of
from ledger.tileproofs import inclusion_proof
from ledger.tiles import TILE_WIDTH, ReadTile


def prove_findings(
    findings: Iterable[Finding], *, note: bytes, fingerprint: bytes, files: CharterFiles, read: ReadTile
) -> tuple[bytes, ...]:
    """Return the proofs that can be made of an audit's findings: grants above a ceiling, two batches of one name."""
    wanted = [one for one in findings if one.check in _PROVERS]
    if not wanted:
        return ()
    try:
        charters = read_charters(files, fingerprint)
        checkpoint, judge = judged(note, charters)
        log = _Log(
            checkpoint=checkpoint,
            note=keep_lines(note, keys=judge.log.vkeys),
            charters={ver: charter for ver, (charter, _) in charters.items()},
            read=read,
        )
        log.scan()
        made = [fraud for one in wanted for fraud in _PROVERS[one.check](log, one.index)]
    except (LedgerError, ClientError):
        return ()
    return tuple(dict.fromkeys(_good(made, [file for _, file in charters.values()])))


@dataclass(kw_only=True)
class _Log:
    """A log that an audit found something in, and where in it charters and batches stand."""

    checkpoint: Checkpoint
    note: bytes
    charters: Mapping[int, Charter]
    read: ReadTile
    places: dict[int, int] = field(default_factory=dict)
    batches: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    def scan(self) -> None:
        """Read the log once; what cannot be parsed is another finding's matter."""
        for index, entry in self._entries():
            try:
                if is_charter_entry(entry):
                    self.places.setdefault(parse_charter_entry(entry).ver, index)
                elif kind_of(entry) is Typ.BATCH:
                    batch = parse_batch(entry)
                    self.batches.setdefault((batch.iss, batch.seq), []).append(index)
            except LedgerError:
                continue

    def entry(self, index: int) -> LocatedEntry:
        """Return an entry and where it stands."""
        bundle = fetch_bundle(self.read, index=index // TILE_WIDTH, size=self.checkpoint.size)
        place = self.place(index)
        return LocatedEntry(entry=bundle[index % TILE_WIDTH], index=place.index, path=place.path)

    def place(self, index: int) -> Located:
        """Return where an entry stands."""
        return Located(index=index, path=inclusion_proof(index=index, size=self.checkpoint.size, read=self.read))

    def _entries(self) -> Iterator[tuple[int, bytes]]:
        for number in range(-(-self.checkpoint.size // TILE_WIDTH)):
            bundle = fetch_bundle(self.read, index=number, size=self.checkpoint.size)
            yield from enumerate(bundle, start=number * TILE_WIDTH)


def _above_ceilings(log: _Log, index: int) -> Iterator[Fraud]:
    """Yield a proof for every recipient of the grant at `index` whom the charter in force does not admit to its level."""
    located = log.entry(index)
    grant = parse_grant(located.entry)
    ver = max(ver for ver, place in log.places.items() if place < index)
    following = log.places.get(ver + 1)
    for to in grant.to:
        member = log.charters[ver].agency(to.r)
        if to.r != grant.name.iss and (member is None or grant.level > member.ceiling):
            yield AboveCeiling(
                checkpoint=log.note,
                r=to.r,
                grant=located,
                ver=ver,
                charter=log.place(log.places[ver]),
                next=None if following is None else log.place(following),
            )


def _two_batches(log: _Log, index: int) -> Iterator[Fraud]:
    """Yield the proof that the batch at `index` has the name of an earlier one."""
    located = log.entry(index)
    batch = parse_batch(located.entry)
    for earlier in log.batches.get((batch.iss, batch.seq), []):
        if earlier < index:
            yield TwoBatches(checkpoint=log.note, batches=(log.entry(earlier), located))


_PROVERS = {"grant/ceiling": _above_ceilings, "batch/seq": _two_batches}


def _good(frauds: Iterable[Fraud], charters: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the files of those proofs that convict somebody."""
    for fraud in frauds:
        try:
            raw = format_fraud(fraud)
            verify_fraud(raw, charters=charters)
        except LedgerError:
            continue
        yield raw

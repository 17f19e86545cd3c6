"""Take over what was released to this agency, and take it away again when it is recalled (docs/protocol.md, 6.18).

Only releases that count in their thread. Each is checked against the record or the grant that it is about, and weighed by
the one decision before anything of it is kept.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter

from clients.batchreading import ReadBatch
from clients.blobs import fetch_blobs
from clients.logged import LoggedBatches
from clients.opening import agency_reader
from clients.replica import StoredRecord
from clients.session import Session
from clients.superseding import corrections
from clients.talk.tables import HeldRelease, StoredRelease
from clients.talk.threads import Talk, talks
from ledger.decision import require_permit
from ledger.errors import LedgerError, ProofError
from ledger.grants import Grant
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.labels import Label, Members, label_from_json
from ledger.opening import OpenedPortion, open_with_keys, which_key
from ledger.recordform import PORTIONS, Record, parse_record
from ledger.talk.releases import (
    Release,
    ReleasedEpoch,
    carried,
    check_epoch,
    check_shown,
    open_released,
)
from ledger.talk.state import Released
from ledger.wire.schemas import BlobName


@dataclass(slots=True)
class Applied:
    """What was taken over and taken away; `refused` says by the index of a release what must not be shown, and why."""

    releases: int = 0
    records: int = 0
    recalled: int = 0
    refused: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Epoch:
    """The records of one epoch that a batch holds, by their places, and the keys that may open them."""

    batch: ReadBatch
    records: Sequence[tuple[int, Record]]
    keys: Sequence[bytes] = field(repr=False)


class Applier:
    """Brings the replica in line with what the threads of this home come to."""

    def __init__(self, session: Session, batches: LoggedBatches, members: Members) -> None:
        """Take the home, the log, and who is a member up to which level."""
        self._session = session
        self._batches = batches
        self._members = members
        self._me = session.config.id
        self._gone = session.replica.expunged()
        self._permitted: set[tuple[int, str]] = set()

    def apply(self, *, again: bool) -> Applied:
        """Take over every release to this agency that counts and is not here yet, and every recall.

        What was refused, or withheld of an epoch, is tried once more where the whole log is read `again`.
        """
        done = Applied()
        held = self._session.replica.talk.releases()
        for talk in talks(self._session.replica):
            for released in talk.thread.releases.values():
                if released.said.to == self._me:
                    here = held.get(released.said.name)
                    held_here = None if again and here and here.refused else here
                    self._one(talk, released, held_here, done, again=again)
        return done

    def _one(self, talk: Talk, released: Released, held: HeldRelease | None, done: Applied, *, again: bool) -> None:
        body, said = released.said.body, released.said
        if not isinstance(body, Release):
            return
        if held is None:
            held = HeldRelease(
                index=said.index,
                name=said.name,
                thread=talk.id,
                terms=body.terms,
                expires=body.expires,
                opened=released.opened is not None,
            )
            if released.recalled is None:
                self._take(held, body, done)
            else:
                self._session.replica.talk.add_release(held)
        elif again and released.recalled is None:
            self._fill(held, body, done)
        if released.recalled is not None and held.recalled is None:
            self._session.replica.recall(held, index=released.recalled.index)
            done.recalled += 1

    def _take(self, held: HeldRelease, body: Release, done: Applied) -> None:
        try:
            self._check(held, body, None)
            for shown in self._groups(held, body, done):
                self._session.replica.add_released(shown)
                done.records += len(shown)
        except LedgerError as error:
            done.refused[held.index] = f"release: {error}"
            self._session.replica.talk.add_release(replace(held, refused=str(error)))
            return
        self._session.replica.talk.add_release(held)
        done.releases += 1

    def _fill(self, held: HeldRelease, body: Release, done: Applied) -> None:
        """Open once more what a release opens of epochs: the service may give today what it withheld."""
        try:
            for shown in self._of_epochs(held, body, done):
                self._session.replica.add_released(shown)
        except LedgerError as error:
            done.refused[held.index] = f"release: {error}"

    def _groups(self, held: HeldRelease, body: Release, done: Applied) -> Iterator[Sequence[StoredRecord]]:
        """Yield what a release shows: first of single records, then of epochs, batch by batch."""
        yield [self._of_record(held, body, jti) for jti in sorted(body.records)]
        yield from self._of_epochs(held, body, done)

    def _of_epochs(self, held: HeldRelease, body: Release, done: Applied) -> Iterator[Sequence[StoredRecord]]:
        for _, epochs in groupby(body.epochs, key=attrgetter("ep")):
            yield from self._of_epoch(held, body, tuple(epochs), done)

    def _of_record(self, held: HeldRelease, body: Release, jti: bytes) -> StoredRecord:
        record, stored = self._record(StatementName(held.name.iss, jti))
        parts: list[StoredRelease] = []
        parts += [self._whole(held, body, open_released(record, one)) for one in body.portions if one.of == jti]
        for shown in body.disclosures:
            if shown.of == jti:
                parts += _by_portion(held, check_shown(record, shown), shown.shown, parts)
        return replace(stored, released=tuple(parts))

    def _record(self, name: StatementName) -> tuple[Record, StoredRecord]:
        if name in self._gone:
            raise ProofError("its originator has expunged the record")
        stored = self._session.replica.find(name)
        if stored is not None:
            return parse_record(stored.entry), stored
        batch, index, record = self._batches.record(name)
        return record, _bare(batch, index, record)

    def _of_epoch(
        self, held: HeldRelease, body: Release, epochs: Sequence[ReleasedEpoch], done: Applied
    ) -> Iterator[Sequence[StoredRecord]]:
        """Yield what the keys of one epoch open, batch by batch: each is read and verified once, whatever their number."""
        for one in epochs:
            grant = self._batches.holding(one.first).at(one.first)
            if not isinstance(grant, Grant) or grant.name.iss != held.name.iss:
                raise ProofError("no grant of the releasing agency stands where the release says")
            check_epoch(grant, one)
        for batch in self._batches.between(min(one.first for one in epochs), max(one.last for one in epochs)):
            records = list(_records(batch, held.name.iss, epochs[0].ep))
            self._session.replica.add(corrections=corrections(records))
            keys = [one.ek for one in epochs if one.first <= batch.index and batch.first <= one.last]
            yield self._of_batch(held, body, _Epoch(batch=batch, records=records, keys=keys), done)

    def _of_batch(self, held: HeldRelease, body: Release, epoch: _Epoch, done: Applied) -> Sequence[StoredRecord]:
        """Return what the keys of an epoch open of the records of one batch; what is withheld of them is told."""
        wanted = [
            (index, record, portion, keys)
            for index, record in epoch.records
            if record.name not in self._gone
            for portion in PORTIONS
            if (keys := which_key(record.name, portion, record.portions[portion].kc, epoch.keys)) is not None
        ]
        names = [
            BlobName(iss=record.name.iss, jti=record.name.jti, place=portion, tag=keys.fetch_tag)
            for _, record, portion, keys in wanted
        ]
        parts: dict[int, list[StoredRelease]] = {}
        found = zip(wanted, fetch_blobs(self._session.service, names), strict=True)
        for (index, record, portion, keys), ciphertext in found:
            if not ciphertext:
                done.refused[index] = f"{portion}: its ciphertext is no longer kept, or not given to us"
                continue
            opened = open_with_keys(record, portion, keys=keys, ciphertext=ciphertext)
            parts.setdefault(index, []).append(self._whole(held, body, opened))
        return [_bare(epoch.batch, index, one, tuple(parts[index])) for index, one in epoch.records if index in parts]

    def _whole(self, held: HeldRelease, body: Release, opened: OpenedPortion) -> StoredRelease:
        self._check_label(held, body, opened.label_json)
        return StoredRelease(
            portion=opened.portion,
            release=held,
            label=opened.label_json,
            fields=opened.fields,
            disclosures=opened.disclosures,
        )

    def _check_label(self, held: HeldRelease, body: Release, label: JsonValue) -> None:
        """Weigh a release by a label it came with, once: the records of an epoch carry a label or two between them."""
        # Two labels of one spelling in Python are of one in JSON, and the other way round.
        known = (held.index, repr(label))
        if known not in self._permitted:
            self._check(held, body, label_from_json(label))
            self._permitted.add(known)

    def _check(self, held: HeldRelease, body: Release, label: Label | None) -> None:
        """Raise unless this agency may hold it at all; expiry and purpose are asked when it is shown."""
        require_permit(
            agency_reader(self._me),
            carried(body, originator=held.name.iss, to=self._me, recalled=False, label=label),
            purpose=next(iter(body.terms.purp)),
            charter_ceiling=self._members.ceilings.get(self._me),
            today=dt.date.min,
        )


def _by_portion(
    held: HeldRelease, fields: Mapping[str, object], texts: Sequence[str], whole: Iterable[StoredRelease]
) -> Iterator[StoredRelease]:
    """Yield single fields under the portion that each is named for; a portion that is here whole needs none of them."""
    here = {one.portion for one in whole}
    for portion in PORTIONS:
        chosen = {name: value for name, value in fields.items() if name.partition(".")[0] == portion}
        if chosen and portion not in here:
            shown = tuple(text for name, text in zip(fields, texts, strict=True) if name in chosen)
            yield StoredRelease(portion=portion, release=held, fields=chosen, disclosures=shown)  # type: ignore[arg-type]  # values as JSON gave them


def _records(batch: ReadBatch, iss: str, ep: int) -> Iterator[tuple[int, Record]]:
    for index in range(batch.first, batch.index):
        found = batch.at(index)
        if isinstance(found, Record) and (found.name.iss, found.ep) == (iss, ep):
            yield index, found


def _bare(batch: ReadBatch, index: int, record: Record, released: tuple[StoredRelease, ...] = ()) -> StoredRecord:
    return StoredRecord(
        index=index,
        name=record.name,
        kid=str(record.kid),
        iat=record.iat,
        ep=record.ep,
        sup=record.sup,
        batch=batch.index,
        seq=batch.submission.batch.seq,
        entry=record.entry,
        portions={},
        released=released,
    )

"""Open what was granted: epoch keys out of boxes, portions out of ciphertexts, and the check who may see them.

Every portion that opens is held against its own label before it is kept: the label must name this agency and must
not be above the level of the grant that carried the key. What fails is reported and not kept (docs/protocol.md, 4).
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from clients.authority import Authority
from clients.batchreading import ReadBatch
from clients.blobs import fetch_blobs
from clients.replica import AGAIN, StoredGrant, StoredPortion, StoredRecord
from clients.reports import keep_report
from clients.session import Session
from crypto.digests import sha256
from crypto.encoding import b64u
from crypto.portionkeys import PortionKeys
from ledger.decision import Reader, UnderLabel, require_permit
from ledger.errors import LedgerError, ProofError
from ledger.grants import Grant, open_box
from ledger.labels import Compartment, Level, Members, label_from_json, readers
from ledger.opening import MAX_TRIALS, OpenedPortion, open_with_keys, which_key
from ledger.recordform import PORTIONS, Record
from ledger.reports import PortionFault, Report
from ledger.wire.limits import BOX_DAYS
from ledger.wire.schemas import BlobName


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenResult:
    """The records of a batch of which something opened, and by index what must not be shown, and why."""

    records: tuple[StoredRecord, ...]
    refused: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecord:
    """A record in its verified batch."""

    batch: ReadBatch
    index: int
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class _Openable:
    """A portion whose key is held, and the grant that carried it."""

    index: int
    record: Record
    portion: str
    grant: StoredGrant
    keys: PortionKeys = field(repr=False)

    def blob(self) -> BlobName:
        """Return the ciphertext's name, with the tag that only a reader can compute."""
        name = self.record.name
        return BlobName(iss=name.iss, jti=name.jti, place=self.portion, tag=self.keys.fetch_tag)


def agency_reader(agency: str) -> Reader:
    """Return the most trusted person of an agency: whoever unlocks the home. A desk's officers may be less."""
    return Reader(agency=agency, clearance=max(Level), compartments=frozenset(Compartment))


class Opener:
    """Opens grants and records with the keys of one home."""

    def __init__(self, session: Session, authority: Authority) -> None:
        """Take the home's keys, and who is a member."""
        self._session = session
        self._me = session.config.id
        self._members: Members = authority.members()
        self._held = dict(session.keyring.epoch_keys())
        self._decapsulators = {sha256(one.public_key): one for one in session.keyring.decapsulators()}
        self._grants: dict[tuple[str, int], tuple[StoredGrant, ...]] = {}
        self._permitted: set[tuple[str, str, Level]] = set()

    def take_grants(self, grants: Sequence[tuple[int, Grant]]) -> tuple[list[Grant], Mapping[int, str]]:
        """Keep the keys of grants to this agency; return the grants that were new, and what was wrong with others."""
        if not grants:
            return [], {}
        mine = [(index, grant) for index, grant in grants if any(one.r == self._me for one in grant.to)]
        fresh = [(index, grant) for index, grant in mine if not self._is_known(index, grant)]
        keys: dict[str, bytes] = {}
        refused: dict[int, str] = {}
        for (index, grant), box in zip(fresh, self._boxes([grant for _, grant in fresh]), strict=True):
            try:
                keys[grant.ek.hex()] = self._key(grant, box)
            except LedgerError as error:
                refused[index] = f"grant: {error}"
        self._session.keyring.put_epoch_keys({name: key for name, key in keys.items() if name not in self._held})
        self._held |= keys
        good = [(index, grant) for index, grant in fresh if index not in refused]
        # In one transaction: a sync that is cut off behind it reads again what the key came too late for.
        again = {f"{AGAIN}{grant.name.iss}/{grant.ep}": 1 for _, grant in good}
        self._session.replica.add(grants=[_stored_grant(index, grant) for index, grant in good], state=again)
        self._grants.clear()
        return [grant for _, grant in good], refused

    def take_matching_keys(self, grants: Sequence[tuple[int, Grant]]) -> Mapping[int, str]:
        """Keep the matching keys that were granted to this agency; return what was wrong with others.

        Whether the charter names a key is for the caller: here it opens to its id or is refused.
        """
        missing = [
            (index, grant)
            for index, grant in grants
            if grant.ek not in self._session.keyring.matching_keys() and any(one.r == self._me for one in grant.to)
        ]
        refused: dict[int, str] = {}
        for (index, grant), box in zip(missing, self._boxes([grant for _, grant in missing]), strict=True):
            try:
                self._session.keyring.put_matching_key(grant.ek, self._key(grant, box))
            except LedgerError as error:
                refused[index] = f"matching key: {error}"
        return refused

    def open_records(self, records: Sequence[BatchRecord]) -> OpenResult:
        """Return the records, in log order, of which a portion opens to this agency, with those portions."""
        if not records:
            return OpenResult(records=(), refused={})
        ranges = {(one.batch.first, one.batch.index) for one in records}
        here = frozenset().union(*(self._session.replica.opened(*ends) for ends in ranges))
        gone = self._session.replica.expunged()
        openable = [
            one
            for found in records
            if found.record.name not in gone
            for one in self._openable(found.index, found.record)
            if (one.index, one.portion) not in here
        ]
        portions: dict[int, dict[str, StoredPortion]] = {}
        refused: dict[int, str] = {}
        for one, ciphertext in zip(
            openable, fetch_blobs(self._session.service, [one.blob() for one in openable]), strict=True
        ):
            try:
                portions.setdefault(one.index, {})[one.portion] = self._open(one, ciphertext)
            except LedgerError as error:
                refused[one.index] = f"{one.portion}: {error}"
                self._keep_report(one, ciphertext)
        return OpenResult(
            records=tuple(
                _stored_record(one.batch, one.index, one.record, portions[one.index])
                for one in records
                if one.index in portions
            ),
            refused=refused,
        )

    def _keep_report(self, one: _Openable, ciphertext: bytes) -> None:
        """Keep what is wrong with a portion, sealed to the charter's auditors: kr would show it to anybody else."""
        if ciphertext:
            report = Report(
                fault=PortionFault.PORTION,
                entry=one.record.entry,
                index=one.index,
                portion=one.portion,
                record_key=one.keys.record_key,
                ciphertext=ciphertext,
                level=one.grant.level,
            )
            keep_report(self._session.home, self._session.trust.charters()[-1], report)

    def _is_known(self, index: int, grant: Grant) -> bool:
        return any(one.index == index for one in self._session.replica.grants(grant.name.iss, grant.ep))

    def _boxes(self, grants: Sequence[Grant]) -> list[bytes]:
        """Return the box of each grant to this agency; a key that is held needs none."""
        missing = [grant for grant in grants if grant.ek.hex() not in self._held and grant.name.iss != self._me]
        names = [BlobName(iss=grant.name.iss, jti=grant.name.jti, place="box") for grant in missing]
        found = dict(zip((grant.name for grant in missing), fetch_blobs(self._session.service, names), strict=True))
        return [found.get(grant.name, b"") for grant in grants]

    def _key(self, grant: Grant, box: bytes) -> bytes:
        name = grant.ek.hex()
        if name in self._held:
            return self._held[name]
        if grant.name.iss == self._me:
            raise ProofError("this home has lost the key; the root keystore can recover it")
        wanted = next(one.h for one in grant.to if one.r == self._me)
        if not box:
            raise ProofError(
                f"its box is not given to us: boxes are kept for {BOX_DAYS} days; ask {grant.name.iss} to release the epoch"
            )
        decapsulator = self._decapsulators.get(wanted)
        if decapsulator is None:
            raise ProofError(f"the box was sealed to the key {b64u(wanted)[:12]}…, which this home does not hold")
        return open_box(grant, me=self._me, decapsulator=decapsulator, box=box)

    def _openable(self, index: int, record: Record) -> Iterator[_Openable]:
        for portion in PORTIONS:
            for grant in self._grants_of(record):
                keys = which_key(
                    record.name,
                    portion=portion,
                    kc=record.portions[portion].kc,
                    epoch_keys=[self._held[grant.ek]],
                )
                if keys is not None:
                    yield _Openable(index=index, record=record, portion=portion, grant=grant, keys=keys)
                    break

    def _grants_of(self, record: Record) -> tuple[StoredGrant, ...]:
        """Return the grants whose keys are tried: the first of each key, at most 64 (docs/protocol.md, 4.5)."""
        epoch = (record.name.iss, record.ep)
        if epoch not in self._grants:
            first: dict[str, StoredGrant] = {}
            for grant in self._session.replica.grants(*epoch):
                if grant.ek in self._held:
                    first.setdefault(grant.ek, grant)
            self._grants[epoch] = tuple(islice(first.values(), MAX_TRIALS))
        return self._grants[epoch]

    def _open(self, one: _Openable, ciphertext: bytes) -> StoredPortion:
        if not ciphertext:
            raise ProofError("its ciphertext is no longer kept, or not given to us")
        opened = open_with_keys(one.record, one.portion, keys=one.keys, ciphertext=ciphertext)
        self._check_label(one, opened)
        return StoredPortion(
            portion=one.portion,
            level=one.grant.level,
            label=opened.label_json,
            fields=opened.fields,
            disclosures=opened.disclosures,
            opened_by=one.grant.index if one.record.name.iss == self._me else None,
        )

    def _check_label(self, one: _Openable, opened: OpenedPortion) -> None:
        """Raise unless the label admits this agency at the level it came by; expiry and purpose are asked when shown.

        A list's records carry a label or two between them, so what was permitted is remembered by its spelling.
        """
        originator = one.record.name.iss
        known = (repr(opened.label_json), originator, one.grant.level)
        if known in self._permitted:
            return
        label = label_from_json(opened.label_json)
        carried = UnderLabel(
            label=label,
            originator=originator,
            readers=readers(label, originator=originator, members=self._members),
            bound=one.grant.level,
        )
        require_permit(
            agency_reader(self._me),
            carried,
            purpose=next(iter(label.purp)),
            charter_ceiling=self._members.ceilings.get(self._me),
            today=dt.date.min,
        )
        self._permitted.add(known)


def _stored_grant(index: int, grant: Grant) -> StoredGrant:
    return StoredGrant(index=index, iss=grant.name.iss, ep=grant.ep, level=grant.level, ek=grant.ek.hex())


def _stored_record(batch: ReadBatch, index: int, record: Record, portions: Mapping[str, StoredPortion]) -> StoredRecord:
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
        portions=portions,
    )

"""New slips for logged records: another hit policy, another canonical version, another token epoch.

docs/protocol.md, 6.5. A slips statement renews a whole batch; a record that was superseded or expunged, or that this
home cannot read, becomes off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clients.batchreading import ReadBatch, read_batch
from clients.chain import Logged, make_batch, send_waiting
from clients.entries import Entries
from clients.errors import HomeError, TrustError
from clients.matching.filling import check_silent, drafts
from clients.matching.keys import TokenKey, current_key
from clients.replica import StoredRecord
from clients.session import Standing
from ledger.jsontext import JsonValue
from ledger.kinds import Role
from ledger.labels import Compartment, label_from_json
from ledger.profiles import Profile
from ledger.recordform import Record
from ledger.renewals import build_renewal
from ledger.slips import Hit, SlipDraft, build_slip
from ledger.statements import SealedStatement

_EVENT = "event.kind"
_ITEM = "item."


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What a renewal did: records by their policy now, and the batches that carried it."""

    policies: Mapping[Hit, int]
    batches: tuple[Logged, ...]


class Renewer:
    """Renews the slips of this agency's batches under a profile, or all of them to one policy."""

    def __init__(
        self, standing: Standing, profile: Profile, *, to: Hit | None = None, everything: bool = False
    ) -> None:
        """Take the profile; `to` overrides its policy, `everything` renews batches that would not change too."""
        key = current_key(standing)
        if key is None:
            raise HomeError("the charter names no matching key yet, so every slip is off")
        self._standing = standing
        self._profile = profile
        self._to = to
        self._everything = everything
        self._key: TokenKey = key
        self._entries = Entries(standing.view, standing.session.service)
        self._own = {
            record.name.jti: record for record in standing.session.replica.records() if record.name.iss == standing.me
        }

    def renew(self, batches: Sequence[int] | None = None) -> Renewed:
        """Renew the batches that stand at these indices, or all that hold records; each is logged before the next."""
        send_waiting(self._standing.session)
        chosen = sorted({record.batch for record in self._own.values()}) if batches is None else batches
        counted: dict[Hit, int] = dict.fromkeys(Hit, 0)
        logged: list[Logged] = []
        for index in chosen:
            batch = read_batch(self._entries, self._standing.authority, index)
            policies = [self._policy(one) for one in _records(batch)]
            if policies and (self._everything or self._differs(batch, policies)):
                logged.append(self._send(batch, policies))
                for hit in policies:
                    counted[hit] += 1
        return Renewed(policies=counted, batches=tuple(logged))

    def _policy(self, record: Record) -> Hit:
        stored = self._own.get(record.name.jti)
        if stored is None or stored.superseded_by is not None or "item" not in stored.portions:
            return Hit.OFF
        hit = self._to or self._of_profile(stored)
        item = label_from_json(stored.portions["item"].label)
        check_silent(hit, originator_only=item.originator_only)
        return hit

    def _of_profile(self, stored: StoredRecord) -> Hit:
        """Return what the profile says now of a record like this one."""
        event = _fields(stored).get(_EVENT)
        labels = [label_from_json(portion.label) for portion in stored.portions.values()]
        compartments: frozenset[Compartment] = frozenset().union(*(label.comp for label in labels))
        kind = event if isinstance(event, str) else ""
        return self._profile.class_for(event_kind=kind, compartments=compartments).hit_for(kind)

    def _differs(self, batch: ReadBatch, policies: Sequence[Hit]) -> bool:
        """Say whether a slip is of another epoch or policy than it should be; one that is not known here is."""
        for record, hit in zip(_records(batch), policies, strict=True):
            slip = self._standing.session.book.slip(record.name.jti)
            if slip is None or (slip.ep, slip.hit) != (self._key.ep, hit):
                return True
        return False

    def _send(self, batch: ReadBatch, policies: Sequence[Hit]) -> Logged:
        records = _records(batch)
        items = [_item_fields(self._own.get(record.name.jti)) for record in records]
        made = drafts(self._standing.session, items, policies, self._key, use="submission")
        statement = self._statement(batch, records, made)
        session = self._standing.session
        session.outbox.put(make_batch(self._standing, [statement]))
        logged = send_waiting(session)
        if logged is None:
            raise TrustError("the outbox lost a batch that was just written to it")
        return logged

    def _statement(self, batch: ReadBatch, records: Sequence[Record], made: Sequence[SlipDraft]) -> SealedStatement:
        slips = [build_slip(draft, of=record.name.jti) for record, draft in zip(records, made, strict=True)]
        signing = self._standing.signing_key(Role.SIGN)
        self._standing.session.book.put_slips(slips)
        return build_renewal(
            signer=signing.signer,
            kid=signing.kid,
            iat=self._standing.now(),
            batch=batch.submission.batch.seq,
            slips=slips,
        )


def _records(batch: ReadBatch) -> list[Record]:
    return [one for one in batch.submission.parsed if isinstance(one, Record)]


def _fields(stored: StoredRecord) -> dict[str, JsonValue]:
    return {name: value for portion in stored.portions.values() for name, value in portion.fields.items()}


def _item_fields(stored: StoredRecord | None) -> dict[str, JsonValue]:
    fields = {} if stored is None else _fields(stored)
    return {name: value for name, value in fields.items() if name.startswith(_ITEM)}

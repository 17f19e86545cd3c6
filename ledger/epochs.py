"""Epochs: which grants may stand in the log, and which epoch a record must name (docs/protocol.md, 5).

An epoch of an issuer is opened by its grants, all in one batch, and is over when a later one opens or when a charter or
key entry ends it by force. Who may read what was wrapped is not known here; to whom, and up to which level, is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import assert_never

from crypto.digests import sha256
from ledger.agencies import Agency
from ledger.charter import replaced_roots
from ledger.charterpayload import Charter
from ledger.checks import refuse, require
from ledger.errors import AboveCeilingError, LedgerError, MalformedError, StaleEpochError
from ledger.grants import Grant, Recipient, Use
from ledger.kinds import Role
from ledger.labels import Level
from ledger.membership import CharterChange, KeyChange, Membership

MAX_KEYS_AN_EPOCH = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochKey:
    """What one (issuer, ek) keeps for ever: its epoch, level and recipients; `hashes` are the keys boxes went to."""

    ep: int
    level: Level
    recipients: frozenset[str]
    hashes: frozenset[bytes]

    @property
    def audience(self) -> tuple[Level, frozenset[str]]:
        """Return what there may be one ek for in an epoch."""
        return self.level, self.recipients


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerEpochs:
    """The epochs of one issuer: the newest, where it was opened, where one was last ended by force, all its keys."""

    ep: int = 0
    opened: int = -1
    ended: int = -1
    keys: Mapping[bytes, EpochKey] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_open(self) -> bool:
        """Say whether records may name the newest epoch."""
        return self.opened > self.ended

    def current(self) -> Mapping[bytes, EpochKey]:
        """Return the keys of the newest epoch."""
        return {ek: key for ek, key in self.keys.items() if key.ep == self.ep}

    def check_record(self, ep: int) -> None:
        """Raise StaleEpochError unless a record that stands next may name `ep`."""
        if ep == self.ep and self.is_open:
            return
        refusal: LedgerError = StaleEpochError(
            "the record names an epoch that is not the issuer's newest: seal it again"
        )
        require("record/ep", expected=self.ep, found=ep, refusal=refusal)
        refusal = StaleEpochError("the epoch was ended by a change of members or keys: open a new one and seal again")
        require("record/epoch-open", expected=True, found=self.is_open, refusal=refusal)

    def with_grant(self, grant: Grant, *, index: int, batch: int) -> "IssuerEpochs":
        """Return the epochs after an epoch grant at `index`, in a batch whose first entry is at `batch`; or raise."""
        recipients = frozenset(recipient.r for recipient in grant.to)
        hashes = frozenset(recipient.h for recipient in grant.to)
        found = EpochKey(ep=grant.ep, level=grant.level, recipients=recipients, hashes=hashes)
        known = self.keys.get(grant.ek)
        if known is not None:
            return self.with_key(grant.ek, _repeated(known, found))
        opened = self._opened_by(grant, index=index, batch=batch)
        _check_room(opened.current(), found)
        return opened.with_key(grant.ek, found)

    def with_end(self, index: int) -> "IssuerEpochs":
        """Return the epochs after an event at `index` that ends the newest by force."""
        return replace(self, ended=index)

    def _opened_by(self, grant: Grant, *, index: int, batch: int) -> "IssuerEpochs":
        """Return the epochs in which `grant` may bring a new key: its batch has opened the newest, or does so now."""
        if grant.ep == self.ep and self.opened >= batch:
            return self
        require(
            "grant/ep",
            expected=self.ep + 1,
            found=grant.ep,
            refusal=StaleEpochError("a new key opens the next epoch: one that an earlier batch opened gets none"),
        )
        return replace(self, ep=grant.ep, opened=index)

    def with_key(self, ek: bytes, key: EpochKey) -> "IssuerEpochs":
        """Return the epochs with one key added, or its boxes."""
        return replace(self, keys=MappingProxyType({**self.keys, ek: key}))


class Epochs:
    """The epochs of all issuers of one log, in log order."""

    def __init__(self) -> None:
        """Begin without any."""
        self._issuers: dict[str, IssuerEpochs] = {}

    def current(self, iss: str) -> IssuerEpochs:
        """Return where an issuer's epochs stand."""
        return self._issuers.get(iss, IssuerEpochs())

    def enter(self, iss: str, epochs: IssuerEpochs) -> None:
        """Let judged grants count."""
        self._issuers[iss] = epochs

    def apply_grant(self, grant: Grant, *, index: int, batch: int, membership: Membership) -> None:
        """Judge a grant and let it count; nothing has changed if this raises."""
        iss = grant.name.iss
        self.enter(iss, judge_grant(self.current(iss), grant, index=index, batch=batch, membership=membership))

    def enter_charter(self, change: CharterChange) -> None:
        """End what a charter ends: everything if an agency left, else what it touches (a ceiling, a root)."""
        if change.previous is None:
            return
        for iss, epochs in self._issuers.items():
            if epochs.is_open and _ends(change.charter, change.previous, iss, epochs):
                self._issuers[iss] = epochs.with_end(change.index)

    def enter_key(self, change: KeyChange) -> None:
        """End the epochs that name an hpke key which is ended with `since`: somebody else may hold it."""
        if change.entry.since is None:
            return
        lost = {sha256(key.public_key) for key in change.ended if key.role is Role.HPKE}
        for iss, epochs in self._issuers.items():
            if any(lost & key.hashes for key in epochs.current().values()):
                self._issuers[iss] = epochs.with_end(change.index)


def judge_grant(epochs: IssuerEpochs, grant: Grant, *, index: int, batch: int, membership: Membership) -> IssuerEpochs:
    """Return the issuer's epochs after `grant`, or raise: its recipients, its level, and its place in the sequence."""
    charter = membership.charter_before(batch)
    for recipient in grant.to:
        _check_recipient(grant, recipient, agency=membership.agency(recipient.r, batch))
        _check_box_key(grant, recipient, batch=batch, membership=membership)
    match grant.use:
        case Use.EPOCH:
            return epochs.with_grant(grant, index=index, batch=batch)
        case Use.MATCH:
            _check_match(grant, charter)
            return epochs
        case _:
            assert_never(grant.use)


def _check_recipient(grant: Grant, recipient: Recipient, *, agency: Agency) -> None:
    if recipient.r != grant.name.iss and grant.level > agency.ceiling:
        raise refuse(
            "grant/ceiling",
            expected=f"at most {agency.ceiling.name} to {agency.id}",
            found=grant.level.name,
            refusal=AboveCeilingError(f"a grant above the ceiling that the charter sets {agency.id}"),
        )


def _check_box_key(grant: Grant, recipient: Recipient, *, batch: int, membership: Membership) -> None:
    """Raise unless the box went to a key in force: the issuer's to its recovery key, so that lost state comes back."""
    role = Role.RECOVERY if recipient.r == grant.name.iss else Role.HPKE
    keys = membership.keys_of(recipient.r, role=role, index=batch)
    if recipient.h not in {sha256(key.public_key) for key in keys}:
        raise refuse(
            "grant/box-key",
            expected=f"a box to a {role.value} key of {recipient.r} in force",
            found=recipient.h,
            refusal=MalformedError(f"the box for {recipient.r} is sealed to a key that is not in force"),
        )


def _check_match(grant: Grant, charter: Charter) -> None:
    refusal = MalformedError("not the matching key that the charter names, or not by the agency that hands it out")
    expected = charter.match and (charter.match.by, charter.match.ep, charter.match.kcid)
    require("grant/match", expected=expected, found=(grant.name.iss, grant.ep, grant.ek), refusal=refusal)


def _repeated(known: EpochKey, found: EpochKey) -> EpochKey:
    """Return the key with the boxes of a repeat added; a repeat changes nothing else and reopens nothing."""
    refusal = MalformedError("a repeated grant keeps epoch, level and recipients")
    require("grant/repeat", expected=(known.ep, known.audience), found=(found.ep, found.audience), refusal=refusal)
    return replace(known, hashes=known.hashes | found.hashes)


def _check_room(keys: Mapping[bytes, EpochKey], found: EpochKey) -> None:
    if any(key.audience == found.audience for key in keys.values()):
        raise MalformedError("one epoch has one key for an audience")
    if len(keys) >= MAX_KEYS_AN_EPOCH:
        raise MalformedError(f"an epoch has at most {MAX_KEYS_AN_EPOCH} keys")


def _ends(charter: Charter, previous: Charter, iss: str, epochs: IssuerEpochs) -> bool:
    """Say whether the step from `previous` to `charter` ends the newest epoch of `iss` by force."""
    if {agency.id for agency in previous.agencies} - {agency.id for agency in charter.agencies}:
        return True
    replaced = replaced_roots(charter, previous)
    ceilings = {agency.id: agency.ceiling for agency in charter.agencies}
    return any(
        r in replaced or (r != iss and ceilings[r] < key.level)
        for key in epochs.current().values()
        for r in key.recipients
    )

"""Closed epochs opened to a newcomer: which keys that takes, and how many records they open (docs/protocol.md, 5)."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial

from clients.errors import ListError
from clients.logged import LoggedBatches
from clients.openedby import Opens
from clients.replica import StoredGrant
from clients.session import Session
from clients.talk.releasing import Address, Offer, epoch_release
from ledger.errors import ProofError
from ledger.grants import Grant
from ledger.labels import Label, Level, Terms, label_from_json
from ledger.opening import which_key
from ledger.recordform import parse_record
from ledger.talk.releases import ReleasedEpoch

_EPOCHS = re.compile(r"([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which closed epochs: numbers from `first` to `last`, keys of one level, or these very keys; None is all."""

    first: int = 1
    last: int | None = None
    level: Level | None = None
    ekids: frozenset[bytes] | None = None

    def takes(self, grant: StoredGrant) -> bool:
        """Say whether the key of a grant is among those meant."""
        return self.level in {None, grant.level} and (self.ekids is None or bytes.fromhex(grant.ek) in self.ekids)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opens:
    """A key of a closed epoch, the grant that brought it, and under which labels stands what it opens."""

    epoch: ReleasedEpoch
    grant: StoredGrant
    labels: tuple[Label, ...]


def parse_where(texts: Sequence[str]) -> Where:
    """Return what `--where epochs=1-5 --where level=RESTRICTED` says; `epochs=all` is every closed epoch."""
    said = dict(text.split("=", 1) for text in texts if "=" in text)
    epochs = said.pop("epochs", "all")
    level = said.pop("level", None)
    numbers = _EPOCHS.fullmatch(epochs)
    levels = {one.value: one for one in Level}
    if said or len(texts) > 2 or (numbers is None and epochs != "all") or (level is not None and level not in levels):
        raise ListError("--where says which closed epochs", next_step="say epochs=all, epochs=1-5 or level=RESTRICTED")
    first, last = (1, None) if numbers is None else (int(numbers[1]), int(numbers[2] or numbers[1]))
    return Where(first=first, last=last, level=levels[level] if level else None)


def offer_epochs(
    session: Session, address: Address, batches: LoggedBatches, where: Where, terms: Terms | None
) -> tuple[Offer, ...]:
    """Return one release for each level of the keys that open closed epochs to an agency that was not among their readers."""
    opens = list(_opening(session, address.to, batches, where))
    offers = []
    for level in sorted({one.epoch.level for one in opens}):
        chosen = [one for one in opens if one.epoch.level == level]
        labels = tuple(label for one in chosen for label in one.labels)
        offers.append(
            Offer(
                address=address,
                release=epoch_release([one.epoch for one in chosen], labels, terms),
                labels=labels,
                records=session.replica.opened_with(*(one.grant for one in chosen)).records,
            )
        )
    if not offers:
        raise ListError(
            f"no closed epoch holds anything that {address.to} could be shown and was not",
            next_step="an open epoch is shared by the profile, a single record by --portion",
        )
    return tuple(offers)


def _opening(session: Session, to: str, batches: LoggedBatches, where: Where) -> Iterator[_Opens]:
    me = session.config.id
    held = session.keyring.epoch_keys()
    session.replica.note_openers(me, _tried(session, held))
    newest = session.replica.last_epoch(me)
    # The newest epoch may still be sealed under: it is not closed before another one is open.
    for ep in range(where.first, min(newest - 1, where.last or newest) + 1):
        for ek, grant in _first_grants(session.replica.grants(me, ep)).items():
            found = session.replica.opened_with(grant)
            if found.records and ek in held and where.takes(grant) and _adds(batches, grant, to):
                yield _Opens(
                    epoch=ReleasedEpoch(ep=ep, level=grant.level, ek=held[ek], first=grant.index, last=found.last),
                    grant=grant,
                    labels=tuple(label_from_json(json.loads(label)) for label in found.labels),
                )


def _first_grants(grants: Sequence[StoredGrant]) -> Mapping[str, StoredGrant]:
    """Return the grant that brought each key; what follows are repeats."""
    found: dict[str, StoredGrant] = {}
    for grant in grants:
        found.setdefault(grant.ek, grant)
    return found


def _adds(batches: LoggedBatches, grant: StoredGrant, to: str) -> bool:
    """Say whether a key was shared with others, and not with `to`: one that nobody shares is no matter of joining late."""
    logged = batches.holding(grant.index).at(grant.index)
    if not isinstance(logged, Grant):
        raise ProofError("another statement stands where the replica has a grant")
    recipients = {one.r for one in logged.to}
    return len(recipients) > 1 and to not in recipients


def _tried(session: Session, held: Mapping[str, bytes]) -> Opens:
    """Return what tells the grant whose key a portion commits to, of those that are held."""
    me = session.config.id
    grants = cache(partial(session.replica.grants, me))
    # The portions of a record come one after the other.
    read = lru_cache(maxsize=1)(parse_record)

    def opens(ep: int, entry: bytes, portion: str) -> int | None:
        record = read(entry)
        fits = (
            one.index
            for one in grants(ep)
            if one.ek in held and which_key(record.name, portion, record.portions[portion].kc, [held[one.ek]])
        )
        return next(fits, None)

    return opens

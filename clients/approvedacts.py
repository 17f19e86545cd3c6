"""What this agency did that takes two officers, as the log and the home hold it (docs/protocol.md, 6.20).

Releases and orders to expunge are read from the log, in the replica. Of a list the log shows nobody what officers signed:
its import says where it went, as the desk keeps it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Engine, select

from clients.database import open_database
from clients.home import Home
from clients.intake.states import State
from clients.intake.store import Import, Imports
from clients.intake.tables import TABLES
from clients.replica import Replica
from clients.replicatables import EXPUNGED
from clients.talk.releasing import Address, Offer
from ledger.disclosures import parse_disclosures
from ledger.expunges import Why
from ledger.identifiers import StatementName
from ledger.labels import Label, label_from_json
from ledger.officers import Plan, PlannedExpunge, parse_proposal
from ledger.profiles import ALONE
from ledger.talk.parts import put_together
from ledger.talk.releases import Release

_AGREED = frozenset({State.APPROVED, State.SENDING, State.DONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A release or an order in the log: where it stands, what it did, in the words that officers would have signed.

    `two` says that it takes two officers.
    """

    index: int
    do: Plan
    two: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedList:
    """An import that two officers signed for, by the id of what they signed: their file, and what came of it.

    `records` were logged, in batches whose entries stand at the indices of `batches`.
    """

    number: int
    id: bytes
    do: Plan
    file: bytes = field(repr=False)
    records: int
    batches: tuple[int, ...]


def acts_of(replica: Replica, me: str) -> tuple[Act, ...]:
    """Return what this agency released and expunged, in log order."""
    return tuple(sorted([*_releases(replica, me), *_orders(replica, me)], key=lambda act: act.index))


def approved_lists(home: Home, *, key: bytes) -> tuple[ApprovedList, ...]:
    """Return the lists that two officers approved at this home's desk, where it has one; `key` is its databases'."""
    if not home.desk.exists():
        return ()
    engine = open_database(home.desk, TABLES, key=key)
    try:
        return tuple(_approved(one) for one in _imports(engine).proposed() if one.state in _AGREED)
    finally:
        engine.dispose()


def _imports(engine: Engine) -> Imports:
    return Imports(engine, clock=lambda: 0)  # nothing is written


def _approved(one: Import) -> ApprovedList:
    proposal, receipt = parse_proposal(one.proposal).proposal, one.receipt
    return ApprovedList(
        number=one.number,
        id=proposal.id,
        do=proposal.do,
        file=one.proposal,
        records=receipt.get("records", 0),
        batches=tuple(batch["index"] for batch in receipt.get("batches", ())),
    )


def _orders(replica: Replica, me: str) -> Iterator[Act]:
    with replica.reading() as connection:
        rows = connection.execute(select(EXPUNGED).where(EXPUNGED.c.iss == me)).all()
    for row in rows:
        yield Act(index=row.position, do=PlannedExpunge(of=row.jti, why=Why(row.why)), two=True)


def _releases(replica: Replica, me: str) -> Iterator[Act]:
    for one in put_together(replica.talk.messages()):
        if one.name.iss == me and isinstance(one.body, Release):
            address = Address(to=one.inner.to, thread=one.inner.thread, re=one.inner.re)
            offer = Offer(address=address, release=one.body, labels=_labels(replica, me, one.body), records=0)
            yield Act(index=one.index, do=offer.plan(), two=bool(offer.reasons) or _is_above(one.body))


def _labels(replica: Replica, me: str, release: Release) -> tuple[Label, ...]:
    """Return the labels of what a release shows, of records that are still here: of an expunged one no label is left."""
    found: list[Label] = []
    for jti in sorted(release.records):
        record = replica.find(StatementName(me, jti))
        whole = {one.portion for one in release.portions if one.of == jti}
        shown = {name for one in release.disclosures if one.of == jti for name in one.names}
        for stored in record.portions.values() if record else ():
            names = {one.name for one in parse_disclosures(stored.disclosures)}
            if stored.portion in whole or shown & names:
                found.append(label_from_json(stored.label))
    return tuple(found)


def _is_above(release: Release) -> bool:
    """Say whether a key of a closed epoch opens what is above the level that one officer may show."""
    return any(one.level > ALONE for one in release.epochs)

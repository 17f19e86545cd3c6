"""Read one record: what of it may be shown, and what became of it. Reads the replica alone; no network, no key."""

from collections.abc import Iterator
from dataclasses import dataclass

from clients.errors import NotPermittedError
from clients.replica import Replica, StoredRecord
from clients.talk.threads import Talk, talks
from clients.views import RecordView, Viewer, view_record
from ledger.errors import NotFoundError
from ledger.identifiers import StatementName
from ledger.labels import Level
from ledger.talk.releases import Release
from ledger.talk.state import Released


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A release of an own record: to whom, of what, under which level, and since when; times are POSIX seconds or unknown.

    `what` are portions, names of fields, or nothing where the key of the record's closed epoch was released.
    """

    to: str
    thread: bytes
    level: Level
    what: tuple[str, ...]
    index: int
    at: int | None
    opened: int | None
    is_opened: bool
    is_recalled: bool


def read_record(replica: Replica, name: StatementName, viewer: Viewer) -> RecordView:
    """Return what may be seen of a record; raise where it is not here, or nothing of it may be shown."""
    found, why = replica.find(name), replica.expunged().get(name)
    if why is not None:
        raise NotFoundError(f"{name.iss} has expunged this record, on the ground of {why}: nothing of it is kept here")
    if found is None:
        raise NotFoundError("no record of that name is in the replica: run `sealtrace sync`, or it is sealed to others")
    view = view_record(found, viewer)
    if view.marking is None:
        raise NotPermittedError(
            "nothing of this record may be shown for this purpose", next_step="see its reasons with --json"
        )
    return view


def corrects(record: StoredRecord) -> StatementName | None:
    """Return the earlier record that this one corrects."""
    return None if record.sup is None else StatementName(record.name.iss, record.sup)


def corrected_by(record: StoredRecord) -> StatementName | None:
    """Return the later record that corrects this one."""
    return None if record.superseded_by is None else StatementName(record.name.iss, record.superseded_by)


def given(replica: Replica, record: StoredRecord, *, me: str) -> tuple[Given, ...]:
    """Return the releases of a record of `me`, in log order; of another's record this home cannot know them."""
    if record.name.iss != me:
        return ()
    found = [one for talk in talks(replica) for one in _given(talk, record)]
    return tuple(sorted(found, key=lambda one: one.index))


def _given(talk: Talk, record: StoredRecord) -> Iterator[Given]:
    for released in talk.thread.releases.values():
        said = released.said
        if said.name.iss != record.name.iss or not isinstance(said.body, Release):
            continue
        what = _what(said.body, record)
        if what is not None:
            yield _told(talk, released, said.body, what)


def _told(talk: Talk, released: Released, body: Release, what: tuple[str, ...]) -> Given:
    said = released.said
    return Given(
        to=said.to,
        thread=talk.id,
        level=body.terms.level,
        what=what,
        index=said.index,
        at=talk.times.get(said.index),
        opened=None if released.opened is None else talk.times.get(released.opened),
        is_opened=released.opened is not None,
        is_recalled=released.recalled is not None,
    )


def _what(body: Release, record: StoredRecord) -> tuple[str, ...] | None:
    """Return what a release shows of a record: None where it is of others."""
    portions = [one.portion for one in body.portions if one.of == record.name.jti]
    fields = [name for one in body.disclosures if one.of == record.name.jti for name in one.names]
    if portions or fields:
        return (*portions, *fields)
    opened = any(one.ep == record.ep and one.first <= record.index <= one.last for one in body.epochs)
    return () if opened else None

"""Gather the records of one weapon from the replica: only what the one decision lets this person see is looked at."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from clients.lists.values import Tables
from clients.replica import Replica, StoredRecord
from clients.tracing.weaponforms import forms_of
from clients.views import RecordView, Viewer, view_record
from ledger.errors import NotFoundError
from ledger.forms import Form
from ledger.identifiers import StatementName
from ledger.markings import Marking, join
from ledger.sightings import Fields, Sighting, Weapon, gather, weapons
from ledger.tokens import likenesses
from ledger.traces import Trace, trace_of

Find: TypeAlias = Callable[["Sightings"], "Traced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """The trace of one weapon, the records beside it, and the marking of a page that shows them all."""

    trace: Trace
    weapon: Weapon = field(repr=False)
    marking: Marking | None


class Sightings:
    """Every record of a replica that is in force, as one viewer may see it."""

    def __init__(self, records: Iterable[StoredRecord], viewer: Viewer, tables: Tables) -> None:
        """Look at all of `records` once."""
        self._tables = tables
        self._views: Mapping[StatementName, RecordView] = {
            one.name: view_record(one, viewer) for one in records if one.superseded_by is None
        }
        self._sightings = tuple(_sighting(view) for view in self._views.values())

    def of_record(self, name: StatementName, *, linked: frozenset[StatementName] = frozenset()) -> Traced:
        """Return the trace of the weapon that a record tells of; raise NotFoundError if it may not be read."""
        if name not in self._views:
            raise NotFoundError("no record of that name may be traced: run `sealtrace sync`, or it was superseded")
        return self._traced(frozenset(), linked | {name})

    def of_fields(self, fields: Fields, *, linked: frozenset[StatementName] = frozenset()) -> Traced:
        """Return the trace of a weapon described by its item fields; raise NotFoundError if nothing tells of it."""
        traced = self._traced(self._forms(fields), linked)
        if not (traced.weapon.same or traced.weapon.possible or traced.weapon.contradicting):
            raise NotFoundError("no record that you may read bears this number: ask the others with `sealtrace match`")
        return traced

    def all(self) -> tuple[Trace, ...]:
        """Return the trace of every weapon."""
        return tuple(trace_of(group) for group in weapons(self._sightings, forms_of=self._forms))

    def _traced(self, wanted: frozenset[Form], linked: frozenset[StatementName]) -> Traced:
        weapon = gather(self._sightings, wanted=wanted, forms_of=self._forms, linked=linked)
        shown = (*weapon.same, *weapon.possible, *weapon.contradicting)
        markings = [found for one in shown if (found := self._views[one.name].marking) is not None]
        return Traced(
            trace=trace_of(weapon.same), weapon=weapon, marking=join(markings[0], *markings[1:]) if markings else None
        )

    def _forms(self, fields: Fields) -> frozenset[Form]:
        return forms_of(fields, self._tables)


def trace_record(
    replica: Replica,
    viewer: Viewer,
    tables: Tables,
    name: StatementName,
    *,
    linked: frozenset[StatementName] = frozenset(),
) -> Traced:
    """Return the trace of the weapon that a record tells of, as over the whole replica; raise as `Sightings` does."""
    records = [one for each in (name, *linked) if (one := replica.find(each)) is not None]
    wanted = replica.likenesses(one.index for one in records)
    return _near(replica, viewer, tables, records, wanted, lambda seen: seen.of_record(name, linked=linked))


def trace_fields(
    replica: Replica, viewer: Viewer, tables: Tables, fields: Fields, *, linked: frozenset[StatementName] = frozenset()
) -> Traced:
    """Return the trace of a weapon described by its item fields, as over the whole replica; raise as `Sightings` does."""
    records = [one for each in linked if (one := replica.find(each)) is not None]
    wanted = replica.likenesses(one.index for one in records) | likenesses(fields)
    return _near(replica, viewer, tables, records, wanted, lambda seen: seen.of_fields(fields, linked=linked))


def _near(  # noqa: PLR0913, PLR0917 - where, for whom, from where on
    replica: Replica, viewer: Viewer, tables: Tables, start: Iterable[StoredRecord], wanted: frozenset[str], find: Find
) -> Traced:
    """Return what `find` finds among the records that may be of the weapon, looked for until no number is new.

    Ten thousand records are not decided upon for a trace of five.
    """
    records = {one.index: one for one in start}
    looked: frozenset[str] = frozenset()
    while True:
        records |= {one.index: one for one in replica.alike(wanted - looked)}
        looked |= wanted
        traced = find(Sightings((records[index] for index in sorted(records)), viewer, tables))
        wanted = replica.likenesses(one.index for one in traced.weapon.same)
        if wanted <= looked:
            return traced


def _sighting(view: RecordView) -> Sighting:
    record = view.record
    withheld = frozenset(portion.portion for portion in view.portions if portion.withheld)
    return Sighting(name=record.name, index=record.index, fields=view.fields, withheld=withheld)

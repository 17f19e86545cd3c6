"""The weapons behind the names that a list holds: as much of each as whoever is signed in may read, and no more of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from clients.desk.parts import note_use, office
from clients.desk.people.current import me
from clients.desk.recordlines import Number, headline, numbers
from clients.desk.use.entries import of_many
from clients.matching.book import StoredNotice
from clients.views import view_record
from ledger.identifiers import StatementName
from ledger.labels import Level
from ledger.markings import Marking, join
from ledger.notices import Matched, WatchFired

SAW = "saw the weapons of hits"
_ITEM = ("item",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weapon:
    """The item portion of a record in one line: its level, what it is, and its numbers."""

    level: Level
    item: str = field(repr=False)
    numbers: tuple[Number, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weapons:
    """The weapons that may be shown, each by the name of its record, and the marking that a page with them needs."""

    by_name: Mapping[StatementName, Weapon]
    marking: Marking | None


def names_in(notices: Iterable[StoredNotice]) -> list[StatementName]:
    """Return the names of the records that notices of matching tell of."""
    found: list[StatementName] = []
    for one in notices:
        match one.notice:
            case Matched(result=result):
                found += result.names()
            case WatchFired(slot=slot):
                found.append(slot.name)
            case _:
                continue
    return found


def weapons_of(names: Iterable[StatementName]) -> Weapons:
    """Return the weapons of records, and put into the record of use whose were shown."""
    viewer, makes = office().viewer(me().person, me().purpose), office().tables.makes
    with office().replica() as replica:
        stored = [*replica.named(names)]
    found, markings = {}, []
    for view in (view_record(one, viewer, portions=_ITEM) for one in stored):
        (item,) = view.portions
        if item.level is not None and view.marking is not None:
            found[view.record.name] = Weapon(level=item.level, item=headline(item, makes), numbers=numbers(item.fields))
            markings.append(view.marking)
    if found:
        note_use(me().person.name, SAW, of_many(f"{len(found)} records", [str(name) for name in found]))
    return Weapons(by_name=found, marking=join(*markings) if markings else None)

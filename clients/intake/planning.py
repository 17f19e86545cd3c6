"""Plan the list of an import; what the check came to is kept for the sending (docs/adr/0075).

Between the two lie minutes, and nothing that a plan rests on has changed as a rule: reading ten thousand rows once more
would come to the same plans. Where anything has changed, or the desk was started anew, the list is planned again.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field

from clients.importing import Prepared, prepare_table
from clients.intake.checking import Rules
from clients.intake.events import event_list, parse_event
from clients.intake.reading import unpack
from clients.intake.store import Content, Import, Kind
from clients.lists.maps import ListMap, parse_map
from clients.lists.tables import Table
from clients.lists.values import Tables
from crypto.digests import sha256
from ledger.labels import Members
from ledger.profiles import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    """All that the plans of a list rest on: two lists with the same basis have the same plans."""

    kind: Kind
    content: bytes
    map: str
    profile: Profile
    members: Members
    tables: Tables
    row_key: bytes = field(repr=False)
    today: dt.date


class Plans:
    """Plans lists, for one thread; of the list that was planned last it keeps what it came to."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._kept: tuple[int, _Basis, Prepared] | None = None

    def of(self, one: Import, content: Content, rules: Rules) -> Prepared:
        """Return what a list comes to by these rules; raise ListError where its map is not one for it."""
        basis = _basis(one, content, rules)
        if self._kept is not None and self._kept[1] == basis:
            return self._kept[2]
        prepared = prepare_table(*list_of(one, content), rules.means)
        self._kept = (one.number, basis, prepared)
        return prepared

    def keep_of(self, numbers: Collection[int]) -> None:
        """Forget what is kept unless it is of one of these imports: of a list that is over nothing stays."""
        if self._kept is not None and self._kept[0] not in numbers:
            self._kept = None


def list_of(one: Import, content: Content) -> tuple[Table, ListMap]:
    """Return what an import says, and how it is read: a list by its map, a form by its own."""
    match one.kind:
        case Kind.EVENT:
            return event_list(parse_event(content.raw))
        case Kind.LIST:
            return unpack(content.read or b""), parse_map(one.map)


def _basis(one: Import, content: Content, rules: Rules) -> _Basis:
    return _Basis(
        kind=one.kind,
        content=sha256(content.raw if one.kind is Kind.EVENT else content.read or b""),
        map=one.map,
        profile=rules.profile,
        members=rules.members,
        tables=rules.means.tables,
        row_key=rules.means.row_key,
        today=rules.means.today,
    )

"""What is asked about: one weapon in an officer's words, the rows of a list, or one's own records that are matched."""

from collections.abc import Iterable, Mapping, Sequence

from clients.errors import ListError
from clients.lists.values import Tables
from clients.matching.asking import Weapon
from clients.matching.book import Book
from clients.matching.candidates import candidates
from clients.plaintext import visible
from clients.replica import Replica
from clients.session import Session
from clients.show import serials, summary
from ledger.jsontext import JsonValue
from ledger.serials import read_marks
from ledger.slips import Hit
from ledger.tokens import inputs_of

Fields = Mapping[str, JsonValue]


def described_items(fields: Mapping[str, str], serial: str | None) -> list[dict[str, JsonValue]]:
    """Return the items that a description may mean: one for each number that `serial` may stand for."""
    if not serial:
        raise ListError("nothing to ask about", next_step="give --serial, --file LIST or --mine")
    return [_item(fields, one) for one in candidates(serial)]


def named_weapons(fields: Mapping[str, str], serial: str | None, tables: Tables) -> list[Weapon]:
    """Return the weapons that an officer's words may mean, each in those words."""
    items = described_items(fields, serial)
    return [
        _weapon(f"{fields['item.make_text']} {one}", item, tables)
        for one, item in zip(candidates(serial or ""), items, strict=True)
    ]


def listed_weapons(items: Iterable[Fields], tables: Tables) -> list[Weapon]:
    """Return the weapons that item fields describe, each with its summary and numbers for words."""
    return [
        _weapon(" ".join([summary(one, tables.makes), *(text for text, _ in serials(one))]), one, tables)
        for one in items
    ]


def own_records(session: Session) -> list[tuple[str, bytes]]:
    """Return this agency's live records that are matched at all: the officer with four hundred guns."""
    return matched_records(session.replica, session.book, me=session.config.id)


def matched_records(replica: Replica, book: Book, *, me: str) -> list[tuple[str, bytes]]:
    """Return the same out of a replica and the book of matching: (name, jti) each, in log order."""
    gone = replica.expunged()
    return [
        (str(name), name.jti)
        for name in replica.live_names(me)
        if name not in gone and (slip := book.slip(name.jti)) is not None and slip.hit is not Hit.OFF
    ]


def askable(weapons: Sequence[Weapon]) -> int:
    """Return how many questions it takes to ask about these: what has no form to ask by takes none."""
    return sum(1 for one in weapons if one.forms)


def _item(fields: Mapping[str, str], serial: str) -> dict[str, JsonValue]:
    boxed: JsonValue = [dict(mark.to_json()) for mark in read_marks(serial)]
    return {**fields, "item.serials": boxed}


def _weapon(what: str, item: Fields, tables: Tables) -> Weapon:
    return Weapon(what=visible(what).strip(), inputs=inputs_of(item, makes=tables.makes, calibres=tables.calibres))

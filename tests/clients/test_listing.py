"""Finding records and listing them: all words, among what may be shown, and nothing else is looked at."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import pytest

from clients.finding import Facet, Search, find
from clients.listing import Hit, hit
from clients.replica import Replica, StoredPortion, StoredRecord
from clients.views import Viewer
from ledger import makes
from ledger.decision import Reader
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.labels import Compartment, Label, Level, Members, Purpose

MEMBERS = Members(
    versions={1: frozenset({"xar-arms", "xbe-cib"})}, ceilings={"xar-arms": Level.SECRET, "xbe-cib": Level.SECRET}
)
ME = Viewer(
    reader=Reader(agency="xbe-cib", clearance=Level.SECRET, compartments=frozenset(Compartment)),
    purpose=Purpose.TRACE,
    today=dt.date(2026, 11, 21),
    members=MEMBERS,
)
SHARED = Label(level=Level.RESTRICTED, rel=("xbe-cib",), purp=frozenset({Purpose.TRACE}))
OTHERS = Label(level=Level.RESTRICTED, rel=(), purp=frozenset({Purpose.TRACE}))
ITEM: Mapping[str, JsonValue] = {
    "item.kind": "small_arm",
    "item.make": "TAS",
    "item.serials": [{"as_marked": "ABE 573528", "location": "frame", "condition": "legible"}],
}
EVENT: Mapping[str, JsonValue] = {"event.kind": "recovery", "event.date": "2021-03-14", "event.place": "Rio"}


def record(number: int = 1, *, iss: str = "xar-arms", label: Label = SHARED, **event: JsonValue) -> StoredRecord:
    """Return a stored record; members of its event may be changed."""
    fields = {**EVENT, **{f"event.{key}": value for key, value in event.items()}}
    return StoredRecord(
        index=number,
        name=StatementName(iss, number.to_bytes(16, "big")),
        kid=f"{iss}#4",
        iat=0,
        ep=1,
        sup=None,
        batch=9,
        seq=1,
        entry=b"",
        portions={
            "item": portion("item", SHARED, ITEM),
            "event": portion("event", label, fields),
        },
    )


def portion(name: str, label: Label, fields: Mapping[str, JsonValue]) -> StoredPortion:
    """Return a stored portion."""
    return StoredPortion(portion=name, level=label.level, label=label.to_json(), fields=fields, disclosures=("a",))


def hits(replica: Replica, search: Search, *records: StoredRecord, viewer: Viewer = ME) -> list[Hit]:
    """Return what is found among these records, which the replica then holds."""
    replica.add(records=records or (record(),))
    return [hit(view, makes.BUILT_IN) for view in find(replica, search, viewer, makes.BUILT_IN, limit=99).views]


@pytest.mark.parametrize(
    "words",
    [(), ("taurus",), ("TAURUS", "rio"), ("573528",), ("abe 573528",), ("recovery",), ("2021-03",), ("small_arm",)],
)
def test_a_record_is_found_by_what_is_shown_of_it(replica: Replica, words: tuple[str, ...]) -> None:
    """A make by its name and not its code alone, a serial, a place, a kind; every word must be met, in any case."""
    assert len(hits(replica, Search(words=words))) == 1


@pytest.mark.parametrize("words", [("glock",), ("taurus", "lisbon"), ("canary",)])
def test_one_word_that_is_not_there_finds_nothing(replica: Replica, words: tuple[str, ...]) -> None:
    """All of it must hold."""
    assert hits(replica, Search(words=words)) == []


def test_a_withheld_portion_is_not_looked_at(replica: Replica) -> None:
    """A word in what one may not read finds nothing: finding would tell that it is there."""
    secret = record(label=OTHERS, place="canary")

    assert hits(replica, Search(words=("canary",)), secret) == []
    assert hits(replica, Search(facets={Facet.EVENT: "recovery"}), secret) == []
    (one,) = hits(replica, Search(words=("taurus",)), secret)
    assert one.to_json()["withheld"] == ["event", "case"]


def test_another_purpose_finds_nothing_of_it(replica: Replica) -> None:
    """The label names tracing."""
    viewer = Viewer(reader=ME.reader, purpose=Purpose.SANCTIONS, today=ME.today, members=MEMBERS)

    assert hits(replica, Search(words=("taurus",)), viewer=viewer) == []


def test_superseded_records_are_left_out_unless_asked_for(replica: Replica) -> None:
    """A correction takes the place of what it corrects."""
    old, new = record(1), replace(record(2), sup=record(1).name.jti)

    assert [one.view.record.index for one in hits(replica, Search(), old, new)] == [2]
    assert [one.view.record.index for one in hits(replica, Search(with_superseded=True), old, new)] == [1, 2]


def test_a_search_is_narrowed_by_originator_and_event(replica: Replica) -> None:
    """Each by its exact name."""
    records = [record(1), record(2, iss="xbe-cib"), record(3, kind="theft")]

    assert [one.view.record.index for one in hits(replica, Search(facets={Facet.ORIGINATOR: "xbe-cib"}), *records)] == [
        2
    ]
    assert [one.view.record.index for one in hits(replica, Search(facets={Facet.EVENT: "theft"}), *records)] == [3]
    assert hits(replica, Search(facets={Facet.EVENT: "thef"}), *records) == []


def test_a_line_says_what_a_person_looks_for(replica: Replica) -> None:
    """Record, event, date, weapon, serial, what is withheld."""
    (one,) = hits(replica, Search())

    assert one.to_json() == {
        "record": "xar-arms/AAAAAAAAAAAAAAAAAAAAAQ",
        "event": "recovery",
        "date": "2021-03-14",
        "item": one.item,
        "serial": "ABE 573528",
        "withheld": ["case"],
    }
    assert "Taurus" in one.item


def test_hidden_characters_of_others_are_spelled_out(replica: Replica) -> None:
    """A date that turns the line around reaches no terminal."""
    (one,) = hits(replica, Search(), record(date="2021\u202e"))

    assert one.date == "2021<U+202E>"

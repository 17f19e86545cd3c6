"""A trace looked for by its numbers is the trace over the whole replica, for random records, labels and readers."""

import datetime as dt
import random
from collections.abc import Callable

import pytest

from clients.lists.values import Tables
from clients.replica import Replica, StoredPortion, StoredRecord
from clients.tracing.gathering import Sightings, Traced, trace_fields, trace_record
from clients.views import Viewer
from ledger import calibres, makes
from ledger.decision import Reader
from ledger.errors import NotFoundError
from ledger.expunges import Expunge, Why
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.labels import Label, Level, Members, Purpose

ME = "xbe-cib"
AGENCIES = frozenset({"xar-arms", ME})
TABLES = Tables(makes=makes.BUILT_IN, calibres=calibres.BUILT_IN)
NUMBERS = ("AB 1234", "ab1234", "A1B234", "001234", "1234", "TKD480572", "480572", "99887766", "none")


def viewer(clearance: Level = Level.SECRET) -> Viewer:
    """Return somebody of one agency."""
    return Viewer(
        reader=Reader(agency=ME, clearance=clearance, compartments=frozenset()),
        purpose=Purpose.TRACE,
        today=dt.date(2026, 11, 21),
        members=Members(versions={1: AGENCIES}, ceilings=dict.fromkeys(AGENCIES, Level.SECRET)),
    )


def record(number: int, chance: random.Random, **item: JsonValue) -> StoredRecord:
    """Return a record of a weapon, its item readable by who is cleared for it, as chance has it."""
    made: dict[str, JsonValue] = {
        "item.kind": "small_arm",
        "item.make": chance.choice(["TAS", "COL", "GLC"]),
        "item.calibre": "9 mm Luger",
        "item.type": "PI",
        "item.serials": [
            {"as_marked": one, "condition": "legible"} for one in chance.sample(NUMBERS, chance.randint(1, 2))
        ],
        **item,
    }
    event: dict[str, JsonValue] = {"event.kind": chance.choice(["sale", "theft", "recovery"]), "event.date": "2020"}
    label = Label(
        level=chance.choice([Level.RESTRICTED, Level.SECRET]), rel=(ME,), comp=frozenset(), purp=frozenset(Purpose)
    )
    portions = {
        name: StoredPortion(portion=name, level=label.level, label=label.to_json(), fields=fields, disclosures=())
        for name, fields in (("item", made), ("event", event))
    }
    return StoredRecord(
        index=number,
        name=StatementName(chance.choice(sorted(AGENCIES)), number.to_bytes(16, "big")),
        kid="xar-arms#4",
        iat=0,
        ep=1,
        sup=None,
        batch=9,
        seq=1,
        entry=b"",
        portions=portions,
    )


def outcome(find: Callable[..., Traced], *given: object, **linked: object) -> Traced | str:
    """Return a trace, or why there is none."""
    try:
        return find(*given, **linked)
    except NotFoundError as error:
        return str(error)


@pytest.mark.parametrize("seed", range(12))
def test_a_trace_by_numbers_is_the_trace_over_everything(replica: Replica, seed: int) -> None:
    """Of every record, and of a weapon that is described: the same events, the same possible ones, the same marking."""
    chance = random.Random(seed)  # noqa: S311 - repeatable chance is what a test wants
    records = [record(number, chance) for number in range(12)]
    replica.add(records=records)
    for level in (Level.SECRET, Level.RESTRICTED):
        everything = Sightings(replica.records(), viewer(level), TABLES)
        for one in records:
            linked = frozenset(other.name for other in chance.sample(records, chance.randint(0, 1)))
            expected = outcome(everything.of_record, one.name, linked=linked)
            assert expected == outcome(trace_record, replica, viewer(level), TABLES, one.name, linked=linked)
        for number in NUMBERS:
            fields: dict[str, JsonValue] = {
                "item.kind": "small_arm",
                "item.make": "TAS",
                "item.serials": [{"as_marked": number, "condition": "legible"}],
            }
            expected = outcome(everything.of_fields, fields)
            assert expected == outcome(trace_fields, replica, viewer(level), TABLES, fields)


def test_a_record_without_a_number_is_a_trace_of_its_own(replica: Replica) -> None:
    """There is nothing to look for, and one event to show."""
    chance = random.Random(1)  # noqa: S311 - as above
    one = record(1, chance, **{"item.serials": []})
    replica.add(records=[one, record(2, chance)])

    assert len(trace_record(replica, viewer(), TABLES, one.name).trace.events) == 1


def test_what_is_expunged_is_alike_no_more(replica: Replica) -> None:
    """Of an expunged record no number is left to find it by."""
    chance = random.Random(2)  # noqa: S311 - as above
    one = record(1, chance, **{"item.serials": [{"as_marked": "55667788", "condition": "legible"}]})
    replica.add(records=[one])
    assert [found.name for found in replica.alike({"55667788"})] == [one.name]
    order = Expunge(name=StatementName(one.name.iss, bytes(16)), kid=None, iat=0, of=one.name.jti, why=Why.LAW)  # type: ignore[arg-type]  # nobody reads its kid
    replica.expunge({9: order})

    assert replica.alike({"55667788"}) == ()
    assert not replica.likenesses([1])

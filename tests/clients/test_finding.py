"""Finding equals looking at every record by the one decision: for random records, labels, releases and readers."""

import datetime as dt
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.database import open_database
from clients.findindex import TABLES, folded, reindex, words_of
from clients.finding import PARTLY, WHOLE, Facet, Page, Search, find
from clients.replica import Replica, StoredPortion, StoredRecord
from clients.talk.tables import HeldRelease, StoredRelease
from clients.views import RecordView, Viewer, view_record
from ledger import makes
from ledger.decision import Reader
from ledger.expunges import Expunge, Why
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.labels import Compartment, Label, Level, Members, MembersAt, Purpose, Terms
from tests.support.encrypted import plain_bytes
from tests.support.keystores import DATABASE_KEY

AGENCIES = ("xar-arms", "xbe-cib", "xco-npa")
ME = "xbe-cib"
TODAY = dt.date(2026, 11, 21)
WORDS = ("taurus", "rio", "ab", "123", "刀", "ç", "مسدس", '"x', "%", "ABC-001", "canary")
VALUES = ("Rio de Janeiro", "ABC 001", "pistolet Français", "刀剣 太刀", "مُسَدَّس ١٢٣", 'a "x" b', "100%", "canary", "TAS")


def viewer(chance: random.Random | None = None) -> Viewer:
    """Return somebody of one agency: trusted with all of it, or as chance has it."""
    level = Level.SECRET if chance is None else chance.choice([*Level, None])
    compartments = [*Compartment] if chance is None else chance.sample([*Compartment], 3)
    return Viewer(
        reader=Reader(agency=ME, clearance=level, compartments=frozenset(compartments)),
        purpose=Purpose.TRACE if chance is None else chance.choice([Purpose.TRACE, Purpose.CRIM]),
        today=TODAY,
        members=Members(
            versions={1: frozenset(AGENCIES)},
            ceilings={one: Level.SECRET if chance is None else chance.choice([*Level]) for one in AGENCIES},
        ),
    )


def terms(chance: random.Random) -> Terms:
    """Return some terms of a release."""
    return Terms(level=chance.choice([*Level]), comp=compartments(chance), purp=purposes(chance), cav=())


def compartments(chance: random.Random) -> frozenset[Compartment]:
    """Return mostly none."""
    return frozenset(chance.sample([*Compartment], 1) if chance.random() < 0.3 else [])


def purposes(chance: random.Random) -> frozenset[Purpose]:
    """Return one or two."""
    return frozenset(chance.sample([Purpose.TRACE, Purpose.CRIM], chance.randint(1, 2)))


def label(chance: random.Random) -> Label:
    """Return some label, now and then of a charter version that nobody knows."""
    rel = chance.choice([(), (ME,), AGENCIES, MembersAt(version=1), MembersAt(version=9)])
    expires = chance.choice([None, None, TODAY - dt.timedelta(1), TODAY])
    level = chance.choice([*Level])
    return Label(level=level, rel=rel, comp=compartments(chance), purp=purposes(chance), expires=expires)


def fields(chance: random.Random, portion: str, record: str) -> dict[str, JsonValue]:
    """Return some fields of a portion; those of the item may have been moved to the case.

    A record signs each field once: whatever shows it, it has the one value that goes with `record`.
    """
    signed = random.Random(record)  # noqa: S311 - repeatable by its seed, and keeps no secret
    item: dict[str, JsonValue] = {
        "item.kind": signed.choice(["small_arm", "ammunition"]),
        "item.make": signed.choice(["TAS", "CLT"]),
        "item.calibre": signed.choice(["9x19", ".38"]),
        "item.serials": [{"as_marked": signed.choice(VALUES), "location": "frame"}],
    }
    event: dict[str, JsonValue] = {
        "event.kind": signed.choice(["recovery", "sale"]),
        "event.date": signed.choice(["2021-03-14", "20XX", "2020"]),
        "event.country": signed.choice(["BRA", "FRA"]),
    }
    found = {"item": item, "event": event, "case": {"case.note": signed.choice(VALUES)}}[portion]
    moved = {"item.calibre": "moved"} if portion == "case" and chance.random() < 0.3 else {}
    return {**{name: found[name] for name in chance.sample(sorted(found), chance.randint(0, len(found)))}, **moved}


def record(chance: random.Random, number: int, drawn: float) -> StoredRecord:
    """Return some record, of which some portions are here."""
    portions = [one for one in ("item", "event", "case") if chance.random() < 0.7] or ["item"]
    return StoredRecord(
        index=number,
        name=StatementName(chance.choice(AGENCIES), number.to_bytes(16, "big")),
        kid="xar-arms#4",
        iat=0,
        ep=1,
        sup=(number - 1).to_bytes(16, "big") if chance.random() < 0.2 else None,
        batch=9,
        seq=1,
        entry=b"e",
        portions={
            name: StoredPortion(
                portion=name,
                level=chance.choice([*Level]),
                label=label(chance).to_json(),
                fields=fields(chance, name, f"{drawn} {number}"),
                disclosures=("a",),
            )
            for name in portions
        },
    )


def release(chance: random.Random, number: int) -> HeldRelease:
    """Return some release to this agency."""
    expires = chance.choice([None, TODAY - dt.timedelta(1), TODAY])
    name = StatementName("xar-arms", number.to_bytes(16, "big"))
    return HeldRelease(index=number, name=name, thread=bytes(16), terms=terms(chance), expires=expires)


def shown(chance: random.Random, held: HeldRelease, record: str) -> StoredRelease:
    """Return what a release shows of a record: a portion whole, with its label, or single fields of it."""
    portion = chance.choice(["item", "event", "case"])
    signed = label(chance).to_json() if chance.random() < 0.5 else None
    return StoredRelease(
        portion=portion, release=held, label=signed, fields=fields(chance, portion, record), disclosures=("b",)
    )


def fill(replica: Replica, chance: random.Random) -> None:
    """Write random records and releases; some are recalled, refused or expunged again."""
    drawn = chance.random()
    records = [record(chance, number, drawn) for number in range(1, chance.randint(2, 12))]
    replica.add(records=records)
    for number in range(100, 100 + chance.randint(0, 4)):
        held = release(chance, number)
        chosen = chance.sample(records, min(len(records), 2))
        replica.add_released([replace(one, released=(shown(chance, held, f"{drawn} {one.index}"),)) for one in chosen])
        match chance.randint(0, 3):
            case 0:
                replica.recall(held, index=500)
            case 1:
                continue  # what it shows is here, and it does not count yet
            case _:
                replica.talk.add_release(held)
    if chance.random() < 0.3:
        gone = chance.choice(records).name
        order = Expunge(name=StatementName(gone.iss, bytes(16)), kid=None, iat=0, of=gone.jti, why=Why.LAW)  # type: ignore[arg-type]
        replica.expunge({600: order})


def search(chance: random.Random) -> Search:
    """Return some search."""
    facets: dict[Facet, str] = {}
    choices = {
        Facet.EVENT: "recovery", Facet.ITEM: "small_arm", Facet.MAKE: "TAS", Facet.CALIBRE: "moved",
        Facet.COUNTRY: "BRA", Facet.YEAR: "2021", Facet.ORIGINATOR: ME, Facet.LEVEL: "RESTRICTED",
        Facet.SHOWN: chance.choice([WHOLE, PARTLY]),
    }  # fmt: skip
    for facet in chance.sample([*choices], chance.choice([0, 0, 1, 2])):
        facets[facet] = choices[facet]
    words = tuple(chance.sample(WORDS, chance.choice([0, 1, 1, 2])))
    return Search(words=words, facets=facets, with_superseded=chance.random() < 0.5, newest_first=chance.random() < 0.5)


def naive(views: list[RecordView], wanted: Search) -> list[RecordView]:
    """Return what matches, by looking at what is shown of every record."""
    found = [view for view in views if view.marking is not None and _matches(view, wanted)]
    return found[::-1] if wanted.newest_first else found


def _matches(view: RecordView, wanted: Search) -> bool:
    if view.record.superseded_by is not None and not wanted.with_superseded:
        return False
    if any(value not in values(view, facet) for facet, value in wanted.facets.items()):
        return False
    return all(_says(view, word) for word in wanted.words)


def _says(view: RecordView, word: str) -> bool:
    lines = [line for portion in view.portions for line in words_of(portion.fields)]
    lines += [folded(makes.BUILT_IN.by_code[one].text) for one in values(view, Facet.MAKE)]
    spelled = {folded(word)} | ({"abc001"} if word == "ABC-001" else set())
    return any(one in line for one in spelled for line in lines)


def values(view: RecordView, facet: Facet) -> set[str]:
    """Return the values of a facet that a view shows."""
    name = {
        Facet.EVENT: "event.kind", Facet.ITEM: "item.kind", Facet.MAKE: "item.make",
        Facet.CALIBRE: "item.calibre", Facet.COUNTRY: "event.country",
    }.get(facet)  # fmt: skip
    every = [portion for portion in view.portions if not portion.withheld]
    match facet:
        case Facet.ORIGINATOR:
            return {view.record.name.iss}
        case Facet.SHOWN:
            return {WHOLE if len(every) == 3 and not any(one.partial for one in every) else PARTLY}
        case Facet.LEVEL:
            return {
                level.value
                for one in every
                for level in ([held.terms.level for held in one.releases] if one.releases else [one.level])
                if level is not None
            }
        case Facet.YEAR:
            dates = [str(one.fields["event.date"]) for one in every if "event.date" in one.fields]
            return {date[:4] for date in dates if date[:4].isdigit()}
        case _:
            return {str(one.fields[name]) for one in every if name is not None and name in one.fields}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_finding_is_looking_at_every_record(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """The same records in the same order, the same counts: nothing that is withheld has any part in it."""
    chance = random.Random(seed)  # noqa: S311 - repeatable by its seed, and keeps no secret
    replica = Replica(tmp_path_factory.mktemp("found") / "replica.sqlite", key=DATABASE_KEY)
    fill(replica, chance)
    for _ in range(6):
        who, wanted = viewer(chance), search(chance)
        views = [view_record(one, who) for one in replica.records()]
        expected = naive(views, wanted)
        found = find(replica, wanted, who, makes.BUILT_IN, limit=100)

        assert [one.record.index for one in found.views] == [one.record.index for one in expected]
        assert (found.total, found.after) == (len(expected), None)
        for facet in Facet:
            assert found.facets[facet] == Counter(value for one in expected for value in values(one, facet))
    replica.close()


_UNITS = """
SELECT u.position, k.portion, c.iss, c.level, c.label, c.release, k.facets, w.words
FROM find_unit u JOIN find_kind k ON k.id = u.kind JOIN find_class c ON c.id = k.class JOIN find_words w ON w.id = u.id
"""


def indexed(replica: Replica) -> tuple[list[object], list[object]]:
    """Return all that is in the index, numbers of units aside; what FTS5 keeps is held against the words by FTS5."""
    with replica.reading() as connection:
        connection.exec_driver_sql("INSERT INTO find_index(find_index, rank) VALUES ('integrity-check', 1)")
        units = connection.exec_driver_sql(_UNITS).all()
        numbers = connection.exec_driver_sql("SELECT position, likeness FROM find_number").all()
    return sorted(map(tuple, units), key=repr), sorted(map(tuple, numbers))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_what_is_indexed_at_hand_is_what_would_be_read_back(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """New or here before, in one go or several, shown twice or recalled: the index is that of the rows as they stand."""
    chance = random.Random(seed)  # noqa: S311 - repeatable by its seed, and keeps no secret
    replica = Replica(tmp_path_factory.mktemp("found") / "replica.sqlite", key=DATABASE_KEY)
    fill(replica, chance)
    new = [record(chance, number, 0.5) for number in range(20, 20 + chance.randint(1, 5))]
    replica.add(records=[*replica.records(), *new])
    here = [*replica.records()]
    held = release(chance, 200)
    for _ in range(2):
        some = chance.sample(here, min(len(here), 3))
        replica.add_released([replace(one, released=tuple(shown(chance, held, "0") for _ in "12")) for one in some])
    found = indexed(replica)
    with replica._engine.begin() as connection:
        reindex(connection, range(300))

    assert indexed(replica) == found
    assert found[0]
    replica.close()


def filled(replica: Replica, count: int = 7) -> list[int]:
    """Write records that everybody here may see; return their places."""
    replica.add(records=[plain(number, "canary") for number in range(1, count + 1)])
    return list(range(1, count + 1))


def plain(number: int, note: str, level: Level = Level.RESTRICTED) -> StoredRecord:
    """Return a record of one portion."""
    marked = Label(level=level, rel=(ME,), purp=frozenset({Purpose.TRACE}))
    note_fields: dict[str, JsonValue] = {"event.place": note, "event.kind": "recovery"}
    portion = StoredPortion(
        portion="event", level=level, label=marked.to_json(), fields=note_fields, disclosures=("a",)
    )
    return StoredRecord(
        index=number, name=StatementName("xar-arms", number.to_bytes(16, "big")), kid="xar-arms#4", iat=0, ep=1,
        sup=None, batch=9, seq=1, entry=b"e", portions={"event": portion},
    )  # fmt: skip


def asked(replica: Replica, *words: str, who: Viewer | None = None) -> Page:
    """Return what is found by words."""
    return find(replica, Search(words=words), who or viewer(), makes.BUILT_IN, limit=100)


@pytest.mark.parametrize("newest_first", [False, True])
def test_pages_give_every_record_once_while_others_are_added(replica: Replica, newest_first: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A page begins behind the last record of the one before, wherever new ones went."""
    places = filled(replica)
    got: list[int] = []
    after: int | None = None
    for _ in range(4):
        wanted = Search(newest_first=newest_first)
        page = find(replica, wanted, viewer(), makes.BUILT_IN, limit=2, after=after)
        got += [one.record.index for one in page.views]
        after = page.after
        if newest_first:
            replica.add(records=[plain(50 + len(got), "later")])

    assert got == (places[::-1] if newest_first else places)
    assert after is None


@pytest.mark.parametrize(
    ("stored", "word"),
    [
        ("Fran\u00e7ais", "FRANCAIS"), ("مُسَدَّس", "مسدس"), ("١٢٣٤", "1234"), ("刀剣太刀", "剣太"), ("刀", "刀"),
        ("\uff21\uff22\uff23", "abc"), ("Straße", "STRASSE"), ("Łódź", "łodz"), ("a_b", "a b"), ('say "no"', '"no"'),
        ("50% off", "0%"), ("x*y", "*"), ("NEAR(a b)", "near(a"), ("it's", "'s"),
    ],
)  # fmt: skip
def test_words_are_found_in_any_script(replica: Replica, stored: str, word: str) -> None:
    """Whatever case, accents, widths or digits; and no character of a word is a command to the index."""
    replica.add(records=[plain(1, stored)])

    assert asked(replica, word).total == 1
    assert asked(replica, word, "elsewhere").total == 0


@pytest.mark.parametrize("word", ["ABC-OO1-2", "abc 0012", "ABC0012", "bcoo1"])
def test_a_serial_is_found_as_marked_and_in_its_canonical_form(replica: Replica, word: str) -> None:
    """Separators and a letter O for a zero keep nobody from finding a weapon."""
    replica.add(records=[plain(1, "x")])
    marked = plain(2, "y")
    fields: dict[str, JsonValue] = {"item.serials": [{"as_marked": "ABC 0012"}]}
    portion = StoredPortion(
        portion="item", level=Level.RESTRICTED, label=marked.portions["event"].label, fields=fields, disclosures=("a",)
    )
    replica.add(records=[StoredRecord(**{**_members(marked), "portions": {"item": portion}})])

    assert [one.record.index for one in asked(replica, word).views] == [2]


def _members(one: StoredRecord) -> dict[str, object]:
    return {name: getattr(one, name) for name in StoredRecord.__dataclass_fields__}


def test_what_is_above_a_reader_changes_no_answer(replica: Replica) -> None:
    """A canary at SECRET adds nothing to what a reader of RESTRICTED is told: results, counts, facets, pages."""
    filled(replica)
    cleared = Reader(agency=ME, clearance=Level.RESTRICTED, compartments=frozenset())
    low = Viewer(reader=cleared, purpose=Purpose.TRACE, today=TODAY, members=viewer().members)
    before = [find(replica, Search(words=words), low, makes.BUILT_IN, limit=3) for words in ((), ("canary",), ("zzz",))]
    replica.add(records=[plain(90 + number, "canary zzz", Level.SECRET) for number in range(9)])
    after = [find(replica, Search(words=words), low, makes.BUILT_IN, limit=3) for words in ((), ("canary",), ("zzz",))]

    assert before == after
    assert asked(replica, "zzz").total == 9


def test_an_expunged_or_recalled_word_is_in_no_page_of_the_file(replica: Replica, tmp_path: Path) -> None:
    """The index forgets with the record: not even three letters of the word are left in the decrypted file."""
    replica.add(records=[plain(1, "qqqzzz"), plain(2, "stays")])
    assert b"qqqzzz" in plain_bytes(tmp_path / "replica.sqlite", DATABASE_KEY)
    name = StatementName("xar-arms", bytes(16))
    order = Expunge(name=name, kid=None, iat=0, of=(1).to_bytes(16, "big"), why=Why.LAW)  # type: ignore[arg-type]
    replica.expunge({9: order})
    left = plain_bytes(tmp_path / "replica.sqlite", DATABASE_KEY)

    assert asked(replica, "qqq").total == 0
    assert asked(replica, "stays").total == 1
    assert b"qqq" not in left
    assert b"qzz" not in left


def test_a_replica_of_an_earlier_version_is_indexed_when_it_is_opened(replica: Replica, tmp_path: Path) -> None:
    """Once; what was there can be found, and nothing twice."""
    filled(replica)
    replica.close()
    engine = open_database(tmp_path / "replica.sqlite", TABLES, key=DATABASE_KEY)
    with engine.begin() as connection:
        for statement in (
            "DROP TABLE find_unit",
            "DROP TABLE find_kind",
            "CREATE TABLE find_unit (id INTEGER PRIMARY KEY, class)",
        ):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("INSERT INTO find_index(find_index) VALUES ('rebuild')")
        connection.exec_driver_sql("UPDATE state SET value = 2 WHERE name = 'find'")
    engine.dispose()
    for _ in range(2):
        again = Replica(tmp_path / "replica.sqlite", key=DATABASE_KEY)
        assert asked(again, "canary").total == 7
        again.close()


def test_a_facet_that_only_an_expunged_record_had_is_in_no_page_of_the_file(replica: Replica, tmp_path: Path) -> None:
    """The kinds of units forget with the record, as the index of words does; the others are counted as before."""
    rare: dict[str, JsonValue] = {"item.calibre": "qqqzzz"}
    marked = plain(1, "x")
    portion = StoredPortion(
        portion="item", level=Level.RESTRICTED, label=marked.portions["event"].label, fields=rare, disclosures=("a",)
    )
    replica.add(records=[StoredRecord(**{**_members(marked), "portions": {"item": portion}}), plain(2, "stays")])
    assert asked(replica).facets[Facet.CALIBRE] == {"qqqzzz": 1}
    name = StatementName("xar-arms", bytes(16))
    order = Expunge(name=name, kid=None, iat=0, of=(1).to_bytes(16, "big"), why=Why.LAW)  # type: ignore[arg-type]
    replica.expunge({9: order})

    assert asked(replica).facets[Facet.CALIBRE] == {}
    assert asked(replica).facets[Facet.EVENT] == {"recovery": 1}
    assert b"qqqzzz" not in plain_bytes(tmp_path / "replica.sqlite", DATABASE_KEY)

"""A byte of the service's database turns: its reader is given nothing of it, and the operator learns of it at once."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ledger.recordform import PORTIONS
from ledger.statements import SealedStatement
from ledger.wire import paths, schemas
from ledger.wire.frames import parse_frames
from ledger.wire.schemas import BlobName, BlobRequest
from server.sealed import Damage
from tests.server.test_reading import _name, _tag
from tests.support.consoles import Console
from tests.support.services import World

OWNER, READER, OTHER = "xaa-arms", "xab-arms", "xac-arms"
SAYS = "damaged: 1 sealed blobs"


@dataclass(frozen=True, slots=True)
class Site:
    """A service with a record, a grant and a message, and what their readers ask for."""

    world: World
    asked: dict[tuple[int, str], tuple[str, BlobName]]
    whole: dict[tuple[int, str], bytes]

    def given(self, place: tuple[int, str]) -> bytes:
        """Return what the service gives out now to the reader of a place."""
        reader, name = self.asked[place]
        return given_to(self.world, reader, name)

    def told(self) -> str:
        """Return what `/readyz` says."""
        return self.world.client.get(paths.READYZ).get_data(as_text=True)

    def count(self) -> float | None:
        """Return what `/metrics` counts."""
        return self.world.metrics.registry.get_sample_value("sealtrace_damaged_blobs")

    @contextmanager
    def altered(self, place: tuple[int, str], **columns: object) -> Iterator[None]:
        """Change columns of a blob, or the entry that it stands beside, behind the service's back; then put them back."""
        with closing(sqlite3.connect(self.world.config.database, isolation_level=None)) as database:
            for column, value in columns.items():
                table, where = ("entries", "idx = ?") if column == "entry" else ("blobs", "idx = ? AND place = ?")
                row = place[:1] if column == "entry" else place
                (before,) = database.execute(f"SELECT {column} FROM {table} WHERE {where}", row).fetchone()  # noqa: S608 - our own words
                change = f"UPDATE {table} SET {column} = ? WHERE {where}"  # noqa: S608 - our own words
                database.execute(change, (value, *row))
                try:
                    yield
                finally:
                    database.execute(change, (before, *row))
                    self.given(place)


def given_to(world: World, reader: str, *names: BlobName) -> bytes:
    """Return what the service gives out to a reader who asks for these."""
    body = schemas.BLOB_REQUEST.write(BlobRequest(get=names))
    response = world.post(reader, paths.BLOBS, body, paths.JSON_TYPE)
    assert response.status_code == 200
    return b"".join(parse_frames(response.data, most=len(names)))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a service with three statements and their readers."""
    world = World(tmp_path_factory.mktemp("damaged"))
    world.found()
    with closing(sqlite3.connect(world.config.database)) as database:
        database.execute("DROP TRIGGER entries_no_update")  # a disk asks no trigger
    grants = world.open_epoch(OWNER)
    record, message = world.consortium.record(OWNER), world.message(OWNER, to=READER)
    world.log(OWNER, [record, message])
    first, at = _index(world, grants[0]), _index(world, record)
    asked = {(at, portion): (READER, _name(record, portion, _tag(record, portion))) for portion in PORTIONS}
    asked[first, f"box/{READER}"] = (READER, _name(grants[0], "box"))
    asked[at + 1, "to"] = (READER, _name(message, "box"))
    asked[at + 1, "self"] = (OWNER, _name(message, "box"))
    whole = {place: given_to(world, reader, name) for place, (reader, name) in asked.items()}
    assert all(whole.values())
    yield Site(world, asked, whole)
    world.close()


def _index(world: World, statement: SealedStatement) -> int:
    index = world.service.store.statement_index(statement.name)
    assert index is not None
    return index


@settings(deadline=None, max_examples=60)
@given(draw=st.data())
def test_attack_any_stored_byte_of_a_sealed_blob_is_altered(site: Site, draw: st.DataObject) -> None:
    """It is never served: the reader is given nothing, metrics and `/readyz` count it, and forget it once it is healed."""
    place = draw.draw(st.sampled_from(sorted(site.asked)))
    at = draw.draw(st.integers(0, len(site.whole[place]) - 1))
    bent = bytearray(site.whole[place])
    bent[at] ^= draw.draw(st.integers(1, 255))
    with site.altered(place, data=bytes(bent)):
        assert site.given(place) == b""
        assert (site.count(), SAYS in site.told()) == (1, True)
        assert site.world.service.damage.first(9) == (place,)
    assert site.given(place) == site.whole[place]
    assert (site.count(), SAYS in site.told()) == (0, False)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("data", b""),
        ("data", bytes(4_096)),
        ("data", "text"),
        ("tag_hash", bytes(32)),
        ("tag_hash", "text"),
        ("only_for", OTHER),
        ("only_for", b"\xff\xfe"),
        ("entry", b"no statement"),
        ("entry", "text"),
    ],
)
def test_attack_what_stands_around_a_sealed_blob_is_altered(site: Site, column: str, value: object) -> None:
    """Cut, made text, given to another or another's tag, its entry overwritten: nothing of it is served to anybody."""
    for place, (_reader, name) in site.asked.items():
        with site.altered(place, **{column: value}):
            assert site.given(place) == b""
            assert given_to(site.world, OTHER, name) != site.whole[place]
            assert site.count() == 1
        assert (site.given(place), site.count()) == (site.whole[place], 0)


def test_attack_sealed_blobs_of_two_places_are_exchanged(site: Site) -> None:
    """Each is whole, and neither is what its own place names."""
    item, event = (place for place in site.asked if place[1] in {"item", "event"})
    for place, other in ((item, event), (event, item)):
        with site.altered(place, data=site.whole[other]):
            assert (site.given(place), site.given(other)) == (b"", site.whole[other])


def test_a_damaged_blob_keeps_no_other_from_its_reader(site: Site) -> None:
    """A sync asks for a thousand at a time: the others come, in their places."""
    places = [place for place in site.asked if place[1] in PORTIONS]
    names = [site.asked[place][1] for place in places]
    body = schemas.BLOB_REQUEST.write(BlobRequest(get=(*names, names[0])))
    with site.altered(places[1], data=b"bent"):
        response = site.world.post(READER, paths.BLOBS, body, paths.JSON_TYPE)
    frames = parse_frames(response.data, most=4)

    assert list(frames) == [site.whole[places[0]], b"", site.whole[places[2]], site.whole[places[0]]]


def test_the_console_names_what_is_damaged_and_the_log_says_it_once(site: Site) -> None:
    """Entry and place, for the operator; who asked is in neither."""
    place = next(one for one in site.asked if one[1] == "event")
    with (
        capture_logs() as lines,
        site.altered(place, data=b"bent"),
    ):
        for _ in range(2):
            assert site.given(place) == b""
        console = Console(site.world)
        text = console.browser("ana").get("/").get_data(as_text=True)
        console.close()

    assert f"event of entry {place[0]}" in text
    damaged = [line for line in lines if line["event"] == "damaged"]
    assert damaged == [
        {"event": "damaged", "log_level": "error", "table": "blobs", "index": place[0], "place": "event"}
    ]
    assert "xab-arms" not in str(damaged)


def test_a_disk_that_fails_fills_no_memory() -> None:
    """Of very many only the first are kept; each that fits again is forgotten."""
    damage = Damage()
    for index in range(1_100):
        damage.note(index, "item", fits=False)
    assert damage.count == 1_000
    assert list(damage.first(2)) == [(0, "item"), (1, "item")]
    damage.note(0, "item", fits=True)

    assert (damage.count, damage.first(1)) == (999, ((1, "item"),))

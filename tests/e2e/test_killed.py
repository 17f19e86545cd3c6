"""A submission killed at any point, sent again: exactly one record for each row, whatever was under way."""

import csv
import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from clients.syncing import Sync
from tests.support.killing import Ended, Nursery
from tests.support.loopback import Walk

OWNER, PARTNER = "xar-arms", "xbe-cib"
SIGKILL = -9
CALLS = 3_000
"""So many calls to the outside a first submission makes, with its epoch; a later one makes half of them."""
SEEDS = int(os.environ.get("SEALTRACE_KILL_SEEDS", "8"))
MAP = """
key = ["id"]
[[record]]
event = "recovery"
[record.fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
"item.serials" = { column = "serial" }
"event.date" = { column = "date" }
"case.case_number" = { column = "id" }
"""


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Say nothing: a killed client breaks its connection, which is no news."""


@contextmanager
def listening(walk: Walk) -> Iterator[str]:
    """Give the address of the service on a loopback socket."""
    server = make_server("127.0.0.1", 0, walk.app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Officer:
    """Somebody with a list, and a machine that loses power."""

    walk: Walk
    nursery: Nursery
    url: str
    rows: list[dict[str, str]] = field(default_factory=list)

    @property
    def list(self) -> Path:
        """Return the list's file, as the rows stand now."""
        path = self.walk.folder / "list.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=["id", "make", "serial", "date"])
            writer.writeheader()
            writer.writerows(self.rows)
        return path

    def add(self, count: int) -> None:
        """Write rows to the list."""
        first = len(self.rows)
        self.rows += [
            {"id": f"{at}/2026", "make": "Taurus", "serial": f"KLL{at:05}", "date": "2026-03-14"}
            for at in range(first, first + count)
        ]

    def submit(
        self,
        *options: str,
        after_calls: int | None = None,
        after_seconds: float | None = None,
        most_bytes: int | None = None,
    ) -> Ended:
        """Run `sealtrace submit` over the list."""
        named = (str(self.list), "--map", str(self.walk.folder / "map.toml"), "--correct")
        return self.run(*named, *options, after_calls=after_calls, after_seconds=after_seconds, most_bytes=most_bytes)

    def run(
        self,
        *options: str,
        after_calls: int | None = None,
        after_seconds: float | None = None,
        most_bytes: int | None = None,
    ) -> Ended:
        """Run `sealtrace submit` with these words."""
        return self.nursery.run(
            *("submit", *options, "--json", "--home", str(self.walk.homes[OWNER].path)),
            url=self.url,
            now=self.walk.clock(),
            after_calls=after_calls,
            after_seconds=after_seconds,
            most_bytes=most_bytes,
        )

    def killed(self, chance: random.Random) -> Ended:
        """Run `sealtrace submit` and kill it at some point."""
        if chance.random() < 0.3:
            return self.submit(after_seconds=chance.uniform(0.0, 0.4))
        return self.submit(after_calls=chance.randrange(1, CALLS))

    def finish(self) -> None:
        """Do what a person does after an interruption: resume, then send the list again, then once more."""
        resumed = self.run("--resume")
        assert resumed.code == 0, resumed.output
        assert self.submit().code == 0
        again = self.submit()
        assert again.code == 0
        assert (again.json["records"], again.json["unchanged"]) == (0, len(self.rows))


@pytest.fixture
def officer(founded: Walk, nursery: Nursery, tmp_path: Path) -> Iterator[Officer]:
    """Give an officer with a new home, at a service that listens."""
    walk = founded.copy_to(tmp_path / "copy")
    (walk.folder / "map.toml").write_text(MAP, encoding="utf-8")
    with listening(walk) as url:
        yield Officer(walk, nursery, url)
    walk.close()


def live(walk: Walk) -> list[str]:
    """Return what the partner reads of every record that nothing supersedes: the serials as marked."""
    session = walk.session(PARTNER)
    Sync(session, progress=lambda _done, _total: None).in_full()
    return sorted(
        str(record.portions["item"].fields["item.serials"][0]["as_marked"])  # type: ignore[index,call-overload]  # JSON
        for record in session.replica.records()
        if record.superseded_by is None
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
def test_killed_at_any_point_each_row_has_one_record(officer: Officer, seed: int) -> None:
    """Killed while a list of new, growing and corrected rows goes in; resumed and sent again: one live record a row."""
    chance = random.Random(seed)  # noqa: S311 - a failure must come again with its seed
    officer.add(4)
    first = officer.submit(after_calls=chance.randrange(1, CALLS // 2))
    officer.add(3)
    officer.killed(chance)
    officer.walk.clock.advance(8 * 86_400)  # the next records need a new epoch
    officer.rows[1]["serial"] = "MENDED1"
    officer.killed(chance)
    officer.killed(chance)
    officer.finish()

    assert first.code == SIGKILL
    assert live(officer.walk) == sorted(row["serial"] for row in officer.rows)


@pytest.mark.slow
def test_killed_again_and_again_on_the_way(officer: Officer) -> None:
    """Killed again and again, each time later than before, until it gets through: nothing is logged twice."""
    officer.add(3)
    ends = [officer.submit(after_calls=step).code for step in range(50, 2 * CALLS, 300)]
    officer.finish()

    assert (ends[0], ends[-1]) == (SIGKILL, 0)
    assert live(officer.walk) == sorted(row["serial"] for row in officer.rows)


def test_a_submission_on_a_disk_that_is_full_goes_on_when_there_is_room(officer: Officer) -> None:
    """However far it came, it says what to do; nothing is called damaged, and every row is logged once."""
    officer.add(3)
    said: set[str] = set()
    for most in (0, *range(1_000, 400_000, 16_384)):
        full = officer.submit(most_bytes=most)
        if full.code == 0:
            break
        assert full.code == 1, full.output
        said.add(full.json["what"].partition(": ")[0])
        assert "free space" in full.json["next"]

    assert {f"{name}.sqlite of the home cannot be used" for name in ("replica", "outbox")} <= said
    officer.finish()
    assert Sync(officer.walk.session(OWNER), progress=lambda _done, _total: None).by_feed().size > 0
    assert officer.walk.session(OWNER).replica.count() == len(officer.rows)

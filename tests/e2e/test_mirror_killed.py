"""A mirror killed at any point goes on where it stood, and says at no moment more than it holds."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from clients import auditing
from clients.sources import FolderLog
from ledger.findings import Verdict
from ledger.fingerprints import of_file, to_words
from ledger.submissions import Depth
from tests.support.copies import filled_world
from tests.support.killing import Nursery
from tests.support.services import World

SIGKILL = -9
POINTS = (150, 500, 900, 100_000)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Say nothing: a killed client breaks its connection, which is no news."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a service with a full tile."""
    found = filled_world(tmp_path_factory.mktemp("service"), records=260)
    yield found
    found.close()


@pytest.fixture(scope="module")
def url(world: World) -> Iterator[str]:
    """Give its address on a loopback socket."""
    server = make_server("127.0.0.1", 0, world.app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def verdict(world: World, folder: Path) -> Verdict:
    """Audit the folder."""
    pin = of_file(world.consortium.charter_file)
    return auditing.audit(
        FolderLog(folder), fingerprint=pin, depth=Depth.RECORDS, progress=lambda _done, _all: None
    ).report.verdict


def test_a_mirror_killed_at_any_point_goes_on(world: World, url: str, nursery: Nursery, tmp_path: Path) -> None:
    """Killed before and behind its calls to disk and network: a checkpoint is there only if all under it is."""
    words = to_words(of_file(world.consortium.charter_file))
    codes = []
    for calls in POINTS:
        folder = tmp_path / str(calls)
        options = ("mirror", url, "--charter", words, "--to", str(folder), "--allow-unwitnessed")
        codes.append(nursery.run(*options, url=url, now=world.clock(), after_calls=calls).code)
        if (folder / "checkpoint").exists():
            assert verdict(world, folder) is Verdict.UNWITNESSED
        assert nursery.run(*options, url=url, now=world.clock()).code == 0
        assert verdict(world, folder) is Verdict.UNWITNESSED

    assert SIGKILL in codes
    assert 0 in codes

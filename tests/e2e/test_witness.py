"""A witness as an agency runs it: the command, a real socket, SIGKILL in the middle, and a state that was put back."""

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clients.witness.state import Held, WitnessFiles
from crypto.digests import sha256
from ledger.checkpoints import open_any
from ledger.witnesses import witness_vkeys
from tests.support.consortium import ORIGIN
from tests.support.witnesses import ME, Bench, FakeService, GrowingLog, over_http, statuses, witness_home
from tests.support.witnessprocess import PASSPHRASE, START_SECONDS, running

LOG, FORK = GrowingLog(), GrowingLog(fork="fork")


@pytest.fixture(scope="module")
def service() -> FakeService:
    """A service that shows the charter."""
    return Bench(Path()).service


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that has witness keys and follows no log yet."""
    return witness_home(tmp_path, passphrase=PASSPHRASE)


def test_a_witness_over_http(home: Path, service: FakeService) -> None:
    """All calls over a real socket; a kill; and it goes on where it was, over the same files."""
    vkeys = witness_vkeys(Bench(Path()).charter, ME)
    with over_http(service) as url:
        with running(home, url) as witness:
            status, lines = witness.add(LOG.add(0, 7))
            assert status == 200
            opened = open_any(LOG.checkpoint(7).format().encode() + b"\n" + lines, keys=vkeys)
            assert len(opened.cosignatures) == 2
            assert abs(opened.cosignatures[0].timestamp - time.time()) < 60
            assert witness.add(LOG.add(0, 9)) == (409, b"7\n")
            assert witness.add(FORK.add(7, 9))[0] == 422
            assert witness.add(b"rubbish")[0] == 400
            assert witness.add(LOG.add(7, 9).replace(b"log.test", b"log.else"))[0] == 404
            assert witness.ask("GET", f"/{sha256(ORIGIN.encode()).hex()}/checkpoint")[0] == 200
            assert witness.ask("POST", "/add-checkpoint", b"x" * 200_000)[0] == 413
            with ThreadPoolExecutor(2) as pool:
                racing = [LOG.add(7, 8), LOG.add(7, 11)]
                assert sorted(status for status, _ in pool.map(witness.add, racing)) == [200, 409]
            size = int(witness.add(LOG.add(0, 20))[1])
            witness.kill()
        with running(home, url) as witness:
            assert witness.add(LOG.add(0, 20)) == (409, f"{size}\n".encode())
            assert witness.add(LOG.add(size, 20))[0] == 200
        told = witness.log.read_text(encoding="utf-8")
    assert "evidence kept" in told
    assert "Traceback" not in told
    assert not any(line.partition(" ")[2][:40] in told for line in lines.decode().splitlines())


def test_attack_a_slow_body_over_http(home: Path, service: FakeService) -> None:
    """A hundred half-sent bodies: others are answered meanwhile, and the slow ones are given up."""
    with over_http(service) as url, running(home, url) as witness:
        head = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 100\r\n\r\nold"
        slow = [socket.create_connection(("127.0.0.1", witness.port), timeout=20) for _ in range(30)]
        for connection in slow:
            connection.sendall(head)
        started = time.monotonic()
        status, _ = witness.add(LOG.add(0, 7))

        assert status == 200
        assert time.monotonic() - started < 4
        assert slow[0].recv(100).startswith(b"HTTP/1.1 408 ")
        for connection in slow:
            connection.close()


def test_told_to_end_it_ends_and_frees_its_port(home: Path, service: FakeService) -> None:
    """SIGTERM: an idle connection is closed, the program ends well; a second one meanwhile says that the port is taken."""
    with over_http(service) as url, running(home, url) as witness:
        with running(home, url, at=witness.port, refuses=True) as second:
            second.process.wait(timeout=START_SECONDS)
        idle = socket.create_connection(("127.0.0.1", witness.port), timeout=START_SECONDS)
        assert witness.ask("GET", "/healthz") == (200, b"ok\n")
        witness.process.terminate()

        assert idle.recv(1) == b""
        assert (witness.process.wait(timeout=START_SECONDS), second.process.returncode) == (0, 1)
        idle.close()
        told = witness.log.read_text(encoding="utf-8")
    assert f"another program listens on port {witness.port}" in told
    assert '"event": "ended"' in told
    assert "Traceback" not in told


def test_attack_a_state_put_back_stops_the_command(home: Path, service: FakeService) -> None:
    """It says why, in one line, and exits."""
    logs = home / "witness" / "logs"
    with over_http(service) as url:
        with running(home, url, "--highest", str(home.with_name("highest"))) as witness:
            witness.add(LOG.add(0, 7))
            file = next(logs.glob("*.checkpoint"))
            old = file.read_bytes()
            witness.add(LOG.add(7, 9))
        file.write_bytes(old)
        with running(home, url, "--highest", str(home.with_name("highest")), refuses=True) as witness:
            witness.process.wait(timeout=START_SECONDS)
        told = witness.log.read_text(encoding="utf-8")

    assert "an older state was put back" in told
    assert witness.process.returncode != 0
    assert "Traceback" not in told


class DyingFiles(WitnessFiles):
    """Files whose process dies by SIGKILL at a chosen moment of a swap."""

    moment = "after both"

    def swap(self, held: Held | None, new: Held) -> None:
        """Swap, and die."""
        if self.moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        super().swap(held, new)
        os.kill(os.getpid(), signal.SIGKILL)

    def _raise(self, reached: object) -> None:
        if self.moment == "between the files":
            os.kill(os.getpid(), signal.SIGKILL)
        super()._raise(reached)  # type: ignore[arg-type]  # passed on


@pytest.mark.parametrize(("moment", "size"), [("before", 7), ("between the files", 9), ("after both", 9)])
def test_sigkill_between_persisting_and_answering(tmp_path: Path, moment: str, size: int) -> None:
    """Whatever was stored is told after the restart, and cosigned again for whoever asks; nothing else ever is."""
    bench = Bench(tmp_path)
    witness = bench.open()
    statuses(witness, LOG.add(0, 7))
    files = DyingFiles(bench.place.folder / "logs", highest=bench.place.highest, own=[key.vkey for key in witness.keys])
    files.moment = moment
    witness.cosigner._files = files
    child = os.fork()
    if not child:
        statuses(witness, LOG.add(7, 9))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    again = bench.open()

    assert os.WTERMSIG(status) == signal.SIGKILL
    assert again.cosigner.size(ORIGIN) == size
    assert statuses(again, LOG.add(size, size), FORK.add(size, 9), LOG.add(size, 10)) == [200, 422, 200]

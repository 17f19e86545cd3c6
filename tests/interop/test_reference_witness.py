"""Sealtrace's witness used by the Go reference code: a log's operator that nobody here wrote, over a real socket."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from clients.witness.opening import OpenWitness
from crypto.signing import Algorithm
from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.merkle import leaf_hash, root_of
from ledger.witnesses import witness_vkeys
from tests.interop.test_reference_log import entries, run, write
from tests.support.consortium import ORIGIN, signer
from tests.support.fakes import FixedClock
from tests.support.witnesses import ME, Bench, FakeService, over_http, witness_home
from tests.support.witnessprocess import PASSPHRASE, running

SIZES = (1, 2, 7, 255, 256, 257, 300)


def operate(folder: Path) -> Path:
    """Write a log with its checkpoints at every size, and whose cosignatures its operator expects."""
    listed = entries(SIZES[-1])
    write(folder, listed)
    leaves = [leaf_hash(entry) for entry in listed]
    (folder / "checkpoints").mkdir()
    for size in SIZES:
        (folder / f"checkpoints/{size}").write_bytes(signed(size, root_of(leaves[:size])))
    vkeys = witness_vkeys(Bench(Path()).charter, ME)
    (folder / "witness.vkeys").write_text("".join(f"{key.format()}\n" for key in vkeys), encoding="ascii")
    return folder


def signed(size: int, root: bytes) -> bytes:
    """Return a checkpoint under the log's own two keys."""
    ed25519, ml_dsa_44 = (signer("log", algorithm) for algorithm in (Algorithm.ED25519, Algorithm.ML_DSA_44))
    return sign_checkpoint(Checkpoint(origin=ORIGIN, size=size, root=root), ed25519=ed25519, ml_dsa_44=ml_dsa_44)


@contextmanager
def answering(witness: OpenWitness) -> Iterator[str]:
    """Let a witness in this process answer add-checkpoint on a port of this machine; give its url."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = witness.cosigner.add_checkpoint(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(int(answer.status))
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def service() -> FakeService:
    """Give a service that shows the charter."""
    return Bench(Path()).service


def test_the_reference_code_is_cosigned_by_our_witness(reference: Path, tmp_path: Path, service: FakeService) -> None:
    """Every step of a log with proofs made by sumdb, both cosignatures verified by formats; 409 and 404 as specified."""
    folder = operate(tmp_path / "log")
    home = witness_home(tmp_path, passphrase=PASSPHRASE)

    with over_http(service) as url, running(home, url) as witness:
        done = run(reference, "witness", str(folder), f"http://127.0.0.1:{witness.port}")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"checkpoints": len(SIZES), "refused": [409, 404], "known": str(SIZES[-1])}


@pytest.mark.parametrize(("change", "said"), [("fork", "422"), ("unsigned", "403"), ("witness", "did not")])
def test_the_reference_code_hears_why_it_is_refused(reference: Path, tmp_path: Path, change: str, said: str) -> None:
    """What it accepts it has checked: a fork and an unsigned checkpoint are refused, as are other keys' cosignatures."""
    folder = operate(tmp_path / "log")
    if change == "fork":
        (folder / "checkpoints/256").write_bytes(signed(256, bytes(32)))
    elif change == "unsigned":
        raw = (folder / "checkpoints/256").read_bytes()
        (folder / "checkpoints/256").write_bytes(raw.replace(b"\n256\n", b"\n257\n"))
    else:
        other = witness_vkeys(Bench(Path(), starts=(40,)).charter, Bench(Path()).charter.witness.agencies[1])
        (folder / "witness.vkeys").write_text("".join(f"{key.format()}\n" for key in other), encoding="ascii")

    with answering(Bench(tmp_path, clock=FixedClock(int(time.time()))).open()) as url:
        done = run(reference, "witness", str(folder), url)

    assert done.returncode == 1
    assert said in done.stderr

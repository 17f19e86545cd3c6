"""Witnesses that take connections, and the service that makes them: three processes, and nothing between them but sockets."""

import time
from contextlib import ExitStack
from pathlib import Path

from crypto.digests import sha256
from ledger.checkpoints import Checkpoint
from ledger.notes import parse_note
from ledger.wire import paths, schemas
from ledger.witnesses import open_published
from tests.support.consortium import ORIGIN, Consortium
from tests.support.processes import Running, consortium_config, free_port, serving
from tests.support.witnesses import Bench, witness_home
from tests.support.witnessprocess import PASSPHRASE, running

PATIENCE_SECONDS = 60.0


def published(service: Running) -> bytes:
    """Return what the service shows as its checkpoint, as soon as it shows one."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        status, body = service.get(paths.CHECKPOINT)
        if status == 200:
            return body
        time.sleep(0.25)
    raise AssertionError(f"nothing was published:\n{service.log.read_text(encoding='utf-8')}")


def test_a_log_is_shown_once_the_witnesses_it_asks_have_cosigned(tmp_path: Path) -> None:
    """Durable before, shown after; both keys of both, their monitoring paths show the same, and neither has evidence."""
    bench = Bench(Path())
    consortium = Consortium(charter=bench.charter, charter_file=bench.service.files[0][1])
    config = consortium_config(tmp_path / "service", consortium)
    ports = {agency: free_port() for agency in bench.charter.witness.agencies[:2]}
    lines = [f'{agency} = "http://127.0.0.1:{port}"\n' for agency, port in ports.items()]
    config.witnesses.write_text("".join(["[witness]\n", *lines]), encoding="ascii")
    homes = {agency: tmp_path / agency for agency in ports}
    for agency, folder in homes.items():
        folder.mkdir()
        homes[agency] = witness_home(folder, passphrase=PASSPHRASE, agency=agency)

    with ExitStack() as witnesses:
        with serving(config) as service:
            status, raw = service.post(paths.CHARTERS, consortium.charter_file, paths.CHARTER_TYPE)
            before, waiting = service.get(paths.CHECKPOINT)[0], service.get(paths.READYZ)[1]
            started = [
                witnesses.enter_context(running(home, service.url, at=ports[agency])) for agency, home in homes.items()
            ]
        # Started again it does not stand back from witnesses that were away, and hears them before it signs.
        with serving(config) as service:
            found = open_published(published(service), charter=bench.charter)
            monitored = f"/{sha256(ORIGIN.encode()).hex()}/checkpoint"
            shown = [witness.ask("GET", monitored) for witness in started]
            ready = service.get(paths.READYZ)[1]

    assert (status, schemas.RECEIPT.read(raw).stage, before) == (201, "durable", 503)
    assert b"pending, unwitnessed since" in waiting
    assert ready == b"ready\n"
    assert set(found.times) == set(ports)
    assert [code for code, _ in shown] == [200, 200]
    assert {Checkpoint.parse(parse_note(note).text) for _, note in shown} == {found.checkpoint}
    assert not [path for home in homes.values() for path in (home / "witness").rglob("*.request")]

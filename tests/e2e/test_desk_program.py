"""`sealtrace desk serve` as it is started: what it prints, what it logs, and how it ends."""

import json
import socket
import time
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.support.deskprocess import RunningDesk, new_home, running, start

STOP_SECONDS = 10


def _lines(desk: RunningDesk) -> list[dict[str, object]]:
    return [json.loads(line) for line in desk.log.read_text(encoding="utf-8").splitlines()]


@pytest.mark.slow
def test_a_desk_starts_serves_and_ends(tmp_path: Path) -> None:
    """It prints the first administrator's link and nothing secret into the log, answers, and ends when told to."""
    with running(new_home(tmp_path)) as desk:
        link = desk.link()
        assert link is not None
        stranger, welcome = desk.ask("/"), desk.ask(link)
        elsewhere = desk.ask("/", host=f"127.0.0.1:{desk.port}")
        nobody = desk.ask("/log/self-test", method="POST", body=b"token=x")
        until = time.monotonic() + 30
        while time.monotonic() < until and "job failed" not in desk.log.read_text(encoding="utf-8"):
            time.sleep(0.1)
        took = desk.end()
        lines = _lines(desk)

    assert (stranger[0], welcome[0]) == (HTTPStatus.SEE_OTHER, HTTPStatus.OK)
    assert elsewhere[0] == HTTPStatus.MISDIRECTED_REQUEST
    assert nobody[0] == HTTPStatus.FORBIDDEN
    assert took < STOP_SECONDS
    logged = json.dumps(lines)
    assert link.rpartition("/")[2] not in logged
    assert "welcome/" not in logged
    assert {"serving", "page"} <= {str(line["event"]) for line in lines}
    assert {"job": "sync", "error": "UnreachableError"}.items() <= next(
        line for line in lines if line["event"] == "job failed"
    ).items()


@pytest.mark.slow
def test_slow_strangers_hold_no_thread(tmp_path: Path) -> None:
    """Attack: two dozen strangers send forms a byte at a time; the next page comes as if they were not there."""
    with running(new_home(tmp_path)) as desk:
        held = [socket.create_connection(("127.0.0.1", desk.port)) for _ in range(24)]
        for slow in held:
            slow.sendall(
                f"POST /purpose HTTP/1.1\r\nHost: localhost:{desk.port}\r\nContent-Length: 100\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n\r\ntok".encode()
            )
        begun = time.monotonic()
        status, _text = desk.ask("/static/desk.js")
        took = time.monotonic() - begun
        for slow in held:
            slow.close()

    assert status == HTTPStatus.OK
    assert took < 5


@pytest.mark.slow
def test_a_desk_that_could_be_overheard_does_not_start(tmp_path: Path) -> None:
    """One line says why, before a home is looked for or a passphrase asked; the program ends with 1."""
    desk = start(tmp_path / "nothing", "--host", "0.0.0.0")  # noqa: S104 - what is refused
    code = desk.process.wait(timeout=90)
    (line,) = _lines(desk)

    assert code == 1
    assert line["event"] == "not started"
    assert "without a certificate the desk listens on this machine alone" in str(line["error"])
    assert line["next"]

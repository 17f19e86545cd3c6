"""`sealtrace desk serve` as it is started: what it prints, what it logs, and how it ends."""

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

import pytest

from clients.cli.app import run
from clients.cli.edge import real_edge
from clients.passphrase import Passphrases
from tests.support.deskprocess import PASSPHRASE, RunningDesk, new_home, running, start

STOP_SECONDS = 10


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home whose desk nobody has administered yet."""
    return new_home(tmp_path_factory.mktemp("agency"))


@pytest.fixture(scope="module")
def desk(home: Path) -> Iterator[RunningDesk]:
    """Give a desk that goes on running."""
    with running(home) as found:
        yield found


def _lines(desk: RunningDesk) -> list[dict[str, object]]:
    return [json.loads(line) for line in desk.log.read_text(encoding="utf-8").splitlines()]


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


def test_slow_strangers_hold_no_thread(desk: RunningDesk) -> None:
    """Attack: two dozen strangers send forms a byte at a time; the next page comes as if they were not there."""
    held = []
    for _ in range(24):
        slow = socket.create_connection(("127.0.0.1", desk.port))
        slow.sendall(
            f"POST /purpose HTTP/1.1\r\nHost: localhost:{desk.port}\r\nContent-Length: 100\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n\r\ntok".encode()
        )
        held.append(slow)
    begun = time.monotonic()
    status, _text = desk.ask("/static/desk.js")
    took = time.monotonic() - begun
    for slow in held:
        slow.close()

    assert status == HTTPStatus.OK
    assert took < 5


def test_a_desk_that_could_be_overheard_does_not_start(tmp_path: Path) -> None:
    """One line says why, before a home is looked for or a passphrase asked; the program ends with 1."""
    desk = start(tmp_path / "nothing", "--host", "0.0.0.0")  # noqa: S104 - what is refused
    code = desk.process.wait(timeout=90)
    (line,) = _lines(desk)

    assert code == 1
    assert line["event"] == "not started"
    assert "without a certificate the desk listens on this machine alone" in str(line["error"])
    assert line["next"]


def test_a_link_made_on_the_machine_lets_one_in(home: Path, desk: RunningDesk) -> None:
    """Who holds the home and its passphrase makes links beside the running desk; what makes no sense is refused."""
    output: list[str] = []
    notes: list[str] = []
    edge = replace(
        real_edge({}),
        passphrases=Passphrases({}, ask=lambda _question: PASSPHRASE.decode()),
        write=output.append,
        note=notes.append,
    )
    words = ("desk", "invite", "Ana", "--home", str(home))
    url = ("--url", f"http://localhost:{desk.port}", "--json")
    made = run([*words, "--role", "analyst", "--clearance", "RESTRICTED", *url], edge)
    link = json.loads(output.pop())["link"]
    shown = desk.ask(link.partition(str(desk.port))[2])
    spoiled = desk.ask(link.partition(str(desk.port))[2][:-2] + "AA")
    codes = [
        run([*words, *wrong], edge)
        for wrong in (["--role", "king"], [], ["--again"], ["--role", "analyst", "--url", "http://desk.example"])
    ]

    assert (made, shown[0]) == (0, HTTPStatus.OK)
    assert "Ana" in shown[1]
    assert spoiled[0] >= HTTPStatus.BAD_REQUEST
    assert all(codes)

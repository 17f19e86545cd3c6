"""`sealtrace desk serve` in a process of its own, over a new home whose service is not there."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from clients.agency import Identity, Passphrase, create_agency
from ledger.agencies import Contact
from ledger.labels import Level

ROOT = Path(__file__).resolve().parents[2]
PASSPHRASE = b"only for as long as this test runs"
START_SECONDS = 90.0
_PROGRAM = "from clients.cli.app import main; main()"
_HASTY = "from clients.desk.program import main; main(departure_seconds={seconds})"
_LINK = re.compile(r"http://localhost:\d+(/welcome/\S+)")


@dataclass(frozen=True)
class RunningDesk:
    """A desk in a process of its own; `output` is what it printed, `log` what it logged."""

    process: subprocess.Popen[bytes]
    port: int
    output: Path
    log: Path

    def ask(
        self, path: str, *, method: str = "GET", host: str | None = None, body: bytes | None = None
    ) -> tuple[int, str]:
        """Return status and body of one request."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=body, headers={"Host": host or f"localhost:{self.port}"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def link(self) -> str | None:
        """Return the path of the link that was printed."""
        found = _LINK.search(self.output.read_text(encoding="utf-8"))
        return None if found is None else found[1]

    def end(self) -> float:
        """Tell it to end; return how many seconds that took."""
        begun = time.monotonic()
        self.process.terminate()
        self.process.wait(timeout=START_SECONDS)
        return time.monotonic() - begun


def new_home(folder: Path) -> Path:
    """Return a home of an agency that follows a log which does not answer."""
    identity = Identity(
        id="xar-arms",
        name="Office of xar-arms",
        country="XAR",
        contact=Contact(name="Duty desk", hours="24/7", languages=("en",)),
        ceiling=Level.SECRET,
    )
    home, _request = create_agency(
        str(folder / "home"), {}, identity, passphrases=Passphrase(working=PASSPHRASE, root=PASSPHRASE)
    )
    home.join(url="http://127.0.0.1:9", origin="log.test/weapons")
    return home.path


def start(home: Path, *words: str, passphrase: bytes = PASSPHRASE, departure_seconds: int | None = None) -> RunningDesk:
    """Start `sealtrace desk serve`, or the program that it becomes with letters that leave more often; it may end by itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    phrase, output, log = (home.with_name(f"{home.name}.{name}") for name in ("passphrase", "output", "desk.log"))
    phrase.write_bytes(passphrase)
    command = [_PROGRAM, "desk", "serve"] if departure_seconds is None else [_HASTY.format(seconds=departure_seconds)]
    with output.open("wb") as out, log.open("wb") as errors, phrase.open("rb") as secret:
        process = subprocess.Popen(  # noqa: S603 - our own command with our own words
            [sys.executable, "-c", *command, "--home", str(home), "--port", str(port), *words],
            cwd=ROOT,
            env={**os.environ, "SEALTRACE_PASSPHRASE_FD": str(secret.fileno())},
            pass_fds=[secret.fileno()],
            stdout=out,
            stderr=errors,
        )
    return RunningDesk(process=process, port=port, output=output, log=log)


@contextmanager
def running(
    home: Path, *words: str, passphrase: bytes = PASSPHRASE, departure_seconds: int | None = None
) -> Iterator[RunningDesk]:
    """Run the desk until the test leaves."""
    desk = start(home, *words, passphrase=passphrase, departure_seconds=departure_seconds)
    try:
        _wait(desk)
        yield desk
    finally:
        if desk.process.poll() is None:
            desk.end()


def _wait(desk: RunningDesk) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and desk.process.poll() is None:
        try:
            if desk.ask("/static/desk.css")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the desk does not answer\n{desk.log.read_text(encoding='utf-8')}")

"""Commands in processes that are killed on purpose: SIGKILL, which no program can answer.

A nursery process has everything imported and forks for each command; a fork is a process of its own, and starting one
costs nothing. It dies by its own hand right before or behind its n-th call to the outside (a file, the database, a
socket), or by the nursery's after some time, wherever it then is.
"""

import json
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pycountry

ROOT = Path(__file__).resolve().parents[2]
_OUTSIDE = frozenset(
    {"execute", "executemany", "commit", "fsync", "fdatasync", "replace", "rename", "write", "open", "close", "flock"}
    | {"send", "sendall", "recv", "connect", "unlink", "lockf"}
)


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, or minus the signal; and what it wrote."""

    code: int
    output: str

    @property
    def json(self) -> Any:
        """Return the one JSON document of `--json`."""
        return json.loads(self.output)


class Nursery:
    """The process that forks."""

    def __init__(self, program: str = "from tests.support.killing import nurse; nurse()") -> None:
        """Start it."""
        self._process = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-W", "ignore", "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )

    def run(
        self,
        *arguments: str,
        url: str,
        now: int,
        after_calls: int | None = None,
        after_seconds: float | None = None,
        most_bytes: int | None = None,
    ) -> Ended:
        """Run `sealtrace` against a service at `url`; kill it as told, or let no file of it grow beyond `most_bytes`."""
        order = {"arguments": arguments, "url": url, "now": now, "calls": after_calls, "seconds": after_seconds}
        order["bytes"] = most_bytes
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def nurse(work: "Callable[[dict[str, Any], int], int] | None" = None) -> None:
    """Fork for each order on standard input, and answer how it ended; `work` is done in place of a command."""
    from clients.cli.app import run  # noqa: PLC0415 - imported once, for all forks

    # A command that fails at once leaves built what every command builds: options, tables, code lists.
    run(["charter", "show", os.devnull], _edge({"url": "http://127.0.0.1", "now": 0}, lambda _text: None))
    pycountry.countries.lookup("Brazil")
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            os._exit((work or _run)(order, writing))
        os.close(writing)
        if order["seconds"] is not None:
            select.select([], [], [], order["seconds"])
            os.kill(pid, signal.SIGKILL)
        with os.fdopen(reading) as answer:
            told = answer.read()
        _, status = os.waitpid(pid, 0)
        ended = json.loads(told) if told else {"output": ""}
        sys.stdout.write(json.dumps({"code": os.waitstatus_to_exitcode(status), **ended}) + "\n")
        sys.stdout.flush()


def _run(order: dict[str, Any], answer: int) -> int:
    """Run the command in the fork; answer what it wrote unless it was killed before."""
    from clients.cli.app import run  # noqa: PLC0415 - the nursery has imported it

    output: list[str] = []
    if order["calls"] is not None:
        sys.setprofile(Count(order["calls"]))
    if order["bytes"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["bytes"], order["bytes"]))
    code = run(order["arguments"], _edge(order, output.append))
    sys.setprofile(None)
    os.write(answer, json.dumps({"output": "\n".join(output)[:60_000]}).encode())
    return code


def _edge(order: dict[str, Any], write: Callable[[str], None]) -> Any:
    from clients.cli.edge import Edge  # noqa: PLC0415 - the nursery has imported it
    from clients.passphrase import Passphrases  # noqa: PLC0415 - as above
    from clients.session import World  # noqa: PLC0415 - as above
    from clients.transport import HttpTransport  # noqa: PLC0415 - as above
    from tests.support.loopback import PHRASE, WEAK  # noqa: PLC0415 - as above

    return Edge(
        environ={},
        passphrases=Passphrases({}, ask=lambda _question: PHRASE.decode()),
        world=World(clock=lambda: int(order["now"]), token_bytes=os.urandom, sleep=lambda _seconds: None),
        connect=lambda _url: HttpTransport(order["url"]),
        write=write,
        note=lambda _text: None,
        cost=WEAK,
    )


class Count:
    """Counts the calls to the outside, before and behind each, and kills at the one that was told."""

    def __init__(self, last: int) -> None:
        """Take the number of the last call."""
        self._left = last

    def __call__(self, _frame: FrameType, event: str, argument: Any) -> None:
        """Count a call."""
        if event in {"c_call", "c_return"} and getattr(argument, "__name__", "") in _OUTSIDE:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

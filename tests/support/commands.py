"""The command line as scripts use it: arguments in; exit code, output and notes out. Over the real service."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from clients.cli.app import run
from clients.cli.edge import Edge
from clients.passphrase import Passphrases
from clients.session import World
from clients.transport import Transport
from tests.support.loopback import PHRASE, WEAK, Walk


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    output: str
    notes: str

    @property
    def json(self) -> Any:
        """Return the one JSON document of `--json`."""
        return json.loads(self.output)


def command(walk: Walk, *arguments: str, home: str | None = None, transport: Transport | None = None) -> Result:
    """Run `sealtrace` with `arguments`, in the home of an agency."""
    placed = [*arguments, "--home", str(walk.homes[home].path)] if home else list(arguments)
    return run_in(placed, walk, transport or walk.transport)


class Clocked(Protocol):
    """Whatever has a clock and chance to run by."""

    def world(self) -> World:
        """Return them."""


def run_in(
    arguments: Sequence[str], walk: Clocked, transport: Transport, *, others: Mapping[str, Transport] | None = None
) -> Result:
    """Run `sealtrace` with these very arguments; `others` are the ways to addresses that are not the service's."""
    output: list[str] = []
    notes: list[str] = []
    edge = Edge(
        environ={},
        passphrases=Passphrases({}, ask=lambda _question: PHRASE.decode()),
        world=walk.world(),
        connect=lambda url: (others or {}).get(url, transport),
        write=output.append,
        note=notes.append,
        cost=WEAK,
    )
    code = run(arguments, edge)
    return Result(code=code, output="\n".join(output), notes="\n".join(notes))

"""The desks of two agencies, each in a process of its own, and the links that make their first administrators."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from clients.errors import UnreachableError
from clients.story.cast import ARMS, PARTNER, Member
from clients.story.scene import Scene
from clients.story.stage import HOST, StoryError
from clients.transport import HttpTransport, Request
from ledger.wire import limits

OPEN = (ARMS, PARTNER)
# Ten above the service's: what one bookmarked last time is there again, if nobody has taken it.
PORTS_ABOVE = 10

_SEALTRACE = Path(sys.executable).with_name("sealtrace")
_SIGN_IN = "/signin"
_LINK = re.compile(r"http://localhost:\d+/welcome/\S+")
_OK = 200
# Two start at once, each with all that a web program brings, while everything else of the story runs on.
_START_SECONDS = 180
_STOP_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDesk:
    """A desk that was started; `output` is what it prints for whoever started it, and nobody else."""

    member: Member
    port: int
    output: Path
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Return the address that people type: passkeys are bound to a name."""
        return f"http://localhost:{self.port}"

    def link(self) -> list[str]:
        """Return the link that makes the first administrator, once the desk answers; stop where it has ended."""
        if self.process.poll() is not None:
            raise StoryError(f"the desk of {self.member.id} does not start", next_step=f"read {self.log}")
        return _LINK.findall(self.output.read_text(encoding="utf-8")) if self._answers() else []

    def _answers(self) -> bool:
        try:
            with closing(HttpTransport(self.url)) as transport:
                answer = transport.send(Request(method="GET", path=_SIGN_IN), limit=limits.MAX_JSON_BYTES)
        except UnreachableError:
            return False
        return answer.status == _OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Desks(Scene):
    """The chapter in which two desks open; they stay open as long as the story is not left."""

    @contextmanager
    def tell(self) -> Iterator[None]:
        """Open them, see that they answer, show the links; close them at the end."""
        with ExitStack() as running:
            with self.telling.chapter("Two agencies open their desks") as figures:
                desks = [running.enter_context(self._serving(one, at)) for at, one in enumerate(OPEN)]
                for desk in desks:
                    self.telling.command(f"sealtrace desk serve --port {desk.port:<6} # {desk.member.id}")
                links = {desk.member.id: self._link(desk) for desk in desks}
                self.telling.say("Pages for their own people, on their own premises, over their own keys.")
                self.telling.say("Nobody works there yet. Each link makes one administrator, within an hour:")
                for agency, link in links.items():
                    self.telling.write(f"   {agency}")
                    self.telling.write(f"   {link}")
                figures |= {desk.member.id: desk.url for desk in desks}
            yield

    def _link(self, desk: OpenDesk) -> str:
        found = self.stage.until(desk.link, seconds=_START_SECONDS)
        if not found:
            raise StoryError(f"the desk of {desk.member.id} does not answer", next_step=f"read {desk.log}")
        return found[0]

    @contextmanager
    def _serving(self, member: Member, number: int) -> Iterator[OpenDesk]:
        port = _free_port(self.stage.port + PORTS_ABOVE + number)
        output, log = (self.stage.data / f"desk-{member.id}.{kind}" for kind in ("link", "log"))
        words = ("desk", "serve", "--home", str(self.stage.home(member)), "--port", str(port))
        output.touch(mode=0o600)
        with (
            output.open("wb") as out,
            log.open("wb") as errors,
            self.stage.passphrase_file(member).open("rb") as phrase,
        ):
            process = subprocess.Popen(  # noqa: S603 - our own program with our own words
                [_SEALTRACE, *words],
                env={**os.environ, "SEALTRACE_PASSPHRASE_FD": str(phrase.fileno())},
                pass_fds=[phrase.fileno()],
                stdout=out,
                stderr=errors,
            )
        try:
            yield OpenDesk(member=member, port=port, output=output, log=log, process=process)
        finally:
            process.terminate()
            process.wait(timeout=_STOP_SECONDS)


def _free_port(wanted: int) -> int:
    """Return a port that nobody listens on: the wanted one, if there is such a port and it is free."""
    for port in (wanted, 0) if wanted < 65_536 else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StoryError("no port is free on this machine", next_step="close a program that listens")

"""Where the story plays: a data folder, a service in a process of its own, a home and a passphrase for each member."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from clients.cli.edge import Edge, real_edge
from clients.errors import ClientError, UnreachableError
from clients.passphrase import Passphrases
from clients.story.cast import Member
from clients.transport import HttpTransport, Request
from ledger.wire import limits, paths

HOST = "127.0.0.1"
START_SECONDS = 120
WITNESS_SECONDS = 60
# Ten minutes keep who was told from saying who asked when; nobody waits so long in a demonstration.
SHOWN_SECONDS = 10
TICK_SECONDS = 5
_NAP_SECONDS = 1.0
_OK = 200
_MARKER = ".sealtrace-story"
T = TypeVar("T")

_SERVER = Path(sys.executable).with_name("sealtrace-server")
_SEALTRACE = Path(sys.executable).with_name("sealtrace")


class StoryError(ClientError):
    """The story cannot go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The folder of one story; what is in it is thrown away by the next."""

    data: Path
    port: int
    origin: str = "sealtrace.invalid/demonstration"
    tick_seconds: int = TICK_SECONDS

    @property
    def url(self) -> str:
        """Return where the service answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def service_log(self) -> Path:
        """Return what the service wrote about itself."""
        return self.data / "service.log"

    def home(self, member: Member) -> Path:
        """Return a member's home."""
        return self.data / "agencies" / member.id

    def passphrase_file(self, member: Member) -> Path:
        """Return where the story leaves a member's passphrase, so that one may go on playing with its home."""
        return self.data / "agencies" / f"{member.id}.passphrase"

    def clear(self) -> None:
        """Make the folder new; refuse one that another program filled."""
        if self.data.exists() and any(self.data.iterdir()):
            if not (self.data / _MARKER).exists():
                raise StoryError(f"{self.data} holds other files", next_step="name an empty folder: make run DATA=dir")
            shutil.rmtree(self.data)
        (self.data / "agencies").mkdir(mode=0o700, parents=True)
        (self.data / _MARKER).touch()

    def draw_passphrase(self, member: Member) -> None:
        """Draw a member's passphrase. Leaving it in a file is what only a demonstration may do."""
        _write_private(self.passphrase_file(member), secrets.token_urlsafe(18))

    def edge(self, member: Member, *, written: list[str], noted: list[str]) -> Edge:
        """Return the world as the member's commands see it; results go to `written`, progress to `noted`."""
        passphrase = self.passphrase_file(member).read_text(encoding="ascii")
        environ: Mapping[str, str] = {"SEALTRACE_HOME": str(self.home(member))}
        real = real_edge(environ)
        return replace(
            real,
            world=replace(real.world, sleep=_nap),
            passphrases=Passphrases(environ, ask=lambda _prompt: passphrase),
            write=written.append,
            note=noted.append,
        )

    def create_service(self) -> Path:
        """Make the service's keys; return its service.json."""
        _write_private(self.data / "service.passphrase", secrets.token_urlsafe(18))
        self.operate("create", "--data", str(self.data), "--origin", self.origin, "--url", self.url)
        return self.data / "service.json"

    def rotate_service(self) -> None:
        """Prepare new keys of the service while it is stopped; what the charter must name is in service.next.json."""
        self.operate("rotate", "--data", str(self.data))

    def operate(self, *words: str, expect: int = 0) -> str:
        """Run a command of the operator; return what it printed, or stop the story where it ends otherwise."""
        with self._passphrase_descriptor() as (environ, descriptor):
            done = subprocess.run(  # noqa: S603 - our own program with our own words
                [_SERVER, *words], env=environ, pass_fds=[descriptor], check=False, capture_output=True
            )
        if done.returncode != expect:
            said = (done.stdout + done.stderr).decode(errors="replace")[-300:]
            raise StoryError(f"sealtrace-server {words[0]} ended with {done.returncode}: {said}")
        return done.stdout.decode()

    @contextmanager
    def serving(self, *, charter: str) -> Iterator[subprocess.Popen[bytes]]:
        """Serve the log in a process of its own until the story leaves."""
        self.require_free_port()
        words = ("serve", "--port", str(self.port), "--tick", str(self.tick_seconds))
        with self.service_log.open("ab") as log, self._passphrase_descriptor() as (environ, descriptor):
            process = subprocess.Popen(  # noqa: S603 - our own program with our own words
                [_SERVER, *words, "--data", self.data, "--charter", charter],
                env=environ,
                pass_fds=[descriptor],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait(process)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)

    def name_witnesses(self, members: Iterable[Member]) -> Mapping[str, int]:
        """Tell the service where it reaches these members' witnesses; return the port of each."""
        with ExitStack() as probes:
            ports = {one.id: probes.enter_context(socket.create_server((HOST, 0))).getsockname()[1] for one in members}
        lines = [f'{agency} = "http://{HOST}:{port}"\n' for agency, port in ports.items()]
        (self.data / "witnesses.toml").write_text("".join(["[witness]\n", *lines]), encoding="ascii")
        return ports

    @contextmanager
    def witnessing(self, members: Iterable[Member], *, ports: Mapping[str, int], charter: str) -> Iterator[None]:
        """Run each member's witness in a process of its own, those without a port outbound, until the story leaves."""
        running: list[subprocess.Popen[bytes]] = []
        try:
            for member in members:
                port = ports.get(member.id)
                running.append(self._witness(member, "--outbound" if port is None else f"--port={port}", charter))
            self._await_checkpoint(running)
            yield
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(timeout=START_SECONDS)

    def _witness(self, member: Member, how: str, charter: str) -> subprocess.Popen[bytes]:
        words = ("witness", "serve", how, "--home", str(self.home(member)), "--url", self.url, "--charter", charter)
        with (
            (self.data / f"witness-{member.id}.log").open("wb") as log,
            self.passphrase_file(member).open("rb") as phrase,
        ):
            return subprocess.Popen(  # noqa: S603 - our own program with our own words
                [_SEALTRACE, *words],
                env={**os.environ, "SEALTRACE_PASSPHRASE_FD": str(phrase.fileno())},
                pass_fds=[phrase.fileno()],
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _await_checkpoint(self, running: Sequence[subprocess.Popen[bytes]]) -> None:
        """Wait until enough witnesses have cosigned for the log to be shown."""
        with closing(HttpTransport(self.url)) as transport:
            for _ in range(WITNESS_SECONDS * 10):
                if any(process.poll() is not None for process in running):
                    break
                if _answers(transport, paths.CHECKPOINT):
                    return
                time.sleep(0.1)
        raise StoryError(
            "the witnesses do not cosign the log", next_step=f"read {self.data}/witness-*.log and {self.service_log}"
        )

    def await_signing(self) -> None:
        """Wait until the service has heard enough of its witnesses to sign: it asks them what they have seen of it."""
        with closing(HttpTransport(self.url)) as transport:
            if not self.until(lambda: [one for one in (paths.READYZ,) if _answers(transport, one)]):
                raise StoryError(f"the service at {self.url} may not sign", next_step=f"read {self.service_log}")

    def await_shown(self) -> None:
        """Wait until the log shows all that it holds: on a slow machine a member would else ask before it can be told.

        Only for a while, and not before anything was shown at all: where witnesses are kept away on purpose, or are
        still to begin, the story goes on.
        """
        with closing(HttpTransport(self.url)) as transport:
            if _answers(transport, paths.CHECKPOINT):
                self.until(
                    lambda: [one for one in (paths.READYZ,) if not _waits(transport, one)], seconds=SHOWN_SECONDS
                )

    def until(self, found: Callable[[], list[T]], *, seconds: int = WITNESS_SECONDS) -> list[T]:
        """Return what comes up, as soon as it does; nothing if it does not for so long."""
        for _ in range(seconds * 10):
            if one := found():
                return one
            time.sleep(0.1)
        return []

    def export(self, database: Path, folder: Path) -> None:
        """Write the open files of a log from a copy of its database, verifying nothing: that is the audit's work."""
        self.operate("export", "--database", str(database), "--output", str(folder))

    def require_free_port(self) -> None:
        """Refuse a port where somebody else would answer in the service's place."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                raise StoryError(
                    f"port {self.port} is taken by another program", next_step="take another: make run PORT=n"
                ) from error

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        with closing(HttpTransport(self.url)) as transport:
            for _ in range(START_SECONDS * 10):
                if process.poll() is not None:
                    break
                if _answers(transport, paths.HEALTHZ):
                    return
                time.sleep(0.1)
        raise StoryError(
            f"the service does not answer at {self.url}",
            next_step=f"read {self.service_log}, or take another port: make run PORT=n",
        )

    @contextmanager
    def _passphrase_descriptor(self) -> Iterator[tuple[dict[str, str], int]]:
        with (self.data / "service.passphrase").open("rb") as file:
            number = file.fileno()
            yield {**os.environ, "SEALTRACE_PASSPHRASE_FD": str(number)}, number


def _answers(transport: HttpTransport, path: str) -> bool:
    try:
        return transport.send(Request(method="GET", path=path), limit=limits.MAX_JSON_BYTES).status == _OK
    except UnreachableError:
        return False


def _waits(transport: HttpTransport, path: str) -> bool:
    """Say whether the service has logged what its witnesses have not cosigned; one that is away holds up nobody."""
    try:
        return b"\npending" in transport.send(Request(method="GET", path=path), limit=limits.MAX_JSON_BYTES).body
    except UnreachableError:
        return False


def _nap(seconds: float) -> None:
    """Wait, but not for the full minute at which messages leave: there is nobody here to hide their second from."""
    time.sleep(min(seconds, _NAP_SECONDS))


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)

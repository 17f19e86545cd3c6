"""The edge of the program: the one place that touches the clock, chance, the network and the terminal."""

import datetime as dt
import getpass
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from clients.encrypting import home_key
from clients.home import Home, open_home
from clients.keyring import Keyring
from clients.outbox import Outbox
from clients.passphrase import Passphrases, Purpose
from clients.patience import PatientTransport
from clients.replica import Replica
from clients.session import Session, World, open_session
from clients.transport import HttpTransport, Transport
from crypto.keystore import STRONG, Cost
from ledger.jsontext import JsonValue

# What has fewer steps is over before anybody wonders.
_LONG = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What a command may use of the world; tests hand in their own."""

    environ: Mapping[str, str] = field(repr=False)
    passphrases: Passphrases = field(repr=False)
    world: World
    connect: Callable[[str], Transport]
    write: Callable[[str], None]
    note: Callable[[str], None]
    cost: Cost = STRONG

    def today(self) -> dt.date:
        """Return the date in UTC."""
        return dt.datetime.fromtimestamp(self.world.clock(), dt.UTC).date()

    def home(self, path: str | None) -> Home:
        """Return the home that `--home` or the environment names."""
        return open_home(path, self.environ)

    def keyring(self, home: Home, purpose: Purpose = Purpose.KEYSTORE) -> Keyring:
        """Return the keys of a home's keystore."""
        if purpose is Purpose.ROOT:
            return self.root_keyring(home.root_keystore)
        return Keyring.open(home.keystore, passphrase=self.passphrases.of(purpose), allow_weak=self.cost != STRONG)

    def root_keyring(self, path: Path) -> Keyring:
        """Return the keys of a root keystore; a home has two while a new root is on its way."""
        return Keyring.open(path, passphrase=self.passphrases.of(Purpose.ROOT), allow_weak=self.cost != STRONG)

    @contextmanager
    def session(self, path: str | None) -> Iterator[Session]:
        """Give a session of a joined home, alone with it, and close it."""
        home = self.home(path)
        transport = self.connect(home.joined().url)
        with home.exclusive():
            keyring = self.keyring(home)
            session = open_session(home, keyring, transport=transport, world=self.world, tell=self.note)
            try:
                yield session
            finally:
                session.close()

    def database_key(self, home: Home) -> bytes:
        """Return the key of a home's databases: reading what is kept there takes the keystore's passphrase, too."""
        return home_key(home, self.keyring(home), tell=self.note)

    @contextmanager
    def replica(self, home: Home) -> Iterator[Replica]:
        """Give a home's replica, offline and beside other programs, and close it."""
        with closing(Replica(home.replica, key=self.database_key(home))) as replica:
            yield replica

    @contextmanager
    def stored(self, home: Home) -> Iterator[tuple[Replica, Outbox]]:
        """Give a home's replica and outbox, offline and beside other programs, and close them."""
        key = self.database_key(home)
        with (
            closing(Replica(home.replica, key=key)) as replica,
            closing(Outbox(home.outbox, key=key)) as outbox,
        ):
            yield replica, outbox

    def show(self, text: str, value: JsonValue, *, as_json: bool) -> None:
        """Write a result: for machines as one JSON document, else as text."""
        self.write(json.dumps(value, ensure_ascii=False, indent=2) if as_json else text)

    def progress(self, what: str) -> Callable[[int, int], None]:
        """Return a callback that tells how far long work has come, once a tenth; what is short is done before it is told."""
        told = -1

        def tell(done: int, total: int) -> None:
            nonlocal told
            if total < _LONG:
                return
            tenth = 10 * done // total if total else 10
            if tenth > told:
                told = tenth
                self.note(f"{what}: {done:,} of {total:,}")

        return tell


def real_edge(environ: Mapping[str, str]) -> Edge:
    """Return the world as it is."""
    world = World(clock=lambda: int(time.time()), token_bytes=secrets.token_bytes, sleep=time.sleep)
    ask = getpass.getpass if sys.stdin.isatty() else None
    return Edge(
        environ=environ,
        passphrases=Passphrases(environ, ask=ask),
        world=world,
        connect=lambda url: PatientTransport(HttpTransport(url), sleep=world.sleep),
        write=lambda text: print(text),  # noqa: T201, PLW0108 - standard output is what a command writes to, looked up late
        note=lambda text: print(text, file=sys.stderr),  # noqa: T201 - progress goes beside the result
    )

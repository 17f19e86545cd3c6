"""The home that the desk works in: its keys opened once, its replica, and who may see what of it."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from clients.authority import members_of
from clients.codes import KINDS, load_tables
from clients.desk.people.person import Person
from clients.encrypting import home_key
from clients.freshness import is_stale
from clients.home import Home, HomeConfig
from clients.keyring import Keyring
from clients.lists.values import Tables
from clients.plaintext import visible
from clients.replica import FRESH, SIZE, VERIFIED_AT, WITNESSES, WITNESSES_OF, Replica
from clients.requestsigning import RequestSigner
from clients.service import Service
from clients.session import Session, World, open_session
from clients.transport import Transport
from clients.trust import Trust
from clients.views import Viewer
from ledger.charter import Charter
from ledger.kinds import Role
from ledger.labels import Members, Purpose
from ledger.markings import Marking
from ledger.wire.requests import authority


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How new what the desk shows is: the size of the verified log, when it was checked here, who vouches up to when.

    `cosigned` witnesses of the `of` that the charter names; none of none without witnesses.
    """

    size: int
    cosigned: int
    of: int
    checked: int
    fresh: int | None
    now: int

    @property
    def age_seconds(self) -> int:
        """Return how long ago the log was verified."""
        return max(0, self.now - self.checked)

    @property
    def is_stale(self) -> bool:
        """Say whether the witnesses' word is too old."""
        return is_stale(self.fresh, now=self.now)

    @property
    def is_witnessed(self) -> bool:
        """Say whether anybody but the operator vouches."""
        return self.fresh is not None


class Office:
    """A home in use by a desk."""

    def __init__(
        self,
        home: Home,
        keyring: Keyring,
        *,
        connect: Callable[[str], Transport],
        world: World,
        tell: Callable[[str], None],
    ) -> None:
        """Take a joined home, its opened keys, the network, the clock with chance, and whom to tell what was changed."""
        self.home = home
        self.config: HomeConfig = home.joined()
        self.world = world
        self.database_key = home_key(home, keyring, tell=tell)
        self._keyring = keyring
        self._connect = connect
        self._replica: Replica | None = None
        self._tables: tuple[object, Tables] | None = None
        self._lock = threading.Lock()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give a session with the network, alone with the home, and close it: for whatever signs, asks or fetches."""
        with self.home.exclusive():
            # Commands run beside the desk: they may have drawn keys since.
            self._keyring.reload()
            session = open_session(
                self.home,
                self._keyring,
                transport=self._connect(self.config.url),
                world=self.world,
                database=self.database_key,
            )
            try:
                yield session
            finally:
                session.close()

    def service(self) -> Service:
        """Return the service, asked as this agency, without being alone with the home: for what only reads the log."""
        key = self._keyring.signer(Role.HTTP)
        signer = RequestSigner(
            signer=key.signer,
            kid=key.kid,
            authority=authority(self.config.url),
            clock=self.world.clock,
            token_bytes=self.world.token_bytes,
        )
        return Service(self._connect(self.config.url), signer=signer)

    @contextmanager
    def replica(self) -> Iterator[Replica]:
        """Give the verified records, without the network and without waiting for anybody; it stays open."""
        with self._lock:
            if self._replica is None:
                self._replica = Replica(self.home.replica, key=self.database_key)
            found = self._replica
        yield found

    def close(self) -> None:
        """Close what stayed open."""
        with self._lock:
            if self._replica is not None:
                self._replica.close()
                self._replica = None

    @property
    def me(self) -> str:
        """Return this agency's id."""
        return self.config.id

    @property
    def keyring(self) -> Keyring:
        """Return the opened keys, for what needs neither the network nor the home alone; `session` reads them again."""
        return self._keyring

    def charter(self) -> Charter:
        """Return the charter in force, as last verified."""
        return self._charters()[-1]

    def viewer(self, person: Person, purpose: Purpose) -> Viewer:
        """Return a person as the one decision function weighs them: for this purpose, today, under the charters."""
        return Viewer(
            reader=person.reader(self.me),
            purpose=purpose,
            today=self.today(),
            members=members_of(self._charters()),
        )

    def members(self) -> Members:
        """Return who is a member up to which level, under the charters as last verified."""
        return members_of(self._charters())

    def today(self) -> dt.date:
        """Return the date in UTC."""
        return dt.datetime.fromtimestamp(self.world.clock(), dt.UTC).date()

    @property
    def tables(self) -> Tables:
        """Return the code tables, read again when an official list was imported."""
        stamps = tuple(
            path.stat().st_mtime_ns if path.exists() else 0
            for path in (self.home.codes / f"{kind}.csv" for kind in KINDS)
        )
        with self._lock:
            if self._tables is None or self._tables[0] != stamps:
                self._tables = (stamps, load_tables(self.home))
            return self._tables[1]

    def freshness(self) -> Freshness:
        """Return how new and how verified the replica is."""
        with self.replica() as replica:
            return Freshness(
                size=replica.state(SIZE, default=0),
                cosigned=replica.state(WITNESSES, default=0),
                of=replica.state(WITNESSES_OF, default=0),
                checked=replica.state(VERIFIED_AT, default=0),
                fresh=replica.state(FRESH, default=0) or None,
                now=self.world.clock(),
            )

    def marking_text(self, marking: Marking) -> str:
        """Return the line that stands above and below a page: level, originators, readers, compartments, caveats."""
        alone = len(marking.originators) == 1
        others = sorted(marking.readers - marking.originators if alone else marking.readers)
        released = f"REL TO {', '.join(others)}" if others else "ORIGINATOR ONLY" if alone else "REL TO NOBODY"
        parts = [marking.level.value, ", ".join(sorted(marking.originators)), released]
        parts += sorted(one.value for one in marking.comp)
        parts += sorted(marking.cav)
        return " · ".join(visible(part) for part in parts)

    def _charters(self) -> tuple[Charter, ...]:
        return Trust(self.home.trusted).charters()

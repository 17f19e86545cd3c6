"""What one command works with: a home, its keys, the service, the clock. Built once, at the edge."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from clients.authority import Authority
from clients.durable import write_file
from clients.encrypting import home_key
from clients.errors import ListError, UnseenError
from clients.home import Home, HomeConfig
from clients.keyring import Keyring, SigningKey
from clients.matching.book import Book
from clients.outbox import Outbox
from clients.replica import Replica
from clients.requestsigning import RequestSigner
from clients.service import Service
from clients.transport import Transport
from clients.trust import Trust, View
from ledger.charter import Charter
from ledger.identifiers import agency_id
from ledger.kinds import Role
from ledger.labels import MembersAt
from ledger.profiles import Profile, default_profile
from ledger.profiletoml import profile_from_toml, to_toml
from ledger.wire.requests import authority

MAX_PROFILE_BYTES = 1024 * 1024
_OWN_WITNESS_TRIES = 8
_OWN_WITNESS_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What only the edge of the program may touch: the clock (POSIX seconds), randomness, waiting."""

    clock: Callable[[], int]
    token_bytes: Callable[[int], bytes]
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A home in use. Whoever opens one closes it."""

    home: Home
    config: HomeConfig
    world: World
    keyring: Keyring = field(repr=False)
    service: Service
    trust: Trust
    replica: Replica
    outbox: Outbox
    book: Book

    def refresh(self) -> View:
        """Return the newest verified state of the log, and remember when it was verified here.

        Our own witness may be a moment behind the quorum: it is waited for a little, then UnseenError is raised.
        """
        view = self._newest()
        self.replica.note_verified(size=view.checkpoint.size, at=self.world.clock())
        return view

    def _newest(self) -> View:
        for _ in range(_OWN_WITNESS_TRIES):
            try:
                return self.trust.refresh(self.service)
            except UnseenError:
                self.world.sleep(_OWN_WITNESS_SECONDS)
        return self.trust.refresh(self.service)

    def stand(self) -> "Standing":
        """Return where this home stands in the newest verified state of the log."""
        view = self.refresh()
        return Standing(session=self, view=view, authority=self.authority(view))

    def authority(self, view: View) -> Authority:
        """Return who is a member under which keys in a view."""
        return Authority(view, service=self.service, replica=self.replica)

    def close(self) -> None:
        """Close the databases."""
        self.replica.close()
        self.outbox.close()
        self.book.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A home in use, a verified state of the log, and who is a member in it: what signing on top of it takes."""

    session: Session
    view: View
    authority: Authority

    @property
    def me(self) -> str:
        """Return this agency's id."""
        return self.session.config.id

    def now(self) -> int:
        """Return the time in POSIX seconds."""
        return self.session.world.clock()

    def signing_key(self, role: Role) -> SigningKey:
        """Return this agency's newest key of a role."""
        return self.session.keyring.signer(role)


def open_session(  # noqa: PLR0913 - the edge of the program, part by part
    home: Home,
    keyring: Keyring,
    *,
    transport: Transport,
    world: World,
    tell: Callable[[str], None] = lambda _change: None,
    database: bytes | None = None,
) -> Session:
    """Return a session of a home that has joined a log; `tell` hears of databases that had to be encrypted.

    A program that has a database of this home open hands their key in: `home_key` looks into the files, and closing any
    descriptor of a file drops the locks that this process holds on it (POSIX; SQLite, "How To Corrupt", 2.2).
    """
    config = home.joined()
    if database is None:
        database = home_key(home, keyring, tell=tell)
    key = keyring.signer(Role.HTTP)
    signer = RequestSigner(
        signer=key.signer,
        kid=key.kid,
        authority=authority(config.url),
        clock=world.clock,
        token_bytes=world.token_bytes,
    )
    return Session(
        home=home,
        config=config,
        world=world,
        keyring=keyring,
        service=Service(transport, signer=signer),
        trust=Trust(home.trusted, witness=config.id),
        replica=Replica(home.replica, key=database),
        outbox=Outbox(home.outbox, key=database),
        book=Book(home.matching, key=database),
    )


def join(home: Home, *, url: str, transport: Transport, fingerprint: bytes) -> View:
    """Pin a charter, verify the log that the service shows under it, and follow that log from now on."""
    trust = Trust(home.trusted)
    trust.pin(fingerprint)
    view = trust.refresh(Service(transport))
    home.join(url=url, origin=view.charter.origin, named=view.charter.url)
    return view


def load_profile(home: Home, charter: Charter, *, path: Path | None = None) -> Profile:
    """Return the profile at `path`, else the home's; where it has none, the default one for all of `charter`."""
    path = path or home.profile
    if not path.exists():
        return default_profile(home.config().id, MembersAt(version=charter.ver))
    raw = path.read_bytes()
    if len(raw) > MAX_PROFILE_BYTES:
        raise ListError("profile.toml is too large", next_step="see `sealtrace profile show`")
    try:
        profile = profile_from_toml(raw.decode())
    except UnicodeDecodeError as error:
        raise ListError("profile.toml is not text in UTF-8", next_step="save it as UTF-8") from error
    if profile.agency != home.config().id:
        raise ListError("profile.toml is of another agency", next_step="take the profile of this home's agency")
    return profile


def save_profile(home: Home, profile: Profile) -> None:
    """Write the profile where the home looks for it."""
    agency_id(profile.agency)
    write_file(home.profile, to_toml(profile).encode())

"""Open the witness of a home: its keys, its charters, its state; refuse to start where one of them says no."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from clients.errors import ClientError, HomeError
from clients.home import Home
from clients.keyring import Keyring
from clients.service import Service
from clients.transport import Request, Transport
from clients.trust import Trust
from clients.witness.book import CharterBook, CharterReader
from clients.witness.cosigner import Assignment, Cosigner, Log, OwnKey, assignment, own_keys
from clients.witness.evidence import Evidence
from clients.witness.state import WitnessFiles
from crypto.signing import Signer
from ledger.errors import LedgerError
from ledger.kinds import Role
from ledger.wire import limits, paths

FOLLOW_SECONDS = 30.0
DOUBT_SECONDS = 2.0
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What only the edge of the program may touch: the clock (POSIX seconds) and waiting; and where events go."""

    clock: Callable[[], int]
    sleep: Callable[[float], None]
    log: Log


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Whose witness this is, where its files lie and which log it follows. `highest` may lie on another disk."""

    agency: str
    folder: Path
    highest: Path
    url: str
    fingerprint: bytes
    signers: tuple[Signer, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWitness:
    """A witness that is ready to answer."""

    cosigner: Cosigner
    book: CharterBook
    agency: str
    keys: tuple[OwnKey, ...]
    watch: Watch

    def follow(self, reader: CharterReader) -> None:
        """Go by the newest charter from now on; what keeps one from being read is noted, and the next time is another."""
        known = len(self.book.charters)
        try:
            self.book.learn(reader)
        except (ClientError, LedgerError, OSError) as error:
            self.watch.log.warning("charters not read", error=type(error).__name__, why=str(error))
        except Exception as error:  # noqa: BLE001 — whatever went wrong, nobody else follows the charters
            self.watch.log.warning("charters not read", error=type(error).__name__, why="")
        # Also what was read before one that could not be, and what another program of this home had stored meanwhile.
        if len(self.book.charters) > known:
            self._go_by_newest()

    def _go_by_newest(self) -> None:
        self.cosigner.given = assignment(self.book.charters, agency=self.agency, keys=self.keys)
        newest = self.book.charters[-1][1]
        self.watch.log.info("charter", version=newest.ver, witness=bool(self.cosigner.given.keys))

    def keep_following(self, reader: CharterReader, *, until: threading.Event) -> None:
        """Follow the charters, every half minute and soon after a request that only a new charter can explain."""
        doubt = threading.Event()
        self.cosigner.doubt = doubt.set
        while not until.is_set():
            doubt.wait(FOLLOW_SECONDS)
            doubt.clear()
            self.follow(reader)
            until.wait(DOUBT_SECONDS)  # whoever sends nonsense does not make us ask more often


def place_of(
    home: Home, keyring: Keyring, *, url: str | None, fingerprint: bytes | None, highest: Path | None
) -> Place:
    """Return where the witness of a home works. A home that follows no log yet needs both url and fingerprint."""
    config, trust = home.config(), Trust(home.trusted)
    if not config.joined and (url is None or fingerprint is None):
        raise HomeError(
            "this home follows no log yet", next_step="add --url URL --charter FINGERPRINT, or run `sealtrace join`"
        )
    if fingerprint is not None:
        trust.pin(fingerprint)
    signers = tuple(key.signer for key in keyring.signing_keys(Role.WITNESS))
    if not signers:
        raise HomeError("the keystore holds no witness key", next_step="run `sealtrace witness keys`")
    return Place(
        agency=config.id,
        folder=home.witness,
        highest=highest or home.witness / "highest",
        url=url or config.url,
        fingerprint=trust.anchor(),
        signers=signers,
    )


def open_witness(place: Place, transport: Transport, watch: Watch) -> OpenWitness:
    """Return the witness; raise HomeError, and sign nothing, for a state that is older than what it has said."""
    reader = Service(transport)
    book = CharterBook(place.folder / "charters", fingerprint=place.fingerprint)
    await_charter(book, reader, watch)
    origin = book.charters[0][1].origin
    keys = own_keys(origin, place.agency, place.signers)
    files = WitnessFiles(place.folder / "logs", highest=place.highest, own=[key.vkey for key in keys])
    files.require_reached()
    for note in _shown(transport, watch):
        files.require_unseen(note)
    cosigner = Cosigner(
        files, Evidence(place.folder / "evidence"), clock=watch.clock, log=watch.log, given=Assignment()
    )
    cosigner.given = assignment(book.charters, agency=place.agency, keys=keys)
    found = OpenWitness(cosigner=cosigner, book=book, agency=place.agency, keys=keys, watch=watch)
    found.follow(reader)
    return found


def await_charter(book: CharterBook, reader: CharterReader, watch: Watch) -> None:
    """Wait until the service shows the pinned charter; it may be founded after its witnesses were started."""
    told = False
    while not book.charters:
        try:
            book.learn(reader)
        except (ClientError, LedgerError) as error:
            if not told:
                watch.log.warning("waiting for the first charter", why=str(error))
                told = True
        if not book.charters:
            watch.sleep(DOUBT_SECONDS)


def _shown(transport: Transport, watch: Watch) -> list[bytes]:
    """Return the checkpoints that the service publishes: one with our own cosignature says how far we were."""
    found = []
    for path in (paths.CHECKPOINT, f"/access{paths.CHECKPOINT}"):
        try:
            answer = transport.send(Request(method="GET", path=path), limit=limits.MAX_JSON_BYTES)
        except ClientError as error:
            watch.log.warning("not compared with what the log publishes", why=str(error))
            break
        if answer.status == _OK:
            found.append(answer.body)
    return found

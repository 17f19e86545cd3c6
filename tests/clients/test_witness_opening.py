"""How a witness learns who signs for the log and for itself: from the pinned charter on, and never back."""

import errno
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from clients.errors import HomeError, TrustError, UnreachableError
from clients.home import HomeConfig, create_home
from clients.keyring import Keyring, create_keystore
from clients.service import Service
from clients.transport import Request, Response
from clients.trust import Trust
from clients.witness.book import CharterBook
from clients.witness.opening import OpenWitness, place_of
from clients.witness.outbound import Outbound
from clients.witness.state import Held, WitnessFiles
from clients.witnesskeys import draw_witness_keys
from crypto.signing import Algorithm
from ledger import notes
from ledger.charter import Charter
from ledger.checkpoints import open_any, sign_checkpoint, vkey
from ledger.fingerprints import of_file
from ledger.keys import of_role
from ledger.kinds import Role
from ledger.terms import WitnessPolicy
from ledger.wire import paths
from ledger.witnesses import LogName
from ledger.witnessing import AddCheckpoint
from tests.support.consortium import NOW, ORIGIN, URL, log_keys, make_keys, sign_by, signer
from tests.support.loopback import PHRASE, WEAK
from tests.support.witnesses import ME, Bench, FakeService, GrowingLog, statuses

LOG = GrowingLog()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A place for a witness."""
    return Bench(tmp_path)


def second(bench: Bench, **changes: object) -> tuple[Charter, bytes]:
    """Return the charter after the bench's, and its file."""
    previous = bench.charter
    kept = (Role.ROOT, Role.RECOVERY, Role.WITNESS)
    agencies = tuple(
        replace(agency, keys=tuple(key for role in kept for key in of_role(agency.keys, role)))
        for agency in previous.agencies
    )
    base = {"ver": 2, "prev": of_file(bench.service.files[0][1]), "agencies": agencies}
    charter = replace(previous, **{**base, **changes})  # type: ignore[arg-type]  # members by name
    return charter, sign_by(charter, previous.agencies[:2], previous=previous)


def with_witness_keys(charter: Charter, start: int) -> Charter:
    """Return the charter with another pair of witness keys for this agency."""
    fresh = make_keys(ME, roles=(Role.WITNESS,), start=start)
    agencies = tuple(
        replace(agency, keys=(*agency.keys[:-2], *fresh)) if agency.id == ME else agency for agency in charter.agencies
    )
    return replace(charter, agencies=agencies)


def test_a_new_charter_is_followed(bench: Bench) -> None:
    """Its log keys sign what holds it, once it is known; the old ones no longer."""
    witness = bench.open()
    keys = tuple(
        vkey(ORIGIN, signer("new", algorithm).public_key) for algorithm in (Algorithm.ED25519, Algorithm.ML_DSA_44)
    )
    _, file = second(bench, log=replace(log_keys(), vkeys=keys))
    assert statuses(witness, LOG.add(0, 7)) == [200]

    bench.service.files.append((7, file))
    witness.follow(bench.reader)

    assert statuses(witness, LOG.add(7, 8)) == [403]
    note = sign_checkpoint(
        LOG.checkpoint(8), ed25519=signer("new", Algorithm.ED25519), ml_dsa_44=signer("new", Algorithm.ML_DSA_44)
    )
    body = AddCheckpoint.parse(LOG.add(7, 8))
    assert statuses(witness, replace(body, checkpoint=note).format()) == [200]
    assert bench.events.of("charter") == [{"version": 2, "witness": True}]


def test_a_charter_is_kept_over_a_restart_without_the_service(bench: Bench) -> None:
    """What was verified needs nobody to be there."""
    _, file = second(bench)
    bench.service.files.append((3, file))
    bench.open()
    bench.service.answers = False

    again = bench.open()

    assert [(index, charter.ver) for index, charter in again.book.charters] == [(0, 1), (3, 2)]
    assert statuses(again, LOG.add(0, 7)) == [200]
    assert {event["error"] for event in bench.events.of("charters not read")} <= {"UnreachableError", "NotFoundError"}


def test_a_handover_is_cosigned_with_both_generations_of_our_keys(bench: Bench) -> None:
    """New witness keys: until the next charter both sign, since the first checkpoint needs the old quorum too."""
    charter, _ = second(bench)
    charter = with_witness_keys(charter, 60)
    file = sign_by(charter, bench.charter.agencies[:2], previous=bench.charter)
    bench.starts = (40, 60)
    bench.service.files.append((5, file))
    witness = bench.open()
    answer = witness.cosigner.add_checkpoint(LOG.add(0, 7))
    text = LOG.checkpoint(7).format().encode()
    found = open_any(text + b"\n" + answer.body, keys=[key.vkey for key in witness.keys])

    assert len(found.cosignatures) == 4


def test_a_witness_that_is_not_named_yet_waits(bench: Bench, tmp_path: Path) -> None:
    """404 until the charter that names it is there: how a consortium leaves the unwitnessed state."""
    named = bench.charter
    bare = tuple(replace(agency, keys=agency.keys[:-2]) for agency in named.agencies)
    first = replace(named, agencies=bare, witness=WitnessPolicy())
    start = Bench(tmp_path / "start", charter=first, service=FakeService([(0, sign_by(first, first.agencies))]))
    witness = start.open()
    assert statuses(witness, LOG.add(0, 7)) == [404]

    kept = (Role.ROOT, Role.RECOVERY, Role.WITNESS)
    agencies = tuple(
        replace(agency, keys=tuple(key for role in kept for key in of_role(agency.keys, role)))
        for agency in named.agencies
    )
    after = replace(first, ver=2, prev=of_file(start.service.files[0][1]), agencies=agencies, witness=named.witness)
    start.service.files.append((7, sign_by(after, first.agencies[:2], previous=first)))
    witness.follow(start.reader)

    assert statuses(witness, LOG.add(0, 8)) == [200]


def test_a_witness_waits_for_a_service_that_is_not_founded_yet(bench: Bench) -> None:
    """The first charter of a witnessed log can be published only by witnesses that run already."""
    bench.service.answers = False
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        bench.service.answers = len(waited) > 2

    bench.sleep = sleep
    witness = bench.open()

    assert len(waited) == 3
    assert len(bench.events.of("waiting for the first charter")) == 1
    assert statuses(witness, LOG.add(0, 1)) == [200]


def test_attack_another_first_charter(bench: Bench) -> None:
    """The fingerprint decides: what has another is not even kept."""
    book = CharterBook(bench.folder / "book", fingerprint=bytes(32))

    with pytest.raises(Exception, match="not the charter that was pinned"):
        book.learn(bench.reader)
    assert book.charters == ()


@pytest.mark.parametrize("attack", ["hidden", "moved", "replaced", "before the first", "another hash"])
def test_attack_a_service_that_changes_its_charters(bench: Bench, attack: str) -> None:
    """What contradicts what was verified changes nothing, and is noted."""
    _, file = second(bench)
    bench.service.files.append((5, file))
    witness = bench.open()
    before = witness.book.charters
    match attack:
        case "hidden":
            bench.service.files.pop()
        case "moved":
            bench.service.files[1] = (6, file)
        case "replaced":
            bench.service.files[1] = (5, second(bench, threshold=3)[1])
        case "before the first":
            bench.service.files.append((4, file))
        case _:
            bench.service.files.append((9, file))
    bench.events.noted.clear()
    witness.follow(bench.reader)

    assert witness.book.charters == before
    assert len(bench.events.of("charters not read")) == 1


def test_attack_a_first_charter_that_is_not_entry_0(bench: Bench) -> None:
    """Whatever the service says."""
    bench.service.files[0] = (3, bench.service.files[0][1])
    book = CharterBook(bench.folder / "book", fingerprint=of_file(bench.service.files[0][1]))

    with pytest.raises(TrustError, match="entry 0"):
        book.learn(bench.reader)


def test_attack_a_charter_file_that_is_not_the_one_listed(bench: Bench) -> None:
    """The list's hash and the file are compared."""
    _, file = second(bench)
    _, other = second(bench, threshold=3)

    class Lying(FakeService):
        def charter(self, ver: int) -> bytes:
            return other if ver == 2 else super().charter(ver)

    service = Lying([*bench.service.files, (5, file)])
    book = CharterBook(bench.folder / "book", fingerprint=of_file(service.files[0][1]))

    with pytest.raises(TrustError, match="other charters than it gives"):
        book.learn(service)


def test_attack_a_planted_charter(bench: Bench) -> None:
    """A file in the folder that the members did not sign stops the witness."""
    bench.open()
    (bench.place.folder / "charters" / "2-9").write_bytes(b"planted")

    with pytest.raises(HomeError, match="2-9 is not a charter"):
        bench.open()


def test_doubt_makes_it_look_again(bench: Bench) -> None:
    """A request that only a new charter can explain makes the witness ask soon."""
    witness = bench.open()
    ended, asked = threading.Event(), threading.Event()

    class Reader(FakeService):
        def charters(self):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as above
            asked.set()
            ended.set()
            return super().charters()

    thread = threading.Thread(
        target=witness.keep_following, args=(Reader(bench.service.files),), kwargs={"until": ended}
    )
    thread.start()
    while witness.cosigner.doubt.__name__ == "_certain":
        pass
    statuses(witness, LOG.add(0, 7).replace(b"log.test/weapons", b"log.test/another"))
    thread.join(timeout=10)

    assert asked.is_set()


def test_a_charter_is_gone_by_though_the_next_cannot_be_read(bench: Bench) -> None:
    """The line died between two: the keys of the first of them are known, and count."""
    witness = bench.open()
    keys = tuple(
        vkey(ORIGIN, signer("new", algorithm).public_key) for algorithm in (Algorithm.ED25519, Algorithm.ML_DSA_44)
    )
    _, file = second(bench, log=replace(log_keys(), vkeys=keys))

    class Dying(FakeService):
        def charter(self, ver: int) -> bytes:
            if ver == 3:
                raise UnreachableError("the line died")
            return super().charter(ver)

    witness.follow(Dying([*bench.service.files, (7, file), (9, file)]))

    assert statuses(witness, LOG.add(0, 8)) == [403]
    assert bench.events.of("charter") == [{"version": 2, "witness": True}]
    assert [one["why"] for one in bench.events.of("charters not read")] == ["the line died"]


def test_a_charter_that_another_program_of_the_home_stored_is_gone_by(bench: Bench) -> None:
    """Two programs of one witness share a folder: what one has stored, the other follows too."""
    witness = bench.open()
    _, file = second(bench)
    bench.service.files.append((7, file))
    CharterBook(bench.place.folder / "charters", fingerprint=bench.place.fingerprint).learn(bench.reader)

    witness.follow(bench.reader)

    assert bench.events.of("charter") == [{"version": 2, "witness": True}]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "no space"), ZeroDivisionError("a defect")])
def test_whatever_happens_the_charters_are_followed_on(bench: Bench, error: Exception) -> None:
    """A disk that is full for a minute leaves no witness that knows no new charter for ever."""
    witness = bench.open()

    class Broken(FakeService):
        def charters(self):  # type: ignore[no-untyped-def]  # noqa: ANN202 - as above
            raise error

    witness.follow(Broken(bench.service.files))
    witness.follow(bench.reader)

    assert [one["error"] for one in bench.events.of("charters not read")] == [type(error).__name__]


def test_where_a_witness_works(tmp_path: Path) -> None:
    """A home with witness keys, joined or told which log; the fingerprint is pinned once."""
    home = create_home(str(tmp_path / "home"), {}, HomeConfig(id=ME, name="Arms", country="XAA"))
    drawn = draw_witness_keys(home, first=8, passphrase=PHRASE, cost=WEAK)
    keyring = Keyring.open(home.witness_keystore, passphrase=PHRASE, allow_weak=True)

    with pytest.raises(HomeError, match="follows no log yet"):
        place_of(home, keyring, url=URL, fingerprint=None, highest=None)
    told = place_of(home, keyring, url=URL, fingerprint=bytes(32), highest=None)
    home.join(url=URL, origin=ORIGIN)
    joined = place_of(home, keyring, url=None, fingerprint=None, highest=tmp_path / "highest")

    assert (told.url, told.fingerprint, told.highest) == (URL, bytes(32), home.witness / "highest")
    assert (joined.url, joined.fingerprint, joined.highest) == (URL, bytes(32), tmp_path / "highest")
    assert [one.public_key.raw for one in told.signers] == [key.public_key for key in drawn.keys]
    with pytest.raises(TrustError):
        place_of(home, keyring, url=URL, fingerprint=bytes([1]) * 32, highest=None)
    assert Trust(home.trusted).anchor() == bytes(32)


def test_a_home_without_witness_keys_runs_no_witness(tmp_path: Path) -> None:
    """And is told how to get some."""
    home = create_home(str(tmp_path / "home"), {}, HomeConfig(id=ME, name="Arms", country="XAA"))
    create_keystore(home.witness_keystore, passphrase=PHRASE, keys=[], cost=WEAK)
    keyring = Keyring.open(home.witness_keystore, passphrase=PHRASE, allow_weak=True)

    with pytest.raises(HomeError, match="no witness key"):
        place_of(home, keyring, url=URL, fingerprint=bytes(32), highest=None)


class Asked:
    """The service's half of an outbound witness: a checkpoint that waits, and what was sent for it."""

    def __init__(self, log: GrowingLog, size: int) -> None:
        """Take the log and how far it has grown."""
        self.log, self.size = log, size
        self.olds: list[int] = []
        self.sent: list[bytes] = []

    def witness_pending(self, *, log: str, old: int) -> bytes | None:
        """Return what there is to cosign."""
        if log != self.log.name.value:
            return None
        self.olds.append(old)
        return self.log.add(old, self.size)

    def witness_cosignatures(self, note: bytes) -> None:
        """Take a cosigned checkpoint."""
        self.sent.append(note)


def outbound(witness: OpenWitness, service: object) -> Outbound:
    """Return the outbound witness over a stand-in for the service."""
    return Outbound(witness, service)  # type: ignore[arg-type]  # two methods of it


def test_an_outbound_witness_asks_cosigns_and_sends(bench: Bench) -> None:
    """From the size it last cosigned; what it sends is the checkpoint under its own two cosignatures alone."""
    witness = bench.open()
    service = Asked(LOG, 7)
    asking = outbound(witness, service)
    assert asking.step(LogName.LOG)
    service.size = 9
    assert asking.step(LogName.LOG)

    assert service.olds == [0, 7]
    for note, size in zip(service.sent, (7, 9), strict=True):
        found = open_any(note, keys=[key.vkey for key in witness.keys])
        assert found.checkpoint == LOG.checkpoint(size)
        assert [item.timestamp for item in found.cosignatures] == [NOW, NOW]
        assert len(notes.parse_note(note).signatures) == 2


def test_an_outbound_witness_with_nothing_to_do(bench: Bench) -> None:
    """The other log: nothing came up."""
    service = Asked(LOG, 7)

    assert outbound(bench.open(), service).step(LogName.ACCESS)
    assert service.sent == []


def test_attack_a_service_that_shows_an_outbound_witness_a_fork(bench: Bench) -> None:
    """The same checks: nothing is sent, and the evidence is kept."""
    witness = bench.open()
    asking = outbound(witness, Asked(LOG, 7))
    asking.step(LogName.LOG)
    forked = Asked(GrowingLog(fork="fork"), 9)

    assert not outbound(witness, forked).step(LogName.LOG)
    assert forked.sent == []
    assert bench.events.of("not cosigned") == [{"log": "log", "status": 422}]
    assert len(bench.events.of("evidence kept")) == 1


def test_an_outbound_witness_survives_a_service_that_is_away(bench: Bench) -> None:
    """It says so, and asks again later."""

    class Away(Asked):
        def witness_pending(self, *, log: str, old: int) -> bytes | None:
            del log, old
            raise UnreachableError("nobody there")

    assert not outbound(bench.open(), Away(LOG, 7)).step(LogName.LOG)
    assert bench.events.of("not asked")[0]["error"] == "UnreachableError"


def test_an_outbound_witness_survives_a_full_disk(bench: Bench) -> None:
    """Nothing is sent that was not stored; it says so, and asks again later."""
    witness = bench.open()
    service = Asked(LOG, 7)

    class Full(WitnessFiles):
        def swap(self, held: Held | None, new: Held) -> None:
            del held, new
            raise OSError(errno.ENOSPC, "no space")

    stored = witness.cosigner._files
    witness.cosigner._files = Full(bench.place.folder / "logs", highest=bench.place.highest, own=[])
    assert not outbound(witness, service).step(LogName.LOG)
    witness.cosigner._files = stored

    assert service.sent == []
    assert bench.events.of("not asked")[0]["error"] == "OSError"
    assert outbound(witness, service).step(LogName.LOG)


def test_a_defect_ends_no_outbound_thread(bench: Bench) -> None:
    """Whatever was wrong with one answer, this log is asked for again: half a witness would look like a whole one."""

    class Broken(Asked):
        def witness_pending(self, *, log: str, old: int) -> bytes | None:
            del log, old
            raise ZeroDivisionError("a defect")

    assert not outbound(bench.open(), Broken(LOG, 7)).step(LogName.LOG)
    assert bench.events.of("not asked") == [{"log": "log", "error": "ZeroDivisionError", "why": ""}]


def test_an_outbound_witness_ends_when_told(bench: Bench) -> None:
    """Both of its threads."""
    ended = threading.Event()

    class Ending(Asked):
        def witness_pending(self, *, log: str, old: int) -> bytes | None:
            ended.set()
            return super().witness_pending(log=log, old=old)

    service = Ending(LOG, 7)
    outbound(bench.open(), service).run(until=ended)

    assert len(service.sent) <= 1


def test_the_service_is_asked_as_the_wire_says(bench: Bench) -> None:
    """Path, query, and 204 as nothing."""

    class Nothing(FakeService):
        def send(self, request: Request, *, limit: int) -> Response:
            super().send(request, limit=limit)
            return Response(status=204, content_type="", body=b"")

    service = Nothing(bench.service.files)
    assert Service(service).witness_pending(log="access", old=7) is None
    Service(service).witness_cosignatures(b"note")
    assert [(one.method, one.path, one.query, one.body) for one in service.asked] == [
        ("GET", paths.WITNESS_PENDING, "log=access&old=7", None),
        ("POST", paths.WITNESS_COSIGNATURES, "", b"note"),
    ]

"""`sealtrace mirror`: a copy in which every byte was verified before it was written, and that never goes back."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients import auditing
from clients.errors import ClientError, TrustError, UnreachableError
from clients.mirroring import Mirror, Mirrored
from clients.service import Service
from clients.sources import FolderLog
from clients.transport import Request, Response
from crypto.errors import CryptoError
from ledger.errors import BusyError, LedgerError
from ledger.findings import Verdict
from ledger.fingerprints import of_file, to_words
from ledger.notes import format_note, parse_note
from ledger.submissions import Depth
from ledger.wire import paths
from tests.support.commands import command
from tests.support.copies import filled_world
from tests.support.loopback import LoopbackTransport, found_consortium
from tests.support.matched import ask, found_matching, tick
from tests.support.services import World
from tests.support.witnessed import WitnessedWorld

A = "xaa-arms"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a service with a full tile and a partial one; nothing here changes it."""
    found = filled_world(tmp_path_factory.mktemp("service"), records=260)
    yield found
    found.close()


@pytest.fixture
def witnessed(tmp_path: Path) -> Iterator[WitnessedWorld]:
    """Return a service with four witnesses, its first charter published."""
    (tmp_path / "service").mkdir()
    found = WitnessedWorld(tmp_path / "service")
    found.found()
    found.until(lambda: len(parse_note(found.client.get(paths.CHECKPOINT).data).signatures) == 10)
    yield found
    found.close()


class Line:
    """The network between a mirror and a service: it may break, or change what goes over it."""

    def __init__(self, world: World, *, breaks_after: int | None = None, flips: str | None = None) -> None:
        """Take the service; after how many answers the line breaks, or the paths under which one bit is flipped."""
        self._inner = LoopbackTransport(world.app)
        self._left = breaks_after
        self._flips = flips
        self.asked: list[str] = []

    def send(self, request: Request, *, limit: int) -> Response:
        """Hand a request on."""
        self.asked.append(request.path)
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise UnreachableError("the line is broken")
        answer = self._inner.send(request, limit=limit)
        if self._flips is None or not request.path.startswith(self._flips):
            return answer
        body = bytearray(answer.body)
        body[-10] ^= 1
        return Response(status=answer.status, content_type=answer.content_type, body=bytes(body))


def update(world: World, folder: Path, line: Line | None = None, *, whole: bool = False) -> Mirrored:
    """Bring the mirror in a folder up to date."""
    mirror = Mirror(folder, fingerprint=of_file(world.consortium.files[1]))
    return mirror.update(Service(line or Line(world)), progress=lambda _done, _all: None, whole=whole)


def audited(world: World, folder: Path) -> auditing.Audit:
    """Audit what the folder holds, as deep as it goes."""
    return auditing.audit(
        FolderLog(folder),
        fingerprint=of_file(world.consortium.files[1]),
        depth=Depth.SIGNATURES,
        earlier=auditing.Earlier(copied=True),
        progress=lambda _done, _all: None,
    )


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the open files of a mirror; what it keeps for itself is left out."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: raw for name, raw in found.items() if name.startswith(("tile/", "v1/", "checkpoint"))}


def test_a_mirror_is_the_log_to_the_byte(world: World, tmp_path: Path) -> None:
    """Every file is what the service answers under the same path, and an audit of the folder finds nothing."""
    done = update(world, tmp_path)
    found = files_of(tmp_path)

    asked = {name: f"/{name}".replace("/v1/checkpoints/", "/v1/checkpoints?index=") for name in found}
    assert {name: world.client.get(asked[name]).data for name in found} == found
    assert {"checkpoint", "v1/charters/1", "v1/checkpoints/0", "tile/0/000", "tile/entries/000"} <= found.keys()
    assert audited(world, tmp_path).report.verdict is Verdict.UNWITNESSED
    assert audited(world, tmp_path).checkpoint.size == done.view.checkpoint.size
    assert list(FolderLog(tmp_path).missing(done.view.checkpoint.size)) == []


def test_a_second_round_fetches_next_to_nothing(world: World, tmp_path: Path) -> None:
    """What is here is not fetched again, and nothing is written."""
    update(world, tmp_path)
    line = Line(world)
    done = update(world, tmp_path, line)

    assert done.files == 0
    assert not [path for path in line.asked if path.startswith("/tile/entries")]


@pytest.mark.parametrize("breaks_after", range(1, 9))
def test_a_mirror_that_is_interrupted_goes_on(world: World, tmp_path: Path, breaks_after: int) -> None:
    """Wherever the line breaks, no checkpoint speaks for what is not there, and the next round completes it."""
    try:
        update(world, tmp_path, Line(world, breaks_after=breaks_after))
    except UnreachableError:
        assert "checkpoint" not in files_of(tmp_path)
    update(world, tmp_path)

    assert audited(world, tmp_path).report.verdict is Verdict.UNWITNESSED


@pytest.mark.parametrize(
    "path", ["/checkpoint", "/tile/0", "/tile/1", "/tile/entries", "/v1/charters", "/v1/checkpoints"]
)
def test_attack_a_bit_flipped_on_the_way(world: World, tmp_path: Path, path: str) -> None:
    """A changed answer stops the round; no byte of it is written, and no checkpoint."""
    honest = tmp_path / "honest"
    update(world, honest)
    with pytest.raises((LedgerError, ClientError, CryptoError)):
        update(world, tmp_path / "lied to", Line(world, flips=path))
    found = files_of(tmp_path / "lied to")

    assert "checkpoint" not in found
    assert found.items() <= files_of(honest).items()


def test_a_damaged_mirror_is_made_whole(world: World, tmp_path: Path) -> None:
    """With --whole everything is hashed again, and what is not the log's is fetched anew."""
    update(world, tmp_path)
    good = files_of(tmp_path)
    for name in ("tile/entries/000", "tile/0/000", "v1/charters/1", "v1/checkpoints/0"):
        (tmp_path / name).write_bytes(b"damaged" + good[name][7:])
    (tmp_path / "checkpoint").write_bytes(b"damaged")
    done = update(world, tmp_path, whole=True)

    assert files_of(tmp_path) == good
    assert done.files == 5


def test_attack_a_log_that_goes_back_is_not_followed(witnessed: WitnessedWorld, tmp_path: Path) -> None:
    """An older checkpoint, cosigned as it was, changes no file; also if the mirror's own memory was deleted."""
    old = witnessed.client.get(paths.CHECKPOINT).data
    folder = tmp_path / "mirror"
    witnessed.log(A, [witnessed.consortium.grant(A, [])])
    update(witnessed, folder)
    held = files_of(folder)

    class Older(Line):
        def send(self, request: Request, *, limit: int) -> Response:
            answer = super().send(request, limit=limit)
            return answer if request.path != paths.CHECKPOINT else Response(status=200, content_type="", body=old)

    with pytest.raises(TrustError, match="now shows 1"):
        update(witnessed, folder, Older(witnessed))
    shutil.rmtree(folder / "trusted")
    with pytest.raises(TrustError, match="this mirror has 3 entries"):
        update(witnessed, folder, Older(witnessed))
    assert files_of(folder) == held


def test_attack_a_rewritten_log_is_not_followed(tmp_path: Path) -> None:
    """A mirror that holds another history than is shown now keeps its own, even without its memory."""
    worlds = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        worlds.append(World(tmp_path / name))
        worlds[-1].found()
        worlds[-1].open_epoch(A)
    folder = tmp_path / "mirror"
    update(worlds[0], folder)
    held = files_of(folder)
    worlds[1].open_epoch("xab-arms")

    with pytest.raises(TrustError, match="no longer those verified before"):
        update(worlds[1], folder)
    shutil.rmtree(folder / "trusted")
    with pytest.raises(TrustError, match="no longer those in this mirror"):
        update(worlds[1], folder)
    assert files_of(folder) == held
    for world in worlds:
        world.close()


def test_what_the_quorum_has_not_cosigned_is_not_mirrored(witnessed: WitnessedWorld, tmp_path: Path) -> None:
    """Signed by the log alone is not published: nothing is written."""
    note = parse_note(witnessed.client.get(paths.CHECKPOINT).data)
    bare = format_note(note.text, [line for line in note.signatures if "/witness/" not in line.name])

    class Bare(Line):
        def send(self, request: Request, *, limit: int) -> Response:
            answer = super().send(request, limit=limit)
            return answer if request.path != paths.CHECKPOINT else Response(status=200, content_type="", body=bare)

    with pytest.raises(LedgerError, match="witnesses have cosigned"):
        update(witnessed, tmp_path / "mirror", Bare(witnessed))
    assert files_of(tmp_path / "mirror") == {}
    assert update(witnessed, tmp_path / "mirror").view.fresh == witnessed.clock()


def test_partial_tiles_of_older_trees_go(witnessed: WitnessedWorld, tmp_path: Path) -> None:
    """Those of the last tree stay for one round, for whoever reads under it; older ones would only pile up."""
    folder = tmp_path / "mirror"
    for _ in range(4):
        witnessed.log(A, [witnessed.consortium.grant(A, [])])
        update(witnessed, folder)

    names = sorted(name for name in files_of(folder) if ".p/" in name)
    assert names == ["tile/0/000.p/7", "tile/0/000.p/9", "tile/entries/000.p/7", "tile/entries/000.p/9"]
    assert audited(witnessed, folder).report.verdict is Verdict.VERIFIED


def test_the_mirror_of_another_log_is_refused(world: World, tmp_path: Path) -> None:
    """A folder has one pin for ever."""
    update(world, tmp_path)

    with pytest.raises(TrustError, match="another charter"):
        Mirror(tmp_path, fingerprint=bytes(32))


def test_both_logs_are_mirrored(tmp_path: Path) -> None:
    """The access log too, entry by entry, once something was asked; a bad byte of it is not written."""
    walk = found_matching(tmp_path)
    fingerprint = walk.fingerprint
    folder = tmp_path / "mirror"
    assert Mirror(folder, fingerprint=fingerprint).update(
        Service(walk.transport), progress=lambda _done, _all: None
    ).access in {None, 0}
    ask(walk, "xbe-cib", "--make", "Taurus", "--serial", "ABC12345")
    tick(walk)
    done = Mirror(folder, fingerprint=fingerprint).update(Service(walk.transport), progress=lambda _done, _all: None)

    assert done.access == 8
    again = auditing.audit(
        FolderLog(folder), fingerprint=fingerprint, depth=Depth.STRUCTURE, progress=lambda _done, _all: None
    )
    assert again.access is not None
    assert again.access.checkpoint.size == 8
    walk.close()


def test_the_command_mirrors_and_an_audit_reads_it(tmp_path: Path) -> None:
    """By address and fingerprint, or as a home has them; exit 4 where only the operator vouches."""
    walk = found_consortium(tmp_path, "xar-arms", "xbe-cib")
    words = to_words(walk.fingerprint)
    folder = tmp_path / "mirror"
    first = command(walk, "mirror", "https://ledger.test", "--charter", words, "--to", str(folder), "--json")
    second = command(walk, "mirror", "--to", str(folder), "--allow-unwitnessed", home="xar-arms")
    audit = command(walk, "audit", "--from", str(folder), "--charter", words, "--deep", "--allow-unwitnessed")

    assert (first.code, first.json["size"], first.json["witnesses"]) == (4, 1, [])
    assert (second.code, audit.code) == (0, 0)
    assert "0 of them new · UNWITNESSED" in second.output
    assert command(walk, "mirror", "--to", str(folder)).code == 2
    walk.close()


@pytest.mark.parametrize("error", [UnreachableError("nobody there"), BusyError("no room", retry_after_seconds=2)])
def test_a_mirror_that_goes_on_outlives_an_outage(tmp_path: Path, error: Exception) -> None:
    """A service that is away or without room for a while is told and asked again; asked once, it is an error."""
    walk = found_consortium(tmp_path, "xar-arms", "xbe-cib")
    words = to_words(walk.fingerprint)

    class Away:
        def __init__(self) -> None:
            self.asked = 0

        def send(self, request: Request, *, limit: int) -> Response:
            self.asked += 1
            if self.asked == 1:
                raise error
            return walk.transport.send(request, limit=limit)

    options = ("mirror", "https://ledger.test", "--charter", words, "--to", str(tmp_path / "mirror"))
    once = command(walk, *options, transport=Away())
    on = command(walk, *options, "--every", "1", transport=Away())

    assert once.code == 3
    assert (on.code, "tried again" in on.notes) == (4, True)
    walk.close()

"""An operator that signs with the log's own keys whatever it likes: a stranger's audit fails, so does a member's full sync."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clients.transport import Request, Response
from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.merkle import leaf_hash, root_of
from server.app import service_of
from tests.support.adversary import LyingServer
from tests.support.commands import command
from tests.support.lists import submit_rows
from tests.support.logfiles import publish
from tests.support.loopback import ORIGIN, Walk, found_consortium

OWNER, READER = "xar-arms", "xbe-cib"
ROWS = [{"make": "Taurus", "serial": f"ABC{number}"} for number in range(3)]
Entries = list[bytes]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Give a log of a charter, a batch of two grants, and a batch of three records, which the reader has not read."""
    found = found_consortium(tmp_path_factory.mktemp("forged"), OWNER, READER)
    submit_rows(found.session(OWNER), ROWS)
    yield found
    found.close()


@pytest.fixture
def home(walk: Walk, tmp_path: Path) -> Walk:
    """Give the consortium with homes that have followed the log from nowhere but the pin."""
    copied = walk.copy_to(tmp_path / "copy")
    for path in copied.homes[READER].trusted.glob("checkpoint"):
        path.unlink()
    return copied


def serving(walk: Walk, entries: Entries, *, origin: str = ORIGIN) -> LyingServer:
    """Return a service whose log is these entries, under good signatures of the log's own keys."""
    files = publish(entries, {})
    checkpoint = Checkpoint(origin=origin, size=len(entries), root=root_of([leaf_hash(entry) for entry in entries]))
    note = sign_checkpoint(checkpoint, ed25519=walk.keys.ed25519, ml_dsa_44=walk.keys.ml_dsa_44)

    def shown(request: Request, _true: Response) -> Response:
        body = note if request.path == "/checkpoint" else files.by_path.get(request.path.lstrip("/"))
        return Response(status=404 if body is None else 200, content_type="text/plain", body=body or b"")

    return LyingServer(walk.transport, dict.fromkeys(("checkpoint", "tile", "bundle"), shown))


def logged(walk: Walk) -> Entries:
    """Return the entries of the honest log."""
    store = service_of(walk.app).store
    return list(store.entries(0, store.head().size))


def flipped(entry: bytes) -> bytes:
    """Return an entry with one bit changed in its middle."""
    return entry[: len(entry) // 2] + bytes([entry[len(entry) // 2] ^ 1]) + entry[len(entry) // 2 + 1 :]


FORGERIES: dict[str, Callable[[Entries], Entries]] = {
    "a dropped batch": lambda entries: [entries[0], *entries[4:]],
    "a dropped record": lambda entries: [*entries[:4], *entries[5:]],
    "reordered records": lambda entries: [*entries[:4], entries[5], entries[4], *entries[6:]],
    "reordered batches": lambda entries: [entries[0], *entries[4:8], *entries[1:4]],
    "an unsigned insertion": lambda entries: [*entries[:6], flipped(entries[6]), *entries[6:]],
    "an insertion that was signed for elsewhere": lambda entries: [*entries[:7], entries[4], *entries[7:]],
    "an altered record": lambda entries: [*entries[:4], flipped(entries[4]), *entries[5:]],
    "an altered batch": lambda entries: [*entries[:7], flipped(entries[7])],
    "a replayed batch": lambda entries: [*entries, *entries[4:8]],
}


@pytest.mark.parametrize("name", sorted(FORGERIES))
def test_attack_a_log_forged_with_its_own_keys(home: Walk, name: str) -> None:
    """Every tree is well signed and every tile fits it: the batches, signed by the agencies, do not."""
    server = serving(home, FORGERIES[name](logged(home)))

    audited = command(home, "audit", "--records", "--allow-unwitnessed", home=READER, transport=server)
    synced = command(home, "sync", "--full", home=READER, transport=server)

    assert audited.code == 1
    assert synced.code == 1
    assert "Traceback" not in audited.notes + synced.notes
    home.close()


def test_attack_a_checkpoint_of_another_log_under_the_same_keys(home: Walk) -> None:
    """The origin is signed, and is the charter's or nothing is believed."""
    server = serving(home, logged(home), origin=f"{ORIGIN}/other")

    done = [command(home, word, home=READER, transport=server) for word in ("sync", "audit")]

    assert [one.code for one in done] == [1, 1]
    home.close()


def test_the_forger_is_honest_where_nothing_is_forged(home: Walk) -> None:
    """The same way of serving, of the true entries, is believed: what the others found was the forgery."""
    server = serving(home, logged(home))

    audited = command(home, "audit", "--records", "--allow-unwitnessed", home=READER, transport=server)
    synced = command(home, "sync", "--full", home=READER, transport=server)

    assert [audited.code, synced.code] == [0, 0]
    home.close()

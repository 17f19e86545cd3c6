"""What witnesses say, and what a service says of witnesses, bent in one thing at a time: refused, or the same as before."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from clients.entrytimes import EntryTimes
from clients.errors import ClientError
from clients.receipts import judge_receipt
from clients.replica import Replica
from clients.service import Service
from clients.transport import Request, Response
from clients.trust import Trust, View
from clients.witness.outbound import Outbound
from ledger.errors import LedgerError
from ledger.fingerprints import of_file
from ledger.merkle import leaf_hash, verify_inclusion
from ledger.notes import parse_note
from ledger.wire import paths, schemas
from ledger.witnesses import LogName, open_published, witness_vkeys
from server.errors import StartError
from server.evidence import open_evidence
from server.publishing.gathering import Gathering
from server.publishing.target import Target
from tests.support.adversary import bodies
from tests.support.consortium import ORIGIN, log_keys
from tests.support.keystores import DATABASE_KEY
from tests.support.loopback import LoopbackTransport
from tests.support.witnessed import WitnessedWorld
from tests.support.witnesses import ME, Bench, GrowingLog
from tests.support.witnessing import cosignatures_of, signed_note

A = "xaa-arms"
EACH = 40
OURS = (LedgerError, ClientError, StartError)
LOG = GrowingLog()
Facts = frozenset[object]


@dataclass
class Witnessed:
    """A published log with an entry time, a receipt, and a view of it."""

    world: WitnessedWorld
    folder: Path
    view: View
    receipt: bytes
    entry: bytes
    numbers: Iterator[int] = field(default_factory=count)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witnessed]:
    """Give a service with four witnesses, a charter and a batch published under them."""
    folder = tmp_path_factory.mktemp("witnessed")
    (folder / "service").mkdir()
    world = WitnessedWorld(folder / "service")
    world.found()
    receipt = world.log(A, [world.consortium.grant(A, [])])
    world.until(lambda: len(parse_note(world.client.get(paths.CHECKPOINT).data).signatures) == 10)
    trust = Trust(folder / "trusted")
    trust.pin(of_file(world.consortium.files[1]))
    service = Service(LoopbackTransport(world.app))
    view = trust.refresh(service)
    entry = world.consortium.store.entries(receipt.index, receipt.index + 1)[0]
    yield Witnessed(world, folder, view, schemas.RECEIPT.write(receipt), entry)
    world.close()


def cosignatures(scene: Witnessed) -> tuple[bytes, Callable[[bytes], Facts]]:
    """Read what a witness answers to add-checkpoint."""
    charter = scene.world.consortium.charter
    checkpoint = scene.view.checkpoint
    gathering = Gathering(Target(size=checkpoint.size, note=signed_note(checkpoint), charter=charter))
    lines = cosignatures_of(checkpoint, charter, {A: scene.world.clock()})
    return "".join(line.format() for line in lines).encode(), lambda raw: frozenset(gathering.verify(A, raw))


def monitoring(scene: Witnessed) -> tuple[bytes, Callable[[bytes], Facts]]:
    """Read the last checkpoint that a witness cosigned, before anything is signed again."""
    keys = [log_keys().vkeys]
    return scene.view.note, lambda raw: frozenset([open_evidence(raw, source=A, origin=ORIGIN, keys=keys).checkpoint])


def published(scene: Witnessed) -> tuple[bytes, Callable[[bytes], Facts]]:
    """Read a published checkpoint and who vouches for it."""

    def read(raw: bytes) -> Facts:
        found = open_published(raw, charter=scene.world.consortium.charter)
        return frozenset([found.checkpoint, *found.times.items()])

    return scene.view.note, read


def entry_time(scene: Witnessed) -> tuple[bytes, Callable[[bytes], Facts]]:
    """Read the first checkpoint that held an entry."""

    def read(raw: bytes) -> Facts:
        replica = Replica(scene.folder / f"replica-{next(scene.numbers)}.sqlite", key=DATABASE_KEY)
        try:
            return frozenset([EntryTimes(scene.view, service=Handed(raw), replica=replica).time(1)])
        finally:
            replica.close()

    return scene.world.client.get(f"{paths.FIRST_CHECKPOINT}?index=1").data, read


class Handed:
    """A service that shows one checkpoint for whatever is asked."""

    def __init__(self, note: bytes) -> None:
        """Take the checkpoint."""
        self._note = note

    def handover(self, _index: int) -> bytes:
        """Return it."""
        return self._note


def receipt(scene: Witnessed) -> tuple[bytes, Callable[[bytes], Facts]]:
    """Read a receipt that says it is witnessed."""

    def read(raw: bytes) -> Facts:
        found = schemas.RECEIPT.read(raw)
        checkpoint = judge_receipt(found, scene.world.consortium.charter)
        leaf = leaf_hash(scene.entry)
        verify_inclusion(leaf=leaf, index=found.index, size=checkpoint.size, proof=found.proof, root=checkpoint.root)
        return frozenset([found.index, checkpoint])

    return scene.receipt, read


def pending(scene: Witnessed) -> tuple[bytes, Callable[[bytes], Facts]]:
    """Read, as an outbound witness, what waits to be cosigned; the fact is what it signs and remembers."""

    def read(raw: bytes) -> Facts:
        bench = Bench(scene.folder / f"bench-{next(scene.numbers)}")
        witness = bench.open()
        asked = Pending(raw)
        if not Outbound(witness, Service(asked)).step(LogName.LOG):
            raise LedgerError("not cosigned")
        return frozenset([*asked.sent, witness.cosigner.size(ORIGIN)])

    return LOG.add(0, 7), read


class Pending:
    """A service that has this to be cosigned, and takes what comes."""

    def __init__(self, body: bytes) -> None:
        """Take what waits."""
        self._body = body
        self.sent: list[bytes] = []

    def send(self, request: Request, *, limit: int) -> Response:
        """Answer both calls of an outbound witness."""
        if request.method == "POST":
            self.sent.append(request.body or b"")
            return Response(status=204, content_type="", body=b"")
        return Response(status=200, content_type=paths.TEXT_TYPE, body=self._body[:limit])


# A published checkpoint may be shown with fewer cosignatures as long as they are a quorum.
KEPT_BACK = {published}
READ = [cosignatures, monitoring, published, entry_time, receipt, pending]


@pytest.mark.parametrize("reading", READ, ids=[reading.__name__ for reading in READ])
def test_attack_a_bent_answer_of_a_witness(
    scene: Witnessed, reading: Callable[[Witnessed], tuple[bytes, Callable[[bytes], Facts]]]
) -> None:
    """Forty ways for each kind of answer; what is taken all the same says exactly what the true one says."""
    raw, read = reading(scene)
    true = read(raw)
    outcome: Counter[str] = Counter()
    for name, body in bodies(
        raw,
        others=[one for one in (scene.view.note, b"", scene.receipt) if one != raw],
        seed=reading.__name__,
        count=EACH,
    ).items():
        try:
            found = read(body)
        except OURS:
            outcome["refused"] += 1
            continue
        if reading is pending and not found - {0}:
            outcome["refused"] += 1
            continue
        assert found == true or (found < true and reading in KEPT_BACK), name
        outcome["less" if found != true else "the same"] += 1

    assert outcome.total() == EACH
    assert outcome["refused"] > EACH // 4, outcome


def test_attack_another_witnesss_words() -> None:
    """One witness's cosignatures, good in themselves, are never taken for another's."""
    charter = Bench(Path()).charter
    first, second = charter.witness.agencies[:2]
    checkpoint = LOG.checkpoint(7)
    gathering = Gathering(Target(size=7, note=signed_note(checkpoint), charter=charter))
    lines = "".join(line.format() for line in cosignatures_of(checkpoint, charter, {first: 1_800_000_000})).encode()

    assert {line.name for line in gathering.verify(first, lines)} == {witness_vkeys(charter, ME)[0].name}
    with pytest.raises(LedgerError):
        gathering.verify(second, lines)

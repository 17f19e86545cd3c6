"""A witnessed log as a member sees it: the quorum, its freshness, its own witness, and charters that change them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clients import auditing
from clients.auditreport import verdict_in_words
from clients.entrytimes import EntryTimes
from clients.errors import StaleError, TrustError, UnseenError
from clients.freshness import in_words, is_stale, require_fresh, vouched
from clients.receipts import judge_receipt
from clients.replica import Replica
from clients.service import Service
from clients.transport import Request, Response
from clients.trust import Trust, View
from ledger.charter import Agency, Charter
from ledger.checkpoints import Checkpoint
from ledger.errors import BadSignatureError, LedgerError, NotFoundError, ProofError
from ledger.findings import Verdict
from ledger.fingerprints import of_file, to_words
from ledger.notes import format_note, parse_note
from ledger.submissions import Depth
from ledger.terms import WitnessPolicy
from ledger.wire import paths
from tests.support.consortium import make_consortium, sign_by
from tests.support.cosigners import Cosigner
from tests.support.keystores import DATABASE_KEY
from tests.support.loopback import LoopbackTransport
from tests.support.witnessed import WitnessedWorld, with_witness_keys
from tests.support.witnessing import cosignatures_of, cosigned_note

A, B, C, D = "xaa-arms", "xab-arms", "xac-arms", "xad-arms"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WitnessedWorld]:
    """Return a service with four witnesses, its first charter published."""
    (tmp_path / "service").mkdir()
    found = WitnessedWorld(tmp_path / "service")
    found.found()
    found.until(lambda: len(parse_note(found.client.get(paths.CHECKPOINT).data).signatures) == 10)
    yield found
    found.close()


class Showing:
    """A network that shows something else on some paths."""

    def __init__(self, world: WitnessedWorld, **shown: bytes) -> None:
        """Take the real service, and what is shown in its place by path and query."""
        self._inner = LoopbackTransport(world.app)
        self._shown = shown

    def send(self, request: Request, *, limit: int) -> Response:
        """Return what is shown."""
        name = request.target.strip("/").replace("/", "_").replace("?index=", "_")
        if name in self._shown:
            return Response(status=200, content_type=paths.TEXT_TYPE, body=self._shown[name])
        return self._inner.send(request, limit=limit)


def service(world: WitnessedWorld, **shown: bytes) -> Service:
    """Return the service as a stranger reaches it."""
    return Service(Showing(world, **shown))


def trust(world: WitnessedWorld, folder: Path, *, witness: str | None = None) -> Trust:
    """Return a home's trust under the consortium's pin."""
    found = Trust(folder / "trusted", witness=witness)
    found.pin(of_file(world.consortium.files[1]))
    return found


def audit(world: WitnessedWorld, reader: Service) -> auditing.Audit:
    """Audit the log."""
    pin = of_file(world.consortium.files[1])
    return auditing.audit(reader, fingerprint=pin, depth=Depth.RECORDS, progress=lambda _done, _all: None)


def stripped(note: bytes, *agencies: str) -> bytes:
    """Return a checkpoint without the cosignatures of some agencies."""
    parsed = parse_note(note)
    kept = [line for line in parsed.signatures if not line.name.endswith(agencies)]
    return format_note(parsed.text, kept)


def test_a_view_says_who_vouches_for_it(world: WitnessedWorld, tmp_path: Path) -> None:
    """Every witness with both its keys, and up to when."""
    view = trust(world, tmp_path).refresh(service(world))

    assert set(view.witnessed.times) == {A, B, C, D}
    assert view.fresh == world.clock()
    assert vouched(view, now=world.clock() + 120) == "witnessed by 4 of 4 · 2 minutes ago"
    assert in_words(cosigned=0, of=0, fresh=None, now=world.clock()) == "UNWITNESSED"


def test_a_checkpoint_without_the_quorum_is_not_believed(world: WitnessedWorld, tmp_path: Path) -> None:
    """Signed by the log and by two of four: nothing of it is taken over."""
    home = trust(world, tmp_path)
    note = stripped(service(world).checkpoint(), A, B)

    with pytest.raises(BadSignatureError, match="2 witnesses have cosigned"):
        home.refresh(service(world, checkpoint=note))
    assert home.note() is None


def test_a_frozen_log_is_called_stale(world: WitnessedWorld, tmp_path: Path) -> None:
    """A service that goes on showing yesterday's checkpoint lies in no signature: its age is what tells."""
    home = trust(world, tmp_path)
    frozen = service(world).checkpoint()
    world.clock.advance(1_801)

    view = home.refresh(service(world, checkpoint=frozen))

    assert is_stale(view.fresh, now=world.clock())
    with pytest.raises(StaleError, match="30 minutes ago"):
        require_fresh(view.fresh, now=world.clock())
    require_fresh(view.fresh, now=world.clock() - 1)
    require_fresh(None, now=world.clock())


def test_f_witnesses_that_date_ahead_hide_no_freeze(world: WitnessedWorld, tmp_path: Path) -> None:
    """One liar of four says that it saw the frozen log just now; the next newest time is what counts."""
    old = world.clock()
    checkpoint = Checkpoint.parse(parse_note(service(world).checkpoint()).text)
    note = cosigned_note(checkpoint, world.consortium.charter, {A: old + 90_000, B: old, C: old})

    view = trust(world, tmp_path).refresh(service(world, checkpoint=note))

    assert view.fresh == old


def test_an_old_checkpoint_replayed_is_a_rollback(world: WitnessedWorld, tmp_path: Path) -> None:
    """Cosigned as it was: who has seen more keeps it as evidence, and stops."""
    home = trust(world, tmp_path)
    old = service(world).checkpoint()
    world.log(A, [world.consortium.grant(A, [])])
    home.refresh(service(world))

    with pytest.raises(TrustError, match="now shows 1"):
        home.refresh(service(world, checkpoint=old))


def test_an_agency_that_witnesses_wants_its_own_word(world: WitnessedWorld, tmp_path: Path) -> None:
    """Three others are a quorum for everybody else; this home stays where it was."""
    home = trust(world, tmp_path, witness=D)
    note = stripped(service(world).checkpoint(), D)

    with pytest.raises(UnseenError, match="own witness"):
        home.refresh(service(world, checkpoint=note))
    assert home.note() is None
    assert home.refresh(service(world)).checkpoint.size == 1
    assert trust(world, tmp_path / "other", witness="xzz-arms").refresh(service(world, checkpoint=note))


def test_a_checkpoint_of_another_origin_or_with_more_lines(world: WitnessedWorld, tmp_path: Path) -> None:
    """A quorum over another log's text, or over a text with an extension line, is a quorum for nothing here."""
    charter = world.consortium.charter
    other = Checkpoint(origin="log.test/other", size=1, root=bytes(32))
    lines = cosignatures_of(other, charter, dict.fromkeys((A, B, C), world.clock()))
    note = parse_note(service(world).checkpoint())
    extended = f"{note.text}extension\n"

    for shown in (format_note(other.format(), lines), format_note(extended, note.signatures)):
        with pytest.raises(LedgerError):
            trust(world, tmp_path).refresh(service(world, checkpoint=shown))


def test_a_receipt_is_held_to_its_stage(world: WitnessedWorld) -> None:
    """What calls itself witnessed carries the quorum; what is durable carries the log's two signatures."""
    receipt = world.log(A, [world.consortium.grant(A, [])])
    charter = world.consortium.charter
    bare = replace(receipt, checkpoint=stripped(receipt.checkpoint.encode(), A, B, C, D).decode())

    assert receipt.stage == "witnessed"
    assert judge_receipt(receipt, charter).size == receipt.size
    assert judge_receipt(replace(bare, stage="durable"), charter).size == receipt.size
    with pytest.raises(BadSignatureError):
        judge_receipt(bare, charter)
    with pytest.raises(ProofError, match="names none"):
        judge_receipt(receipt, replace(charter, witness=WitnessPolicy(), agencies=_without_witness_keys(charter)))


def _without_witness_keys(charter: Charter) -> tuple[Agency, ...]:
    return tuple(
        replace(one, keys=tuple(key for key in one.keys if key.role.value != "witness")) for one in charter.agencies
    )


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    """Return an empty replica."""
    found = Replica(tmp_path / "replica.sqlite", key=DATABASE_KEY)
    yield found
    found.close()


def _view(world: WitnessedWorld, folder: Path) -> View:
    return trust(world, folder).refresh(service(world))


def test_an_entry_has_the_time_that_witnesses_gave_it(world: WitnessedWorld, tmp_path: Path, replica: Replica) -> None:
    """The second smallest time of the first checkpoint that held it; asked once, then remembered."""
    began = world.clock()
    world.clock.advance(60)
    world.log(A, [world.consortium.grant(A, [])])
    times = EntryTimes(_view(world, tmp_path), service=service(world), replica=replica)

    assert (times.time(0), times.time(1), times.time(2)) == (began, began + 60, began + 60)
    silent = EntryTimes(_view(world, tmp_path), service=service(world, v1_checkpoints_1=b""), replica=replica)
    assert silent.time(1) == began + 60
    with pytest.raises(ProofError, match="no such entry"):
        times.time(3)


def test_an_entry_time_that_is_not_proved_is_none(world: WitnessedWorld, tmp_path: Path, replica: Replica) -> None:
    """The newest checkpoint shown for an old entry, one that ends before it, one without the quorum: refused."""
    early = service(world).handover(0)
    world.log(A, [world.consortium.grant(A, [])])
    view = _view(world, tmp_path)
    world.log(A, [world.message(A, to=B)])
    late = service(world).checkpoint()

    for shown in (early, late, stripped(early, A, B), b"", b"garbage"):
        times = EntryTimes(view, service=service(world, v1_checkpoints_1=shown), replica=replica)
        with pytest.raises(LedgerError):
            times.time(1)


def test_an_audit_of_a_witnessed_log_has_seen_the_quorum(world: WitnessedWorld) -> None:
    """VERIFIED names who vouches; the same log under a checkpoint of two witnesses fails at that check."""
    world.log(A, [world.consortium.grant(A, [])])
    world.until(lambda: len(parse_note(service(world).checkpoint()).signatures) == 10)

    done = audit(world, service(world))
    short = audit(world, service(world, checkpoint=stripped(service(world).checkpoint(), C, D)))

    assert (done.report.verdict, done.witnesses, done.fresh) == (Verdict.VERIFIED, (A, B, C, D), world.clock())
    assert f"{A}, {B}" in verdict_in_words(done)
    assert short.report.verdict is Verdict.FAILED
    assert [finding.check for finding in short.report.findings] == ["checkpoint/quorum"]


class Changing:
    """A log in which charters change who witnesses."""

    def __init__(self, world: WitnessedWorld) -> None:
        """Take the world."""
        self.world = world

    def pass_charter(self, charter: Charter) -> bytes:
        """Log a charter that every member has signed, and let the witnesses learn of it."""
        current = self.world.consortium.current
        file = sign_by(charter, current.agencies, previous=current)
        answer = self.world.post_charter(file)
        assert answer.status_code == 201, answer.data
        self.world.consortium.submit_charter(file)
        self.world.learn()
        return file


@pytest.fixture
def leaving(tmp_path: Path) -> Iterator[Changing]:
    """Return an unwitnessed log, with witnesses ready for the charter that names them."""
    (tmp_path / "service").mkdir()
    world = WitnessedWorld(tmp_path / "service", consortium=make_consortium(4))
    charter = with_witness_keys(world.consortium.next_charter())
    world.cosigners = {one: Cosigner(one, [(0, charter)], world.clock) for one in charter.witness.agencies}
    world.close()
    world.open()
    world.found()
    yield Changing(world)
    world.close()


def test_a_client_follows_a_log_out_of_the_unwitnessed_state(leaving: Changing, tmp_path: Path) -> None:
    """Before, nobody vouches; from the charter on, the quorum does, and a checkpoint without it is refused."""
    world = leaving.world
    home = trust(world, tmp_path)
    before = home.refresh(service(world))
    leaving.pass_charter(with_witness_keys(world.consortium.next_charter()))
    world.until(lambda: world.published().size == 2)

    after = home.refresh(service(world))

    assert (vouched(before, now=world.clock()), before.fresh) == ("UNWITNESSED", None)
    assert after.charter.ver == 2
    assert len(after.witnessed.times) >= 3
    with pytest.raises(BadSignatureError):
        home.refresh(service(world, checkpoint=stripped(service(world).checkpoint(), A, B, C, D)))
    assert audit(world, service(world)).report.verdict is Verdict.VERIFIED


def _two_witnesses(world: WitnessedWorld) -> Charter:
    """Return the charter after the witnesses C and D are lost: A and B, who must both cosign."""
    charter = world.consortium.next_charter()
    lost = tuple(
        replace(one, keys=tuple(key for key in one.keys if key.role.value != "witness" or one.id in (A, B)))
        for one in charter.agencies
    )
    return replace(charter, agencies=lost, witness=WitnessPolicy(agencies=(A, B), k=2, f=0))


def _lose(world: WitnessedWorld) -> None:
    for agency in (C, D):
        world.cosigners[agency].down = True
    world.hurry()


def test_a_new_witness_policy_needs_the_old_quorum_once_more(world: WitnessedWorld, tmp_path: Path) -> None:
    """The first checkpoint with the charter satisfies both; a client that is shown less takes nothing over."""
    home = trust(world, tmp_path)
    home.refresh(service(world))
    Changing(world).pass_charter(_two_witnesses(world))
    world.until(lambda: world.published().size == 2)
    handover = service(world).handover(1)

    with pytest.raises(TrustError, match="only lost ones may be replaced"):
        home.refresh(service(world, v1_checkpoints_1=stripped(handover, C, D)))
    assert home.refresh(service(world)).charter.ver == 2


def test_a_lost_quorum_is_replaced_by_all_who_are_kept_and_a_person(world: WitnessedWorld, tmp_path: Path) -> None:
    """The service publishes without it on its operator's word alone, and every client stops until a person confirms."""
    home = trust(world, tmp_path)
    home.refresh(service(world))
    _lose(world)
    file = Changing(world).pass_charter(_two_witnesses(world))
    waits = world.published().size
    world.close()
    # What it takes to start without them: nobody is left whom the old charter could ask.
    world.lost = (2,)
    world.open()
    world.until(lambda: world.published().size == 2)

    with pytest.raises(TrustError, match="as only lost ones may be replaced") as caught:
        home.refresh(service(world))
    assert to_words(of_file(file)) in caught.value.next_step
    assert len(home.charters()) == 1
    home.confirm(of_file(file))
    assert home.refresh(service(world)).charter.ver == 2
    assert waits == 1


def test_a_lost_quorum_is_not_replaced_by_a_threshold(world: WitnessedWorld, tmp_path: Path) -> None:
    """Three of four members sign, which is enough for any other charter: the old witnesses stay needed."""
    home = trust(world, tmp_path)
    home.refresh(service(world))
    _lose(world)
    world.lost = (2,)
    charter, current = _two_witnesses(world), world.consortium.current
    file = sign_by(charter, current.agencies[:3], previous=current)
    assert world.post_charter(file).status_code == 201
    world.consortium.submit_charter(file)
    world.learn()
    world.close()
    world.open()
    world.until(lambda: any(one.agency == A and one.size == 2 for one in world.service.publishing.standings()))
    home.confirm(of_file(file))

    assert world.published().size == 1
    assert home.refresh(service(world)).charter.ver == 1
    signed = world.service.store.head().checkpoint
    forced = parse_note(signed)
    lines = cosignatures_of(Checkpoint.parse(forced.text), charter, dict.fromkeys((A, B), world.clock()))
    note = format_note(forced.text, [*forced.signatures, *lines])
    with pytest.raises((TrustError, LedgerError)):
        home.refresh(service(world, checkpoint=note, v1_checkpoints_1=note))
    with pytest.raises(NotFoundError):
        service(world).handover(1)

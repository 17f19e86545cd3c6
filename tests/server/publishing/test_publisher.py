"""From signed to published: the quorum, what readers see meanwhile, and what witnesses may do wrong."""

from dataclasses import replace
from http import HTTPStatus
from itertools import combinations

import pytest

from ledger.checkpoints import Checkpoint, cosign, sign_checkpoint
from ledger.identifiers import access_origin
from ledger.notes import format_note, parse_note
from ledger.statements import SealedStatement
from ledger.terms import witness_name
from ledger.wire import paths, schemas
from ledger.witnesses import entry_time, freshness, open_published, quorum_ready
from ledger.witnessing import AddCheckpoint
from server.console.facts import Facts
from server.highest import HighestSigned
from server.publishing.link import Answer
from tests.support.accesslogs import grow
from tests.support.consortium import ORIGIN, make_consortium, make_keys, sign_by, signer_of
from tests.support.cosigners import Cosigner, Twisted, with_body
from tests.support.services import World, assert_problem
from tests.support.witnessed import WitnessedWorld, make_cosigners, with_witness_keys
from tests.support.witnessing import cosignatures_of

A, B, C, D = "xaa-arms", "xab-arms", "xac-arms", "xad-arms"


def _grant(world: World) -> list[SealedStatement]:
    return [world.consortium.grant(A, world.consortium.ids)]


def _down(world: WitnessedWorld, *agencies: str) -> None:
    for agency in agencies:
        world.cosigners[agency].down = True


def _up(world: WitnessedWorld) -> None:
    for one in world.cosigners.values():
        one.down = False


def test_a_checkpoint_is_published_with_the_quorum_under_it(world: WitnessedWorld) -> None:
    """What readers see satisfies the charter: the log's two keys, and three witnesses with two keys each."""
    receipt = schemas.RECEIPT.read(world.found().data)

    assert receipt.stage == "witnessed"
    assert receipt.since is None
    cosigned = open_published(world.client.get(paths.CHECKPOINT).data, charter=world.consortium.charter)
    assert cosigned.checkpoint.size == 1
    assert len(cosigned.times) >= 3
    assert set(cosigned.times.values()) == {world.clock()}


def test_without_the_quorum_nothing_is_shown(world: WitnessedWorld) -> None:
    """It fails closed: two of four are no quorum, however long one waits; what was published stays."""
    world.found()
    # Until then what is logged counts as waiting since the charter was shown.
    world.until(lambda: world.service.publishing.pending_since is None)
    _down(world, C, D)
    world.hurry()
    world.clock.advance(7)

    receipt = world.log(A, _grant(world))

    assert (receipt.stage, receipt.size, receipt.since) == ("durable", 3, world.clock())
    assert world.published().size == 1
    assert world.service.store.head().size == 3


def test_what_is_not_published_is_not_read(world: WitnessedWorld) -> None:
    """Tiles, bundles, feeds, entries and their checkpoints end where the published log ends."""
    world.found()
    _down(world, C, D)
    world.hurry()
    world.log(A, _grant(world))

    for path in ("/tile/0/000.p/2", "/tile/entries/000.p/3", f"{paths.FIRST_CHECKPOINT}?index=1"):
        assert_problem(world.client.get(path), "not-found", 404)
    assert world.client.get("/tile/0/000.p/1").status_code == HTTPStatus.OK
    assert_problem(world.get(A, paths.entry(1)), "unwitnessed", 503)
    feed = schemas.FEED.read(world.get(A, paths.FEED, query="after=-1").data)
    assert (feed.items, feed.size) == ((), 1)


def test_a_log_that_never_had_a_quorum_shows_nothing(world: WitnessedWorld) -> None:
    """Charter 1 names witnesses: before they cosign it there is no log to read."""
    _down(world, C, D)
    world.hurry()

    receipt = schemas.RECEIPT.read(world.found().data)

    assert receipt.stage == "durable"
    assert_problem(world.client.get(paths.CHECKPOINT), "unwitnessed", 503)
    assert_problem(world.get(A, paths.FEED, query="after=-1"), "unwitnessed", 503)


def test_readers_are_told_since_when_it_waits(world: WitnessedWorld) -> None:
    """`/readyz` says so in words, until the quorum is there again."""
    world.found()
    _down(world, C, D)
    world.hurry()
    world.log(A, _grant(world))

    waiting = b"pending, unwitnessed since 2027-01-15 08:00 UTC\n"
    world.until(lambda: waiting in world.client.get(paths.READYZ).data)
    world.cosigners[C].down = False
    world.until(lambda: world.published().size == 3)
    world.until(lambda: world.client.get(paths.READYZ).data == b"ready\n")


def test_a_retry_says_that_it_is_witnessed_by_now(world: WitnessedWorld) -> None:
    """The same batch, sent again after the quorum came, is answered with the quorum under its checkpoint."""
    world.found()
    _down(world, C, D)
    world.hurry()
    grants = _grant(world)
    body = world.upload(A, grants)
    first = schemas.RECEIPT.read(world.post_batch(A, body).data)
    _up(world)
    world.until(lambda: world.published().size == 3)

    again = schemas.RECEIPT.read(world.post_batch(A, body).data)

    assert (first.stage, again.stage, again.index) == ("durable", "witnessed", first.index)
    open_published(again.checkpoint.encode(), charter=world.consortium.charter)


def test_one_witness_behind_is_brought_along(world: WitnessedWorld) -> None:
    """A witness that was away answers 409 with its size, and is asked again with the proof from there."""
    _down(world, D)
    world.found()
    world.log(A, _grant(world))
    world.cosigners[D].held[ORIGIN] = world.cosigners[C].held[ORIGIN]
    world.log(A, [world.consortium.record(A)])
    _down(world, C)
    world.cosigners[D].down = False

    receipt = world.log(A, [world.consortium.record(A)])

    assert receipt.stage == "witnessed"
    assert D in open_published(receipt.checkpoint.encode(), charter=world.consortium.charter).times
    olds = [AddCheckpoint.parse(body).old for body in world.cosigners[D].bodies]
    assert olds[0] == 0
    assert 3 in olds


def test_a_witness_is_asked_one_thing_at_a_time(world: WitnessedWorld) -> None:
    """One request an address, whatever piles up."""
    world.found()
    for _ in range(3):
        world.log(A, [world.message(A, to=B)])

    assert {one.most_at_once for one in world.cosigners.values()} == {1}


def test_the_first_checkpoint_that_held_an_entry_is_kept(world: WitnessedWorld) -> None:
    """Fresh cosignatures come and go; an entry's time stays what the first publication said."""
    world.found()
    first = world.client.get(f"{paths.FIRST_CHECKPOINT}?index=0").data
    world.clock.advance(3_000)
    world.close()
    world.open()
    world.until(lambda: _freshness(world) == world.clock())

    assert world.client.get(f"{paths.FIRST_CHECKPOINT}?index=0").data == first
    cosigned = open_published(first, charter=world.consortium.charter)
    assert entry_time(cosigned, f=1) == world.clock() - 3_000


def _freshness(world: WitnessedWorld) -> int | None:
    note = world.client.get(paths.CHECKPOINT).data
    return freshness(open_published(note, charter=world.consortium.charter), f=1)


def test_an_unchanged_log_gets_fresh_cosignatures(world: WitnessedWorld) -> None:
    """A log in which nothing happens stays fresh: it is cosigned again, of the same size, again and again."""
    world.timing = replace(world.timing, republish_seconds=0.05)
    world.close()
    world.open()
    world.found()
    world.clock.advance(600)

    world.until(lambda: _freshness(world) == world.clock())

    assert world.published().size == 1
    assert world.rows()["published"] == 1


def test_all_that_leaves_is_covered_first(world: WitnessedWorld) -> None:
    """A checkpoint is written down as signed before any witness sees it (docs/adr/0029), quorum or not."""
    world.found()
    _down(world, B, C, D)
    world.hurry()
    world.log(A, _grant(world))
    world.until(lambda: world.cosigners[A].size(ORIGIN) == 3)

    assert HighestSigned(world.config.highest).read().size == 3


def test_a_late_cosignature_is_still_shown(world: WitnessedWorld) -> None:
    """An agency that runs a witness wants its own word under the checkpoint, also when the quorum came without it."""
    _down(world, D)
    world.found()
    world.cosigners[D].down = False

    world.until(lambda: len(open_published(_note(world), charter=world.consortium.charter).times) == 4)


def _note(world: WitnessedWorld) -> bytes:
    return world.client.get(paths.CHECKPOINT).data


def _bad(answer: Answer) -> Answer:
    return replace(answer, body=answer.body.replace(b"A", b"B", 40))


@pytest.mark.parametrize(
    "twist",
    [
        with_body(b""),
        with_body(b"\x00\xff" * 200),
        with_body("— x y\n".encode()),
        with_body(b"A" * 70_000 + b"\n"),
        _bad,
        lambda answer: replace(answer, body=answer.body.split(b"\n")[0] + b"\n"),
        lambda answer: replace(answer, body=answer.body * 2),
        lambda answer: replace(answer, body=answer.body.replace(B.encode(), C.encode())),
        lambda answer: replace(answer, status=500),
        lambda answer: replace(answer, status=409, body=b"1\n", content_type="text/x.tlog.size"),
        lambda answer: replace(answer, status=409, body=b"01\n", content_type="text/x.tlog.size"),
        lambda answer: replace(answer, status=409, body=b"999\n", content_type="text/x.tlog.size"),
        lambda answer: replace(answer, status=409, body=b"one\n", content_type="text/plain"),
        lambda answer: replace(answer, status=302),
    ],
    ids=[
        "nothing",
        "garbage",
        "no signature",
        "huge",
        "bad signature",
        "one algorithm",
        "twice",
        "another's name",
        "failure",
        "always a conflict",
        "a size in another spelling",
        "a larger size",
        "a conflict without size",
        "redirect",
    ],
)
def test_a_witness_that_answers_wrongly_counts_for_nothing(world: WitnessedWorld, twist: object) -> None:
    """Its answer is thrown away whole; the three others make the quorum without it."""
    world.cosigners[B] = Twisted(B, [(0, world.consortium.charter)], world.clock, twist=twist)  # type: ignore[arg-type]
    world.close()
    world.open()

    receipt = schemas.RECEIPT.read(world.found().data)

    assert receipt.stage == "witnessed"
    times = open_published(receipt.checkpoint.encode(), charter=world.consortium.charter).times
    assert set(times) == {A, C, D}
    world.until(lambda: next(one for one in world.service.publishing.standings() if one.agency == B).failures > 0)


def test_a_cosignature_of_another_log_counts_for_nothing(world: WitnessedWorld) -> None:
    """The same keys over another origin, or over another size, are no word for this tree."""
    other = Checkpoint(origin="log.test/other", size=1, root=bytes(32))
    lines = cosignatures_of(other, world.consortium.charter, {B: world.clock()})
    body = "".join(line.format() for line in lines).encode()
    world.cosigners[B] = Twisted(B, [(0, world.consortium.charter)], world.clock, twist=with_body(body))
    world.close()
    world.open()

    receipt = schemas.RECEIPT.read(world.found().data)

    assert B not in open_published(receipt.checkpoint.encode(), charter=world.consortium.charter).times


def test_a_cosignature_by_a_revoked_key_counts_for_nothing(world: WitnessedWorld) -> None:
    """A key that the charter in force does not name speaks for nobody, under whatever name."""
    stranger = make_keys(B, start=90)[0]
    assert stranger.algorithm is not None

    class Stranger(Cosigner):
        def lines(self, checkpoint: Checkpoint) -> bytes:
            name = witness_name(ORIGIN, B)
            return cosign(checkpoint, name=name, signer=signer_of(stranger), timestamp=self.clock()).format().encode()

    world.cosigners[B] = Stranger(B, [(0, world.consortium.charter)], world.clock)
    world.close()
    world.open()

    receipt = schemas.RECEIPT.read(world.found().data)

    assert set(open_published(receipt.checkpoint.encode(), charter=world.consortium.charter).times) == {A, C, D}


def test_a_back_dated_cosignature_moves_no_entry_time(world: WitnessedWorld) -> None:
    """One dishonest witness of four cannot make an entry older, nor a checkpoint fresher, than an honest one says."""
    world.cosigners[B].clock = lambda: world.clock() - 86_400
    world.found()
    world.until(lambda: len(open_published(_note(world), charter=world.consortium.charter).times) == 4)

    cosigned = open_published(_note(world), charter=world.consortium.charter)

    assert cosigned.times[B] == world.clock() - 86_400
    assert entry_time(cosigned, f=1) == world.clock()
    assert freshness(cosigned, f=1) == world.clock()


def test_a_split_view_to_two_witnesses_is_published_to_neither(world: WitnessedWorld) -> None:
    """Two honest witnesses shown one tree and two another are no quorum for either of them."""
    world.found()
    # The slowest of four is still asked when three have answered: it would forget the fork that it is shown next.
    world.until(lambda: all(one.size(ORIGIN) for one in world.cosigners.values()))
    forked = Checkpoint(origin=ORIGIN, size=2, root=bytes(32))
    for agency in (C, D):
        world.cosigners[agency].held[ORIGIN] = forked
    world.hurry()

    receipt = world.log(A, _grant(world))

    assert receipt.stage == "durable"
    assert world.published().size == 1
    world.until(lambda: all(one.failures for one in world.service.publishing.standings() if one.agency in (C, D)))


@pytest.mark.parametrize(("liars", "trees"), [((B,), 1), ((B, C), 2)], ids=["f", "f and one more"])
def test_a_fork_needs_more_dishonest_witnesses_than_the_charter_tolerates(
    world: WitnessedWorld, liars: tuple[str, ...], trees: int
) -> None:
    """However the honest are split between two signed trees, f liars give one a quorum; f and one more give both one."""
    charter = world.consortium.charter
    honest = [agency for agency in (A, B, C, D) if agency not in liars]
    forks = [Checkpoint(origin=ORIGIN, size=2, root=bytes([fill]) * 32) for fill in (1, 2)]
    most = max(
        sum(_has_quorum(world, fork, (*liars, *shown)) for fork, shown in zip(forks, (one, other), strict=True))
        for count in range(len(honest) + 1)
        for one in combinations(honest, count)
        for other in [tuple(agency for agency in honest if agency not in one)]
    )

    witness = Cosigner(A, [(0, charter)], world.clock)
    bodies = [
        AddCheckpoint(old=old, checkpoint=_signed(world, fork)).format()
        for old, fork in zip((0, 2), forks, strict=True)
    ]
    assert [witness.add_checkpoint(body).status for body in bodies] == [200, 422]
    assert most == trees


def _signed(world: WitnessedWorld, checkpoint: Checkpoint) -> bytes:
    return sign_checkpoint(checkpoint, ed25519=world.keys.ed25519, ml_dsa_44=world.keys.ml_dsa_44)


def _has_quorum(world: WitnessedWorld, checkpoint: Checkpoint, agencies: tuple[str, ...]) -> bool:
    lines = cosignatures_of(checkpoint, world.consortium.charter, dict.fromkeys(agencies, world.clock()))
    note = parse_note(_signed(world, checkpoint))
    raw = format_note(note.text, [*note.signatures, *lines])
    return quorum_ready(raw, charter=world.consortium.charter)


def test_the_charter_that_leaves_the_unwitnessed_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Published when signed until then; from that charter on, only under its quorum."""
    world = WitnessedWorld(tmp_path_factory.mktemp("leaving"), consortium=make_consortium(4))
    world.cosigners = {}
    try:
        world.found()
        charter = with_witness_keys(world.consortium.next_charter())
        file = sign_by(charter, world.consortium.current.agencies, previous=world.consortium.current)
        world.cosigners = make_cosigners(charter, world.clock)
        world.close()
        world.open()
        world.hurry()
        _down(world, *world.cosigners)
        pending = schemas.RECEIPT.read(world.post_charter(file).data)
        unseen = world.published().size
        world.learn()
        _up(world)
        world.until(lambda: world.published().size == 2)

        assert (pending.stage, unseen) == ("durable", 1)
        open_published(world.client.get(paths.CHECKPOINT).data, charter=charter, previous=world.consortium.charter)
    finally:
        world.close()


def test_the_console_says_what_waits_and_who_fails(world: WitnessedWorld) -> None:
    """An operator reads on the first page since when the log waits, and which witness is silent and why."""
    world.found()
    _down(world, C, D)
    world.hurry()
    world.log(A, _grant(world))
    world.until(lambda: sum(one.failures > 0 for one in world.service.publishing.standings()) == 2)

    facts = Facts(world.service, world.config)
    found = facts.log()
    facts.close()

    assert (found.published, found.size, found.pending_since) == (1, 3, world.clock())
    assert {one.agency: one.failure for one in found.witnesses if one.failures} == dict.fromkeys(
        (C, D), "no answer (it is down)"
    )
    assert found.not_signing is None


def test_what_comes_next_has_not_waited_for_what_was_published_before(world: WitnessedWorld) -> None:
    """A log that grows all the time is not said to wait since the day it began to."""
    world.found()
    begun = world.clock()
    _down(world, C, D)
    world.hurry()
    waited: dict[int, int | None] = {}
    cosigner, honest = world.cosigners[A], world.cosigners[A].add_checkpoint

    def note(body: bytes) -> Answer:
        waited[_size_in(body)] = world.service.publishing.pending_since
        return honest(body)

    cosigner.add_checkpoint = note  # type: ignore[method-assign]  # it answers as before, and writes down when
    for _ in range(2):  # publishing passes over no charter: two are two steps
        current = world.consortium.current
        file = sign_by(world.consortium.next_charter(), current.agencies, previous=current)
        assert world.post_charter(file).status_code == HTTPStatus.CREATED
        world.consortium.submit_charter(file)
        world.until(lambda: 2 in waited)
        world.clock.advance(60)
    _up(world)
    world.until(lambda: world.published().size == 3)

    assert waited[3] == begun + 120
    assert waited[2] == begun


def _size_in(body: bytes) -> int:
    return Checkpoint.parse(parse_note(AddCheckpoint.parse(body).checkpoint).text).size


def test_a_new_charter_has_the_access_log_cosigned_anew(world: WitnessedWorld) -> None:
    """Readers ask for its quorum from then on: they do not wait until the cosignatures are old."""
    world.found()
    grow(world, 1)
    asked = _asked_for_access(world)
    current = world.consortium.current
    file = sign_by(world.consortium.next_charter(), current.agencies, previous=current)

    assert world.post_charter(file).status_code == HTTPStatus.CREATED
    world.until(lambda: _asked_for_access(world) > asked)


def _asked_for_access(world: WitnessedWorld) -> int:
    return sum(access_origin(ORIGIN).encode() in body for body in world.cosigners[A].bodies)

"""A witness at work: what it signs verifies, what it signed it never takes back, and what it refused it keeps."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from clients.errors import HomeError
from clients.witness import slots
from clients.witness.cosigner import UNAVAILABLE
from clients.witness.opening import OpenWitness
from clients.witness.state import Held, Reached, WitnessFiles
from crypto.digests import sha256
from ledger import notes
from ledger.checkpoints import open_any, open_cosigned
from ledger.errors import ConflictError, MalformedError
from ledger.merkle import root_of
from ledger.terms import WitnessPolicy
from ledger.witnesses import LogName, open_published
from ledger.witnessing import SIZE_TYPE, AddCheckpoint, SignSubtree
from tests.support.consortium import NOW, ORIGIN, sign_by
from tests.support.witnesses import ME, Bench, FakeService, GrowingLog, statuses, text_of
from tests.support.witnessing import cosignatures_of, witnessed_charter

LOG, FORK, ACCESS = GrowingLog(), GrowingLog(fork="fork"), GrowingLog(name=LogName.ACCESS)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A place for a witness."""
    return Bench(tmp_path)


@pytest.fixture
def witness(bench: Bench) -> OpenWitness:
    """A witness that has seen nothing."""
    return bench.open()


def cosigned(witness: OpenWitness, size: int, answer: bytes, log: GrowingLog = LOG) -> list[int]:
    """Return the times of our cosignatures in an answer, once they verify over that checkpoint."""
    keys = [key.vkey for key in witness.keys]
    text = log.checkpoint(size).format().encode()
    return [item.timestamp for item in open_any(text + b"\n" + answer, keys=keys).cosignatures]


def test_both_cosignatures_come_in_one_answer(witness: OpenWitness) -> None:
    """Ed25519 and ML-DSA-44, at one time, over the whole tree."""
    answer = witness.cosigner.add_checkpoint(LOG.add(0, 7))

    assert answer.status == 200
    assert cosigned(witness, 7, answer.body) == [NOW, NOW]
    assert [len(notes.parse_signature(line).signature) for line in text_of(answer).splitlines()] == [72, 2_428]


def test_a_cosigned_checkpoint_is_published(witness: OpenWitness, bench: Bench) -> None:
    """What a witness answers, put below the checkpoint, is what the quorum counts."""
    answer = witness.cosigner.add_checkpoint(LOG.add(0, 7))
    others = cosignatures_of(LOG.checkpoint(7), bench.charter, {bench.charter.witness.agencies[1]: NOW + 3})
    note = LOG.note(7) + answer.body + "".join(line.format() for line in others).encode()

    assert open_published(note, charter=bench.charter).times == {ME: NOW, bench.charter.witness.agencies[1]: NOW + 3}


def test_both_logs_are_witnessed_apart(witness: OpenWitness) -> None:
    """The access log has its own state under its own origin."""
    assert statuses(witness, LOG.add(0, 7), ACCESS.add(0, 3), LOG.add(7, 9), ACCESS.add(3, 4)) == [200] * 4
    assert [witness.cosigner.size(origin) for origin in (ORIGIN, f"{ORIGIN}/access", "other")] == [9, 4, 0]


def test_the_size_of_a_conflict(witness: OpenWitness) -> None:
    """The body and the type that the specification names."""
    witness.cosigner.add_checkpoint(LOG.add(0, 7))
    answer = witness.cosigner.add_checkpoint(LOG.add(3, 9))

    assert (answer.status, answer.body, answer.content_type) == (409, b"7\n", SIZE_TYPE)


def test_a_monitor_sees_the_last_cosigned_checkpoint(witness: OpenWitness) -> None:
    """With the log's signatures and ours, and nobody else's."""
    stranger = notes.NoteSignature(name="stranger", key_id=b"1234", signature=bytes(64)).format().encode()
    witness.cosigner.add_checkpoint(LOG.add(0, 7))
    witness.cosigner.add_checkpoint(LOG.add(7, 9) + stranger)
    shown = witness.cosigner.monitor(sha256(ORIGIN.encode()).hex())
    opened = open_cosigned(
        shown.body,
        origin=ORIGIN,
        vkeys=Bench(Path()).charter.log.vkeys,
        witnesses=[key.vkey for key in witness.keys],
    )

    assert shown.status == 200
    assert opened.checkpoint == LOG.checkpoint(9)
    assert [item.timestamp for item in opened.cosignatures] == [NOW, NOW]
    assert b"stranger" not in shown.body


@pytest.mark.parametrize("digest", [sha256(b"other").hex(), "../" * 21 + "a", "", "A" * 64])
def test_a_monitor_of_no_log_sees_nothing(witness: OpenWitness, digest: str) -> None:
    """404, whatever is asked for."""
    assert witness.cosigner.monitor(digest).status == 404


def test_a_subtree_is_signed_with_time_0(witness: OpenWitness) -> None:
    """By the ML-DSA-44 key alone, over leaves of a checkpoint that was cosigned here."""
    witness.cosigner.add_checkpoint(LOG.add(0, 8))
    note = witness.cosigner.monitor(sha256(ORIGIN.encode()).hex()).body
    leaves = LOG._leaves(8)
    body = SignSubtree(start=4, end=8, node=root_of(leaves[4:]), proof=(root_of(leaves[:4]),), checkpoint=note).format()
    answer = witness.cosigner.sign_subtree(body)

    line = notes.parse_signature(text_of(answer).removesuffix("\n"))
    assert answer.status == 200
    assert line.key_id == witness.keys[1].vkey.key_id
    assert line.signature[:8] == bytes(8)
    assert witness.cosigner.sign_subtree(body.replace(b"subtree 4 8", b"subtree 3 8")).status == 400


def test_a_restart_goes_on_where_it_was(bench: Bench) -> None:
    """From the file; and what was cosigned before is told."""
    statuses(bench.open(), LOG.add(0, 7))

    again = bench.open()

    assert statuses(again, LOG.add(0, 9), LOG.add(7, 9)) == [409, 200]


def test_attack_a_fork_is_refused_and_kept(bench: Bench, witness: OpenWitness) -> None:
    """Two trees of one size, both signed by the log: the files convict it."""
    statuses(witness, LOG.add(0, 7))
    found = statuses(witness, FORK.add(7, 7), FORK.add(7, 12), FORK.add(7, 7))

    kept = sorted((bench.folder / "witness" / "evidence").glob("*.request"))
    held = [path.with_suffix(".held").read_bytes() for path in kept]
    assert found == [422, 422, 422]
    texts = {path.read_bytes().split(b"\n\n")[1] for path in kept}
    assert texts == {FORK.checkpoint(size).format().removesuffix("\n").encode() for size in (7, 12)}
    assert all(open_any(note, keys=[key.vkey for key in witness.keys]).checkpoint == LOG.checkpoint(7) for note in held)
    assert len(bench.events.of("evidence kept")) == 2


def test_attack_rubbish_proofs_do_not_fill_the_disk(bench: Bench, witness: OpenWitness) -> None:
    """Anybody has a checkpoint of the log to send: one of them is kept once, whatever proof comes with it."""
    statuses(witness, LOG.add(0, 7))
    checkpoint = LOG.note(9)
    for number in range(20):
        proof = bytes([number]) * 32
        body = replace_proof(checkpoint, proof)
        assert statuses(witness, body) == [422]

    assert len(list((bench.folder / "witness" / "evidence").glob("*.request"))) == 1


def replace_proof(checkpoint: bytes, proof: bytes) -> bytes:
    """Return a body of old size 7 with one hash for a proof."""
    return AddCheckpoint(old=7, proof=(proof,), checkpoint=checkpoint).format()


def test_attack_two_requests_at_once(bench: Bench) -> None:
    """Two branches race from one size, many times: one is cosigned, and no answer of the other kind ever leaves."""
    witness = bench.open()
    statuses(witness, LOG.add(0, 1))
    barrier = threading.Barrier(2)

    def send(body: bytes) -> int:
        barrier.wait()
        return statuses(witness, body)[0]

    size = 1
    with ThreadPoolExecutor(2) as pool:
        for step in range(12):
            bodies = [LOG.add(size, size + 1 + step % 2), LOG.add(size, size + 2 - step % 2)]
            found = list(pool.map(send, bodies))
            assert sorted(found) in ([200, 409], [200, 422])
            size = witness.cosigner.size(ORIGIN)


def test_attack_two_programs_on_one_folder(bench: Bench) -> None:
    """A second witness over the same files cannot make the first one go back."""
    first, second = bench.open(), bench.open()
    assert statuses(first, LOG.add(0, 7)) == [200]

    assert statuses(second, LOG.add(0, 5)) == [409]
    assert statuses(second, LOG.add(7, 9)) == [200]
    assert statuses(first, LOG.add(7, 8), LOG.add(9, 9)) == [409, 200]


def test_attack_a_request_that_is_overtaken(bench: Bench, witness: OpenWitness) -> None:
    """Judged on seven, stored on nine: the swap fails, and it is judged anew."""
    files = WitnessFiles(
        bench.place.folder / "logs", highest=bench.place.highest, own=[key.vkey for key in witness.keys]
    )
    statuses(witness, LOG.add(0, 7))
    before = files.held(ORIGIN)
    statuses(witness, LOG.add(7, 9))
    now = files.held(ORIGIN)
    assert now is not None

    with pytest.raises(ConflictError):
        files.swap(before, Held(note=now.note, checkpoint=now.checkpoint, time=NOW))
    assert files.held(ORIGIN) == now


def test_attack_an_older_state_put_back(bench: Bench) -> None:
    """The second file remembers: the witness does not start."""
    witness = bench.open()
    statuses(witness, LOG.add(0, 7))
    file = _state_file(bench)
    old = file.read_bytes()
    statuses(witness, LOG.add(7, 9))
    file.write_bytes(old)

    with pytest.raises(HomeError, match="an older state was put back"):
        bench.open()


def test_attack_a_state_that_was_deleted(bench: Bench) -> None:
    """Nothing is an older state too."""
    statuses(bench.open(), LOG.add(0, 7))
    _state_file(bench).unlink()

    with pytest.raises(HomeError, match=r"cosigned 7 entries of .* and its state says 0"):
        bench.open()


def test_attack_the_whole_folder_put_back(bench: Bench, tmp_path: Path) -> None:
    """With the second file on another disk, a snapshot of the folder alone is noticed."""
    bench.highest = tmp_path / "elsewhere"
    statuses(bench.open(), LOG.add(0, 7))
    file = _state_file(bench)
    old = file.read_bytes()
    statuses(bench.open(), LOG.add(7, 9))
    file.write_bytes(old)

    with pytest.raises(HomeError, match="older state"):
        bench.open()


def test_attack_both_files_put_back(bench: Bench) -> None:
    """Then the log's own published checkpoint still shows how far our cosignatures went."""
    witness = bench.open()
    statuses(witness, LOG.add(0, 7))
    files = {path: path.read_bytes() for path in (_state_file(bench), bench.place.highest)}
    answer = witness.cosigner.add_checkpoint(LOG.add(7, 9))
    for path, raw in files.items():
        path.write_bytes(raw)
    bench.service.published = LOG.note(9) + answer.body

    with pytest.raises(HomeError, match="our own cosignature of 9 entries and our state says 7"):
        bench.open()


def test_both_files_put_back_and_hidden_by_the_log_are_not_noticed(bench: Bench) -> None:
    """The limit, stated in decision 45: nobody is left who could say."""
    witness = bench.open()
    statuses(witness, LOG.add(0, 7))
    files = {path: path.read_bytes() for path in (_state_file(bench), bench.place.highest)}
    statuses(witness, LOG.add(7, 9))
    for path, raw in files.items():
        path.write_bytes(raw)

    assert statuses(bench.open(), FORK.add(7, 9), LOG.add(7, 8)) == [422, 200]


def test_a_state_of_another_tree_is_noticed(bench: Bench) -> None:
    """Same size, another root: signed by us, and not what we answered last."""
    bench.highest = bench.folder / "highest"
    statuses(bench.open(), LOG.add(0, 7))
    other = Bench(bench.folder / "other")
    statuses(other.open(), FORK.add(0, 7))
    _state_file(bench).write_bytes(_state_file(other).read_bytes())

    with pytest.raises(HomeError, match="another tree"):
        bench.open()


@pytest.mark.parametrize("damage", ["cut", "changed", "unsigned", "bare", "of another log", "open to others"])
def test_a_state_file_that_is_not_ours_stops_the_witness(bench: Bench, damage: str) -> None:
    """What no key of ours has signed decides nothing."""
    statuses(bench.open(), LOG.add(0, 7), ACCESS.add(0, 7))
    file = _state_file(bench)
    match damage:
        case "cut":
            file.write_bytes(file.read_bytes()[:-9])
        case "changed":
            file.write_bytes(file.read_bytes().replace(b"\n7\n", b"\n8\n"))
        case "unsigned":
            slots.update(file, lambda _: LOG.note(7))
        case "bare":
            file.write_bytes(LOG.note(7))
        case "of another log":
            access = sha256(f"{ORIGIN}/access".encode()).hex()
            file.write_bytes(file.with_name(f"{access}.checkpoint").read_bytes())
        case _:
            file.chmod(0o644)

    with pytest.raises(HomeError, match="checkpoint"):
        bench.open()


@pytest.mark.parametrize(
    "text", [b"\xff\n", b"no line\n", b"1 7 AAAA log\n", b"01 0 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= log\n"]
)
def test_a_damaged_second_file_stops_the_witness(bench: Bench, text: bytes) -> None:
    """It is what the state is judged by, whether its slots are whole or not."""
    witness = bench.open()
    statuses(witness, LOG.add(0, 7))
    slots.update(bench.place.highest, lambda _: text)
    for damage in (lambda: None, lambda: bench.place.highest.write_bytes(text)):
        damage()
        with pytest.raises(HomeError, match="highest cannot be believed"):
            bench.open()
        with pytest.raises(HomeError, match="highest cannot be believed"):
            statuses(witness, LOG.add(witness.cosigner.size(ORIGIN), 9))


def test_the_second_file_never_goes_back(bench: Bench) -> None:
    """Whoever is slower to write it down takes nothing from who was faster."""
    witness = bench.open()
    statuses(witness, LOG.add(0, 7), ACCESS.add(0, 3))
    before = witness.cosigner._files.held(ORIGIN)
    statuses(witness, LOG.add(7, 9))
    assert before is not None
    witness.cosigner._files._raise(Reached(checkpoint=before.checkpoint, time=before.time))

    lines = (slots.read(bench.place.highest) or b"").decode().splitlines()
    assert [line.split()[1] for line in lines] == ["9", "3"]


def test_a_line_of_the_second_file_has_one_spelling() -> None:
    """Round trip, and nothing else."""
    reached = Reached(checkpoint=LOG.checkpoint(7), time=NOW)

    assert Reached.parse(reached.format()) == reached
    with pytest.raises(MalformedError):
        Reached.parse(reached.format().removesuffix("\n"))


def test_the_second_file_is_never_ahead(bench: Bench) -> None:
    """A crash between the two leaves it behind: that is no rollback."""
    witness = bench.open()
    statuses(witness, LOG.add(0, 7))
    before = bench.place.highest.read_bytes()
    statuses(witness, LOG.add(7, 9))
    bench.place.highest.write_bytes(before)

    assert statuses(bench.open(), LOG.add(9, 10)) == [200]


@pytest.mark.parametrize("back", [1, 60])
def test_a_clock_that_is_set_back_a_little_signs_the_earlier_time_again(bench: Bench, back: int) -> None:
    """Never a lower timestamp than one before, over a restart too."""
    witness = bench.open()
    statuses(witness, LOG.add(0, 7))
    bench.clock.now -= back

    for running in (witness, bench.open()):
        size = running.cosigner.size(ORIGIN)
        answer = running.cosigner.add_checkpoint(LOG.add(size, size + 1))
        assert cosigned(running, size + 1, answer.body) == [NOW, NOW]


@pytest.mark.parametrize("now", [NOW - 61, NOW - 10**8, 0, -5])
def test_attack_a_clock_turned_back(bench: Bench, now: int) -> None:
    """One of the two times was wrong: nothing is signed until the clock has caught up."""
    witness = bench.open()
    statuses(witness, LOG.add(0, 7))
    bench.clock.now = now

    assert statuses(witness, LOG.add(7, 9)) == [UNAVAILABLE]
    assert bench.events.of("clock went back") == [{"origin": ORIGIN}]
    assert statuses(bench.open(), LOG.add(7, 9)) == [UNAVAILABLE]
    bench.clock.now = NOW + 1
    assert statuses(witness, LOG.add(7, 9)) == [200]


def test_a_resubmission_gives_a_fresh_time(bench: Bench, witness: OpenWitness) -> None:
    """The same size again, ten minutes later."""
    statuses(witness, LOG.add(0, 7))
    bench.clock.now += 600

    answer = witness.cosigner.add_checkpoint(LOG.add(7, 7))

    assert cosigned(witness, 7, answer.body) == [NOW + 600, NOW + 600]


def test_nothing_is_signed_before_a_charter_names_this_agency(tmp_path: Path) -> None:
    """The logs of a charter that asks somebody else are unknown here: 404."""
    charter = witnessed_charter(3, k=2, f=0)
    others = charter.witness.agencies[1:]
    agencies = tuple(
        replace(agency, keys=tuple(key for key in agency.keys if key.role.value != "witness" or agency.id != ME))
        for agency in charter.agencies
    )
    charter = replace(charter, agencies=agencies, witness=WitnessPolicy(agencies=others, k=2, f=0))
    bench = Bench(tmp_path, service=FakeService([(0, sign_by(charter, charter.agencies))]))
    witness = bench.open()
    doubts: list[None] = []
    witness.cosigner.doubt = lambda: doubts.append(None)

    assert statuses(witness, LOG.add(0, 7)) == [404]
    assert doubts == [None]


def test_a_flood_of_overtaking_requests_is_answered(bench: Bench, witness: OpenWitness) -> None:
    """Whoever is overtaken again and again is told to come back."""

    class Overtaken(WitnessFiles):
        def swap(self, held: Held | None, new: Held) -> None:
            del held, new
            raise ConflictError("overtaken")

    witness.cosigner._files = Overtaken(bench.place.folder / "logs", highest=bench.place.highest, own=[])

    assert statuses(witness, LOG.add(0, 7)) == [UNAVAILABLE]


def test_events_name_no_key_and_no_signature(bench: Bench, witness: OpenWitness) -> None:
    """Structured, and nothing of a body in them."""
    statuses(witness, LOG.add(0, 7), FORK.add(7, 7), b"rubbish")

    told = {name for event in bench.events.noted for name in event[1]}
    assert told <= {"origin", "size", "time", "status", "file", "version", "witness"}


def _state_file(bench: Bench) -> Path:
    return bench.place.folder / "logs" / f"{sha256(ORIGIN.encode()).hex()}.checkpoint"

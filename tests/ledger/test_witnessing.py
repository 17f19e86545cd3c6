"""A witness's answers, status by status, over the published transcript and over our own two keys (C2SP tlog-witness)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64
from crypto.signing import Algorithm, PublicKey
from ledger import notes
from ledger.checkpoints import Checkpoint, cosign_subtree, open_any, sign_checkpoint, vkey
from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.merkle import EMPTY_ROOT, leaf_hash, proof_ranges, root_of
from ledger.witnesses import LogName, witness_vkeys
from ledger.witnessing import (
    MAX_BODY_BYTES,
    SIZE_TYPE,
    Accept,
    AcceptSubtree,
    AddCheckpoint,
    KnownLog,
    Refuse,
    SignSubtree,
    Status,
    WitnessState,
    judge_add,
    judge_subtree,
    known_logs,
)
from tests.support.consortium import NOW, ORIGIN, agency_ids, log_keys, signer
from tests.support.reference import vector_json
from tests.support.witnessing import cosignatures_of, signed_note, witnessed_charter

CHARTER = witnessed_charter(3, k=2, f=0)
ME = agency_ids(1)[0]
LEAVES = [leaf_hash(bytes([number])) for number in range(40)]
OTHER_LEAVES = [leaf_hash(bytes([number, 1])) for number in range(40)]


def tree(size: int, leaves: Sequence[bytes] = LEAVES) -> Checkpoint:
    """Return the checkpoint of the first `size` leaves."""
    return Checkpoint(origin=ORIGIN, size=size, root=root_of(leaves[:size]))


def proof(old: int, new: int, leaves: Sequence[bytes] = LEAVES) -> tuple[bytes, ...]:
    """Return the consistency proof between two sizes."""
    ranges = proof_ranges(start=0, end=old, size=new) if old else ()
    return tuple(root_of(leaves[part.start : part.stop]) for part in ranges)


def add(old: int, new: int, leaves: Sequence[bytes] = LEAVES) -> bytes:
    """Return an honest add-checkpoint body."""
    return AddCheckpoint(old=old, proof=proof(old, new, leaves), checkpoint=signed_note(tree(new, leaves))).format()


@dataclass
class Witness:
    """What a witness does with the decisions, in memory."""

    logs: Mapping[str, KnownLog] = field(default_factory=lambda: known_logs([(0, CHARTER)]))
    held: dict[str, Checkpoint] = field(default_factory=dict)

    @property
    def state(self) -> WitnessState:
        """Return what it knows."""
        return WitnessState(logs=self.logs, own={ORIGIN: witness_vkeys(CHARTER, ME)}, held=self.held)

    def add(self, body: bytes) -> Accept | Refuse:
        """Judge, and store what is accepted."""
        found = judge_add(body, self.state)
        if isinstance(found, Accept):
            assert found.held == self.held.get(found.checkpoint.origin)
            self.held[found.checkpoint.origin] = found.checkpoint
        return found

    def status(self, body: bytes) -> int:
        """Return the status of an answer."""
        found = self.add(body)
        return Status.OK if isinstance(found, Accept) else found.status


@pytest.fixture
def witness() -> Witness:
    """A witness that has seen nothing."""
    return Witness()


@pytest.fixture
def at_seven() -> Witness:
    """A witness that has cosigned seven entries."""
    found = Witness()
    assert found.status(add(0, 7)) == Status.OK
    return found


def test_the_published_transcript() -> None:
    """All eleven requests of sunlight's witness, in order: the statuses, and the size in a conflict."""
    transcript = vector_json("tlog/derived/witness_add_checkpoint.json")
    origin = transcript["origin"]
    key = PublicKey(algorithm=Algorithm.ED25519, raw=bytes.fromhex(transcript["log_ed25519_public_key_hex"]))
    witness = Witness(logs={origin: KnownLog(origin=origin, generations=((-1, (vkey(origin, key),)),))})
    found = [witness.add(case["request_body"].encode()) for case in transcript["cases"]]

    statuses = [Status.OK if isinstance(one, Accept) else one.status for one in found]
    assert statuses == [case["status"] for case in transcript["cases"]]
    assert len(statuses) == 11
    conflicts = [one.body.decode() for one in found if isinstance(one, Refuse) and one.status is Status.CONFLICT]
    assert conflicts == [case["body_contains"] for case in transcript["cases"] if case["status"] == 409]


def test_a_log_that_grows_is_cosigned(witness: Witness) -> None:
    """From nothing to one, by twos and by many."""
    steps = [(0, 1), (1, 2), (2, 4), (4, 7), (7, 8), (8, 39)]

    assert [witness.status(add(*step)) for step in steps] == [Status.OK] * 6
    assert witness.held[ORIGIN] == tree(39)


def test_the_same_size_again_is_cosigned_again(at_seven: Witness) -> None:
    """For a fresh time; nothing moves."""
    assert at_seven.status(add(7, 7)) == Status.OK
    assert at_seven.held[ORIGIN] == tree(7)


def test_the_empty_tree_is_cosigned(witness: Witness) -> None:
    """Size 0 has one root; and from there the log begins."""
    body = AddCheckpoint(old=0, checkpoint=signed_note(tree(0))).format()

    assert witness.status(body) == Status.OK
    assert witness.status(body) == Status.OK
    assert witness.status(add(0, 3)) == Status.OK


def test_an_empty_tree_with_another_root(witness: Witness) -> None:
    """The root of nothing is H(""): 422, and it is evidence."""
    odd = replace(tree(0), root=bytes(32))
    found = witness.add(AddCheckpoint(old=0, checkpoint=signed_note(odd)).format())

    assert isinstance(found, Refuse)
    assert (found.status, found.evidence) == (Status.UNPROCESSABLE, True)


def test_an_unknown_log(at_seven: Witness) -> None:
    """404, whoever has signed it, and before its signature is looked at."""
    other = replace(tree(9), origin="log.test/other")
    body = AddCheckpoint(old=0, checkpoint=signed_note(other)).format()

    assert at_seven.status(body) == Status.NOT_FOUND


@pytest.mark.parametrize("kept", [[0], [1]])
def test_one_signature_of_the_log_is_none(at_seven: Witness, kept: list[int]) -> None:
    """403 where either the Ed25519 or the ML-DSA-44 line is missing."""
    parsed = notes.parse_note(signed_note(tree(9)))
    note = notes.format_note(parsed.text, [parsed.signatures[place] for place in kept])

    assert at_seven.status(AddCheckpoint(old=7, proof=proof(7, 9), checkpoint=note).format()) == Status.FORBIDDEN


def test_a_signature_that_does_not_verify(at_seven: Witness) -> None:
    """403: the lines of another checkpoint."""
    lines = notes.parse_note(signed_note(tree(8))).signatures
    note = notes.format_note(tree(9).format(), lines)
    found = at_seven.add(AddCheckpoint(old=7, proof=proof(7, 9), checkpoint=note).format())

    assert isinstance(found, Refuse)
    assert (found.status, found.evidence) == (Status.FORBIDDEN, False)


@pytest.mark.parametrize("lines", [b"", b"no line\n", "— log.test/weapons AAAAAAAB\n".encode(), b"\x00\n"])
def test_what_is_no_signature_line_is_no_signature(at_seven: Witness, lines: bytes) -> None:
    """403: the text can be read, and nobody has signed it."""
    body = AddCheckpoint(old=7, proof=proof(7, 9), checkpoint=tree(9).format().encode() + b"\n" + lines).format()

    assert at_seven.status(body) == Status.FORBIDDEN


def test_strangers_signatures_beside_the_logs_are_ignored(at_seven: Witness) -> None:
    """Other witnesses may have been faster; only what was verified, the log's own lines, is handed on."""
    lines = cosignatures_of(tree(9), CHARTER, dict.fromkeys(agency_ids(3), NOW))
    note = signed_note(tree(9), *lines)
    found = at_seven.add(AddCheckpoint(old=7, proof=proof(7, 9), checkpoint=note).format())

    assert isinstance(found, Accept)
    assert found.lines == notes.parse_note(note).signatures[:2]


def test_a_signature_is_looked_at_before_sizes(at_seven: Witness) -> None:
    """Who has no signature learns no size: 403 comes before 400 and 409."""
    stranger = signed_note(tree(9), log=LogName.ACCESS)

    for old in (3, 7, 12):
        assert at_seven.status(AddCheckpoint(old=old, checkpoint=stranger).format()) == Status.FORBIDDEN


def test_an_old_size_above_the_checkpoints(at_seven: Witness) -> None:
    """400, even if it is the size that is stored."""
    assert at_seven.status(AddCheckpoint(old=7, checkpoint=signed_note(tree(5))).format()) == Status.BAD_REQUEST


@pytest.mark.parametrize("old", [0, 3, 8, 9])
def test_a_conflict_names_the_size(at_seven: Witness, old: int) -> None:
    """409, the size alone, under the type that the specification names; a proof that would fail is not looked at."""
    found = at_seven.add(AddCheckpoint(old=old, proof=(bytes(32),), checkpoint=signed_note(tree(9))).format())

    assert found == Refuse(status=Status.CONFLICT, text="7", content_type=SIZE_TYPE)
    assert isinstance(found, Refuse)
    assert found.body == b"7\n"


def test_a_witness_without_state_says_zero(witness: Witness) -> None:
    """So a client can ask with anything."""
    found = witness.add(add(7, 9))

    assert isinstance(found, Refuse)
    assert found.body == b"0\n"


BAD_PROOFS = {
    "none": (),
    "too short": proof(7, 20)[:-1],
    "too long": (*proof(7, 20), bytes(32)),
    "of another tree": proof(7, 20, OTHER_LEAVES),
    "of other sizes": proof(6, 20),
    "reversed": proof(7, 20)[::-1],
}


@pytest.mark.parametrize("why", BAD_PROOFS)
def test_a_proof_that_does_not_verify(at_seven: Witness, why: str) -> None:
    """422, nothing moves, and what the log has signed is kept as evidence."""
    found = at_seven.add(AddCheckpoint(old=7, proof=BAD_PROOFS[why], checkpoint=signed_note(tree(20))).format())

    assert isinstance(found, Refuse)
    assert (found.status, found.evidence) == (Status.UNPROCESSABLE, True)
    assert at_seven.held[ORIGIN] == tree(7)


def test_a_proof_from_nothing(witness: Witness) -> None:
    """422: it must be empty when the old size is 0."""
    body = AddCheckpoint(old=0, proof=(bytes(32),), checkpoint=signed_note(tree(5))).format()

    assert witness.status(body) == Status.UNPROCESSABLE


def test_a_proof_of_the_same_size_is_empty(at_seven: Witness) -> None:
    """422 for anything else."""
    body = AddCheckpoint(old=7, proof=(bytes(32),), checkpoint=signed_note(tree(7))).format()

    assert at_seven.status(body) == Status.UNPROCESSABLE


def test_attack_two_trees_of_one_size(at_seven: Witness) -> None:
    """The log has signed both: 422, never a second cosignature, and evidence."""
    found = at_seven.add(AddCheckpoint(old=7, checkpoint=signed_note(tree(7, OTHER_LEAVES))).format())

    assert isinstance(found, Refuse)
    assert (found.status, found.evidence) == (Status.UNPROCESSABLE, True)


def test_attack_a_fork_that_is_consistent_with_itself(at_seven: Witness) -> None:
    """A proof from the forked tree's own seven entries says nothing of ours: the stored root decides."""
    assert at_seven.status(add(7, 20, OTHER_LEAVES)) == Status.UNPROCESSABLE


def test_attack_an_old_checkpoint_replayed(at_seven: Witness) -> None:
    """A smaller tree, however honest, is never cosigned again."""
    for old in range(7):
        assert at_seven.status(add(old, 6) if old <= 6 else add(6, 6)) == Status.CONFLICT
    assert at_seven.held[ORIGIN].size == 7


def test_attack_extension_lines(at_seven: Witness) -> None:
    """A fourth line is covered by no ML-DSA-44 signature: 400, though the log has signed it."""
    text = tree(9).format() + "an extension line\n"
    note = notes.format_note(text, [notes.sign_note(text, name=ORIGIN, signer=signer("log", Algorithm.ED25519))])

    assert at_seven.status(AddCheckpoint(old=7, proof=proof(7, 9), checkpoint=note).format()) == Status.BAD_REQUEST


def test_attack_one_logs_checkpoint_under_the_others_name(at_seven: Witness) -> None:
    """The access log has keys of its own, and a state of its own."""
    access = replace(tree(9), origin=f"{ORIGIN}/access")

    assert at_seven.status(AddCheckpoint(old=0, checkpoint=signed_note(access)).format()) == Status.FORBIDDEN
    body = AddCheckpoint(old=0, checkpoint=signed_note(access, log=LogName.ACCESS)).format()
    assert at_seven.status(body) == Status.OK
    assert {origin: held.size for origin, held in at_seven.held.items()} == {ORIGIN: 7, f"{ORIGIN}/access": 9}


GOOD = add(7, 9)
MALFORMED = {
    "nothing": b"",
    "no empty line": b"old 7\n",
    "no old line": GOOD.partition(b"\n")[2],
    "a negative size": GOOD.replace(b"old 7", b"old -7"),
    "a leading zero": GOOD.replace(b"old 7", b"old 07"),
    "a plus sign": GOOD.replace(b"old 7", b"old +7"),
    "other digits": GOOD.replace(b"old 7", "old \u0667".encode()),
    "two spaces": GOOD.replace(b"old 7", b"old  7"),
    "too large a size": GOOD.replace(b"old 7", b"old 9999999999999999999"),
    "a carriage return": GOOD.replace(b"old 7\n", b"old 7\r\n"),
    "a short hash": GOOD.replace(b"\n", b"\nAAAA\n", 1),
    "a hash without padding": GOOD.replace(b"=\n", b"\n", 1),
    "64 hashes": AddCheckpoint(old=7, proof=(bytes(32),) * 64, checkpoint=signed_note(tree(9))).format(),
    "no checkpoint": b"old 7\n\n",
    "a checkpoint of two lines": b"old 0\n\n" + signed_note(tree(9)).replace(b"\n9\n", b"\n", 1),
    "a checkpoint of another spelling": GOOD.replace(b"\n9\n", b"\n09\n"),
    "no empty line below the checkpoint": b"old 7\n\n" + tree(9).format().encode(),
    "an origin that is no text": b"old 7\n\n\xff\n9\n" + b64(bytes(32)).encode() + b"\n\n\n",
    "too large a body": GOOD + b"\n" * MAX_BODY_BYTES,
}


@pytest.mark.parametrize("why", MALFORMED)
def test_what_cannot_be_read_is_a_bad_request(at_seven: Witness, why: str) -> None:
    """400 before anything is verified, and never evidence."""
    found = at_seven.add(MALFORMED[why])

    assert isinstance(found, Refuse)
    assert (found.status, found.evidence) == (Status.BAD_REQUEST, False)
    assert found.body.endswith(b"\n")


@given(st.binary(max_size=400))
def test_any_bytes_are_answered(raw: bytes) -> None:
    """No exception leaves a decision."""
    state = Witness().state

    for found in (judge_add(raw, state), judge_subtree(raw, state)):
        assert isinstance(found, Refuse)
        assert found.status is Status.BAD_REQUEST


@given(
    old=st.integers(min_value=0, max_value=2**63 - 1),
    hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    rest=st.binary(min_size=1, max_size=60),
)
def test_an_add_checkpoint_body_is_read_as_it_was_written(old: int, hashes: list[bytes], rest: bytes) -> None:
    """One spelling, both ways."""
    body = AddCheckpoint(old=old, proof=tuple(hashes), checkpoint=rest)

    assert AddCheckpoint.parse(body.format()) == body


@given(
    start=st.integers(min_value=0, max_value=2**63 - 1),
    end=st.integers(min_value=0, max_value=2**63 - 1),
    hashes=st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=64),
)
def test_a_sign_subtree_body_is_read_as_it_was_written(start: int, end: int, hashes: list[bytes]) -> None:
    """One spelling, both ways."""
    body = SignSubtree(start=start, end=end, node=hashes[0], proof=tuple(hashes[1:]), checkpoint=b"note")

    assert SignSubtree.parse(body.format()) == body


@given(st.binary(max_size=200))
def test_bodies_raise_only_our_errors(raw: bytes) -> None:
    """Whatever is sent."""
    for form in (AddCheckpoint, SignSubtree):
        try:
            parsed = form.parse(raw)
        except LedgerError:
            continue
        assert parsed.format() == raw


@pytest.mark.parametrize(
    "first", ["subtree 0", "subtree 0 4 8", "subtree 0 04", "subtree 0 9223372036854775808", "old 4"]
)
def test_another_first_line_is_no_subtree(first: str) -> None:
    """Two sizes in their one spelling."""
    with pytest.raises(MalformedError):
        SignSubtree.parse(f"{first}\n{b64(bytes(32))}\n\nnote".encode())


def test_a_subtree_without_its_root_is_refused() -> None:
    """The hash is not optional."""
    with pytest.raises(MalformedError):
        SignSubtree.parse(b"subtree 0 4\n\nnote")


def test_a_body_above_the_cap_is_not_read() -> None:
    """Size comes before content."""
    with pytest.raises(TooLargeError):
        SignSubtree.parse(b"x" * (MAX_BODY_BYTES + 1))


def own_note(size: int, *, leaves: Sequence[bytes] = LEAVES) -> bytes:
    """Return a checkpoint that this witness has cosigned."""
    return signed_note(tree(size, leaves), *cosignatures_of(tree(size, leaves), CHARTER, {ME: NOW}))


def subtree(start: int, end: int, size: int, **changes: object) -> bytes:
    """Return an honest sign-subtree body, but for what `changes` says."""
    ranges = proof_ranges(start=start, end=end, size=size)
    honest = SignSubtree(
        start=start,
        end=end,
        node=root_of(LEAVES[start:end]),
        proof=tuple(root_of(LEAVES[part.start : part.stop]) for part in ranges),
        checkpoint=own_note(size),
    )
    return replace(honest, **changes).format()  # type: ignore[arg-type]  # members by name


def subtree_status(body: bytes) -> int:
    """Return the status of an answer."""
    found = judge_subtree(body, Witness().state)
    return found.status if isinstance(found, Refuse) else Status.OK


@pytest.mark.parametrize(("start", "end", "size"), [(0, 7, 20), (8, 12, 20), (4, 5, 20), (16, 20, 20), (0, 20, 20)])
def test_a_subtree_of_a_cosigned_tree_is_signed(start: int, end: int, size: int) -> None:
    """Also its first leaves, one leaf, its right edge and the whole."""
    found = judge_subtree(subtree(start, end, size), Witness().state)

    assert found == AcceptSubtree(origin=ORIGIN, start=start, end=end, root=root_of(LEAVES[start:end]))


def test_a_signed_subtree_verifies_as_the_checkpoint_it_is() -> None:
    """[0, n) with time 0 is the checkpoint of n entries, with no claim to have seen no larger one."""
    key = witness_vkeys(CHARTER, ME)[1]
    line = cosign_subtree(
        origin=ORIGIN,
        start=0,
        end=7,
        root=root_of(LEAVES[:7]),
        name=key.name,
        signer=signer(f"{ME}#41", Algorithm.ML_DSA_44),
    )
    opened = open_any(notes.format_note(tree(7).format(), [line]), keys=[key])

    assert opened.checkpoint == tree(7)
    assert [(item.key, item.timestamp) for item in opened.cosignatures] == [(key, 0)]


@pytest.mark.parametrize(("start", "end"), [(1, 3), (4, 13), (8, 4), (16, 21), (0, 21)])
def test_what_is_no_subtree(start: int, end: int) -> None:
    """400: not aligned, backwards, or beyond the tree."""
    body = SignSubtree(start=start, end=end, node=bytes(32), checkpoint=own_note(20)).format()

    assert subtree_status(body) == Status.BAD_REQUEST


def test_a_subtree_with_another_root() -> None:
    """422: neither another root nor another proof."""
    assert subtree_status(subtree(8, 12, 20, node=bytes(32))) == Status.UNPROCESSABLE
    assert subtree_status(subtree(8, 12, 20, proof=())) == Status.UNPROCESSABLE


def test_a_subtree_of_an_unknown_log() -> None:
    """404."""
    other = replace(tree(20), origin="log.test/other")

    assert subtree_status(subtree(8, 12, 20, checkpoint=signed_note(other))) == Status.NOT_FOUND


def test_a_subtree_of_what_this_witness_never_cosigned() -> None:
    """403: signed by the log alone, by another witness, or with a cosignature that does not verify."""
    another = signed_note(tree(20), *cosignatures_of(tree(20), CHARTER, {agency_ids(2)[1]: NOW}))
    forged = signed_note(tree(20), *cosignatures_of(tree(19), CHARTER, {ME: NOW}))
    only_ed25519 = signed_note(tree(20), cosignatures_of(tree(20), CHARTER, {ME: NOW})[0])

    for note in (signed_note(tree(20)), another, forged, only_ed25519):
        assert subtree_status(subtree(8, 12, 20, checkpoint=note)) == Status.FORBIDDEN


def test_a_subtree_of_a_log_that_no_key_here_cosigns() -> None:
    """403: there would be nothing to sign with."""
    state = replace(Witness().state, own={})
    found = judge_subtree(subtree(8, 12, 20), state)

    assert isinstance(found, Refuse)
    assert found.status is Status.FORBIDDEN


def test_the_empty_subtree_has_the_empty_root() -> None:
    """As the draft has it: [n, n) is valid, and proves nothing."""
    body = SignSubtree(start=4, end=4, node=EMPTY_ROOT, checkpoint=own_note(20)).format()

    assert subtree_status(body) == Status.OK


def test_before_any_charter_no_log_is_known() -> None:
    """A witness that waits for its charter answers 404."""
    assert Witness(logs=known_logs([])).status(add(0, 3)) == Status.NOT_FOUND


def test_keys_change_with_the_charter_in_the_tree() -> None:
    """A checkpoint is judged by the last charter that its tree holds, never by a later one."""
    fresh = _log_keys("new")
    second = replace(CHARTER, ver=2, prev=bytes(31) + b"1", log=fresh)
    known = known_logs([(0, CHARTER), (12, second)])[ORIGIN]

    assert [known.vkeys(size) for size in (0, 1, 12)] == [CHARTER.log.vkeys] * 3
    assert [known.vkeys(size) for size in (13, 99)] == [fresh.vkeys] * 2


def test_attack_retired_log_keys(witness: Witness) -> None:
    """Once the tree holds the charter that replaced them, the old keys sign nothing more."""
    fresh = _log_keys("new")
    witness.logs = known_logs([(0, CHARTER), (12, replace(CHARTER, ver=2, prev=bytes(31) + b"1", log=fresh))])

    assert witness.status(add(0, 12)) == Status.OK
    assert witness.status(add(12, 13)) == Status.FORBIDDEN
    new_note = sign_checkpoint(
        tree(13), ed25519=signer("new", Algorithm.ED25519), ml_dsa_44=signer("new", Algorithm.ML_DSA_44)
    )
    assert witness.status(AddCheckpoint(old=12, proof=proof(12, 13), checkpoint=new_note).format()) == Status.OK


def _log_keys(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - what `log_keys` returns
    keys = tuple(
        vkey(ORIGIN, signer(name, algorithm).public_key) for algorithm in (Algorithm.ED25519, Algorithm.ML_DSA_44)
    )
    return replace(log_keys(), vkeys=keys)


@given(steps=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39), st.booleans()), max_size=12))
def test_no_sequence_of_requests_makes_a_witness_go_back(steps: list[tuple[int, int, bool]]) -> None:
    """Whatever is asked, in whatever order, from either side of a fork: one history, and it only grows."""
    witness = Witness()
    last, side = 0, None
    for old, new, forked in steps:
        leaves = OTHER_LEAVES if forked else LEAVES
        if old > new:
            continue
        if witness.status(add(old, new, leaves)) == Status.OK:
            assert new >= last
            assert side in {None, forked} or last == 0
            last, side = new, (forked if new else side)
    assert witness.held.get(ORIGIN, tree(0)).size == last

"""Proofs that travel (C2SP tlog-proof@v1)."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.signing import Algorithm, SeedSigner
from ledger import checkpoints, merkle, proofs
from ledger.checkpoints import Checkpoint
from ledger.errors import BadSignatureError, MalformedError, ProofError, TooLargeError
from ledger.proofs import TlogProof
from tests.support.records import verify_logged
from tests.support.reference import vector_json

ORIGIN = "log.example"
ENTRIES = [f"entry {number}".encode() for number in range(11)]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]
ED, ML = (
    SeedSigner(algorithm, hashlib.sha256(algorithm.value.encode()).digest())
    for algorithm in (Algorithm.ED25519, Algorithm.ML_DSA_44)
)
VKEYS = [checkpoints.vkey(ORIGIN, item.public_key) for item in (ED, ML)]
SIGNED = checkpoints.sign_checkpoint(
    Checkpoint(origin=ORIGIN, size=len(LEAVES), root=merkle.root_of(LEAVES)), ed25519=ED, ml_dsa_44=ML
)
PROOFS = st.builds(
    TlogProof,
    index=st.integers(min_value=0, max_value=merkle.MAX_SIZE),
    hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple),
    checkpoint=st.binary(min_size=1, max_size=60),
    extra=st.none() | st.binary(min_size=1, max_size=40),
)


def logged(index: int) -> TlogProof:
    """Return the proof of one of the entries."""
    return TlogProof(index=index, hashes=merkle.inclusion_proof_of(LEAVES, index), checkpoint=SIGNED)


def test_published_proofs_are_written_as_published() -> None:
    """All three marshalled proofs of transparency-dev/formats come out to the byte, and are read back."""
    cases = vector_json("tlog/derived/tlog_proof.json")["marshal"]

    assert len(cases) == 3
    for case in cases:
        proof = TlogProof(
            index=case["index"],
            hashes=tuple(base64.b64decode(line) for line in case["hashes"]),
            checkpoint=case["checkpoint"].encode(),
            extra=base64.b64decode(case["extra"]) if "extra" in case else None,
        )
        assert case["want"].encode() == proof.format()
        assert proof == TlogProof.parse(case["want"].encode())


def test_published_malformed_proofs_are_refused() -> None:
    """All seven rejected proofs of transparency-dev/formats are rejected."""
    cases = vector_json("tlog/derived/tlog_proof.json")["reject"]

    assert len(cases) == 7
    for case in cases:
        with pytest.raises(MalformedError):
            TlogProof.parse(case["proof"].encode())


@given(proof=PROOFS)
def test_proofs_are_read_back(proof: TlogProof) -> None:
    """What the formatter writes, the parser reads, the checkpoint verbatim."""
    assert proof == TlogProof.parse(proof.format())


@given(raw=st.binary(max_size=80) | st.binary(max_size=80).map(lambda raw: b"c2sp.org/tlog-proof@v1\nindex " + raw))
def test_arbitrary_proofs_are_refused_with_our_error(raw: bytes) -> None:
    """A parser of proofs raises MalformedError, or gives one that is written to the same bytes."""
    try:
        proof = TlogProof.parse(raw)
    except MalformedError:
        return

    assert raw == proof.format()


GOOD = TlogProof(index=7, hashes=(bytes(32), b"h" * 32), checkpoint=b"checkpoint\n", extra=b"extra").format()


@pytest.mark.parametrize(
    "raw",
    [
        GOOD.replace(b"index 7", b"index 07"),
        GOOD.replace(b"index 7", b"index +7"),
        GOOD.replace(b"index 7", b"index 7 "),
        GOOD.replace(b"index 7", "index \u0667".encode()),
        GOOD.replace(b"index 7", f"index {2**63}".encode()),
        GOOD.replace(b"extra ZXh0cmE=", b"extra ZXh0cmE"),
        GOOD.replace(b"extra ZXh0cmE=", b"extra "),
        GOOD.replace(b"extra ZXh0cmE=\nindex 7", b"index 7\nextra ZXh0cmE="),
        GOOD.replace(b"AA=\n", b"AB=\n"),
        GOOD.replace(b"AA=\n", b"AA= "),
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"\n\n", b"\n"),
        GOOD.replace(b"checkpoint\n", b""),
        b"\n" + GOOD,
    ],
)
def test_a_second_spelling_of_a_proof_is_refused(raw: bytes) -> None:
    """Other decimals, other base64, members out of order, no checkpoint: not a proof."""
    with pytest.raises(MalformedError):
        TlogProof.parse(raw)


def test_a_proof_of_more_hashes_than_a_tree_is_high_is_refused() -> None:
    """63 hashes reach the root of the largest tree; the 64th is refused by parser and constructor alike."""
    line = base64.b64encode(bytes(32)) + b"\n"
    raw = b"c2sp.org/tlog-proof@v1\nindex 0\n" + line * 64 + b"\ncheckpoint\n"

    with pytest.raises(MalformedError):
        TlogProof.parse(raw)
    with pytest.raises(MalformedError):
        TlogProof(index=0, hashes=(bytes(32),) * 64, checkpoint=b"c")


@pytest.mark.parametrize(
    ("index", "hashes", "checkpoint", "extra"),
    [
        (-1, (), b"c", None),
        (2**63, (), b"c", None),
        (0, (bytes(31),), b"c", None),
        (0, (), b"", None),
        (0, (), b"c", b""),
        (0, (), b"c", bytes(65_536)),
    ],
)
def test_a_proof_without_a_spelling_is_not_made(
    index: int, hashes: tuple[bytes, ...], checkpoint: bytes, extra: bytes | None
) -> None:
    """Refused when made, not first when read."""
    with pytest.raises(MalformedError):
        TlogProof(index=index, hashes=hashes, checkpoint=checkpoint, extra=extra)


def test_a_proof_above_its_limit_is_refused_unread() -> None:
    """The cap comes before decoding."""
    with pytest.raises(TooLargeError):
        TlogProof.parse(bytes(proofs.MAX_PROOF_BYTES + 1))


def test_the_largest_proof_is_read_back() -> None:
    """The cap leaves room for the longest extra, all hashes and the largest note."""
    proof = TlogProof(
        index=2**63 - 1, hashes=(bytes(32),) * 63, checkpoint=b"c" * 2**20, extra=bytes(proofs.MAX_EXTRA_BYTES)
    )

    assert proof == TlogProof.parse(proof.format())


@pytest.mark.parametrize("index", range(len(ENTRIES)))
def test_an_entry_is_proved_to_be_logged(index: int) -> None:
    """A proof read from a file, with the entry and the log's keys, is all that is needed."""
    proof = TlogProof.parse(logged(index).format())
    checkpoint = verify_logged(proof, entry=ENTRIES[index], origin=ORIGIN, vkeys=VKEYS)

    assert (len(LEAVES), merkle.root_of(LEAVES)) == (checkpoint.size, checkpoint.root)


def test_another_entry_is_not_proved() -> None:
    """A proof shown beside an entry that is not at its place is refused."""
    for entry in (ENTRIES[4], b"", ENTRIES[3] + b"\0"):
        with pytest.raises(ProofError):
            verify_logged(logged(3), entry=entry, origin=ORIGIN, vkeys=VKEYS)


def test_a_proof_under_a_checkpoint_nobody_signed_is_refused() -> None:
    """A forger's own tree, signed by its own keys, proves nothing under the log's."""
    forger = SeedSigner(Algorithm.ED25519, bytes(32)), SeedSigner(Algorithm.ML_DSA_44, bytes(32))
    forged = checkpoints.sign_checkpoint(
        Checkpoint(origin=ORIGIN, size=1, root=merkle.leaf_hash(b"forged")), ed25519=forger[0], ml_dsa_44=forger[1]
    )

    with pytest.raises(BadSignatureError):
        verify_logged(TlogProof(index=0, hashes=(), checkpoint=forged), entry=b"forged", origin=ORIGIN, vkeys=VKEYS)


def test_a_proof_from_another_log_is_refused() -> None:
    """The origin is the reader's, never the proof's."""
    with pytest.raises(ProofError):
        verify_logged(logged(3), entry=ENTRIES[3], origin="other.example", vkeys=VKEYS)


def test_extra_data_changes_nothing() -> None:
    """Extra data is carried and not authenticated: no verdict may depend on it."""
    plain = logged(2)
    with_extra = TlogProof(index=2, hashes=plain.hashes, checkpoint=SIGNED, extra=b"anything")

    assert verify_logged(plain, entry=ENTRIES[2], origin=ORIGIN, vkeys=VKEYS) == verify_logged(
        with_extra, entry=ENTRIES[2], origin=ORIGIN, vkeys=VKEYS
    )

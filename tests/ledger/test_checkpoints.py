"""Checkpoints: both keys of the log, and witnesses, over exactly three lines (C2SP tlog-checkpoint)."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.signing import Algorithm, SeedSigner
from ledger import checkpoints, notes
from ledger.checkpoints import Checkpoint, Cosignature, CosignedCheckpoint
from ledger.cosignatures import subtree_message
from ledger.errors import BadSignatureError, LedgerError, MalformedError, ProofError, TooLargeError
from ledger.notes import NoteSignature, SignatureType, VerifierKey
from tests.support.reference import vectors

ORIGIN = "log.example/sealtrace"
NOW = 1_790_000_000
VECTORS = Path(__file__).parents[1] / "vectors" / "cosignatures.json"


def signer(name: str, algorithm: Algorithm) -> SeedSigner:
    """Return the signer that a name stands for."""
    return SeedSigner(algorithm, hashlib.sha256(f"{name}{algorithm.value}".encode()).digest())


ED, ML = (signer("log", algorithm) for algorithm in (Algorithm.ED25519, Algorithm.ML_DSA_44))
VKEYS = [checkpoints.vkey(ORIGIN, item.public_key) for item in (ED, ML)]
CHECKPOINT = Checkpoint(origin=ORIGIN, size=12, root=hashlib.sha256(b"root").digest())
SIGNED = checkpoints.sign_checkpoint(CHECKPOINT, ed25519=ED, ml_dsa_44=ML)


def open_(raw: bytes) -> Checkpoint:
    """Open under the log's two keys."""
    return checkpoints.open_checkpoint(raw, origin=ORIGIN, vkeys=VKEYS)


def lines_of(raw: bytes) -> list[NoteSignature]:
    """Return the signature lines of a note."""
    return list(notes.parse_note(raw).signatures)


def note(text: str, *lines: NoteSignature) -> bytes:
    """Return a note of these lines."""
    return notes.format_note(text, lines)


def witness(name: str, algorithm: Algorithm) -> tuple[SeedSigner, VerifierKey]:
    """Return a witness's signer and verifier key."""
    item = signer(name, algorithm)
    return item, checkpoints.cosigner_vkey(name, item.public_key)


def test_the_published_ml_dsa_44_checkpoint_opens() -> None:
    """Torchwood's checkpoint of type 0x06 with time 0 verifies under its published verifier key."""
    key = VerifierKey.parse(vectors("tlog/torchwood/mldsa44-vkey.txt").read_text(encoding="utf-8").rstrip("\n"))
    raw = vectors("tlog/torchwood/mldsa44-checkpoint.txt").read_bytes()
    opened = checkpoints.open_cosigned(raw, origin=key.name, vkeys=[key], witnesses=[])

    assert key.type is SignatureType.ML_DSA_44_COSIGNATURE
    assert (opened.checkpoint.origin, opened.checkpoint.size) == ("example.com/mldsa-log", 1)
    assert [bytes(8)] == [line.signature[:8] for line in lines_of(raw)]
    assert opened.cosignatures == ()


@pytest.mark.parametrize("at", [0, 7, 8, 1_000, 2_427])
def test_the_published_checkpoint_with_one_bit_flipped_is_refused(at: int) -> None:
    """Neither the time nor any part of the lattice signature is free to change."""
    key = VerifierKey.parse(vectors("tlog/torchwood/mldsa44-vkey.txt").read_text(encoding="utf-8").rstrip("\n"))
    parsed = notes.parse_note(vectors("tlog/torchwood/mldsa44-checkpoint.txt").read_bytes())
    signature = bytearray(parsed.signatures[0].signature)
    signature[at] ^= 1
    forged = NoteSignature(name=key.name, key_id=key.key_id, signature=bytes(signature))

    with pytest.raises(BadSignatureError):
        checkpoints.open_checkpoint(note(parsed.text, forged), origin=key.name, vkeys=[key])


def test_a_checkpoint_is_signed_by_both_keys_and_opens() -> None:
    """The Ed25519 line first, then ML-DSA-44 with time 0, both under the log's origin."""
    types = [key.type for key in notes.open_note(SIGNED, keys=VKEYS, signed=checkpoints._signed).verified]

    assert open_(SIGNED) == CHECKPOINT
    assert types == [SignatureType.ED25519, SignatureType.ML_DSA_44_COSIGNATURE]
    assert [len(line.signature) for line in lines_of(SIGNED)] == [64, 8 + 2_420]
    assert bytes(8) == lines_of(SIGNED)[1].signature[:8]
    assert {ORIGIN} == {line.name for line in lines_of(SIGNED)}


def test_the_two_signatures_are_over_the_specified_messages() -> None:
    """0x01 signs the text; 0x06 signs the subtree message [0, size) at time 0: checked with the bare keys."""
    classical, lattice = lines_of(SIGNED)
    message = subtree_message(cosigner=ORIGIN, timestamp=0, origin=ORIGIN, start=0, end=12, root=CHECKPOINT.root)

    ED.public_key.verify(message=CHECKPOINT.format().encode(), signature=classical.signature)
    ML.public_key.verify(message=message, signature=lattice.signature[8:])


def test_a_checkpoint_is_spelled_as_the_specification_says() -> None:
    """Origin, decimal size, base64 root, a line feed each; the empty tree's root as published."""
    empty = Checkpoint(origin="o", size=0, root=hashlib.sha256(b"").digest())

    assert empty.format() == "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


@given(
    origin=st.text(alphabet="abc./é", min_size=1, max_size=20),
    size=st.integers(min_value=0, max_value=2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
)
def test_checkpoints_are_read_back(origin: str, size: int, root: bytes) -> None:
    """What the formatter writes, the parser reads."""
    checkpoint = Checkpoint(origin=origin, size=size, root=root)

    assert checkpoint == Checkpoint.parse(checkpoint.format())


@given(text=st.text(max_size=80) | st.from_regex(r"[ao+ ]{0,3}\n[0-9]{1,20}\n[A-Za-z0-9+/]{43}=\n", fullmatch=True))
def test_arbitrary_checkpoints_are_refused_with_our_error(text: str) -> None:
    """A parser of checkpoints raises MalformedError, or gives one that is written to the same text."""
    try:
        checkpoint = Checkpoint.parse(text)
    except MalformedError:
        return

    assert text == checkpoint.format()


TEXT = CHECKPOINT.format()


@pytest.mark.parametrize(
    "text",
    [
        TEXT + "extension\n",
        TEXT[:-1],
        TEXT.replace("\n12\n", "\n012\n"),
        TEXT.replace("\n12\n", "\n+12\n"),
        TEXT.replace("\n12\n", "\n1_2\n"),
        TEXT.replace("\n12\n", "\n\u0661\u0662\n"),
        TEXT.replace("\n12\n", f"\n{2**63}\n"),
        TEXT.replace("log.example", "log example"),
        TEXT.replace("=\n", "\n"),
        f"{ORIGIN}\n12\nAAAA\n",
        "\n" + TEXT,
    ],
)
def test_a_second_spelling_of_a_checkpoint_is_refused(text: str) -> None:
    """Extension lines, other decimals, other base64, a name with a space: no checkpoint of ours."""
    with pytest.raises(MalformedError):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    ("origin", "size", "root"), [("", 1, bytes(32)), ("o", -1, bytes(32)), ("o", 2**63, bytes(32)), ("o", 1, bytes(31))]
)
def test_a_checkpoint_that_nobody_could_read_is_not_made(origin: str, size: int, root: bytes) -> None:
    """Refused when made, not first when read."""
    with pytest.raises(MalformedError):
        Checkpoint(origin=origin, size=size, root=root)


@pytest.mark.parametrize("kept", [0, 1])
def test_one_signature_of_two_is_not_enough(kept: int) -> None:
    """Stripping the lattice line would leave a log as strong as Ed25519 alone; stripping the other likewise."""
    stripped = note(TEXT, lines_of(SIGNED)[kept])

    with pytest.raises(BadSignatureError):
        open_(stripped)


def test_a_bad_signature_beside_a_good_one_is_refused() -> None:
    """Both lines of another checkpoint, one line of it: neither opens this one."""
    other = Checkpoint(origin=ORIGIN, size=13, root=CHECKPOINT.root)
    classical, lattice = lines_of(checkpoints.sign_checkpoint(other, ed25519=ED, ml_dsa_44=ML))
    good_classical, good_lattice = lines_of(SIGNED)

    for lines in ((classical, good_lattice), (good_classical, lattice), (classical, lattice)):
        with pytest.raises(BadSignatureError):
            open_(note(TEXT, *lines))


def test_a_checkpoint_of_another_log_is_refused() -> None:
    """A log's keys under another origin's text, or another log's name in front of its own keys."""
    other = "log.example/access"
    foreign = Checkpoint(origin=other, size=12, root=CHECKPOINT.root)
    classical = notes.sign_note(foreign.format(), name=ORIGIN, signer=ED)
    lattice = checkpoints.cosign(foreign, name=ORIGIN, signer=ML, timestamp=0)

    with pytest.raises(ProofError):
        open_(note(foreign.format(), classical, lattice))
    with pytest.raises(ProofError):
        checkpoints.open_checkpoint(SIGNED, origin=other, vkeys=VKEYS)


def test_keys_named_after_another_log_do_not_vouch_for_this_one() -> None:
    """A witness's keys given for the log's own are noticed by their name."""
    keys = [checkpoints.vkey("other.example", item.public_key) for item in (ED, ML)]
    classical = notes.sign_note(TEXT, name="other.example", signer=ED)
    lattice = checkpoints.cosign(CHECKPOINT, name="other.example", signer=ML, timestamp=0)

    with pytest.raises(ProofError):
        checkpoints.open_checkpoint(note(TEXT, classical, lattice), origin=ORIGIN, vkeys=keys)


def test_extension_lines_are_refused_although_both_keys_signed_them() -> None:
    """The lattice signature does not cover an extension line: nobody may rely on one."""
    text = TEXT + "extension\n"
    classical = notes.sign_note(text, name=ORIGIN, signer=ED)

    with pytest.raises(MalformedError):
        open_(note(text, classical, lines_of(SIGNED)[1]))
    with pytest.raises(MalformedError):
        checkpoints.open_checkpoint(note(text, classical), origin=ORIGIN, vkeys=VKEYS[:1])


def test_no_keys_open_nothing() -> None:
    """An empty list of log keys is a mistake, not a policy: a witness alone does not make a checkpoint."""
    cosigner, key = witness("w.example", Algorithm.ED25519)
    raw = note(TEXT, checkpoints.cosign(CHECKPOINT, name="w.example", signer=cosigner, timestamp=NOW))

    with pytest.raises(BadSignatureError):
        checkpoints.open_cosigned(raw, origin=ORIGIN, vkeys=[], witnesses=[key])


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.ML_DSA_44])
def test_a_cosignature_is_verified_with_its_time(algorithm: Algorithm) -> None:
    """A witness's line of either type opens with the time it names; unknown witnesses are ignored."""
    cosigner, key = witness("w.example", algorithm)
    stranger, _ = witness("stranger.example", algorithm)
    lines = [
        checkpoints.cosign(CHECKPOINT, name="w.example", signer=cosigner, timestamp=NOW),
        checkpoints.cosign(CHECKPOINT, name="stranger.example", signer=stranger, timestamp=NOW),
    ]
    raw = note(TEXT, *lines_of(SIGNED), *lines)
    opened = checkpoints.open_cosigned(raw, origin=ORIGIN, vkeys=VKEYS, witnesses=[key])

    assert opened.checkpoint == CHECKPOINT
    assert (Cosignature(key=key, timestamp=NOW),) == opened.cosignatures


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.ML_DSA_44])
def test_a_backdated_cosignature_is_refused(algorithm: Algorithm) -> None:
    """The time is signed: an operator cannot make a cosignature older or newer than it is."""
    cosigner, key = witness("w.example", algorithm)
    line = checkpoints.cosign(CHECKPOINT, name="w.example", signer=cosigner, timestamp=NOW)
    forged = NoteSignature(
        name=line.name, key_id=line.key_id, signature=(NOW - 60).to_bytes(8, "big") + line.signature[8:]
    )

    with pytest.raises(BadSignatureError):
        checkpoints.open_cosigned(note(TEXT, *lines_of(SIGNED), forged), origin=ORIGIN, vkeys=VKEYS, witnesses=[key])


def test_one_witness_cannot_speak_under_anothers_name() -> None:
    """The lattice message names the cosigner: with the same key under another name the signature is bad."""
    cosigner, _ = witness("w.example", Algorithm.ML_DSA_44)
    key = checkpoints.cosigner_vkey("other.example", cosigner.public_key)
    line = checkpoints.cosign(CHECKPOINT, name="w.example", signer=cosigner, timestamp=NOW)
    renamed = NoteSignature(name="other.example", key_id=key.key_id, signature=line.signature)

    with pytest.raises(BadSignatureError):
        checkpoints.open_cosigned(note(TEXT, *lines_of(SIGNED), renamed), origin=ORIGIN, vkeys=VKEYS, witnesses=[key])


def test_a_plain_signature_does_not_pass_for_a_cosignature() -> None:
    """A log's Ed25519 signature over the text, relabelled as a witness's, is refused."""
    key = checkpoints.cosigner_vkey(ORIGIN, ED.public_key)
    plain = lines_of(SIGNED)[0]

    for signature in (plain.signature, bytes(8) + plain.signature):
        relabelled = NoteSignature(name=ORIGIN, key_id=key.key_id, signature=signature)
        with pytest.raises(LedgerError):
            checkpoints.open_cosigned(
                note(TEXT, *lines_of(SIGNED), relabelled), origin=ORIGIN, vkeys=VKEYS, witnesses=[key]
            )


def test_the_keys_of_a_log_and_of_a_witness_have_the_types_of_their_algorithms() -> None:
    """0x01 and 0x06 for a log, 0x04 and 0x06 for a witness."""
    public_keys = [ED.public_key, ML.public_key]

    assert [checkpoints.vkey("x", item).type.value for item in public_keys] == [1, 6]
    assert [checkpoints.cosigner_vkey("x", item).type.value for item in public_keys] == [4, 6]


def test_an_algorithm_that_notes_do_not_know_signs_none() -> None:
    """ML-DSA-65 signs batches, never checkpoints; swapped signers are refused before anything is signed."""
    batch = signer("batch", Algorithm.ML_DSA_65)

    with pytest.raises(MalformedError):
        checkpoints.vkey("x", batch.public_key)
    with pytest.raises(MalformedError):
        checkpoints.cosigner_vkey("x", batch.public_key)
    with pytest.raises(MalformedError):
        checkpoints.sign_checkpoint(CHECKPOINT, ed25519=ML, ml_dsa_44=ED)
    with pytest.raises(MalformedError):
        checkpoints.sign_checkpoint(CHECKPOINT, ed25519=ED, ml_dsa_44=ED)


def test_a_checkpoint_with_a_time_of_its_own_opens() -> None:
    """A log may state a time in its lattice line; it is covered by the signature."""
    raw = checkpoints.sign_checkpoint(CHECKPOINT, ed25519=ED, ml_dsa_44=ML, timestamp=NOW)

    assert NOW.to_bytes(8, "big") == lines_of(raw)[1].signature[:8]
    assert open_(raw) == CHECKPOINT


@given(at=st.integers(min_value=0, max_value=len(SIGNED) - 1), bit=st.integers(min_value=0, max_value=7))
def test_a_flipped_bit_anywhere_in_a_checkpoint_is_refused(at: int, bit: int) -> None:
    """No bit of a signed checkpoint is free: text, names, ids, times, signatures, spacing."""
    raw = bytearray(SIGNED)
    raw[at] ^= 1 << bit

    with pytest.raises((BadSignatureError, MalformedError)):
        open_(bytes(raw))


@given(raw=st.binary(max_size=100))
def test_arbitrary_bytes_are_no_checkpoint(raw: bytes) -> None:
    """Whatever is read from a log's /checkpoint, only our errors come out."""
    with pytest.raises((BadSignatureError, MalformedError, TooLargeError)):
        open_(raw)


def cosigner_opens(case: dict[str, Any], *, text: str, line: str) -> CosignedCheckpoint:
    """Open a text under the log's fresh plain signature with a witness's line from the vectors."""
    plain = notes.sign_note(text, name=text.split("\n", maxsplit=1)[0], signer=ED)
    raw = note(text, plain, notes.parse_signature(line[:-1]))
    vkeys = [checkpoints.vkey(plain.name, ED.public_key)]
    return checkpoints.open_cosigned(raw, origin=plain.name, vkeys=vkeys, witnesses=[VerifierKey.parse(case["vkey"])])


@pytest.mark.parametrize("number", [0, 1])
def test_our_cosignature_vectors_with_a_time_verify_for_ever(number: int) -> None:
    """Signed once and kept: neither the messages nor the lines may ever change."""
    case = json.loads(VECTORS.read_text(encoding="utf-8"))[number]
    opened = cosigner_opens(case, text=case["checkpoint"], line=case["line"])
    key = opened.cosignatures[0].key
    signature = notes.parse_signature(case["line"][:-1]).signature[8:]

    assert [case["timestamp"]] == [item.timestamp for item in opened.cosignatures]
    key.public_key.verify(message=bytes.fromhex(case["message_hex"]), signature=signature)


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("bad", range(6))
def test_what_our_cosignature_vectors_refuse_is_refused(number: int, bad: int) -> None:
    """Another time, tree, log or root under the same signature: no witness has said that."""
    case = json.loads(VECTORS.read_text(encoding="utf-8"))[number]
    forged = case["refused"][bad]

    assert len(case["refused"]) == 6
    with pytest.raises((BadSignatureError, MalformedError)):
        cosigner_opens(case, text=forged["checkpoint"], line=forged["line"])

"""Signed notes: only what a known key has signed is ever believed (C2SP signed-note)."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.signing import Algorithm, SeedSigner
from ledger import notes
from ledger.errors import BadSignatureError, LedgerError, MalformedError, TooLargeError
from ledger.notes import Note, NoteSignature, SignatureType, VerifierKey
from tests.support.reference import vector_json

EM = b"\xe2\x80\x94"
TEXT = "A text.\n\nWith an empty line.\n"
NAMES = st.text(alphabet="abcxyz./-09é—", min_size=1, max_size=30)


def signer(name: str, algorithm: Algorithm = Algorithm.ED25519) -> SeedSigner:
    """Return the signer that a name stands for."""
    return SeedSigner(algorithm, hashlib.sha256(name.encode()).digest())


def key(name: str, *, seed: str = "") -> VerifierKey:
    """Return the plain verifier key of a name."""
    return VerifierKey(name=name, type=SignatureType.ED25519, public_key=signer(seed or name).public_key)


def line(name: str, text: str = TEXT, *, seed: str = "") -> NoteSignature:
    """Return the plain signature line of a name."""
    return notes.sign_note(text, name=name, signer=signer(seed or name))


def test_published_notes_open() -> None:
    """Both published notes verify under their keys, each by the number of keys it says."""
    cases = vector_json("tlog/derived/signed_note.json")["valid_notes"]

    assert len(cases) == 2
    for case in cases:
        keys = [VerifierKey.parse(text) for text in case["vkeys"]]
        raw = case["note"].encode()
        opened = notes.open_note(raw, keys=keys)

        assert case["valid"] == len(opened.verified)
        assert case["note"].startswith(opened.text + "\n")
        assert raw == notes.parse_note(raw).format()
        assert case["vkeys"] == [item.format() for item in keys]


def test_published_verifier_keys_that_are_bad_are_refused() -> None:
    """A key of the wrong length and one of an unknown type, their ids adjusted to fit, are no keys."""
    cases = vector_json("tlog/derived/signed_note.json")["invalid_vkeys"]

    assert len(cases) == 2
    for case in cases:
        with pytest.raises(MalformedError):
            VerifierKey.parse(case["vkey"])


def test_published_malformed_notes_are_refused() -> None:
    """All seven published malformed notes are refused before any key is tried."""
    cases = vector_json("tlog/derived/signed_note.json")
    raws = [text.encode() for text in cases["malformed_notes"]]
    raws += [bytes.fromhex(text) for text in cases["malformed_note_hex"]]
    known = VerifierKey.parse(cases["valid_notes"][1]["vkeys"][0])

    assert len(raws) == 7
    for raw in raws:
        with pytest.raises(MalformedError):
            notes.open_note(raw, keys=[known])


def test_a_signed_note_opens_under_the_key_that_signed_it() -> None:
    """What is signed here opens here, and names who signed in the order of the lines."""
    raw = notes.format_note(TEXT, [line("b.example"), line("a.example")])
    opened = notes.open_note(raw, keys=[key("a.example"), key("b.example")])

    assert opened.text == TEXT
    assert (key("b.example"), key("a.example")) == opened.verified


def test_the_key_id_is_computed_as_specified() -> None:
    """H(name ‖ 0x0A ‖ 0x01 ‖ key)[:4] is in the line and in the vkey."""
    item = key("log.example")
    expected = hashlib.sha256(b"log.example\n\x01" + item.public_key.raw).digest()[:4]

    assert expected == item.key_id == line("log.example").key_id
    assert f"log.example+{expected.hex()}+" == item.format()[:21]
    assert base64.b64encode(b"\x01" + item.public_key.raw).decode() == item.format()[21:]


def test_one_key_has_another_id_for_each_type() -> None:
    """A cosignature can never be taken for a plain signature: their key ids differ."""
    public_key = signer("x").public_key
    plain, cosigner = (
        VerifierKey(name="x", type=kind, public_key=public_key)
        for kind in (SignatureType.ED25519, SignatureType.ED25519_COSIGNATURE)
    )

    assert plain.key_id != cosigner.key_id
    assert plain.format() != cosigner.format()


@given(name=NAMES, kind=st.sampled_from(SignatureType))
def test_verifier_keys_are_read_back(name: str, kind: SignatureType) -> None:
    """Every name and type comes back from its vkey, the base64 of which may hold a plus."""
    item = VerifierKey(name=name, type=kind, public_key=signer("any", kind.algorithm).public_key)

    assert item == VerifierKey.parse(item.format())


@given(text=st.text(max_size=80) | st.from_regex(r"a\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{0,60}", fullmatch=True))
def test_arbitrary_verifier_keys_are_refused_with_our_error(text: str) -> None:
    """No text that is no vkey raises anything but MalformedError."""
    with pytest.raises(MalformedError):
        VerifierKey.parse(text)


def test_a_verifier_key_under_anothers_id_is_refused() -> None:
    """A vkey whose id is not that of its key would let one key answer for another."""
    mine, other = key("log.example").format(), key("log.example", seed="other").format()

    with pytest.raises(MalformedError):
        VerifierKey.parse(mine[:20] + other[20:])
    with pytest.raises(MalformedError):
        VerifierKey.parse(mine.replace(key("log.example").key_id.hex(), key("log.example").key_id.hex().upper()))
    with pytest.raises(MalformedError):
        VerifierKey.parse(mine + "\n")


def test_a_small_order_key_is_no_verifier_key() -> None:
    """The identity as a public key verifies one signature under every text: it is not enrolled."""
    raw = b"\x01" + b"\x01" + bytes(31)
    key_id = hashlib.sha256(b"x\n" + raw).digest()[:4]

    with pytest.raises(MalformedError):
        VerifierKey.parse(f"x+{key_id.hex()}+{base64.b64encode(raw).decode()}")


def test_a_type_and_a_key_of_different_algorithms_do_not_meet() -> None:
    """An ML-DSA-44 key is no plain key, an Ed25519 key no ML-DSA-44 cosigner."""
    for kind, algorithm in [
        (SignatureType.ED25519, Algorithm.ML_DSA_44),
        (SignatureType.ML_DSA_44_COSIGNATURE, Algorithm.ED25519),
        (SignatureType.ML_DSA_44_COSIGNATURE, Algorithm.ML_DSA_65),
    ]:
        with pytest.raises(MalformedError):
            VerifierKey(name="x", type=kind, public_key=signer("x", algorithm).public_key)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\nb", "a\x1fb", "x" * 256, "\ud800"])
def test_names_that_no_line_can_carry_are_refused(name: str) -> None:
    """Empty, with any Unicode space, a plus, a control character, too long, not UTF-8."""
    with pytest.raises(MalformedError):
        notes.check_name(name)


def test_lines_by_unknown_keys_are_ignored() -> None:
    """Who adds a line nobody knows changes nothing, be it garbage under a name or an id that is known."""
    known = key("log.example")
    strangers = [
        line("stranger.example"),
        NoteSignature(name="log.example", key_id=b"\0\0\0\0", signature=b"garbage"),
        NoteSignature(name="other.example", key_id=known.key_id, signature=b"garbage"),
    ]
    raw = notes.format_note(TEXT, [*strangers, line("log.example"), *strangers])

    assert (known,) == notes.open_note(raw, keys=[known]).verified


def test_sixteen_signatures_and_more_are_accepted() -> None:
    """A note may carry the lines of a hundred witnesses, each of the length of a lattice signature."""
    strangers = [
        NoteSignature(name=f"w{number}.example", key_id=bytes(4), signature=bytes(2_428)) for number in range(100)
    ]
    raw = notes.format_note(TEXT, [*strangers, line("log.example")])

    assert notes.open_note(raw, keys=[key("log.example")]).text == TEXT


@given(at=st.integers(min_value=0, max_value=len(TEXT) - 2))
def test_a_changed_text_is_refused(at: int) -> None:
    """Whichever character of the text is changed, no known key has signed it."""
    changed = TEXT[:at] + "#" + TEXT[at + 1 :]

    with pytest.raises(BadSignatureError):
        notes.open_note(notes.format_note(changed, [line("log.example")]), keys=[key("log.example")])


def test_one_bad_signature_of_a_known_key_refuses_the_whole_note() -> None:
    """A good signature beside it does not save it."""
    good, bad = line("a.example"), line("b.example", "Another text.\n")
    keys = [key("a.example"), key("b.example")]

    for lines in ([good, bad], [bad, good]):
        with pytest.raises(BadSignatureError):
            notes.open_note(notes.format_note(TEXT, lines), keys=keys)


def test_one_signature_twice_is_refused() -> None:
    """A repeated line could otherwise be counted as a second witness."""
    raw = notes.format_note(TEXT, [line("a.example"), line("a.example")])

    with pytest.raises(BadSignatureError):
        notes.open_note(raw, keys=[key("a.example")])


def test_a_note_without_a_known_signature_is_refused() -> None:
    """Neither strangers' signatures nor an empty list of keys opens a note."""
    raw = notes.format_note(TEXT, [line("stranger.example")])

    for keys in ([key("log.example")], []):
        with pytest.raises(BadSignatureError):
            notes.open_note(raw, keys=keys)


def test_keys_that_cannot_be_told_apart_are_refused() -> None:
    """One key given twice would make it unclear which of two lines it answers for."""
    raw = notes.format_note(TEXT, [line("a.example")])

    with pytest.raises(MalformedError):
        notes.open_note(raw, keys=[key("a.example"), key("a.example")])


@pytest.mark.parametrize("kind", [SignatureType.ED25519_COSIGNATURE, SignatureType.ML_DSA_44_COSIGNATURE])
def test_a_cosigning_key_opens_no_plain_note(kind: SignatureType) -> None:
    """A cosignature covers a checkpoint; any other text under it is refused."""
    item = VerifierKey(name="w", type=kind, public_key=signer("w", kind.algorithm).public_key)
    forged = NoteSignature(name="w", key_id=item.key_id, signature=signer("w", kind.algorithm).sign(TEXT.encode()))

    with pytest.raises(MalformedError):
        notes.open_note(notes.format_note(TEXT, [forged]), keys=[item])


def test_only_an_ed25519_key_signs_a_plain_note() -> None:
    """The plain form is defined for Ed25519 alone."""
    with pytest.raises(MalformedError):
        notes.sign_note(TEXT, name="x", signer=signer("x", Algorithm.ML_DSA_44))


@given(
    text=st.text(alphabet=st.characters(codec="utf-8", min_codepoint=32) | st.just("\n"), max_size=60),
    names=st.lists(NAMES, min_size=1, max_size=3),
    signature=st.binary(min_size=1, max_size=70),
)
def test_notes_are_read_back(text: str, names: list[str], signature: bytes) -> None:
    """Any text, empty lines and all, comes back with its lines."""
    lines = tuple(NoteSignature(name=name, key_id=b"key!", signature=signature) for name in names)
    note = Note(text=text + "\n", signatures=lines)

    assert note == notes.parse_note(note.format())


@given(raw=st.binary(max_size=100) | st.text(alphabet="a \n—+=\u00a0", max_size=60).map(str.encode))
def test_arbitrary_notes_are_refused_with_our_error(raw: bytes) -> None:
    """A parser of notes raises MalformedError, or gives a note that is written to the same bytes."""
    try:
        note = notes.parse_note(raw)
    except MalformedError:
        return

    assert raw == note.format()


SIGNED = notes.format_note(TEXT, [line("log.example")])


@pytest.mark.parametrize(
    "raw",
    [
        SIGNED.replace(b"\n", b"\r\n"),
        SIGNED.replace(b" log.example ", b"  log.example "),
        SIGNED.replace(b" log.example ", b"\tlog.example "),
        SIGNED.replace(b" log.example ", " log\u2003example ".encode()),
        SIGNED.replace(EM, b"-"),
        SIGNED[:-1],
        SIGNED[:-1] + b" \n",
        SIGNED + b"\n",
        SIGNED[:-2] + b"\n",
        SIGNED + EM + b" a.example AAAA\n",
        SIGNED + EM + b" a.example AAAAAA=\n",
        SIGNED + EM + b" a.example AAAAAB==\n",
        SIGNED.replace(b"A text", b"A\0text"),
    ],
)
def test_a_second_spelling_of_a_note_is_refused(raw: bytes) -> None:
    """Other spacing, dashes, line ends, base64 or an id without a signature: not a note."""
    with pytest.raises(MalformedError):
        notes.parse_note(raw)


def test_a_note_above_its_limit_is_refused_unread() -> None:
    """The cap comes before decoding."""
    with pytest.raises(TooLargeError):
        notes.parse_note(SIGNED, limit=len(SIGNED) - 1)
    with pytest.raises(TooLargeError):
        notes.open_note(b"\xff" * (notes.MAX_NOTE_BYTES + 1), keys=[key("log.example")])


@pytest.mark.parametrize("text", ["", "no end", "a\n\n— x AAAAAAAA", "bell\7\n"])
def test_a_text_that_would_not_be_read_back_is_not_written(text: str) -> None:
    """A text whose end passes for a signature line would be signed as one thing and read as another."""
    with pytest.raises(MalformedError):
        notes.format_note(text, [line("log.example", text)])


def test_a_note_without_lines_is_not_written() -> None:
    """An unsigned note is no note."""
    with pytest.raises(LedgerError):
        notes.format_note(TEXT, [])

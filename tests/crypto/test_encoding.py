"""One spelling for every value: frames and base64 (docs/protocol.md, Notation and 1)."""

import base64
import itertools
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crypto.encoding import b64, b64u, cut, lp, unb64, unb64u, unlp
from crypto.errors import CryptoError, EncodingError

# RFC 4648, 10.
RFC_4648 = {b"": "", b"f": "Zg==", b"fo": "Zm8=", b"foo": "Zm9v", b"foob": "Zm9vYg==", b"fooba": "Zm9vYmE="}


def test_lp_prefixes_each_part_with_its_length() -> None:
    """A frame is a big-endian uint32 length and the bytes, as the protocol writes it."""
    framed = lp("xar-arms", b"\x00\xff", 2114, "")

    assert framed.hex() == "000000087861722d61726d73" + "0000000200ff" + "0000000432313134" + "00000000"


def test_lp_of_no_parts_is_empty() -> None:
    """Nothing framed is no bytes at all."""
    assert lp() == b""


def test_lp_counts_bytes_and_not_characters() -> None:
    """Text is framed as UTF-8, so an Arabic letter counts two."""
    assert lp("سلاح") == b"\x00\x00\x00\x08" + "سلاح".encode()


@given(st.lists(st.binary(max_size=40)), st.lists(st.binary(max_size=40)))
def test_lp_of_two_lists_is_never_the_same(left: list[bytes], right: list[bytes]) -> None:
    """Moving a byte from one field to its neighbour changes what is signed or derived."""
    assert (lp(*left) == lp(*right)) == (left == right)


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_unlp_takes_apart_what_lp_framed(parts: list[bytes]) -> None:
    """Frames survive a round trip."""
    assert unlp(lp(*parts)) == tuple(parts)


@given(st.binary(max_size=60))
@example(b"\x00")
@example(b"\x00\x00\x00")
@example(b"\x00\x00\x00\x01")
@example(b"\xff\xff\xff\xff")
@example(b"\x00\x00\x00\x00\x00")
def test_unlp_accepts_one_spelling_and_raises_only_our_error(raw: bytes) -> None:
    """Arbitrary bytes are frames that spell themselves again, or an EncodingError."""
    try:
        parts = unlp(raw)
    except EncodingError:
        return

    assert lp(*parts) == raw


@pytest.mark.parametrize("cut", range(1, 12))
def test_unlp_refuses_truncated_frames(cut: int) -> None:
    """A frame list cut anywhere but between frames is refused."""
    raw = lp(b"abc", b"defgh")
    assert len(raw) == 16

    if 16 - cut == 7:
        assert unlp(raw[:7]) == (b"abc",)
    else:
        with pytest.raises(EncodingError):
            unlp(raw[:-cut])


@pytest.mark.parametrize(("data", "text"), RFC_4648.items())
def test_base64_matches_the_rfc(data: bytes, text: str) -> None:
    """Both alphabets spell the examples of RFC 4648, 10."""
    assert b64(data) == text
    assert unb64(text) == data
    assert b64u(data) == text.rstrip("=")
    assert unb64u(text.rstrip("=")) == data


def test_the_two_alphabets_differ_where_the_rfc_says() -> None:
    """62 and 63 are + / in notes and - _ in JSON, and neither reader takes the other's."""
    assert (b64(b"\xfb\xff\xbf"), b64u(b"\xfb\xff\xbf")) == ("+/+/", "-_-_")

    with pytest.raises(EncodingError):
        unb64("-_-_")
    with pytest.raises(EncodingError):
        unb64u("+/+/")


@given(st.binary(max_size=100))
def test_base64_round_trips_as_text_and_as_bytes(data: bytes) -> None:
    """What is written is read again, whether it arrives as text or as bytes."""
    assert unb64u(b64u(data)) == data == unb64u(b64u(data).encode(), size=len(data))
    assert unb64(b64(data)) == data == unb64(b64(data).encode(), size=len(data))


# Padding, stray bits, foreign letters, white space, control characters.
SPARE_URL = ["Zg==", "Zh", "Zg=", "Z", "Zm9v=", "=", "Zm9v!", "Zm9v\xe9", "\uff3a\uff4d\uff19\uff56"]
SPARE_URL += [" Zm9v", "Zm 9v", "Zm9v\n", "\0", "Zm9v\0"]
SPARE = ["Zg", "Zh==", "Zg=", "Zg===", "Z", "Zm9v=", "Zm=v", "=", "====", "Zg==Zg==", "Zm9v!", "Zm9v\xe9"]
SPARE += [" Zm9v", "Zm9v\n", "Zg==\n"]


@pytest.mark.parametrize("text", SPARE_URL)
def test_a_second_spelling_of_base64url_is_refused(text: str) -> None:
    """Padding, stray bits, white space and foreign characters never name a value."""
    for spelled in (text, text.encode()):
        with pytest.raises(EncodingError):
            unb64u(spelled)


@pytest.mark.parametrize("text", SPARE)
def test_a_second_spelling_of_base64_is_refused(text: str) -> None:
    """Missing or spare padding, stray bits, white space and foreign characters never name a value."""
    for spelled in (text, text.encode()):
        with pytest.raises(EncodingError):
            unb64(spelled)


def test_python_alone_would_take_another_spelling() -> None:
    """The strictness is needed: the standard library reads one value out of two texts."""
    assert base64.urlsafe_b64decode("Zg==") == base64.urlsafe_b64decode("Zh==")


@pytest.mark.parametrize(("reader", "writer"), [(unb64, b64), (unb64u, b64u)])
@given(raw=st.one_of(st.binary(max_size=40), st.text(max_size=40), st.text("ABCYZabcz019+/-_=", max_size=12)))
def test_arbitrary_text_is_one_spelling_or_our_error(
    reader: Callable[[bytes | str], bytes], writer: Callable[[bytes], str], raw: bytes | str
) -> None:
    """Whatever arrives is refused with our error or spells itself again."""
    try:
        data = reader(raw)
    except CryptoError:
        return

    assert writer(data) == (raw if isinstance(raw, str) else raw.decode("ascii"))


@pytest.mark.parametrize(("reader", "writer"), [(unb64, b64), (unb64u, b64u)])
def test_every_short_text_is_one_spelling_or_none(
    reader: Callable[[bytes | str], bytes], writer: Callable[[bytes], str]
) -> None:
    """Comparing the last four characters says what comparing all of them says, for every text of a few letters."""
    for length in range(7):
        for letters in itertools.product("Ag-+=\n", repeat=length):
            text = "".join(letters)
            try:
                data = reader(text)
            except CryptoError:
                continue

            assert writer(data) == text


@given(data=st.binary(min_size=60, max_size=90), at=st.integers(0, 79), byte=st.integers(0, 255))
def test_a_foreign_byte_in_the_middle_is_never_skipped(data: bytes, at: int, byte: int) -> None:
    """Far from the end too: a byte more is another value or none."""
    text = b64u(data).encode()
    spoiled = text[:at] + bytes([byte]) + text[at:]
    try:
        found = unb64u(spoiled)
    except CryptoError:
        return

    assert b64u(found).encode() == spoiled


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_value_of_another_size_is_refused(size: int) -> None:
    """A hash is exactly 32 bytes: any other length is no hash."""
    with pytest.raises(EncodingError, match=f"expected 32 bytes, found {size}"):
        unb64u(b64u(bytes(size)), size=32)
    with pytest.raises(EncodingError, match=f"expected 32 bytes, found {size}"):
        unb64(b64(bytes(size)), size=32)


@pytest.mark.parametrize(
    ("data", "gap", "pieces"),
    [(b"", 0, ()), (b"aabbcc", 0, (b"aa", b"bb", b"cc")), (b"aa.bb.", 1, (b"aa", b"bb")), (b"aa..", 2, (b"aa",))],
)
def test_pieces_follow_one_another(data: bytes, gap: int, pieces: tuple[bytes, ...]) -> None:
    """Bytes are cut into pieces that share none, and what stands between them is in none."""
    assert pieces == cut(data, size=2, gap=gap)

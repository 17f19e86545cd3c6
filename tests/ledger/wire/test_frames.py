"""Length-prefixed frames: one spelling, and limits that hold before anything is copied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.wire.frames import encode_frames, parse_frames


@given(st.lists(st.binary(max_size=64), max_size=20))
def test_frames_come_back_as_they_were(frames: list[bytes]) -> None:
    """Whatever is framed is read back, empty frames included."""
    assert list(parse_frames(encode_frames(frames), most=20)) == frames


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_frames_or_refused(raw: bytes) -> None:
    """Anything else raises only our error; what is read is written back the same."""
    try:
        frames = parse_frames(raw, most=50)
    except LedgerError:
        return
    assert encode_frames(frames) == raw


@pytest.mark.parametrize(
    "raw", [b"\0", b"\0\0\0", b"\0\0\0\x01", b"\0\0\0\x05abcd", b"\xff\xff\xff\xff", b"\0\0\0\0\0"]
)
def test_a_frame_that_is_cut_short_is_malformed(raw: bytes) -> None:
    """A length without its bytes, and half a length, are refused."""
    with pytest.raises(MalformedError):
        parse_frames(raw, most=5)


def test_one_frame_too_many_is_refused() -> None:
    """The count is capped while reading, not afterwards."""
    with pytest.raises(TooLargeError):
        parse_frames(encode_frames([b""] * 4), most=3)


def test_nothing_is_no_frames() -> None:
    """An empty body holds none."""
    assert parse_frames(b"", most=0) == ()

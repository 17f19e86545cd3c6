"""A workbook's ZIP is judged by what it states, before anything in it is unpacked."""

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.lists import workbooks, zipbounds
from clients.lists.zipbounds import MAX_MEMBERS, MAX_RATIO, ZipRefusedError, check_zip


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def reason(raw: bytes) -> str:
    """Return why a ZIP is refused, "" if it is not; damage that zipfile itself sees is damage."""
    try:
        check_zip(io.BytesIO(raw))
    except ZipRefusedError as error:
        return str(error)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        return "damaged"
    return ""


def restated(raw: bytes, *, size: int) -> bytes:
    """Return a ZIP whose first member states another size in the central directory."""
    at = raw.index(b"PK\x01\x02")
    return raw[: at + 24] + struct.pack("<I", size) + raw[at + 28 :]


def test_an_honest_zip_passes() -> None:
    """A few members, packed as programs pack."""
    assert reason(zipped(("a", b"text " * 100), ("b", bytes(1_000)))) == ""


def test_small_members_may_be_packed_tightly() -> None:
    """A megabyte of zeros is no bomb."""
    assert reason(zipped(("a", bytes(zipbounds.FREE_BYTES)))) == ""


def test_a_member_packed_beyond_the_ratio_is_refused() -> None:
    """Two megabytes in two kilobytes."""
    raw = zipped(("a", bytes(2 * zipbounds.FREE_BYTES)))

    assert len(raw) * MAX_RATIO < 2 * zipbounds.FREE_BYTES
    assert reason(raw) == "ratio"


def test_many_members_that_are_small_each_are_counted_together() -> None:
    """The stated sizes add up, whatever they are in truth."""
    raw = zipped(*((str(number), b"x") for number in range(3)))
    big = restated(raw, size=2**32 - 2)

    assert reason(big) in {"unpacked", "ratio"}


def test_too_many_members_are_refused_by_what_is_stated() -> None:
    """Before the list of them is read."""
    assert reason(zipped(*((str(number), b"") for number in range(MAX_MEMBERS)))) == ""
    assert reason(zipped(*((str(number), b"") for number in range(MAX_MEMBERS + 1)))) == "members"


def test_a_directory_longer_than_its_count_says_is_counted_by_its_bytes() -> None:
    """A forged count of members does not hide a directory of megabytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = b""
        for number in range(900):
            archive.writestr(f"{number:05}" + "n" * 5_000, b"")
    raw = bytearray(out.getvalue())
    end = raw.rindex(b"PK\x05\x06")
    raw[end + 8 : end + 12] = struct.pack("<HH", 1, 1)

    assert reason(bytes(raw)) == "members"


def test_a_password_is_told_apart() -> None:
    """A member that says it is encrypted."""
    raw = bytearray(zipped(("a", b"text")))
    raw[raw.index(b"PK\x01\x02") + 8] |= 1

    assert reason(bytes(raw)) == "password"


def test_two_members_of_one_name_are_refused() -> None:
    """Readers differ in which of them they take."""
    with pytest.warns(UserWarning, match="Duplicate"):
        raw = zipped(("a", b"1"), ("a", b"2"))

    assert reason(raw) == "members"


@pytest.mark.parametrize("raw", [b"", b"PK", b"PK\x05\x06", b"PK\x03\x04" + bytes(100), b"PK\x05\x06" + b"\xff" * 18])
def test_what_has_no_end_is_damaged(raw: bytes) -> None:
    """No end of a central directory, or one that points past the file."""
    assert reason(raw) == "damaged"


@given(st.binary(max_size=300))
def test_any_bytes_are_judged(raw: bytes) -> None:
    """With the end of a ZIP behind them or without."""
    for whole in (raw, raw + zipped(("a", b"x"))[-22:]):
        assert reason(whole) == "" or reason(whole) in workbooks.REASONS

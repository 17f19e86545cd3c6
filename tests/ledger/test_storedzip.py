"""A ZIP in one spelling: what is written opens everywhere, and nothing else is read."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checks import evidence
from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.storedzip import MAX_MEMBERS, read_stored, write_stored

LIMIT = 2**20
MEMBERS = {"record.sdjwt": b"one~", "charter/1.json": b"{}", "empty": b""}
NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,9}(/[a-z0-9][a-z0-9]{0,9})?", fullmatch=True)


def of_python(members: dict[str, bytes], **options: object) -> bytes:
    """Return a ZIP as Python's own library writes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as archive:  # type: ignore[call-overload]  # options by name
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_every_tool_can_open_what_is_written() -> None:
    """Python's ZIP reader finds the same members in the same order, with good sums and plain permissions."""
    archive = zipfile.ZipFile(io.BytesIO(write_stored(MEMBERS)))

    assert archive.testzip() is None
    assert {info.filename: archive.read(info) for info in archive.infolist()} == MEMBERS
    assert {(info.compress_type, info.external_attr >> 16, info.date_time[0]) for info in archive.infolist()} == {
        (zipfile.ZIP_STORED, 0o100644, 1980)
    }


@given(members=st.dictionaries(NAMES, st.binary(max_size=64), max_size=6))
def test_reading_gives_back_what_was_written_in_its_order(members: dict[str, bytes]) -> None:
    """Members and their order survive, and the bytes depend on nothing else."""
    raw = write_stored(members)

    assert list(read_stored(raw, limit=LIMIT).items()) == list(members.items())
    assert write_stored(members) == raw


@given(raw=st.binary(max_size=400))
def test_arbitrary_bytes_raise_only_our_errors(raw: bytes) -> None:
    """Whatever is no ZIP of ours is refused in our own words."""
    for tried in (raw, b"PK\3\4" + raw):
        with pytest.raises(LedgerError) as caught:
            read_stored(tried, limit=LIMIT)
        assert evidence(caught.value).check == "bundle/container"


def test_every_flipped_bit_is_refused() -> None:
    """Sums, sizes, names, flags, both directories: no bit of the container means nothing."""
    raw = write_stored(MEMBERS)
    for place in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(LedgerError):
            read_stored(bytes(changed), limit=LIMIT)


@pytest.mark.parametrize("cut", [1, 10, 22, 40, 90])
def test_a_file_cut_short_is_refused(cut: int) -> None:
    """Half a bundle is none."""
    with pytest.raises(MalformedError, match="one spelling"):
        read_stored(write_stored(MEMBERS)[:-cut], limit=LIMIT)


def test_what_follows_or_precedes_is_refused() -> None:
    """A ZIP inside of another file would be read differently by readers that search for its end."""
    raw = write_stored(MEMBERS)
    for tried in (raw + b"\0", b"\0" + raw, raw + raw):
        with pytest.raises(MalformedError):
            read_stored(tried, limit=LIMIT)


def test_attack_one_name_twice() -> None:
    """Of two members of one name a reader would show either: there is no such file here."""
    first, second = write_stored({"policy": b"one"}), write_stored({"policy": b"two"})
    doubled = first[: first.index(b"PK\1\2")] + second[: second.index(b"PK\1\2")]

    with pytest.raises(MalformedError):
        read_stored(doubled + first[first.index(b"PK\1\2") :], limit=LIMIT)


def test_attack_one_name_a_million_times() -> None:
    """The second one ends the reading: a file of nothing but members of one name is not worked through to its end."""
    member, _, _ = write_stored({"a": b""}).partition(b"PK\1\2")

    with pytest.raises(MalformedError) as caught:
        read_stored(member * 1_000_000, limit=2**26)

    assert evidence(caught.value).found == "a name that is used twice"


def test_zips_of_other_writers_are_refused() -> None:
    """A second spelling, compressed or merely with another clock, is not ours."""
    for options in ({}, {"compression": zipfile.ZIP_DEFLATED}):
        with pytest.raises(MalformedError):
            read_stored(of_python(MEMBERS, **options), limit=LIMIT)


@pytest.mark.parametrize("name", ["../policy", "/policy", "a//b", "", ".hidden", "a\\b", "naïve", "a b", "a/"])
def test_names_that_could_lead_elsewhere_have_no_spelling(name: str) -> None:
    """Whoever unpacks a bundle gets files below the folder they stand in."""
    with pytest.raises(MalformedError):
        write_stored({name: b""})


def test_too_many_members_are_refused() -> None:
    """The number of members is bounded."""
    with pytest.raises(MalformedError):
        write_stored({str(number): b"" for number in range(MAX_MEMBERS + 1)})


def test_a_file_above_the_limit_is_not_read() -> None:
    """The limit counts before anything is decoded."""
    with pytest.raises(TooLargeError):
        read_stored(write_stored(MEMBERS), limit=100)

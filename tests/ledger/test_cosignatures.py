"""What a cosigner signs, byte for byte, typed in from C2SP tlog-cosignature."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import cosignatures
from ledger.cosignatures import MAX_TIMESTAMP
from ledger.errors import MalformedError
from tests.support.reference import vectors

TIMES = st.integers(min_value=0, max_value=MAX_TIMESTAMP)


def test_the_ed25519_message_of_the_specification() -> None:
    """The example of the specification: header line, time line, the whole text."""
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    expected = (
        b"cosignature/v1\ntime 1679315147\n"
        b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )

    assert expected == cosignatures.checkpoint_message(text, timestamp=1_679_315_147)


def test_the_ml_dsa_44_message_member_by_member() -> None:
    """Label of 12 bytes, name, time, origin, start, end, hash, as the structure lists them."""
    expected = (
        b"subtree/v1\n\0"
        b"\x03w.x"
        b"\x00\x00\x00\x00\x64\x18\x50\xcb"
        b"\x05log.x"
        b"\x00\x00\x00\x00\x00\x00\x00\x00"
        b"\x00\x00\x00\x00\x01\x3e\x2e\x43"
    ) + bytes(range(32))

    assert expected == cosignatures.subtree_message(
        cosigner="w.x", timestamp=1_679_315_147, origin="log.x", start=0, end=20_852_291, root=bytes(range(32))
    )


def test_the_published_signature_covers_a_message_of_this_length() -> None:
    """12 + 1 + 21 + 8 + 1 + 21 + 8 + 8 + 32 bytes for torchwood's log of origin example.com/mldsa-log."""
    origin = vectors("tlog/torchwood/mldsa44-checkpoint.txt").read_text(encoding="utf-8").split("\n")[0]
    message = cosignatures.subtree_message(cosigner=origin, timestamp=0, origin=origin, start=0, end=1, root=bytes(32))

    assert len(message) == 112


def test_a_subtree_that_starts_later_claims_no_time() -> None:
    """Start ≠ 0 with a time would claim to have seen the largest tree of something that is none."""
    cosignatures.subtree_message(cosigner="w", timestamp=0, origin="o", start=4, end=8, root=bytes(32))

    with pytest.raises(MalformedError):
        cosignatures.subtree_message(cosigner="w", timestamp=1, origin="o", start=4, end=8, root=bytes(32))


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (2, 1), (0, 2**63)])
def test_a_range_that_no_tree_has_is_not_signed(start: int, end: int) -> None:
    """Negative, backwards, too large."""
    with pytest.raises(MalformedError):
        cosignatures.subtree_message(cosigner="w", timestamp=0, origin="o", start=start, end=end, root=bytes(32))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_root_of_another_length_is_not_signed(length: int) -> None:
    """The hash is the last member: one of another length would be another structure."""
    with pytest.raises(MalformedError):
        cosignatures.subtree_message(cosigner="w", timestamp=0, origin="o", start=0, end=1, root=bytes(length))


@pytest.mark.parametrize("name", ["", "x" * 256, "a b"])
def test_a_name_that_its_length_byte_cannot_say_is_not_signed(name: str) -> None:
    """Names have 1 to 255 bytes, and are names of notes."""
    with pytest.raises(MalformedError):
        cosignatures.subtree_message(cosigner=name, timestamp=0, origin="o", start=0, end=1, root=bytes(32))
    with pytest.raises(MalformedError):
        cosignatures.subtree_message(cosigner="w", timestamp=0, origin=name, start=0, end=1, root=bytes(32))


def test_the_longest_name_is_signed() -> None:
    """255 bytes, counted in UTF-8 and not in characters."""
    name = "é" * 127 + "x"
    message = cosignatures.subtree_message(cosigner=name, timestamp=0, origin="o", start=0, end=1, root=bytes(32))

    assert b"\xff" + name.encode() == message[12 : 12 + 256]


@given(timestamp=TIMES, signature=st.binary(min_size=1, max_size=80))
def test_time_and_signature_are_read_back(timestamp: int, signature: bytes) -> None:
    """Eight bytes of time, then the signature."""
    raw = cosignatures.join_timestamp(timestamp=timestamp, signature=signature)

    assert timestamp.to_bytes(8, "big") + signature == raw
    assert (timestamp, signature) == cosignatures.split_timestamp(raw)


@given(raw=st.binary(max_size=20))
def test_arbitrary_cosignatures_are_refused_with_our_error(raw: bytes) -> None:
    """Too short, or of a time that POSIX has not: MalformedError."""
    try:
        timestamp, signature = cosignatures.split_timestamp(raw)
    except MalformedError:
        return

    assert raw == cosignatures.join_timestamp(timestamp=timestamp, signature=signature)


@pytest.mark.parametrize("timestamp", [-1, MAX_TIMESTAMP + 1, 2**64])
def test_a_time_beyond_posix_is_refused(timestamp: int) -> None:
    """Above 2^63 - 1 some reader would see a negative time."""
    with pytest.raises(MalformedError):
        cosignatures.checkpoint_message("text\n", timestamp=timestamp)
    with pytest.raises(MalformedError):
        cosignatures.join_timestamp(timestamp=timestamp, signature=b"s")
    with pytest.raises(MalformedError):
        cosignatures.subtree_message(cosigner="w", timestamp=timestamp, origin="o", start=0, end=1, root=bytes(32))


@pytest.mark.parametrize("raw", [b"", bytes(8), b"\x80" + bytes(8)])
def test_a_cosignature_without_its_parts_is_refused(raw: bytes) -> None:
    """No time, no signature, a time too large."""
    with pytest.raises(MalformedError):
        cosignatures.split_timestamp(raw)

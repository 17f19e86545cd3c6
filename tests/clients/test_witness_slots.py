"""A file that is overwritten in place: what a crash leaves is what was there before, and what is none of ours says nothing."""

import stat
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.errors import HomeError
from clients.witness import slots
from clients.witness.slots import SLOT_BYTES
from crypto import privatefile


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A place for one."""
    return tmp_path / "state"


def put(file: Path, *many: bytes) -> None:
    """Write one after the other."""
    for data in many:
        slots.update(file, lambda _, data=data: data)  # type: ignore[misc]  # bound early


def test_nothing_was_written(file: Path) -> None:
    """No file is no data, and makes none."""
    assert slots.read(file) is None
    assert not file.exists()


@given(many=st.lists(st.binary(max_size=SLOT_BYTES - 100), min_size=1, max_size=5))
def test_what_was_written_last_is_read(tmp_path_factory: pytest.TempPathFactory, many: list[bytes]) -> None:
    """Whatever it is, and however often; the file has one size for ever and one owner."""
    file = tmp_path_factory.mktemp("slots") / "state"
    seen = []
    for data in many:
        slots.update(file, lambda before, data=data: seen.append(before) or data)  # type: ignore[func-returns-value,misc]  # as a list
        assert slots.read(file) == data

    assert seen == [None, *many[:-1]]
    assert file.stat().st_size == 2 * SLOT_BYTES
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_both_slots_written_during_one_read_are_read_again_alone(file: Path) -> None:
    """Two requests, one soon after the other, may reach both slots while a third reads: it waits, and fails nobody."""
    put(file, b"one", b"two")
    whole = file.read_bytes()
    with ThreadPoolExecutor(1) as pool:
        with privatefile.held(file):
            file.write_bytes(bytes(len(whole)))
            found = pool.submit(slots.read, file)
            # It cannot be seen to wait: whoever gave up instead has done so long before.
            wait([found], timeout=0.5)
            file.write_bytes(whole)

        assert found.result(60) == b"two"


@pytest.mark.parametrize("written", [0, 1, 20, 80, 512, 4_096, SLOT_BYTES - 1])
@pytest.mark.parametrize("before", [1, 2, 3])
def test_attack_a_power_cut_in_the_middle_of_a_write(file: Path, written: int, before: int) -> None:
    """However much of the new slot reached the disk, from either end, what was there before is read; and it goes on."""
    earlier = [bytes([65 + number]) * 900 for number in range(before)]
    put(file, *earlier)
    old = file.read_bytes()
    put(file, bytes([90]) * 6_000)
    new = file.read_bytes()
    place = before % 2 * SLOT_BYTES
    for torn in (
        old[:place] + new[place : place + written] + old[place + written :],
        old[: place + SLOT_BYTES - written]
        + new[place + SLOT_BYTES - written : place + SLOT_BYTES]
        + old[place + SLOT_BYTES :],
    ):
        file.write_bytes(torn)
        assert slots.read(file) == (bytes([90]) * 6_000 if torn == new else earlier[-1])
        put(file, b"after")
        assert slots.read(file) == b"after"


def test_many_who_begin_at_once_all_count(file: Path) -> None:
    """One of them makes the file, and none overwrites what another has written."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: slots.update(file, lambda before: (before or b"") + b"%d." % number), range(8)))

    assert sorted((slots.read(file) or b"").split(b".")) == sorted([b"", *(b"%d" % number for number in range(8))])


def test_every_flipped_bit_of_the_newest_slot_gives_the_one_before(file: Path) -> None:
    """No damage is taken for data."""
    put(file, b"first", b"second")
    raw = bytearray(file.read_bytes())
    for place in (*range(SLOT_BYTES, SLOT_BYTES + 90), 2 * SLOT_BYTES - 1):
        raw[place] ^= 4
        file.write_bytes(raw)
        assert slots.read(file) == b"first"
        raw[place] ^= 4


def whole(file: Path) -> tuple[bytes, bytes]:
    """Return the slots of a file that was written twice."""
    put(file, b"first", b"second")
    return file.read_bytes()[:SLOT_BYTES], file.read_bytes()[SLOT_BYTES:]


@pytest.mark.parametrize("damage", ["empty", "one slot", "a byte more", "both", "moved", "no number", "zeros"])
def test_attack_a_file_that_is_none_of_ours(file: Path, damage: str) -> None:
    """It is neither read nor written over."""
    first, second = whole(file)
    file.write_bytes(
        {
            "empty": b"",
            "one slot": second,
            "a byte more": first + second + b"\0",
            "both": b"?" + first[1:] + b"?" + second[1:],
            "moved": second + first,
            "no number": (b"0" + first[1:]) + bytes(SLOT_BYTES),
            "zeros": bytes(2 * SLOT_BYTES),
        }[damage]
    )
    before = file.read_bytes()

    with pytest.raises(HomeError, match="cannot be believed"):
        slots.read(file)
    with pytest.raises(HomeError, match="cannot be believed"):
        put(file, b"third")
    assert file.read_bytes() == before


def test_a_file_that_others_may_read_is_refused(file: Path) -> None:
    """They may have written it, too."""
    put(file, b"first")
    file.chmod(0o644)

    with pytest.raises(HomeError, match="cannot be believed"):
        slots.read(file)


def test_what_a_change_raises_changes_nothing(file: Path) -> None:
    """Nor does what is too large for a slot."""
    put(file, b"first")
    before = file.read_bytes()

    def refuse(_data: bytes | None) -> bytes:
        raise LookupError

    with pytest.raises(LookupError):
        slots.update(file, refuse)
    with pytest.raises(HomeError, match="larger than a slot"):
        put(file, bytes(SLOT_BYTES))
    assert file.read_bytes() == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300) | st.binary(max_size=300).map(lambda start: start.ljust(2 * SLOT_BYTES, b"\0")))
def test_a_file_of_anything_is_refused_by_our_own_error(file: Path, raw: bytes) -> None:
    """Of any size, and of the right one: nothing but a slot that hashes to what it says is believed."""
    file.write_bytes(raw)
    file.chmod(0o600)
    with pytest.raises(HomeError):
        slots.read(file)

"""Lists of values to base64url and back must say the same as one call for each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u
from ledger.b64lists import cut, read_list, spell_ascii, spell_list


@given(size=st.sampled_from([15, 16, 17, 32]), count=st.integers(0, 12), data=st.data())
def test_a_list_is_spelled_as_each_value_alone_is(size: int, count: int, data: st.DataObject) -> None:
    """One call for all values writes what one call for each would."""
    values = data.draw(st.lists(st.binary(min_size=size, max_size=size), min_size=count, max_size=count))

    texts = spell_list(values, size=size)

    assert [b64u(value) for value in values] == texts
    assert [text.encode() for text in texts] == list(spell_ascii(values, size=size))
    assert values == list(read_list([text.encode() for text in texts], size=size))


@pytest.mark.parametrize(
    ("data", "gap", "pieces"),
    [(b"", 0, ()), (b"aabbcc", 0, (b"aa", b"bb", b"cc")), (b"aa.bb.", 1, (b"aa", b"bb")), (b"aa..", 2, (b"aa",))],
)
def test_pieces_follow_one_another(data: bytes, gap: int, pieces: tuple[bytes, ...]) -> None:
    """Bytes are cut into pieces that share none, and what stands between them is in none."""
    assert pieces == cut(data, size=2, gap=gap)

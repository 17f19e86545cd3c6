"""Lists of values to base64url and back must say the same as one call for each."""

from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u
from ledger.b64lists import read_list, spell_ascii, spell_list


@given(size=st.sampled_from([15, 16, 17, 32]), count=st.integers(0, 12), data=st.data())
def test_a_list_is_spelled_as_each_value_alone_is(size: int, count: int, data: st.DataObject) -> None:
    """One call for all values writes what one call for each would."""
    values = data.draw(st.lists(st.binary(min_size=size, max_size=size), min_size=count, max_size=count))

    texts = spell_list(values, size=size)

    assert [b64u(value) for value in values] == texts
    assert [text.encode() for text in texts] == list(spell_ascii(values, size=size))
    assert values == list(read_list([text.encode() for text in texts], size=size))

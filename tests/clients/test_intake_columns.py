"""The columns of a list as a form shows them: what is chosen is what the map says, and back again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.errors import ListError
from clients.intake.columns import Choices, choices_of, fillable, map_of
from clients.intake.reading import header_of, pack, unpack
from clients.lists.maps import DATE_PATTERNS, parse_map
from clients.lists.tables import Row, Table
from ledger.eventfields import KINDS as EVENTS
from ledger.itemfields import KINDS as ITEMS
from ledger.labels import Compartment

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(
    lambda name: not name.startswith("sealtrace")
)


@st.composite
def choices(draw: st.DrawFn) -> Choices:
    """Draw choices that do not contradict themselves."""
    header = draw(st.lists(NAMES, min_size=1, max_size=8, unique=True))
    fields = draw(st.permutations(fillable()))
    columns = {name: one if draw(st.booleans()) else "" for name, one in zip(header, fields, strict=False)}
    return Choices(
        columns=columns,
        event="" if "event.kind" in columns.values() else draw(st.sampled_from(sorted(EVENTS))),
        item="" if "item.kind" in columns.values() else draw(st.sampled_from(ITEMS)),
        dates=tuple(draw(st.lists(st.sampled_from(DATE_PATTERNS), min_size=1, max_size=3, unique=True))),
        key=tuple(draw(st.lists(st.sampled_from(header), max_size=2, unique=True))),
        compartments=frozenset(draw(st.lists(st.sampled_from(Compartment), max_size=2))),
    )


@given(choices(), st.text(st.characters(codec="utf-8"), max_size=20))
def test_choices_become_a_map_and_come_back(chosen: Choices, title: str) -> None:
    """Whatever columns are called, quotes, brackets and line ends among it: the map says the same."""
    if any(chosen.columns.values()) or chosen.item:
        found = choices_of(parse_map(map_of(chosen, title=title)), tuple(chosen.columns))

        assert found == chosen


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"columns": {"a": "item.make", "b": "item.make"}}, "two columns are to fill item.make"),
        ({"columns": {"a": "item.nothing"}}, "a field that there is not"),
        ({"columns": {"a": "event.kind"}}, "event.kind is said"),
        ({"event": ""}, "event.kind is said"),
        ({"event": "party"}, "event.kind is said"),
        ({"item": ""}, "item.kind is said"),
        ({"dates": ("DD",)}, "dates"),
        ({"key": ("z",)}, "key names a column"),
    ],
)
def test_choices_that_contradict_themselves_are_refused(changed: dict[str, object], said: str) -> None:
    """With what to do, before there is a map."""
    given_choices = {"columns": {"a": "item.make"}, **changed}
    with pytest.raises(ListError, match=said):
        map_of(Choices(**given_choices), title="")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "more",
    [
        '[[record]]\nevent = "loss"\n[record.fields]\n"item.kind" = { value = "other" }',
        'when = [{ column = "a", present = true }]',
        'fields."item.make" = { columns = ["a", "b"] }',
        'fields."item.make" = { column = "a", table = { x = "y" } }',
        'fields."item.make" = [{ column = "a" }, { column = "b" }]',
        'fields."item.model" = { value = "M" }',
        'fields."item.make" = { column = "a" }\nfields."item.model" = { column = "a" }',
    ],
)
def test_a_map_that_says_more_is_not_shown_as_a_form(more: str) -> None:
    """The form would lose it without a word."""
    text = f'[[record]]\nevent = "recovery"\n{more}\n'
    if "fields" not in more.partition("\n")[0] or more.startswith("when"):
        text += 'fields."item.kind" = { value = "small_arm" }\n' if more.startswith("when") else ""
    if more.startswith("[["):
        text = f'[[record]]\nevent = "recovery"\nfields."item.kind" = {{ value = "small_arm" }}\n{more}\n'

    assert choices_of(parse_map(text), ("a", "b")) is None


@given(
    st.lists(st.text(max_size=5), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(1, 10**6), st.lists(st.text(max_size=8), max_size=5)), max_size=6),
    st.sampled_from([None, "utf-8", "cp1252"]),
)
def test_a_table_is_kept_as_it_was_read(
    header: list[str], rows: list[tuple[int, list[str]]], encoding: str | None
) -> None:
    """Lines, cells, where it came from: what was shown is what is planned."""
    table = Table(
        header=tuple(header),
        header_line=3,
        rows=tuple(Row(line=line, cells=tuple(cells)) for line, cells in rows),
        source="CSV",
        encoding=encoding,
        delimiter=";",
    )

    assert unpack(pack(table)) == table


def test_a_header_is_known_whatever_its_case_and_by_its_order() -> None:
    """Two exports of one program agree; other columns, or another order, are another source."""
    first, same, other = (
        Table(header=header, header_line=1, rows=(), source="") for header in (("A", "b"), ("a", "B"), ("b", "A"))
    )

    assert header_of(first) == header_of(same) != header_of(other)

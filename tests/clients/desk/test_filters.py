"""How the pages spell what is said of something, a weapon that was asked about, and a table on a narrow screen."""

import pytest
from flask import render_template_string
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from clients.desk.filters import under
from tests.support.desks import Desk

ATTACK = '"><td><script>alert(1)</script>'


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Log: <b>x</b>"), ("fr", "Log\u00a0: <b>x</b>"), ("ar", "Log: <b>x</b>")],
)
def test_a_colon_is_set_as_its_language_sets_it(kept_desk: Desk, language: str, said: str) -> None:
    """French has a space before it that never breaks; what stands before it may be markup of ours."""
    with kept_desk.app.test_request_context("/", headers={"Accept-Language": language}):
        assert render_template_string("{{ what | colon }} {{ x }}", what="Log", x=Markup("<b>x</b>")) == said


def test_attack_markup_before_a_colon(kept_desk: Desk) -> None:
    """A name is text there as anywhere."""
    with kept_desk.app.test_request_context("/"):
        assert render_template_string("{{ v | colon }}", v=ATTACK) == f"{escape(ATTACK)}:"


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "small arm · Taurus ABE 1"), ("fr", "arme de petit calibre · Taurus ABE 1"), ("ar", "Taurus ABE 1")],
)
def test_a_weapon_that_was_asked_about_is_in_its_readers_language(kept_desk: Desk, language: str, said: str) -> None:
    """What is a code of the vocabulary is said in the reader's words; make and number are as they came."""
    with kept_desk.app.test_request_context("/", headers={"Accept-Language": language}):
        found = render_template_string("{{ v | weapon }}", v="small arm · Taurus ABE 1")

    assert found.endswith(said)
    assert ("small arm" in found) is (language == "en")


def test_each_cell_says_what_stands_above_it() -> None:
    """On a narrow screen cells stand one below another: each carries its head, in every row."""
    rows = Markup('<tr><td class="n">1</td><td>a</td></tr>\n<tr><td>2</td><td></td></tr>\n')

    assert under(rows, ["Line", 'What "it" is']) == (
        '<tr><td data-head="Line" class="n">1</td><td data-head="What &#34;it&#34; is">a</td></tr>\n'
        '<tr><td data-head="Line">2</td><td data-head="What &#34;it&#34; is"></td></tr>\n'
    )


@given(st.text())
def test_attack_a_value_that_is_written_like_a_cell(value: str) -> None:
    """Values come escaped, so that none begins a cell or a row: each head stands over its own column."""
    rows = Markup("<tr><td>{}</td><td>b</td></tr>").format(value + ATTACK)

    assert under(rows, ["A", "B"]).count("data-head=") == 2


def test_a_row_that_has_other_columns_than_its_table_is_a_defect() -> None:
    """A template whose row lacks a cell, or has one too many, fails where it is written."""
    with pytest.raises(ValueError, match="zip"):
        under(Markup("<tr><td>1</td></tr>"), ["A", "B"])


def test_a_table_without_rows_is_left_as_it_is() -> None:
    """Nothing is invented."""
    assert under(Markup("\n"), ["A", "B"]) == "\n"

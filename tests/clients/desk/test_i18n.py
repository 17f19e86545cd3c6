"""The desk's languages, and how numbers and times are spelled in them."""

from pathlib import Path

import pytest
from babel.support import NullTranslations
from flask_babel import gettext  # type: ignore[import-untyped]  # it has no types
from hypothesis import given
from hypothesis import strategies as st

from clients.desk import filters, i18n
from clients.desk.people.accounts import LANGUAGES
from tests.support.desks import Desk

PO = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);\\n"

msgid "Log"
msgstr "السجل"

msgid "%(num)s day ago"
msgid_plural "%(num)s days ago"
msgstr[0] "zero"
msgstr[1] "one"
msgstr[2] "two"
msgstr[3] "few"
msgstr[4] "many"
msgstr[5] "other"
"""


def test_a_catalogue_is_compiled_where_it_is_read(tmp_path: Path) -> None:
    """What translators write is used as it is: there is no compiled file that could say something else."""
    folder = tmp_path / "ar" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "desk.po").write_text(PO, encoding="utf-8")
    made = i18n.compiled(tmp_path, "ar")

    assert made.gettext("Log") == "السجل"
    assert made.gettext("Find") == "Find"
    assert [made.ngettext("%(num)s day ago", "%(num)s days ago", count) for count in (0, 1, 2, 3, 11, 100)] == [
        "zero",
        "one",
        "two",
        "few",
        "many",
        "other",
    ]
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".po"]


def test_a_language_without_a_catalogue_is_english(tmp_path: Path) -> None:
    """A page is never empty for want of a translation."""
    assert isinstance(i18n.compiled(tmp_path, "fr"), NullTranslations)
    assert i18n.compiled(tmp_path, "fr").gettext("Log") == "Log"


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("fr", "ltr"), ("ar", "rtl")])
def test_a_page_is_in_its_readers_language_and_direction(desk: Desk, language: str, direction: str) -> None:
    """What a person chose counts, whatever the browser asks for."""
    person = desk.add("Ana")
    desk.parts.people.accounts.set_language(person.id, language)

    text = desk.browser(person).get("/", Accept_Language="de, fr;q=0.1").get_data(as_text=True)

    assert f'<html lang="{language}" dir="{direction}"' in text


@pytest.mark.parametrize(
    ("asked", "given"),
    [("ar", "ar"), ("fr-CA, en;q=0.5", "fr"), ("de", "en"), ("", "en"), ("x" * 400, "en"), ("*", "en")],
)
def test_a_stranger_is_answered_in_a_language_of_the_browser(kept_desk: Desk, asked: str, given: str) -> None:
    """Before the sign-in the browser's languages are tried; what it asks for can be anything."""
    text = kept_desk.browser().get("/signin", Accept_Language=asked).get_data(as_text=True)

    assert f'<html lang="{given}"' in text


def test_every_language_of_the_desk_can_be_chosen() -> None:
    """What people may set is what there are names for."""
    assert set(i18n.LANGUAGES) == set(LANGUAGES)
    assert set(i18n.LANGUAGES) > i18n.RIGHT_TO_LEFT


@pytest.mark.parametrize(
    ("theme", "shown"), [("auto", ""), ("light", ' data-theme="light"'), ("dark", ' data-theme="dark"')]
)
def test_a_page_is_as_light_as_its_reader_chose(desk: Desk, theme: str, shown: str) -> None:
    """A person's choice goes before what the browser prefers; without one nothing is said."""
    person = desk.add("Ana")
    desk.parts.people.accounts.set_theme(person.id, theme)
    start = desk.browser(person).text("/").partition("<head>")[0]

    assert start.endswith(f'dir="ltr"{shown}>\n')


@pytest.mark.parametrize(
    ("seconds", "span", "ago"),
    [
        (0, "less than a minute", "just now"),
        (59, "less than a minute", "just now"),
        (60, "1 minute", "1 minute ago"),
        (7_199, "1 hour", "1 hour ago"),
        (7_200, "2 hours", "2 hours ago"),
        (86_400, "1 day", "1 day ago"),
        (400 * 86_400, "400 days", "400 days ago"),
    ],
)
def test_spans_are_told_in_their_largest_unit(kept_desk: Desk, seconds: int, span: str, ago: str) -> None:
    """Whole sentences for each unit, with the plural that the language has."""
    with kept_desk.app.test_request_context("/"):
        assert (filters.span(seconds), filters.ago(seconds)) == (span, ago)


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_a_moment_is_one_that_machines_read_too(seconds: int) -> None:
    """ISO date and time in UTC, in words and in the element's own attribute."""
    shown = str(filters.moment(seconds))

    assert shown.startswith('<time datetime="')
    assert shown.endswith(" UTC</time>")
    assert shown.count("<") == 2


def test_outside_a_request_everything_is_english(kept_desk: Desk) -> None:
    """The worker has no reader: what it says is translated where it is shown, or not at all."""
    with kept_desk.app.app_context():
        assert gettext("Log") == "Log"
    assert filters.number(1_234_567) == "1,234,567"

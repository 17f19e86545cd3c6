"""What the library would have an officer type is said as what a browser can do: a page, or whom to ask."""

import html
import re

import pytest

from clients.desk import sdktexts
from clients.desk.catalogues import extracted, messages, texts
from clients.desk.i18n import LANGUAGES, RIGHT_TO_LEFT
from clients.desk.menu import MENU, TITLES
from clients.desk.nextsteps import STEPS, Step
from clients.desk.people.person import Role
from clients.desk.rules import RULES
from clients.desk.sdksource import reachable
from clients.desk.sdktexts import Reader
from clients.desk.sentences import in_words, linked, phrasebook, sentence
from clients.errors import HomeError
from tests.support.desks import Desk, mandate

KEEPER = "whoever keeps the desk's home"
AGAIN = "nothing waits any more: go on with `sealtrace submit`, which knows its rows as logged"
MISSING = "check the name; what was logged lately is found after `sealtrace sync`"


_SHELL = re.compile(r"`sealtrace\b|(?<![\w-])--[a-z]|\bcommand\b|--help")


def speaks_of_the_shell(text: str) -> bool:
    """Say whether a sentence names what only a shell has: our command, an option, a run of a command."""
    return _SHELL.search(text) is not None


@pytest.fixture(scope="module")
def said() -> set[str]:
    """Give all that the library can say."""
    return Reader(reachable()).everything()


def test_every_sentence_that_names_a_command_has_a_form_for_the_desk(said: set[str]) -> None:
    """What a shell is needed for never reaches a page as it is, and nothing is kept for what is no longer said."""
    assert {text for text in said if speaks_of_the_shell(text)} - STEPS.keys() == set()
    assert STEPS.keys() - said == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("run `sealtrace sync`", True),
        ("end every other `sealtrace` of this home", True),
        ("leave --again out", True),
        ("run the same command again", True),
        ("see the command's --help", True),
        ("give `otherwise`", False),
        ("two officers -- and no more", False),
        ("ask the commander", False),
    ],
)
def test_what_only_a_shell_has_is_known(text: str, *, expected: bool) -> None:
    """Our command, an option, a command to be run; neither a word between backticks nor a dash."""
    assert speaks_of_the_shell(text) is expected


def test_a_command_stands_on_a_page_only_for_whoever_keeps_the_home() -> None:
    """The desk's own words and those it says in the library's stead send nobody to a shell that they do not have."""
    pages = {text for message in messages(extracted()) for text in texts(message)}
    others = {text for message in messages(sdktexts.extracted()) for text in texts(message)}
    named = {text for text in pages | others if "`sealtrace" in text}

    assert [text for text in named if KEEPER not in text] == []
    assert len(named) >= 5
    assert [text for text in others if speaks_of_the_shell(text)] == []


def test_a_page_that_is_named_is_one_of_the_desks() -> None:
    """Where a sentence has a place for a page it says which, by the title that the menu gives it."""
    assert {step.page for step in STEPS.values()} - {""} <= TITLES.keys() & RULES.keys()
    assert {endpoint for endpoint, _title in MENU} <= TITLES.keys()
    assert [step for step in STEPS.values() if bool(step.page) != ("%(page)s" in step.words)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_form_is_said_with_the_sentences_values(language: str) -> None:
    """In every language, English too, the values stand where the sentence has them, and a page where it names one."""
    book, around = phrasebook(language), "\u2068{}\u2069" if language in RIGHT_TO_LEFT else "{}"
    for text, step in STEPS.items():
        names = [name for name in re.findall(r"%\((\w+)\)s", step.words) if name != "page"]
        found = book.say(re.sub(r"%\((\w+)\)s", r"a-\1", text))
        assert found != text
        assert [name for name in names if around.format(f"a-{name}") not in found] == []
        assert (f"\ue000{step.page}\ue001" in found) is bool(step.page)
        assert "%(" not in found


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", 'found after “Sync now” on the page <a href="/">Today</a>'),
        ("fr", 'après «\u00a0Synchroniser maintenant\u00a0» à la page <a href="/">Aujourd\u2019hui</a>'),
        ("ar", 'بعد «زامِن الآن» في الصفحة <a href="/">اليوم</a>'),
    ],
)
def test_a_refusal_leads_to_the_page_that_does_it(kept_desk: Desk, language: str, expected: str) -> None:
    """A record that is not here yet: the page says what to press, and links to where that is."""
    person = kept_desk.parts.people.accounts.named("Oto")
    assert person is not None
    kept_desk.parts.people.accounts.set_language(person.id, language)
    page = html.unescape(kept_desk.browser("Oto").get("/records/xar-arms/" + "A" * 22).get_data(as_text=True))

    assert expected in page
    assert "sealtrace sync" not in page


def test_machines_are_still_told_the_command(kept_desk: Desk) -> None:
    """A program that asks for JSON is answered as the command line answers."""
    answer = kept_desk.browser("Oto").get("/records/xar-arms/" + "A" * 22 + ".json")

    assert answer.get_json()["next"] == MISSING


def test_a_page_that_is_not_for_the_reader_is_named_without_a_link(desk: Desk) -> None:
    """Whoever may not open a page is told its name, and is not led into a refusal."""
    desk.add("Sub", mandate(Role.SUBMITTER))
    text = "no record that you may read bears this number: ask the others with `sealtrace match`"
    cookie = desk.browser("Sub").client.get_cookie(desk.place.session_cookie)
    assert cookie is not None
    header = {"Cookie": f"{desk.place.session_cookie}={cookie.value}"}
    with desk.app.test_request_context("/", base_url=desk.place.origin, headers=header):
        desk.app.preprocess_request()

        assert str(linked(text)).endswith("ask the others on the page Ask")
        assert '<a href="/imports">Imports</a>' in linked(AGAIN)


def test_where_nobody_reads_it_stays_as_the_library_said_it() -> None:
    """What is logged or kept names the command: it is translated for whoever looks at it later."""
    assert sentence(MISSING) == MISSING


@pytest.mark.parametrize("endpoint", ["home.home", "no.such", "", "<b>"])
def test_attack_a_text_that_brings_marks_of_a_page(kept_desk: Desk, endpoint: str) -> None:
    """Somebody's words with the desk's private marks in them make no link and no markup, and stop no page."""
    with kept_desk.app.test_request_context("/"):
        found = str(linked(f"\ue000{endpoint}\ue001 was here"))

    assert found == f"{html.escape(endpoint)} was here"


def test_attack_markup_in_a_value_beside_a_link(kept_desk: Desk) -> None:
    """What stands around a link is text, whatever is written in it."""
    text = "run `sealtrace sync`; if it stays so, <script>alert(1)</script> has not handed the key out yet"
    with kept_desk.app.test_request_context("/"):
        found = str(linked(text))

    assert "<script>" not in found
    assert "&lt;script&gt;" in found


def test_what_is_kept_of_an_error_says_what_to_do_in_its_readers_language(kept_desk: Desk) -> None:
    """A round that failed, a form that was refused: what happened and what to do, of which each is a sentence."""
    kept = in_words(HomeError("no charter is pinned in this home", next_step="run `sealtrace submit --resume`"))
    with kept_desk.app.test_request_context("/", headers={"Accept-Language": "fr"}):
        said = sentence(kept)

    assert in_words(HomeError("no charter is pinned in this home")) == "no charter is pinned in this home"
    assert said.startswith("aucune charte")
    assert said.endswith("le bureau envoie de lui-même ce qui attend")


def test_a_step_is_words_with_at_most_one_page() -> None:
    """Two sentences that are one at the desk share its words: there is one place to mend."""
    assert (
        STEPS["see `sealtrace inbox`"]
        == STEPS["see `sealtrace inbox THREAD`"]
        == Step("see the page %(page)s", "inbox.inbox")
    )

"""The catalogues of the desk's languages hold what its pages and the library say, and nothing else, and say it rightly."""

import re
import unicodedata
from collections.abc import Mapping
from gettext import c2py
from http import HTTPStatus
from pathlib import Path

import pytest
from babel.messages import Catalog
from werkzeug.routing import Rule as Route

from clients.desk import catalogues, i18n, sdktexts
from clients.desk.catalogues import (
    DESK,
    SDK,
    TRANSLATED,
    TRANSLATIONS,
    extracted,
    findings,
    formatted,
    forms,
    merged,
    messages,
    read,
)
from tests.support.desks import Desk

NARROW = "\u202f"


DOMAINS = (DESK, SDK)


@pytest.fixture(scope="module")
def said() -> Mapping[str, Catalog]:
    """Give all that the pages say, and all that the library does."""
    return {DESK: extracted(), SDK: sdktexts.extracted()}


def translations(language: str) -> list[str]:
    """Return every translation of a language, each plural form by itself."""
    read_all = [message for domain in DOMAINS for message in messages(read(language, domain=domain))]
    return [form for message in read_all for form in forms(message)]


def catalogue(text: str | tuple[str, str], translation: str | tuple[str, ...], *, language: str = "ar") -> Catalog:
    """Return a catalogue of one text."""
    made = Catalog(locale=language, fuzzy=False)
    made.add(text, translation)
    return made


def found(text: str | tuple[str, str], translation: str | tuple[str, ...], *, language: str = "ar") -> list[str]:
    """Return what is found in a catalogue of one text."""
    said = Catalog(fuzzy=False)
    said.add(text)
    return [one.partition(": ")[0] for one in findings(said, catalogue(text, translation, language=language))]


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("domain", DOMAINS)
def test_a_catalogue_holds_what_is_said_and_nothing_else(
    said: Mapping[str, Catalog], domain: str, language: str
) -> None:
    """Each text has a translation, with the same placeholders and markup and in every plural form; none is left over."""
    assert list(findings(said[domain], read(language, domain=domain))) == []


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("domain", DOMAINS)
def test_merging_again_changes_nothing(said: Mapping[str, Catalog], domain: str, language: str) -> None:
    """The files are as `make words` writes them, so that a change shows what was said anew and nothing else."""
    path = TRANSLATIONS / language / "LC_MESSAGES" / f"{domain}.po"

    assert formatted(merged(said[domain], read(language, domain=domain), language), language) == path.read_bytes()


def test_every_language_of_the_desk_has_a_catalogue() -> None:
    """A language that a person can choose is one that the pages are written in."""
    assert {path.name for path in TRANSLATIONS.iterdir()} == set(TRANSLATED) == set(i18n.LANGUAGES) - {"en"}


def test_the_texts_of_code_and_templates_are_found(tmp_path: Path) -> None:
    """Texts are found under each name that marks them, in Python and in templates, counted ones with both forms."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "page.py").write_text('_("one"), _l("two"), gettext("three"), ngettext("a day", "%(num)s days", 2)\n')
    (tmp_path / "templates" / "page.html").write_text('{{ _("four") }}{{ ngettext("a", "%(num)s as", 1) }}')

    texts = [message.id for message in messages(extracted(tmp_path))]
    assert texts == ["one", "two", "three", ("a day", "%(num)s days"), "four", ("a", "%(num)s as")]


def test_a_broken_template_is_no_empty_one(tmp_path: Path) -> None:
    """A template that cannot be read stops the merge, rather than taking its texts out of every catalogue."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text('{{ _("four") }}{% if %}')

    with pytest.raises(Exception, match="Expected an expression"):
        extracted(tmp_path)


def test_what_is_said_anew_is_empty_and_named() -> None:
    """A new text is never given the translation of a similar one, and an old one does not stay."""
    now = Catalog(fuzzy=False)
    now.add("This was not signed")
    now.add(("%(num)s hit", "%(num)s hits"))
    made = merged(now, catalogue("This was signed", "Cela a été signé", language="fr"), "fr")

    assert [message.string for message in messages(made)] == ["", ("", "")]
    assert sorted(findings(now, made)) == ["not translated: %(num)s hit", "not translated: This was not signed"]
    assert list(findings(now, catalogue("This was signed", "Cela a été signé", language="fr"))) == [
        "not in the catalogue: %(num)s hit",
        "not in the catalogue: This was not signed",
        "no longer said: This was signed",
    ]


def test_a_guessed_translation_is_not_kept() -> None:
    """What a tool marked as a guess is asked for anew."""
    before = Catalog(locale="fr", fuzzy=False)
    before.add("Log", "Bûche", flags=["fuzzy"])
    now = Catalog(fuzzy=False)
    now.add("Log")

    assert list(findings(now, before)) == ["guessed from a similar text: Log"]
    assert [message.string for message in messages(merged(now, before, "fr"))] == [""]


@pytest.mark.parametrize(
    ("text", "translation", "what"),
    [
        ("%(name)s signed", "وقّع", ["other placeholders"]),
        ("%(name)s signed", "وقّع %(who)s", ["other placeholders"]),
        ("%(name)s signed", "وقّع %(name)", ["other placeholders", "a bare percent sign"]),
        ("%(name)s signed", "وقّع %(name)s بنسبة %s", ["a bare percent sign"]),
        ("Signed", "<b>وقّع</b>", ["other markup"]),
        ("Signed", "وقّع&lt;", ["other markup"]),
        ("run `a --b`", "شغّل `a`", ["other commands"]),
        ("<b>Signed</b>", "<i>وقّع</i>", ["other markup"]),
        ("Signed", " وقّع", ["begins or ends otherwise"]),
        ("Signed.", "وقّع", ["begins or ends otherwise"]),
        ("Signed", "", ["not translated"]),
        ("Signed?", "وقّع؟", []),
    ],
)
def test_a_wrong_translation_is_named(text: str, translation: str, what: list[str]) -> None:
    """A translation that would fail on the page, bring markup in or say something else is found before."""
    assert found(text, translation) == what


ARABIC = ("لا أيام", "يوم واحد", "يومان", "%(num)s أيام", "%(num)s يومًا", "%(num)s يوم")


@pytest.mark.parametrize(
    ("index", "form", "what"),
    [
        (3, "أيام", ["other placeholders"]),
        (2, "%(num)s يوم", []),
        (1, "%(day)s", ["other placeholders"]),
        (5, "", ["not translated"]),
    ],
)
def test_only_a_form_for_one_number_may_leave_it_out(index: int, form: str, what: list[str]) -> None:
    """Arabic spells none, one and two out; a form for several numbers has to say which."""
    counted = ("%(num)s day", "%(num)s days")

    assert found(counted, ARABIC) == []
    assert found(counted, (*ARABIC[:index], form, *ARABIC[index + 1 :])) == what
    assert found(counted, ARABIC[:5]) == ["not translated"]
    assert found(counted, ("jour", "%(num)s jours"), language="fr") == ["other placeholders"]


@pytest.mark.parametrize(
    ("language", "numbers"),
    [
        ("fr", [(0, 0), (1, 0), (2, 1), (1_000_000, 1)]),
        ("ar", [(0, 0), (1, 1), (2, 2), (3, 3), (10, 3), (11, 4), (99, 4), (100, 5), (102, 5), (103, 3), (111, 4)]),
    ],
)
def test_a_number_takes_the_form_that_its_language_has_for_it(language: str, numbers: list[tuple[int, int]]) -> None:
    """The plural rules are those of CLDR, in the order of the forms in the files."""
    choose = c2py(read(language).plural_expr)

    assert [(number, choose(number)) for number, _form in numbers] == numbers


def test_the_command_merges_and_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`make words` writes each catalogue, says by language what is not translated, and succeeds only where all is."""
    for language in TRANSLATED:
        (tmp_path / language / "LC_MESSAGES").mkdir(parents=True)
        for domain, gone in ((DESK, "Sign in"), (SDK, "the list is empty")):
            made = read(language, domain=domain)
            made.delete(gone)
            (tmp_path / language / "LC_MESSAGES" / f"{domain}.po").write_bytes(formatted(made, language))

    assert catalogues.main(tmp_path) == 1
    told = capsys.readouterr().out
    assert "desk ar: not translated: Sign in\n" in told
    assert "sdk fr: not translated: the list is empty\n" in told
    assert catalogues.main(tmp_path) == 1
    assert [message.id for message in messages(read("fr", tmp_path)) if not message.string] == ["Sign in"]


def test_french_is_set_as_french_is() -> None:
    """Apostrophes are typographic, and no line breaks before a sign that French sets apart."""
    for text in translations("fr"):
        assert not re.search(r"\w'\w", text), text
        assert not re.search(r" [:;!?»]|« ", text), text
        assert not re.search(rf"[^\W\d](?<!{NARROW})[;!?](?!\w)", text), text
        assert not re.search(r"[^\W\d]:(?!\w|//|%\()", text), text


def test_arabic_is_set_as_arabic_is() -> None:
    """Commas, semicolons and question marks after Arabic words are Arabic ones."""
    wrong = [text for text in translations("ar") if re.search(r"[\u0620-\u064a][\u064b-\u0652]?[,;?]", text)]

    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("domain", DOMAINS)
def test_attack_a_sign_that_hides_or_turns_text_in_a_catalogue(domain: str, language: str) -> None:
    """What a reviewer sees of a catalogue is what a page says: no control and no invisible sign is in it."""
    raw = (TRANSLATIONS / language / "LC_MESSAGES" / f"{domain}.po").read_text(encoding="utf-8")

    assert {sign for sign in raw if unicodedata.category(sign) in {"Cc", "Cf", "Co"}} == {"\n"}


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("fr", "ltr"), ("ar", "rtl")])
def test_every_page_is_shown_in_each_language(kept_desk: Desk, language: str, direction: str) -> None:
    """A page that needs nothing to be there says in which language and direction it is written, and its menu is in it."""
    person = kept_desk.parts.people.accounts.named("Ana")
    assert person is not None
    kept_desk.parts.people.accounts.set_language(person.id, language)
    browser = kept_desk.browser("Ana")
    log = i18n.compiled(TRANSLATIONS, language).gettext("Log")
    shown = 0
    for path in sorted(route.rule for route in kept_desk.app.url_map.iter_rules() if _is_page(route)):
        answer = browser.get(path)
        if answer.status_code == HTTPStatus.OK and answer.mimetype == "text/html":
            text = answer.get_data(as_text=True)
            assert f'<html lang="{language}" dir="{direction}"' in text, path
            assert f">{log}</a>" in text, path
            shown += 1

    assert shown >= 8


def _is_page(route: Route) -> bool:
    return "GET" in (route.methods or ()) and not route.arguments and route.endpoint != "static"

"""The desk's languages: English is the text itself, the others are catalogues, compiled in memory when the desk starts."""

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, has_request_context, request
from flask_babel import Babel, Domain, get_locale  # type: ignore[import-untyped]  # it has no types

from clients.desk.people.current import somebody

LANGUAGES: Mapping[str, str] = {"en": "English", "fr": "Français", "ar": "العربية"}
DEFAULT = "en"
RIGHT_TO_LEFT = frozenset({"ar"})

_FOLDER = Path(__file__).parent / "translations"


class _Catalogues(Domain):  # type: ignore[misc]  # flask-babel has no types
    """Finds catalogues that were compiled here: there is no binary file in the tree that nobody can read."""

    def __init__(self, found: Mapping[str, NullTranslations]) -> None:
        super().__init__()
        self._found = found

    def get_translations(self) -> NullTranslations:
        return self._found[language()]


def install(app: Flask) -> None:
    """Give an app its languages."""
    babel = Babel(app, locale_selector=_choose)
    babel.domain_instance = _Catalogues(shipped())


@cache
def shipped() -> Mapping[str, NullTranslations]:
    """Return what the desk's own files say: nothing that runs can change them."""
    return {name: compiled(_FOLDER, name) for name in LANGUAGES}


def compiled(folder: Path, name: str) -> NullTranslations:
    """Return a language's catalogue; where there is none, everything is said in English."""
    path = folder / name / "LC_MESSAGES" / "desk.po"
    if not path.exists():
        return Translations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=name, domain="desk", abort_invalid=True)
    raw = BytesIO()
    write_mo(raw, catalogue)
    raw.seek(0)
    return Translations(raw, domain="desk")


def language() -> str:
    """Return the language of this request."""
    locale = get_locale()
    name = DEFAULT if locale is None else str(locale.language)
    return name if name in LANGUAGES else DEFAULT


def direction() -> str:
    """Return in which direction this request's language is written, as HTML spells it."""
    return "rtl" if language() in RIGHT_TO_LEFT else "ltr"


def _choose() -> str:
    """Return a person's own language; a stranger's is what the browser asks for. The worker has no reader."""
    if not has_request_context():
        return DEFAULT
    signed_in = somebody()
    if signed_in is not None:
        return signed_in.person.language if signed_in.person.language in LANGUAGES else DEFAULT
    asked = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality)
    return next((name for name in asked if name in LANGUAGES), DEFAULT)

"""What the desk's pages and the library say, and what translators have made of it: `make words` merges the two.

The English text is the msgid. A catalogue holds every msgid of the pages and no other, sorted and without line numbers,
so that a change of a catalogue shows what was said anew and nothing else. Nothing is ever guessed from a similar text:
what has no translation is empty, is listed by `make words`, and fails a test.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from gettext import c2py
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from clients.desk import sdktexts
from clients.desk.i18n import DEFAULT, LANGUAGES
from clients.desk.sentences import DOMAIN as SDK

DESK = "desk"
FOLDER = Path(__file__).parent
TRANSLATIONS = FOLDER / "translations"
TRANSLATED: Sequence[str] = tuple(name for name in LANGUAGES if name != DEFAULT)

_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
_KEYWORDS = {"_": None, "_l": None, "marked": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
# The rules of CLDR. Babel's own rule for Arabic has the last two forms the other way round than the gettext manual.
_PLURALS: Mapping[str, str] = {
    "fr": "nplurals=2; plural=(n > 1);",
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
}
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_CODE = re.compile(r"`[^`]*`")
_TAG = re.compile(r"<[^>]*>|&\w+;")
_NUMBERS = range(1_000)
_END = re.compile(r"[.:?…]$")
_ENDS = str.maketrans("؟", "?")


def extracted(folder: Path = FOLDER) -> Catalog:
    """Return a catalogue of all that the code and the templates in `folder` say, with nothing translated."""
    made = Catalog(fuzzy=False)
    found = extract_from_dir(
        folder, _METHODS, options_map={"templates/**.html": {"silent": "false"}}, keywords=_KEYWORDS
    )
    for _file, _line, text, _comments, context in found:
        made.add(text, context=context)
    return made


def read(language: str, folder: Path = TRANSLATIONS, domain: str = DESK) -> Catalog:
    """Return a language's catalogue."""
    with _path(folder, language, domain).open("rb") as file:
        return read_po(file, locale=language, domain=domain, abort_invalid=True)


def messages(catalogue: Catalog) -> list[Message]:
    """Return the messages of a catalogue, without its header."""
    return [message for message in catalogue if message.id]


def texts(message: Message) -> Sequence[str]:
    """Return what a message says in English: one text, or one for a single thing and one for several."""
    return (message.id,) if isinstance(message.id, str) else message.id


def forms(message: Message) -> Sequence[str]:
    """Return a message's translations: one, or one for each plural form."""
    return (message.string or "",) if isinstance(message.string, str | None) else message.string


def merged(said: Catalog, before: Catalog, language: str) -> Catalog:
    """Return what is said now, with the translations there were; what has none is empty."""
    made = Catalog(locale=language, domain="desk", fuzzy=False)
    for message in messages(said):
        known = before.get(message.id)
        made.add(message.id, known.string if known is not None and _is_like(known, message) else _empty(message, made))
    return made


def formatted(catalogue: Catalog, language: str) -> bytes:
    """Return the bytes of a catalogue's file: the same for the same words, whoever writes it and when."""
    raw = BytesIO()
    write_po(raw, catalogue, width=0, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)
    header = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {language}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {_PLURALS[language]}\\n"\n\n'
    )
    return header.encode() + raw.getvalue()


def findings(said: Catalog, catalogue: Catalog) -> Iterator[str]:
    """Yield whatever is not in order: a text without a translation or no longer said, and each wrong translation."""
    known, now = ({texts(message)[0] for message in messages(one)} for one in (catalogue, said))
    yield from (f"not in the catalogue: {text}" for text in sorted(now - known))
    yield from (f"no longer said: {text}" for text in sorted(known - now))
    for message in messages(catalogue):
        yield from (f"{what}: {texts(message)[0]}" for what in _wrong(message, catalogue))


def main(folder: Path = TRANSLATIONS) -> int:
    """Merge, and say what is not in order; 0 where everything is."""
    wrong = 0
    for domain, said in ((DESK, extracted()), (SDK, sdktexts.extracted())):
        for language in TRANSLATED:
            made = formatted(merged(said, read(language, folder, domain), language), language)
            _path(folder, language, domain).write_bytes(made)
            found = list(findings(said, read(language, folder, domain)))
            wrong += len(found)
            sys.stdout.writelines(f"{domain} {language}: {one}\n" for one in found)
            sys.stdout.write(f"{domain} {language}: {len(said):,} texts, {len(found):,} not in order\n")
    return 1 if wrong else 0


def _wrong(message: Message, catalogue: Catalog) -> Iterator[str]:
    said = forms(message)
    if message.fuzzy:
        yield "guessed from a similar text"
    if len(said) != (catalogue.num_plurals if message.pluralizable else 1) or not all(said):
        yield "not translated"
        return
    counted = _numbers_of_forms(catalogue) if message.pluralizable else {}
    for index, form in enumerate(said):
        yield from _differing(message, form, is_one_number=len(counted.get(index, ())) == 1)


def _differing(message: Message, form: str, *, is_one_number: bool) -> Iterator[str]:
    """Yield how a translation differs from its text in what must be the same.

    A form that is for a single number, as Arabic has for none, one and two, may spell the number out.
    """
    text = texts(message)[-1]
    kept, wanted = set(_PLACEHOLDER.findall(form)), set(_PLACEHOLDER.findall(text))
    if kept != wanted and not (is_one_number and kept == wanted - {"num"}):
        yield "other placeholders"
    if "%" in _PLACEHOLDER.sub("", form).replace("%%", "") and message.python_format:
        yield "a bare percent sign"
    if sorted(_TAG.findall(form)) != sorted(_TAG.findall(text)):
        yield "other markup"
    if sorted(_CODE.findall(form)) != sorted(_CODE.findall(text)):
        yield "other commands"
    if form != form.strip() or _ending(form) != _ending(text):
        yield "begins or ends otherwise"


def _ending(text: str) -> str:
    found = _END.search(text.translate(_ENDS))
    return found[0] if found else ""


def _numbers_of_forms(catalogue: Catalog) -> Mapping[int, list[int]]:
    choose = c2py(catalogue.plural_expr)
    found: dict[int, list[int]] = {}
    for number in _NUMBERS:
        found.setdefault(choose(number), []).append(number)
    return found


def _is_like(known: Message, message: Message) -> bool:
    return bool(known.pluralizable == message.pluralizable) and not known.fuzzy


def _empty(message: Message, catalogue: Catalog) -> str | tuple[str, ...]:
    return ("",) * catalogue.num_plurals if message.pluralizable else ""


def _path(folder: Path, language: str, domain: str) -> Path:
    return folder / language / "LC_MESSAGES" / f"{domain}.po"


if __name__ == "__main__":
    sys.exit(main())

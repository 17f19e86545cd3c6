# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""How an officer of one agency writes a number, a make, a calibre, a type: right, but never twice the same way."""

from collections.abc import Mapping, Sequence
from functools import cache
from random import Random

from clients.generator.world import Model, language_of
from ledger import calibres, makes, weapontypes
from ledger.canonical import script_of
from ledger.wordings import PHRASES, Condition

_SCRIPTS: Mapping[str, str] = {"ar": "Arab", "prs": "Arab", "ur": "Arab", "ru": "Cyrl", "uk": "Cyrl"}
_DIGITS: Mapping[str, str] = {"ar": "٠١٢٣٤٥٦٧٨٩", "prs": "۰۱۲۳۴۵۶۷۸۹", "ur": "۰۱۲۳۴۵۶۷۸۹"}
_TO_LATIN = str.maketrans("АВЕКМНРСТУХ", "ABEKMHPCTYX")
_TO_CYRILLIC = str.maketrans("ABEKMHPCTYX", "АВЕКМНРСТУХ")

_LABELS: Mapping[str, Sequence[str]] = {
    "en": ("S/N ", "Serial No. ", "frame: "),
    "pt": ("nº de série ", "Nº ", "armação: "),
    "es": ("N° ", "serie: ", "armazón: "),
    "fr": ("n° ", "numéro de série: ", "carcasse: "),
    "ar": ("رقم ", "رقم السلاح "),
    "prs": ("شماره ", "نمبر "),
    "ur": ("نمبر ", "سیریل نمبر "),
    "ru": ("№ ", "зав. № ", "рамка: "),
    "uk": ("№ ", "серійний номер ", "рамка: "),
}

_ENDINGS: Mapping[str, str] = {"en": "ed", "pt": "a", "es": "o", "uk": "о"}

# What is written where there is no number, by whether the weapon had left lawful hands: then somebody took it off.
_LAWFUL = (Condition.NOT_RECORDED, Condition.NOT_RECORDED, Condition.NEVER_MARKED, Condition.WORN)
_DIVERTED = (
    *(Condition.OBLITERATED,) * 6,
    Condition.NEVER_MARKED,
    Condition.WORN,
    Condition.NOT_RECORDED,
    Condition.ALTERED,
)


def number(random: Random, agency: str, serial: str) -> str:
    """Return a usable number as this agency writes it: nothing that the canonical form would not undo."""
    language = language_of(agency)
    text = _in_script(random, language, serial)
    chance = random.random()
    if chance < 0.70:
        return text
    if chance < 0.80:
        return _gapped(random, text)
    if chance < 0.86:
        return text.lower()
    if chance < 0.94:
        return random.choice(_LABELS[language]) + text
    if chance < 0.97 and not _DIGITS.get(language):
        return f'="{text}"'
    return f" {text} "


def slipped(random: Random, serial: str) -> str:
    """Return the number with one zero as a letter O, or one O as a zero."""
    places = [index for index, sign in enumerate(serial) if sign in "0OО٠۰"]
    place = random.choice(places)
    return serial[:place] + ("0" if serial[place] in "OО" else "O") + serial[place + 1 :]


def wording(random: Random, agency: str, *, diverted: bool) -> str:
    """Return a wording of the agency's language for "obliterated" or "none", in some spelling of case and stops."""
    condition = random.choice(_DIVERTED if diverted else _LAWFUL)
    phrase = random.choice(_phrases(language_of(agency), condition))
    return random.choice((phrase, phrase, phrase.upper(), phrase.capitalize(), f"{phrase}.", f"({phrase})"))


def unusable(random: Random, serial: str) -> str:
    """Return a box that neither holds a usable number nor says why: empty, too short, partly read, or damaged."""
    digits = "".join(sign for sign in serial if sign.isdigit()) or "7"
    cut = random.randrange(len(serial))
    return random.choice(
        (
            "",
            "",
            "",
            digits[:2],
            serial[-3:] if not any(sign.isalpha() for sign in serial[-3:]) else digits[-3:],
            f"{serial[:cut]}??{serial[cut + 2 :]}",
            f"{serial[:3]}***",
            f"{digits[0]}.{(digits + '00')[1:3]}E+{max(len(digits), 8)}",
        )
    )


def make(random: Random, agency: str, name: str, *, alias: bool) -> str:
    """Return a maker's own name, or another spelling of it that this agency's officers could write."""
    if not alias:
        return random.choice((name, name, name.upper()))
    spellings = [one for one in _of_makes(_script(agency))[name] if one != name]
    return random.choice(spellings) if spellings else f"{name} {random.choice(('Inc', 'Arms', 'Co.', 'Mfg'))}"


def calibre(random: Random, agency: str, name: str) -> str:
    """Return a calibre in one of its spellings, its name most often."""
    return name if random.random() < 0.5 else random.choice(_of_calibres(_script(agency))[name])


def weapon_type(random: Random, agency: str, model: Model) -> str:
    """Return the type in a word of the agency's script, or its NCIC code."""
    return random.choice((model.type_code, *_of_types(_script(agency))[model.type_code][:6]))


def _in_script(random: Random, language: str, serial: str) -> str:
    """Return a number in the digits and letters of a language: what a Cyrillic keyboard has, Arabic digits at times."""
    if language in _DIGITS:
        latin = serial.translate(_TO_LATIN)
        return latin.translate(str.maketrans("0123456789", _DIGITS[language])) if random.random() < 0.3 else latin
    if _SCRIPTS.get(language) == "Cyrl":
        return serial.translate(_TO_CYRILLIC) if random.random() < 0.3 else serial
    return serial.translate(_TO_LATIN)


def _gapped(random: Random, text: str) -> str:
    place = random.randrange(1, len(text))
    return f"{text[:place]}{random.choice((' ', '-'))}{text[place:]}"


def _script(agency: str) -> str:
    return _SCRIPTS.get(language_of(agency), "Latn")


def _readable(spellings: Sequence[str], script: str) -> Sequence[str]:
    return [one.strip() for one in spellings if script_of(one) in {"Latn", "Zyyy", script}]


@cache
def _phrases(language: str, condition: Condition) -> tuple[str, ...]:
    phrases = (one.strip() for one in PHRASES[language][condition].split(";"))
    return tuple(one.replace("*", _ENDINGS.get(language, "")) for one in phrases)


@cache
def _of_makes(script: str) -> Mapping[str, Sequence[str]]:
    return {one.text: _readable(spellings, script) for one, spellings in makes.listed()}


@cache
def _of_calibres(script: str) -> Mapping[str, Sequence[str]]:
    return {
        calibre.name: _readable([one for one in spellings if len(one) > 2], script)
        for calibre, spellings in calibres.listed()
    }


@cache
def _of_types(script: str) -> Mapping[str, Sequence[str]]:
    return {one.code: _readable(words, script) for one, words in weapontypes.listed()}

"""Calibres: what officers write for one, its C.I.P. or SAAMI name, its NCIC code and its family."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ledger.calibrelist import CALIBRES
from ledger.codelists import CodeRow
from ledger.conditions import flat

# Words for the unit and for calibre itself, at either end or glued to the number.
_UNITS = re.compile(
    r"(?<![^\W\d_])(?:calib(?:er|re|ro)|kaliber|cal|калибра?|калібру?|кал|عيار|كاليبر|کالیبر|mm|мм|ملم|مم)(?![^\W\d_])\.?"
)
_NOISE = re.compile(r"[^0-9a-z\u0370-\u052f\u0620-\u06ff.]+")
_GAUGE = re.compile(r"(?P<size>\d{2,3})(?:ga|gauge|guage|gage|bore)\.?")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_TIMES = re.compile(r"(?<=[0-9])\s*[x\u00d7\u0445*]\s*(?=[0-9])")
_ZEROS = re.compile(r"(?<=[0-9])\.0+(?![0-9])")
_DIGITS = {zero + value: str(value) for zero in (0x0660, 0x06F0) for value in range(10)} | {0x066B: "."}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibre:
    """A calibre: `exact` says that the cartridge is known, not its size alone; `ncic` is empty where there is no code."""

    name: str
    ncic: str
    family: str
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibreTable:
    """Calibres by the ways they are written."""

    by_spelling: Mapping[str, Calibre]
    codes: Mapping[str, str]

    def find(self, text: str) -> Calibre | None:
        """Return the calibre that `text` names."""
        return next((self.by_spelling[key] for key in _keys(text) if key in self.by_spelling), None)

    def with_codes(self, rows: tuple[CodeRow, ...]) -> "CalibreTable":
        """Return this table with the meaning of each code of an official list; families stay as they are."""
        return CalibreTable(
            by_spelling=self.by_spelling,
            codes=MappingProxyType({**self.codes, **{row.code: row.description for row in rows}}),
        )


def _keys(text: str) -> Iterator[str]:
    """Yield the spellings to look up: with the unit, for 40 mm is no .40; without; without the leading point."""
    western = _DECIMAL_COMMA.sub(".", flat(text).casefold().translate(_DIGITS))
    plain = _TIMES.sub("x", _ZEROS.sub("", western))
    with_unit = _NOISE.sub("", plain)
    bare = _NOISE.sub("", _UNITS.sub("", _apart(plain)))
    for key in (with_unit, bare):
        yield key
        if key.startswith("0."):
            yield key[1:]
        if match := _GAUGE.fullmatch(key.lstrip(".")):
            yield f"{match['size']}gauge"
    yield bare.rstrip(".")


def _apart(text: str) -> str:
    return re.sub(r"(?<=[0-9])(?=[^\W\d_x])", " ", text)


def listed() -> Iterator[tuple[Calibre, list[str]]]:
    """Yield each built-in calibre with all its spellings; the name is one where the cartridge is known."""
    for line in CALIBRES.strip().splitlines():
        name, ncic, family, spellings = (part.strip() for part in line.split("|"))
        exact = not name.startswith("?")
        calibre = Calibre(name=name.lstrip("? "), ncic=ncic, family=family, exact=exact)
        yield calibre, [*([calibre.name] if exact else []), *(one.strip() for one in spellings.split(";"))]


def _built_in() -> CalibreTable:
    by_spelling: dict[str, Calibre] = {}
    for calibre, spellings in listed():
        for spelling in spellings:
            first, *_ = _keys(spelling)
            by_spelling.setdefault(first, calibre)
    return CalibreTable(by_spelling=MappingProxyType(by_spelling), codes=MappingProxyType({}))


BUILT_IN = _built_in()

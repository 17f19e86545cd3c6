"""Makes: what officers write for a maker, its NCIC code, and the group that tokens are made over.

The group of a make is derived and never written by a person: licensees and copies fold, so that one weapon recorded
under two of its names still meets itself (docs/vocabulary.md, 2). Groups of the built-in list are frozen with
the table version. An official list brings codes and names; it can never move a make from one group to another,
or an agency with the list and one without it would make different tokens.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ledger.codelists import CodeRow
from ledger.conditions import fold
from ledger.makelist import COUNTRIES, GENERIC, MAKES

UNLISTED = "ZZZ"

_INITIALS = re.compile(r"\b\w(?: \w)+\b")
_CODE = re.compile(r"[A-Z0-9]{2,5}")
# The official list runs its names and remarks together: "Bryco Arms", "Davis IndustriesChino, CA".
_REMARK = re.compile(r"(?:(?<=[a-z)])(?<!\bMc)|(?<=[a-z]\.))(?=[A-Z])|\s*[;*]|\s*(?=Mfr\.|Mfd\.|Made by)")
_NO_NAME = re.compile(r"Model |Brand |Code by country|See |Use only|Various|Unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """A maker: its NCIC code (`ZZZ` where it has none), its name, and its group."""

    code: str
    text: str
    group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeTable:
    """Makes by code and by the ways their names are written."""

    by_code: Mapping[str, Make]
    by_name: Mapping[str, Make]

    def find(self, text: str) -> Make | None:
        """Return the make that `text` names: by an alias, else by its code, else without the country after it."""
        key = _key(text)
        return self.by_name.get(key) or self.by_code.get(text.strip().upper()) or self.by_name.get(_home_less(text))

    def group_of(self, *, code: str, text: str) -> str | None:
        """Return the make group of a record's `make` and `make_text`, or None where no group can be said."""
        if code != UNLISTED:
            known = self.by_code.get(code)
            return known.group if known else code if _CODE.fullmatch(code) else None
        named = self.find(text)
        return named.group if named else None

    def with_codes(self, rows: Iterable[CodeRow]) -> "MakeTable":
        """Return this table with the makes of an official list; a name that two codes claim finds neither of them."""
        by_code, by_name = dict(self.by_code), dict(self.by_name)
        claims: dict[str, list[Make]] = {}
        for row in rows:
            name = _name_in(row.description)
            make = by_code.get(row.code) or _recoded(by_name.get(_key(name)), row.code)
            by_code[row.code] = make = make or Make(code=row.code, text=name or row.code, group=row.code)
            if name:
                claims.setdefault(_key(name), []).append(make)
        for key, makes in claims.items():
            known = by_name.get(key)
            fitting = [make for make in makes if known is None or make.group == known.group]
            if len(fitting) == 1:
                by_name[key] = fitting[0]
        return MakeTable(by_code=MappingProxyType(by_code), by_name=MappingProxyType(by_name))


def _recoded(named: Make | None, code: str) -> Make | None:
    return Make(code=code, text=named.text, group=named.group) if named and named.code == UNLISTED else None


def _name_in(description: str) -> str:
    name, _, remark = description.partition("\n")
    name, *remarks = _REMARK.split(name, maxsplit=1)
    return "" if any(map(_NO_NAME.match, (remark, *remarks))) else name.strip(" ,.")


def _key(text: str) -> str:
    words = _words(text)
    telling = [word for word in words if word not in _GENERIC]
    return "".join(telling or words)


def _words(text: str) -> list[str]:
    """Return the folded words of a name, initials as one: `I.N.A.` is a name and `S.A.` is a form of company."""
    spaced = fold(text.replace("&", " and "))
    return _INITIALS.sub(lambda match: match[0].replace(" ", ""), spaced).split()


def _home_less(text: str) -> str:
    words = [word for word in _words(text) if word not in _COUNTRIES]
    return _key(" ".join(words)) if words else ""


def listed() -> Iterator[tuple[Make, list[str]]]:
    """Yield each built-in make with all its spellings, its name first."""
    for line in MAKES.strip().splitlines():
        code, group, name, aliases = (part.strip() for part in line.split("|"))
        unlisted = code == "-"
        own_group = f"{UNLISTED}:{_key(name).upper()}" if unlisted else code
        make = Make(code=UNLISTED if unlisted else code, text=name, group=group or own_group)
        yield make, [name, *(alias for alias in aliases.split(";") if alias.strip())]


def _built_in() -> MakeTable:
    by_name = {_key(alias): make for make, aliases in listed() for alias in aliases}
    by_code = {make.code: make for make, _ in listed() if make.code != UNLISTED}
    return MakeTable(by_code=MappingProxyType(by_code), by_name=MappingProxyType(by_name))


_GENERIC = frozenset(GENERIC.split())
_COUNTRIES = frozenset(COUNTRIES.split())
BUILT_IN = _built_in()

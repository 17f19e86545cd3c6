"""States and places by code: ISO 3166-1 alpha-3, States that are no more, UN/LOCODE (docs/vocabulary.md, 1).

A weapon outlives States: what was made in the Soviet Union is marked SUN for ever, so withdrawn codes stay valid.
"""

import re
from functools import cache
from types import MappingProxyType

import pycountry

# Codes ISO leaves to its users: exercises and invented States, and bodies that are no State (XIN).
_USER_ALPHA_3 = re.compile(r"AA[A-Z]|Q[M-Z][A-Z]|X[A-Z]{2}|ZZ[A-Z]")
_USER_ALPHA_2 = re.compile(r"AA|Q[M-Z]|X[A-Z]|ZZ")
_LOCODE = re.compile(r"([A-Z]{2})[A-Z2-9]{3}")


def is_country(code: str) -> bool:
    """Say whether `code` is an alpha-3 code: of a State, a former State, a user's own, or ZZZ for unknown."""
    return code in _names() or _USER_ALPHA_3.fullmatch(code) is not None


def country_name(code: str) -> str:
    """Return the English name of a State or former State, or the code itself where it has none."""
    return _names().get(code, code)


def is_locode(code: str) -> bool:
    """Say whether `code` has a UN/LOCODE's form, written without the space, in a country there is: `BRRIO`."""
    match = _LOCODE.fullmatch(code)
    return match is not None and (match[1] in _alpha_2() or _USER_ALPHA_2.fullmatch(match[1]) is not None)


@cache
def _names() -> MappingProxyType[str, str]:
    former = {country.alpha_3: country.name for country in pycountry.historic_countries}
    return MappingProxyType(former | {country.alpha_3: country.name for country in pycountry.countries})


@cache
def _alpha_2() -> frozenset[str]:
    return frozenset(country.alpha_2 for country in pycountry.countries)

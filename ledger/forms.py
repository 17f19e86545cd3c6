"""The forms that tokens are made from, by class (docs/protocol.md, 6; docs/adr/0018-canonical-form.md).

T0 is a hit; T1, T2 and T3 are possible and want the frame inspected. Which group a form is paired with decides who
can meet: makes fold to make groups (`ledger/makes.py`), T3 rests on calibre family and class of type instead.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ledger.canonical import canonical, has_digit, is_lossless
from ledger.wordings import Condition

MIN_CHARACTERS = 4
MIN_CHARACTERS_WITHOUT_MAKE = 7

_EMBEDDED_LETTERS = re.compile(r"(?<=[0-9])[A-Z]+(?=[0-9])")

# A number was read off the weapon in these states; what is left of an unreadable one would link strangers.
READ = frozenset({Condition.LEGIBLE, Condition.WORN, Condition.ALTERED, Condition.RESTORED})


class TokenClass(Enum):
    """The four classes of tokens."""

    T0 = "T0"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What one token is made from."""

    token_class: TokenClass
    group: str = ""
    form: str = ""

    def __repr__(self) -> str:
        """Show the class alone: a form is a serial number."""
        return f"Form({self.token_class.value})"


def t0(number: str) -> str | None:
    """Return the canonical form, or None where it would link strangers.

    That is below four characters; without any digit, as wordings that no list foresaw are; and where a letter that
    the table does not know was dropped: two numbers could then differ in it alone, which is no hit (but possible).
    """
    return _enough(canonical(number)) if has_digit(number) and is_lossless(number) else None


def t1(number: str) -> str | None:
    """Return the canonical form without letters between digits, which NCIC leaves out too."""
    return _enough(_EMBEDDED_LETTERS.sub("", canonical(number))) if has_digit(number) else None


def t2(number: str) -> str | None:
    """Return the canonical form without leading zeros, which spreadsheets eat."""
    return _enough(canonical(number).lstrip("0")) if has_digit(number) else None


def t3(number: str) -> str | None:
    """Return the canonical form if it is long enough to be looked up without its make."""
    return _enough(canonical(number), MIN_CHARACTERS_WITHOUT_MAKE) if has_digit(number) else None


def weapon_forms(
    number: str, *, condition: Condition, make_group: str | None, calibre_family: str | None, type_class: str | None
) -> tuple[Form, ...]:
    """Return the forms of one mark of a weapon, at most one a class, in class order."""
    return tuple(_weapon_forms(number, make_group, calibre_family, type_class)) if condition in READ else ()


def other_form(*, group: str, number: str) -> tuple[Form, ...]:
    """Return the one form of what is no weapon: a lot, a hull, a tail number under its maker or its kind of number."""
    form = t0(number)
    return (Form(token_class=TokenClass.T0, group=group, form=form),) if group and form is not None else ()


def _weapon_forms(
    number: str, make_group: str | None, calibre_family: str | None, type_class: str | None
) -> Iterator[Form]:
    if make_group:
        for token_class, form in (
            (TokenClass.T0, t0(number)),
            (TokenClass.T1, t1(number)),
            (TokenClass.T2, t2(number)),
        ):
            if form is not None:
                yield Form(token_class=token_class, group=make_group, form=form)
    if calibre_family and type_class and (form := t3(number)) is not None:
        yield Form(token_class=TokenClass.T3, group=f"{calibre_family}/{type_class}", form=form)


def _enough(form: str, least: int = MIN_CHARACTERS) -> str | None:
    return form if len(form) >= least else None

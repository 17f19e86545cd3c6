"""What several labels together allow: join, dominance and TLP (docs/vocabulary.md, 5).

A label is relative to its originator and to charter versions; a marking is what it comes to: plain sets. Markings
form a lattice under `join`, so a page, a list or a trace is marked by joining all it holds, in any order.
"""

from dataclasses import dataclass, fields
from datetime import date
from enum import Enum
from functools import reduce

from ledger.labels import ORCON, Compartment, Label, Level, MembersOf, Purpose, readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """The terms of one or several labels: who reads (agencies), at what level, under what conditions."""

    originators: frozenset[str]
    readers: frozenset[str]
    level: Level
    comp: frozenset[Compartment]
    purp: frozenset[Purpose]
    cav: frozenset[str]
    review_by: date | None
    expires: date | None


class Tlp(Enum):
    """TLP 2.0 as shown and exported. It never decides, and CLEAR is never computed: nothing here is for everybody."""

    RED = "TLP:RED"
    AMBER_STRICT = "TLP:AMBER+STRICT"
    AMBER = "TLP:AMBER"
    GREEN = "TLP:GREEN"


def marking(label: Label, *, originator: str, members: MembersOf) -> Marking:
    """Return what `label` comes to when `originator` has signed it; eval and native say nothing about reading."""
    return Marking(
        originators=frozenset({originator}),
        readers=readers(label, originator=originator, members=members),
        level=label.level,
        comp=label.comp,
        purp=label.purp,
        cav=frozenset(label.cav),
        review_by=label.review_by,
        expires=label.expires,
    )


def join(first: Marking, *others: Marking) -> Marking:
    """Return the least marking as strict as each: highest level, common readers and purposes, all conditions."""
    return reduce(_join, others, first)


def exceeding_terms(lower: Marking, upper: Marking) -> tuple[str, ...]:
    """Return the names of the terms in which `lower` is stricter than `upper`: what a reader of `upper` may lack."""
    joined = _join(upper, lower)
    return tuple(term.name for term in fields(Marking) if getattr(joined, term.name) != getattr(upper, term.name))


def tlp(what: Marking, *, members: frozenset[str]) -> Tlp:
    """Return the TLP 2.0 mark to show, `members` being all agencies of today."""
    if len(what.readers) <= 1:
        return Tlp.RED
    if ORCON in what.cav:
        return Tlp.AMBER_STRICT
    return Tlp.GREEN if members <= what.readers else Tlp.AMBER


def _join(one: Marking, other: Marking) -> Marking:
    return Marking(
        originators=one.originators | other.originators,
        readers=one.readers & other.readers,
        level=max(one.level, other.level),
        comp=one.comp | other.comp,
        purp=one.purp & other.purp,
        cav=one.cav | other.cav,
        review_by=_earliest(one.review_by, other.review_by),
        expires=_earliest(one.expires, other.expires),
    )


def _earliest(one: date | None, other: date | None) -> date | None:
    if one is None or other is None:
        return one or other
    return min(one, other)

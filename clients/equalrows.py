"""Rows of one list that say the same: each is a record of its own for ever, so a person is told before anything is sealed.

They are no error. Two rifles without a number are two rows that nothing tells apart; two rows with one number, make and
model are most likely one weapon, typed twice. What is kept of a row to know it again is a digest under the home's key,
in this process alone: a list of ten thousand rows is not held a second time, and nothing of it is written anywhere.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from clients.lists.report import Problem, Weight
from clients.lists.rows import Draft
from ledger.itemfields import MAKE_IN_TEXT
from ledger.serials import Condition

_NUMBERED = frozenset(one.value for one in (Condition.LEGIBLE, Condition.WORN, Condition.RESTORED, Condition.ALTERED))


@dataclass(slots=True)
class _Seen:
    """A meaning that was met: on which line first, and how often."""

    line: int
    times: int


@dataclass(slots=True)
class EqualRows:
    """Counts the rows of one list by what they mean; `key` is the home's own, so that a digest tells nobody else a thing."""

    key: bytes = field(repr=False)
    _seen: dict[bytes, _Seen] = field(default_factory=dict, repr=False)

    def met(self, meaning: bytes, line: int) -> tuple[int, int]:
        """Return how many rows before this one mean the same, and the line of the first of all that do."""
        seen = self._seen.setdefault(hmac.digest(self.key, meaning, "sha256"), _Seen(line, 0))
        seen.times += 1
        return seen.times - 1, seen.line


def told_twice(drafts: Sequence[Draft], *, line: int, first: int) -> Problem:
    """Return the warning of a row that says what the row on line `first` says."""
    if any(_is_numbered(draft) for draft in drafts):
        cause = f"the same weapon as on line {first}: same serial, make, model and all else"
        fix = "delete one of the two rows: both would be logged, for ever"
    else:
        cause = f"says the same as line {first}"
        fix = "delete it if it is the same weapon: both would be logged, for ever"
    return Problem(line=line, column="", cause=cause, fix=fix, weight=Weight.WARNING, same_as=first)


def _is_numbered(draft: Draft) -> bool:
    """Say whether a draft names one weapon: by its make and a number that can be read."""
    marks = draft.fields.get("item.serials")
    numbered = isinstance(marks, list) and any(isinstance(one, dict) and one["condition"] in _NUMBERED for one in marks)
    make = draft.fields.get("item.make")
    return numbered and bool(draft.fields.get("item.make_text") if make == MAKE_IN_TEXT else make)

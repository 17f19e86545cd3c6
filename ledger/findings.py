"""What an audit found: one line for each broken rule, in log order, each with its check and what to do next."""

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from ledger.checks import CheckFailedError
from ledger.kinds import Typ
from ledger.submissions import Depth

MAX_FINDINGS = 100

_NEXT_STEPS: Mapping[str, str] = MappingProxyType(
    {
        "leaf": "The entry is not the one the signed tree commits to: keep both, compare with another copy of the log.",
        "charter": "Membership is not what the members signed: stop using this log and compare fingerprints by voice.",
        "key": "The entry is void for every purpose; the operator should have refused it: report it to the operator.",
        "batch": "The batch and its statements count for nothing: show the entry to its agency and to the operator.",
        "grant": "The operator should have refused this grant: show the batch to its agency and to the auditors.",
        "record": "The operator should have refused this record: show the batch to its agency and to the operator.",
        "statement": "The operator should have refused this statement: show the batch to its agency and the operator.",
        "read": "Fetch it again or from a mirror; if it stays away, the operator withholds what it has signed for.",
        "consistency": "Keep both checkpoints, both are signed: unless this is an old copy, they convict the log. Tell the members.",
    }
)

# What is judged from earlier entries: a finding of these may follow from one before it. A lost change of members,
# keys or chains touches all of them, lost statements only the first three.
_FROM_STATEMENTS = ("record/", "grant/", "expunge/")
_FROM_CHANGES = (
    *_FROM_STATEMENTS,
    *("batch/seq", "batch/prev", "batch/kx", "batch/header", "statement/header"),
    *("key/", "charter/", "member", "duplicate"),
)


class Verdict(Enum):
    """What an audit comes to, in the word that is shown."""

    VERIFIED = "VERIFIED"
    UNWITNESSED = "UNWITNESSED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken rule: the first index of what breaks it, the check, both values, and what to do next.

    `follows` is an earlier entry that could not be read or does not stand, from which this may only follow.
    """

    index: int
    check: str
    expected: str
    found: str
    next_step: str
    follows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A batch that does not stand, its entry at `over`, and the next of its agency, at `by`, signed on top of it."""

    iss: str
    over: int
    by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was audited, how deep, and with what result; `findings` in log order, at most MAX_FINDINGS of `broken`.

    Statements of batches that close before `since` had their signatures verified by an earlier audit. `bridges` are
    the places where a chain was followed over a batch that does not stand.
    """

    size: int
    depth: Depth
    since: int
    verdict: Verdict
    counts: Mapping[Typ, int]
    broken: int
    findings: tuple[Finding, ...]
    bridges: tuple[Bridge, ...]


class Findings:
    """The findings so far: those of the lowest indices are kept, all are counted."""

    def __init__(self) -> None:
        """Begin without any."""
        self.broken = 0
        self.bridges: list[Bridge] = []
        self._kept: list[Finding] = []
        self._lost_statement: int | None = None
        self._lost_change: int | None = None

    def note(self, index: int, failed: CheckFailedError) -> None:
        """Take one finding."""
        self.broken += 1
        area = failed.check.partition("/")[0]
        finding = Finding(
            index=index,
            check=failed.check,
            expected=failed.expected,
            found=failed.found,
            next_step=_NEXT_STEPS.get(area, _NEXT_STEPS["batch"]),
            follows=self._cause(failed.check),
        )
        insort(self._kept, finding, key=lambda one: one.index)
        del self._kept[MAX_FINDINGS:]

    def bridge(self, bridge: Bridge) -> None:
        """Take a place where a chain was followed over a batch that does not stand."""
        if len(self.bridges) < MAX_FINDINGS:
            self.bridges.append(bridge)

    def lose(self, index: int, *, change: bool) -> None:
        """Remember the first entry whose effect is not known: a statement's, or a change of members, keys, chains."""
        if change and self._lost_change is None:
            self._lost_change = index
        elif not change and self._lost_statement is None:
            self._lost_statement = index

    def kept(self) -> tuple[Finding, ...]:
        """Return the findings in log order."""
        return tuple(self._kept)

    def _cause(self, check: str) -> int | None:
        lost = [self._lost_change] if check.startswith(_FROM_CHANGES) else []
        lost += [self._lost_statement] if check.startswith(_FROM_STATEMENTS) else []
        return min((index for index in lost if index is not None), default=None)

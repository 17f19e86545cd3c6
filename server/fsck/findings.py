"""What fsck found: which row of which table, which entry, which check, both values, and the next step."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from crypto.digests import sha256
from crypto.encoding import b64u

MAX_FINDINGS = 100

_HEAL = (
    "Stop the service and put it right from a mirror with `fsck --heal-from`, else put the newest backup back with "
    "`sealtrace-server restore`; keep this copy to find the cause."
)
_REBUILD = "The entries are whole: keep this copy, and put the newest backup back with `sealtrace-server restore`."
_UNMATCHED = (
    "What is matched is not what the slips say: put the newest backup back, and find out who changed it by hand."
)
_NEXT_STEPS: Mapping[str, str] = MappingProxyType(
    {
        "page": "The file is damaged below the tables: check the disk, then put the newest backup back with "
        "`sealtrace-server restore`.",
        "schema": "Run `sealtrace-server migrate`; a trigger that is missing was taken away by hand: find out by whom.",
        "entry": _HEAL,
        "leaf": _HEAL,
        "tile": _HEAL,
        "head": _HEAL,
        "checkpoint": "Compare with the newest checkpoint that a member holds before the service signs again.",
        "charter": _HEAL,
        "batch": _REBUILD,
        "statement": _REBUILD,
        "recipient": _REBUILD,
        "blob": "Put the newest backup back with `sealtrace-server restore`; what no backup holds, only its originator "
        "can log again.",
        "handover": "Take the checkpoint that is missing from a mirror's v1/checkpoints; without it no client follows the "
        "change of keys.",
        "expired": "Start the service, which deletes boxes of 90 days, and check again; what went early was not deleted by "
        "this program.",
        "published": "Stop: readers were shown what this database does not hold. Put the newest backup back, and compare "
        "with mirrors and witnesses.",
        "slip": _UNMATCHED,
        "token": _UNMATCHED,
        "access": "Put the newest backup back, and catch the access log up from a mirror before anything is asked again.",
        "expunged": "Start the service, which deletes what its tombstones name, and check again.",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as the log says. Values are hashes, names and numbers, never what was sealed."""

    check: str
    table: str
    row: str
    index: int | None
    expected: str
    found: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was checked and what was found, in the order of the log; at most MAX_FINDINGS of `broken` are kept."""

    size: int
    root: bytes
    rows: Mapping[str, int]
    broken: int
    findings: tuple[Finding, ...]


class Findings:
    """Collects findings; counts the rows that were looked at."""

    def __init__(self) -> None:
        """Begin with none."""
        self.rows: dict[str, int] = {}
        self.broken = 0
        self.kept: list[Finding] = []

    def count(self, table: str, rows: int = 1) -> None:
        """Note that rows of a table were looked at."""
        self.rows[table] = self.rows.get(table, 0) + rows

    def note(  # noqa: PLR0913  the members of a finding, all by name
        self, check: str, *, table: str, row: object, index: int | None, expected: object, found: object
    ) -> None:
        """Keep one finding; its next step follows from the first word of the check."""
        self.broken += 1
        if len(self.kept) < MAX_FINDINGS:
            self.kept.append(
                Finding(
                    check=check,
                    table=table,
                    row=str(row),
                    index=index,
                    expected=_shown(expected),
                    found=_shown(found),
                    next_step=_NEXT_STEPS[check.partition("/")[0]],
                )
            )

    def compare(  # noqa: PLR0913  as `note`
        self, check: str, *, table: str, row: object, index: int | None, expected: object, found: object
    ) -> bool:
        """Keep a finding unless both values are equal; return whether they are."""
        if expected != found:
            self.note(check, table=table, row=row, index=index, expected=expected, found=found)
        return expected == found


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bytes() if len(value) in {16, 32}:
            return b64u(value)
        case bytes():
            return f"{len(value):,} bytes of SHA-256 {b64u(sha256(value))}"
        case _:
            return str(value)

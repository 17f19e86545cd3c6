"""When a service was last checked and last backed up: two small files in its folder, for doctor and the console."""

from dataclasses import dataclass
from pathlib import Path

from crypto import privatefile
from crypto.errors import KeystoreError
from ledger import jsontext
from ledger.errors import LedgerError

FSCK = "last-fsck.json"
BACKUP = "last-backup.json"

_MOST_BYTES = 4_096
_OVERDUE_SECONDS = 2 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """One run that came to its end: when (POSIX seconds), over how many entries, and how many findings it had."""

    at: int
    size: int
    broken: int


def write(path: Path, run: LastRun) -> None:
    """Put the run in the place of the one before; of two that end at once, one after the other."""
    with privatefile.locked(path):
        privatefile.replace(path, jsontext.dump({"at": run.at, "size": run.size, "broken": run.broken}) + b"\n")


def read(path: Path) -> LastRun | None:
    """Return the last run; None if there was none, or if what is there cannot be read."""
    try:
        raw = privatefile.read(path, limit=_MOST_BYTES).removesuffix(b"\n")
        at, size, broken = jsontext.members(jsontext.load(raw), "at", "size", "broken")
        return LastRun(at=jsontext.integer(at), size=jsontext.integer(size), broken=jsontext.integer(broken))
    except (OSError, LedgerError, KeystoreError):
        return None


def is_overdue(run: LastRun, *, now: int) -> bool:
    """Tell whether a backup that is made each night was missed for two days (`now` in POSIX seconds)."""
    return now - run.at > _OVERDUE_SECONDS

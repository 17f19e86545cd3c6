"""Backups side by side in one folder: each is named by its time, and the newest few are kept.

What was not made here is never touched: a folder counts as ours if its name is a time in its one spelling, and nobody
writes or removes while another does.
"""

import re
import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from server.backup import MANIFEST, Backup, back_up
from server.config import Config
from server.errors import ConfigError, StartError
from server.holding import held

# Two weeks: whoever comes back from a holiday still finds the day before it went wrong. Far from the 30 days after
# which what was expunged must be gone from backups, too.
KEEP = 14

_NAME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A backup that was made, where it is, and how many older ones made room for it."""

    backup: Backup
    folder: Path
    removed: int


def back_up_beside(config: Config, *, into: Path, keep: int, now: int) -> Kept:
    """Back up into a new folder below `into`, named by `now`; keep it and the newest others, `keep` in all.

    An older one goes only once the new one is whole, so `keep` + 1 need room. What an interrupted run left goes first.
    Raises ConfigError for a folder that is not there, StartError while another backup into it is under way, and as
    `back_up` does: nothing that is finished was removed then.
    """
    with _alone(into):
        for left in [path for path in _ours(into) if not _finished(path)]:
            shutil.rmtree(left)
        folder = into / datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H%M%SZ")
        backup = back_up(config, output=folder, now=now)
        # The new one stays whatever its name: after a clock that was set back it would be the oldest.
        others = [path for path in _ours(into) if path != folder]
        old = others[: max(0, len(others) - keep + 1)]
        for path in old:
            _remove(path)
    return Kept(backup=backup, folder=folder, removed=len(old))


def _alone(into: Path) -> AbstractContextManager[None]:
    if not into.is_dir():
        # Not made here: where a disk is not mounted, its place on the other disk would be filled instead.
        raise ConfigError(f"{into} is no folder: mount its disk, or make it with mode 0700 for this user")
    return held(into, taken=StartError(f"another backup into {into} is under way: wait until it has ended"))


def _ours(into: Path) -> list[Path]:
    """Return the backups below a folder, finished or not, the oldest first."""
    return sorted(
        path for path in into.iterdir() if _NAME.fullmatch(path.name) and path.is_dir() and not path.is_symlink()
    )


def _finished(path: Path) -> bool:
    return (path / MANIFEST).exists()


def _remove(path: Path) -> None:
    # The manifest first: half a backup must not be taken for one.
    (path / MANIFEST).unlink()
    shutil.rmtree(path)

"""What doctor looks at, and every fault it knows with the step that follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from server.config import Config
from server.keys import ServiceKeys

NEXT_STEPS: Mapping[str, str] = MappingProxyType(
    {
        "clock": "Set the clock and keep it set (systemd-timesyncd or chrony), then start the service.",
        "disk-full": "Free space now: the service refuses submissions when it cannot write.",
        "disk-low": "Add space, or move old backups off this disk.",
        "folder-missing": "Check the path; a new service is made with `sealtrace-server create`.",
        "folder-permissions": "chown the folder to the service's user, chmod 700 it, and find out who could read it.",
        "database-permissions": "chown the database to the service's user, chmod 600 it, and find out who could read or "
        "change it.",
        "database-missing": "Put a backup back with `sealtrace-server restore`; a new service makes it at its first start.",
        "database-foreign": "Move the file aside and put a backup back with `sealtrace-server restore`.",
        "database-corrupt": "Stop the service, copy the file, run `sealtrace-server fsck`, then `restore`; check the disk.",
        "database-locked": "Another program is writing: end it. Only one service may run on a folder.",
        "journal-mode": "Stop whoever else opens the database; the next start of the service sets it right.",
        "wal-missing": "The write-ahead log was removed: committed entries may be gone. Run fsck, compare with a mirror.",
        "wal-oversized": "A reader keeps the log from being emptied: end long-running readers, then restart the service.",
        "migration-pending": "Back up, then run `sealtrace-server migrate`; `serve` does so too.",
        "migration-unknown": "The database is of a newer program: install that one; there is no way down.",
        "triggers-dropped": "Somebody took the append-only triggers away: run fsck, find out who, put a backup back.",
        "keystore-missing": "Put the keystore back from a backup; new keys need a new charter.",
        "keystore-permissions": "chown the keystore to the service's user, chmod 600 it, and rotate the log's keys "
        "if anybody else could read it.",
        "keystore-damaged": "Put the keystore back from a backup.",
        "keystore-foreign": "This keystore is of another service: put the right one back from a backup.",
        "service-file": "Put service.json back from a backup; it holds no secret.",
        "charter-keys": "The charter in force names other keys: put the keystore that belongs to it back, or agree a "
        "charter that names these.",
        "charter-fingerprint": "Compare the fingerprint with the members by telephone before the service is started.",
        "origin-mismatch": "service.json is of another log: put the right one back from a backup.",
        "url-mismatch": "Agencies sign for the charter's url: let the service be reached there, or agree another url.",
        "highest-missing": "Ask members, auditors and mirrors for their newest checkpoint: `sealtrace-server restore "
        "--checkpoint`.",
        "database-behind": "Catch up from a mirror: `sealtrace-server restore --from`. It signs nothing until then.",
        "checkpoint-mismatch": "Run `sealtrace-server fsck`; compare with the newest checkpoint that a member holds.",
        "stale-lock": "A program holds the keystore's lock: end it; a lock without a program frees itself.",
        "restore-unfinished": "A restore was interrupted: run it again; what it left behind is thrown away.",
        "witnesses-file": "Write witnesses.toml again as docs/operations.md shows; the service does not start on it.",
        "tombstones-damaged": "Put the list of expunged records back from a backup or a mirror before anything starts.",
        "port-in-use": "Another program listens there: end it, or name another port.",
        "backup-missing": 'Run `sealtrace-server backup` each night, onto another disk: docs/operations.md, "Backup".',
        "backup-old": "Run `sealtrace-server backup` now, and look why the timer did not: `journalctl --unit "
        "sealtrace-backup`.",
        "backup-unreadable": "The newest backup was interrupted or damaged: make another, and check this disk.",
        "fsck-findings": "Run `sealtrace-server fsck` again and follow what it says.",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: its name, what was found, what to do next."""

    name: str
    found: str

    @property
    def next_step(self) -> str:
        """Return what to do about it."""
        return NEXT_STEPS[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A service's folder and what doctor is told of the machine around it; None is not looked at.

    `listen` is the address that the service is to listen on, while it does not run.
    """

    config: Config
    now: int
    free_bytes: int
    fingerprint: bytes | None = None
    keys: ServiceKeys | None = None
    listen: tuple[str, int] | None = None
    backups: Path | None = None

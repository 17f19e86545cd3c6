"""What this home last verified of its log, told without the network: the checkpoint, its charter, who vouched and when."""

from dataclasses import dataclass

from clients.errors import TrustError
from clients.home import Home
from clients.trust import Trust
from ledger import fingerprints
from ledger.charter import Charter
from ledger.checkpoints import Checkpoint
from ledger.errors import LedgerError
from ledger.witnesses import open_published


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """A witness of the charter, and up to which time its cosignatures under the checkpoint vouch; None if there are none."""

    agency: str
    at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastView:
    """The last verified state of the log; `fingerprint` is that of charter 1, as it was pinned."""

    checkpoint: Checkpoint
    charter: Charter
    fingerprint: bytes
    witnesses: tuple[Vouched, ...]
    evidence: tuple[str, ...]

    @property
    def fingerprint_words(self) -> str:
        """Return the pinned fingerprint as members compare it by telephone."""
        return fingerprints.to_words(self.fingerprint)


def last_view(home: Home) -> LastView | None:
    """Return what was last verified, its signatures checked once more; None before the first time.

    `evidence` names the files in `trusted/` that convict somebody, or may.
    """
    trust = Trust(home.trusted)
    note = trust.note()
    if note is None:
        return None
    for charter in reversed(trust.charters()):
        try:
            cosigned = open_published(note, charter=charter)
        except LedgerError:
            continue
        return LastView(
            checkpoint=cosigned.checkpoint,
            charter=charter,
            fingerprint=trust.anchor(),
            witnesses=tuple(Vouched(agency=one, at=cosigned.times.get(one)) for one in charter.witness.agencies),
            evidence=tuple(sorted(path.name for path in home.trusted.glob("*-*") if _is_evidence(path.name))),
        )
    raise TrustError("the last checkpoint of this home fits no charter", next_step="restore it from a backup")


def _is_evidence(name: str) -> bool:
    return name.startswith(("evidence-", "fraud-"))

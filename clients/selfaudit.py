"""A member's own audit of its log, against its pin and what it verified before (what `sealtrace audit` does in a home)."""

from clients.auditing import Audit, Earlier, LogFiles, Progress, audit
from clients.home import Home
from clients.trust import Trust
from ledger.submissions import Depth


def audit_own(home: Home, files: LogFiles, *, depth: Depth, progress: Progress) -> Audit:
    """Return the audit of the log that a home follows; raise where not even a checkpoint can be believed."""
    trust = Trust(home.trusted)
    known_access = home.access_checkpoint.read_bytes() if home.access_checkpoint.exists() else None
    return audit(
        files,
        fingerprint=trust.anchor(),
        depth=depth,
        progress=progress,
        earlier=Earlier(known=trust.note(), known_access=known_access, confirmed=trust.confirmed()),
    )

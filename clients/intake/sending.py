"""Send what was approved: check once more that it is the very thing, seal and log it, say where it stands.

Killed at any moment, it goes on where it stopped: the outbox knows every row that is on its way by what it says, so none
is sealed twice (docs/adr/0025, 0069).
"""

import datetime as dt

from clients.corrections import sort_rows
from clients.freshness import witness_count
from clients.importing import Prepared
from clients.intake.agreeing import planned, why_two
from clients.intake.checking import Rules, findings, rules_of
from clients.intake.states import State
from clients.intake.store import Import, Imports, Told
from clients.session import Session
from clients.submitting import Submission, submit
from crypto.encoding import b64u
from ledger.errors import StaleEpochError
from ledger.jsontext import JsonValue
from ledger.officers import PlannedSubmission, parse_proposal
from ledger.profiles import Profile
from ledger.witnesswords import witnessed_by

MAX_NAMED = 20
_ATTEMPTS = 3

CHANGED = Told(
    what="profile, charter or code lists have changed since this was looked at: other records would be sealed, or to others",
    fix="look at it again and sign what it says now",
)


def send(session: Session, imports: Imports, one: Import, prepared: Prepared, profile: Profile) -> Import:
    """Carry an approved import out, or go on with it; return it as done, or to be looked at again.

    `prepared` is what it comes to by the newest verified charter. Whatever stops it otherwise leaves it where it can be
    tried again.
    """
    if not _is_agreed(one, prepared, profile):
        known = sort_rows(prepared.rows, outbox=session.outbox, replica=session.replica)
        found = findings(prepared, known, profile)
        return imports.move(one, State.CHECKED, told=CHANGED, findings=found, proposal=b"")
    if one.state is State.APPROVED:
        last = session.outbox.last()
        after = one.after if one.after is not None else last.seq if last else 0
        one = imports.move(one, State.SENDING, after=after, total=prepared.records)
    done = _submit(session, imports, one, prepared, profile)
    return imports.move(one, State.DONE, receipt=_receipt(session, one, prepared, done), done=prepared.records)


def rules_now(session: Session) -> Rules:
    """Return the rules by the newest state of the log."""
    session.refresh()
    return rules_of(session.home, session.keyring, session.trust.charters(), today=_today(session))


def _is_agreed(one: Import, prepared: Prepared, profile: Profile) -> bool:
    """Say whether what would be sealed now is what was looked at, and where it takes two officers what both signed."""
    offered = planned(prepared.rows)
    if b64u(offered[False].h) != one.findings.get("plans"):
        return False
    return not why_two(prepared.rows, profile) or _agreed(one) == offered[one.correct]


def _agreed(one: Import) -> PlannedSubmission | None:
    do = parse_proposal(one.proposal).proposal.do if one.proposal else None
    return do if isinstance(do, PlannedSubmission) else None


def _submit(session: Session, imports: Imports, one: Import, prepared: Prepared, profile: Profile) -> Submission:
    def progress(done: int, total: int) -> None:
        imports.progress(one.number, done=done, total=total)

    attempts = 0
    while True:
        attempts += 1
        try:
            return submit(session, prepared.rows, profile, progress=progress, correct=one.correct, agreed=_agreed(one))
        except StaleEpochError:  # the batch is discarded: its rows are sealed anew
            if attempts >= _ATTEMPTS:
                raise


def _receipt(session: Session, one: Import, prepared: Prepared, done: Submission) -> dict[str, JsonValue]:
    """Return what the officer keeps: where every record stands, whoever interrupted whom, and who vouches for it."""
    view = session.refresh()
    cosigned, of = witness_count(view)
    batches = session.outbox.holding([row.fingerprint for row in prepared.rows], after=one.after or 0)
    names = [name for rows in batches.values() for row in rows for name in row.names]
    waiting = [batch.since for batch in done.batches if batch.since is not None]
    return {
        "records": len(names),
        "names": [str(name) for name in names[:MAX_NAMED]],
        "batches": [
            {
                "seq": batch.seq,
                "first": batch.first,
                "index": batch.index,
                "records": sum(len(row.names) for row in rows),
            }
            for batch, rows in batches.items()
        ],
        "unchanged": len(prepared.rows) - len(done.corrections) - sum(map(len, batches.values())),
        "offered": len(done.corrections),
        "origin": view.charter.origin,
        "size": view.checkpoint.size,
        "root": b64u(view.checkpoint.root),
        "vouched": witnessed_by(cosigned=cosigned, of=of),
        "fresh": view.fresh,
        "since": min(waiting) if waiting else None,
        "at": session.world.clock(),
    }


def _today(session: Session) -> dt.date:
    return dt.datetime.fromtimestamp(session.world.clock(), dt.UTC).date()

"""What the desk does again and again: fetch and verify what is new, send what waits (docs/adr/0065)."""

from functools import partial

from flask_babel import lazy_gettext as _l  # type: ignore[import-untyped]  # it has no types

from clients.desk.office import Office
from clients.desk.working import Worker
from clients.errors import TrustError
from clients.talk.confirming import write_receipts
from clients.talk.sending import TICK_SECONDS, send_letters
from clients.updating import update

SYNC, LETTERS, IMPORTS, NOTICES = "sync", "letters", "imports", "notices"
SYNC_SECONDS = 600
# What may come round sooner because somebody asks. Not the letters: nothing lets one leave between two full minutes.
AT_ANY_SECOND = (SYNC, IMPORTS)
JOBS = (
    (SYNC, _l("fetch and verify what is new")),
    (LETTERS, _l("send what waits")),
    (IMPORTS, _l("read, check and send lists")),
    (NOTICES, _l("tell people that something waits")),
)


def begin(worker: Worker, office: Office, *, departure_seconds: int = TICK_SECONDS) -> None:
    """Let the worker do all of it, at its times; only a test has letters leave more often."""
    worker.every(SYNC_SECONDS, partial(sync, office), name=SYNC)
    # Letters leave together at the full minute: at which second somebody wrote is nobody's business.
    worker.every(departure_seconds, partial(send, office), name=LETTERS, on_the_minute=True)


def sync(office: Office) -> None:
    """Bring the replica and the notices up to date; raise TrustError if something of it must not be believed."""
    with office.session() as session:
        done = update(session, progress=lambda _done, _total: None)
        write_receipts(session)
    if done.report.refused or done.arrived.doubts:
        raise TrustError(
            f"{len(done.report.refused):,} entries could not be opened or verified, {len(done.arrived.doubts):,} notices "
            "are not borne out by the access log",
            next_step="run `sealtrace sync --full` and `sealtrace notices`: they name them",
        )


def send(office: Office) -> None:
    """Send the letters that wait, at once: the minute is full."""
    with office.session() as session:
        if session.outbox.letters() or session.outbox.waiting() is not None:
            send_letters(session, at_once=True)

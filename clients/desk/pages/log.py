"""Are we being told the truth: the checkpoint, who vouches for it, the last audit, the alarm self-test, and each proof."""

from functools import partial
from http import HTTPStatus

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from clients.auditreport import verdict_in_words, verdict_of
from clients.bundles import check_now, prove
from clients.desk.office import Office
from clients.desk.parts import note_use, office, parts
from clients.desk.people.current import me
from clients.desk.rendering import page
from clients.desk.rounds import rounds
from clients.errors import TrustError
from clients.lastview import last_view
from clients.matching.keys import matches
from clients.matching.selftest import self_test
from clients.selfaudit import audit_own
from clients.session import load_profile
from clients.views import view_record
from ledger.errors import NotFoundError
from ledger.findings import Verdict
from ledger.identifiers import statement_name
from ledger.submissions import Depth

bp = Blueprint("log", __name__, url_prefix="/log")

SELF_TEST, AUDIT = "self-test", "audit"
PROVED = "proved"


@bp.get("")
def log() -> str:
    """Show what is known of the log, and how it was checked."""
    working = parts().working
    ran = working.ran
    return page(
        "log.html",
        view=last_view(office().home),
        rounds=rounds(),
        tested=ran.get(SELF_TEST),
        is_testing=working.is_waiting(SELF_TEST),
        audited=ran.get(AUDIT),
        is_auditing=working.is_waiting(AUDIT),
    )


@bp.post("/self-test")
def test() -> Response:
    """Begin the alarm self-test; how it went is shown on the page when it is over."""
    note_use(me().person.name, SELF_TEST, [office().me])
    parts().working.soon(partial(run_self_test, office()), name=SELF_TEST)
    return redirect(url_for("log.log"), HTTPStatus.SEE_OTHER)


@bp.post("/audit")
def audit() -> Response:
    """Begin an audit of the whole log."""
    note_use(me().person.name, AUDIT, [office().config.origin])
    parts().working.soon(partial(run_audit, office()), name=AUDIT)
    return redirect(url_for("log.log"), HTTPStatus.SEE_OTHER)


@bp.get("/records/<iss>/<jti>")
def proof(iss: str, jti: str) -> str:
    """Prove a record now, step by step, as a stranger would who was shown as much of it."""
    signed_in, name = me(), statement_name(f"{iss}/{jti}")
    viewer = office().viewer(signed_in.person, signed_in.purpose)
    with office().replica() as replica:
        record = replica.find(name)
    if record is None:
        raise NotFoundError("no record of that name is in the replica, or it is sealed to others")
    view = view_record(record, viewer)
    note_use(signed_in.person.name, PROVED, [str(name)])
    with office().session() as session:
        standing = session.stand()
        done = prove(standing, record, viewer)
        disputed = check_now(standing, done.verdict)
    return page(
        "proof.html", view=view, verdict=done.verdict, caveats=done.caveats, disputed=disputed, marking=view.marking
    )


def run_self_test(office: Office) -> None:
    """Plant, ask, and put the planted records out of the way; raise if the service did not find what it must."""
    with office.session() as session:
        standing = session.stand()
        matches(standing)
        self_test(session, load_profile(session.home, standing.view.charter))


def run_audit(office: Office) -> str:
    """Audit the log from its first entry to its last; return the verdict in words, or raise TrustError with it."""
    done = audit_own(office.home, office.service(), depth=Depth.RECORDS, progress=lambda _done, _total: None)
    told = f"{verdict_of(done)} · {done.report.size:,} entries · {verdict_in_words(done)}"
    if done.report.verdict is Verdict.FAILED:
        raise TrustError(told, next_step="run `sealtrace audit --report F.html`: it names every finding")
    return told

"""Are we being told the truth: the checkpoint, who vouches for it, the last audit, the alarm self-test, and each proof."""

from functools import partial
from http import HTTPStatus

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from clients.desk.office import Office
from clients.desk.parts import office, parts
from clients.desk.rendering import page
from clients.desk.ticks import JOBS
from clients.lastview import last_view
from clients.matching.keys import matches
from clients.matching.selftest import self_test
from clients.session import load_profile

bp = Blueprint("log", __name__, url_prefix="/log")

SELF_TEST = "self-test"


@bp.get("")
def log() -> str:
    """Show what is known of the log, and how it was checked."""
    working = parts().working
    return page(
        "log.html",
        view=last_view(office().home),
        jobs=[(title, working.ran.get(name), working.is_waiting(name)) for name, title in JOBS],
        tested=working.ran.get(SELF_TEST),
        is_testing=working.is_waiting(SELF_TEST),
    )


@bp.post("/self-test")
def test() -> Response:
    """Begin the alarm self-test; how it went is shown on the page when it is over."""
    parts().working.soon(partial(run_self_test, office()), name=SELF_TEST)
    return redirect(url_for("log.log"), HTTPStatus.SEE_OTHER)


def run_self_test(office: Office) -> None:
    """Plant, ask, and put the planted records out of the way; raise if the service did not find what it must."""
    with office.session() as session:
        standing = session.stand()
        matches(standing)
        self_test(session, load_profile(session.home, standing.view.charter))

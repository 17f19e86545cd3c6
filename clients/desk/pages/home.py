"""The first page: what waits for whoever is signed in, and how fresh and how verified what they see is."""

from http import HTTPStatus

from flask import Blueprint, redirect, request
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from werkzeug.wrappers import Response

from clients.desk import importing
from clients.desk.gate import RefusedError
from clients.desk.pages.inbox import waiting_proposals
from clients.desk.pages.log import AUDIT, SELF_TEST
from clients.desk.parts import note_use, office, parts
from clients.desk.people.current import me
from clients.desk.rendering import page
from clients.desk.rounds import hasten, rounds
from clients.desk.rules import SECONDERS, TALKERS
from clients.desk.talkwords import TASK_WORDS
from clients.desk.ticks import SYNC
from clients.desk.weapons import names_in, weapons_of
from clients.matching.book import Book
from clients.outbox import Outbox
from clients.talk.threads import spelled, talks
from clients.waiting import Waiting, what_waits
from ledger.labels import Purpose

bp = Blueprint("home", __name__)


@bp.get("/")
def home() -> str:
    """Show what waits."""
    signed_in, ran = me(), parts().working.ran
    waiting = _waiting() if signed_in.person.roles & TALKERS else None
    weapons = weapons_of(names_in([*waiting.silent, *waiting.hits, *waiting.fired] if waiting else []))
    return page(
        "home.html",
        marking=weapons.marking,
        spelled=spelled,
        waiting=waiting,
        weapons=weapons.by_name,
        imports=importing.waiting(signed_in) if signed_in.person.roles & SECONDERS else (),
        task_words=TASK_WORDS,
        proposals=waiting_proposals(),
        checks=[(_("Our own audit"), ran.get(AUDIT)), (_("Alarm self-test"), ran.get(SELF_TEST))],
        rounds=rounds(),
    )


@bp.get("/keys")
def keys() -> str:
    """Show which keys do what, and whom to ask."""
    return page("keys.html")


@bp.post("/sync")
def sync() -> Response:
    """Read the log now, and send lists that wait; messages leave at the full minute all the same."""
    note_use(me().person.name, SYNC, [office().config.origin])
    hasten()
    return redirect(_back(request.form.get("back", "/")), HTTPStatus.SEE_OTHER)


@bp.post("/purpose")
def purpose() -> Response:
    """Go on for another purpose: what may be read depends on it."""
    wanted = request.form.get("purpose", "")
    found = next((one for one in me().person.purposes if one.value == wanted), None)
    if found is None:
        raise RefusedError(
            HTTPStatus.FORBIDDEN,
            _("That purpose is not one of yours."),
            next_step=_("Choose one of those that are offered, or ask an administrator."),
        )
    parts().sessions.work_for(me(), Purpose(found))
    return redirect(_back(request.form.get("back", "/")), HTTPStatus.SEE_OTHER)


def _back(path: str) -> str:
    """Return a path of the desk to go on at; whatever might lead elsewhere becomes the first page."""
    return path if path.startswith("/") and not path.startswith("//") and "\\" not in path else "/"


def _waiting() -> Waiting:
    home_of = office().home
    book, outbox = Book(home_of.matching, key=office().database_key), Outbox(home_of.outbox, key=office().database_key)
    try:
        with office().replica() as replica:
            return what_waits(
                notices=book.notices(),
                talks=talks(replica),
                unsent=len(outbox.letters()),
                me=office().me,
                now=parts().clock(),
            )
    finally:
        book.close()
        outbox.close()

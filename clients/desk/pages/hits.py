"""Who asked for our weapons: hits, silent hits that wait for a review, and what our own watches found."""

from collections.abc import Sequence
from http import HTTPStatus

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from werkzeug.wrappers import Response as BaseResponse

from clients.desk.leaving import marked_table
from clients.desk.parts import note_use, office, parts
from clients.desk.people.current import me
from clients.desk.rendering import page
from clients.desk.weapons import names_in, weapons_of
from clients.errors import ListError
from clients.matching.book import Book, StoredNotice
from clients.matching.noticing import HOUR, overdue, waits
from clients.matching.noticing import review as review_hits
from ledger.notices import REVIEW_HOURS, Matched, WatchFired

bp = Blueprint("hits", __name__, url_prefix="/hits")

SHOWN = 100
_HEADS = ("number", "kind", "at", "asker", "record", "entry", "class", "policy", "state")


@bp.get("")
def hits() -> str:
    """Show silent hits first, then the newest of the others."""
    found = _notices()
    waiting = [one for one in found if waits(one)]
    matched = [one for one in found if not waits(one) and isinstance(one.notice, Matched)]
    fired = [one for one in found if isinstance(one.notice, WatchFired)]
    weapons = weapons_of(names_in([*waiting, *matched[:SHOWN], *fired[:SHOWN]]))
    return page(
        "hits.html",
        marking=weapons.marking,
        weapons=weapons.by_name,
        waiting=waiting,
        late=sum(overdue(one, now=parts().clock()) for one in waiting),
        matched=matched[:SHOWN],
        fired=fired[:SHOWN],
        more=max(0, len(matched) - SHOWN) + max(0, len(fired) - SHOWN),
        review_seconds=REVIEW_HOURS * HOUR,
    )


@bp.get("/list.<any(json, csv):form>")
def table(form: str) -> Response:
    """Return all of them for machines."""
    rows = [row for one in _notices() for row in _rows(one)]
    return marked_table(form, _HEADS, rows, of=["who asked for our weapons"])


@bp.post("")
def review() -> BaseResponse:
    """Say that silent hits were looked into; of those that somebody else has reviewed meanwhile nothing more is said."""
    numbers = {
        int(text) for text in request.form.getlist("number") if text.isascii() and text.isdigit() and len(text) < 10
    }
    if not numbers:
        raise ListError(_("no silent hit was chosen"), next_step=_("tick those that you have looked into"))
    with office().session() as session:
        still = numbers & {one.number for one in session.book.notices() if waits(one)}
        note_use(me().person.name, "reviewed", [f"silent hit {number}" for number in sorted(still)])
        review_hits(session, still)
    return redirect(url_for("hits.hits"), HTTPStatus.SEE_OTHER)


def _notices() -> Sequence[StoredNotice]:
    """Return what matching told this agency, the newest first."""
    book = Book(office().home.matching, key=office().database_key)
    try:
        return [one for one in reversed(book.notices()) if isinstance(one.notice, Matched | WatchFired)]
    finally:
        book.close()


def _rows(one: StoredNotice) -> list[tuple[str | int | None, ...]]:
    match one.notice:
        case Matched() as notice:
            state = "" if not notice.is_silent else "waits for review" if waits(one) else "reviewed"
            result = notice.result
            return [
                (one.number, "asked", result.at, result.asker, str(name), told.index, told.c, told.hit.value, state)
                for told, name in zip(result.hits, result.names(), strict=True)
            ]
        case WatchFired() as notice:
            slot = notice.slot
            return [(one.number, "watch", one.seen, "", str(slot.name), slot.index, slot.c, "", "")]
        case _:
            return []

"""What leaves the desk as a file: through the one gate, in the name of whoever is signed in, with the mark of the copy.

Pages make no file by themselves: an answer that is neither a page nor made here is not sent (`require_mark`), so that a
route which somebody adds cannot forget the mark (docs/adr/0081).
"""

from collections.abc import Iterable, Sequence
from http import HTTPStatus

from flask import Response, request

from clients.bundles import NO_COPY
from clients.desk.downloads import CSV, JSON, table_file
from clients.desk.exporting import Form, Mark, Recipient, Value, export, mark_rows, take
from clients.desk.parts import office, parts
from clients.desk.people.current import me
from clients.views import RecordView
from ledger.markings import Marking

# What a browser shows as part of the desk and does not keep: a page, and the picture that stands on one.
_SHOWN = frozenset({"text/html", "image/svg+xml"})
_CONTENT_TYPES = {
    JSON: "application/json",
    CSV: "text/csv; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
    "toml": "application/toml; charset=utf-8",
    "zip": "application/zip",
}


class Copy(Response):
    """A file as it leaves: its mark is in it, and in its name."""


def records_file(views: Sequence[RecordView], form: str, *, name: str) -> Copy:
    """Return decided views as JSON or CSV; raise NotPermittedError where nothing of them may leave."""
    made = export(views, Form(form), recipient(), note=parts().use.note, marking_text=office().marking_text)
    return saved(made.raw, name=name, suffix=form, mark=made.mark)


def taken(of: Sequence[str], *, marking: Marking | None) -> Mark:
    """Return the mark of what leaves now, noted; raise NotPermittedError where an originator forbids copies."""
    return take(recipient(), of=of, marking=marking, note=parts().use.note, marking_text=office().marking_text)


def marked_table(
    form: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Value]],
    *,
    of: Sequence[str],
    marking: Marking | None = None,
) -> Copy:
    """Return a table as JSON or CSV, every row with the recipient's mark; without a marking it holds no record."""
    mark = taken(of, marking=marking)
    raw = table_file(form, *mark_rows(heads, rows, mark))
    name = request.blueprint or "sealtrace"
    return saved(raw, name=name, suffix=form, mark=mark, at_once=form == CSV)


def recipient() -> Recipient:
    """Return who takes along what leaves now."""
    return Recipient(person=me().person.name, agency=office().me, purpose=me().purpose.value, at=parts().clock())


def may_copy(view: RecordView) -> bool:
    """Say whether a record's originator lets this agency copy what is shown of it."""
    own = view.record.name.iss == office().me
    return view.marking is not None and (own or NO_COPY not in view.marking.cav)


def saved(raw: bytes, *, name: str, suffix: str, mark: Mark, at_once: bool = True) -> Copy:
    """Return a file that a browser saves, `at_once` or after it was looked at; its name says which copy it is.

    What is signed is handed out byte by byte: there the name alone says it, and the record of use what it stands for.
    """
    file, how = f"{name}-copy-{mark.number}.{suffix}", "attachment" if at_once else "inline"
    headers = {"Content-Disposition": f'{how}; filename="{file}"'}
    return Copy(raw, content_type=_CONTENT_TYPES[suffix], headers=headers)


def require_mark(response: Response) -> None:
    """Raise for a file that is about to leave without a mark."""
    is_file = "Content-Disposition" in response.headers or response.mimetype not in _SHOWN
    if response.status_code == HTTPStatus.OK and is_file and not isinstance(response, Copy):
        raise TypeError("an answer that is no page has no recipient's mark")

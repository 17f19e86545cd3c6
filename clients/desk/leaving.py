"""What leaves the desk as a file: through the one gate, in the name of whoever is signed in."""

from collections.abc import Iterable, Sequence

from flask import Response

from clients.bundles import NO_COPY
from clients.desk.downloads import table_answer
from clients.desk.exporting import Form, Mark, Recipient, export, mark_rows, take
from clients.desk.parts import office, parts
from clients.desk.people.current import me
from clients.views import RecordView
from ledger.markings import Marking


def records_file(views: Sequence[RecordView], form: str, *, name: str) -> Response:
    """Return decided views as JSON or CSV; raise NotPermittedError where nothing of them may leave."""
    made = export(views, Form(form), recipient(), note=parts().use.note, marking_text=office().marking_text)
    return saved(made.raw, content_type=made.content_type, name=f"{name}.{form}")


def taken(of: Sequence[str], *, marking: Marking | None) -> Mark:
    """Return the mark of what leaves now, noted; raise NotPermittedError where an originator forbids copies."""
    return take(recipient(), of=of, marking=marking, note=parts().use.note, marking_text=office().marking_text)


def marked_table(
    form: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str | int | None]],
    *,
    of: Sequence[str],
    marking: Marking | None = None,
) -> Response:
    """Return a table as JSON or CSV, every row with the recipient's mark; without a marking it holds no record."""
    return table_answer(form, *mark_rows(heads, rows, taken(of, marking=marking)))


def recipient() -> Recipient:
    """Return who takes along what leaves now."""
    return Recipient(person=me().person.name, agency=office().me, purpose=me().purpose.value, at=parts().clock())


def may_copy(view: RecordView) -> bool:
    """Say whether a record's originator lets this agency copy what is shown of it."""
    own = view.record.name.iss == office().me
    return view.marking is not None and (own or NO_COPY not in view.marking.cav)


def saved(raw: bytes, *, content_type: str, name: str) -> Response:
    """Return a file that a browser saves and does not show."""
    return Response(raw, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})

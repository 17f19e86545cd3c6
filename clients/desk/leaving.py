"""Records that leave the desk as a file: through the one gate, in the name of whoever is signed in."""

from collections.abc import Sequence

from flask import Response

from clients.bundles import NO_COPY
from clients.desk.exporting import Form, Recipient, export
from clients.desk.parts import office, parts
from clients.desk.people.current import me
from clients.views import RecordView


def records_file(views: Sequence[RecordView], form: str, *, name: str) -> Response:
    """Return decided views as JSON or CSV; raise NotPermittedError where nothing of them may leave."""
    made = export(views, Form(form), recipient(), note=parts().use.note, marking_text=office().marking_text)
    return saved(made.raw, content_type=made.content_type, name=f"{name}.{form}")


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

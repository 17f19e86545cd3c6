"""The record of use, for the agency's auditor: who did what at this desk."""

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from clients.desk.leaving import marked_table
from clients.desk.parts import parts
from clients.desk.people.current import me
from clients.desk.rendering import page
from clients.desk.use.entries import about_and_names

bp = Blueprint("use", __name__)

_HEADS = ("number", "at", "who", "did", "of")
_PAGE = 100
_NAMES = 3
_LOOKED = "looked at the record of use"


@bp.get("/use")
def use() -> str:
    """Show the newest entries, or those before one."""
    before = request.args.get("before", type=int)
    parts().use.note(me().person.name, _LOOKED, "newest" if before is None else f"before {before}")
    found = parts().use.entries(before=before, limit=_PAGE + 1)
    more = url_for("use.use", before=found[_PAGE - 1].number) if len(found) > _PAGE else ""
    entries = [(one, *about_and_names(one.entry.of)) for one in found[:_PAGE]]
    return page("use.html", entries=entries, more=more, checkpoint=parts().use.head(), shown=_NAMES)


@bp.get("/use.<any(json,csv):form>")
def listed(form: str) -> Response:
    """Give the whole record as JSON or CSV; `sealtrace desk use export` gives it with its proof."""
    found = parts().use.entries(limit=parts().use.head().size)
    rows = [(one.number, one.entry.at, one.entry.who, one.entry.did, one.entry.of) for one in found]
    return marked_table(form, _HEADS, rows, of=[f"the record of use as {form}"])

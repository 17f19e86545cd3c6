"""One way to make a page: who asks, the marking above and below it, how fresh it is, and the record of use before it leaves."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask, render_template, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from jinja2 import StrictUndefined, pass_context
from jinja2.runtime import Context

from clients.desk import filters, i18n
from clients.desk.errors import Shown
from clients.desk.menu import MENU, exists, may
from clients.desk.parts import note_use, parts
from clients.desk.people.current import somebody
from clients.desk.people.sessions import IDLE_SECONDS
from ledger.markings import Marking

SIGN_IN = "signing.sign_in"
SIGN_OUT = "signing.sign_out"
CONFIRM = "signing.confirm"
OPENED = "opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """The line above and below a page, in words; `css` colours it."""

    text: str
    css: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A page of the menu."""

    url: str
    title: str
    is_current: bool


def install(app: Flask) -> None:
    """Give an app's templates what all of them use."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(filters.FILTERS)
    app.jinja_env.globals["ngettext"] = _grouped(app.jinja_env.globals["ngettext"])
    app.jinja_env.globals.update(language=i18n.language, direction=i18n.direction, may=may, exists=exists)


def page(template: str, *, marking: Marking | None = None, opened: Iterable[object] = (), **values: Any) -> str:
    """Return a page for whoever is signed in.

    `marking` is the join of all that it shows of records; `opened` are the names of the records (or messages) whose
    content it shows: each is put into the record of use first, and where that cannot be written there is no page.
    """
    signed_in = somebody()
    entry = None if signed_in is None else note_use(signed_in.person.name, OPENED, map(str, opened))
    return render_template(template, **_frame(marking, entry=entry), **values)


def refusal(shown: Shown) -> str:
    """Return the page of an error: whoever is refused may be nobody, and nothing of a record is on it."""
    return render_template("refused.html", **_frame(None, with_freshness=False), shown=shown)


def banner(marking: Marking | None) -> Banner:
    """Return the line above and below a page."""
    office = parts().office
    if marking is None:
        return Banner(text=_("%(agency)s · no record is shown here", agency=office.me), css="none")
    return Banner(text=office.marking_text(marking), css=marking.level.value.lower())


def _frame(marking: Marking | None, *, entry: int | None = None, with_freshness: bool = True) -> dict[str, Any]:
    signed_in = somebody()
    inside = signed_in is not None
    return {
        "agency": parts().office.config,
        "signed_in": signed_in,
        "theme": signed_in.person.theme if signed_in is not None else "auto",
        "token": signed_in.csrf if signed_in is not None else "",
        "banner": banner(marking),
        # What stands on paper says whose print it is, and where that is written down.
        "opening": None if entry is None else f"{parts().office.me}/use/{entry}",
        "menu": _menu() if inside else [],
        "freshness": parts().office.freshness() if inside and with_freshness else None,
        "now": parts().clock(),
        "idle_seconds": IDLE_SECONDS if inside else 0,
        "sign_in_url": url_for(SIGN_IN) if exists(SIGN_IN) else "",
        "sign_out": SIGN_OUT,
        "languages": i18n.LANGUAGES,
    }


def _menu() -> list[Link]:
    return [
        Link(url=url_for(endpoint), title=str(title), is_current=_is_within(url_for(endpoint)))
        for endpoint, title in MENU
        if may(endpoint)
    ]


def _is_within(url: str) -> bool:
    """Say whether the page that is shown is a page of the menu, or lies below one: by its address, as people see it."""
    return f"{request.path}/".startswith(f"{url}/")


def _grouped(plural: Any) -> Any:
    """Return what says a number with its noun, the number with thousands separators as everywhere else."""

    @pass_context
    def ngettext(context: Context, one: str, many: str, num: int, **values: Any) -> Any:
        return plural(context, one, many, num, **{"num": f"{num:,}", **values})

    return ngettext

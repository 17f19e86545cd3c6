"""One's own key as an officer: drawn under a passphrase that nobody else knows, and that is typed where it signs."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types

from clients.desk.parts import note_use, office, parts
from clients.desk.people.current import me
from clients.desk.rendering import page
from clients.errors import ListError
from clients.officers import create_officer, enrolled
from crypto.encoding import b64u

bp = Blueprint("officers", __name__, url_prefix="/inbox/officer")

MIN_CHARACTERS = 12


@bp.get("")
def officer() -> str:
    """Show one's own key, or the form that draws one."""
    name = me().person.name
    key = enrolled(office().home).get(name)
    return page("officer.html", name=name, key=b64u(key) if key else "", least=MIN_CHARACTERS)


@bp.post("")
def create() -> Any:
    """Draw one's own key under a passphrase, which is kept nowhere."""
    name, phrase = me().person.name, request.form.get("passphrase", "")
    if len(phrase) < MIN_CHARACTERS:
        raise ListError(
            _("a passphrase has at least %(count)s characters", count=MIN_CHARACTERS), next_step=_("take several words")
        )
    if phrase != request.form.get("again", ""):
        raise ListError(_("the two passphrases differ"), next_step=_("type the same one twice"))
    note_use(name, "drew a key as an officer", [name])
    with office().home.exclusive():
        create_officer(office().home, name, passphrase=phrase.encode(), cost=parts().cost)
    return redirect(url_for("officers.officer"), HTTPStatus.SEE_OTHER)

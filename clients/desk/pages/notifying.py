"""Whom the desk tells by mail or webhook that something waits: an administrator's page."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from flask_babel import lazy_gettext as _l

from clients.desk.mailing import CREDENTIAL, Encryption
from clients.desk.notifying import Channel, Settings
from clients.desk.parts import parts
from clients.desk.people.current import me
from clients.desk.rendering import page
from clients.errors import ListError

_CHANNEL_WORDS = {Channel.MAIL: _l("mail"), Channel.WEBHOOK: _l("webhook")}
_RELAY = ("host", "port", "sender", "encryption", "user")

bp = Blueprint("notifying", __name__, url_prefix="/people/notices")


@bp.get("")
def notices() -> str:
    """Show whom the desk tells."""
    settings = Settings(parts().engine)
    return page(
        "notices.html",
        relay=settings.relay(),
        targets=settings.targets(),
        channels=_CHANNEL_WORDS,
        encryptions=tuple(Encryption),
        credential=CREDENTIAL,
    )


@bp.post("/relay")
def relay() -> Any:
    """Set the mail relay."""
    typed = {name: request.form.get(name, "").strip() for name in _RELAY}
    with parts().use.together() as act:
        Settings(parts().engine).within(act.connection).set_relay(**typed)
        act.note(me().person.name, "set the mail relay", typed["host"])
    return _back()


@bp.post("")
def add() -> Any:
    """Tell one more."""
    channel = next((one for one in Channel if one.value == request.form.get("channel")), None)
    if channel is None:
        raise ListError(_("it is not said how"), next_step=_("choose mail or webhook"))
    with parts().use.together() as act:
        Settings(parts().engine).within(act.connection).add(channel, request.form.get("address", "").strip())
        act.note(me().person.name, "added a notice", channel.value)
    return _back()


@bp.post("/<int:number>/remove")
def remove(number: int) -> Any:
    """Tell one no more."""
    with parts().use.together() as act:
        Settings(parts().engine).within(act.connection).remove(number)
        act.note(me().person.name, "removed a notice", str(number))
    return _back()


def _back() -> Any:
    return redirect(url_for("notifying.notices"), HTTPStatus.SEE_OTHER)

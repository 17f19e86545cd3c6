"""One form, one outcome: a form that is sent twice, by a double click, a replay or a stale page, is carried out once.

The number that a page draws for its form is taken before anything is done, in a transaction of its own: what the form
does is written to other files of the home (the outbox) and may take a network, and no lock is held that long. A form that
fails gives its number back, so that it may be corrected and sent again. A desk that is killed in between leaves it taken:
at most once, never twice (docs/adr/0072).
"""

from collections.abc import Callable

from flask import request
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from sqlalchemy import Column, Engine, Integer, LargeBinary, MetaData, String, Table, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from clients.desk.importing import once_of
from clients.desk.parts import parts
from clients.desk.people.current import me
from clients.errors import ClientError

ONCE = MetaData()
_FORM = Table(
    "form",
    ONCE,
    Column("number", LargeBinary, primary_key=True),
    Column("person", Integer, nullable=False),
    Column("taken", Integer, nullable=False, index=True),
    Column("outcome", String),
)

# A page is no older than its session; what was sent from an older one is refused before it comes here.
KEPT_SECONDS = 7 * 86_400


class DoneBeforeError(ClientError):
    """The form was sent before; the text says what came of it."""


class Forms:
    """The numbers of forms that were sent to one desk."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int]) -> None:
        """Take the desk's database and the clock."""
        self._engine = engine
        self._clock = clock

    def once(self, number: bytes, person: int, act: Callable[[], str]) -> str:
        """Do what a form asks for, once, and return what came of it; raise DoneBeforeError if it was sent before."""
        self._take(number, person)
        try:
            outcome = act()
        except Exception:
            self._give_back(number)
            raise
        with self._engine.begin() as connection:
            connection.execute(update(_FORM).where(_FORM.c.number == number).values(outcome=outcome))
        return outcome

    def _take(self, number: bytes, person: int) -> None:
        now = self._clock()
        row = insert(_FORM).values(number=number, person=person, taken=now).on_conflict_do_nothing()
        with self._engine.begin() as connection:
            connection.execute(delete(_FORM).where(_FORM.c.taken < now - KEPT_SECONDS))
            if connection.execute(row).rowcount == 1:
                return
            found = connection.execute(select(_FORM).where(_FORM.c.number == number)).one()
        if found.person != person or found.outcome is None:
            raise DoneBeforeError(
                _("This form was sent before, and is being carried out or was interrupted."),
                next_step=_("Nothing is done twice. Open the inbox and look at what became of it."),
            )
        raise DoneBeforeError(
            _("This form was sent before, and carried out once: %(outcome)s", outcome=found.outcome),
            next_step=_("Nothing is done twice. Open the inbox and look at what became of it."),
        )

    def _give_back(self, number: bytes) -> None:
        with self._engine.begin() as connection:
            connection.execute(delete(_FORM).where(_FORM.c.number == number))


def once_only(act: Callable[[], str]) -> str:
    """Do what the form of this request asks for, once, and return what came of it in words."""
    forms = Forms(parts().engine, clock=parts().clock)
    return forms.once(once_of(request.form.get("once", "")), me().person.id, act)

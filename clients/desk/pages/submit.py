"""Submit one event: a form whose errors stand at its fields, and which works without a script."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from werkzeug.datastructures import MultiDict

from clients.desk.fieldwords import field_word
from clients.desk.importing import bench, decided, marking, once, once_of, standing
from clients.desk.people.current import me
from clients.desk.rendering import page
from clients.desk.sentences import sentence
from clients.importing import Prepared
from clients.intake.advancing import check_now
from clients.intake.events import FIVE, MAX_SERIALS, Event, TypedSerial, prepare_event, typed_fields
from clients.intake.states import State
from clients.intake.store import Kind, New
from clients.lists.report import Problem, is_refused
from ledger.eventfields import COMMON
from ledger.eventfields import KINDS as EVENTS
from ledger.itemfields import CONDITIONS, SERIAL_KINDS, SERIAL_LOCATIONS
from ledger.labels import Compartment
from ledger.profiles import Profile, audience
from ledger.recordform import PORTIONS
from ledger.vocabulary import FIELDS

bp = Blueprint("submit", __name__, url_prefix="/submit")

# Where and when stand in every report; the rest of what every event has is folded in.
_FIRST = ("event.date", "event.country", "event.place")
_LONG = frozenset({"item.description", "item.defects", "event.discrepancies", "event.evidence", "case.circumstances"})


@bp.get("")
def submit() -> str:
    """Show an empty form."""
    profile, _members = standing()
    first = profile.classes[0].name
    return _form(Event(fields={"item.kind": "small_arm"}, serials=(TypedSerial(as_marked=""),), record_class=first))


@bp.post("")
def send() -> Any:
    """Take the form: one more serial, what is wrong with it, or an import that waits to be signed."""
    event = event_of(request.form)
    if "another" in request.form:
        return _form(event, more=1)
    rules = bench().rules()
    prepared = prepare_event(event, rules.means, rules.profile)
    if not prepared.rows or is_refused(prepared.problems):
        return _form(event, prepared=prepared), HTTPStatus.UNPROCESSABLE_ENTITY
    person = me().person
    new = New(
        once=once_of(request.form.get("once", "")),
        kind=Kind.EVENT,
        name=_("one event"),
        person=person.id,
        officer=person.name,
        raw=event.to_json(),
        state=State.MAPPED,
    )
    one = decided(lambda bench: bench.imports.add(new), "entered")
    if one.state is State.MAPPED:
        one = check_now(bench(), one)
    return redirect(url_for("imports.show", number=one.number), HTTPStatus.SEE_OTHER)


def event_of(form: MultiDict[str, str]) -> Event:
    """Return what was typed, whatever it is: what is wrong with it is said when it is planned."""
    marked = form.getlist("serial")
    said = [form.getlist(name) for name in ("serial-location", "serial-kind", "serial-condition")]
    serials = (
        TypedSerial(as_marked=text, **dict(zip(("location", "kind", "condition"), _nth(said, at), strict=True)))
        for at, text in enumerate(marked)
    )
    chosen = form.getlist("compartments")
    return Event(
        fields={name: form[name] for name in typed_fields() if form.get(name, "").strip()},
        serials=tuple(one for one in serials if one.as_marked.strip()),
        unknown=frozenset(name for name in FIVE if f"unknown-{name}" in form),
        record_class=form.get("record_class", ""),
        compartments=frozenset(one for one in Compartment if one.value in chosen),
    )


def _nth(lists: list[list[str]], at: int) -> list[str]:
    return [found[at] if at < len(found) else "" for found in lists]


def _form(event: Event, *, prepared: Prepared | None = None, more: int = 0) -> str:
    profile, _members = standing()
    found = prepared.problems if prepared is not None else ()
    rows = [*event.serials, *[TypedSerial(as_marked="")] * max(more, 0 if event.serials else 1)][:MAX_SERIALS]
    return page(
        "submit.html",
        marking=marking(None),
        event=event,
        serials=rows,
        has_room=len(rows) < MAX_SERIALS,
        once=request.form.get("once") or once(),
        summary=[(_anchor(one), _told(one)) for one in found],
        errors=_at_fields(found),
        five=FIVE,
        sections=_sections(),
        shapes={name: FIELDS[name] for name in typed_fields()},
        long=_LONG,
        word=field_word,
        own=EVENTS,
        classes=_classes(profile),
        compartments=tuple(Compartment),
        locations=SERIAL_LOCATIONS,
        kinds=SERIAL_KINDS,
        conditions=CONDITIONS,
    )


def _sections() -> Mapping[str, tuple[str, ...]]:
    """Return the boxes below the five, by where they stand: what every event has, first and folded in, what some have."""
    names = [name for name in typed_fields() if name not in FIVE and name not in ("item.kind", "event.kind")]
    return {
        "event": _FIRST,
        "place": tuple(name for name in names if name in COMMON and name not in _FIRST),
        "item": tuple(name for name in names if name.startswith("item.")),
        "some": tuple(name for name in names if name.startswith("event.") and name not in COMMON),
        "case": tuple(name for name in names if name.startswith("case.")),
    }


def _classes(profile: Profile) -> list[dict[str, Any]]:
    """Return each record class with who reads which portion of it, as sealing would have it."""
    _profile, members = standing()
    return [
        {
            "name": one.name,
            "compartments": sorted(code.value for code in one.compartments),
            "portions": [
                (portion, one.labels[portion].level, sorted(audience(profile, one.labels[portion], members).recipients))
                for portion in PORTIONS
            ],
        }
        for one in profile.classes
    ]


def _at_fields(problems: tuple[Problem, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in problems:
        found.setdefault(one.column, []).append(sentence(f"{one.cause}; {one.fix}" if one.fix else one.cause))
    return found


def _anchor(problem: Problem) -> str:
    return f"f-{problem.column}" if problem.column else "form"


def _told(problem: Problem) -> str:
    return f"{field_word(problem.column)}: {sentence(problem.cause)}" if problem.column else sentence(problem.cause)

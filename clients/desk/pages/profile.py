"""The profile: the agency's standing decisions about who reads what, and what of it will not do what it seems to say."""

from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types

from clients.desk.importing import standing
from clients.desk.leaving import marked_table
from clients.desk.parts import office
from clients.desk.rendering import page
from ledger.errors import LedgerError
from ledger.labels import Label
from ledger.plan import Planner
from ledger.profiles import ProfileFinding, audience, audiences, check
from ledger.recordform import PORTIONS

bp = Blueprint("profile", __name__)

_HEADS = ("class", "events", "compartments", "portion", "level", "readers", "purposes", "caveats", "hit")


@bp.get("/profile")
def profile() -> str:
    """Show the profile in use; it is changed as a file, in the home."""
    found, members = standing()
    Planner(found, members)
    return page(
        "profile.html",
        profile=found,
        rows=_rows(),
        rules=[(one.name, name, rule) for one in found.classes for name, rule in one.fields.items()],
        hits=[(one.name, kind, policy.value) for one in found.classes for kind, policy in one.hit.items()],
        findings=_findings(),
        audiences=len(audiences(found, members)),
        names={one.id: one.name for one in office().charter().agencies},
        is_default=not office().home.profile.exists(),
    )


@bp.get("/profile.<any(json, csv):form>")
def table(form: str) -> Response:
    """Return the classes for machines."""
    return marked_table(form, _HEADS, _rows(), of=["the profile"])


def _rows() -> list[tuple[Any, ...]]:
    found, members = standing()
    return [
        (
            one.name,
            sorted(one.events),
            sorted(code.value for code in one.compartments),
            portion,
            one.labels[portion].level.value,
            sorted(audience(found, one.labels[portion], members).recipients),
            *_terms(one.labels[portion]),
            sorted({policy.value for policy in one.hit.values()}),
        )
        for one in found.classes
        for portion in PORTIONS
    ]


def _terms(label: Label) -> tuple[list[str], list[str]]:
    return sorted(one.value for one in label.purp), list(label.cav)


def _findings() -> tuple[ProfileFinding, ...]:
    found, members = standing()
    try:
        return check(found, members, today=office().today())
    except LedgerError as error:
        return (ProfileFinding(where=_("profile"), what=str(error)),)

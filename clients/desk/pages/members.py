"""The members of the charter in force: who they are, what they may do, up to which level, and whom to call."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from babel import Locale
from flask import Blueprint, Response
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types

from clients.desk.i18n import language
from clients.desk.leaving import marked_table
from clients.desk.parts import office
from clients.desk.rendering import page
from clients.desk.vocabulary import country_word
from clients.plaintext import visible
from clients.trust import Trust
from ledger import fingerprints
from ledger.charter import Agency
from ledger.labels import Level

bp = Blueprint("members", __name__)

_HEADS = ("id", "name", "country", "roles", "ceiling", "contact", "hours", "languages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An agency as its charter lists it, in the reader's language; what it calls itself and its contact is as written."""

    id: str
    name: str
    country: str
    roles: Sequence[str]
    ceiling: Level
    contact: str
    hours: str
    languages: Sequence[str]


@bp.get("/members")
def members() -> str:
    """Show the members, and the words by which two of them find out whether they hold the same charter."""
    charter, trust = office().charter(), Trust(office().home.trusted)
    return page(
        "members.html",
        charter=charter,
        words=fingerprints.to_words(fingerprints.of_file(trust.charter_files()[-1])),
        first_words=fingerprints.to_words(trust.anchor()),
        members=[_member(one) for one in charter.agencies],
    )


@bp.get("/members.<any(json, csv):form>")
def table(form: str) -> Response:
    """Return the members for machines, codes as the charter has them."""
    return marked_table(form, _HEADS, _rows(), of=["the members"])


def _member(agency: Agency) -> Member:
    spoken, roles = Locale.parse(language()).languages, {"submit": _("submits records"), "read": _("reads records")}
    return Member(
        id=agency.id,
        name=visible(agency.name),
        country=country_word(agency.country) or agency.country,
        roles=[roles[one] for one in agency.roles],
        ceiling=agency.ceiling,
        contact=visible(agency.contact.name),
        hours=visible(agency.contact.hours),
        languages=[spoken.get(one, one) for one in agency.contact.languages],
    )


def _rows() -> Iterator[tuple[str | list[str], ...]]:
    for one in office().charter().agencies:
        contact = one.contact
        about = (one.id, one.name, one.country, [*one.roles], one.ceiling.value)
        yield (*about, contact.name, contact.hours, [*contact.languages])

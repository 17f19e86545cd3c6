"""How the pages spell numbers, times and spans: in each language whole sentences, never pieces."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types
from flask_babel import ngettext
from markupsafe import Markup, escape

from clients.desk.fieldwords import field_hint, field_word
from clients.desk.sentences import linked, sentence
from clients.desk.vocabulary import compare_words, country_word, meaning, portion_word, term
from crypto.encoding import b64u

DAY, HOUR, MINUTE = 86_400, 3_600, 60

_BETWEEN = " · "


def number(value: int) -> str:
    """Return a number with thousands separators."""
    return f"{value:,}"


def moment(seconds: int) -> Markup:
    """Return a POSIX time as an ISO date and time in UTC, to the minute; a browser may show its own zone on hover."""
    when = datetime.fromtimestamp(seconds, UTC)
    exact = when.strftime("%Y-%m-%dT%H:%MZ")
    return Markup('<time datetime="{}">{}</time>').format(exact, when.strftime("%Y-%m-%d %H:%M UTC"))


def day(value: date) -> Markup:
    """Return a date, ISO."""
    return Markup('<time datetime="{0}">{0}</time>').format(value.isoformat())


def span(seconds: int) -> str:
    """Return a length of time in its largest unit."""
    if seconds >= DAY:
        return str(ngettext("%(num)s day", "%(num)s days", seconds // DAY))
    if seconds >= HOUR:
        return str(ngettext("%(num)s hour", "%(num)s hours", seconds // HOUR))
    if seconds >= MINUTE:
        return str(ngettext("%(num)s minute", "%(num)s minutes", seconds // MINUTE))
    return str(_("less than a minute"))


def ago(seconds: int) -> str:
    """Return how long ago something was."""
    if seconds >= DAY:
        return str(ngettext("%(num)s day ago", "%(num)s days ago", seconds // DAY))
    if seconds >= HOUR:
        return str(ngettext("%(num)s hour ago", "%(num)s hours ago", seconds // HOUR))
    if seconds >= MINUTE:
        return str(ngettext("%(num)s minute ago", "%(num)s minutes ago", seconds // MINUTE))
    return str(_("just now"))


def colon(what: object) -> Markup:
    """Return what something is said of, with a colon after it: French sets a space before."""
    return Markup(_("%(what)s:")) % {"what": what}  # noqa: S704 - the catalogue's; what is put in is escaped


def weapon(what: str) -> str:
    """Return a weapon in the words that a question is kept with, what is a code of the vocabulary in the reader's."""
    return _BETWEEN.join(map(term, what.split(_BETWEEN)))


def under(rows: Markup, heads: Sequence[str]) -> Markup:
    """Return the rows of a table with each cell saying what stands above it: on a narrow page cells stand one below another.

    No value can bring a cell in: every one of them is escaped.
    """
    before, *found = str(rows).split("<tr")
    return Markup("<tr".join([before, *(_headed(row, heads) for row in found)]))  # noqa: S704 - it was markup


def _headed(row: str, heads: Sequence[str]) -> str:
    before, *cells = row.split("<td")
    return before + "".join(f'<td data-head="{escape(head)}"{cell}' for head, cell in zip(heads, cells, strict=True))


FILTERS: dict[str, Callable[..., str]] = {
    "number": number,
    "moment": moment,
    "day": day,
    "span": span,
    "ago": ago,
    "term": term,
    "meaning": meaning,
    "country": country_word,
    "portion_word": portion_word,
    "compare": compare_words,
    "colon": colon,
    "weapon": weapon,
    "under": under,
    "field_word": field_word,
    "field_hint": field_hint,
    "spelled": b64u,
    "sentence": linked,
    # For what stands in a link itself.
    "sentence_alone": sentence,
}

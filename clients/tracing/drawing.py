"""A trace as a picture (SVG): one lane an agency, one line in time, gaps hatched, the point of diversion bracketed.

The picture is a document of its own: no script, no link, no font to fetch, everything that a record says escaped. Rows
stand at equal distances, since a life has years without an event; the dates are written beside them. What it says, it
says in the words that it is given: a terminal's English, or a page's own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from rich.cells import cell_len

from clients.plaintext import visible, wrap
from clients.show import summary
from clients.tracing.gathering import Traced
from clients.tracing.timeline import (
    alert_words,
    bracket_words,
    duration,
    outcome_words,
    page_banner,
    place,
    time_words,
    title,
    when,
)
from ledger.counting import counted
from ledger.custody import Custody
from ledger.dates import DaySpan
from ledger.jsontext import JsonValue
from ledger.labels import Level
from ledger.lifeevents import Event
from ledger.makes import MakeTable
from ledger.markings import Marking
from ledger.traces import Alert, Diversion, Gap, Outcome, Trace

_LEAST_WIDTH = 960
_WITHHELD = 168
_TOP = 116
_ROW = 44
_DATES = 124
_LANE = 88
_BAR = 24
_FOOT_ROW = 26
# No font is measured here: this is as wide as a sign of these sizes is in a wide one.
_SIGN = 8
_BOLD_SIGN = 10
_BANNER_ROW = 20
_LANES_AT = _DATES + 40
_STYLE = (
    'text{font:14px system-ui,"Noto Sans","Noto Sans Arabic",sans-serif;fill:#1b1f24;unicode-bidi:plaintext}.b{fill:#fff;font-weight:600}'
    ".s{font-size:12px;fill:#47525e}.x{fill:#9a1b1b}.l{stroke:#c8ccd0;stroke-width:1}.c{stroke:#1b1f24;stroke-width:2}.g{stroke:#8a939d;stroke-width:2;stroke-dasharray:2 6}"
    ".d{fill:none;stroke:#9a1b1b;stroke-width:2}.w{fill:#1b1f24}.o{fill:#fff;stroke:#9a1b1b;stroke-width:3}"
)
_HATCH = (
    '<defs><pattern id="gap" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="8" height="8" fill="#fbfbf9"/><rect width="3" height="8" fill="#8a939d"/></pattern></defs>'
)
# As on the pages of the desk: the words of the banner say it first.
_COLOURS = {
    Level.UNCLASSIFIED: "#1f6b3b",
    Level.RESTRICTED: "#3d4d5c",
    Level.CONFIDENTIAL: "#1a4f9c",
    Level.SECRET: "#a3162a",
}
_OUTSIDE = frozenset({Custody.LEFT, Custody.OUTSIDE, Custody.TAKEN_BACK})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One line of the picture: an event, or the gap behind the event above it."""

    y: int
    event: Event | None = None
    gap: Gap | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lanes:
    """A lane for each agency, far enough from each other for their ids; what is said of an event stands behind them."""

    agencies: tuple[str, ...]

    @property
    def _apart(self) -> int:
        return max([_LANE, *(_SIGN * cell_len(agency) for agency in self.agencies)])

    def x(self, agency: str) -> int:
        """Return where an agency's lane is."""
        return _LANES_AT + self._apart * self.agencies.index(agency)

    @property
    def words(self) -> int:
        """Return where what is said begins."""
        return _LANES_AT + self._apart * (len(self.agencies) - 1) + _LANE - 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a picture says in one language; nothing that it returns hides or reorders other text."""

    about: Callable[[int], str]
    item: Callable[[Mapping[str, JsonValue], MakeTable], str]
    no_item: Callable[[], str]
    event: Callable[[Event], str]
    place: Callable[[Event], str]
    date: Callable[[Event], str]
    withheld: Callable[[str], str]
    gap: Callable[[DaySpan], str]
    bracket: Callable[[Diversion], str]
    outcome: Callable[[Outcome], str]
    time: Callable[[Trace], str]
    alert: Callable[[Alert], str]
    possible: Callable[[], str]
    contradicting: Callable[[], str]


ENGLISH = Words(
    about=lambda events: f"The chain of transfer of one weapon: {counted(events, 'event')}",
    item=lambda fields, makes: visible(summary(fields, makes)),
    no_item=lambda: "no item of this weapon is shown to you",
    event=lambda event: visible(title(event)),
    place=place,
    date=when,
    withheld=lambda agency: f"withheld · ask {agency}",
    gap=lambda days: f"no record you may read · {duration(days)}",
    bracket=lambda found: visible(bracket_words(found)),
    outcome=lambda step: f"Outcome {outcome_words(step)}",
    time=time_words,
    alert=lambda alert: f"Alert: {alert_words(alert)}",
    possible=lambda: "Possible, and kept apart",
    contradicting=lambda: "The same number under another make",
)


def draw(traced: Traced, *, makes: MakeTable, words: Words = ENGLISH, mark: Sequence[str] = ()) -> str:
    """Return the picture of a trace, a whole SVG document; `mark` are lines above its lower banner, whose copy it is."""
    trace = traced.trace
    rows = tuple(_rows(trace))
    lanes = _Lanes(agencies=tuple(sorted({event.agency for event in (*trace.events, *trace.undated)})))
    shown = (words.item(one.fields, makes) for one in traced.weapon.same if "item" not in one.withheld)
    head = next(filter(None, shown), "") or words.no_item()
    foot, end = tuple(_foot(traced, words)), _TOP + _ROW * len(rows)
    said = ((_beside(row, lanes), _said(row, words)) for row in rows)
    width = _width([(16, line) for line in (head, *(line for line, _kind in foot), *mark)], said)
    banner = tuple(wrap(visible(page_banner(traced.marking)), width=(width - 32) // _BOLD_SIGN, indent=""))
    bar = _BAR + _BANNER_ROW * (len(banner) - 1)
    low = end + _FOOT_ROW * (len(foot) + len(mark))
    # What the upper banner takes beyond one line stands above the picture's own zero.
    top, height = _BAR - bar, low + bar + bar - _BAR
    label = words.about(len(trace.events) + len(trace.undated))
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {top} {width} {height}" width="{width}" '
                f'height="{height}" role="img" aria-label={quoteattr(label)}>'
            ),
            f"<style>{_STYLE}</style>{_HATCH}",
            f'<rect y="{top}" width="{width}" height="{height}" fill="#fbfbf9"/>',
            *_banner(traced.marking, banner, top, width),
            _text(16, 52, head),
            *_heads(lanes, end),
            *_way(rows, lanes),
            *(line for row in rows for line in _row(row, lanes, words)),
            *_brackets(trace, rows, words),
            *(_text(16, end + _FOOT_ROW * at, line, kind=kind) for at, (line, kind) in enumerate(foot)),
            *(_text(16, low - 10 - _FOOT_ROW * above, line) for above, line in enumerate(_mark(mark))),
            *_banner(traced.marking, banner, low, width),
            "</svg>",
            "",
        ]
    )


def _width(*listed: Iterable[tuple[int, str]]) -> int:
    """Return how wide a picture is of which no word is cut off, given where its lines begin and what they say."""
    return max([_LEAST_WIDTH, *(x + _SIGN * cell_len(line) + 16 for lines in listed for x, line in lines)])


def _rows(trace: Trace) -> Iterator[_Row]:
    gaps = {gap.before.sighting.name: gap for gap in trace.gaps}
    y = _TOP
    for event in (*trace.events, *trace.undated):
        yield _Row(y=y, event=event)
        y += _ROW
        if event.sighting.name in gaps:
            yield _Row(y=y, gap=gaps[event.sighting.name])
            y += _ROW


def _banner(marking: Marking | None, lines: Sequence[str], y: int, width: int) -> Iterator[str]:
    colour = "#55616b" if marking is None else _COLOURS[marking.level]
    yield f'<rect y="{y}" width="{width}" height="{_BAR + _BANNER_ROW * (len(lines) - 1)}" fill="{colour}"/>'
    yield from (_text(16, y + 17 + _BANNER_ROW * at, line, kind="b") for at, line in enumerate(lines))


def _mark(lines: Sequence[str]) -> Iterator[str]:
    """Yield whose copy it is, from the lowest line up."""
    yield from map(visible, reversed(lines))


def _heads(lanes: _Lanes, end: int) -> Iterator[str]:
    for agency in lanes.agencies:
        x = lanes.x(agency)
        yield f'<line class="l" x1="{x}" y1="{_TOP - 14}" x2="{x}" y2="{end - _ROW + 14}"/>'
        yield _text(x, _TOP - 24, agency, kind="s", anchor="middle")


def _way(rows: Iterable[_Row], lanes: _Lanes) -> Iterator[str]:
    """Yield the weapon's way from event to event: broken where it is not known."""
    before: _Row | None = None
    broken = False
    for row in rows:
        if row.event is None:
            broken = True
            continue
        if before is not None and before.event is not None:
            start, end = lanes.x(before.event.agency), lanes.x(row.event.agency)
            kind = "g" if broken or row.event.when is None else "c"
            yield f'<line class="{kind}" x1="{start}" y1="{before.y}" x2="{end}" y2="{row.y}"/>'
        before, broken = row, False


def _row(row: _Row, lanes: _Lanes, words: Words) -> Iterator[str]:
    event = row.event
    yield _text(_beside(row, lanes), row.y + 5, _said(row, words), kind="" if event else "s")
    if event is None:
        yield f'<rect x="{_DATES + 8}" y="{row.y - 10}" width="{lanes.words - _DATES - 24}" height="20" fill="url(#gap)"/>'
        return
    yield from _date(words.date(event), row.y)
    if event.is_withheld:
        yield f'<rect class="w" x="{lanes.words}" y="{row.y - 8}" width="{_WITHHELD}" height="15"/>'
    kind = "o" if event.custody in _OUTSIDE else "w"
    yield f'<circle class="{kind}" cx="{lanes.x(event.agency)}" cy="{row.y}" r="7"/>'


def _beside(row: _Row, lanes: _Lanes) -> int:
    """Return where the words of a line begin: behind the bar, where that stands for what is withheld."""
    is_withheld = row.event is not None and row.event.is_withheld
    return lanes.words + (_WITHHELD + 12 if is_withheld else 0)


def _said(row: _Row, words: Words) -> str:
    if row.event is None:
        return words.gap(row.gap.days) if row.gap is not None else ""
    if row.event.is_withheld:
        return words.withheld(row.event.agency)
    return " · ".join(filter(None, (words.event(row.event), words.place(row.event))))


def _date(said: str, y: int) -> Iterator[str]:
    """Yield a date in its column: from one day to another in two lines."""
    start, slash, end = said.partition("/")
    if not slash:
        yield _text(_DATES - 8, y + 5, said, anchor="end")
        return
    yield _text(_DATES - 8, y - 2, start + slash, kind="s", anchor="end")
    yield _text(_DATES - 8, y + 12, end, kind="s", anchor="end")


def _brackets(trace: Trace, rows: Iterable[_Row], words: Words) -> Iterator[str]:
    at = {row.event.sighting.name: row.y for row in rows if row.event is not None}
    for found in trace.diversions:
        low = at[found.first.sighting.name]
        high = at[found.last.sighting.name] if found.last is not None else _TOP - 16
        yield f'<path class="d" d="M20 {high}h-10V{low}h10"><title>{escape(words.bracket(found))}</title></path>'


def _foot(traced: Traced, words: Words) -> Iterator[tuple[str, str]]:
    """Yield what follows from the chain and what is kept apart from it, each line with its sort."""
    trace, weapon = traced.trace, traced.weapon
    yield words.outcome(trace.outcome), ""
    yield from ((words.bracket(found), "s") for found in trace.diversions)
    if time := words.time(trace):
        yield time, "s"
    yield from ((words.alert(alert), "x") for alert in trace.alerts)
    yield from ((f"{words.possible()}: {one.name}", "s") for one in weapon.possible)
    yield from ((f"{words.contradicting()}: {one.name}", "s") for one in weapon.contradicting)


def _text(x: int, y: int, line: str, *, kind: str = "", anchor: str = "") -> str:
    attributes = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x}" y="{y}"{attributes}>{escape(line)}</text>'

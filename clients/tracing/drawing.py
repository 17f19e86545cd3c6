"""A trace as a picture (SVG): one lane an agency, one line in time, gaps hatched, the point of diversion bracketed.

The picture is a document of its own: no script, no link, no font to fetch, everything that a record says escaped. Rows
stand at equal distances, since a life has years without an event; the dates are written beside them. What it says, it
says in the words that it is given: a terminal's English, or a page's own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from clients.plaintext import visible
from clients.show import summary
from clients.tracing.gathering import Traced
from clients.tracing.timeline import bracket_words, duration, outcome_words, page_banner, place, title, when
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
_WORDS = 560
_TOP = 116
_ROW = 44
_DATES = 112
_LANE = 88
_BAR = 24
_FOOT_ROW = 26
_ALERTS = 3
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
    alert: Callable[[Alert], str]


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
    alert=lambda alert: f"Alert: {alert.what}; tell both originators",
)


def draw(traced: Traced, *, makes: MakeTable, words: Words = ENGLISH, mark: Sequence[str] = ()) -> str:
    """Return the picture of a trace, a whole SVG document; `mark` are lines above its lower banner, whose copy it is."""
    trace = traced.trace
    rows = tuple(_rows(trace))
    lanes = sorted({event.agency for event in (*trace.events, *trace.undated)})
    width = max(_LEAST_WIDTH, _x(len(lanes)) + _WORDS)
    height = _TOP + _ROW * len(rows) + _FOOT_ROW * (2 + min(len(trace.alerts), _ALERTS) + len(mark)) + _BAR
    head = next((words.item(one.fields, makes) for one in traced.weapon.same if "item" not in one.withheld), "")
    label = words.about(len(trace.events) + len(trace.undated))
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
                f'height="{height}" role="img" aria-label={quoteattr(label)}>'
            ),
            f"<style>{_STYLE}</style>{_HATCH}",
            f'<rect width="{width}" height="{height}" fill="#fbfbf9"/>',
            *_banner(traced.marking, 0, width),
            _text(16, 52, head or words.no_item()),
            *_lanes(lanes, _TOP + _ROW * len(rows)),
            *_way(rows, lanes),
            *(line for row in rows for line in _row(row, lanes, words)),
            *_brackets(trace, rows, words),
            *_foot(trace, _TOP + _ROW * len(rows), words),
            *(_text(16, height - _BAR - 10 - _FOOT_ROW * above, line) for above, line in enumerate(_mark(mark))),
            *_banner(traced.marking, height - _BAR, width),
            "</svg>",
            "",
        ]
    )


def _rows(trace: Trace) -> Iterator[_Row]:
    gaps = {gap.before.sighting.name: gap for gap in trace.gaps}
    y = _TOP
    for event in (*trace.events, *trace.undated):
        yield _Row(y=y, event=event)
        y += _ROW
        if event.sighting.name in gaps:
            yield _Row(y=y, gap=gaps[event.sighting.name])
            y += _ROW


def _banner(marking: Marking | None, y: int, width: int) -> Iterator[str]:
    colour = "#55616b" if marking is None else _COLOURS[marking.level]
    yield f'<rect y="{y}" width="{width}" height="{_BAR}" fill="{colour}"/>'
    yield _text(16, y + 17, visible(page_banner(marking)), kind="b")


def _mark(lines: Sequence[str]) -> Iterator[str]:
    """Yield whose copy it is, from the lowest line up."""
    yield from map(visible, reversed(lines))


def _lanes(lanes: Sequence[str], end: int) -> Iterator[str]:
    for number, agency in enumerate(lanes):
        x = _x(number)
        yield f'<line class="l" x1="{x}" y1="{_TOP - 14}" x2="{x}" y2="{end - _ROW + 14}"/>'
        yield _text(x, _TOP - 24, agency, kind="s", anchor="middle")


def _way(rows: Iterable[_Row], lanes: Sequence[str]) -> Iterator[str]:
    """Yield the weapon's way from event to event: broken where it is not known."""
    before: _Row | None = None
    broken = False
    for row in rows:
        if row.event is None:
            broken = True
            continue
        if before is not None and before.event is not None:
            start, end = _x(lanes.index(before.event.agency)), _x(lanes.index(row.event.agency))
            kind = "g" if broken or row.event.when is None else "c"
            yield f'<line class="{kind}" x1="{start}" y1="{before.y}" x2="{end}" y2="{row.y}"/>'
        before, broken = row, False


def _row(row: _Row, lanes: Sequence[str], words: Words) -> Iterator[str]:
    end = _x(len(lanes))
    if row.gap is not None:
        yield f'<rect x="{_DATES + 8}" y="{row.y - 10}" width="{end - _DATES - 56}" height="20" fill="url(#gap)"/>'
        yield _text(end - 32, row.y + 5, words.gap(row.gap.days), kind="s")
        return
    event = row.event
    if event is None:
        return
    x = _x(lanes.index(event.agency))
    yield _text(_DATES - 8, row.y + 5, words.date(event), anchor="end")
    if event.is_withheld:
        yield f'<rect class="w" x="{end - 32}" y="{row.y - 8}" width="168" height="15"/>'
        yield _text(end + 148, row.y + 5, words.withheld(event.agency))
    else:
        yield _text(end - 32, row.y + 5, " · ".join(filter(None, (words.event(event), words.place(event)))))
    yield f'<circle class="{"o" if event.custody in _OUTSIDE else "w"}" cx="{x}" cy="{row.y}" r="7"/>'


def _brackets(trace: Trace, rows: Iterable[_Row], words: Words) -> Iterator[str]:
    at = {row.event.sighting.name: row.y for row in rows if row.event is not None}
    for found in trace.diversions:
        low = at[found.first.sighting.name]
        high = at[found.last.sighting.name] if found.last is not None else _TOP - 16
        yield f'<path class="d" d="M20 {high}h-10V{low}h10"><title>{escape(words.bracket(found))}</title></path>'


def _foot(trace: Trace, y: int, words: Words) -> Iterator[str]:
    yield _text(16, y, words.outcome(trace.outcome))
    if trace.diversions:
        yield _text(16, y + _FOOT_ROW, words.bracket(trace.diversions[0]), kind="s")
    for number, alert in enumerate(trace.alerts[:_ALERTS], start=2):
        yield _text(16, y + _FOOT_ROW * number, words.alert(alert), kind="x")


def _text(x: int, y: int, line: str, *, kind: str = "", anchor: str = "") -> str:
    attributes = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x}" y="{y}"{attributes}>{escape(line)}</text>'


def _x(lane: int) -> int:
    return _DATES + 40 + _LANE * lane

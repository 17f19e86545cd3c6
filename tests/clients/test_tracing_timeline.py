"""A trace in a terminal and as a picture."""

import json
import xml.etree.ElementTree as ET
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from clients.tracing import drawing, figures, timeline
from clients.tracing.gathering import Traced
from ledger.dates import DaySpan
from ledger.indicator import HOW, Count, Indicator
from ledger.labels import Level
from ledger.makes import BUILT_IN
from ledger.markings import Marking
from ledger.sightings import Sighting, Weapon
from ledger.traces import trace_of
from tests.support.sightings import named, seen

MARKING = Marking(
    originators=frozenset({"xar-arms", "xbe-cib"}),
    readers=frozenset({"xar-arms", "xbe-cib", "xco-npa"}),
    level=Level.RESTRICTED,
    comp=frozenset(),
    purp=frozenset(),
    cav=frozenset({"ORCON"}),
    review_by=None,
    expires=None,
)
LIFE = (
    seen(
        1,
        "manufacture",
        "2001",
        "XAR",
        item__make="ZZZ",
        item__make_text="Taurus",
        item__type="PI",
        item__serials=[{"as_marked": "ABE 573528", "condition": "legible"}],
    ),
    seen(2, "issue_to_force", "2005-01-10", "XAR", item__make="ZZZ", item__make_text="Taurus"),
    seen(3, "recovery", "2011-03-04", "XBE", iss="xbe-cib", event__recovery="seized", event__place="Petit-Marais"),
    seen(4, None, None, None, iss="xbe-cib", withheld=("event", "case")),
)


def traced(*sightings: Sighting, possible: tuple[Sighting, ...] = (), apart: tuple[Sighting, ...] = ()) -> Traced:
    """Return what gathering gives for these records."""
    return Traced(
        trace=trace_of(sightings),
        weapon=Weapon(same=sightings, possible=possible, contradicting=apart),
        marking=MARKING,
    )


def test_a_life_reads_from_top_to_bottom() -> None:
    """Maker, force, gap, recovery, and the withheld event, each on its line, with the marking on top and bottom."""
    lines = timeline.render(traced(*LIFE), makes=BUILT_IN).splitlines()

    assert lines[0] == lines[-1] == "RESTRICTED · xar-arms, xbe-cib · REL TO xar-arms, xbe-cib, xco-npa · ORCON"
    assert lines[1] == "trace       semi-automatic pistol · Taurus"
    assert "            serial  ABE 573528" in lines
    assert "  2 2005-01-10   issue to force · XAR · xar-arms" in lines
    assert "            ░░░░░░░░░░░░░░░░░░░░  no record you may read · 6 y 1 m" in lines
    assert "  3 2011-03-04   recovery (seized) · XBE, Petit-Marais · xbe-cib" in lines
    assert "  4 ████████████████████  withheld · ask xbe-cib" in lines
    assert f"  4 {named(4, 'xbe-cib')}" in lines


def test_the_bracket_stands_round_the_gap() -> None:
    """The point of diversion is drawn between the last lawful event and the first one outside."""
    lines = timeline.render(traced(*LIFE), makes=BUILT_IN).splitlines()
    at = [number for number, line in enumerate(lines) if "┌─" in line or "no record" in line or "└─" in line]

    assert at == list(range(at[0], at[0] + 3))


@pytest.mark.parametrize("date", ["2010-05-05~/2012-06-06%", "../2012-06-06", "2010-05-05"])
def test_a_date_of_any_length_keeps_to_the_page(date: str) -> None:
    """From one day to another takes more than the column of dates: what happened stands beneath, in its own column."""
    place = "a market at the river between two towns whose names are long"
    lines = timeline.render(traced(seen(1, "theft", date, event__place=place)), makes=BUILT_IN).splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith(f"  1 {date}")]

    assert all(cell_len(line) <= timeline.WIDTH for line in lines)
    assert "theft" in f"{lines[at]}{lines[at + 1]}"[17:]


def test_an_item_of_which_nothing_is_said_is_said_to_be_one() -> None:
    """A record without a make, model or kind leaves no empty line at the head of a trace."""
    text = timeline.render(traced(seen(1, "theft", "2010")), makes=BUILT_IN)

    assert "trace       nothing recorded" in text.splitlines()


def test_findings_are_said_in_words() -> None:
    """The outcome, the bracket and the time are sentences that need no legend."""
    text = timeline.render(traced(*LIFE), makes=BUILT_IN)

    assert "outcome     3 of 5 · the last lawful holder" in text
    assert "2,244 days from the last lawful custody to the recovery" in text
    assert "it left lawful hands between issue to force, 2005-01-10 (xar-arms) and" in " ".join(text.split())


def test_a_recorded_loss_is_the_point_itself() -> None:
    """Where somebody wrote the loss down, no bracket pretends not to know."""
    records = (seen(1, "receipt", "2001"), seen(2, "theft", "2004"))

    assert "it left lawful hands with theft, 2004 (xar-arms), after receipt, 2001" in " ".join(
        timeline.render(traced(*records), makes=BUILT_IN).split()
    )


def test_a_possible_record_is_never_called_a_hit() -> None:
    """What shares a weaker form stands apart, with what to compare first."""
    maybe = seen(9, "theft", "2001", item__make="ZZZ", item__make_text="Taurus")
    text = timeline.render(
        traced(*LIFE, possible=(maybe,), apart=(seen(8, "theft", "2001", item__make="GLC"),)), makes=BUILT_IN
    )

    assert "○ possible" in text
    assert "compare number, make and model on the frame" in " ".join(text.split())
    assert "✗ apart" in text
    assert " hit" not in text


def test_an_alert_names_both_sides() -> None:
    """A weapon seen after its destruction is told with both records, for both originators."""
    records = (seen(1, "destruction", "2010-05-05"), seen(2, "recovery", "2012", "XBE", iss="xbe-cib"))
    text = " ".join(timeline.render(traced(*records), makes=BUILT_IN).split())

    assert "✗ alert seen again after destruction" in text
    assert "(xar-arms)" in text
    assert "(xbe-cib)" in text


def test_nothing_fits_a_page_without_a_marking() -> None:
    """Where nothing may be shown the banner says so."""
    nothing = replace(traced(seen(4, None, None, None, withheld=("item", "event", "case"))), marking=None)

    assert timeline.render(nothing, makes=BUILT_IN).startswith("NOTHING SHOWN")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (DaySpan(least=0, most=0, certain=True), "0 d"),
        (DaySpan(least=12, most=12, certain=True), "12 d"),
        (DaySpan(least=1_094, most=1_094, certain=True), "2 y 11 m"),
        (DaySpan(least=800, most=800, certain=True), "2 y 2 m"),
        (DaySpan(least=365, most=800, certain=False), "1 y to 2 y 2 m"),
        (DaySpan(least=-40, most=800, certain=False), "0 d to 2 y 2 m"),
        (DaySpan(least=400, most=None, certain=False), "at least 1 y 1 m"),
        (DaySpan(least=None, most=None, certain=False), "an unknown time"),
    ],
)
def test_a_stretch_is_as_long_as_its_dates_know(days: DaySpan, words: str) -> None:
    """A length is never made more precise than the dates it comes from."""
    assert timeline.duration(days) == words


def test_machines_get_the_same_trace() -> None:
    """The JSON names the same events, gaps and bracket as the page, and no field of what is withheld."""
    shown = timeline.to_json(traced(*LIFE))

    assert [one["kind"] for one in shown["events"]] == ["manufacture", "issue_to_force", "recovery", None]  # type: ignore[index, union-attr] - JSON
    assert shown["outcome"] == {"step": 3, "name": "holder"}
    assert shown["diversions"] == [
        {"last_lawful": str(named(2)), "first_outside": str(named(3, "xbe-cib")), "recorded": False}
    ]
    assert json.dumps(shown)


def test_a_picture_is_a_document_without_script_or_link() -> None:
    """The SVG parses, runs nothing and fetches nothing."""
    root = ET.fromstring(drawing.draw(traced(*LIFE), makes=BUILT_IN))  # noqa: S314 - made by ourselves
    names = {element.tag.rpartition("}")[2] for element in root.iter()}

    assert names <= {"svg", "style", "defs", "pattern", "rect", "text", "line", "circle", "path", "title"}
    assert not [
        value for element in root.iter() for name, value in element.items() if "href" in name or name.startswith("on")
    ]


def test_a_picture_bears_the_colour_of_its_level_and_the_mark_of_a_copy() -> None:
    """The banner is coloured as on a page, and whose copy it is stands above the lower one, inside the picture."""
    bare = drawing.draw(traced(*LIFE), makes=BUILT_IN)
    copied = ET.fromstring(drawing.draw(traced(*LIFE), makes=BUILT_IN, mark=("copy 7 & for <Ana>",)))  # noqa: S314 - made by ourselves
    (mark,) = [one for one in copied.iter() if one.text == "copy 7 & for <Ana>"]
    lines = [int(one.get("y", "0")) for one in copied.iter() if one.tag.endswith("text") and one is not mark]
    lower = max(lines)

    assert bare.count(drawing._COLOURS[Level.RESTRICTED]) == 2
    assert max(y for y in lines if y != lower) < int(mark.get("y", "0")) < lower - 16


def test_a_picture_shows_what_the_page_shows() -> None:
    """Events, the gap's length, what is withheld and the outcome stand in the picture too."""
    picture = drawing.draw(traced(*LIFE), makes=BUILT_IN)

    for words in (
        "recovery (seized) · XBE, Petit-Marais",
        "no record you may read · 6 y 1 m",
        "withheld · ask xbe-cib",
        "3 of 5",
    ):
        assert words in picture
    assert picture.count("<circle") == 4


def test_a_picture_cuts_off_nothing_that_it_says() -> None:
    """Long places, ids, dates and banners: the picture grows, or the line is broken, and lanes stand apart."""
    agencies = [f"xbe-an-agency-of-a-long-name{number}" for number in range(2)]
    events = [
        seen(number, "theft", "2010-05-05~/2012-06-06%", iss=agency, event__place="a place of many words " * 5)
        for number, agency in enumerate(agencies)
    ]
    wide = replace(traced(*events), marking=replace(MARKING, readers=frozenset(f"xaa-agency-{at}" for at in range(20))))
    root = ET.fromstring(drawing.draw(wide, makes=BUILT_IN))  # noqa: S314 - made by ourselves
    _, top, width, height = (int(part) for part in root.attrib["viewBox"].split())
    texts = [one for one in root.iter() if one.tag.endswith("text")]
    heads = [int(one.attrib["x"]) for one in texts if one.text in agencies]

    for text in texts:
        x, long = int(text.attrib["x"]), drawing._SIGN * cell_len(text.text or "")
        left, right = {"end": (x - long, x), "middle": (x, x)}.get(text.get("text-anchor", ""), (x, x + long))
        assert 0 <= left <= right <= width
        assert top <= int(text.attrib["y"]) <= top + height
    assert heads[1] - heads[0] >= drawing._SIGN * len(agencies[0])


def test_a_picture_tells_every_diversion_and_every_alert_and_the_time() -> None:
    """What follows from the chain stands under it in whole, each alert with its two events."""
    records = (
        seen(1, "issue_to_force", "2001"),
        seen(2, "recovery", "2005", "XBE"),
        *(seen(number, "destruction", f"{2_005 + number}", "XBE") for number in range(3, 6)),
        seen(6, "recovery", "2015", "XCO"),
    )
    lines = [one.text or "" for one in ET.fromstring(drawing.draw(traced(*records), makes=BUILT_IN)).iter()]  # noqa: S314 - made by ourselves

    assert sum(line.startswith("it left lawful hands between") for line in lines if line) >= 2
    assert sum(line.startswith("Alert: seen again after destruction: destruction, ") for line in lines) == 6
    assert any("from the last lawful custody to the recovery" in line for line in lines)


def test_a_picture_names_what_is_kept_apart() -> None:
    """Whoever is handed the picture alone learns that records beside the chain may be of the weapon, or cannot."""
    maybe, other = seen(8, "theft", "2001"), seen(9, "theft", "2001")
    picture = drawing.draw(traced(*LIFE, possible=(maybe,), apart=(other,)), makes=BUILT_IN)

    assert f"Possible, and kept apart: {maybe.name}" in picture
    assert f"The same number under another make: {other.name}" in picture
    assert "<circle" in picture
    assert picture.count("<circle") == len(LIFE)


def test_a_picture_says_all_in_the_words_that_it_is_given() -> None:
    """Nothing but what a record says, whose copy it is and the banner is in words of the picture's own."""
    given_words = {one.name: lambda *_said, name=one.name: f"<{name}>" for one in fields(drawing.Words)}  # type: ignore[misc]  # bound early
    picture = ET.fromstring(drawing.draw(traced(*LIFE), makes=BUILT_IN, words=drawing.Words(**given_words)))  # noqa: S314 - made by ourselves
    said = {one.text for one in picture.iter() if one.tag.endswith(("text", "title"))}

    assert {"<item>", "<date>", "<event> · <place>", "<withheld>", "<gap>", "<outcome>", "<bracket>", "<time>"} <= said
    assert {one for one in said if one and not one.startswith("<")} == {
        timeline.page_banner(traced(*LIFE).marking),
        *{event.agency for event in traced(*LIFE).trace.events},
    }


@given(st.text(max_size=60))
def test_attack_a_hostile_value_in_a_terminal_or_a_picture(text: str) -> None:
    """Whatever an agency signed as a place is text: no control sequence, no element, no line wider than the page."""
    hostile = f"</text><script>{text}\u202e\x1b[2J"
    page = timeline.render(traced(seen(1, "recovery", "2011", event__place=hostile)), makes=BUILT_IN)
    picture = drawing.draw(traced(seen(1, "recovery", "2011", event__place=hostile)), makes=BUILT_IN)

    assert all(cell_len(line) <= timeline.WIDTH for line in page.splitlines())
    assert not {"\x1b", "\u202e"} & set(page + picture)
    assert "<script" not in picture


def test_the_indicator_says_what_it_does_not_show() -> None:
    """A suppressed row is said to be one; machines get null."""
    found = Indicator(by_how={**dict.fromkeys(HOW, Count(recovered=10, traced=5)), "found": None}, total=None)

    text = figures.render(found, year=2024)
    assert "2024" in text
    assert "found       not shown" in text
    assert "no proportion can be given" in text
    assert figures.to_json(found, year=2024)["found"] is None


def test_a_proportion_is_given_in_both_forms() -> None:
    """People read per cent, machines parts of ten thousand, since our JSON has no fractions."""
    found = Indicator(by_how=dict.fromkeys(HOW, Count(recovered=10, traced=5)), total=Count(recovered=30, traced=15))

    assert "50.0%" in figures.render(found, year=None)
    assert figures.to_json(found, year=None)["per_ten_thousand"] == 5_000

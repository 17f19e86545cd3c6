"""Lists of every kind sent by command: workbooks, JSON Lines, sheets, corrections, interruptions."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from clients.errors import UnreachableError
from clients.lists.tables import MAX_LIST_BYTES
from clients.syncing import Sync
from clients.transport import Request, Response, Transport
from ledger.wire import paths
from tests.support.commands import Result, command
from tests.support.loopback import Walk
from tests.support.workbooks import workbook

OWNER, PARTNER = "xar-arms", "xbe-cib"
HEADER = ("id", "make", "serial", "sold", "seized")
MAP = """
key = ["id"]
[fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
"item.serials" = { column = "serial" }
"case.case_number" = { column = "id" }
[[record]]
event = "sale"
when = [{ column = "sold", present = true }]
fields."event.date" = { column = "sold" }
[[record]]
event = "recovery"
when = [{ column = "seized", present = true }]
fields."event.date" = { column = "seized" }
"""
ROWS = (
    ("1/26", "Taurus", "ABE 573528", "", dt.date(2026, 3, 14)),
    ("2/26", "Colt", "00573", dt.date(2020, 1, 2), dt.date(2026, 3, 15)),
)


@dataclass
class Desk:
    """An officer's desk: lists in a folder, the command line."""

    walk: Walk
    notes: list[str] = field(default_factory=list)

    def put(self, name: str, raw: bytes) -> Path:
        """Write a list."""
        path = self.walk.folder / name
        path.write_bytes(raw)
        return path

    def submit(self, path: Path, *options: str, transport: Transport | None = None) -> Result:
        """Run `sealtrace submit`."""
        arguments = ("submit", str(path), "--map", str(self.walk.folder / "map.toml"), *options)
        return command(self.walk, *arguments, home=OWNER, transport=transport)

    def sent(self, path: Path, *options: str) -> Any:
        """Run `sealtrace submit`, which must succeed; return what it says as JSON."""
        result = self.submit(path, *options, "--json")
        assert result.code == 0, result.notes + result.output
        return result.json

    def listed(self) -> list[tuple[str, str, str]]:
        """Return what the partner sees of every record that counts: event, serial, date."""
        session = self.walk.session(PARTNER)
        Sync(session, progress=lambda _done, _total: None).by_feed()
        shown = command(self.walk, "list", "--json", home=PARTNER).json["records"]
        return sorted((one["event"], one["serial"], one["date"]) for one in shown)


@pytest.fixture
def desk(founded: Walk, tmp_path: Path) -> Iterator[Desk]:
    """Give a desk at a copy of the founded consortium."""
    walk = founded.copy_to(tmp_path / "copy")
    (walk.folder / "map.toml").write_text(MAP, encoding="utf-8")
    yield Desk(walk)
    walk.close()


def book(*rows: tuple[object, ...]) -> bytes:
    """Return a workbook of rows under the header."""
    return workbook([HEADER, *rows])


EXPECTED = [
    ("recovery", "00573", "2026-03-15"),
    ("recovery", "ABE 573528", "2026-03-14"),
    ("sale", "00573", "2020-01-02"),
]


def test_a_workbook_goes_in_and_its_records_come_out(desk: Desk) -> None:
    """Dates and leading zeros as the officer saw them."""
    done = desk.sent(desk.put("march.xlsx", book(*ROWS)))

    assert (done["records"], done["unchanged"], done["problems"]) == (3, 0, [])
    assert desk.listed() == EXPECTED


def test_json_lines_go_in_and_the_same_list_as_a_workbook_adds_nothing(desk: Desk) -> None:
    """A row is known by what it says, in whatever file it comes."""
    lines = "\n".join(json.dumps(dict(zip(HEADER, map(str, row), strict=True))) for row in ROWS)
    assert desk.sent(desk.put("march.jsonl", lines.encode()))["records"] == 3

    again = desk.sent(desk.put("march.xlsx", book(*ROWS)))
    assert (again["records"], again["unchanged"]) == (0, 2)
    assert desk.listed() == EXPECTED


def test_a_sheet_is_chosen_by_its_name(desk: Desk) -> None:
    """And one that is not there is refused before anything is sent."""
    path = desk.put("march.xlsx", workbook([HEADER, *ROWS], title="March"))
    refused = desk.submit(path, "--sheet", "April")

    assert (refused.code, "no sheet 'April'" in refused.notes) == (1, True)
    assert desk.sent(path, "--sheet", "March")["records"] == 3


def test_a_formula_stops_the_whole_list(desk: Desk) -> None:
    """Its address is told, nothing is sent, not even good rows: nobody knows what else the program computed."""
    path = desk.put("march.xlsx", book(*ROWS, ("3/26", "Colt", '="X"&1', "", "2026-03-16")))
    refused = desk.submit(path, "--good-rows")

    assert refused.code == 1
    assert "the cell C4 is a formula" in refused.notes
    assert "paste its values" in refused.notes
    assert desk.listed() == []


def test_a_bad_row_of_a_workbook_is_told_by_its_line_and_comes_back_as_csv(desk: Desk) -> None:
    """The mended rejects go in by the same map."""
    path = desk.put("march.xlsx", book(*ROWS, ("3/26", "Colt", "007", "", "yesterday")))
    refused = desk.submit(path)
    assert (refused.code, "line 4, seized: no date is spelled so" in refused.notes) == (1, True)
    assert desk.sent(path, "--good-rows")["records"] == 3

    rejected = path.with_name("march.xlsx.rejected.csv")
    rejected.write_text(rejected.read_text(encoding="utf-8-sig").replace("yesterday", "2026-03-16"), encoding="utf-8")
    assert desk.sent(rejected)["records"] == 1
    assert ("recovery", "007", "2026-03-16") in desk.listed()


def test_a_changed_row_is_offered_and_sent_only_when_told(desk: Desk) -> None:
    """First told by line and record; with --correct sent, each record in the place of its own kind."""
    desk.sent(desk.put("march.xlsx", book(*ROWS)))
    changed = desk.put("mended.xlsx", book(ROWS[0], (*ROWS[1][:2], "00574", *ROWS[1][3:])))
    offered = desk.submit(changed)
    assert "changed since it was logged as" in offered.output
    assert "--correct" in offered.output
    assert desk.listed() == EXPECTED

    done = desk.sent(changed, "--correct")
    assert (done["records"], done["unchanged"], done["corrections"]) == (2, 1, [])
    assert [one["line"] for one in done["corrected"]] == [3]
    assert desk.listed() == [
        ("recovery", "00574", "2026-03-15"),
        ("recovery", "ABE 573528", "2026-03-14"),
        ("sale", "00574", "2020-01-02"),
    ]


def test_a_dry_run_says_what_is_known_and_what_would_be_corrected(desk: Desk) -> None:
    """Before anything is signed."""
    desk.sent(desk.put("march.xlsx", book(*ROWS)))
    changed = desk.put("mended.xlsx", book(ROWS[0], (*ROWS[1][:2], "00574", *ROWS[1][3:])))
    dry = desk.submit(changed, "--dry-run", "--json")

    assert dry.code == 0
    assert (dry.json["unchanged"], [one["line"] for one in dry.json["corrections"]]) == (1, [3])
    assert desk.listed() == EXPECTED


def test_a_dry_run_names_new_rows_that_may_be_corrections(desk: Desk) -> None:
    """Without a key in the map a corrected row is a new one, and would stand beside the old record: that is said."""
    (desk.walk.folder / "map.toml").write_text(MAP.replace('key = ["id"]', ""), encoding="utf-8")
    desk.sent(desk.put("march.xlsx", book(*ROWS)))

    dry = desk.submit(desk.put("mended.xlsx", book(ROWS[0], (*ROWS[1][:2], "00574", *ROWS[1][3:]))), "--dry-run")

    assert "new          1 row, the first on line 3" in dry.output
    assert "a corrected row goes in anew" in dry.output


def test_a_correction_of_a_correction_and_back_again(desk: Desk) -> None:
    """Each time exactly one record counts; what it said first can be said again."""
    serials = ["00573", "00574", "00575", "00573"]
    for serial in serials:
        raw = book((*ROWS[0][:2], serial, *ROWS[0][3:]))
        assert desk.sent(desk.put("list.xlsx", raw), "--correct")["records"] == 1
        assert desk.listed() == [("recovery", serial, "2026-03-14")]
    again = desk.sent(desk.put("list.xlsx", book((*ROWS[0][:2], "00573", *ROWS[0][3:]))), "--correct")

    assert (again["records"], again["unchanged"]) == (0, 1)


def test_a_row_that_gives_fewer_records_is_not_corrected(desk: Desk) -> None:
    """The sale it no longer tells cannot be superseded by the recovery: told, and nothing of it sent."""
    desk.sent(desk.put("march.xlsx", book(*ROWS)))
    fewer = desk.put("fewer.xlsx", book((*ROWS[1][:3], "", ROWS[1][4])))
    refused = desk.submit(fewer, "--correct")

    assert "cannot be corrected" in refused.output
    assert desk.sent(fewer, "--correct")["records"] == 0
    assert desk.listed() == EXPECTED


def test_a_row_that_gives_more_records_supersedes_what_it_had(desk: Desk) -> None:
    """A sale that became known: the recovery is corrected, the sale is new."""
    desk.sent(desk.put("march.xlsx", book(ROWS[0])))
    more = desk.put("more.xlsx", book((*ROWS[0][:3], dt.date(2019, 5, 6), ROWS[0][4])))

    assert desk.sent(more, "--correct")["records"] == 2
    assert desk.listed() == [("recovery", "ABE 573528", "2026-03-14"), ("sale", "ABE 573528", "2019-05-06")]


class Dying:
    """A network that breaks when the n-th batch is sent: before it arrives, or before the answer does."""

    def __init__(self, inner: Transport, *, after: int, delivered: bool) -> None:
        """Take the network."""
        self._inner = inner
        self._left = after
        self._delivered = delivered

    def send(self, request: Request, *, limit: int) -> Response:
        """Send, until it breaks."""
        if request.path == paths.BATCHES:
            self._left -= 1
            if self._left < 0:
                if self._delivered:
                    self._inner.send(request, limit=limit)
                raise UnreachableError("the line broke")
        return self._inner.send(request, limit=limit)


@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.parametrize("delivered", [False, True])
def test_a_line_that_breaks_is_resumed_from_the_outbox(desk: Desk, after: int, *, delivered: bool) -> None:
    """Whether the batch arrived or not: --resume needs no list, and the list sent again adds what was not sealed yet."""
    path = desk.put("march.xlsx", book(*ROWS))
    broken = desk.submit(path, transport=Dying(desk.walk.transport, after=after, delivered=delivered))
    assert broken.code == 3
    path.unlink()
    resumed = command(desk.walk, "submit", "--resume", "--json", home=OWNER)
    assert (resumed.code, len(resumed.json["batches"])) == (0, 1)

    again = desk.sent(desk.put("march.xlsx", book(*ROWS)))
    assert again["records"] + 1.5 * again["unchanged"] == 3
    assert desk.listed() == EXPECTED


def test_nothing_to_resume_is_no_error(desk: Desk) -> None:
    """An empty outbox is what everybody wants."""
    resumed = command(desk.walk, "submit", "--resume", "--json", home=OWNER)

    assert (resumed.code, resumed.json["batches"]) == (0, [])


def test_neither_a_list_nor_resume_is_a_mistake(desk: Desk) -> None:
    """And the way out is told."""
    refused = command(desk.walk, "submit", home=OWNER)

    assert refused.code == 1
    assert "--resume" in refused.notes


def test_progress_is_told_in_tenths(desk: Desk) -> None:
    """Rows as they are planned, records as they are logged; a list of thousands does not scroll away."""
    rows = [(f"{number}/26", "Colt", f"X{number:05}", "", "2026-03-14") for number in range(1_050)]
    result = desk.submit(desk.put("long.xlsx", book(*rows)))
    told = [line for line in result.notes.splitlines() if " of " in line]

    assert result.code == 0
    assert [line for line in told if line.startswith("records")] == [
        "records logged: 1,000 of 1,050",
        "records logged: 1,050 of 1,050",
    ]
    assert 2 <= sum(line.startswith("rows planned") for line in told) <= 11
    assert "2 batches" in result.output


def test_a_list_beyond_the_limit_is_not_read_to_its_end(desk: Desk) -> None:
    """A disk image named by mistake."""
    path = desk.walk.folder / "huge.csv"
    with path.open("wb") as file:
        file.truncate(4 * MAX_LIST_BYTES)
    refused = desk.submit(path)

    assert refused.code == 1
    assert "larger than" in refused.notes


def test_a_proposal_for_a_workbook_leads_to_a_submission(desk: Desk) -> None:
    """Proposed, passed with --map, sent."""
    path = desk.put("march.xlsx", workbook([("Serial Number", "Make", "Date"), ("X1", "Colt", dt.date(2026, 3, 14))]))
    first = command(desk.walk, "submit", str(path), home=OWNER)
    assert first.code == 1
    proposal = path.with_name("march.map.toml")
    done = command(desk.walk, "submit", str(path), "--map", str(proposal), "--json", home=OWNER)

    assert done.json["records"] == 1
    assert desk.listed() == [("recovery", "X1", "2026-03-14")]


def test_no_content_of_a_refused_list_is_told(desk: Desk) -> None:
    """Reports are mailed around: lines and columns, never cells."""
    path = desk.put("march.xlsx", book(("canary-id", "canary-make", "canary-serial", "canary-date", "x")))
    refused = desk.submit(path)

    assert refused.code == 1
    assert "canary" not in refused.notes + refused.output


EQUAL = b"id,make,serial,sold,seized\n,Taurus,ABE 573528,,2026-03-14\n,Taurus,ABE 573528,,2026-03-14\n"


def test_equal_rows_are_told_by_every_command_and_sent(desk: Desk) -> None:
    """Preview, dry run and submission name both lines, in words and as JSON; sent again, both are known."""
    path = desk.put("equal.csv", EQUAL)
    said = "line 3, row: the same weapon as on line 2: same serial, make, model and all else"
    shown = command(desk.walk, "preview", str(path), "--map", str(desk.walk.folder / "map.toml"), home=OWNER)
    dry, sent = desk.submit(path, "--dry-run"), desk.submit(path)
    again = desk.sent(path)

    assert [said in " ".join(text.split()) for text in (shown.notes, dry.output, sent.notes)] == [True, True, True]
    assert (shown.code, dry.code, sent.code) == (0, 0, 0)
    assert (again["records"], again["unchanged"]) == (0, 2)
    assert [(one["line"], one["same_as"]) for one in again["problems"]] == [(3, 2)]


def test_a_preview_tells_machines_of_equal_rows(desk: Desk) -> None:
    """As a submission does, by both lines."""
    path = desk.put("equal.csv", EQUAL)
    found = command(desk.walk, "preview", str(path), "--map", str(desk.walk.folder / "map.toml"), "--json", home=OWNER)

    assert [(one["line"], one["same_as"]) for one in found.json["warnings"]] == [(3, 2)]


def test_a_killed_list_with_equal_rows_is_resumed_without_a_third(desk: Desk) -> None:
    """What the outbox knows decides: of two equal rows one that is logged is skipped, the other is sent."""
    one, both = desk.put("one.csv", EQUAL.rsplit(b"\n", 2)[0] + b"\n"), desk.put("equal.csv", EQUAL)

    assert desk.sent(one)["records"] == 1
    assert (desk.sent(both)["records"], desk.sent(both)["records"]) == (1, 0)

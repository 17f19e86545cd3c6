"""Every file that the desk gives out says whose copy it is: the routes are those of the app itself, none named here."""

import csv
import io
from collections.abc import Iterator

import pytest
from flask import Flask, Response
from werkzeug.routing import Rule as Route
from werkzeug.test import TestResponse

from clients.desk.exporting import MARK_COLUMNS
from clients.desk.inquiries import Inquiries, New
from clients.desk.inquiries import Kind as Asked
from clients.desk.kept import KeptRows, Kind
from clients.desk.leaving import Copy, require_mark
from clients.lists.tables import COPY
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from tests.support.deskimports import to_checked
from tests.support.desks import Browser, Desk
from tests.support.desktalks import SERIAL, found_talking, pair_of
from tests.support.imports import CSV

WHO = "E. Everybody"
BAD_ROW = b'Taurus,"=SUM(1)",yesterday,\n'
# There is nothing in these here; whatever they would hold is marked by the same function.
EMPTY = {"ask.asked_table", "hits.table"}


class Full:
    """A desk where there is one of everything that a file can be made of."""

    def __init__(self, desk: Desk) -> None:
        """Take a desk with a conversation and records, and add the rest."""
        self.desk = desk
        self.person = desk.add(WHO)
        self.browser: Browser = desk.browser(self.person)
        to_checked(desk, self.browser, CSV + BAD_ROW)
        rows = KeptRows(desk.parts.engine, person=self.person.id, clock=desk.parts.clock)
        self.search = rows.keep(Kind.SEARCH, {"words": [], "facets": {}, "superseded": False, "newest": True})
        self.weapon = rows.keep(Kind.WEAPON, {"make": "Taurus", "serial": SERIAL})
        with desk.office.replica() as replica:
            self.record: StatementName = next(one.name for one in replica.records() if one.name.iss == desk.agency)
        self.thread = self.browser.get("/inbox/list.json").get_json()[0]["thread"]
        self._ask()

    def _ask(self) -> None:
        asked = Inquiries(self.desk.parts.engine, clock=self.desk.parts.clock)
        asked.add(
            New(
                once=bytes(16),
                person=self.person.id,
                officer=WHO,
                purpose="TRACE",
                why="case 12",
                kind=Asked.WEAPON,
                watch=False,
                asked=[{}],
                questions=1,
            )
        )
        asked.decide(asked.get(1))
        asked.begin(1)
        found: JsonValue = [{"record": str(self.record), "index": 1, "class": "T0", "certainty": "hit"}]
        asked.tell(1, [{"what": "a pistol", "question": "", "found": found, "more": False, "note": ""}], left=3)

    def path(self, route: Route, form: str) -> str:
        """Return a path of a route at which there is something."""
        known = {"iss": self.record.iss, "jti": str(self.record).partition("/")[2], "thread": self.thread, "form": form}
        number = {"find.table": self.search, "traces.described_table": self.weapon}.get(route.endpoint, 1)
        number = self.weapon if route.endpoint.startswith("traces.described") else number
        values = {name: known.get(name, number) for name in route.arguments}
        return self.desk.app.url_map.bind("localhost").build(route.endpoint, values)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    """Give a desk with records, a conversation, an import with a bad row, an inquiry, a search and a weapon."""
    walk = found_talking(tmp_path_factory.mktemp("leaving"))
    pair = pair_of(walk)
    yield Full(pair.owner)
    pair.close()
    walk.close()


def reading(desk: Desk) -> list[Route]:
    """Return every route that is read, but those of the desk's own files."""
    routes = desk.app.url_map.iter_rules()
    return [one for one in routes if "GET" in (one.methods or ()) and one.endpoint != "static"]


def is_file(answer: TestResponse) -> bool:
    """Say whether an answer is something to take along: no page, and no picture on one."""
    shown = answer.mimetype in ("text/html", "image/svg+xml")
    return answer.status_code == 200 and ("Content-Disposition" in answer.headers or not shown)


def marks(answer: TestResponse) -> list[list[str]]:
    """Return what each row of a table says of its copy."""
    if answer.mimetype == "application/json":
        value = answer.get_json()
        rows = value if isinstance(value, list) else [one["export"] for one in value["records"]]
        return [[row[name] for name in MARK_COLUMNS] for row in rows]
    table = csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline=""))
    return [[row[COPY]] if COPY in row else [row[name] for name in MARK_COLUMNS] for row in table]


def copies(full: Full) -> list[str]:
    """Return the names of the copies that the record of use knows of, the newest first."""
    found = full.desk.parts.use.entries(limit=1_000)
    origin = full.desk.agency
    return [f"{origin}/use/{one.number}" for one in found if one.entry.did == "exported" and one.entry.who == WHO]


def test_every_file_that_a_route_sends_says_whose_copy_it_is(full: Full) -> None:
    """In its name always, and in every row or in its text; the record of use has the entry that it names."""
    files = 0
    for route in reading(full.desk):
        for form in ("json", "csv") if "form" in route.arguments else ("",):
            answer = full.browser.get(full.path(route, form))
            if not is_file(answer):
                assert not form, (route.rule, answer.status_code)
                continue
            files += 1
            copy, *_ = copies(full)
            number = copy.rpartition("/")[2]
            assert f"-copy-{number}." in answer.headers["Content-Disposition"], route.rule
            if answer.mimetype in ("application/json", "text/csv"):
                assert bool(marks(answer)) == (route.endpoint not in EMPTY), route.rule
                assert all(copy in row[0] and WHO in " ".join(row) for row in marks(answer)), route.rule
            else:
                assert copy in answer.get_data(as_text=True), route.rule

    assert files > 25


def test_a_route_that_forgets_the_mark_sends_nothing() -> None:
    """Whatever is no page and was not made by the one place that marks is refused on its way out, whoever wrote it."""
    forgot = (
        Response("a,b\r\n", content_type="text/csv"),
        Response("[]", content_type="application/json"),
        Response("<p>", headers={"Content-Disposition": "attachment"}),
        Response("<svg/>", content_type="image/svg+xml", headers={"Content-Disposition": "attachment"}),
        Response("plain", content_type="text/plain"),
    )
    for answer in forgot:
        with pytest.raises(TypeError, match="recipient's mark"):
            require_mark(answer)


@pytest.mark.parametrize(
    "answer",
    [
        Response("<p>"),
        Response("<svg/>", content_type="image/svg+xml"),
        Response("{}", status=403, content_type="application/json"),
        Copy("a", content_type="text/csv"),
    ],
)
def test_a_page_its_picture_and_a_refusal_need_no_mark(answer: Response) -> None:
    """What a browser shows as the desk, and what says that nothing is given, goes out as it is."""
    require_mark(answer)


def test_the_guard_stands_before_every_answer(full: Full) -> None:
    """A table that a page made by itself is an error of the desk, with nothing of the table in it."""
    app: Flask = full.desk.app
    forgotten = app.view_functions["people.listed"]
    app.view_functions["people.listed"] = lambda **_form: Response("A. Abiola", content_type="text/csv")
    try:
        answer = full.browser.get("/people.csv")
    finally:
        app.view_functions["people.listed"] = forgotten

    assert answer.status_code == 500
    assert "Abiola" not in answer.get_data(as_text=True)


def test_the_rows_to_correct_come_back_with_their_mark(full: Full) -> None:
    """The column of the copy is no column of the list: it is neither shown to be mapped nor asked about."""
    raw = full.browser.get("/imports/1/rejected.csv").get_data()
    mended = raw.replace(b"yesterday", b"2026-02-03").replace(b"'=SUM(1)", b"ABE 573529")
    assert COPY.encode() in mended
    to_checked(full.desk, full.browser, mended)
    page = full.browser.text("/imports/2")

    assert "sealtrace" not in page.partition("What each column is")[2].partition("</table>")[0]

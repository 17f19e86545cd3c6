"""/use: the record of use for the agency's auditor, and for nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.desk.people.person import Role
from clients.desk.use.entries import of_many
from clients.errors import TrustError
from tests.support.desks import Desk, mandate
from tests.support.loopback import found_consortium


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Give a desk with an auditor and an analyst."""
    walk = found_consortium(tmp_path, "xar-arms", "xbe-cib")
    found = Desk(walk, "xar-arms")
    found.add("Aud", mandate(Role.AUDITOR))
    found.add("Ana", mandate(Role.ANALYST))
    yield found
    found.close()
    walk.close()


def test_the_auditor_sees_who_did_what(desk: Desk) -> None:
    """The newest first, as text; looking is in the record, too."""
    desk.parts.use.note("<b>Ana</b>", "opened", "xar-arms/5tQxAAAAAAAAAAAAAAAA9w")
    shown = desk.browser("Aud").text("/use")

    assert "&lt;b&gt;Ana&lt;/b&gt;" in shown
    assert shown.index("looked at the record of use") < shown.index("opened")
    assert "2 entries" in shown


def test_older_entries_are_a_page_further(desk: Desk) -> None:
    """A hundred a page, none twice and none left out."""
    for number in range(150):
        desk.parts.use.note("Ana", "opened", f"record-{number:03}")
    browser = desk.browser("Aud")
    newest, older = browser.text("/use"), browser.text("/use?before=52")

    assert "record-149" in newest
    assert "record-000" not in newest
    assert "/use?before=" in newest
    assert "record-051" in older
    assert "record-052" not in older


def test_the_names_of_many_records_are_few_on_the_page_and_all_in_the_file(desk: Desk) -> None:
    """A trace of fifty records is one line that can be read: what it was, the first three, how many more; the file has all."""
    names = [f"xar-arms/{number:022}" for number in range(50)]
    desk.parts.use.note("Ana", "opened", *of_many("trace of 50 records", names))
    browser = desk.browser("Aud")
    page, table = browser.text("/use"), browser.text("/use.csv")

    assert "trace of 50 records" in page
    assert all(name in page for name in names[:3])
    assert not any(name in page for name in (*names[3:40], *names[43:]))
    assert "and 37 more, in the file" in page
    assert "and 7 more, in the file" in page
    assert all(name in table for name in names)


def test_the_whole_record_is_given_as_json_and_csv(desk: Desk) -> None:
    """With numbers and times; taking it is noted under a number of its own."""
    desk.parts.use.note("Ana", "opened", "=x")
    browser = desk.browser("Aud")
    rows = browser.get("/use.json").get_json()
    table = browser.get("/use.csv").get_data(as_text=True)

    assert [(one["number"], one["who"], one["of"]) for one in rows] == [(0, "Ana", "=x")]
    assert "'=x" in table
    assert "the record of use as json" in table


@pytest.mark.parametrize("path", ["/use", "/use.json", "/use.csv"])
def test_nobody_else_sees_it(desk: Desk, path: str) -> None:
    """An analyst's day is not their colleagues' business."""
    assert desk.browser("Ana").get(path).status_code == 403


def test_a_desk_whose_database_was_put_back_does_not_start(desk: Desk) -> None:
    """It says so instead of serving pages that nobody would ever know of."""
    desk.parts.use.note("Ana", "opened", "before")
    desk.close()
    before = desk.office.home.desk.read_bytes()
    later = Desk(desk.walk, "xar-arms")
    later.parts.use.note("Ana", "exported", "everything")
    later.close()
    desk.office.home.desk.write_bytes(before)
    with pytest.raises(TrustError, match="does not begin with the 2"):
        Desk(desk.walk, "xar-arms")

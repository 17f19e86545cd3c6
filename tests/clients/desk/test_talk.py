"""The conversation between two desks over the real service, as officers' browsers send it, without a script."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from clients.views import view_record
from ledger.identifiers import statement_name
from ledger.labels import Purpose
from tests.support.desktalks import (
    ASKER,
    ASKS,
    CASE_NUMBER,
    OWNER,
    Pair,
    hidden,
    look,
    officer,
    pair_of,
    press,
    request_case,
    submit_one,
    unsent,
)
from tests.support.loopback import PHRASE, Walk, found_consortium


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give two agencies and a record of one of them; closed, to be copied."""
    found = found_consortium(tmp_path_factory.mktemp("told"), OWNER, ASKER)
    submit_one(found)
    found.close()
    return found


@pytest.fixture
def pair(told: Walk, tmp_path: Path) -> Iterator[Pair]:
    """Give both desks."""
    copied = told.copy_to(tmp_path / "walk")
    found = pair_of(copied)
    yield found
    found.close()
    copied.close()


def test_the_whole_conversation_between_two_desks(pair: Pair) -> None:
    """Request, acknowledge, two officers, release, opened, recall: each step is seen on the other side's page."""
    analyst = pair.asker.add("Oto", ASKS)
    oto = pair.asker.browser(analyst)
    request = request_case(pair, oto, onward="COURT")
    first = pair.owner.browser(officer(pair.owner, "A. Abiola"))
    second = pair.owner.browser(officer(pair.owner, "B. Berg"))
    inbox = first.text("/inbox")
    assert "acknowledge" in inbox
    page = first.text(f"/inbox/messages/{request}")
    for word in (
        "an inquiry into a shooting",
        "urgent: 8 hours",
        "a court",
        "What the law of xbe-cib may make of an answer",
    ):
        assert word in page
    assert page.index("an inquiry into a shooting") < page.index("Refuse, delay or restrict")

    answer = press(
        first, f"/inbox/messages/{request}", f"/inbox/messages/{request}/decide", say="acknowledge", reference="K-17"
    )
    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert "for the full minute" in first.text("/inbox")
    pair.pass_on()
    thread = answer.location
    assert "K-17" in oto.text(thread)

    assert f"/inbox/release/for/{request}" in first.text(f"/inbox/messages/{request}")
    shown = look(first, request)
    for word in ("cannot be taken back", "downgrade", "shows its label", "Two officers must agree"):
        assert word in shown
    assert CASE_NUMBER not in shown
    proposed = first.send(
        "/inbox/release/propose", {**hidden(shown, "/inbox/release/propose"), "passphrase": PHRASE.decode()}
    )
    assert proposed.status_code == HTTPStatus.SEE_OTHER, proposed.get_data(as_text=True)
    assert unsent(pair.owner) == []
    assert "release to xbe-cib" in second.text("/inbox")
    assert "downgrade" in second.text(proposed.location)
    approved = press(second, proposed.location, f"{proposed.location}/approve", passphrase=PHRASE.decode())
    assert approved.status_code == HTTPStatus.SEE_OTHER, approved.get_data(as_text=True)
    assert unsent(pair.owner) == ["disclosure_decision", "release"]
    pair.pass_on()

    viewer = pair.asker.office.viewer(analyst, Purpose.TRACE)
    with pair.asker.office.replica() as replica:
        stored = replica.find(statement_name(pair.record))
        assert stored is not None
        assert view_record(stored, viewer).fields["case.case_number"] == CASE_NUMBER
    assert CASE_NUMBER in oto.text(f"/records/{pair.record}")
    pair.pass_on()
    assert "opened by a person" in first.text(thread)
    release = pair.last(pair.owner, "release")
    answer = press(
        first, f"/inbox/messages/{release}", f"/inbox/messages/{release}/decide", say="recall", why="error", reason="no"
    )
    assert answer.status_code == HTTPStatus.SEE_OTHER
    pair.pass_on()
    with pair.asker.office.replica() as replica:
        stored = replica.find(statement_name(pair.record))
        assert stored is not None
        assert "case.case_number" not in view_record(stored, viewer).fields
    assert "recalled: no longer shown" in oto.text(thread)

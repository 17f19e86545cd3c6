"""A record that was released: what its page shows on either side, and that its originator hears when it is opened."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desktalks import (
    ASKER,
    ASKS,
    CASE_NUMBER,
    OWNER,
    RELEASES,
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
from tests.support.loopback import PHRASE, found_consortium


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Give two desks, one of which has a record."""
    walk = found_consortium(tmp_path, OWNER, ASKER)
    submit_one(walk)
    found = pair_of(walk)
    yield found
    found.close()
    walk.close()


def release(pair: Pair, request: str) -> None:
    """Let two officers of the owner release what was asked for."""
    first, second = (pair.owner.browser(officer(pair.owner, name)) for name in ("A. Abiola", "B. Berg"))
    shown = look(first, request)
    proposed = first.send(
        "/inbox/release/propose", {**hidden(shown, "/inbox/release/propose"), "passphrase": PHRASE.decode()}
    )
    press(second, proposed.location, f"{proposed.location}/approve", passphrase=PHRASE.decode())
    pair.pass_on()


def test_opening_what_was_released_is_shown_to_its_originator(pair: Pair) -> None:
    """Withheld with a way to ask; then shown with the release it came by; then the owner's page says when it was opened."""
    asker, page = pair.asker.browser(pair.asker.add("Oto", ASKS)), f"/records/{pair.record}"
    owner = pair.owner.browser(pair.owner.add("Rhea", RELEASES))
    before = asker.text(page)
    assert CASE_NUMBER not in before
    assert "/inbox/request?record=" in before
    release(pair, request_case(pair, asker))
    assert "released to xbe-cib" in owner.text(page)
    assert "not opened yet" in owner.text(page)

    cleared = pair.asker.browser(pair.asker.add("Rosa", RELEASES))
    for _ in range(2):
        shown = cleared.text(page)
    assert CASE_NUMBER in shown
    assert "released to you by xar-arms" in shown
    assert unsent(pair.asker).count("opened") == 1
    pair.pass_on()

    assert "opened there" in owner.text(page)
    assert "not opened yet" not in owner.text(page)

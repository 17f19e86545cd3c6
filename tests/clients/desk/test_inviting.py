"""Links made on the machine, beside a desk that runs or not."""

import pytest

from clients.desk.inviting import MACHINE, open_door
from clients.desk.people.errors import PeopleError
from clients.desk.people.person import Role
from tests.support.commands import command
from tests.support.desks import Desk, mandate


def test_a_link_from_the_machine_opens_and_is_on_record(desk: Desk) -> None:
    """Who holds the home and its passphrase lets somebody in; the record of use says so, and that it was no administrator."""
    done = command(desk.walk, "desk", "invite", "Ana", "--role", "analyst", "--json", home="xar-arms")
    link = done.json["link"]
    answer = desk.browser().get(link.removeprefix(desk.place.origin))
    entries = [one.entry for one in desk.parts.use.entries(limit=10)]  # type: ignore[attr-defined]  # the real record has them

    assert (done.code, answer.status_code) == (0, 200)
    assert [(one.who, one.did) for one in entries] == [(MACHINE, "made a link")]
    assert entries[0].of.startswith("Ana: ")
    assert link.rpartition("/")[2] not in repr(entries)


def test_a_new_way_in_is_for_who_works_here(desk: Desk) -> None:
    """`--again` is for a person of the desk; for a stranger it is refused and changes nothing."""
    desk.add("Ana", mandate(Role.ANALYST))
    keyring, clock = desk.walk.keyring("xar-arms"), desk.walk.clock
    with open_door(desk.office.home, keyring, place=desk.place, clock=clock, tell=lambda _what: None) as door:
        link = door.again("Ana")
        with pytest.raises(PeopleError, match="nobody of that name"):
            door.again("Oto")

    assert desk.browser().get(link.removeprefix(desk.place.origin)).status_code == 200


@pytest.mark.parametrize(
    "words", [("--role", "king"), (), ("--again",), ("--role", "analyst", "--url", "http://desk.example")]
)
def test_what_makes_no_sense_is_refused(desk: Desk, words: tuple[str, ...]) -> None:
    """No role, a role that there is not, nobody to let in again, an address that no desk has: no link."""
    done = command(desk.walk, "desk", "invite", "Oto", *words, home="xar-arms")

    assert done.code != 0
    assert "welcome" not in done.output

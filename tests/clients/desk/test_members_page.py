"""The page of the members: who they are under the charter in force, to whoever is signed in."""

import html

import pytest

from clients.desk.people.person import Role
from clients.trust import Trust
from ledger import fingerprints
from tests.support.desks import Desk, mandate


@pytest.mark.parametrize("role", Role)
def test_the_members_are_shown_to_every_role(kept_desk: Desk, role: Role) -> None:
    """Id, name, ceiling and contact of each agency, to a person without clearance too: no record is on the page."""
    text = html.unescape(
        kept_desk.browser(kept_desk.add(f"M {role.value}", mandate(role, clearance=None))).text("/members")
    )

    for agency in kept_desk.office.charter().agencies:
        shown = (
            agency.id,
            agency.name,
            agency.country,
            agency.ceiling.value,
            agency.contact.name,
            agency.contact.hours,
        )
        assert all(f">{one}<" in text for one in shown), agency.id
    assert "no record is shown here" in text


def test_the_words_are_those_of_the_charter_in_force(kept_desk: Desk) -> None:
    """Whoever compares them by telephone compares the file that this home verified last, and the one it pinned."""
    trust = Trust(kept_desk.office.home.trusted)
    text = kept_desk.browser(kept_desk.add("Words")).text("/members")

    assert f"version {len(trust.charter_files())}, " in text
    for digest in (fingerprints.of_file(trust.charter_files()[-1]), trust.anchor()):
        assert fingerprints.to_words(digest) in text


def test_the_members_are_there_for_machines(kept_desk: Desk) -> None:
    """As JSON and CSV, with the codes of the charter."""
    browser = kept_desk.browser(kept_desk.add("Machine"))
    rows = browser.get("/members.json").get_json()

    assert [(row["id"], row["roles"], row["ceiling"]) for row in rows] == [
        (one.id, list(one.roles), one.ceiling.value) for one in kept_desk.office.charter().agencies
    ]
    assert browser.text("/members.csv").startswith("\ufeffid,name,country")


@pytest.mark.parametrize(("language", "said"), [("fr", "anglais"), ("ar", "الإنجليزية")])
def test_a_contacts_languages_are_named_in_the_readers(kept_desk: Desk, language: str, said: str) -> None:
    """Whom one can call in which language is told in words, not by codes."""
    person = kept_desk.add(f"L {language}")
    kept_desk.parts.people.accounts.set_language(person.id, language)

    assert said in kept_desk.browser(person).text("/members")

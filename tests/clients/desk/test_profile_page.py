"""The profile page: who reads what we submit, and what of it will not do what it seems to say."""

from clients.desk.people.person import Role
from clients.session import load_profile
from ledger.profiletoml import to_toml
from tests.support.desks import Desk, mandate


def test_the_default_profile_is_shown_with_its_readers(desk: Desk) -> None:
    """Classes, levels, audiences, hit policy, ceilings: to whoever is signed in, whatever their role."""
    page = desk.browser(desk.add("A", mandate(Role.AUDITOR, clearance=None))).text("/profile")

    assert "every agency starts with" in page
    assert "2 audiences, no findings" in page
    assert "xbe-cib</span>, <span" in page
    assert "learns nothing; we are told" in page
    assert "at most CONFIDENTIAL; above it two must agree" in page


def test_what_will_not_work_is_said(desk: Desk) -> None:
    """A partner whose ceiling is lower than the label cannot read what the label shows it: said above everything."""
    home = desk.office.home
    text = to_toml(load_profile(home, desk.office.charter()))
    home.profile.write_text(text.replace('"*" = "RESTRICTED"', '"*" = "UNCLASSIFIED"'), encoding="utf-8")
    page = desk.browser(desk.add("A")).text("/profile")

    assert "names xbe-cib, which cannot read it" in page
    assert "every agency starts with" not in page


def test_the_classes_are_there_for_machines(desk: Desk) -> None:
    """As JSON and CSV, with the same readers."""
    browser = desk.browser(desk.add("A"))
    rows = browser.get("/profile.json").get_json()

    assert [(row["class"], row["portion"]) for row in rows[:3]] == [
        (("general"), one) for one in ("item", "event", "case")
    ]
    assert rows[0]["readers"] == ["xar-arms", "xbe-cib", "xco-npa"]
    assert browser.text("/profile.csv").startswith("\ufeffclass,events")

"""Imports through the desk's pages: what an officer's browser sends, step by step, and the worker's turns between."""

import io
import re
from html import unescape

from werkzeug.test import TestResponse

from clients.desk.importing import bench_of, take_turn
from clients.desk.people.person import Role
from clients.intake.store import Import, Imports
from clients.officers import create_officer
from clients.session import load_profile
from ledger.labels import Level
from ledger.profiles import Profile
from ledger.profiletoml import profile_from_toml, to_toml
from tests.support.desks import Browser, Desk, mandate
from tests.support.imports import CSV
from tests.support.loopback import PHRASE, WEAK

ENTERS = mandate(Role.SUBMITTER, clearance=Level.SECRET)
COLUMNS = {
    "column-0": "item.make",
    "column-1": "item.serials",
    "column-2": "event.date",
    "column-3": "case.circumstances",
}
FIXED = {"event": "recovery", "item": "small_arm", "dates": "YYYY-MM-DD"}
EVENT = {
    "item.kind": "small_arm",
    "item.make": "Taurus",
    "item.model": "PT 92",
    "unknown-item.calibre": "on",
    "serial": ["ABE 573528"],
    "serial-location": ["frame"],
    "serial-kind": [""],
    "serial-condition": ["legible"],
    "item.country_of_manufacture": "BRA",
    "event.kind": "recovery",
    "event.date": "2026-03-14",
    "record_class": "general",
}

_HIDDEN = re.compile(r'name="(token|revision|once)" value="([^"]*)"')


def imports_of(desk: Desk) -> Imports:
    """Return the imports of a desk."""
    return Imports(desk.parts.engine, clock=desk.parts.clock)


def newest(desk: Desk) -> Import:
    """Return the import that was begun last."""
    return imports_of(desk).listed()[0]


def work(desk: Desk) -> None:
    """Let the worker take one turn."""
    take_turn(bench_of(desk.parts.engine, desk.office, desk.parts.clock))


def hidden(page: str) -> dict[str, str]:
    """Return what the forms of a page carry unseen."""
    return {name: unescape(value) for name, value in _HIDDEN.findall(page)}


def upload(browser: Browser, raw: bytes = CSV, *, name: str = "seizures.csv") -> TestResponse:
    """Upload a list."""
    fields = hidden(browser.text("/imports"))
    return browser.send("/imports", {**fields, "file": (io.BytesIO(raw), name)})


def press(browser: Browser, page: str, path: str, **fields: object) -> TestResponse:
    """Open a page and send one of its forms."""
    return browser.send(path, {**hidden(browser.text(page)), **fields})


def to_columns(desk: Desk, browser: Browser, raw: bytes = CSV) -> Import:
    """Upload a list and let it be read."""
    assert upload(browser, raw).status_code == 303
    work(desk)
    return newest(desk)


def to_checked(desk: Desk, browser: Browser, raw: bytes = CSV) -> Import:
    """Upload a list, confirm its columns, and let it be checked."""
    one = to_columns(desk, browser, raw)
    answer = press(browser, f"/imports/{one.number}", f"/imports/{one.number}/columns", **COLUMNS, **FIXED)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    work(desk)
    return newest(desk)


def share_secrets(desk: Desk) -> Profile:
    """Have the profile seal everything to the partners as SECRET, which takes two officers."""
    home = desk.office.home
    text = to_toml(load_profile(home, desk.office.charter())).replace('"RESTRICTED"', '"SECRET"')
    home.profile.write_text(text, encoding="utf-8")
    return profile_from_toml(text)


def enrol(desk: Desk, *names: str) -> None:
    """Give people of a desk keys of their own as officers."""
    for name in names:
        create_officer(desk.office.home, name, passphrase=PHRASE, cost=WEAK)

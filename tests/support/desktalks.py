"""Conversations through the desks of two agencies: what their officers' browsers send, and the rounds of the workers between."""

import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from clients.desk import ticks
from clients.desk.people.person import Person, Role
from clients.desk.talking import waiting_letters
from clients.officers import create_officer
from ledger.labels import Level
from tests.support.commands import command
from tests.support.desks import Browser, Desk, mandate
from tests.support.lists import submit_rows
from tests.support.loopback import PHRASE, WEAK, Walk, found_consortium

OWNER, ASKER = "xar-arms", "xbe-cib"
CASE_NUMBER = "CANARYCASE5512"
SERIAL = "CANARYSERIAL73"
MAP = """
[[record]]
event = "recovery"
[record.fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
"item.type" = { value = "PI" }
"item.calibre" = { value = "9x19" }
"item.country_of_manufacture" = { value = "BRA" }
"item.serials" = { column = "serial" }
"case.case_number" = { column = "case" }
"case.circumstances" = { column = "note" }
"""
ROW = {"make": "Taurus", "serial": SERIAL, "case": CASE_NUMBER, "note": "told by a friend"}
RELEASES = mandate(Role.RELEASING, clearance=Level.SECRET)
UNCLEARED = mandate(Role.RELEASING, Role.ANALYST, clearance=None)
FIRST, SECOND = "A. Abiola", "B. Berg"
SCRIPT = "<script>alert('use')</script> an inquiry into a shooting"
ASKS = mandate(Role.ANALYST, clearance=Level.RESTRICTED)

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')


@dataclass
class Pair:
    """The desks of the agency that holds a record and of the one that asks for it; each on its own address."""

    walk: Walk
    owner: Desk
    asker: Desk

    @property
    def record(self) -> str:
        """Return the name of the one record."""
        with self.asker.office.replica() as replica:
            (stored,) = replica.records()
        return str(stored.name)

    def last(self, desk: Desk, kind: str) -> str:
        """Return the newest message of a kind that a desk knows."""
        found = command(self.walk, "inbox", "--json", home=desk.agency).json["threads"]
        said = [one for thread in found for one in thread["messages"] if one["kind"] == kind]
        return str(max(said, key=lambda one: one["index"])["message"])

    def pass_on(self) -> None:
        """Let the full minute come, and each desk fetch what was sent."""
        for desk in (self.owner, self.asker):
            ticks.send(desk.office)
        for desk in (self.owner, self.asker):
            ticks.sync(desk.office)

    def close(self) -> None:
        """Close both."""
        self.owner.close()
        self.asker.close()


def submit_one(walk: Walk) -> None:
    """Log the owner's record."""
    assert submit_rows(walk.session(OWNER), [ROW], text=MAP).records == 1


def pair_of(walk: Walk) -> Pair:
    """Return both desks, in sync."""
    found = Pair(walk, Desk(walk, OWNER), Desk(walk, ASKER))
    for desk in (found.owner, found.asker):
        ticks.sync(desk.office)
    return found


def found_talking(folder: Path) -> Walk:
    """Return two agencies where one asked for the case of the other's record, with officers at both; closed, to be copied."""
    walk = found_consortium(folder, OWNER, ASKER)
    submit_one(walk)
    pair = pair_of(walk)
    for name in (FIRST, SECOND):
        officer(pair.owner, name)
    pair.owner.add("Uma", UNCLEARED)
    pair.asker.add("Oto", ASKS)
    pair.asker.add("Rhea", RELEASES)
    request_case(pair, pair.asker.browser("Oto"), use=SCRIPT)
    pair.close()
    walk.close()
    return walk


def officer(desk: Desk, name: str) -> Person:
    """Return a releasing officer with a key of their own."""
    create_officer(desk.office.home, name, passphrase=PHRASE, cost=WEAK)
    return desk.add(name, RELEASES)


def hidden(page: str, action: str) -> dict[str, Any]:
    """Return what the form of a page with this action carries unseen."""
    found = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert found, (action, page)
    values: dict[str, Any] = {}
    for name, value in _HIDDEN.findall(found[1]):
        values.setdefault(name, []).append(unescape(value))
    return values


def press(browser: Browser, page: str, action: str, **fields: object) -> TestResponse:
    """Open a page and send the form of it with this action."""
    return browser.send(action, {**hidden(browser.text(page), action), **fields})


def request_case(pair: Pair, browser: Browser, **fields: object) -> str:
    """Let an asker ask for the case of the record, and the owner's desk read it; return the request's name."""
    said = {"kind": "disclosure", "portion": "case", "use": "an inquiry into a shooting", "urgent": "on", **fields}
    answer = press(browser, f"/inbox/request?record={pair.record}", "/inbox/request", **said)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    pair.pass_on()
    return pair.last(pair.owner, "disclosure_request")


def look(browser: Browser, request: str, **fields: object) -> str:
    """Choose what is asked for, and return the page that says what releasing it would do."""
    chosen = {"portion": "case", "level": "RESTRICTED", **fields}
    answer = press(browser, f"/inbox/release/for/{request}", "/inbox/release/look", **chosen)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


def unsent(desk: Desk) -> list[str]:
    """Return the kinds of what waits in a desk's outbox."""
    return [one.kind for one in waiting_letters(desk.office)]

"""Three agencies around the real service over HTTP, all that they write, and what may be found of it at the service."""

import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crypto.keystore import Keystore
from ledger import calibres, makes
from ledger.tokens import inputs_of
from tests.support.canaries import Search, encodings, places_of
from tests.support.commands import Result, command
from tests.support.loopback import ORIGIN, PHRASE
from tests.support.served import Served

OWNER, ASKER, THIRD, NEWCOMER, AUDITOR = "xar-arms", "xbe-cib", "xco-npa", "xdu-moi", "xau-dit"
AGENCIES = (OWNER, ASKER, THIRD)
MAP = """
[format]
dates = ["YYYY-MM-DD"]
[fields]
"item.kind" = { value = "small_arm" }
"item.type" = { value = "PI" }
"item.country_of_manufacture" = { value = "BRA" }
"item.make" = { column = "make" }
"item.serials" = { column = "serial" }
"item.calibre" = { column = "calibre" }
"item.model" = { column = "model" }
"item.unit_mark" = { column = "unit" }
"item.defects" = { column = "defects" }
"item.description" = { column = "description" }
"event.date" = { column = "date" }
"event.place" = { column = "place" }
"case.case_number" = { column = "case" }
"case.offence" = { column = "offence" }
"case.actor" = { column = "actor" }
"case.circumstances" = { column = "circumstances" }
"case.persons" = { value = [{ name = "QZK Grbavica", role = "witness", text = "QZK saw it happen" }] }
"case.source" = { column = "source" }
"case.officer" = { column = "officer" }
"case.place" = { column = "address" }
"case.alias" = { column = "alias" }
[[record]]
event = { column = "event" }
when = [{ column = "covert", present = false }]
[[record]]
event = { column = "event" }
when = [{ column = "covert", present = true }]
compartments = ["CT"]
"""
# What is written about every weapon; number, case and event are each weapon's own. One beginning for all that is
# planted lets one search go through gigabytes: its automaton leaves its first state only there.
ROW = {
    "make": "Forjas Taurus",
    "calibre": "9x19",
    "model": "QZK model 77",
    "unit": "QZK unit mark 12",
    "defects": "QZK cracked left grip",
    "description": "QZK description, engraved",
    "date": "2024-01-02",
    "place": "QZK market of Grbavica",
    "offence": "QZK robbery of a depot",
    "actor": "QZK brigade",
    "circumstances": "QZK found under the floor, под старым ящиком",
    "source": "QZK source Osprey",
    "officer": "QZK inspector Zubrowka",
    "address": "QZK 17 Mill Lane",
    "alias": "QZK the Weasel",
    "covert": "",
}
STOLEN, COVERT, LATE, NOBODY, OLD = "QZK5W573528", "QZK4W884417", "QZK3W110294", "QZK2W990022", "QZK6W335571"
SERIALS = (STOLEN, COVERT, LATE, NOBODY, OLD)
UNLISTED = "QZK works of Grbavica"
FIRST, SECOND = "QZK Abiola", "QZK Berglund"
SAID = {
    "purpose": "QZK purpose of asking",
    "use": "QZK inquiry into a shooting",
    "found": "QZK under a seat",
    "reference": "QZK-K-17/2031",
    "question": "QZK which box was it in",
    "reply": "QZK the green one, в подвале",
    "contact": "QZK desk of Mrs Grbavica",
    "note": "QZK try the port first",
    "reason": "QZK the trial is not over",
    "custodian": "QZK depot of the second army",
    "recalled": "QZK wrong person",
}


def words() -> set[str]:
    """Return every word that no byte of the operator's may hold."""
    written = {value for value in (*ROW.values(), *SAID.values()) if value.startswith("QZK")}
    persons = {"QZK Grbavica", "QZK saw it happen", FIRST, SECOND}
    numbers = {word for serial in SERIALS for word in (serial, case_of(serial), *_forms(serial))}
    return {*written, *persons, *numbers, ROW["make"], UNLISTED}


def case_of(serial: str) -> str:
    """Return the case number of a weapon."""
    return f"QZK-CASE-{serial[-6:]}"


def _forms(serial: str) -> set[str]:
    """Return what the tokens of a number are made from."""
    weapon = {"item.kind": "small_arm", "item.make_text": ROW["make"], "item.type": "PI", "item.calibre": "9x19"}
    marks = {"item.serials": [{"as_marked": serial, "condition": "legible"}]}
    rows = inputs_of(weapon | marks, makes=makes.BUILT_IN, calibres=calibres.BUILT_IN)
    return {form.form for row in rows for form in row if form is not None}


@dataclass
class Scene:
    """The service in its process and the agencies around it; what the story remembers, and what was found on the way."""

    served: Served
    search: Search
    names: dict[str, str] = field(default_factory=dict)
    searched: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, list[str]] = field(default_factory=dict)

    def run(self, agency: str, *arguments: str, code: int = 0) -> Result:
        """Run a command that must end with `code`."""
        result = command(self.served, *arguments, home=agency)
        if result.code != code:
            raise AssertionError((arguments, result.code, result.output, result.notes))
        return result

    def ask(self, agency: str, *arguments: str) -> Any:
        """Run a command and return its JSON."""
        return self.run(agency, *arguments, "--json").json

    def sync(self, *agencies: str) -> None:
        """Sync homes, one after the other."""
        for agency in agencies:
            self.run(agency, "sync")

    def submit(self, agency: str, *rows: Mapping[str, str]) -> None:
        """Submit rows that are like all others but for what they say."""
        path, used = self.served.folder / f"{agency}.csv", self.served.folder / "map.toml"
        used.write_text(MAP, encoding="utf-8")
        columns = [*ROW, "event", "serial", "case"]
        full = [{**ROW, "case": case_of(row["serial"]), **row} for row in rows]
        lines = [";".join(columns), *(";".join(row[name] for name in columns) for row in full)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.run(agency, "submit", str(path), "--map", str(used))

    def match(self, *arguments: str) -> list[tuple[str, str]]:
        """Ask, and return certainty and class of all that was found."""
        told = self.ask(ASKER, "match", *arguments, "--purpose", SAID["purpose"])
        return [(one["certainty"], one["class"]) for weapon in told["asked"] for one in weapon["found"]]

    def last(self, agency: str, kind: str) -> Any:
        """Return the newest message of a kind that an agency knows."""
        threads = self.ask(agency, "inbox")["threads"]
        found = [one for thread in threads for one in thread["messages"] if one["kind"] == kind]
        return max(found, key=lambda one: one["index"])

    def record(self, reader: str, serial: str, *, of: str) -> str:
        """Return the name of one agency's record of a weapon, as a reader's home lists it."""
        listed = self.ask(reader, "list")["records"]
        (found,) = [one["record"] for one in listed if one["serial"] == serial and one["record"].startswith(of)]
        return str(found)

    def proposal(self) -> str:
        """Return where officers leave what they propose."""
        return str(self.served.folder / "proposal.json")

    def look(self) -> list[str]:
        """Return what of all that was planted is anywhere at the service."""
        places = places_of(self.served, origin=ORIGIN.encode(), known=self.known())
        return [leak for place in places for leak in self.search.leaks(place)]

    def known(self) -> frozenset[bytes]:
        """Return what the service's files hold by right: members, the log, and a record's name within its base64."""
        known = {OWNER.encode(), ASKER.encode(), ORIGIN.encode()}
        if STOLEN in self.names:
            jti = self.names[STOLEN].partition("/")[2].encode()
            entries = [bytes(row[0]) for row in self.rows("SELECT entry FROM entries")]
            within = {one for one in encodings(jti) if any(one in entry for entry in entries)}
            if not within:
                raise AssertionError("the log does not hold the record that is to be found in it")
            known |= within
        return frozenset(known)

    def plant_secrets(self) -> None:
        """Search for every seed and key that a member holds: working keys, roots, epoch keys, the matching key."""
        for home in self.served.homes.values():
            for path in (home.keystore, home.root_keystore):
                if path.exists():
                    held = Keystore.open(path, passphrase=PHRASE, allow_weak=True).secrets.values()
                    self.search.plant_secrets({f"{home.path.name} {one.name}": one.value for one in held})

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return rows of the service's own database."""
        uri = f"file:{self.served.config.database}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            return connection.execute(query).fetchall()

    def standing(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every table but the time of the last tick: what a refusal must leave as it was."""
        tables = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'tick'")
        return {table: sorted(self.rows(f"SELECT * FROM {table}"), key=repr) for (table,) in tables}  # noqa: S608 - the service's own tables

    def refuse(self, name: str, act: Callable[[], object], error: type[Exception], why: str) -> None:
        """Do what must be refused for this reason; remember which tables it changed all the same."""
        before = self.standing()
        with pytest.raises(error, match=why):
            act()
        after = self.standing()
        self.refused[name] = sorted(table for table in after if before.get(table) != after[table])

    def ticked(self) -> None:
        """Wait until the service has told of every question, by its tick of a second."""
        self.wait(lambda: not self.rows("SELECT 1 FROM outcomes"))

    def wait(self, done: Callable[[], bool]) -> None:
        """Wait for something that comes with a tick."""
        until = time.monotonic() + 20
        while not done():
            if time.monotonic() > until:
                raise AssertionError("what was to come with a tick did not come")
            time.sleep(0.1)

    def folder(self, name: str) -> Path:
        """Return a place beside the agencies' homes."""
        return self.served.folder / name

"""The desk's pages over ten thousand records and a thousand conversations: how long each takes to answer, and how much of it goes to the browser."""

import datetime as dt
import gc
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Figure, at_most, percentile
from clients.replica import SIZE, VERIFIED_AT, StoredPortion, StoredRecord
from crypto.encoding import b64u
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.labels import Label, Level, Purpose
from ledger.messages import Inner
from ledger.talk.answers import Acknowledgement, Question, Response
from ledger.talk.bodies import Body, kind_of
from ledger.talk.parts import Arrived
from tests.support.desks import EVERYTHING, Browser, Desk
from tests.support.loopback import found_consortium
from tests.support.talks import trace

_OWNER, _PARTNER = "xar-arms", "xbe-cib"
_RECORDS, _PART = 10_000, 1_000
_THREADS, _SAID = 1_000, 3
_TIMES = 20
_MOST_MS, _MOST_KB = 200, 250
_PURPOSES = frozenset({Purpose.TRACE, Purpose.CRIM})
_SHARED = Label(level=Level.RESTRICTED, rel=(_OWNER, _PARTNER), purp=_PURPOSES)
_CASE = Label(level=Level.SECRET, rel=(), purp=_PURPOSES)
# Of every hundred weapons one has a life of ten records, so that a trace has something to draw.
_LIFE = 10
_EVENTS = ("manufacture", "export", "receipt", "issue_to_force", "theft", "observation", "recovery")


def measure() -> list[Figure]:
    """Return for every page what 95 of 100 answers do not exceed in milliseconds, and the size of the largest page."""
    with tempfile.TemporaryDirectory(prefix="sealtrace-bench-") as folder, _desk(Path(folder)) as browser:
        paths = _paths(browser)
        taken = {name: [_milliseconds(browser, path) for _ in range(_TIMES)] for name, path in paths.items()}
        sizes = [len(browser.get(path).get_data()) / 1_000 for path in paths.values()]
    figures = [
        at_most(
            what=f"desk: {name} over {_RECORDS:,} records, 95 of 100 answers",
            unit="ms, one core",
            values=[percentile(values, 95)],
            most=_MOST_MS,
        )
        for name, values in taken.items()
    ]
    return [*figures, at_most(what="desk: the largest page", unit="kB", values=[max(sizes)], most=_MOST_KB)]


def _paths(browser: Browser) -> dict[str, str]:
    """Return the pages, and the addresses of searches and weapons that were typed once."""
    record, lived = f"{_OWNER}/{_name(4_321)}", f"{_OWNER}/{_name(100)}"
    search = browser.submit("/find", page="/find", words="taurus rio", add="event=recovery").location
    serial = browser.submit("/find", page="/find", words=f"TKD {4_321:06}").location
    weapon = browser.submit("/traces", page="/traces", make="Taurus", serial=_serial(100)).location
    return {
        "today": "/",
        "find, everything": "/find",
        "find, words and a facet": search,
        "find, a serial": serial,
        "find, a page from the middle": "/find?after=5000",
        "a record": f"/records/{record}",
        "a trace": f"/traces/{lived}",
        "a trace as a picture": f"/traces/{lived}.svg",
        "a weapon that was typed": weapon,
        "ask": "/ask",
        "hits": "/hits",
        "inbox, a thousand conversations": "/inbox",
        "a conversation": f"/inbox/{b64u(_jti(1))}",
        "log": "/log",
        "imports": "/imports",
        "submit": "/submit",
        "profile": "/profile",
        "people": "/people",
        "record of use": "/use",
    }


@contextmanager
def _desk(folder: Path) -> Iterator[Browser]:
    """Give the browser of somebody who may do everything, at a desk whose replica holds generated records."""
    walk = found_consortium(folder, _OWNER, _PARTNER, "xco-npa")
    desk = Desk(walk, _OWNER)
    try:
        with desk.office.replica() as replica:
            for first in range(0, _RECORDS, _PART):
                replica.add(records=[_record(number) for number in range(first, first + _PART)])
            said = [one for number in range(_THREADS) for one in _conversation(number)]
            replica.talk.add_messages(said)
            replica.add(state={f"entry-time/{one.index}": walk.clock() for one in said})
            replica.add(state={SIZE: _RECORDS + len(said), VERIFIED_AT: walk.clock()})
        found = desk.browser(desk.add("Ana", EVERYTHING))
        with desk.office.replica() as replica:
            replica.hearing.threads()
        # As the program does once it is loaded; the service and the other agencies are no part of a desk at all.
        gc.collect()
        gc.freeze()
        yield found
    finally:
        desk.close()
        walk.close()


def _milliseconds(browser: Browser, path: str) -> float:
    """Return what one core takes: on a shared machine the clock on the wall tells of the neighbours."""
    started = time.process_time()
    if browser.get(path).status_code != 200:
        raise AssertionError(f"{path} is not shown")
    return (time.process_time() - started) * 1_000


def _name(number: int) -> str:
    return str(StatementName(_OWNER, _jti(number))).partition("/")[2]


def _jti(number: int) -> bytes:
    return (number + 1).to_bytes(16, "big")


def _serial(number: int) -> str:
    life = number // 100 * 100
    return f"TKD {life if number - life < _LIFE else number:06}"


def _record(number: int) -> StoredRecord:
    year = 2005 + number % _LIFE * 2
    item: dict[str, JsonValue] = {
        "item.kind": "small_arm",
        "item.type": "PI",
        "item.make": ("TAS", "CLT", "GLC")[number // 100 % 3],
        "item.model": "PT 92 AF",
        "item.calibre": "9x19",
        "item.country_of_manufacture": "BRA",
        "item.serials": [{"as_marked": _serial(number), "location": "frame", "condition": "legible"}],
        "item.description": "found under the seat of a car, wrapped in oiled cloth",
    }
    event: dict[str, JsonValue] = {
        "event.kind": _EVENTS[number % len(_EVENTS)],
        "event.date": dt.date(year, 1 + number % 12, 1 + number % 28).isoformat(),
        "event.country": "BRA",
        "event.place": "Rio de Janeiro",
    }
    case: dict[str, JsonValue] = {"case.case_number": f"2026-{number:06}", "case.offence": "smuggling"}
    portions = (("item", item, _SHARED), ("event", event, _SHARED), ("case", case, _CASE))
    return StoredRecord(
        index=number,
        name=StatementName(_OWNER, _jti(number)),
        kid=f"{_OWNER}#4",
        iat=1_790_000_000 + number,
        ep=1,
        sup=None,
        batch=number // _PART,
        seq=1 + number // _PART,
        entry=bytes(2_400),
        portions={name: _portion(name, fields, label) for name, fields, label in portions},
    )


def _portion(name: str, fields: dict[str, JsonValue], label: Label) -> StoredPortion:
    shown = tuple("x" * 90 for _ in fields)
    return StoredPortion(portion=name, level=label.level, label=label.to_json(), fields=fields, disclosures=shown)


def _conversation(number: int) -> Iterator[Arrived]:
    """Yield a request, what was first said to it, and an answer: of every twenty conversations one waits for its asker."""
    first = _RECORDS + number * _SAID
    request = StatementName(_PARTNER, _jti(first))
    answer = Question(asks="which?") if number % 20 == 0 else Response(outcome=0, final=True, reason="not ours")
    bodies: tuple[Body, ...] = (trace(), Acknowledgement(), answer)
    for place, body in enumerate(bodies):
        name, to, re = (
            (StatementName(_OWNER, _jti(first + place)), _PARTNER, request) if place else (request, _OWNER, None)
        )
        inner = Inner(kind=kind_of(body), to=to, thread=_jti(number), re=re, part=1, parts=1, body=body.to_json())
        yield Arrived(index=first + place, name=name, inner=inner)

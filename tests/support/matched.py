"""A consortium that matches: a charter with a token epoch, its key handed out to all, and weapons to ask about."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clients import charters
from clients.keyring import Keyring
from clients.matching.keys import draw_matching_key
from clients.service import Service
from ledger import fingerprints
from ledger.terms import Limits
from server.app import service_of
from tests.support.commands import Result, command
from tests.support.loopback import PHRASE, Walk, found_consortium

AGENCIES = ("xar-arms", "xbe-cib", "xco-npa")
MAP = """
title = "Weapons"
[format]
dates = ["YYYY-MM-DD"]
[[record]]
event = { column = "event" }
[record.fields]
"item.kind" = { value = "small_arm" }
"item.type" = { column = "type" }
"item.make" = { column = "make" }
"item.calibre" = { column = "calibre" }
"item.serials" = { column = "serial" }
"item.description" = { value = "see list" }
"event.date" = { column = "date" }
"""
HEADER = "date;event;type;make;calibre;serial\n"


def found_matching(folder: Path, *, lookups: int = 200) -> Walk:
    """Return an open walk of three agencies, the key of token epoch 1 by the first and held by all."""
    walk = found_consortium(folder, *AGENCIES, auditor="xau-dit")
    start_epoch(walk, ep=1, by=AGENCIES[0], limits=Limits(entries="open", lookups=lookups))
    share_key(walk, by=AGENCIES[0])
    return walk


def start_epoch(walk: Walk, *, ep: int, by: str, removed: Sequence[str] = (), limits: Limits | None = None) -> bytes:
    """Log a charter that starts a token epoch; return its kcid."""
    kcid = draw_matching_key(walk.keyring(by))
    service = charters.parse_service(walk.config.service.read_bytes())
    previous = newest_charter(walk)
    match = charters.MatchTerms(ep=ep, by=by, kcid=kcid)
    terms = charters.Terms(match=match, removed=frozenset(removed), limits=limits)
    file = charters.propose_next(previous, [], terms, service=service)
    for agency in AGENCIES:
        if agency not in removed:
            root = Keyring.open(walk.homes[agency].root_keystore, passphrase=PHRASE, allow_weak=True)
            file = charters.sign(file, root, previous=previous)
    charters.submit(Service(walk.transport), file)
    return kcid


def newest_charter(walk: Walk) -> bytes:
    """Return the file of the charter in force."""
    service = Service(walk.transport)
    return service.charter(max(listed.ver for listed in service.charters().charters))


def share_key(walk: Walk, *, by: str) -> None:
    """Have the key handed out, and everybody take it."""
    for agency in (by, *AGENCIES):
        done = command(walk, "sync", home=agency)
        if done.code:
            raise AssertionError(done.output + done.notes)


def submit(walk: Walk, agency: str, rows: Sequence[str], *options: str, name: str = "list") -> Result:
    """Submit rows of `date;event;type;make;calibre;serial`, and sync."""
    path = walk.folder / f"{name}-{agency}.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    map_path = walk.folder / "weapons.toml"
    map_path.write_text(MAP, encoding="utf-8")
    done = command(walk, "submit", str(path), "--map", str(map_path), *options, home=agency)
    if done.code == 0:
        command(walk, "sync", home=agency)
    return done


def ask(walk: Walk, agency: str, *arguments: str) -> Any:
    """Ask for a purpose and return what was told, as JSON."""
    done = command(walk, "match", *arguments, "--purpose", "case 2026-114", "--json", home=agency)
    if done.code:
        raise AssertionError(done.output + done.notes)
    return done.json


def tick(walk: Walk, *, minutes: int = 10) -> None:
    """Let the clock pass, and the service make its tick."""
    walk.clock.now += minutes * 60
    service_of(walk.app).tick()


def profile(walk: Walk, agency: str, **policies: str) -> None:
    """Give an agency a profile whose general class has these hit policies, for all other kinds of event off."""
    shown = command(walk, "profile", "show", "--json", home=agency)
    text = str(json.loads(shown.output)["profile"])
    for kind, policy in policies.items():
        text = text.replace(f'{kind} = "open"', f'{kind} = "{policy}"')
    (walk.homes[agency].path / "profile.toml").write_text(text, encoding="utf-8")


def fingerprint(file: bytes) -> str:
    """Return a charter file's fingerprint as text."""
    return fingerprints.to_text(fingerprints.of_file(file))

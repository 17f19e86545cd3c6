# ruff: noqa: RUF001 - letters of another script in one number are what is tested
"""One weapon over two agencies, from its maker to its recovery, as a partner traces it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import Result, command
from tests.support.loopback import Walk, found_consortium

MAP = """
title = "Events"
[format]
dates = ["YYYY-MM-DD"]
[[record]]
event = { column = "event" }
[record.fields]
"item.kind" = { value = "small_arm" }
"item.type" = { column = "type" }
"item.make" = { column = "make" }
"item.serials" = { column = "serial" }
"event.date" = { column = "date" }
"event.country" = { column = "country" }
"case.circumstances" = { column = "note" }
"""
HEAD = "date;event;type;make;serial;country;note\n"
MADE = HEAD + (
    "2001-05-05;manufacture;pistol;Taurus;ABE 573528;XAR;\n"
    "2003-01-01;export;pistol;Taurus;ABE573528;XAR;\n"
    "2002-02-02;manufacture;pistol;Glock;ABE573528;XAR;other make\n"
)
FOUND = HEAD + (
    "2003-03-03;receipt;pistol;Taurus;ABE-573528;XBE;\n"
    "2004-04-04;issue_to_force;pistol;Forjas Taurus;ABE 573528;XBE;\n"
    "2011-11-11;recovery;pistol;Taurus;АВЕ573528;XBE;told by a friend\n"
)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Give three agencies; two have logged what they know of one weapon, the third has synced."""
    found = found_consortium(tmp_path_factory.mktemp("traced"), "xar-arms", "xbe-cib", "xco-npa")
    for agency, text in (("xar-arms", MADE), ("xbe-cib", FOUND)):
        path = found.folder / f"{agency}.csv"
        path.write_text(text, encoding="utf-8")
        path.with_suffix(".toml").write_text(MAP, encoding="utf-8")
        assert command(found, "submit", str(path), "--map", str(path.with_suffix(".toml")), home=agency).code == 0
    assert command(found, "sync", home="xco-npa").code == 0
    yield found
    found.close()


def trace(walk: Walk, *arguments: str) -> Result:
    """Run `sealtrace trace` for the partner."""
    return command(walk, "trace", *arguments, home="xco-npa")


def test_a_partner_traces_a_weapon_over_two_agencies(walk: Walk) -> None:
    """By make and number, spelled four ways, the chain runs from the maker to the recovery, its diversion bracketed."""
    shown = trace(walk, "--make", "TAURUS", "--serial", "ABE573528", "--json")

    assert shown.code == 0
    kinds = [event["kind"] for event in shown.json["events"]]
    assert kinds == ["manufacture", "export", "receipt", "issue_to_force", "recovery"]
    (found,) = shown.json["diversions"]
    assert not found["recorded"]
    assert shown.json["outcome"]["name"] == "holder"
    assert len(shown.json["contradicting"]) == 1


def test_a_trace_from_any_of_its_records_is_the_same_trace(walk: Walk) -> None:
    """Whichever record one starts from, the chain is one."""
    names = [
        event["record"] for event in trace(walk, "--make", "Taurus", "--serial", "ABE573528", "--json").json["events"]
    ]
    chains = {trace(walk, name, "--json").output for name in names}

    assert len(chains) == 1


def test_the_page_shows_nothing_of_the_case(walk: Walk) -> None:
    """What the originator withheld is in neither the page nor the picture."""
    picture = walk.folder / "trace.svg"
    shown = trace(walk, "--make", "Taurus", "--serial", "ABE573528", "--svg", str(picture))

    assert "told by a friend" not in shown.output
    assert "told by a friend" not in picture.read_text(encoding="utf-8")
    assert "recovery · XBE" in picture.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--make", "Taurus"), 2, "both --make and --serial"),
        (("xar-arms/AAAAAAAAAAAAAAAAAAAAAA", "--make", "Taurus", "--serial", "1"), 2, "both --make and --serial"),
        (("xar-arms/AAAAAAAAAAAAAAAAAAAAAA",), 1, "sealtrace sync"),
        (("--make", "Taurus", "--serial", "ZZZ99999"), 1, "sealtrace match"),
    ],
)
def test_what_cannot_be_traced_says_what_to_do(walk: Walk, arguments: tuple[str, ...], code: int, words: str) -> None:
    """A wrong use and a weapon that nobody recorded each have their exit code and next step."""
    refused = trace(walk, *arguments)

    assert refused.code == code
    assert words in refused.notes


def test_a_purpose_that_no_label_names_shows_nothing(walk: Walk) -> None:
    """The one decision function stands before a trace as before a record."""
    assert trace(walk, "--make", "Taurus", "--serial", "ABE573528", "--purpose", "SANCTIONS").code != 0


def test_the_indicator_suppresses_a_single_weapon(walk: Walk) -> None:
    """One recovery is no figure to publish."""
    shown = command(walk, "indicator", "--json", "--purpose", "TRACE", home="xco-npa").json

    assert shown["total"] == {"recovered": 0, "traced": 0}


def test_commands_leave_the_list_untouched(walk: Walk, tmp_path: Path) -> None:
    """Tracing reads the replica alone: no request leaves the machine."""
    before = len(walk.transport.requests)
    trace(walk, "--make", "Taurus", "--serial", "ABE573528", "--svg", str(tmp_path / "t.svg"))

    assert len(walk.transport.requests) == before

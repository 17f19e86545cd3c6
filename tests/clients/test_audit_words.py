"""What `sealtrace audit` prints: everything that was found, in 80 columns, nothing softened."""

from dataclasses import replace

import pytest

from clients.cli.audit import MAX_NAMES, text_of
from ledger.findings import Bridge, Verdict
from tests.clients.test_auditpage import FINDING, audited

NOW = 1_763_600_000


def test_an_honest_log_in_a_few_lines() -> None:
    """Verdict, size, depth, what it means, who vouches since when, counts."""
    done = replace(
        audited(verdict=Verdict.VERIFIED), witnesses=("xaa-arms", "xab-arms"), witnesses_of=3, fresh=NOW - 60
    )
    said = text_of(done, now=NOW).splitlines()

    assert said[0] == "✓ VERIFIED  log.test/weapons · 2,000 entries · signatures"
    assert "  witnessed by 2 of 3 · 1 minute ago" in said
    assert any("1,900  sealtrace-record+sd-jwt" in line for line in said)
    assert not any("✗" in line for line in said)


def test_everything_that_was_found_is_printed() -> None:
    """Findings with what they may follow from, how many more, followed chains, missing files."""
    done = audited([FINDING], missing=tuple(f"tile/entries/{number:03}" for number in range(MAX_NAMES + 2)))
    report = replace(done.report, size=1_500, broken=3, bridges=(Bridge(iss="xaa-arms", over=7, by=14),))
    said = text_of(replace(done, report=report), now=NOW)

    for words in (
        "✗ FAILED  log.test/weapons · 1,500 of 2,000 entries",
        "✗ entry 1,203: batch/root",
        "expected abc",
        "found    def",
        "may follow from entry 7",
        "next     Show it to the operator.",
        "… 3 broken rules in all",
        "xaa-arms signed its batch at entry 14",
        f"missing in the folder: {MAX_NAMES + 2} files",
        "tile/entries/019",
        "… and 2 more, all of them in a report",
    ):
        assert words in said
    assert "tile/entries/020" not in said
    assert max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\u202eevil", "a\nb"])
def test_a_hostile_value_does_nothing_to_a_terminal(hostile: str) -> None:
    """Control and direction characters are spelled by their numbers."""
    said = text_of(audited([replace(FINDING, found=hostile)]), now=NOW)

    assert hostile not in said

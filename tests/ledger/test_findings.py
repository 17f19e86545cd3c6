"""Findings: in log order, the lowest kept and all counted, each with what it may follow from."""

import pytest

from ledger.checks import CheckFailedError
from ledger.findings import MAX_FINDINGS, Bridge, Findings


def failed(check: str) -> CheckFailedError:
    """Return evidence of a check."""
    return CheckFailedError(check=check, expected=1, found=2)


def test_findings_stand_in_the_order_of_the_log() -> None:
    """Whatever order they are met in, the lowest index comes first."""
    findings = Findings()
    for index in (9, 3, 12, 3):
        findings.note(index, failed("leaf"))

    assert [finding.index for finding in findings.kept()] == [3, 3, 9, 12]


def test_the_first_bad_index_is_never_crowded_out() -> None:
    """A hundred findings are kept, those of the lowest indices, and all are counted."""
    findings = Findings()
    for index in reversed(range(MAX_FINDINGS + 7)):
        findings.note(index, failed("leaf"))

    assert [finding.index for finding in findings.kept()] == list(range(MAX_FINDINGS))
    assert findings.broken == MAX_FINDINGS + 7


@pytest.mark.parametrize(
    "check", ["leaf", "batch/root", "batch/log", "batch/kx", "grant/ep", "nonsense", "consistency"]
)
def test_every_finding_says_what_to_do_next(check: str) -> None:
    """Whatever the check, there is a next step, and both values are shown."""
    findings = Findings()
    findings.note(1, failed(check))
    (finding,) = findings.kept()

    assert finding.next_step.endswith(".")
    assert (finding.check, finding.expected, finding.found) == (check, "1", "2")


@pytest.mark.parametrize(
    ("check", "by_statement", "by_change"),
    [
        ("record/ep", 4, 7),
        ("grant/ceiling", 4, 7),
        ("expunge/of", 4, 7),
        ("batch/seq", None, 7),
        ("batch/kx", None, 7),
        ("statement/header", None, 7),
        ("key/prev", None, 7),
        ("member", None, 7),
        ("leaf", None, None),
        ("form", None, None),
        ("batch/root", None, None),
        ("batch/signature", None, None),
        ("statement/signature", None, None),
    ],
)
def test_a_finding_names_what_it_may_follow_from(check: str, by_statement: int | None, by_change: int | None) -> None:
    """What is judged from earlier entries may follow from one that was lost; what a batch says of itself may not."""
    one, other = Findings(), Findings()
    one.lose(4, change=False)
    other.lose(7, change=True)
    for findings in (one, other):
        findings.lose(20, change=findings is other)
        findings.note(30, failed(check))

    assert one.kept()[0].follows == by_statement
    assert other.kept()[0].follows == by_change


def test_nothing_follows_from_nothing() -> None:
    """Before anything was lost a finding stands for itself."""
    findings = Findings()
    findings.note(30, failed("record/ep"))

    assert findings.kept()[0].follows is None


def test_bridges_are_kept_up_to_a_limit() -> None:
    """An operator cannot fill an auditor's memory with broken chains."""
    findings = Findings()
    for index in range(MAX_FINDINGS + 5):
        findings.bridge(Bridge(iss="xaa-arms", over=index, by=index + 1))

    assert len(findings.bridges) == MAX_FINDINGS

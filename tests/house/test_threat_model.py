"""The threat model is complete in its own terms: every row has a proof, and every document states the same leaks."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODEL = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
PROTOCOL = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def rows() -> list[list[str]]:
    """Return the rows of the tables that name tests."""
    tables = re.findall(r"\| shown by \|\n\|(?:---\|)+\n((?:\|.*\|\n)+)", MODEL)
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for table in tables for row in table.splitlines()]


def leaks(text: str) -> list[str]:
    """Return whom the list of leaks in a document is about, in order."""
    listed = text[text.index("**The operator** learns") - 2 :]
    return re.findall(r"^- \*\*(.+?)\*\*", listed, flags=re.MULTILINE)


def test_every_row_of_the_threat_model_names_a_test() -> None:
    """A row without a test is a wish."""
    assert len(rows()) > 60
    assert [row[0] for row in rows() if not re.search(r"`test_\w+`", row[-1])] == []


def test_section_11_is_one_text() -> None:
    """What leaks, and what cannot be checked, stands in the threat model word for word as in the protocol."""
    section = PROTOCOL.split("## 11 What leaks, stated\n", 1)[1].split("\n## ", 1)[0].strip()

    assert section in MODEL


def test_the_readme_leaves_out_no_leak() -> None:
    """The README names everybody whom section 11 names: nobody learns of a leak from a smaller print."""
    told = re.findall(r"\*\*(.+?)\*\*", README[README.index("## What it does not protect") :])

    assert set(leaks(PROTOCOL)) - {name.rstrip(":") for name in told} - set(told) == set()

"""What the documents promise exists: tests that the threat model names, files that links point to, commands."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("crypto", "ledger", "server", "clients")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@cache
def written() -> tuple[tuple[Path, str, bool], ...]:
    """Return file and name of every test of the suite, and whether it says what it keeps; each file is parsed once."""
    return tuple(
        (path, node.name, bool(ast.get_docstring(node)))
        for path in ROOT.glob("tests/**/test_*.py")
        for node in _functions(ast.parse(path.read_text(encoding="utf-8")).body)
        if node.name.startswith("test_")
    )


def _functions(body: Iterable[ast.stmt]) -> Iterator[ast.FunctionDef]:
    for node in body:
        if isinstance(node, ast.FunctionDef):
            yield node
        elif isinstance(node, ast.ClassDef | ast.If):
            yield from _functions(node.body)


def test_every_test_that_the_threat_model_names_exists() -> None:
    """A promise whose test was renamed or deleted is a promise without proof."""
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")))

    assert len(named) > 20
    assert named - {name for _, name, _ in written()} == set()


def test_every_test_says_in_a_sentence_what_it_keeps() -> None:
    """A test without a docstring keeps a promise that nobody knows of."""
    silent = [f"{path.relative_to(ROOT)}: {name}" for path, name, is_said in written() if not is_said]

    assert silent == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    """A relative link in a document names a file or folder of the repository."""
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", document.read_text(encoding="utf-8"))
    broken = [link for link in links if not (document.parent / link).exists()]

    assert broken == []


def test_every_decision_has_its_own_number() -> None:
    """Decision records are cited by number, so no number stands twice."""
    numbers = [path.name[:4] for path in (ROOT / "docs/adr").glob("*.md")]

    assert sorted(numbers) == sorted(set(numbers))


def test_the_architecture_names_every_module_there_is() -> None:
    """A map of the house shows each room once, and leads to none that is gone."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    packages = re.findall(r"^## `(\w+)/`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    named = [f"{package}/{name}" for package, rows in packages for name in re.findall(r"`([a-z0-9]+/?)`", rows)]
    there = [path for package in PACKAGES for path in (ROOT / package).glob("*.py") if path.stem != "__init__"]
    rooms = {path.parent for package in PACKAGES for path in (ROOT / package).glob("*/*.*")}
    there += [room for room in rooms if room.name != "__pycache__"]

    assert sorted(named) == sorted(f"{path.parent.name}/{path.stem}{'/' * path.is_dir()}" for path in there)
    assert [path for path in re.findall(r"`(\w+/[\w/]+\.py)`", text) if not (ROOT / path).exists()] == []

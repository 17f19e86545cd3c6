"""An auditor reads `crypto/` and `ledger/` by their docstrings: what is public has one, and it says what is raised."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(path for room in ("crypto", "ledger") for path in (ROOT / room).rglob("*.py"))
_SAYS = re.compile(r"[Rr]aise|[Rr]efuse|; (or |else )?\w+Error")

Definition = ast.FunctionDef | ast.ClassDef


def public(node: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    """Yield what a module or a class offers, and what its public classes do."""
    for one in node.body:
        if isinstance(one, Definition) and (one.name == "__init__" or not one.name.startswith("_")):
            yield one
            if isinstance(one, ast.ClassDef):
                yield from public(one)


def raises(node: ast.AST) -> bool:
    """Say whether a function raises by its own lines, and lets it out."""
    for one in ast.iter_child_nodes(node):
        if isinstance(one, ast.Raise):
            return True
        inner = one.handlers if isinstance(one, ast.Try) and one.handlers else [one]
        if not isinstance(one, ast.FunctionDef | ast.Lambda) and any(map(raises, inner)):
            return True
    return False


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_public_says_what_it_is_and_what_it_raises(path: Path) -> None:
    """No public name without a docstring, no raise in it that its docstring is silent about."""
    found = [(one, ast.get_docstring(one)) for one in public(ast.parse(path.read_text(encoding="utf-8")))]
    silent = [one.name for one, says in found if not says]
    unsaid = [
        one.name
        for one, says in found
        if says and isinstance(one, ast.FunctionDef) and raises(one) and not _SAYS.search(says)
    ]

    assert (silent, unsaid) == ([], [])

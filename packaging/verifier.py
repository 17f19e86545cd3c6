"""sealtrace-verify.pyz: the modules that verify, found by following imports, in one file that Python runs.

The same bytes every time: sorted names, one date, stored and not deflated, since two builds of zlib may differ.
"""

import ast
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

NAME = "sealtrace-verify.pyz"
PACKAGES = ("crypto", "ledger")

_SHEBANG = b"#!/usr/bin/env python3\n"
_MAIN = "packaging/verify_main.py"
_DATE = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16


def build_verifier(root: Path) -> bytes:
    """Return the zipapp made of the sources below `root`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in sorted(_members(root).items()):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system, info.external_attr = 3, _MODE
            archive.writestr(info, data)
    return _SHEBANG + out.getvalue()


def _members(root: Path) -> Mapping[str, bytes]:
    found: dict[str, bytes] = {"__main__.py": (root / _MAIN).read_bytes()}
    waiting = list(_imports(found["__main__.py"]))
    while waiting:
        name = waiting.pop()
        path = _path(root, name)
        if path is not None and path not in found:
            found[path] = (root / path).read_bytes()
            waiting += [*_imports(found[path]), name.rpartition(".")[0]]
    return found


def _path(root: Path, name: str) -> str | None:
    """Return the file of a module or package of ours; None for anything else, like a name in a module."""
    if name.partition(".")[0] not in PACKAGES:
        return None
    stem = name.replace(".", "/")
    return next((path for path in (f"{stem}.py", f"{stem}/__init__.py") if (root / path).is_file()), None)


def _imports(source: bytes) -> Iterator[str]:
    """Yield every module that a source imports, and what it imports from one, which may be a module too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)

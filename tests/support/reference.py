"""Where published vectors and reference data lie. They are read there and never copied into the project."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).resolve().parents[2]


def vectors(relative: str) -> Path:
    """Return the path of a published vector file or folder; skip the test, saying so, where it is absent."""
    return _present("SEALTRACE_VECTORS", "vectors", relative)


def data(relative: str) -> Path:
    """Return the path of a reference data file; skip the test, saying so, where it is absent."""
    return _present("SEALTRACE_DATA", "data", relative)


def vector_json(relative: str) -> Any:
    """Return the JSON of a published vector file."""
    return json.loads(vectors(relative).read_text(encoding="utf-8"))


def _present(variable: str, folder: str, relative: str) -> Path:
    base = Path(os.environ.get(variable) or _ROOT.parent / "shared" / folder)
    path = base / relative
    if not path.exists():
        pytest.skip(f"{relative} is not on this machine: set {variable} to the folder that holds it")
    return path

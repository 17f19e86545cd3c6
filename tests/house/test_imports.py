"""The walls between the packages hold, and each of them is seen to fall when it is broken on purpose."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("crypto", "ledger", "server", "clients", "migrations")

BREACHES = {
    "server and clients stand on ledger, ledger on crypto; server and clients never meet": [
        ("clients/planted.py", "import server.planted_target\n"),
        ("server/planted_target.py", ""),
    ],
    "only crypto touches the primitives": [("ledger/planted.py", "import cryptography\n")],
    "crypto knows no JSON, no web, no database": [("crypto/planted.py", "import json\n")],
    "ledger has no web, no database, no socket, no files, no clock": [("ledger/planted.py", "import sqlalchemy\n")],
    "marshmallow only in ledger.wire and at the server's edge": [("clients/planted.py", "import marshmallow\n")],
    "no client opens a web server but the witness and the desk": [("clients/planted.py", "import flask\n")],
    "nothing of clients stands on the desk but its command": [("clients/planted.py", "import clients.desk.office\n")],
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the packages and their contracts that a test may break."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the import linter over a folder, its own packages first on the path."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - our own words


def test_the_packages_keep_every_contract(copy: Path) -> None:
    """The tree as it stands breaks no contract."""
    result = lint(copy)

    assert result.returncode == 0, result.stdout
    assert f"Contracts: {len(BREACHES)} kept, 0 broken" in result.stdout


@pytest.mark.parametrize("contract", BREACHES)
def test_a_contract_broken_on_purpose_is_seen(copy: Path, contract: str) -> None:
    """Each contract fails, by its name, when one import breaks it."""
    for path, text in BREACHES[contract]:
        (copy / path).write_text(text, encoding="utf-8")

    result = lint(copy)

    assert result.returncode == 1
    assert f"{contract} BROKEN" in " ".join(result.stdout.split())

"""One download, one archive and one walk through docs/operations.md for all tests of the packaging."""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.walk import Walk

ROOT = Path(__file__).resolve().parents[2]

# The build's scripts import one another by name, as they do when run; last on the path, so that they hide nothing.
sys.path.append(str(ROOT / "packaging"))


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheels of the lock: in $SEALTRACE_WHEELS, or fetched once by pip."""
    if "SEALTRACE_WHEELS" in os.environ:
        return Path(os.environ["SEALTRACE_WHEELS"])
    folder = tmp_path_factory.mktemp("wheels")
    try:
        importlib.import_module("wheels").fetch(ROOT / "requirements.txt", folder)
    except subprocess.CalledProcessError:
        pytest.skip("pip cannot fetch the locked wheels here: name a folder that holds them with SEALTRACE_WHEELS")
    return folder


@pytest.fixture(scope="session")
def archive(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The offline archive, built once; its .sha256 lies beside it."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout: git says which files belong to a release")
    output = tmp_path_factory.mktemp("dist")
    command = [
        sys.executable,
        str(ROOT / "packaging/build_dist.py"),
        "--wheels",
        str(wheelhouse),
        "--output",
        str(output),
    ]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own script
    (tar,) = output.glob("*.tar")
    return tar


@pytest.fixture(scope="session")
def walk(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """docs/operations.md walked from its first command to the first checkpoint; the service still runs."""
    missing = [name for name in ("curl", "sha256sum") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    walked = Walk(archive, tmp_path_factory.mktemp("machine"))
    try:
        walked.run()
        yield walked
    finally:
        walked.stop()

"""One download, one archive and one walk through docs/operations.md for all tests of the packaging."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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
        from wheels import fetch

        fetch(ROOT / "requirements.txt", folder)
    except subprocess.CalledProcessError:
        pytest.skip("pip cannot fetch the locked wheels here: name a folder that holds them with SEALTRACE_WHEELS")
    return folder


@pytest.fixture(scope="session")
def archive(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The offline archive, built once; its .sha256 lies beside it."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout: git says which files belong to a release")
    output = tmp_path_factory.mktemp("dist")
    command = [sys.executable, str(ROOT / "packaging/build_dist.py"), "--wheels", str(wheelhouse), "--output", str(output)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own script
    (tar,) = output.glob("*.tar")
    return tar

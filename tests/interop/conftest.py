"""The reference program, built where Go is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "reference"


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the program that reads logs with code nobody here wrote; skip, saying why, where it cannot be built."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed here: the reference code cannot be asked")
    built = tmp_path_factory.mktemp("reference") / "reference"
    command = ["go", "build", "-mod=readonly", "-trimpath", "-o", str(built), "."]
    done = subprocess.run(command, cwd=SOURCE, check=False, capture_output=True, text=True)  # noqa: S603 - fixed words
    if "dial tcp" in done.stderr or "lookup " in done.stderr:
        pytest.skip("the reference code's modules are not on this machine and cannot be fetched")
    assert done.returncode == 0, done.stderr
    return built

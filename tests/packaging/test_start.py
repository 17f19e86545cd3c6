"""sealtrace.py: both programs start with the packages that came with them, or not at all."""

import subprocess
import sys
from pathlib import Path

import pytest

import sealtrace

ROOT = Path(__file__).resolve().parents[2]


def start(program: str, *first: Path) -> subprocess.CompletedProcess[str]:
    """Start a program with folders before ours on the path."""
    paths = [str(path) for path in (*first, ROOT)]
    code = f"import sys; sys.path[:0] = {paths!r}; sys.argv[1:] = ['--help']; import sealtrace; sealtrace.{program}()"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd="/")  # noqa: S603 - our own words


@pytest.mark.parametrize("program", ["agency", "service"])
def test_a_program_starts_with_its_own_packages(program: str) -> None:
    """Both programs print their help when every package lies beside them."""
    result = start(program)

    assert result.returncode == 0, result.stderr
    assert "Usage" in result.stdout


@pytest.mark.parametrize("program", ["agency", "service"])
@pytest.mark.parametrize("name", sealtrace.PACKAGES)
def test_a_package_of_the_same_name_from_elsewhere_is_refused(tmp_path: Path, name: str, program: str) -> None:
    """Another distribution's package that lies first on the path stops the start before a line of it runs."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("raise SystemExit('the stranger ran')", encoding="utf-8")

    result = start(program, tmp_path)

    assert result.returncode == 1
    assert f"refused: {name} would be loaded from another distribution" in result.stderr
    assert "the stranger ran" not in result.stderr


def test_a_missing_package_is_as_foreign_as_another_one(tmp_path: Path) -> None:
    """With nothing of ours beside it, every name is foreign."""
    assert sealtrace.foreign_packages(tmp_path) == sealtrace.PACKAGES
    assert sealtrace.foreign_packages(ROOT) == ()


def test_a_shared_python_is_warned_about() -> None:
    """Outside an environment of its own a program says so, and still runs."""
    code = f"import sys; sys.path[:0] = [{str(ROOT)!r}]; sys.prefix = sys.base_prefix; sys.argv[1:] = ['--help']; import sealtrace; sealtrace.agency()"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - our own words

    assert result.returncode == 0
    assert "warning: this Python is shared" in result.stderr


def test_the_folder_of_scripts_does_not_hide_the_library_of_its_name() -> None:
    """`import packaging` is the library even from the repository's root: our folder of that name is no package."""
    code = "import packaging, sys; sys.exit(0 if packaging.__version__ else 1)"

    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)  # noqa: S603 - our own words

    assert result.returncode == 0
    assert not (ROOT / "packaging/__init__.py").exists()

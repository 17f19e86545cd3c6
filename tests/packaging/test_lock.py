"""packaging/lock.py: the lock is read whole or not at all."""

from pathlib import Path

import pytest
from lock import LockError, read_lock

ROOT = Path(__file__).resolve().parents[2]
A, B = "a" * 64, "b" * 64


def test_the_project_s_own_lock_is_read_whole() -> None:
    """Every package that the lock pins is found, each with at least one hash."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")

    packages = read_lock(text)

    assert len(packages) == sum(line[0].isalnum() for line in text.splitlines() if line)
    assert sum(len(package.hashes) for package in packages) == text.count("--hash=sha256:")
    assert all(package.hashes for package in packages)


def test_a_package_has_its_version_and_all_its_hashes() -> None:
    """Name, version and hashes come out as they stand, comments left aside."""
    text = f"# head\none==1.2 \\\n    --hash=sha256:{A} \\\n    --hash=sha256:{B}\n    # via two\n"

    (package,) = read_lock(text)

    assert (package.name, package.version, package.hashes) == ("one", "1.2", {A, B})


@pytest.mark.parametrize(
    "text",
    [
        "one==1.2\n",
        f"one>=1.2 \\\n    --hash=sha256:{A}\n",
        "one==1.2 \\\n",
        f"one==1.2 \\\n    --hash=md5:{A}\n",
        f"one==1.2 \\\n    --hash=sha256:{A[1:]}\n",
        f"one==1.2 \\\n    --hash=sha256:{A} \\\n",
        f"one @ file:///one.whl \\\n    --hash=sha256:{A}\n",
        f"--extra-index-url=https://elsewhere.example\none==1.2 \\\n    --hash=sha256:{A}\n",
        f"one==1 \\\n    --hash=sha256:{A}\none==2 \\\n    --hash=sha256:{B}\n",
    ],
)
def test_a_line_that_is_not_understood_is_refused(text: str) -> None:
    """An unpinned package, a missing or weak hash, a path, an index or a repeat stops the build."""
    with pytest.raises(LockError):
        read_lock(text)

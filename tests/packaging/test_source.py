"""packaging/source.py: a release is made of what git tracks, and of nothing that merely lies there."""

import subprocess
from pathlib import Path

import pytest
from source import Source, SourceError, export, read_source


def git(root: Path, *words: str) -> None:
    """Run git in a checkout of the test's own, with a fixed author and time."""
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(root), "GIT_COMMITTER_DATE": "1700000000 +0000"}
    subprocess.run(["git", *who, *words], cwd=root, check=True, capture_output=True, env=environ)  # noqa: S603, S607 - git, fixed words


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a plain file, a program and a file that git does not track."""
    root = tmp_path / "checkout"
    (root / "deep").mkdir(parents=True)
    (root / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (root / "deep/run.sh").write_text("#!/bin/sh\n")
    (root / "deep/run.sh").chmod(0o700)
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "First")
    (root / "secret.txt").write_text("not to be shipped")
    return root


def test_a_checkout_tells_its_files_version_and_time(checkout: Path) -> None:
    """Files come sorted with their mode; the time is the last commit's; an untracked file is no part of it."""
    source = read_source(checkout)

    assert source.files == (("deep/run.sh", True), ("pyproject.toml", False))
    assert (source.epoch, source.version, source.changes()) == (1_700_000_000, "1.2.3", [])


def test_an_export_holds_tracked_files_with_two_modes(checkout: Path, tmp_path: Path) -> None:
    """What lies untracked in the checkout is not exported, and the checkout's own modes do not show."""
    export(read_source(checkout), tmp_path / "out")

    found = {
        str(path.relative_to(tmp_path / "out")): path.stat().st_mode & 0o777 for path in (tmp_path / "out").rglob("*.*")
    }
    assert found == {"deep/run.sh": 0o755, "pyproject.toml": 0o644}


def test_uncommitted_changes_are_seen(checkout: Path) -> None:
    """A changed tracked file is named, so that nobody takes the archive for the commit's."""
    (checkout / "deep/run.sh").write_text("#!/bin/sh\nexit 1\n")

    (change,) = read_source(checkout).changes()

    assert change.endswith("deep/run.sh")


def test_a_link_is_refused(checkout: Path) -> None:
    """A symbolic link could carry a file from outside into a release."""
    (checkout / "link").symlink_to("/etc/passwd")
    git(checkout, "add", "link")

    with pytest.raises(SourceError, match="plain files only"):
        read_source(checkout)


def test_a_folder_without_git_is_refused(tmp_path: Path) -> None:
    """Without git nobody knows what belongs to a release."""
    with pytest.raises(SourceError, match="not a git checkout"):
        read_source(tmp_path)


def test_a_tracked_file_that_is_gone_stops_the_export(checkout: Path, tmp_path: Path) -> None:
    """A release never silently lacks a file that git tracks."""
    source = Source(root=checkout, files=(("gone.txt", False),), commit="0" * 40, epoch=0)

    with pytest.raises(FileNotFoundError):
        export(source, tmp_path / "out")

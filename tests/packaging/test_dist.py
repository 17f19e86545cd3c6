"""`make dist`: one archive, the same bytes every time, that installs without a network into an environment of its own."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.support.walk import Walk, has_namespaces

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("crypto/", "ledger/", "server/", "clients/", "migrations/")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive's one folder."""
    place = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["tar", "--extract", "--file", str(archive), "--directory", str(place)], check=True)  # noqa: S603, S607 - as the document says
    (folder,) = place.iterdir()
    return folder


@pytest.fixture
def release(unpacked: Path, tmp_path: Path) -> Path:
    """A copy of the archive's folder, without the large wheels, that a test may break."""
    leave = shutil.ignore_patterns("cryptography*", "granian*", "pycountry*", "sqlalchemy*", "pydantic*", "pygments*")
    return Path(shutil.copytree(unpacked, tmp_path / "release", ignore=leave))


def build(wheelhouse: Path, output: Path, **environ: str) -> None:
    """Run the build as another user on another machine might: elsewhere, with another clock, language and umask."""
    command = [
        sys.executable,
        str(ROOT / "packaging/build_dist.py"),
        "--wheels",
        str(wheelhouse),
        "--output",
        str(output),
    ]
    subprocess.run(  # noqa: S603 - our own script
        command, check=True, capture_output=True, cwd=output, env={**os.environ, **environ}, umask=0o077
    )


def install(release: Path, prefix: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a release's install.sh."""
    command = [str(release / "install.sh"), str(prefix)]
    return subprocess.run(  # noqa: S603 - our own script
        command, check=False, capture_output=True, text=True, env={**os.environ, **environ}
    )


def tracked(*folders: str) -> set[str]:
    """Return the files of some folders that git tracks."""
    done = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603, S607 - git and our own folders
    return set(done.stdout.splitlines())


def test_two_builds_in_different_surroundings_are_the_same_bytes(
    archive: Path, wheelhouse: Path, tmp_path: Path
) -> None:
    """Another folder, umask, time zone, language, hash seed and home do not show in one byte of the archive."""
    surroundings = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7", "HOME": str(tmp_path)}

    build(wheelhouse, tmp_path, **surroundings)

    assert (tmp_path / archive.name).read_bytes() == archive.read_bytes()
    assert (tmp_path / f"{archive.name}.sha256").read_text() == archive.with_suffix(".tar.sha256").read_text()


def test_the_wheel_holds_every_tracked_file_of_the_packages_and_nothing_else(unpacked: Path) -> None:
    """Code and data (maps, templates) of the five packages and the starter are in our wheel; no test and no script is."""
    (wheel,) = (unpacked / "wheels").glob("sealtrace-*.whl")

    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if ".dist-info/" not in name}

    assert shipped == tracked(*PACKAGES) | {"sealtrace.py"}


def test_the_wheel_depends_on_no_compression_and_no_umask(unpacked: Path) -> None:
    """Members of our wheel are stored, readable by all and as old as the commit."""
    (wheel,) = (unpacked / "wheels").glob("sealtrace-*.whl")

    with zipfile.ZipFile(wheel) as archive:
        members = archive.infolist()

    assert {member.compress_type for member in members} == {zipfile.ZIP_STORED}
    assert {member.external_attr >> 16 & 0o777 for member in members} <= {0o644, 0o755, 0o664}
    assert len({member.date_time for member in members}) == 1


def test_every_locked_package_is_there_and_told_in_notice_and_bill(unpacked: Path) -> None:
    """Wheels, notice and bill of materials name the same packages: those of the lock."""
    lines = (unpacked / "requirements.txt").read_text().splitlines()
    locked = {tuple(line.removesuffix(" \\").split("==")) for line in lines if "==" in line and line[0].isalnum()}
    bill = json.loads((unpacked / "sbom.cdx.json").read_text())
    notice = (unpacked / "NOTICE").read_text().splitlines()

    assert {(one["name"], one["version"]) for one in bill["components"]} == locked
    assert {tuple(line.split(":")[0].split(" ")) for line in notice if ": " in line} == locked
    assert len(list((unpacked / "wheels").iterdir())) == len(locked) + 1


def test_the_sums_cover_every_file(unpacked: Path) -> None:
    """No file of the archive but the list itself escapes the check that install.sh makes."""
    listed = {line.split("  ", 1)[1] for line in (unpacked / "SHA256SUMS").read_text().splitlines()}
    there = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}

    assert there == listed | {"SHA256SUMS"}


@pytest.mark.parametrize("program", ["sealtrace", "sealtrace-server"])
def test_an_installed_program_runs(walk: Walk, program: str) -> None:
    """Both programs print their help from the environment that install.sh made, with nothing of the caller's."""
    done = subprocess.run(  # noqa: S603 - what was just installed
        [walk.prefix / "current/bin" / program, "--help"], check=True, capture_output=True, text=True, env={}, cwd="/"
    )

    assert "Usage" in done.stdout
    assert done.stderr == ""


def test_the_installation_had_no_network(walk: Walk) -> None:
    """The walk installs inside a network namespace of its own, which has no route to anywhere."""
    if not has_namespaces():
        pytest.skip("unshare --net is not permitted here: pip ran with --no-index, and that is all that kept it inside")
    done = subprocess.run(["unshare", "--net", "cat", "/proc/net/route"], check=True, capture_output=True, text=True)  # noqa: S607 - from the system's path

    assert done.stdout.splitlines()[1:] == []
    assert (walk.prefix / "current/bin/sealtrace").exists()


def test_nothing_further_gets_into_the_environment_by_accident(walk: Walk) -> None:
    """The environment has no pip, and sees nothing of the machine's own packages."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    place = walk.prefix / version

    assert (walk.prefix / "current").resolve() == place.resolve()
    assert not list(place.glob("bin/pip*"))
    assert not list(place.glob("lib/python*/site-packages/pip"))
    assert "include-system-site-packages = false" in (place / "pyvenv.cfg").read_text()
    assert {"LICENSE", "NOTICE", "sbom.cdx.json", "operations.md", "operator-commands.md"} <= {
        path.name for path in (place / "share/doc/sealtrace").iterdir()
    }


def test_a_version_that_is_there_is_never_installed_over(walk: Walk, unpacked: Path) -> None:
    """A second run into the same folder is refused, and what is there stays."""
    before = (walk.prefix / "current/bin/sealtrace").read_bytes()

    done = install(unpacked, walk.prefix)

    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert (walk.prefix / "current/bin/sealtrace").read_bytes() == before


def test_a_changed_file_is_refused(release: Path, tmp_path: Path) -> None:
    """One byte changed, or a file left out, stops the installation before an environment is made."""
    (release / "LICENSE").write_bytes((release / "LICENSE").read_bytes() + b"\n")

    done = install(release, tmp_path / "opt")

    assert done.returncode == 1
    assert "is not what was released" in done.stderr
    assert list((tmp_path / "opt").iterdir()) == []


def reseal(release: Path) -> None:
    """Write SHA256SUMS anew, as whoever built a broken release would."""
    names = sorted(str(path.relative_to(release)) for path in release.rglob("*") if path.is_file())
    names.remove("SHA256SUMS")
    sums = subprocess.run(["sha256sum", *names], cwd=release, check=True, capture_output=True)  # noqa: S603, S607 - coreutils
    (release / "SHA256SUMS").write_bytes(sums.stdout)


def test_a_release_for_another_python_is_refused(release: Path, tmp_path: Path) -> None:
    """Wheels for another interpreter or machine are named as such, and nothing is made."""
    text = (release / "RELEASE").read_text()
    (release / "RELEASE").write_text(text.replace("built_for=cpython", "built_for=otherpython"))
    reseal(release)

    done = install(release, tmp_path / "opt", PYTHON=sys.executable)

    assert done.returncode == 1
    assert "these wheels are for otherpython" in done.stderr
    assert list((tmp_path / "opt").iterdir()) == []


def test_an_installation_that_fails_leaves_nothing(release: Path, tmp_path: Path) -> None:
    """Wheels missing from a release are not fetched from anywhere: pip fails and the environment goes."""
    reseal(release)

    done = install(release, tmp_path / "opt", PYTHON=sys.executable)

    assert done.returncode != 0
    assert "No matching distribution found" in done.stderr
    assert list((tmp_path / "opt").iterdir()) == []

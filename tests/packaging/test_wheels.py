"""packaging/wheels.py and packaging/sbom.py: what is shipped is what the lock names, and is told truly."""

import json
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from lock import Locked, LockError
from sbom import bill
from wheels import Wheel, read_wheel, read_wheels

EPOCH = 1_700_000_000


def make_wheel(folder: Path, name: str, version: str = "1.0", *headers: str) -> Path:
    """Write a wheel that holds nothing but its METADATA."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    text = "\n".join(["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *headers, "", ""])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}-{version}.dist-info/METADATA", text)
        archive.writestr(f"{name}/_vendor/other.dist-info/METADATA", "Name: other\n")
    return path


def locked(path: Path, name: str, version: str = "1.0") -> Locked:
    """Return the line of a lock that names exactly this file."""
    return Locked(name=name, version=version, hashes=frozenset({sha256(path.read_bytes()).hexdigest()}))


def test_the_wheels_of_the_lock_are_read_by_name(tmp_path: Path) -> None:
    """Wheels come sorted by normalised name, each with its hash."""
    second, first = make_wheel(tmp_path, "Zeta_Two"), make_wheel(tmp_path, "alpha")

    wheels = read_wheels(tmp_path, (locked(second, "zeta-two"), locked(first, "alpha")))

    assert [wheel.name for wheel in wheels] == ["alpha", "zeta-two"]
    assert wheels[0].sha256 == sha256(first.read_bytes()).hexdigest()


def test_a_wheel_swapped_for_another_build_is_refused(tmp_path: Path) -> None:
    """A file of the right name and version with other bytes stops the build."""
    lock = (locked(make_wheel(tmp_path, "alpha"), "alpha"),)
    make_wheel(tmp_path, "alpha", "1.0", "Summary: swapped")

    with pytest.raises(LockError, match="hash that the lock does not name"):
        read_wheels(tmp_path, lock)


def test_a_wheel_more_or_less_than_the_lock_is_refused(tmp_path: Path) -> None:
    """Neither a stray wheel, nor a missing one, nor another version goes into the archive."""
    alpha = locked(make_wheel(tmp_path, "alpha"), "alpha")
    beta = locked(make_wheel(tmp_path, "beta"), "beta")
    gamma = Locked(name="gamma", version="1.0", hashes=frozenset())
    newer = Locked(name="beta", version="1.1", hashes=beta.hashes)

    for lock in ((alpha,), (alpha, beta, gamma), (alpha, newer)):
        with pytest.raises(LockError, match="not those of the lock"):
            read_wheels(tmp_path, lock)


def test_a_wheel_without_metadata_of_its_own_is_refused(tmp_path: Path) -> None:
    """METADATA deeper inside is another package's, and does not name this one."""
    path = tmp_path / "alpha-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("alpha/_vendor/other-1.dist-info/METADATA", "Name: other\nVersion: 1\n")

    with pytest.raises(LockError, match="0 METADATA"):
        read_wheel(path)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (("License-Expression: MIT OR Apache-2.0", "License: ignored"), "MIT OR Apache-2.0"),
        (("License: BSD-3-Clause",), "BSD-3-Clause"),
        (("License: " + "long words " * 20, "Classifier: License :: OSI Approved :: MIT License"), "MIT License"),
        (("Classifier: Programming Language :: Python",), "see the licence file inside the wheel"),
    ],
)
def test_the_licence_is_told_as_the_package_tells_it(tmp_path: Path, headers: tuple[str, ...], expected: str) -> None:
    """An SPDX expression goes before a short name, that before classifiers; nothing is guessed."""
    wheel = read_wheel(make_wheel(tmp_path, "alpha", "1.0", *headers))

    assert wheel.licence == expected


def test_what_another_machine_or_an_extra_would_need_is_not_required(tmp_path: Path) -> None:
    """Only what this machine needs without extras counts as a requirement."""
    headers = (
        "Requires-Dist: Beta_One>=1",
        'Requires-Dist: gamma; sys_platform == "win32"',
        'Requires-Dist: delta; extra == "fast"',
    )

    assert read_wheel(make_wheel(tmp_path, "alpha", "1.0", *headers)).requires == {"beta-one"}


def materials(tmp_path: Path) -> tuple[Wheel, tuple[Wheel, ...]]:
    """Return our own wheel and two others, of which it needs one."""
    own = read_wheel(make_wheel(tmp_path, "sealtrace", "1.0", "Requires-Dist: alpha", "License-Expression: Apache-2.0"))
    alpha = read_wheel(make_wheel(tmp_path, "alpha", "1.0", "Requires-Dist: beta", "License: MIT License"))
    return own, (alpha, read_wheel(make_wheel(tmp_path, "beta")))


def test_the_bill_names_every_wheel_with_its_hash_and_who_needs_it(tmp_path: Path) -> None:
    """Components, hashes, licences and dependencies are those of the files that are shipped."""
    own, wheels = materials(tmp_path)

    document = json.loads(bill(own, wheels, epoch=EPOCH))

    assert document["metadata"]["component"]["purl"] == "pkg:generic/sealtrace@1.0"
    assert document["metadata"]["component"]["licenses"] == [{"expression": "Apache-2.0"}]
    assert [one["purl"] for one in document["components"]] == ["pkg:pypi/alpha@1.0", "pkg:pypi/beta@1.0"]
    assert [one["hashes"][0]["content"] for one in document["components"]] == [wheel.sha256 for wheel in wheels]
    assert document["components"][0]["licenses"] == [{"license": {"name": "MIT License"}}]
    assert {one["ref"]: one["dependsOn"] for one in document["dependencies"]} == {
        "pkg:generic/sealtrace@1.0": ["pkg:pypi/alpha@1.0"],
        "pkg:pypi/alpha@1.0": ["pkg:pypi/beta@1.0"],
        "pkg:pypi/beta@1.0": [],
    }


def test_the_bill_is_the_same_for_the_same_wheels_and_another_for_others(tmp_path: Path) -> None:
    """No clock and no chance is in the bill; another wheel gives another serial number."""
    own, wheels = materials(tmp_path)

    first, again, fewer = (bill(own, shown, epoch=EPOCH) for shown in (wheels, wheels, wheels[:1]))

    assert first == again
    assert json.loads(first)["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
    assert json.loads(first)["serialNumber"] != json.loads(fewer)["serialNumber"]

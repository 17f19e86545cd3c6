"""`make dist` and `make sbom`: everything a machine without network needs, in one tar whose bytes can be made again.

Beside the tar lies the verifier, one file for whoever is handed evidence and has no other use for Sealtrace.
"""

import argparse
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from subprocess import CalledProcessError
from tempfile import TemporaryDirectory

from archive import Member, write_tar
from lock import LockError, read_lock
from sbom import bill
from source import Source, SourceError, build_wheel, export, read_source
from verifier import NAME as VERIFIER
from verifier import build_verifier
from wheels import Wheel, fetch, read_wheel, read_wheels

ROOT = Path(__file__).resolve().parent.parent

# What the tar holds beside wheels, under the name it has there.
SHIPPED = {
    "install.sh": "packaging/install.sh",
    "requirements.txt": "requirements.txt",
    "LICENSE": "LICENSE",
    "CHANGELOG.md": "CHANGELOG.md",
    **{f"docs/{name}.md": f"docs/{name}.md" for name in ("operations", "operator-commands", "commands", "desk")},
}
SHIPPED_FOLDERS = {"systemd": "packaging/systemd", "nginx": "packaging/nginx"}


def main() -> None:
    """Build what was asked for; a refusal is one line and exit code 1."""
    options = _options()
    try:
        source = read_source(ROOT)
        with TemporaryDirectory(prefix="sealtrace-dist-") as work:
            written = _build(source, Path(work), options)
    except (LockError, SourceError, OSError, CalledProcessError) as error:
        sys.exit(f"build_dist: {error}")
    for path in written:
        print(f"{sha256(path.read_bytes()).hexdigest()}  {path}")
    if source.changes():
        print(f"uncommitted changes are in it: these are not the bytes of commit {source.commit}", file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Build the offline archive.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="the folder to write into")
    parser.add_argument("--wheels", type=Path, help="a folder that holds the wheels of the lock; nothing is fetched")
    parser.add_argument("--sbom", action="store_true", help="write the bill of materials alone")
    parser.add_argument("--verifier", action="store_true", help=f"write {VERIFIER} alone; no wheel is needed")
    return parser.parse_args()


def _build(source: Source, work: Path, options: argparse.Namespace) -> list[Path]:
    exported, built, fetched = (work / name for name in ("source", "built", "fetched"))
    for folder in (exported, built, fetched, options.output):
        folder.mkdir(parents=True, exist_ok=True)
    export(source, exported)
    verifier = build_verifier(exported)
    if options.verifier:
        return [_write(options.output / VERIFIER, verifier)]
    if options.wheels is None:
        fetch(exported / "requirements.txt", fetched)
    folder = options.wheels or fetched
    wheels = read_wheels(folder, read_lock((exported / "requirements.txt").read_text(encoding="utf-8")))
    own = read_wheel(build_wheel(source, exported=exported, wheels=folder.resolve(), into=built))
    materials = bill(own, wheels, epoch=source.epoch)
    name = f"{own.name}-{own.version}"
    if options.sbom:
        return [_write(options.output / f"{name}.cdx.json", materials)]
    tar = options.output / f"{name}-offline.tar"
    members = _members(exported, own=own, wheels=wheels, materials=materials, commit=source.commit)
    write_tar(tar, folder=f"{name}-offline", members=members, epoch=source.epoch)
    digest = sha256(tar.read_bytes()).hexdigest()
    return [
        tar,
        _write(tar.with_suffix(".tar.sha256"), f"{digest}  {tar.name}\n".encode()),
        _write(options.output / VERIFIER, verifier),
    ]


def _members(
    exported: Path, *, own: Wheel, wheels: Sequence[Wheel], materials: bytes, commit: str
) -> Mapping[str, Member]:
    members = {f"wheels/{wheel.path.name}": Member(data=wheel.path.read_bytes()) for wheel in (own, *wheels)}
    members |= {name: _member(exported / path) for name, path in _shipped(exported).items()}
    members["RELEASE"] = Member(data=_release(own, commit))
    members["NOTICE"] = Member(data=_notice(wheels))
    members["sbom.cdx.json"] = Member(data=materials)
    sums = "".join(f"{sha256(member.data).hexdigest()}  {name}\n" for name, member in sorted(members.items()))
    return {**members, "SHA256SUMS": Member(data=sums.encode())}


def _shipped(exported: Path) -> Mapping[str, str]:
    """Return every shipped file but wheels: its name in the tar, its path in the project."""
    found = dict(SHIPPED)
    for name, folder in SHIPPED_FOLDERS.items():
        found |= {f"{name}/{path.name}": f"{folder}/{path.name}" for path in (exported / folder).iterdir()}
    return found


def _member(path: Path) -> Member:
    return Member(data=path.read_bytes(), executable=bool(path.stat().st_mode & 0o100))


def _release(own: Wheel, commit: str) -> bytes:
    """Return what install.sh has to know, as lines that a shell can read."""
    # SOABI names interpreter, version, machine and C library: wheels for another one would not load.
    built_for = sysconfig.get_config_var("SOABI")
    lines = {"version": own.version, "wheel": own.path.name, "built_for": built_for, "commit": commit}
    return "".join(f"{name}={value}\n" for name, value in lines.items()).encode()


def _notice(wheels: Sequence[Wheel]) -> bytes:
    """Return the notice: whose work this archive carries, and under which licence."""
    head = (
        "Sealtrace, licensed under the Apache License, Version 2.0 (file LICENSE).\n\n"
        "This archive also carries the packages below, each unchanged, in wheels/.\n"
        "Their licence texts are inside the wheels, in *.dist-info.\n\n"
    )
    return (head + "".join(f"{wheel.name} {wheel.version}: {wheel.licence}\n" for wheel in wheels)).encode()


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


if __name__ == "__main__":
    main()

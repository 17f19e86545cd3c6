"""The project's files as git knows them, and the project's own wheel made from them, the same bytes every time."""

import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

_EXECUTABLE = "100755"
_REGULAR = ("100644", _EXECUTABLE)
# A umask of the machine would show in the modes of the wheel's members.
_UMASK = 0o022


class SourceError(ValueError):
    """The folder is not a checkout that a release can be built from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A checkout: the files git tracks (path and whether executable), the last commit and its time."""

    root: Path
    files: tuple[tuple[str, bool], ...]
    commit: str
    epoch: int

    @property
    def version(self) -> str:
        """Return the version that pyproject.toml states."""
        pyproject = tomllib.loads((self.root / "pyproject.toml").read_text(encoding="utf-8"))
        return str(pyproject["project"]["version"])

    def changes(self) -> list[str]:
        """Return the tracked files that differ from the last commit: with any, the bytes are not that commit's."""
        return _git(self.root, "status", "--porcelain", "--untracked-files=no").splitlines()


def read_source(root: Path) -> Source:
    """Return the checkout at `root`; raise SourceError if git does not know it or it tracks more than plain files."""
    try:
        listed = _git(root, "ls-files", "--stage", "-z").split("\0")[:-1]
        commit, epoch = _git(root, "log", "-1", "--format=%H %ct").split()
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        raise SourceError(f"{root} is not a git checkout, and git says which files belong to a release") from error
    modes = [(line.split("\t", 1)[1], line.split(" ", 1)[0]) for line in listed]
    odd = [path for path, mode in modes if mode not in _REGULAR]
    if odd:
        raise SourceError(f"a release holds plain files only, not {odd}")
    files = tuple(sorted((path, mode == _EXECUTABLE) for path, mode in modes))
    return Source(root=root, files=files, commit=commit, epoch=int(epoch))


def export(source: Source, into: Path) -> None:
    """Copy the tracked files, and nothing else that lies in the checkout, with modes that owe nothing to the machine."""
    for path, executable in source.files:
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((source.root / path).read_bytes())
        target.chmod(0o755 if executable else 0o644)


def build_wheel(source: Source, *, exported: Path, wheels: Path, into: Path) -> Path:
    """Return the project's own wheel, built by the locked setuptools out of `wheels` and by no other tool.

    Members are stored, not deflated: two builds of zlib may write different bytes for the same file.
    """
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(into),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        "PIP_CONFIG_FILE": "/dev/null",
        "SOURCE_DATE_EPOCH": str(source.epoch),
    }
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-cache-dir", "wheel"]
    options = ["--no-deps", "--no-index", f"--find-links={wheels}", f"--wheel-dir={into}"]
    stored = "--config-settings=--build-option=--compression=stored"
    subprocess.run([*command, *options, stored, str(exported)], check=True, env=environ, umask=_UMASK)  # noqa: S603 - pip and our own paths
    (wheel,) = into.glob("*.whl")
    return wheel


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, text=True)  # noqa: S603, S607 - git from PATH, fixed words
    return done.stdout

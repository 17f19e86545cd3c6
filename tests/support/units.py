"""The systemd units of packaging/systemd, as far as they shut a program in and as systemd reads them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "packaging/systemd"


def walls(unit: Path) -> dict[str, list[str]]:
    """Return what a unit gives up: the settings behind the line about dumps."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").split("# Keys stay out")[1].split("[Install]")[0].splitlines()[1:]:
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def unread(unit: Path, folder: Path) -> list[str]:
    """Return what `systemd-analyze verify` cannot read of a unit whose program is not installed here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: the unit was not verified")
    text = re.sub("(?m)^(ExecStart)=.*$", r"\1=/bin/true", unit.read_text(encoding="utf-8"))
    (folder / unit.name).write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(folder / unit.name)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - systemd's own program
    return re.findall(r".*(?:Unknown|Failed to parse).*", done.stderr)

"""What was measured on what: figures without their machine say nothing."""

import os
import platform
import sqlite3
import statistics
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.backends.openssl import backend
from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair

from benchmarks.measure import rate

_CALIBRATION = 2_000
_PACKAGES = ("cryptography", "PyNaCl", "SQLAlchemy", "granian", "Flask")


def describe() -> dict[str, str]:
    """Return the machine, the interpreter and the libraries that do the work."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "sqlite": sqlite3.sqlite_version,
        "openssl": backend.openssl_version_text(),
        **{name: version(name) for name in _PACKAGES},
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "libsodium": f"{_verifications():,.0f} verifications a second on one core (aims were set where it is 18,300)",
    }


def _verifications() -> float:
    """Return how many short messages libsodium verifies a second: what tells one machine's speed from another's."""
    public, secret = crypto_sign_seed_keypair(bytes(32))
    signed = crypto_sign(bytes(100), secret)

    def verify() -> int:
        for _ in range(_CALIBRATION):
            crypto_sign_open(signed, public)
        return _CALIBRATION

    return statistics.median(rate(verify) for _ in range(5))


def _processor() -> str:
    named = dict(_fields(Path("/proc/cpuinfo")))
    return named.get("model name", platform.machine())


def _memory() -> str:
    kib = dict(_fields(Path("/proc/meminfo"))).get("MemTotal", "0 kB").split()[0]
    return f"{int(kib) / 2**20:.1f} GiB"


def _fields(path: Path) -> Iterator[tuple[str, str]]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            yield name.strip(), value.strip()

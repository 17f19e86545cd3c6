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
_VERIFICATIONS_A_SECOND = 18_300
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
    }


def speed() -> float:
    """Return how fast the machine is at this moment, where 1 is the quiet machine that the aims were set on.

    It is the rate at which libsodium verifies short messages on one core, by the core's own time: others on the same
    machine slow it down like everything else here.
    """
    public, secret = crypto_sign_seed_keypair(bytes(32))
    signed = crypto_sign(bytes(100), secret)

    def verify() -> int:
        for _ in range(_CALIBRATION):
            crypto_sign_open(signed, public)
        return _CALIBRATION

    return statistics.median(rate(verify) for _ in range(5)) / _VERIFICATIONS_A_SECOND


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

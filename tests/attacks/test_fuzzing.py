"""`make fuzz` works: a target is instrumented, starts from its seeds and ends after its time. Where atheris is there."""

import subprocess
import sys

import pytest

from tests.support.processes import ROOT


def test_a_target_is_fuzzed_for_a_second() -> None:
    """The fuzzer runs a parser thousands of times from what the tests made, and finds nothing."""
    pytest.importorskip("atheris", reason="atheris is not in this environment: `make fuzz` makes one of its own")

    done = subprocess.run(
        [sys.executable, "-m", "fuzz", "1", "ledger.jws.parse_compact"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "stat::number_of_executed_units" in done.stderr

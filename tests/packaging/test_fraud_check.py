"""The stand-alone script and the package judge every proof alike, good and mutated, and share no line."""

import ast
import subprocess
import sys
from pathlib import Path
from time import process_time

import fraud_check
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import LedgerError
from ledger.fraud import verify_fraud
from ledger.fraudform import format_fraud
from ledger.slips import Hit
from tests.support.frauds import CASES, Case, above_ceiling, case, denied_hit

SCRIPT = Path(fraud_check.__file__)


def both(raw: bytes, charters: tuple[bytes, ...]) -> tuple[object, object]:
    """Return what the package and what the script say: whom the proof convicts, or None."""
    try:
        conviction = verify_fraud(raw, charters=charters)
        ours: object = (conviction.kind, conviction.who)
    except LedgerError:
        ours = None
    try:
        theirs: object = fraud_check.check(raw, list(charters))
    except fraud_check.RefusedError:
        theirs = None
    return ours, theirs


@pytest.mark.parametrize("name", CASES)
def test_the_script_convicts_whom_the_package_convicts(name: str) -> None:
    """Every kind of proof means the same to both."""
    found = case(name)
    ours, theirs = both(format_fraud(found.fraud), found.charters)

    assert ours == theirs
    assert ours is not None


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_both_refuse_what_was_mutated(name: str, data: st.DataObject) -> None:
    """Bits flipped, parts cut or doubled: whatever one refuses the other refuses."""
    raw = format_fraud(case(name).fraud)
    start = data.draw(st.integers(0, len(raw) - 1))
    end = data.draw(st.integers(start, min(len(raw), start + 40)))
    filler = data.draw(st.sampled_from([b"", b"A", b"0", b'"', b"null", b",", raw[start : start + 1].swapcase()]))
    changed = raw[:start] + filler + raw[end:]
    ours, theirs = both(changed, case(name).charters)

    assert ours == theirs
    assert changed == raw or ours is None


@pytest.mark.parametrize(
    "found", [lambda: denied_hit(hit=Hit.SILENT), lambda: denied_hit(c="T2")], ids=["silent", "other class"]
)
def test_both_refuse_to_frame(found: object) -> None:
    """What is no fraud is none to either."""
    made = found() if callable(found) else None
    assert isinstance(made, Case)

    assert both(format_fraud(made.fraud), made.charters) == (None, None)


def test_both_ask_for_the_charters_they_need() -> None:
    """A charter that is not named cannot judge, and one too many asks where it stands."""
    found, later = above_ceiling(), above_ceiling(later_charter=True)

    assert both(format_fraud(found.fraud), found.charters[:1]) == (None, None)
    assert both(format_fraud(later.fraud), later.charters[:2]) == (None, None)
    assert both(format_fraud(found.fraud), found.charters * 2) == (None, None)


@pytest.mark.parametrize("name", CASES)
def test_the_script_takes_less_than_50_milliseconds(name: str) -> None:
    """Processor time after the imports, the best of three."""
    found = case(name)
    raw = format_fraud(found.fraud)
    took = []
    for _ in range(3):
        begun = process_time()
        fraud_check.check(raw, list(found.charters))
        took.append(process_time() - begun)

    assert min(took) <= 0.050


def test_the_script_imports_nothing_of_ours() -> None:
    """Two implementations that share code share mistakes."""
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {module.partition(".")[0] for module in modules} <= {*sys.stdlib_module_names, "cryptography", "nacl"}


def test_the_script_runs_alone(tmp_path: Path) -> None:
    """From a folder of its own, with nothing of the project on its path, it prints whom a proof convicts."""
    found = case("fork of two sizes")
    (tmp_path / "proof.json").write_bytes(format_fraud(found.fraud))
    (tmp_path / "charter.json").write_bytes(found.charters[0])
    (tmp_path / "fraud_check.py").write_bytes(SCRIPT.read_bytes())

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "fraud_check.py", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - our script

    good, bad, none = run("proof.json", "charter.json"), run("charter.json", "charter.json"), run()

    assert good.returncode == 0
    assert "convicts     log.test/weapons" in good.stdout
    assert "SHA-256" in good.stdout
    assert bad.returncode == 1
    assert "proves nothing" in bad.stdout
    assert none.returncode == 2

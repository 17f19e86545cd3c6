"""sealtrace-verify.pyz: one file, the same bytes every time, that verifies evidence with the network off."""

import ast
import io
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import verifier

from ledger.bundle import verify_bundle
from ledger.bundlewords import verdict_lines
from ledger.fingerprints import of_file, to_text, to_words
from ledger.fraudform import format_fraud
from tests.support.bundles import bundle_of, first_record, witnessed_consortium
from tests.support.frauds import case
from tests.support.walk import has_namespaces

ROOT = Path(__file__).resolve().parents[2]
# Whoever opens a socket, by whatever library, fails; and pybase64, which a court need not have, cannot be imported.
WITHOUT_SOCKETS = """
import runpy, socket, sys
def refuse(*_args, **_options): raise OSError("the network was used")
socket.socket.__init__ = refuse
socket.getaddrinfo = refuse
sys.modules["pybase64"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@dataclass(frozen=True)
class Court:
    """A folder with the verifier, a bundle, a thin one, a proof of fraud, a charter file; and the anchor."""

    folder: Path
    anchor: str
    words: str

    def run(self, *arguments: str, alone: bool = False) -> subprocess.CompletedProcess[str]:
        """Run the verifier as somebody does who has nothing else of the project; `alone` without any network."""
        blocked = [sys.executable, "-I", "-c", WITHOUT_SOCKETS]
        command = ["unshare", "--net", sys.executable, "-I"] if alone else blocked
        return subprocess.run(  # noqa: S603 - our own file
            [*command, verifier.NAME, *arguments], cwd=self.folder, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Court:
    """Give a folder with what a court is handed."""
    folder = tmp_path_factory.mktemp("court")
    consortium = witnessed_consortium()
    index = first_record(consortium)
    (folder / verifier.NAME).write_bytes(verifier.build_verifier(ROOT))
    (folder / "trace.zip").write_bytes(bundle_of(consortium, index).format())
    (folder / "thin.zip").write_bytes(bundle_of(consortium, index, thin=True).format())
    (folder / "charter.json").write_bytes(consortium.charter_file)
    fraud = case("fork of two sizes")
    (folder / "fraud.json").write_bytes(format_fraud(fraud.fraud))
    (folder / "believed.json").write_bytes(fraud.charters[0])
    fingerprint = of_file(consortium.charter_file)
    return Court(folder=folder, anchor=to_text(fingerprint), words=to_words(fingerprint))


def members() -> dict[str, str]:
    """Return the sources in the verifier."""
    with zipfile.ZipFile(io.BytesIO(verifier.build_verifier(ROOT))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_it_is_the_same_bytes_every_time_and_everywhere(tmp_path: Path) -> None:
    """Nothing of the folder, the clock or the order of files shows in it."""
    copy = tmp_path / "elsewhere"
    for package in (*verifier.PACKAGES, "packaging"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))

    assert verifier.build_verifier(copy) == verifier.build_verifier(ROOT)


def test_it_holds_only_what_verifies() -> None:
    """Only crypto/ and ledger/ are in it, without the keystore, the wire or the log that appends to a store."""
    names = set(members())

    assert {name.partition("/")[0] for name in names} == {"__main__.py", "crypto", "ledger"}
    assert not any(name.startswith("ledger/wire") for name in names)
    assert "crypto/keystore.py" not in names


def test_it_needs_cryptography_and_pynacl_alone() -> None:
    """No third package must be there; pybase64 is used where it is (crypto/codec.py), and the file runs without it below."""
    needed: set[str] = set()
    for source in members().values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                needed |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                needed.add(node.module.partition(".")[0])

    assert needed - set(sys.stdlib_module_names) - set(verifier.PACKAGES) == {"cryptography", "nacl", "pybase64"}


@pytest.mark.parametrize("alone", [False, True], ids=["sockets blocked", "no network at all"])
def test_a_bundle_is_verified_with_the_network_off(court: Court, alone: bool) -> None:  # noqa: FBT001 - a case
    """What the file says is what the package says, with the anchor in either spelling."""
    if alone and not has_namespaces():
        pytest.skip("unshare may not take the network away here")
    done = court.run("bundle", "trace.zip", "--anchor", court.words, alone=alone)
    raw = (court.folder / "trace.zip").read_bytes()
    verdict = verify_bundle(raw, anchor=of_file((court.folder / "charter.json").read_bytes()))

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["✓ verified   trace.zip", *verdict_lines(verdict)]


def test_without_an_anchor_it_exits_4(court: Court) -> None:
    """Consistent is not verified."""
    done = court.run("bundle", "trace.zip")

    assert done.returncode == 4
    assert "ANCHOR NOT CHECKED" in done.stdout


def test_an_anchor_that_begins_with_a_hyphen_is_a_value(court: Court) -> None:
    """One fingerprint in 64 does: it is read as the anchor that it is, and is another log's."""
    done = court.run("bundle", "trace.zip", "--anchor", "-" + to_text(bytes(32))[1:])

    assert done.returncode == 1
    assert "expected one argument" not in done.stderr


def test_a_thin_bundle_needs_the_charter(court: Court) -> None:
    """The file that is left out is named on the command line."""
    bare = court.run("bundle", "thin.zip", "--anchor", court.anchor)
    whole = court.run("bundle", "thin.zip", "--anchor", court.anchor, "--charter", "charter.json", "--json")

    assert bare.returncode == 1
    assert "check bundle/charter" in bare.stderr
    assert whole.returncode == 0
    assert json.loads(whole.stdout)["verdict"] == "VERIFIED"


def test_a_damaged_bundle_names_check_expected_found_and_next_step(court: Court) -> None:
    """A refusal says four things."""
    raw = bytearray((court.folder / "trace.zip").read_bytes())
    raw[300] ^= 8
    (court.folder / "damaged.zip").write_bytes(bytes(raw))
    done = court.run("bundle", "damaged.zip", "--anchor", court.anchor)

    assert done.returncode == 1
    assert "check bundle/container: expected" in done.stderr
    assert "next: " in done.stderr


def test_a_proof_of_fraud_is_checked_too(court: Court) -> None:
    """It prints whom the proof convicts, and the fingerprints of the charters that were believed."""
    done = court.run("fraud", "fraud.json", "--charter", "believed.json")

    assert done.returncode == 0, done.stderr
    assert "convicts     log.test/weapons" in done.stdout
    assert "believed     charter 1: " in done.stdout


def test_a_file_that_is_not_there_is_said(court: Court) -> None:
    """No stack trace for a mistyped name."""
    done = court.run("bundle", "nowhere.zip")

    assert done.returncode == 1
    assert "nowhere.zip cannot be read" in done.stderr


def test_missing_packages_are_named_with_what_to_do(court: Court) -> None:
    """A Python without the two packages is told which are missing and how to get them there."""
    done = subprocess.run(  # noqa: S603 - our own file
        [sys.executable, "-I", "-S", verifier.NAME, "bundle", "trace.zip"],
        cwd=court.folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "pip install cryptography PyNaCl" in done.stderr
    assert sys.executable in done.stderr

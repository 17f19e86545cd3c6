"""The story that `make run` tells, as a person would run it: a process, a folder, a terminal of 80 columns."""

import json
import os
import socket
import stat
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from clients.story import weapon
from clients.story.asking import LIFE
from clients.story.canaries import found_in
from clients.story.cast import EVERYBODY, OUTBOUND, WITNESSES
from clients.story.desks import OPEN
from clients.story.evidence import VERIFIER
from clients.story.splitting import PROOF
from ledger.fraud import verify_fraud
from tests.support.processes import free_port

pytestmark = pytest.mark.slow

ORIGIN = "sealtrace.invalid/demonstration"
PROGRAM = Path(sys.executable).with_name("sealtrace")
MINIMUM_RECORDS = 2_000
MINIMUM_CANARIES = 1_000


def tell(data: Path, port: int) -> subprocess.CompletedProcess[str]:
    """Run the story once."""
    command = [PROGRAM, "demo", "--data", data, "--port", str(port), "--once"]
    environ = {**os.environ, "PYTHONUTF8": "1"}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=900)  # noqa: S603 - our own program


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """One telling, for all tests of this module."""
    if not PROGRAM.exists():
        pytest.skip("the program is not installed beside this Python: run the suite with `make test`")
    data = tmp_path_factory.mktemp("story") / "data"
    return data, tell(data, free_port())


def columns(line: str) -> int:
    """Return how many columns of a terminal a line takes."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in line)


def test_the_story_ends_well_and_without_a_stack_trace(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Every chapter's own check holds, or the command would end with another code."""
    _, done = told

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_the_story_fits_a_terminal_of_80_columns(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """No line wraps, but for the ones that name the folder one chose oneself."""
    data, done = told
    long = [line for line in done.stdout.splitlines() if columns(line) > 80 and str(data) not in line]

    assert long == []


def test_the_story_leaves_what_scripts_rely_on(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Report, database, verifier keys, policy, homes and canaries lie where they are promised."""
    data, _ = told
    report = json.loads((data / "report.json").read_text(encoding="utf-8"))
    keys = (data / "log.vkey").read_text(encoding="utf-8").splitlines()

    assert report["Two agencies share what they hold"]["records"] >= MINIMUM_RECORDS
    assert report["The auditor verifies everything and reads nothing"]["verdict"] == "VERIFIED"
    assert report["The log opens, and four agencies witness it"]["witnesses"] == len(WITNESSES) == 4
    assert (data / "policy").read_bytes().endswith(b"\nquorum witnesses\n")
    assert len(keys) == 2
    assert all((data / "agencies" / member.id / "config.toml").exists() for member in EVERYBODY)
    assert (data / "ledger.sqlite").stat().st_size > 0


def test_four_witnesses_cosign_and_one_of_them_takes_no_connection(
    told: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """Each cosigned what it was shown; the one that asks for it itself has no address at the service."""
    data, done = told
    logs = {one.id: (data / f"witness-{one.id}.log").read_text(encoding="utf-8") for one in WITNESSES}

    assert all('"cosigned"' in text and "Traceback" not in text for text in logs.values())
    assert OUTBOUND.id not in (data / "witnesses.toml").read_text(encoding="utf-8")
    assert "UNWITNESSED" not in done.stdout


def test_the_partner_finds_asks_and_traces(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """One hit that leads on, nothing of the silent record, a case released by two, and a life from its first day."""
    data, done = told
    report = json.loads((data / "report.json").read_text(encoding="utf-8"))
    asked = report["The partner asks whether anybody knows the weapon"]
    released = report["It asks for the case, and two officers release it"]
    traced = report["The trace, from manufacture to recovery"]

    assert report["Matching starts: the charter names its key"]["charter"] == 2
    assert (asked["found"], asked["silent_shown"]) == (2, 0)
    assert (released["officers"], released["released_as"]) == (["A. Abiola", "B. Berg"], "RESTRICTED")
    assert weapon.CASE_NUMBER in done.stdout
    assert (traced["events"], traced["outcome"]) == (LIFE, "diversion")
    assert (data / traced["picture"]).read_text(encoding="utf-8").startswith("<svg")
    assert report["The silent record's owner is told who asked"]["reviewed"] == 1


def test_the_bundle_is_verified_by_the_one_file(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """It lies beside its verifier, and both sizes are reported; nothing but the anchor is needed."""
    data, done = told
    report = json.loads((data / "report.json").read_text(encoding="utf-8"))
    figures = report["A court verifies the record with one file and no network"]

    assert figures["bundle_bytes"] == (data / "record.zip").stat().st_size
    assert figures["verifier_bytes"] == (data / VERIFIER).stat().st_size
    assert "✓ verified   record.zip" in done.stdout


def test_a_fork_convicts_the_log_and_loses_nothing(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """One proof for all, checked by two programs that share no line; what was logged in the fork is logged for everybody."""
    data, done = told
    report = json.loads((data / "report.json").read_text(encoding="utf-8"))
    figures = report["The operator shows one agency another log, and convicts itself"]
    charters = [(data / name).read_bytes() for name in ("charter", "charter.2")]

    assert figures["convicts"] == [ORIGIN]
    assert figures["proof_bytes"] == (data / PROOF).stat().st_size <= 20_000
    assert verify_fraud((data / PROOF).read_bytes(), charters=charters[:1]).who == (ORIGIN,)
    assert done.stdout.count("✓ proved") == 2


def test_a_flipped_byte_is_named_and_healed(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """By the operator's own check and an auditor's mirror: one entry put back, and the database whole."""
    data, done = told
    report = json.loads((data / "report.json").read_text(encoding="utf-8"))
    figures = report["A byte of the operator's database goes bad, and a mirror heals it"]
    tampered = report["Somebody changes one byte of a copy of the database"]

    assert (figures["check"], figures["healed"]) == ("leaf", 1)
    assert figures["index"] == tampered["index"]
    assert f"put back  entries {figures['index']}" in done.stdout


def test_the_desks_of_two_agencies_open(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Each answers at an address of its own and shows a link for its first administrator, which no report keeps."""
    data, done = told
    report = (data / "report.json").read_text(encoding="utf-8")
    figures = json.loads(report)["Two agencies open their desks"]
    links = [line.strip() for line in done.stdout.splitlines() if "/welcome/" in line]

    assert [link.partition("/welcome/")[0] for link in links] == [figures[one.id] for one in OPEN]
    assert len({figures[one.id] for one in OPEN}) == len(OPEN) == 2
    assert "/welcome/" not in report
    assert all(stat.S_IMODE((data / f"desk-{one.id}.link").stat().st_mode) == 0o600 for one in OPEN)


def test_what_was_asked_and_said_is_searched_for_too(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """The words of the message, the purposes of the questions, the case that was released and the serials asked for."""
    data, _ = told
    planted = set((data / "canaries.txt").read_text(encoding="utf-8").splitlines())

    assert {weapon.USE, weapon.PURPOSE, weapon.CASE_NUMBER, weapon.SERIAL, weapon.COVERT_SERIAL} <= planted


def test_none_of_the_planted_values_is_on_the_services_side(
    told: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """What officers wrote stands in no file of the service: database, write-ahead log, log of requests."""
    data, _ = told
    planted = data / "canaries.txt"
    files = [*data.glob("ledger.sqlite*"), data / "service.log", data / "service.json", *data.glob("witness*.log")]

    assert len(planted.read_bytes().splitlines()) >= MINIMUM_CANARIES
    assert found_in(files, planted) == ()


def test_the_search_for_plaintext_finds_what_is_there(
    told: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """A search that found nothing would be worth nothing if it could find nothing."""
    data, _ = told
    planted = data / "canaries.txt"
    first, last = (planted.read_text(encoding="utf-8").splitlines()[at] for at in (0, -1))
    leak = tmp_path / "leak"
    leak.write_bytes(os.urandom(4_096) + first.encode() + bytes(64) + last.encode() + os.urandom(64))

    assert set(found_in([leak], planted)) == {first, last}


def test_the_story_refuses_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    """What somebody else put into a folder is never thrown away."""
    (tmp_path / "thesis.txt").write_text("the only copy", encoding="utf-8")

    done = tell(tmp_path, free_port())

    assert done.returncode == 1
    assert "holds other files" in done.stderr
    assert (tmp_path / "thesis.txt").exists()


def test_the_story_refuses_a_port_that_is_taken(tmp_path: Path) -> None:
    """It says so instead of talking to whoever listens there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        done = tell(tmp_path / "data", int(taken.getsockname()[1]))

    assert done.returncode == 1
    assert "is taken by another program" in done.stderr

"""Proofs of fraud are made where a client meets fraud: in an audit, between two checkpoints, out of a witness's files."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from clients.errors import UnreachableError
from clients.evidence import prove_findings
from clients.forks import fork_files, note_of
from clients.transport import Request, Response
from ledger.errors import NotFoundError
from ledger.findings import Finding
from ledger.fingerprints import of_file, to_text
from ledger.fraud import verify_fraud
from ledger.fraudform import format_fraud
from ledger.tiles import TilePath
from ledger.witnessing import AddCheckpoint
from server.config import Config
from tests.support.bundles import WITNESSES, cosigned_by
from tests.support.commands import Result, run_in
from tests.support.consortium import NOW
from tests.support.fakes import FixedClock
from tests.support.frauds import CASES, Case, case, histories
from tests.support.logfiles import Files, publish
from tests.support.loopback import Walk

FOUND = ("two batches", "above a ceiling", "above a ceiling, next charter shown")


class Nowhere:
    """A transport that reaches nobody."""

    def send(self, request: Request, *, limit: int) -> Response:
        """Fail."""
        raise UnreachableError(f"nobody answers {request.path} with {limit} bytes")


def files_of(found: Case) -> Files:
    """Return the open files of the log in which a fraud was found."""
    return publish(found.entries, dict(enumerate(found.charters, start=1)))


def run(folder: Path, *arguments: str) -> Result:
    """Run a command without a home or a network."""
    walk = Walk(folder, Config(data=folder, fingerprint=b""), None, FixedClock(), b"", b"", {})  # type: ignore[arg-type]  # no service
    return run_in(arguments, walk, Nowhere())


def finding(check: str, index: int) -> Finding:
    """Return a finding."""
    return Finding(index=index, check=check, expected="", found="", next_step="")


@pytest.mark.parametrize("name", FOUND)
def test_an_audit_writes_the_proof_of_what_it_finds(name: str, tmp_path: Path) -> None:
    """Beside its report lies a file that convicts the same parties to anybody with the charters."""
    found = case(name)
    folder = files_of(found).write_to(tmp_path / "log")
    anchor = to_text(of_file(found.charters[0]))
    audited = run(
        tmp_path, "audit", "--from", str(folder), "--charter", anchor, "--report", str(tmp_path / "report.json")
    )
    (proof,) = tmp_path.glob("fraud-*.json")
    options = [word for ver in range(1, len(found.charters) + 1) for word in ("--charter", charter(folder, ver))]
    verified = run(tmp_path, "fraud", "verify", str(proof), *options)

    assert audited.code == 1
    assert proof.name in audited.notes
    assert verify_fraud(proof.read_bytes(), charters=found.charters).who == found.who
    assert verified.code == 0
    assert f"convicts     {', '.join(found.who)}" in verified.output


@pytest.mark.parametrize("name", CASES)
def test_a_conviction_fits_a_terminal_of_80_columns(name: str, tmp_path: Path) -> None:
    """No line is longer, no word is lost, and what goes on stands below its own text."""
    found = case(name)
    proof = tmp_path / "fraud.json"
    proof.write_bytes(format_fraud(found.fraud))
    options: list[str] = []
    for number, one in enumerate(found.charters):
        named = tmp_path / f"charter-{number}"
        named.write_bytes(one)
        options += ["--charter", str(named)]
    printed = run(tmp_path, "fraud", "verify", str(proof), *options).output
    conviction = verify_fraud(proof.read_bytes(), charters=found.charters)

    assert max(map(cell_len, printed.splitlines())) <= 80
    assert " ".join(printed.split()).startswith(" ".join(" ".join(conviction.lines()).split()))
    assert {line[:13].strip() for line in printed.splitlines()} <= {"✓ proved", "convicts", "unless", "believed", ""}


def charter(folder: Path, ver: int) -> str:
    """Return where a charter lies among the files of a log."""
    return str(folder / "v1" / "charters" / str(ver))


def test_without_a_report_or_a_home_nothing_is_written(tmp_path: Path) -> None:
    """An audit of a stranger's folder leaves nothing behind that was not asked for."""
    found = case("two batches")
    folder = files_of(found).write_to(tmp_path / "log")
    anchor = to_text(of_file(found.charters[0]))

    assert run(tmp_path, "audit", "--from", str(folder), "--charter", anchor).code == 1
    assert not list(tmp_path.rglob("fraud-*.json"))


def test_findings_that_convict_nobody_make_no_proof() -> None:
    """An honest entry accused of fraud, or a finding of another kind, gives nothing."""
    found = case("above a ceiling")
    files = files_of(found)
    findings = [finding("grant/ceiling", 0), finding("batch/seq", len(found.entries) - 1), finding("leaf", 1)]
    for one in findings:
        made = prove_findings(
            [one],
            note=files.checkpoint(),
            fingerprint=of_file(found.charters[0]),
            files=files,  # type: ignore[arg-type]  # no handover is asked for
            read=files.tile,
        )
        assert made == ()


def test_a_proof_of_what_was_found_is_no_other() -> None:
    """The proof is about the entry that the finding names."""
    found = case("above a ceiling")
    files = files_of(found)
    (made,) = prove_findings(
        [finding("grant/ceiling", 2)],
        note=files.checkpoint(),
        fingerprint=of_file(found.charters[0]),
        files=files,  # type: ignore[arg-type]  # no handover is asked for
        read=files.tile,
    )

    assert verify_fraud(made, charters=found.charters).who == found.who


def larger() -> Files:
    """Return the files of the longer of two histories."""
    consortium, _, second = histories()
    return publish(second.entries, {1: consortium.charter_file})


def test_two_checkpoints_convict_the_log_and_the_witness_that_cosigned_both() -> None:
    """One proof for the log, and one for each witness that broke its word."""
    consortium, first, second = histories()
    one = cosigned_by(first.note(), consortium.charter, WITNESSES[:2], time=NOW)
    other = cosigned_by(second.note(), consortium.charter, WITNESSES[1:], time=NOW)
    proofs = fork_files(one, other, charters=[consortium.charter_file], read=larger().tile)
    convicted = [verify_fraud(proof, charters=[consortium.charter_file]).who for proof in proofs]

    assert convicted == [(consortium.origin,), (consortium.origin, WITNESSES[1])]


def test_what_a_witness_kept_makes_the_proof() -> None:
    """The request that it refused, and the checkpoint it had cosigned, are enough where their sizes are the same."""
    consortium, first, second = histories()
    size = len(first.entries)
    request = AddCheckpoint(old=size, checkpoint=second.note(size)).format()
    held = cosigned_by(first.note(), consortium.charter, WITNESSES[:1])

    def nothing(_path: TilePath) -> bytes:
        raise NotFoundError("no tile is needed")

    proofs = fork_files(note_of(held), note_of(request), charters=[consortium.charter_file], read=nothing)

    assert [verify_fraud(one, charters=[consortium.charter_file]).kind for one in proofs] == ["fork"]


def test_nothing_is_made_of_notes_that_agree_or_tiles_that_are_withheld() -> None:
    """No proof and no error: what was kept speaks for itself."""
    consortium, first, second = histories()

    def withheld(_path: TilePath) -> bytes:
        raise UnreachableError("the service does not answer")

    charters = [consortium.charter_file]
    assert fork_files(second.note(4), second.note(), charters=charters, read=larger().tile) == ()
    assert fork_files(first.note(), second.note(), charters=charters, read=withheld) == ()
    assert fork_files(b"", second.note(), charters=charters, read=withheld) == ()
    assert fork_files(first.note(), b"", charters=charters, read=withheld) == ()
    assert fork_files(first.note(), second.note(), charters=[], read=withheld) == ()


def test_fraud_verify_needs_a_charter_to_believe(tmp_path: Path) -> None:
    """Without a home or a charter file nobody can be convicted: wrong usage, said so."""
    (tmp_path / "proof.json").write_bytes(b"{}")
    result = run(tmp_path, "fraud", "verify", str(tmp_path / "proof.json"))

    assert result.code == 2
    assert "no charter to believe" in result.notes


def test_fraud_verify_refuses_what_proves_nothing(tmp_path: Path) -> None:
    """Exit 1, and the check that failed."""
    found = case("two batches")
    (tmp_path / "proof.json").write_bytes(b'{"typ":"sealtrace/v1/fraud","kind":"fork"}')
    (tmp_path / "charter.json").write_bytes(found.charters[0])
    result = run(tmp_path, "fraud", "verify", str(tmp_path / "proof.json"), "--charter", str(tmp_path / "charter.json"))

    assert result.code == 1

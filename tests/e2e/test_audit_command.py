"""`sealtrace audit` as an auditor types it: depths, an earlier checkpoint, reports, and a folder that is not whole."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger import fingerprints
from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.merkle import leaf_hash
from tests.e2e.test_commands import LIST, MAP, checkpoint_size, mirror, submit
from tests.support.commands import Result, command
from tests.support.loopback import ORIGIN, Walk, found_consortium


@dataclass(frozen=True)
class Stage:
    """A log with a list in it, a mirror of it, and a checkpoint from before the list."""

    walk: Walk
    folder: Path
    before: Path

    def audit(self, *options: str, folder: Path | None = None) -> Result:
        """Audit the mirror without a home."""
        words = fingerprints.to_words(self.walk.fingerprint)
        return command(self.walk, "audit", "--from", str(folder or self.folder), "--charter", words, *options)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Give two agencies around a real service, with a list submitted and everything fetched."""
    walk = found_consortium(tmp_path_factory.mktemp("audited"), "xar-arms", "xbe-cib", auditor="xau-dit")
    before = walk.folder / "before"
    before.write_bytes((mirror(walk) / "checkpoint").read_bytes())
    (walk.folder / "march.toml").write_text(MAP, encoding="utf-8")
    path = walk.folder / "march.csv"
    path.write_text(LIST, encoding="utf-8")
    assert submit(walk, path).code == 0
    yield Stage(walk=walk, folder=mirror(walk), before=before)
    walk.close()


@pytest.mark.parametrize(
    ("options", "depth"), [((), "structure"), (("--records",), "records"), (("--deep",), "signatures")]
)
def test_each_option_goes_as_deep_as_it_says(stage: Stage, options: tuple[str, ...], depth: str) -> None:
    """The deepest that is asked for counts, and an unwitnessed log is no success unless it is allowed."""
    found = stage.audit(*options, "--json")

    assert (found.code, found.json["depth"], found.json["verdict"]) == (4, depth, "UNWITNESSED")
    assert found.json["audited"] == found.json["size"] == checkpoint_size(stage.walk)
    assert stage.audit(*options, "--allow-unwitnessed").code == 0


def test_an_audit_since_a_checkpoint_says_so(stage: Stage) -> None:
    """In words and in the report, with the proof that the log still begins with it."""
    found = stage.audit("--deep", "--since", str(stage.before), "--json")
    said = stage.audit("--deep", "--since", str(stage.before)).output

    assert found.json["since"]["size"] == 1
    assert len(found.json["since"]["consistency"]) > 0
    assert "begins with the 1 entry of the earlier checkpoint" in said


def test_both_reports_say_the_same_twice(stage: Stage, tmp_path: Path) -> None:
    """HTML for people, JSON for machines, each the same to the byte when it is made again."""
    written: list[bytes] = []
    for number in range(2):
        for ending in ("html", "json"):
            path = tmp_path / f"report{number}.{ending}"
            assert stage.audit("--deep", "--report", str(path)).code == 4
            written.append(path.read_bytes())

    assert written[:2] == written[2:]
    assert json.loads(written[1])["verdict"] == "UNWITNESSED"
    assert written[0].startswith(b"<!doctype html>")
    assert b"UNWITNESSED" in written[0]


def test_no_report_holds_a_records_content(stage: Stage, tmp_path: Path) -> None:
    """Serials, places and makes that went in are on no page: an audit opens nothing."""
    planted = [value for line in LIST.splitlines()[1:] for value in line.split(";") if len(value) > 5]
    path = tmp_path / "report.html"
    found = stage.audit("--deep", "--report", str(path), "--json")

    assert planted
    assert not [value for value in planted if value in path.read_text(encoding="utf-8") + found.output]


def test_a_report_of_another_kind_is_refused_before_the_work(stage: Stage, tmp_path: Path) -> None:
    """A typing mistake costs no hours."""
    found = stage.audit("--report", str(tmp_path / "report.pdf"))

    assert (found.code, found.output) == (2, "")
    assert "F.html or F.json" in found.notes
    assert "entries audited" not in found.notes


def test_what_a_partial_folder_lacks_is_told(stage: Stage, tmp_path: Path) -> None:
    """By name, with how far the audit came, and the exit code of a failure."""
    size = checkpoint_size(stage.walk)
    for path in ("checkpoint", "v1/charters/1", f"tile/0/000.p/{size}"):
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((stage.folder / path).read_bytes())
    found = stage.audit(folder=tmp_path)

    assert found.code == 1
    assert f"missing in the folder: 1 file\n  tile/entries/000.p/{size}" in found.output
    assert f"could be read up to entry 0 of {size}" in found.output


def test_the_result_is_one_document(stage: Stage) -> None:
    """Whatever else is told goes to standard error; of a log as small as this one nothing is."""
    found = stage.audit("--json")

    assert json.loads(found.output)["audited"] == checkpoint_size(stage.walk)
    assert "entries audited" not in found.notes


def test_an_altered_entry_is_told_in_words(stage: Stage, tmp_path: Path) -> None:
    """Its place, the check, both hashes and the next step; nothing else is blamed."""
    size = checkpoint_size(stage.walk)
    for path in ("checkpoint", "v1/charters/1", f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"):
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((stage.folder / path).read_bytes())
    bundle = tmp_path / "tile/entries/000.p" / str(size)
    raw = bundle.read_bytes()
    first = 2 + int.from_bytes(raw[:2], "big")
    bundle.write_bytes(raw[: first + 2] + b"?" + raw[first + 3 :])
    found = stage.audit("--records", folder=tmp_path)

    assert found.code == 1
    assert found.output.count("✗ entry") == 1
    assert "✗ entry 1: leaf\n  expected" in found.output
    assert "keep both, compare with another copy" in " ".join(found.output.split())


@dataclass(frozen=True)
class Older:
    """A whole copy of the log from before the list, and the newest checkpoint."""

    stage: Stage
    folder: Path
    newest: Path

    def audit(self, *options: str) -> Result:
        """Audit the old copy against the newest checkpoint."""
        return self.stage.audit("--since", str(self.newest), *options, folder=self.folder)


@pytest.fixture
def older(stage: Stage, tmp_path: Path) -> Older:
    """Cut a copy of one entry out of the mirror: a full tile's beginning is the partial tile of then."""
    folder = tmp_path / "old"
    size = checkpoint_size(stage.walk)
    leaves = (stage.folder / f"tile/0/000.p/{size}").read_bytes()
    bundle = (stage.folder / f"tile/entries/000.p/{size}").read_bytes()
    files = {
        "checkpoint": stage.before.read_bytes(),
        "v1/charters/1": (stage.folder / "v1/charters/1").read_bytes(),
        "tile/0/000.p/1": leaves[:32],
        "tile/entries/000.p/1": bundle[: 2 + int.from_bytes(bundle[:2], "big")],
    }
    for name, raw in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)
    return Older(stage=stage, folder=folder, newest=stage.folder / "checkpoint")


def test_an_old_copy_is_stale_and_no_failure(older: Older) -> None:
    """It says how old; with a service to compare with, that it is a true beginning: exit 4, allowed by nothing."""
    size = checkpoint_size(older.stage.walk)
    found = older.audit("--url", "https://ledger.test", "--deep", "--json")
    said = " ".join(older.audit("--url", "https://ledger.test").output.split())

    assert (found.code, found.json["verdict"], found.json["findings"]) == (4, "STALE", [])
    assert (found.json["size"], found.json["behind"]["size"], found.json["behind"]["proved"]) == (1, size, True)
    assert f"older than what you verified: a checkpoint of {size}. It is a true beginning" in said
    assert older.audit("--allow-unwitnessed").code == 4


def test_an_old_copy_alone_cannot_show_that_it_is_a_beginning(older: Older) -> None:
    """Without a tile of the larger tree that is said, and where to get one: exit 4 still."""
    found = older.audit("--json")
    said = " ".join(older.audit().output.split())

    assert (found.code, found.json["verdict"], found.json["behind"]["proved"]) == (4, "STALE", False)
    assert "is not shown" in said
    assert "--url" in said


def test_a_mirror_whose_checkpoint_lags_proves_it_with_its_own_tiles(older: Older) -> None:
    """Tiles come before the checkpoint when a mirror copies: they are enough."""
    size = checkpoint_size(older.stage.walk)
    newer = older.folder / f"tile/0/000.p/{size}"
    newer.write_bytes((older.stage.folder / f"tile/0/000.p/{size}").read_bytes())

    assert older.audit("--json").json["behind"]["proved"] is True


def test_an_old_copy_of_a_fork_is_a_failure(older: Older, stage: Stage) -> None:
    """A copy that the log signed, and that is no beginning of what it signed later, convicts it: exit 1."""
    fork = Checkpoint(origin=ORIGIN, size=1, root=leaf_hash(b"another entry"))
    note = sign_checkpoint(fork, ed25519=stage.walk.keys.ed25519, ml_dsa_44=stage.walk.keys.ml_dsa_44)
    (older.folder / "checkpoint").write_bytes(note)
    (older.folder / "tile/0/000.p/1").write_bytes(fork.root)
    found = older.audit("--url", "https://ledger.test", "--json")

    assert (found.code, found.json["verdict"]) == (1, "FAILED")
    assert found.json["findings"][0]["check"] == "consistency"


def test_a_stale_report_says_so_on_its_page(older: Older, tmp_path: Path) -> None:
    """The page and the file give the same verdict as the terminal."""
    page, file = tmp_path / "report.html", tmp_path / "report.json"
    for path in (page, file):
        assert older.audit("--report", str(path)).code == 4

    assert "STALE" in page.read_text(encoding="utf-8")
    assert "UNWITNESSED" not in page.read_text(encoding="utf-8").split("</style>")[1]
    assert json.loads(file.read_text(encoding="utf-8"))["verdict"] == "STALE"

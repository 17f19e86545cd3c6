"""An audit over files: what a mirror lacks is named, what was altered never passes, the same log gives the same result."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients import auditreport
from clients.auditing import Audit, Earlier, audit
from clients.sources import FolderLog
from crypto.encoding import unb64
from ledger.audit import Verdict
from ledger.errors import LedgerError, NotFoundError
from ledger.findings import Finding
from ledger.fingerprints import of_file
from ledger.merkle import leaf_hash, verify_consistency, verify_inclusion
from ledger.submissions import Depth
from tests.support.consortium import Consortium, agency_ids, make_consortium
from tests.support.logfiles import Files, checkpoint_of, publish, publish_log

A, B, C = agency_ids(3)
EARLIER = 40


@cache
def _consortium() -> Consortium:
    """Return a log of more than two bundles."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    record = consortium.record(A)
    consortium.submit(A, [record, *(consortium.record(A) for _ in range(34))])
    for _ in range(3):
        consortium.submit(A, [consortium.record(A) for _ in range(160)])
    return consortium


def _entries() -> list[bytes]:
    consortium = _consortium()
    return list(consortium.store.entries(0, consortium.state.size))


@cache
def _files() -> Files:
    return publish_log(_consortium())


def _audit(files: Files | FolderLog, depth: Depth = Depth.STRUCTURE, **options: Any) -> Audit:
    return audit(
        files,
        fingerprint=of_file(_consortium().charter_file),
        depth=depth,
        progress=lambda _done, _all: None,
        earlier=Earlier(**options),
    )


def _only(done: Audit) -> Finding:
    (finding,) = done.report.findings
    return finding


@pytest.mark.parametrize("depth", list(Depth))
def test_the_same_audit_twice_gives_the_same_result(depth: Depth, tmp_path: Path) -> None:
    """From memory and from a folder, to the last byte of the report: an audit depends on the log alone."""
    folder = FolderLog(_files().write_to(tmp_path))
    first, second = _audit(_files(), depth), _audit(folder, depth)

    assert first == second
    assert json.dumps(auditreport.to_json(first)) == json.dumps(auditreport.to_json(second))
    assert (first.report.verdict, first.report.size) == (Verdict.UNWITNESSED, len(_entries()))


def test_progress_is_told_up_to_the_end() -> None:
    """Each bundle moves it on, and the last call says that all is done."""
    told: list[tuple[int, int]] = []
    audit(
        _files(),
        fingerprint=of_file(_consortium().charter_file),
        depth=Depth.STRUCTURE,
        progress=lambda done, total: told.append((done, total)),
    )

    assert told == [(256, len(_entries())), (512, len(_entries())), (len(_entries()), len(_entries()))]


# Against an earlier checkpoint.


def test_an_earlier_checkpoint_is_proved_in_the_report() -> None:
    """Whoever holds the two checkpoints can verify the proof in the JSON without a tile."""
    done = _audit(_files(), Depth.SIGNATURES, since=checkpoint_of(_entries()[:EARLIER]))
    assert done.since is not None
    said = auditreport.to_json(done)["since"]
    assert isinstance(said, Mapping)
    proof = said["consistency"]
    assert isinstance(proof, list)

    assert (done.report.verdict, done.report.since, said["size"]) == (Verdict.UNWITNESSED, EARLIER, EARLIER)
    verify_consistency(
        size1=EARLIER,
        size2=done.checkpoint.size,
        root1=bytes.fromhex(str(said["root"])),
        root2=done.checkpoint.root,
        proof=[unb64(str(node)) for node in proof],
    )


@pytest.mark.parametrize("option", ["since", "known"])
def test_a_log_that_was_rewritten_is_convicted(option: str) -> None:
    """Both checkpoints carry the log's signatures and cannot both be true."""
    other = [*_entries()[: EARLIER - 1], b"what it said before"]
    done = _audit(_files(), **{option: checkpoint_of(other)})

    assert _only(done).check == "consistency"
    assert "Keep both checkpoints" in _only(done).next_step
    assert done.report.verdict is Verdict.FAILED


@pytest.mark.parametrize("option", ["since", "known"])
def test_a_rolled_back_log_is_convicted(option: str) -> None:
    """A log never becomes shorter."""
    done = _audit(_files(), **{option: checkpoint_of([*_entries(), b"one more"])})

    assert (_only(done).check, _only(done).found) == ("consistency", f"{len(_entries()):,}")


@pytest.mark.parametrize("option", ["since", "known"])
def test_a_copy_that_is_older_is_stale(option: str) -> None:
    """A copy grows old; it fails nothing, is verified from its first entry, and claims no earlier audit."""
    done = _audit(_files(), copied=True, **{option: checkpoint_of([*_entries(), b"one more"])})

    assert (done.is_stale, done.report.findings, done.report.since, done.since) == (True, (), 0, None)
    assert done.behind is not None
    assert (done.behind.checkpoint.size, done.behind.proved) == (len(_entries()) + 1, False)


def test_a_copy_of_one_size_with_another_root_is_convicted() -> None:
    """Of two trees of one size one is a fork: no copy is excused from that."""
    done = _audit(_files(), copied=True, known=checkpoint_of([*_entries()[:-1], b"another"]))

    assert _only(done).check == "consistency"
    assert not done.is_stale


def test_an_earlier_checkpoint_by_another_log_is_refused() -> None:
    """What the log's keys did not sign proves nothing for or against it."""
    note = checkpoint_of(_entries()[:EARLIER])
    for other in (note.replace(b"log.test/weapons", b"other.test/weapons"), note[:-20] + b"A" * 19 + b"\n", b"?"):
        with pytest.raises(LedgerError):
            _audit(_files(), since=other)


def test_the_whole_log_may_have_been_audited_before() -> None:
    """Nothing new is no fault; the proof is empty, the roots are equal."""
    done = _audit(_files(), Depth.SIGNATURES, since=checkpoint_of(_entries()))

    assert done.since is not None
    assert (done.since.proof, done.report.verdict) == ((), Verdict.UNWITNESSED)


# A folder that is not whole.

_PARTS = sorted(path for path in publish([b"x"] * 550, {}).by_path if path.startswith("tile"))


def test_the_files_of_these_tests_are_those_of_the_log() -> None:
    """The names that are taken away below exist."""
    assert [path for path in sorted(_files().by_path) if path.startswith("tile/entries")] == [
        "tile/entries/000",
        "tile/entries/001",
        f"tile/entries/002.p/{len(_entries()) - 512}",
    ]


@pytest.mark.parametrize(
    "path", ["tile/entries/000", "tile/entries/001", "tile/entries/002", "tile/0/001", "tile/0/000"]
)
def test_a_missing_file_is_named(path: str, tmp_path: Path) -> None:
    """The finding names the file by the one path the log has it under, and where the audit had to stop."""
    (name,) = [one for one in _files().by_path if one.startswith(path)]
    folder = FolderLog(_files().changed({name: None}).write_to(tmp_path))
    done = _audit(folder)

    assert _only(done).check == "read"
    assert _only(done).found == f"{name} is missing"
    assert _only(done).index == done.report.size == int(path[-3:]) * 256
    assert list(folder.missing(done.checkpoint.size)) == [name]
    assert "could be read up to entry" in auditreport.verdict_in_words(done)


def test_everything_that_is_missing_is_listed(tmp_path: Path) -> None:
    """Not only what stopped the audit: a person fetches all of it at once."""
    gone = [path for path in _files().by_path if path.startswith("tile/")][1:4]
    folder = FolderLog(_files().changed(dict.fromkeys(gone)).write_to(tmp_path))

    assert sorted(folder.missing(len(_entries()))) == sorted(gone)


def test_a_full_tile_stands_in_for_a_partial_one(tmp_path: Path) -> None:
    """A mirror of a longer log has dropped the partial tiles of this checkpoint, and lacks nothing."""
    longer = publish([*_entries(), *(b"later %d" % number for number in range(512))], _consortium().files)
    partial = [path for path in _files().by_path if ".p/" in path and ("tile/0" in path or "entries" in path)]
    kept = dict.fromkeys(partial)
    full = {path.partition(".p")[0]: longer.by_path[path.partition(".p")[0]] for path in partial}
    files = _files().changed({**kept, **full})
    folder = FolderLog(files.write_to(tmp_path))

    assert list(folder.missing(len(_entries()))) == []
    assert _audit(folder).report.verdict is Verdict.UNWITNESSED


@pytest.mark.parametrize("path", ["checkpoint", "v1/charters/1"])
def test_without_checkpoint_or_charter_there_is_no_audit(path: str, tmp_path: Path) -> None:
    """The error says which of the two is not in the folder."""
    with pytest.raises(NotFoundError, match=f"{path} is not in this folder"):
        _audit(FolderLog(_files().changed({path: None}).write_to(tmp_path)))


# Files that were altered.


@given(data=st.data())
def test_no_altered_byte_of_any_file_passes(data: st.DataObject) -> None:
    """Whatever byte of whatever file is changed, the log is not believed: a finding or a refusal, never a verdict."""
    files = _files()
    path = data.draw(st.sampled_from(sorted(files.by_path)))
    raw = files.by_path[path]
    at = data.draw(st.integers(0, len(raw) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[at]))
    changed = files.changed({path: raw[:at] + bytes([byte]) + raw[at + 1 :]})
    try:
        done = _audit(changed)
    except LedgerError:
        return

    assert done.report.verdict is Verdict.FAILED
    assert done.report.findings


@given(data=st.data())
def test_no_truncated_or_longer_file_passes(data: st.DataObject) -> None:
    """A file cut short, a partial tile too, or with anything behind it."""
    files = _files()
    path = data.draw(st.sampled_from(sorted(files.by_path)))
    raw = files.by_path[path]
    cut = data.draw(st.one_of(st.integers(0, len(raw) - 1).map(lambda end: raw[:end]), st.just(raw + b"\0")))
    try:
        done = _audit(files.changed({path: cut}))
    except LedgerError:
        return

    assert done.report.verdict is Verdict.FAILED


def test_swapped_files_do_not_pass() -> None:
    """Two tiles, two bundles, or a tile and a bundle in each other's place."""
    files = _files()
    for one in _PARTS:
        one_path = next(path for path in files.by_path if path.startswith(one.partition(".p")[0]))
        for other_path in files.by_path:
            if other_path != one_path and other_path.startswith("tile"):
                swapped = {one_path: files.by_path[other_path], other_path: files.by_path[one_path]}

                assert _audit(files.changed(swapped)).report.verdict is Verdict.FAILED


def test_leaf_hashes_that_follow_altered_entries_do_not_pass() -> None:
    """An operator that changes an entry and its leaf alike has no signed root over both."""
    entries = _entries()
    entries[300] = b"another entry"
    other = publish(entries, _consortium().files)
    done = _audit(other.changed({"checkpoint": _files().by_path["checkpoint"]}))

    assert _only(done).check == "read"


def test_a_finding_carries_the_proof_that_the_log_signed_for_the_entry() -> None:
    """Whoever is shown the report can verify it against the checkpoint in it, without a tile."""
    entries = _entries()
    entries[30] = b"stray"
    done = _audit(publish(entries, _consortium().files))
    first = done.report.findings[0]
    said: Any = auditreport.to_json(done)["findings"]

    assert (first.check, first.index) == ("form", 30)
    verify_inclusion(
        leaf=leaf_hash(entries[30]),
        index=30,
        size=done.checkpoint.size,
        proof=[unb64(node) for node in said[0]["inclusion"]],
        root=done.checkpoint.root,
    )

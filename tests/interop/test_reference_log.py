"""Sealtrace's log read by the Go reference code: golang.org/x/mod/sumdb and transparency-dev's merkle and formats."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from crypto.encoding import b64
from ledger.merkle import leaf_hash, root_of
from ledger.proofs import TlogProof
from ledger.tileproofs import consistency_proof, inclusion_proof
from tests.support.consortium import ORIGIN, log_keys
from tests.support.logfiles import Files, publish

SIZES = (1, 2, 255, 256, 257, 600)


def entries(count: int) -> list[bytes]:
    """Return so many entries of several lengths, the longest allowed among them."""
    return [f"entry {index} ".encode() * (1 + index % 7) for index in range(count - 1)] + [b"x" * 65_535]


def write(folder: Path, listed: Sequence[bytes]) -> Path:
    """Write a log's files below a folder, with a proof that travels for some entries and consistency proofs."""
    files = publish(listed, {})
    files.write_to(folder)
    (folder / "origin").write_text(f"{ORIGIN}\n", encoding="ascii")
    (folder / "vkeys").write_text("".join(f"{key.format()}\n" for key in log_keys().vkeys), encoding="ascii")
    (folder / "proofs").mkdir()
    size = len(listed)
    for index in sorted({0, size // 2, size - 1}):
        hashes = inclusion_proof(index=index, size=size, read=files.tile)
        proof = TlogProof(index=index, hashes=hashes, checkpoint=files.checkpoint(), extra=b"of no weight")
        (folder / f"proofs/{index}.tlog-proof").write_bytes(proof.format())
        (folder / f"proofs/{index}.entry").write_bytes(listed[index])
    (folder / "consistency.json").write_text(json.dumps(steps(listed, files)), encoding="ascii")
    return folder


def steps(listed: Sequence[bytes], files: Files) -> list[dict[str, Any]]:
    """Return our consistency proofs from some earlier sizes to the whole."""
    leaves = [leaf_hash(entry) for entry in listed]
    size = len(leaves)
    return [
        {
            "size1": earlier,
            "size2": size,
            "root1": b64(root_of(leaves[:earlier])),
            "root2": b64(root_of(leaves)),
            "proof": [b64(one) for one in consistency_proof(size1=earlier, size2=size, read=files.tile)],
        }
        for earlier in sorted({1, size // 3 or 1, size // 2 or 1, size})
    ]


def run(reference: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the reference program."""
    return subprocess.run([str(reference), *arguments], check=False, capture_output=True, text=True)  # noqa: S603 - built by the fixture


@pytest.mark.parametrize("size", SIZES)
def test_the_reference_code_accepts_our_notes_tiles_and_proofs(reference: Path, tmp_path: Path, size: int) -> None:
    """Checkpoint under both keys, every entry, every earlier tree, travelling and consistency proofs: all accepted."""
    folder = write(tmp_path, entries(size))

    done = run(reference, "log", str(folder))

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["size"], found["records"], found["trees"]) == (size, size, size)
    assert found["proofs"] == len({0, size // 2, size - 1})
    assert found["consistency"] == len(steps(entries(size), publish(entries(size), {})))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("checkpoint", "checkpoint"),
        ("tile/0/000", "entry"),
        ("tile/entries/000", "entry"),
        ("tile/0/001.p/44", "entry"),
        ("proofs/0.tlog-proof", "0.tlog-proof"),
        ("proofs/299.entry", "299.tlog-proof"),
    ],
)
def test_the_reference_code_refuses_one_changed_byte(reference: Path, tmp_path: Path, path: str, said: str) -> None:
    """What it accepts it has checked: with one byte changed anywhere it stops there."""
    folder = write(tmp_path, entries(300))
    if path == "proofs/299.entry":
        changed = folder / path
        changed.write_bytes(changed.read_bytes()[:-1] + b"y")
    else:
        changed = folder / path
        raw = bytearray(changed.read_bytes())
        raw[len(raw) // 2] ^= 1
        changed.write_bytes(bytes(raw))

    done = run(reference, "log", str(folder))

    assert done.returncode == 1
    assert said in done.stderr


def test_the_program_says_how_it_is_used(reference: Path) -> None:
    """Without arguments it verifies nothing and says so."""
    assert run(reference).returncode == 1

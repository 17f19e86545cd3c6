"""No published vector of `tlog/` lies unread: what there is, is what the tests beside this one count and judge."""

from collections import Counter
from pathlib import Path

from tests.support.reference import vector_json, vectors

# Each is counted again where it is judged: test_merkle, test_notes, test_tiles, test_proofs, test_witnessing.
SECTIONS = {
    "signed_note.json": {"valid_notes": 2, "invalid_vkeys": 2, "malformed_notes": 6, "malformed_note_hex": 1},
    "tile_paths.json": {"entries_path_for_index": 7, "tile_path": 5, "parse": 19},
    "tlog_proof.json": {"marshal": 3, "reject": 7},
    "witness_add_checkpoint.json": {"cases": 11},
}
MERKLE = {"inclusion": 98, "consistency": 98, "subtreeconsistency": 118, "subtreeinclusion": 204}
TORCHWOOD = {"mldsa44-checkpoint.txt", "mldsa44-vkey.txt"}


def test_every_published_file_of_the_log_formats_is_read() -> None:
    """A file or a section that is added to the published vectors fails here until a test judges it."""
    root = vectors("tlog")
    merkle = Path(root, "merkle/testdata")
    derived = {path.name: sections(path.name) for path in Path(root, "derived").iterdir()}

    assert {path.name for path in root.iterdir()} == {"merkle", "derived", "torchwood"}
    assert dict(Counter(path.relative_to(merkle).parts[0] for path in merkle.rglob("*.json"))) == MERKLE
    assert derived == SECTIONS
    assert {path.name for path in Path(root, "torchwood").iterdir()} == TORCHWOOD
    assert sum(MERKLE.values()) == 518


def sections(name: str) -> dict[str, int]:
    """Return how many cases each list of a file holds."""
    return {key: len(found) for key, found in vector_json(f"tlog/derived/{name}").items() if isinstance(found, list)}

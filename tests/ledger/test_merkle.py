"""The tree of RFC 6962, held against published vectors and against the RFC's own recursive definition."""

import base64
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger import merkle
from ledger.errors import ProofError
from tests.support import rfc6962
from tests.support.reference import vector_json, vectors

SIZES = st.integers(min_value=1, max_value=70)
Case = dict[str, Any]


def b(text: str) -> bytes:
    """Return the bytes that a vector spells in base64."""
    return base64.b64decode(text)


def proof_of(case: Case) -> list[bytes]:
    """Return the proof of a vector; some have none."""
    return [b(line) for line in case["proof"] or []]


def check_inclusion(case: Case) -> None:
    """Judge a vector of the folder `inclusion`."""
    merkle.verify_inclusion(
        leaf=b(case["leafHash"]),
        index=case["leafIdx"],
        size=case["treeSize"],
        proof=proof_of(case),
        root=b(case["root"]),
    )


def check_consistency(case: Case) -> None:
    """Judge a vector of the folder `consistency`."""
    merkle.verify_consistency(
        size1=case["size1"],
        size2=case["size2"],
        root1=b(case["root1"]),
        root2=b(case["root2"]),
        proof=proof_of(case),
    )


def check_subtree_consistency(case: Case) -> None:
    """Judge a vector of the folder `subtreeconsistency`."""
    merkle.verify_subtree(
        start=case["start"],
        end=case["end"],
        size=case["size"],
        node=b(case["root1"]),
        root=b(case["root2"]),
        proof=proof_of(case),
    )


def check_subtree_inclusion(case: Case) -> None:
    """Judge a vector of the folder `subtreeinclusion`: a leaf in a subtree that could stand in a larger tree."""
    start, end = case["start"], case["end"]
    merkle.proof_ranges(start=start, end=end, size=max(end, 0))
    merkle.verify_inclusion(
        leaf=b(case["leafHash"]),
        index=case["leafIdx"] - start,
        size=end - start,
        proof=proof_of(case),
        root=b(case["root"]),
    )


@pytest.mark.parametrize(
    ("folder", "check", "accepted", "refused"),
    [
        ("inclusion", check_inclusion, 6, 92),
        ("consistency", check_consistency, 6, 92),
        ("subtreeconsistency", check_subtree_consistency, 12, 106),
        ("subtreeinclusion", check_subtree_inclusion, 12, 192),
    ],
)
def test_every_published_case_is_judged_as_published(
    folder: str, check: Callable[[Case], None], accepted: int, refused: int
) -> None:
    """All 518 cases of transparency-dev/merkle are judged as they say, 482 of them refused; none is left out."""
    seen: Counter[str] = Counter()

    for name, case in published(folder):
        assert case["wantErr"] is refuses(check, case), name
        seen["refused" if case["wantErr"] else "accepted"] += 1

    assert {"accepted": accepted, "refused": refused} == dict(seen)


def published(folder: str) -> Iterator[tuple[str, Case]]:
    """Yield every case below a folder of the published vectors."""
    root = vectors("tlog/merkle/testdata")
    for path in sorted(Path(root, folder).rglob("*.json")):
        yield str(path), vector_json(str(path.relative_to(root.parents[2])))


def refuses(check: Callable[[Case], None], case: Case) -> bool:
    """Return whether a case is refused, and refused with our own error."""
    try:
        check(case)
    except ProofError:
        return True
    return False


def test_the_hashes_of_the_rfc_are_domain_separated() -> None:
    """A leaf is H(0x00‖entry), a node H(0x01‖l‖r), the empty tree H(): typed in from RFC 6962, 2.1."""
    left, right = b"l" * 32, b"r" * 32

    assert rfc6962.h(b"\0entry") == merkle.leaf_hash(b"entry")
    assert rfc6962.h(b"\1" + left + right) == merkle.node_hash(left, right)
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_eight_leaves_of_certificate_transparency_give_their_published_roots() -> None:
    """The eight test leaves every CT implementation carries give the roots they all publish."""
    entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    hashes = [merkle.leaf_hash(bytes.fromhex(entry)) for entry in entries]
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }

    for size, root in roots.items():
        assert root == merkle.root_of(hashes[:size]).hex()


@given(size=st.integers(min_value=0, max_value=600))
def test_the_root_is_that_of_the_recursive_definition(size: int) -> None:
    """Level by level and the RFC's recursion give one root at every size."""
    hashes = rfc6962.leaves(size)

    assert rfc6962.mth(hashes) == merkle.root_of(hashes)
    assert rfc6962.mth(hashes) == merkle.root_of(list(hashes))


@given(size=st.integers(min_value=0, max_value=300), grown=st.integers(min_value=0, max_value=300))
def test_the_second_way_to_a_root_agrees_with_the_first(size: int, grown: int) -> None:
    """Growing from the peaks of a smaller tree gives the root of the whole, without tiles and without root_of."""
    hashes = rfc6962.leaves(600)[: size + grown]
    peaks, at = [], 0
    for bit in reversed(range(size.bit_length())):
        if size & 1 << bit:
            peaks.append(rfc6962.mth(hashes[at : at + (1 << bit)]))
            at += 1 << bit

    assert rfc6962.mth(hashes) == merkle.root_after(peaks=peaks, size=size, leaves=hashes[size:])


@given(size=SIZES, data=st.data())
def test_peaks_grow_piece_by_piece_to_the_same_root(size: int, data: st.DataObject) -> None:
    """A tree that is grown in two goes has the peaks, and the root, of one that is grown in one."""
    hashes, cut = rfc6962.leaves(size), data.draw(st.integers(min_value=0, max_value=size))
    first = merkle.peaks_after(peaks=(), size=0, leaves=hashes[:cut])
    whole = merkle.peaks_after(peaks=first, size=cut, leaves=hashes[cut:])

    assert merkle.root_of_peaks(first) == rfc6962.mth(hashes[:cut])
    assert whole == merkle.peaks_after(peaks=(), size=0, leaves=hashes)
    assert merkle.root_of_peaks(whole) == rfc6962.mth(hashes)


def test_peaks_of_another_size_are_refused() -> None:
    """A right edge that does not fit its size is never grown from."""
    with pytest.raises(ProofError):
        merkle.root_after(peaks=rfc6962.leaves(1), size=3, leaves=())


@given(size=SIZES, data=st.data())
def test_inclusion_proofs_are_those_of_the_rfc_and_verify(size: int, data: st.DataObject) -> None:
    """The proof over a list is PATH of the RFC, and the verifier takes it."""
    hashes, index = rfc6962.leaves(size), data.draw(st.integers(min_value=0, max_value=size - 1))
    proof = merkle.inclusion_proof_of(hashes, index)

    assert rfc6962.path(index, hashes) == proof
    merkle.verify_inclusion(leaf=hashes[index], index=index, size=size, proof=proof, root=rfc6962.mth(hashes))


@given(size2=SIZES, data=st.data())
def test_consistency_proofs_are_those_of_the_rfc_and_verify(size2: int, data: st.DataObject) -> None:
    """The plan of a proof, filled in from a list, is PROOF of the RFC, and the verifier takes it."""
    hashes, size1 = rfc6962.leaves(size2), data.draw(st.integers(min_value=1, max_value=size2))
    proof = filled(hashes, start=0, end=size1)

    assert rfc6962.proof(size1, hashes) == proof
    merkle.verify_consistency(
        size1=size1, size2=size2, root1=rfc6962.mth(hashes[:size1]), root2=rfc6962.mth(hashes), proof=proof
    )


def filled(hashes: Sequence[bytes], *, start: int, end: int) -> tuple[bytes, ...]:
    """Return the proof whose plan is `proof_ranges`, from a list of leaves."""
    plan = merkle.proof_ranges(start=start, end=end, size=len(hashes))
    return tuple(rfc6962.mth(hashes[part.start : part.stop]) for part in plan)


@st.composite
def subtrees(draw: st.DrawFn) -> tuple[int, int, int]:
    """Draw start, end and size of a subtree."""
    size = draw(SIZES)
    start = draw(st.integers(min_value=0, max_value=size))
    end = draw(st.integers(min_value=start, max_value=size))
    assume(start == end or start % (1 << (end - start - 1).bit_length()) == 0)
    return start, end, size


@given(subtree=subtrees())
def test_every_subtree_is_proved(subtree: tuple[int, int, int]) -> None:
    """Whatever subtree of whatever tree: its proof verifies."""
    start, end, size = subtree
    hashes = rfc6962.leaves(size)

    merkle.verify_subtree(
        start=start,
        end=end,
        size=size,
        node=rfc6962.mth(hashes[start:end]),
        root=rfc6962.mth(hashes),
        proof=filled(hashes, start=start, end=end),
    )


@given(subtree=subtrees(), data=st.data())
def test_any_change_of_a_proof_is_refused(subtree: tuple[int, int, int], data: st.DataObject) -> None:
    """A bit flipped anywhere, a hash missing, added, swapped or cut short: none of it proves anything."""
    start, end, size = subtree
    hashes = rfc6962.leaves(size)
    node, root = rfc6962.mth(hashes[start:end]), rfc6962.mth(hashes)
    proof = list(filled(hashes, start=start, end=end))
    node, root, proof = data.draw(mutations(node, root, proof, empty=start == end))

    with pytest.raises(ProofError):
        merkle.verify_subtree(start=start, end=end, size=size, node=node, root=root, proof=proof)


@st.composite
def mutations(
    draw: st.DrawFn, node: bytes, root: bytes, proof: list[bytes], *, empty: bool
) -> tuple[bytes, bytes, list[bytes]]:
    """Draw one change of a valid proof. The root is not looked at where the subtree is empty."""
    kinds = ["node", "longer"] + ([] if empty else ["root"]) + (["hash", "shorter", "short", "joined"] if proof else [])
    at = draw(st.integers(min_value=0, max_value=max(len(proof) - 1, 0)))
    match draw(st.sampled_from(kinds)):
        case "node":
            node = flipped(draw, node)
        case "root":
            root = flipped(draw, root)
        case "hash":
            proof[at] = flipped(draw, proof[at])
        case "shorter":
            del proof[at]
        case "short":
            proof[at] = proof[at][:31]
        case "joined":
            proof[at] += bytes(32)
        case _:
            proof.insert(at, draw(st.binary(min_size=32, max_size=32)))
    return node, root, proof


def flipped(draw: st.DrawFn, raw: bytes) -> bytes:
    """Return `raw` with one bit flipped."""
    bit = draw(st.integers(min_value=0, max_value=8 * len(raw) - 1))
    return bytes(byte ^ (1 << bit % 8 if number == bit // 8 else 0) for number, byte in enumerate(raw))


@given(size=SIZES, data=st.data())
def test_a_proof_proves_its_own_index_only(size: int, data: st.DataObject) -> None:
    """A proof shown for another place of the same tree is refused."""
    hashes = rfc6962.leaves(size)
    index, other = (data.draw(st.integers(min_value=0, max_value=size - 1)) for _ in range(2))
    assume(index != other)

    with pytest.raises(ProofError):
        merkle.verify_inclusion(
            leaf=hashes[index],
            index=other,
            size=size,
            proof=rfc6962.path(index, hashes),
            root=rfc6962.mth(hashes),
        )


@pytest.mark.parametrize(
    ("start", "end", "size"),
    [(-1, 0, 4), (2, 1, 4), (0, 5, 4), (1, 3, 4), (2, 5, 8), (0, 1, 2**63), (-(2**63), 1, 4)],
)
def test_ranges_that_are_no_subtree_are_neither_proved_nor_verified(start: int, end: int, size: int) -> None:
    """Out of bounds, backwards, unaligned or larger than any log: refused on both sides."""
    with pytest.raises(ProofError):
        merkle.proof_ranges(start=start, end=end, size=size)
    with pytest.raises(ProofError):
        merkle.verify_subtree(start=start, end=end, size=size, node=bytes(32), root=bytes(32), proof=())


def test_a_node_passed_off_as_a_leaf_is_refused() -> None:
    """The second-preimage attack: the two children of a node, joined, are no entry, for leaves hash differently."""
    hashes = rfc6962.leaves(4)
    forged_entry = hashes[0] + hashes[1]

    with pytest.raises(ProofError):
        merkle.verify_inclusion(
            leaf=merkle.leaf_hash(forged_entry),
            index=0,
            size=2,
            proof=(rfc6962.mth(hashes[2:]),),
            root=rfc6962.mth(hashes),
        )


@pytest.mark.parametrize("leaf", [b"", bytes(31), bytes(33), bytes(64)])
def test_a_leaf_or_root_of_another_length_is_no_hash(leaf: bytes) -> None:
    """Leaf and root equal to each other prove nothing if they are no hashes."""
    with pytest.raises(ProofError):
        merkle.verify_inclusion(leaf=leaf, index=0, size=1, proof=(), root=leaf)
    with pytest.raises(ProofError):
        merkle.root_of([leaf])


def test_nothing_is_consistent_with_the_empty_tree_by_proof() -> None:
    """A log that starts over cannot pass off its new tree as a continuation of nothing."""
    with pytest.raises(ProofError):
        merkle.verify_consistency(size1=0, size2=0, root1=merkle.EMPTY_ROOT, root2=merkle.EMPTY_ROOT, proof=())


def test_an_index_outside_the_list_has_no_proof() -> None:
    """Neither a negative index nor the one after the last is taken for a leaf."""
    for index in (-1, 3):
        with pytest.raises(ProofError):
            merkle.inclusion_proof_of(rfc6962.leaves(3), index)


@given(
    start=st.integers(min_value=-2, max_value=2**64),
    length=st.integers(min_value=-2, max_value=2**64),
    size=st.integers(min_value=-2, max_value=2**64),
    proof=st.lists(st.binary(max_size=40), max_size=5),
)
def test_arbitrary_input_raises_only_our_error(start: int, length: int, size: int, proof: list[bytes]) -> None:
    """Whatever numbers and bytes come in, the verifier answers in time and with ProofError."""
    with pytest.raises(ProofError):
        merkle.verify_subtree(start=start, end=start + length, size=size, node=b"n" * 32, root=b"r" * 32, proof=proof)

"""The Merkle tree of RFC 6962, 2.1 and RFC 9162, 2.1, as pure functions over 32-byte hashes.

Inclusion and consistency are two cases of one proof: that the subtree [start, end) lies in the tree of `size`
leaves (draft-ietf-plants-merkle-tree-certs, Subtrees). An inclusion proof is the subtree [index, index + 1), a
consistency proof the subtree [0, size1). So there is one verifier and one plan of a proof here, not two of each.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from crypto.encoding import HASH_BYTES
from ledger.errors import ProofError

EMPTY_ROOT = sha256(b"").digest()
MAX_SIZE = 2**63 - 1
MAX_HASHES = 63  # in the longest proof of a tree of that size


def leaf_hash(entry: bytes) -> bytes:
    """Return H(0x00 ‖ entry) (RFC 6962, 2.1)."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Return the leaf hash of each entry: in one loop, since a call for each takes a tenth of an audit."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return H(0x01 ‖ left ‖ right) (RFC 6962, 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return MTH over leaf hashes (RFC 6962, 2.1).

    Level by level, a last node without a sibling moves up as it is: the same tree as the definition's split at
    the largest power of two, at 1.6 million leaves a second instead of a third of that with recursion.
    """
    check_hashes(leaves)
    level = leaves
    while len(level) > 1:
        pairs = iter(level)
        above = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
        level = above if len(level) % 2 == 0 else [*above, level[-1]]
    return level[0] if level else EMPTY_ROOT


def root_after(*, peaks: Sequence[bytes], size: int, leaves: Iterable[bytes]) -> bytes:
    """Return the root of the tree that grows from `size` leaves by `leaves`.

    `peaks` are the roots of the perfect subtrees that `size` consists of, largest first. This is the second way
    to the same root: it knows no tiles and shares no code with `root_of`, so that a fault in one shows.
    """
    return root_of_peaks(peaks_after(peaks=peaks, size=size, leaves=leaves))


def root_of_peaks(peaks: Sequence[bytes]) -> bytes:
    """Return the root over the peaks of a tree, largest first."""
    stack = list(peaks)
    while len(stack) > 1:
        right = stack.pop()
        stack[-1] = node_hash(stack[-1], right)
    return stack[0] if stack else EMPTY_ROOT


def peaks_after(*, peaks: Sequence[bytes], size: int, leaves: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the peaks of the tree that grows from `size` leaves by `leaves`: from there on it can grow further.

    Raises ProofError for peaks of another size.
    """
    if len(peaks) != size.bit_count():
        raise ProofError("the peaks do not belong to a tree of this size")
    stack = list(peaks)
    for number, leaf in enumerate(leaves, start=size + 1):
        stack.append(leaf)
        for _ in range((number & -number).bit_length() - 1):
            right = stack.pop()
            stack[-1] = node_hash(stack[-1], right)
    return tuple(stack)


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise ProofError unless the leaf hash is at `index` under `root` (RFC 9162, 2.1.3.2)."""
    check_hashes((leaf, root))
    verify_subtree(start=index, end=index + 1, size=size, node=leaf, root=root, proof=proof)


def verify_consistency(*, size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    """Raise ProofError unless the tree of `size2` leaves begins with the tree of `size1` (RFC 9162, 2.1.4.2).

    Nothing is consistent with the empty tree by proof: who starts from nothing must say so, not prove it.
    """
    if size1 == 0:
        raise ProofError("a consistency proof from the empty tree proves nothing")
    verify_subtree(start=0, end=size1, size=size2, node=root1, root=root2, proof=proof)


def verify_subtree(  # noqa: PLR0913 - the six values of the draft, all by name
    *, start: int, end: int, size: int, node: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise ProofError unless `node` is the root of leaves [start, end) in the tree under `root`.

    draft-ietf-plants-merkle-tree-certs, Verifying a Subtree Consistency Proof; the names are the draft's: `fn`,
    `sn` and `tn` are the paths of the first and last leaf of the subtree and of the last leaf of the tree, `fr`
    and `sr` the roots built of the subtree and of the tree.
    """
    check_subtree(start=start, end=end, size=size)
    if start == end:
        _require(not proof and node == EMPTY_ROOT)
        return
    check_hashes(proof)  # with these exact, a node or root of another length can equal nothing but itself
    fn, sn, tn = start, end - 1, size - 1
    while fn != sn and (sn == tn or sn & 1):
        fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
    # A subtree that is not perfect has no node of its own in the tree: the proof starts with the last one that has.
    fr = sr = node if fn == sn else _first(proof)
    for sibling in proof if fn == sn else proof[1:]:
        _require(tn > 0)
        if sn & 1 or sn == tn:
            fr = node_hash(sibling, fr) if fn < sn else fr
            sr = node_hash(sibling, sr)
            while not sn & 1:
                fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
        else:
            sr = node_hash(sr, sibling)
        fn, sn, tn = fn >> 1, sn >> 1, tn >> 1
    _require(tn == 0 and fr == node and sr == root)


def proof_ranges(*, start: int, end: int, size: int) -> tuple[range, ...]:
    """Return the ranges of leaves whose roots, in this order, prove the subtree [start, end) in a tree of `size`.

    This is SUBTREE_PROOF of the draft; with start 0 it is PROOF (RFC 9162, 2.1.4.1), with end = start + 1 it is
    PATH (2.1.3.1). Every range is the whole of a subtree, so that a list and a tiled log can both answer it.
    """
    check_subtree(start=start, end=end, size=size)
    siblings: list[range] = []
    low, high, known = 0, size, True
    while start < end and (start, end) != (low, high):
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        if end <= middle:
            siblings.append(range(middle, high))
            high = middle
        else:
            siblings.append(range(low, middle))
            known = known and start >= middle
            start = max(start, middle)
            low = middle
    own = [] if known else [range(start, end)]
    return (*own, *reversed(siblings))


def inclusion_proof_of(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the inclusion proof of `index` in the tree over a list of leaf hashes, the leaf's sibling first."""
    ranges = proof_ranges(start=index, end=index + 1, size=len(leaves))
    return tuple(root_of(leaves[part.start : part.stop]) for part in ranges)


def check_hashes(hashes: Iterable[bytes]) -> None:
    """Raise ProofError unless every hash has 32 bytes: a longer one could pass for a leaf and its path."""
    if not {HASH_BYTES}.issuperset(map(len, hashes)):
        raise ProofError("a hash in a Merkle tree has 32 bytes")


def check_subtree(*, start: int, end: int, size: int) -> None:
    """Raise ProofError unless [start, end) is a subtree of a tree of `size` leaves (the draft, Subtrees)."""
    if not 0 <= start <= end <= size <= MAX_SIZE:
        raise ProofError("not a range of leaves of this tree")
    if start < end and start % (1 << (end - start - 1).bit_length()):
        raise ProofError("this range of leaves is no subtree")


def _first(proof: Sequence[bytes]) -> bytes:
    _require(len(proof) > 0)
    return proof[0]


def _require(holds: bool) -> None:  # noqa: FBT001 - the condition is the whole argument
    if not holds:
        raise ProofError("the proof does not lead to this root")

"""Handovers: a log whose signing keys change is one log only if the old keys say so (docs/protocol.md, 8)."""

from dataclasses import replace

import pytest

from crypto.signing import Algorithm
from ledger.charter import Charter
from ledger.checkpoints import claimed_size, cosigned, open_checkpoint, vkey
from ledger.errors import BadSignatureError, DuplicateError, MalformedError, NotFoundError, ProofError
from ledger.handover import judge_of, needs_handover, verify_handover
from ledger.identifiers import KeyId
from ledger.log import Log
from ledger.terms import LogKeys
from ledger.treestate import TreeState
from ledger.verifiedtree import VerifiedTree
from tests.support.consortium import ORIGIN, Consortium, log_keys, make_consortium, make_log, sign_by, signer
from tests.support.fakes import MemoryStore

PAIR = (Algorithm.ED25519, Algorithm.ML_DSA_44)


def keys_of(name: str, *, answer: int = 2) -> LogKeys:
    """Return the keys of a generation of the log."""
    return LogKeys(
        vkeys=tuple(vkey(ORIGIN, signer(f"log {name}", one).public_key) for one in PAIR),
        access=tuple(vkey(f"{ORIGIN}/access", signer(f"access {name}", one).public_key) for one in PAIR),
        answer_kid=KeyId("log", answer),
        answer_key=signer(f"answer {name}", Algorithm.ED25519).public_key.raw,
    )


def log_of(store: MemoryStore, name: str) -> Log:
    """Return the log as a generation of its keys signs it."""
    ed25519, ml_dsa_44 = (signer(f"log {name}", one) for one in PAIR)
    return Log(store=store, origin=ORIGIN, ed25519=ed25519, ml_dsa_44=ml_dsa_44)


def propose(consortium: Consortium, keys: LogKeys) -> tuple[Charter, bytes]:
    """Return the next charter, under other keys of the log, signed by everybody."""
    charter = consortium.next_charter(log=keys)
    return charter, sign_by(charter, consortium.current.agencies, previous=consortium.current)


def tree(text: str, size: int) -> TreeState:
    """Return a tree of `size` invented leaves."""
    return TreeState.empty().append([text.encode().ljust(32, b"-")[:32]] * size)[0]


class Tree:
    """A verified tree whose every root is the same."""

    def __init__(self, state: TreeState) -> None:
        """Take the state whose root it shows."""
        self.state = state

    def root_at(self, _size1: int) -> bytes:
        """Return the root."""
        return self.state.root()


def both(store: MemoryStore, state: TreeState) -> bytes:
    """Return a checkpoint signed by the first and the second generation."""
    return cosigned(make_log(store).sign(state), log_of(store, "second").sign(state))


def test_the_last_charter_in_the_tree_judges() -> None:
    """A charter counts for a checkpoint that holds it, and for none before."""
    consortium = make_consortium(3)
    first = consortium.current
    second = consortium.next_charter(url="https://elsewhere.test")
    charters = [(0, first), (7, second)]

    assert [judge_of(charters, size) for size in (1, 7, 8, 100)] == [first, first, second, second]


def test_an_empty_log_has_no_judge() -> None:
    """Before the first charter nobody can say whose checkpoint it is."""
    with pytest.raises(NotFoundError):
        judge_of([(0, make_consortium(3).current)], 0)


def test_only_other_log_keys_need_a_handover() -> None:
    """A charter that changes members, url or the answer key leaves checkpoints judged as before."""
    current = make_consortium(3).current

    assert needs_handover(replace(current, log=keys_of("second")), current)
    assert not needs_handover(replace(current, log=replace(keys_of("second"), vkeys=current.log.vkeys)), current)
    assert not needs_handover(replace(current, url="https://elsewhere.test"), current)


def test_a_handover_satisfies_both_charters() -> None:
    """The checkpoint that first holds the charter opens under the old keys and under the new."""
    store, state = MemoryStore(), tree("a", 9)
    current = make_consortium(3).current
    charter = replace(current, log=keys_of("second"))

    checkpoint = verify_handover(both(store, state), index=8, charter=charter, previous=current, tree=Tree(state))

    assert (checkpoint.size, checkpoint.root) == (9, state.root())


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_handover_by_one_side_alone_is_refused(name: str) -> None:
    """Old keys alone hand over to nobody; new keys alone are whoever made them."""
    store, state = MemoryStore(), tree("a", 9)
    current = make_consortium(3).current
    charter = replace(current, log=keys_of("second"))
    note = make_log(store).sign(state) if name == "first" else log_of(store, "second").sign(state)

    with pytest.raises(BadSignatureError):
        verify_handover(note, index=8, charter=charter, previous=current, tree=Tree(state))


def test_a_handover_that_does_not_hold_the_charter_is_refused() -> None:
    """Old keys that vouch for the tree before the charter say nothing about it."""
    store, state = MemoryStore(), tree("a", 8)
    current = make_consortium(3).current
    charter = replace(current, log=keys_of("second"))

    with pytest.raises(ProofError, match="does not hold"):
        verify_handover(both(store, state), index=8, charter=charter, previous=current, tree=Tree(state))


def test_a_handover_of_another_tree_is_refused() -> None:
    """The old keys' last word must be about the log that goes on, not about a twin of it."""
    store = MemoryStore()
    current = make_consortium(3).current
    charter = replace(current, log=keys_of("second"))

    with pytest.raises(ProofError, match="another tree"):
        verify_handover(both(store, tree("a", 9)), index=8, charter=charter, previous=current, tree=Tree(tree("b", 9)))


def test_checkpoints_of_two_trees_are_not_joined() -> None:
    """Signatures over different texts never stand under one."""
    store = MemoryStore()

    with pytest.raises(ProofError):
        cosigned(make_log(store).sign(tree("a", 2)), log_of(store, "second").sign(tree("a", 3)))


def test_a_key_signs_a_joined_checkpoint_once() -> None:
    """Signing with ML-DSA is randomised: two lines of one key would make the note unreadable."""
    store, state = MemoryStore(), tree("a", 2)

    note = cosigned(make_log(store).sign(state), make_log(store).sign(state))

    assert open_checkpoint(note, origin=ORIGIN, vkeys=log_keys().vkeys).size == 2
    assert note.count("—".encode()) == 2


def test_a_claimed_size_is_read_without_a_key() -> None:
    """It only says which charter has to judge; garbage is refused."""
    assert claimed_size(make_log(MemoryStore()).sign(tree("a", 5))) == 5
    with pytest.raises(MalformedError):
        claimed_size(b"nothing of the kind\n\n")


def test_a_log_goes_on_under_its_next_keys() -> None:
    """The charter's own checkpoint carries four signatures, the next one two; one tree goes through all of it."""
    consortium = make_consortium(3)
    _, file = propose(consortium, keys_of("second"))
    index = consortium.submit_charter(file, successor=log_of(consortium.store, "second")).index
    consortium.open_epoch(consortium.ids[0])

    head = consortium.store.head()
    verified = VerifiedTree(size=head.size, root=head.tree.root(), read=consortium.store.tile)
    verify_handover(
        consortium.store.handover(index),
        index=index,
        charter=consortium.current,
        previous=replace(consortium.current, log=log_keys()),
        tree=verified,
    )
    open_checkpoint(head.checkpoint, origin=ORIGIN, vkeys=keys_of("second").vkeys)
    with pytest.raises(BadSignatureError):
        open_checkpoint(head.checkpoint, origin=ORIGIN, vkeys=log_keys().vkeys)


def test_a_retired_log_key_never_returns() -> None:
    """A charter that goes back to keys of an earlier one is refused: they may be in anybody's hands by now."""
    consortium = make_consortium(3)
    consortium.submit_charter(propose(consortium, keys_of("second"))[1])

    with pytest.raises(DuplicateError, match="used before"):
        consortium.submit_charter(propose(consortium, log_keys())[1])


def test_an_answer_key_takes_a_new_number() -> None:
    """`log#n` names one key for ever, as every key id does."""
    consortium = make_consortium(3)

    with pytest.raises(DuplicateError, match="log#1 was used before"):
        consortium.submit_charter(propose(consortium, keys_of("second", answer=1))[1])


def test_a_members_key_is_no_log_key() -> None:
    """A public key belongs to one name for ever, the service's names included."""
    consortium = make_consortium(3)
    kid = consortium.newest(consortium.ids[0], consortium.current.agencies[0].roots()[0].role)
    stolen = replace(keys_of("second"), answer_key=kid.public_key)

    with pytest.raises((DuplicateError, MalformedError)):
        consortium.submit_charter(propose(consortium, stolen)[1])

"""Trust policies as files (C2SP tlog-policy)."""

import hashlib
from collections.abc import Callable
from functools import lru_cache

import pytest

from crypto.signing import Algorithm, SeedSigner
from ledger.checkpoints import cosigner_vkey, vkey
from ledger.errors import MalformedError
from ledger.notes import VerifierKey
from ledger.policy import Policy, PolicyGroup, PolicyLog, PolicyWitness

ED, ML = Algorithm.ED25519, Algorithm.ML_DSA_44
AGENCIES = ("xar-arms", "xbo-police", "xco-customs", "xde-judge")


@lru_cache
def log_key(name: str, algorithm: Algorithm = ED) -> VerifierKey:
    """Return the key of a log."""
    return vkey(name, _signer(f"log {name}", algorithm).public_key)


@lru_cache
def witness_key(name: str, algorithm: Algorithm = ED) -> VerifierKey:
    """Return the key of a witness."""
    return cosigner_vkey(name, _signer(f"witness {name}", algorithm).public_key)


def _signer(seed: str, algorithm: Algorithm) -> SeedSigner:
    return SeedSigner(algorithm, hashlib.sha256(seed.encode()).digest())


def agencies(k: int) -> Policy:
    """Return the policy of a charter: each agency one group of its two keys, the quorum k of the groups."""
    witnesses = [
        PolicyWitness(name=f"{name}/{short}", key=witness_key(name, algorithm))
        for name in AGENCIES
        for short, algorithm in (("ed25519", ED), ("ml-dsa-44", ML))
    ]
    groups = [PolicyGroup(name=name, k=2, members=(f"{name}/ed25519", f"{name}/ml-dsa-44")) for name in AGENCIES]
    return Policy(
        logs=(log("log.example"), PolicyLog(key=log_key("log.example", ML), url="https://log/")),
        witnesses=tuple(witnesses),
        groups=(*groups, PolicyGroup(name="agencies", k=k, members=AGENCIES)),
        quorum="agencies",
    )


def log(name: str) -> PolicyLog:
    """Return a log as a policy names it."""
    return PolicyLog(key=log_key(name), url=f"https://{name}/")


def witness(name: str, *, key: str | None = None) -> PolicyWitness:
    """Return a witness; `key` names the one whose key it shows."""
    return PolicyWitness(name=name, key=witness_key(key or name))


def group(name: str, k: int, *members: str) -> PolicyGroup:
    """Return a group."""
    return PolicyGroup(name=name, k=k, members=members)


def test_the_policy_of_a_charter_is_written_a_line_each() -> None:
    """Two log keys, eight witness keys, four groups of all, a quorum of three, in the order of the specification."""
    lines = agencies(3).format().decode().split("\n")
    words = [line.split(" ")[0] for line in lines]

    assert words == ["log"] * 2 + ["witness"] * 8 + ["group"] * 5 + ["quorum", ""]
    assert lines[0] == f"log {log_key('log.example').format()} https://log.example/"
    assert lines[3] == f"witness xar-arms/ml-dsa-44 {witness_key('xar-arms', ML).format()}"
    assert lines[10] == "group xar-arms all xar-arms/ed25519 xar-arms/ml-dsa-44"
    assert lines[-3:-1] == ["group agencies 3 xar-arms xbo-police xco-customs xde-judge", "quorum agencies"]


def test_no_witness_yet_is_quorum_none() -> None:
    """A log under a charter without witnesses has this policy, and it says so."""
    bare = Policy(logs=(log("log.example"),), quorum=None)

    assert f"log {log_key('log.example').format()} https://log.example/\nquorum none\n".encode() == bare.format()


def test_one_witness_may_be_the_quorum() -> None:
    """The simplest quorum is a witness's name."""
    assert Policy(witnesses=(witness("X1"),), quorum="X1").format().endswith(b"\nquorum X1\n")


def test_the_threshold_has_one_spelling() -> None:
    """All where every member counts, any for one of several, else the number; a group may be of groups."""
    written = Policy(
        witnesses=tuple(map(witness, ("X1", "X2", "X3", "X4", "X5", "X6"))),
        groups=(
            group("a", 1, "X1"),
            group("b", 1, "X2", "X3"),
            group("c", 2, "X4", "X5", "X6"),
            group("d", 2, "a", "b"),
        ),
        quorum="d",
    ).format()

    assert b"\ngroup a all X1\ngroup b any X2 X3\ngroup c 2 X4 X5 X6\ngroup d all a b\nquorum d\n" in written


X1, X2 = witness("X1"), witness("X2")
LOG = log("log.example")
REFUSED: dict[str, Callable[[], Policy]] = {
    "quorum of a stranger": lambda: Policy(witnesses=(X1,), quorum="X2"),
    "quorum called none": lambda: Policy(witnesses=(X1,), quorum="none"),
    "quorum of nothing": lambda: Policy(witnesses=(X1,), quorum=""),
    "witness called none": lambda: Policy(witnesses=(witness("none", key="X1"),), quorum=None),
    "group called none": lambda: Policy(witnesses=(X1,), groups=(group("none", 1, "X1"),), quorum=None),
    "none as member": lambda: Policy(witnesses=(X1,), groups=(group("g", 1, "X1", "none"),), quorum="g"),
    "name twice": lambda: Policy(witnesses=(X1, witness("X1", key="X2")), quorum="X1"),
    "group named as a witness": lambda: Policy(witnesses=(X1, X2), groups=(group("X2", 1, "X1"),), quorum="X1"),
    "group of nothing": lambda: Policy(groups=(group("g", 1),), quorum=None),
    "group of itself": lambda: Policy(witnesses=(X1,), groups=(group("g", 1, "X1", "g"),), quorum="g"),
    "group before its member": lambda: Policy(
        witnesses=(X1,), groups=(group("g", 1, "h"), group("h", 1, "X1")), quorum="g"
    ),
    "member twice in one group": lambda: Policy(witnesses=(X1, X2), groups=(group("g", 2, "X1", "X1"),), quorum="g"),
    "member of two groups": lambda: Policy(
        witnesses=(X1, X2), groups=(group("g", 1, "X1"), group("h", 2, "X1", "X2")), quorum="h"
    ),
    "threshold zero": lambda: Policy(witnesses=(X1,), groups=(group("g", 0, "X1"),), quorum="g"),
    "threshold above its members": lambda: Policy(witnesses=(X1,), groups=(group("g", 2, "X1"),), quorum="g"),
    "a log key twice": lambda: Policy(logs=(LOG, LOG), quorum=None),
    "a witness key twice": lambda: Policy(witnesses=(X1, witness("X9", key="X1")), quorum="X1"),
    "a cosigning key as log": lambda: Policy(logs=(PolicyLog(key=witness_key("X1"), url="u"),), quorum=None),
    "a log key as witness": lambda: Policy(witnesses=(PolicyWitness(name="X1", key=log_key("X1")),), quorum="X1"),
    "a name of two words": lambda: Policy(witnesses=(witness("a b", key="X1"),), quorum=None),
    "a name of no word": lambda: Policy(witnesses=(witness("", key="X1"),), quorum=None),
    "a name with a tab": lambda: Policy(witnesses=(witness("a\tb", key="X1"),), quorum=None),
    "a name with DEL": lambda: Policy(witnesses=(witness("a\x7f", key="X1"),), quorum=None),
    "half a surrogate pair": lambda: Policy(witnesses=(witness("a\ud800", key="X1"),), quorum=None),
    "a URL of two words": lambda: Policy(logs=(PolicyLog(key=log_key("log.example"), url="u v"),), quorum=None),
    "a URL of no word": lambda: Policy(logs=(PolicyLog(key=log_key("log.example"), url=""),), quorum=None),
    "a key name with DEL, which notes allow": lambda: Policy(logs=(log("log\x7f.example"),), quorum=None),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_what_no_policy_may_say_is_not_made(make: Callable[[], Policy]) -> None:
    """Each rule of the specification broken alone, and each word that the file cannot spell."""
    with pytest.raises(MalformedError):
        make()


def test_attack_a_log_that_is_its_own_witness() -> None:
    """One ML-DSA-44 key as log and as witness: the log's own line would count towards the quorum."""
    key = log_key("log.example", ML)

    with pytest.raises(MalformedError, match="twice"):
        Policy(
            logs=(PolicyLog(key=key, url="https://log/"),), witnesses=(PolicyWitness(name="W", key=key),), quorum="W"
        )

"""The trust policy of a log as a file that other tools read (C2SP tlog-policy).

It is written and never read here: whoever has the charter makes the file anew and compares the bytes (`ledger/bundle.py`).
So what the specification would refuse is refused when a policy is made.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ledger.errors import MalformedError
from ledger.notes import SignatureType, VerifierKey

NONE = "none"

_WORD = re.compile(r"[^\x00-\x20\x7f\ud800-\udfff]+")
_LOG_TYPES = (SignatureType.ED25519, SignatureType.ML_DSA_44_COSIGNATURE)
_WITNESS_TYPES = (SignatureType.ED25519_COSIGNATURE, SignatureType.ML_DSA_44_COSIGNATURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLog:
    """A log whose checkpoints are accepted, and where it is reached."""

    key: VerifierKey
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWitness:
    """A witness under the name that groups know it by."""

    name: str
    key: VerifierKey


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyGroup:
    """A group that has witnessed a checkpoint when at least `k` of its members have."""

    name: str
    k: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Logs, witnesses, groups in an order in which each names only earlier ones, and the quorum (None: no witness)."""

    logs: tuple[PolicyLog, ...] = ()
    witnesses: tuple[PolicyWitness, ...] = ()
    groups: tuple[PolicyGroup, ...] = ()
    quorum: str | None

    def __post_init__(self) -> None:
        """Raise MalformedError for what the specification refuses."""
        _check_keys(self)
        _check_names(self)

    def format(self) -> bytes:
        """Return the file, one line each: logs, witnesses, groups, quorum."""
        return "".join(f"{' '.join(words)}\n" for words in _lines(self)).encode()


def _lines(policy: Policy) -> Iterator[list[str]]:
    for log in policy.logs:
        yield ["log", log.key.format(), log.url]
    for witness in policy.witnesses:
        yield ["witness", witness.name, witness.key.format()]
    for group in policy.groups:
        yield ["group", group.name, _threshold_word(group), *group.members]
    yield ["quorum", NONE if policy.quorum is None else policy.quorum]


def _threshold_word(group: PolicyGroup) -> str:
    if group.k == len(group.members):
        return "all"
    return "any" if group.k == 1 else str(group.k)


def _check_keys(policy: Policy) -> None:
    """Refuse a key that stands twice, be it once as log and once as witness: it would count as its own witness."""
    keys = [(log.key, _LOG_TYPES) for log in policy.logs] + [(item.key, _WITNESS_TYPES) for item in policy.witnesses]
    if any(key.type not in types for key, types in keys):
        raise MalformedError("a key of a type that its role does not sign with")
    if len({key.public_key.raw for key, _ in keys}) != len(keys):
        raise MalformedError("a policy names one public key twice")
    if not all(map(_is_word, [*(log.url for log in policy.logs), *(key.format() for key, _ in keys)])):
        raise MalformedError("a key name or URL that no policy can spell")


def _check_names(policy: Policy) -> None:
    defined = {NONE}
    for name in (item.name for item in policy.witnesses):
        _define(name, defined)
    grouped: set[str] = set()
    for group in policy.groups:
        _check_group(group, free=defined - grouped - {NONE})
        grouped.update(group.members)
        _define(group.name, defined)
    if policy.quorum is not None and policy.quorum not in defined - {NONE}:
        raise MalformedError("the quorum is no witness or group of the policy")


def _check_group(group: PolicyGroup, *, free: set[str]) -> None:
    if not 1 <= group.k <= len(group.members):
        raise MalformedError("a group's threshold is 1 to the number of its members")
    if len(set(group.members)) != len(group.members) or not free.issuperset(group.members):
        raise MalformedError("a group's member is unknown or counted twice")


def _define(name: str, defined: set[str]) -> None:
    if name in defined or not _is_word(name):
        raise MalformedError("a name that is taken or that no policy can spell")
    defined.add(name)


def _is_word(text: str) -> bool:
    return _WORD.fullmatch(text) is not None

"""The trust policy of a log as a file that other tools read (C2SP tlog-policy).

The file is one of octets: names are opaque, whatever their encoding, so they are kept as surrogate escapes. The
parser takes comments and spacing as the specification does, since people write these files, and nothing else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ledger.errors import MalformedError, TooLargeError
from ledger.notes import SignatureType, VerifierKey

NONE = "none"
MAX_POLICY_BYTES = 2**20

_REFUSED = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_WORD = re.compile(r"[^ \t\n]+")
_COUNT = re.compile(r"[1-9][0-9]{0,5}")
_LOG_TYPES = (SignatureType.ED25519, SignatureType.ML_DSA_44_COSIGNATURE)
_WITNESS_TYPES = (SignatureType.ED25519_COSIGNATURE, SignatureType.ML_DSA_44_COSIGNATURE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLog:
    """A log whose checkpoints are accepted."""

    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWitness:
    """A witness under the name that groups know it by."""

    name: str
    key: VerifierKey
    url: str | None = None


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
        """Refuse what the specification refuses."""
        _check_keys(self)
        _check_names(self)

    def format(self) -> bytes:
        """Return the file, one line each: logs, witnesses, groups, quorum."""
        return "".join(f"{' '.join(words)}\n" for words in _lines(self)).encode("utf-8", "surrogateescape")


def parse_policy(raw: bytes) -> Policy:
    """Return the policy that a file spells; raise TooLargeError or MalformedError."""
    if len(raw) > MAX_POLICY_BYTES:
        raise TooLargeError(f"a policy of more than {MAX_POLICY_BYTES} bytes")
    if _REFUSED.search(raw) or not raw.endswith(b"\n"):
        raise MalformedError("a policy is lines of printable octets")
    draft = _Draft()
    for line in raw.decode("utf-8", "surrogateescape")[:-1].split("\n"):
        words = _WORD.findall(line)
        if words and not words[0].startswith("#"):
            draft.take(words)
    return draft.policy()


@dataclass(slots=True)
class _Draft:
    """A policy while its lines are read: the one place that knows what has been defined so far."""

    logs: list[PolicyLog] = field(default_factory=list)
    witnesses: list[PolicyWitness] = field(default_factory=list)
    groups: list[PolicyGroup] = field(default_factory=list)
    quorums: list[str] = field(default_factory=list)

    def take(self, words: list[str]) -> None:
        """Take one line in."""
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self.logs.append(PolicyLog(key=VerifierKey.parse(key), url=_first(url)))
            case ["witness", name, key, *url] if len(url) <= 1:
                self.witnesses.append(PolicyWitness(name=name, key=VerifierKey.parse(key), url=_first(url)))
            case ["group", name, k, *members] if members:
                self._defined(members)
                self.groups.append(PolicyGroup(name=name, k=_threshold(k, len(members)), members=tuple(members)))
            case ["quorum", name] if not self.quorums:
                self._defined([] if name == NONE else [name])
                self.quorums.append(name)
            case _:
                raise MalformedError("a line that no policy has, or a second quorum")

    def policy(self) -> Policy:
        """Return what the lines said."""
        if not self.quorums:
            raise MalformedError("a policy has a quorum line")
        return Policy(
            logs=tuple(self.logs),
            witnesses=tuple(self.witnesses),
            groups=tuple(self.groups),
            quorum=None if self.quorums[0] == NONE else self.quorums[0],
        )

    def _defined(self, names: list[str]) -> None:
        known = {witness.name for witness in self.witnesses} | {group.name for group in self.groups}
        if not known.issuperset(names):
            raise MalformedError("a policy names something before its line")


def _lines(policy: Policy) -> Iterator[list[str]]:
    for log in policy.logs:
        yield ["log", log.key.format(), *([] if log.url is None else [log.url])]
    for witness in policy.witnesses:
        yield ["witness", witness.name, witness.key.format(), *([] if witness.url is None else [witness.url])]
    for group in policy.groups:
        yield ["group", group.name, _threshold_word(group), *group.members]
    yield ["quorum", NONE if policy.quorum is None else policy.quorum]


def _threshold_word(group: PolicyGroup) -> str:
    if group.k == len(group.members):
        return "all"
    return "any" if group.k == 1 else str(group.k)


def _threshold(text: str, members: int) -> int:
    if text in ("all", "any"):
        return members if text == "all" else 1
    if not _COUNT.fullmatch(text):
        raise MalformedError("a group's threshold is all, any or a number")
    return int(text)


def _check_keys(policy: Policy) -> None:
    """Refuse a key that stands twice, be it once as log and once as witness: it would count as its own witness."""
    keys = [(log.key, _LOG_TYPES) for log in policy.logs] + [(item.key, _WITNESS_TYPES) for item in policy.witnesses]
    if any(key.type not in types for key, types in keys):
        raise MalformedError("a key of a type that its role does not sign with")
    if len({key.public_key.raw for key, _ in keys}) != len(keys):
        raise MalformedError("a policy names one public key twice")
    urls = [log.url for log in policy.logs] + [witness.url for witness in policy.witnesses]
    if not all(_is_word(text) for text in [*urls, *(key.format() for key, _ in keys)] if text is not None):
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


def _first(words: list[str]) -> str | None:
    return words[0] if words else None


def _is_word(text: str) -> bool:
    raw = text.encode("utf-8", "surrogateescape")
    return _WORD.fullmatch(text) is not None and not _REFUSED.search(raw)

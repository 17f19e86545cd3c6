"""What cosignatures are worth under a charter: who witnesses, how many must, what time they give (docs/protocol.md, 8.4, 9).

A witness is an agency with two keys. One of them alone counts for nothing, so that neither Ed25519 nor ML-DSA-44 can
fall and take the quorum with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from ledger.charterpayload import Charter
from ledger.checkpoints import Checkpoint, Cosignature, cosigner_vkey, open_cosigned
from ledger.errors import BadSignatureError, LedgerError, MalformedError
from ledger.identifiers import access_origin
from ledger.keys import of_role
from ledger.kinds import Role
from ledger.notes import VerifierKey
from ledger.policy import Policy, PolicyGroup, PolicyLog, PolicyWitness
from ledger.terms import witness_name

MAX_APART_SECONDS = 60
QUORUM = "witnesses"


class LogName(Enum):
    """The two logs of a service; the value is how calls name them."""

    LOG = "log"
    ACCESS = "access"

    def origin(self, charter: Charter) -> str:
        """Return the name that this log's checkpoints begin with."""
        return charter.origin if self is LogName.LOG else access_origin(charter.origin)

    def vkeys(self, charter: Charter) -> tuple[VerifierKey, ...]:
        """Return the keys that sign this log's checkpoints."""
        return charter.log.vkeys if self is LogName.LOG else charter.log.access


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """A checkpoint that its charter lets pass, and the time of every agency whose cosignatures count."""

    checkpoint: Checkpoint
    times: Mapping[str, int]


def witness_vkeys(charter: Charter, agency: str) -> tuple[VerifierKey, VerifierKey]:
    """Return both verifier keys of a witness, Ed25519 (0x04) first; raise MalformedError for who is none."""
    member = charter.agency(agency)
    if member is None or agency not in charter.witness.agencies:
        raise MalformedError(f"{agency} is no witness of this charter")
    name = witness_name(charter.origin, agency)
    ed25519, ml_dsa_44 = (cosigner_vkey(name, key.verifier()) for key in of_role(member.keys, Role.WITNESS))
    return ed25519, ml_dsa_44


def open_published(
    note: bytes,
    *,
    charter: Charter,
    previous: Charter | None = None,
    log: LogName = LogName.LOG,
    old_quorum_lost: bool = False,
) -> Cosigned:
    """Return the checkpoint that `note` publishes: signed by both keys of the log and cosigned by the quorum.

    The first checkpoint that holds a new charter satisfies `previous` too. `old_quorum_lost` asks for the old log's
    keys alone: for a charter that every member it keeps has signed, and whose fingerprint a person has confirmed.
    Raises BadSignatureError where the quorum is not met, else what `open_cosigned` raises.
    """
    if previous is not None:
        _require_quorum(_counted(note, previous, log), 0 if old_quorum_lost else previous.witness.k)
    cosigned = _counted(note, charter, log)
    _require_quorum(cosigned, charter.witness.k)
    return cosigned


def quorum_ready(note: bytes, *, charter: Charter, previous: Charter | None = None) -> bool:
    """Say whether `note`, a checkpoint of the log, may be published: what `open_published` refuses may not."""
    try:
        open_published(note, charter=charter, previous=previous)
    except LedgerError:
        return False
    return True


def entry_time(cosigned: Cosigned, *, f: int) -> int | None:
    """Return the time of what this checkpoint was the first to hold: the (f+1)-th smallest, or None.

    f dishonest witnesses can date back no further than the first honest one.
    """
    times = sorted(cosigned.times.values())
    return times[f] if len(times) > f else None


def freshness(cosigned: Cosigned, *, f: int) -> int | None:
    """Return as of when this is known to be the newest checkpoint: the (f+1)-th newest time, or None.

    f dishonest witnesses, dating ahead, can make it no fresher than the last honest one does.
    """
    times = sorted(cosigned.times.values(), reverse=True)
    return times[f] if len(times) > f else None


def policy_of(charter: Charter) -> Policy:
    """Return the witness policy as tools of others read it (C2SP tlog-policy).

    Each agency is one group `all` of its two keys, and the quorum counts these groups.
    """
    logs = tuple(PolicyLog(key=key, url=charter.url) for key in charter.log.vkeys)
    agencies = charter.witness.agencies
    if not agencies:
        return Policy(logs=logs, quorum=None)
    return Policy(
        logs=logs,
        witnesses=tuple(witness for agency in agencies for witness in _policy_witnesses(charter, agency)),
        groups=(
            *(_policy_group(charter, agency) for agency in agencies),
            PolicyGroup(name=QUORUM, k=charter.witness.k, members=agencies),
        ),
        quorum=QUORUM,
    )


def _counted(note: bytes, charter: Charter, log: LogName) -> Cosigned:
    keys = {agency: witness_vkeys(charter, agency) for agency in charter.witness.agencies}
    opened = open_cosigned(
        note,
        origin=log.origin(charter),
        vkeys=log.vkeys(charter),
        witnesses=[key for pair in keys.values() for key in pair],
    )
    found = {agency: _time(opened.cosignatures, pair) for agency, pair in keys.items()}
    times = {agency: time for agency, time in found.items() if time is not None}
    return Cosigned(checkpoint=opened.checkpoint, times=MappingProxyType(times))


def _time(cosignatures: Sequence[Cosignature], pair: tuple[VerifierKey, VerifierKey]) -> int | None:
    """Return the earlier time of a witness's two cosignatures, or None if they do not count.

    Time 0 claims nothing. Times far apart were not given by one look at a clock: which of them is true is unknown.
    """
    times = [item.timestamp for item in cosignatures if item.key in pair and item.timestamp]
    if len(times) != len(pair) or max(times) - min(times) > MAX_APART_SECONDS:
        return None
    return min(times)


def _require_quorum(cosigned: Cosigned, k: int) -> None:
    if len(cosigned.times) < k:
        raise BadSignatureError(f"{len(cosigned.times)} witnesses have cosigned this checkpoint, and {k} must")


def _policy_witnesses(charter: Charter, agency: str) -> tuple[PolicyWitness, ...]:
    return tuple(
        PolicyWitness(name=f"{agency}/{key.public_key.algorithm.value}", key=key)
        for key in witness_vkeys(charter, agency)
    )


def _policy_group(charter: Charter, agency: str) -> PolicyGroup:
    members = tuple(witness.name for witness in _policy_witnesses(charter, agency))
    return PolicyGroup(name=agency, k=len(members), members=members)

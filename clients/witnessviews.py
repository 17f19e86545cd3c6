"""What each witness of a log shows, held against what the log shows (docs/protocol.md, 9.14; C2SP tlog-witness).

A witness is believed no more than the log: its word counts with both its keys under a checkpoint that the log's own keys
have signed. Two such checkpoints that cannot both be true convict, whoever showed them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

from clients.errors import ClientError
from clients.forks import fork_files
from clients.transport import Request, Transport
from clients.trust import LoggedCharter, View
from crypto.digests import sha256
from ledger.checkpoints import Checkpoint, open_cosigned
from ledger.errors import BadSignatureError, LedgerError
from ledger.tiles import ReadTile
from ledger.verifiedtree import VerifiedTree
from ledger.wire import limits
from ledger.witnesses import LogName, witness_vkeys

AHEAD_SECONDS = 60
"""So long the log may take to publish what a witness has cosigned."""

_OK, _NOT_FOUND = 200, 404


class Standing(Enum):
    """How what a witness shows stands to what the log shows."""

    AGREES = "agrees"
    BEHIND = "behind, on the same history"
    AHEAD = "ahead of what the log shows"
    NOTHING = "has cosigned nothing yet"
    SILENT = "does not answer"
    UNSIGNED = "shows no checkpoint that the log and both its keys have signed"
    FORK = "cosigned another history"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that members should hear of; `is_fraud` if no accident explains it."""

    kind: str
    what: str
    is_fraud: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What one witness was found to say; `size` of the checkpoint that it shows."""

    agency: str
    standing: Standing
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What came of the comparison: `proofs` convict by themselves, `evidence` are notes that contradict the log's."""

    words: tuple[Word, ...]
    alarms: tuple[Alarm, ...]
    proofs: tuple[bytes, ...]
    evidence: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLog:
    """One of the two logs as the service shows it, verified: its checkpoint and tree, under charters, the newest first."""

    name: LogName
    charters: Sequence[LoggedCharter]
    checkpoint: Checkpoint
    note: bytes
    tree: VerifiedTree
    read: ReadTile

    @classmethod
    def of_view(cls, view: View, read: ReadTile) -> "ShownLog":
        """Return the log of records as a view has it; `read` reads its tiles."""
        return cls(
            name=LogName.LOG,
            charters=view.charters[::-1],
            checkpoint=view.checkpoint,
            note=view.note,
            tree=view.tree,
            read=read,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    agency: str
    note: bytes
    checkpoint: Checkpoint
    time: int


def hear(transport: Transport, origin: str) -> bytes | Standing:
    """Return the checkpoint that a witness shows of a log, or why there is none."""
    request = Request(method="GET", path=f"/{sha256(origin.encode()).hex()}/checkpoint")
    try:
        answer = transport.send(request, limit=limits.MAX_NOTE_BYTES)
    except ClientError:
        return Standing.SILENT
    if answer.status == _NOT_FOUND:
        return Standing.NOTHING
    return answer.body if answer.status == _OK else Standing.SILENT


def compare(log: ShownLog, heard: Mapping[str, bytes | Standing], *, now: int) -> Compared:
    """Hold what was heard from each witness against a log as the service shows it."""
    files = [logged.file for logged in reversed(log.charters)]
    words: list[Word] = []
    shown: list[_Shown] = []
    for agency, note in sorted(heard.items()):
        try:
            found = note if isinstance(note, Standing) else _open(note, agency, log)
        except LedgerError:
            found = Standing.UNSIGNED
        if isinstance(found, Standing):
            words.append(Word(agency=agency, standing=found))
        else:
            shown.append(found)
    forks = list(_forks(log, shown))
    proofs = [proof for one, other in forks for proof in fork_files(one, other, charters=files, read=log.read)]
    late = [one for one in shown if one.checkpoint.size > log.checkpoint.size]
    for one in late:  # a proof decides what only tiles of the larger tree can show
        made = fork_files(log.note, one.note, charters=files, read=log.read)
        if made and (log.note, one.note) not in forks:
            forks.append((log.note, one.note))
            proofs += made
    forked = {note for fork in forks for note in fork}
    words += [Word(agency=one.agency, standing=_standing(one, log, forked), size=one.checkpoint.size) for one in shown]
    return Compared(
        words=tuple(sorted(words, key=lambda word: word.agency)),
        alarms=(*_fork_alarms(shown, forked), *_held_back(log, late, forked, now)),
        proofs=tuple(dict.fromkeys(proofs)),
        evidence=tuple(one.note for one in shown if one.note in forked),
    )


def _open(note: bytes, agency: str, log: ShownLog) -> _Shown:
    """Return what a witness says, under the keys that one of the charters names; raise a LedgerError."""
    for charter in (logged.charter for logged in log.charters):
        if agency not in charter.witness.agencies:
            continue
        pair = witness_vkeys(charter, agency)
        try:
            opened = open_cosigned(note, origin=log.name.origin(charter), vkeys=log.name.vkeys(charter), witnesses=pair)
        except BadSignatureError:
            continue
        if {item.key for item in opened.cosignatures} == set(pair):
            time = min(item.timestamp for item in opened.cosignatures)
            return _Shown(agency=agency, note=note, checkpoint=opened.checkpoint, time=time)
    raise BadSignatureError("not cosigned by both keys of this witness")


def _forks(log: ShownLog, shown: Sequence[_Shown]) -> Iterator[tuple[bytes, bytes]]:
    """Yield pairs of notes that contradict each other: with the log's own; with each other where it shows less."""
    for one in shown:
        if one.checkpoint.size <= log.checkpoint.size and not _is_beginning(one.checkpoint, log):
            yield one.note, log.note
    for one, other in combinations([one for one in shown if one.checkpoint.size > log.checkpoint.size], 2):
        if one.checkpoint.size == other.checkpoint.size and one.checkpoint.root != other.checkpoint.root:
            yield one.note, other.note


def _is_beginning(checkpoint: Checkpoint, log: ShownLog) -> bool:
    return log.tree.root_at(checkpoint.size) == checkpoint.root


def _standing(one: _Shown, log: ShownLog, forked: set[bytes]) -> Standing:
    if one.note in forked:
        return Standing.FORK
    if one.checkpoint.size == log.checkpoint.size:
        return Standing.AGREES
    return Standing.AHEAD if one.checkpoint.size > log.checkpoint.size else Standing.BEHIND


def _fork_alarms(shown: Sequence[_Shown], forked: set[bytes]) -> Iterator[Alarm]:
    for one in shown:
        if one.note in forked:
            size = one.checkpoint.size
            what = (
                f"{one.agency} has cosigned a tree of {size:,} entries of {one.checkpoint.origin} that contradicts another "
                "signed one: the log forked"
            )
            yield Alarm(kind="fork", what=what, is_fraud=True)


def _held_back(log: ShownLog, late: Sequence[_Shown], forked: set[bytes], now: int) -> Iterator[Alarm]:
    for one in late:
        if one.note not in forked and now - one.time > AHEAD_SECONDS:
            what = (
                f"{one.agency} cosigned {one.checkpoint.size:,} entries of {one.checkpoint.origin} {now - one.time:,} s ago, and the log shows "
                f"{log.checkpoint.size:,}: it holds them back, or its quorum is not there"
            )
            yield Alarm(kind="rollback", what=what, is_fraud=False)

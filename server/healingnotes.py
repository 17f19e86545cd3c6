"""Signed checkpoints of a database, put back from whoever else holds them: the head's own, handovers, what was published.

A checkpoint is believed for its signatures and its root alone (docs/adr/0056). One that stands nowhere else cannot be made
again here: it is named.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlalchemy import Connection

from ledger.charterpayload import Charter
from ledger.checkpoints import Checkpoint
from ledger.errors import LedgerError
from ledger.handover import Trees, judge_of, verify_handover
from ledger.notes import format_note, parse_note
from ledger.witnesses import LogName, open_published
from server.errors import StartError
from server.evidence import Mirror
from server.publishing import table

Say = Callable[[str], None]
_PUBLISHED = "SELECT note FROM published WHERE log = ? ORDER BY size DESC"


def head_checkpoint(
    raw: bytes, *, own: Callable[[bytes], Checkpoint], spares: Iterable[bytes], entries: int
) -> tuple[Checkpoint, bytes]:
    """Return the head's checkpoint, or where that is damaged the largest one that anybody holds of all these entries.

    Raises StartError or a LedgerError where there is none, or one of a larger tree: then more was signed than is here.
    """
    try:
        return own(raw), raw
    except (StartError, LedgerError) as error:
        refusal = error
    found = list(_opened(spares, own))
    if not found:
        raise refusal
    checkpoint, note = max(found, key=lambda one: one[0].size)
    if checkpoint.size != entries:
        raise refusal
    return checkpoint, _bare(note, checkpoint.origin)


def shown(connection: Connection, log: LogName) -> list[bytes]:
    """Return the checkpoints of a log that readers were shown."""
    return [bytes(note) for note in connection.exec_driver_sql(_PUBLISHED, (log.value,)).scalars()]


def heal_handovers(
    connection: Connection,
    charters: Sequence[tuple[int, Charter]],
    mirror: Mirror,
    *,
    tree: Trees,
    say: tuple[Say, Say],
) -> None:
    """Put back the checkpoint that first held each charter; what is here and good stays."""
    restored, lost = say
    previous = None
    for index, charter in charters:
        before, previous = previous or charter, charter
        query = "SELECT checkpoint FROM handovers WHERE idx = ?"
        stored = connection.exec_driver_sql(query, (index,)).scalar()
        if stored is not None and _hands_over(bytes(stored), index, charter, before, tree):
            continue
        query = "SELECT note FROM published WHERE log = 'log' AND size > ? ORDER BY size LIMIT 1"
        candidates = [*map(bytes, connection.exec_driver_sql(query, (index,)).scalars()), *_handover_in(mirror, index)]
        note = next((one for one in candidates if _hands_over(one, index, charter, before, tree)), None)
        if note is None:
            lost(f"handovers {index}")
        else:
            values = (index, _bare(note, charter.origin))
            connection.exec_driver_sql("INSERT OR REPLACE INTO handovers (idx, checkpoint) VALUES (?, ?)", values)
            restored(f"handovers {index}")


def heal_published(
    connection: Connection,
    charters: Sequence[tuple[int, Charter]],
    mirror: Mirror,
    *,
    tree: Trees,
    say: tuple[Say, Say],
) -> None:
    """Put back what readers were shown of the log, from the mirror and from each other.

    A damaged row that nobody else holds is named and stays: another in its place would give entries another time.
    """
    restored, lost = say
    mirrored = {one.size: note for one, note in _published_in(mirror, charters, tree)}
    rows = connection.exec_driver_sql("SELECT size, note FROM published WHERE log = 'log' ORDER BY size").all()
    good: dict[int, bytes] = {}
    for size, note in rows:
        kept = bytes(note) if _is_published(bytes(note), size, charters, tree) else mirrored.get(size)
        if kept is None:
            lost(f"published {size}")
            continue
        good[size] = kept
        if kept != bytes(note):
            query = "UPDATE published SET note = ? WHERE log = 'log' AND size = ?"
            connection.exec_driver_sql(query, (kept, size))
            restored(f"published {size}")
    _heal_newest(connection, {**mirrored, **good}, charters, tree, restored)


def _heal_newest(
    connection: Connection,
    good: dict[int, bytes],
    charters: Sequence[tuple[int, Charter]],
    tree: Trees,
    restored: Say,
) -> None:
    newest = table.newest(connection, table.LOG)
    if not good or (newest is not None and _is_published(newest.note, newest.size, charters, tree)):
        return
    size = max(good)
    query = (
        "INSERT INTO newest_published (log, size, note) VALUES ('log', ?, ?) "
        "ON CONFLICT (log) DO UPDATE SET size = excluded.size, note = excluded.note"
    )
    connection.exec_driver_sql(query, (size, good[size]))
    restored(f"newest_published {size}")


def _published_in(
    mirror: Mirror, charters: Sequence[tuple[int, Charter]], tree: Trees
) -> Iterator[tuple[Checkpoint, bytes]]:
    """Yield the published checkpoints that a mirror holds, of this very tree."""
    notes = [note for index, _ in charters for note in _handover_in(mirror, index)]
    for note in (*notes, mirror.checkpoint()):
        try:
            checkpoint = Checkpoint.parse(parse_note(note).text)
        except LedgerError:
            continue
        if _is_published(note, checkpoint.size, charters, tree):
            yield checkpoint, note


def _is_published(note: bytes, size: int, charters: Sequence[tuple[int, Charter]], tree: Trees) -> bool:
    try:
        checkpoint = open_published(note, charter=judge_of(charters, size)).checkpoint
        return checkpoint.size == size and tree.root_at(size) == checkpoint.root
    except LedgerError:
        return False


def _hands_over(note: bytes, index: int, charter: Charter, previous: Charter, tree: Trees) -> bool:
    try:
        verify_handover(note, index=index, charter=charter, previous=previous, tree=tree)
    except LedgerError:
        return False
    return True


def _handover_in(mirror: Mirror, index: int) -> Iterator[bytes]:
    try:
        yield mirror.handover(index)
    except LedgerError:
        return


def _opened(notes: Iterable[bytes], own: Callable[[bytes], Checkpoint]) -> Iterator[tuple[Checkpoint, bytes]]:
    for note in notes:
        try:
            yield own(note), note
        except (StartError, LedgerError):
            continue


def _bare(note: bytes, origin: str) -> bytes:
    """Return a checkpoint under the log's own signatures alone, as it was signed."""
    parsed = parse_note(note)
    return format_note(parsed.text, [line for line in parsed.signatures if line.name == origin])

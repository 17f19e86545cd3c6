"""Put back what is damaged in a database, from a mirror or a backup, byte for byte (docs/adr/0056, docs/adr/0076).

Nothing of the mirror is believed: what is put back hashes to the root of the checkpoint that this very database holds,
signed by the log's keys. So a mirror may be older or newer, damaged in places, in anybody's hands; what it does not prove
stays as it is, is named, and keeps the service from starting.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from ledger.accessaudit import open_access
from ledger.charterpayload import Charter, charter_entry, parse_charter, parse_charter_entry
from ledger.checkpoints import Checkpoint
from ledger.errors import LedgerError, NotFoundError, ProofError
from ledger.kinds import Typ
from ledger.merkle import leaf_hash
from ledger.state import kind_of
from ledger.tiles import TILE_WIDTH, TilePath, entry_bundle_path, parse_entry_bundle
from ledger.treestate import TreeState
from ledger.verifiedtree import VerifiedTree
from ledger.wire import paths
from ledger.witnesses import LogName
from server import database, healingnotes, healingrows, schema
from server.config import Config
from server.errors import ConfigError, StartError
from server.evidence import Mirror, generations, open_evidence
from server.fsck.tree import column_of
from server.healingbeside import Beside, spare_in
from server.healingtree import HealingTree
from server.models import append_only_triggers
from server.servicefile import read_service_file

ACCESS = "access"


@dataclass(frozen=True, slots=True, kw_only=True)
class Healed:
    """What was put back, and what was found damaged and could not be, both as table and row."""

    restored: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    """Where one of the two logs lies in the database."""

    entries: str
    tiles: str
    head: str


_LOG = _Tables(entries="entries", tiles="tiles", head="head")
_ACCESS = _Tables(entries="access_entries", tiles="access_tiles", head="access_head")


def heal(config: Config, folder: Path) -> Healed:
    """Put back what the mirror in `folder` proves; the service must be stopped.

    Raises ConfigError for a folder that is no mirror, StartError if the database cannot be judged at all, or if the
    mirror shows that the log has forked: then nothing is changed.
    """
    if not (folder / paths.CHECKPOINT.lstrip("/")).exists():
        raise ConfigError(f"{folder} holds no checkpoint: it is no mirror and no backup")
    database.require_unused(config.database)
    schema.migrate(config.database)
    engine = database.writer(config.database)
    try:
        with engine.connect() as connection, connection.begin(), _without_guards(connection):
            return _heal(connection, config, folder)
    except DatabaseError as error:
        raise StartError(
            f"{config.database} is damaged below its tables ({error.orig}): put the newest backup back with "
            "`sealtrace-server restore`"
        ) from error
    except LedgerError as error:
        raise StartError(f"nothing was changed: {error}") from error
    finally:
        engine.dispose()
        database.sync_file(config.database)


def _heal(connection: Connection, config: Config, folder: Path) -> Healed:
    found = _Found()
    origin, charters = read_service_file(config.service), _charters(connection)
    keys = generations(origin.log.vkeys, charters)
    mirror = Mirror(folder)
    shown = open_evidence(mirror.checkpoint(), source=str(folder), origin=origin.origin, keys=keys).checkpoint

    def own(raw: bytes) -> Checkpoint:
        return open_evidence(raw, source="the head of the database", origin=origin.origin, keys=keys).checkpoint

    spares = [*healingnotes.shown(connection, LogName.LOG), mirror.checkpoint(), *_file(config.highest)]
    tree = _heal_log(connection, found, tables=_LOG, own=own, shown=shown, mirror=mirror, spares=spares)
    _heal_charters(connection, found, mirror)
    if tree is not None and not found.lost:
        _heal_derived(connection, found, mirror, tree, folder)
    if (folder / ACCESS / "checkpoint").exists():
        other = Mirror(folder / ACCESS)
        opened = partial(open_access, charters=_charters(connection)[::-1])
        spares = [*healingnotes.shown(connection, LogName.ACCESS), other.checkpoint(), *_file(config.highest_access)]
        newest = opened(other.checkpoint())
        _heal_log(connection, found, tables=_ACCESS, own=opened, shown=newest, mirror=other, spares=spares)
    return Healed(restored=tuple(found.restored), lost=tuple(found.lost))


@dataclass(slots=True)
class _Found:
    restored: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@contextmanager
def _without_guards(connection: Connection) -> Iterator[None]:
    """Let rows of append-only tables be put right, in this transaction alone: nobody else ever sees them unguarded."""
    for trigger in append_only_triggers():
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger.split()[2]}")
    connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    yield
    for trigger in append_only_triggers():
        connection.exec_driver_sql(trigger)


def _file(path: Path) -> list[bytes]:
    return [path.read_bytes()] if path.exists() else []


def _charters(connection: Connection) -> list[Charter]:
    """Return the charters that can be read, in order: their keys count only together with those of service.json."""
    found: list[Charter] = []
    for file in connection.exec_driver_sql("SELECT file FROM charters ORDER BY ver").scalars():
        try:
            found.append(parse_charter(bytes(file)))
        except LedgerError:
            continue
    return found


def _heal_log(  # noqa: PLR0913  one of two logs: its tables, its checkpoint, and what is shown of it, by name
    connection: Connection,
    found: _Found,
    *,
    tables: _Tables,
    own: Callable[[bytes], Checkpoint],
    shown: Checkpoint,
    mirror: Mirror,
    spares: Sequence[bytes],
) -> VerifiedTree | None:
    """Put one log right under its own checkpoint, and return its tree; None for one that has not begun, or is not whole."""
    row = connection.exec_driver_sql(f"SELECT size, tree, checkpoint FROM {tables.head} WHERE id = 1").one_or_none()  # noqa: S608 - one of two names of ours
    if row is None:
        return None
    size, edge, raw = row
    entries = connection.exec_driver_sql(f"SELECT COALESCE(MAX(idx) + 1, 0) FROM {tables.entries}").scalar_one()  # noqa: S608 - one of two names of ours
    checkpoint, note = healingnotes.head_checkpoint(bytes(raw), own=own, spares=spares, entries=entries)
    _require_one_history(checkpoint, shown, mirror)
    tree = HealingTree(
        checkpoint,
        edges=(partial(TreeState.decode, bytes(edge)), partial(_edge_in, mirror, shown, checkpoint.size)),
        reads=(partial(_tile, connection, tables), mirror.tile, partial(_grown, connection, tables)),
    )
    if (size, bytes(edge), bytes(raw)) != (tree.size, tree.state.encode(), note):
        _put_head(connection, found, tables, tree.state, note)
    tiles = _heal_tiles(connection, found, tables, tree)
    for index in range(-(-checkpoint.size // TILE_WIDTH)):
        bundle = (index, tree.leaves(index, tiles))
        _heal_bundle(connection, found, tables, bundle, partial(_bundle, mirror, shown.size))
    if found.lost:
        return None
    read = partial(_tile_of, connection, tables, tree.state)
    whole = VerifiedTree(size=checkpoint.size, root=checkpoint.root, read=read)
    if shown.size < checkpoint.size:
        _require_root(whole.root_at(shown.size), shown)
    return whole


def _heal_derived(connection: Connection, found: _Found, mirror: Mirror, tree: VerifiedTree, folder: Path) -> None:
    """Put right what follows from entries and charters that are whole, and what else somebody holds too."""
    say = (found.restored.append, found.lost.append)
    with spare_in(Config(data=folder, fingerprint=b"").database) as spare:
        beside = Beside(connection, spare=spare, say=say)
        healingrows.Rows(connection, found.restored.append, beside.take).heal()
        beside.heal_slips()
    rows = connection.exec_driver_sql("SELECT idx, file FROM charters ORDER BY ver").all()
    charters = [(index, parse_charter(bytes(file))) for index, file in rows]
    healingnotes.heal_handovers(connection, charters, mirror, tree=tree, say=say)
    healingnotes.heal_published(connection, charters, mirror, tree=tree, say=say)


def _put_head(connection: Connection, found: _Found, tables: _Tables, state: TreeState, note: bytes) -> None:
    query = f"UPDATE {tables.head} SET size = ?, tree = ?, checkpoint = ? WHERE id = 1"  # noqa: S608 - one of two names of ours
    connection.exec_driver_sql(query, (state.size, state.encode(), note))
    found.restored.append(f"{tables.head} 1")


def _edge_in(mirror: Mirror, shown: Checkpoint, size: int) -> TreeState:
    return VerifiedTree(size=shown.size, root=shown.root, read=mirror.tile).state_at(size)


def _grown(connection: Connection, tables: _Tables, path: TilePath) -> bytes:
    """Return a tile of level 0 as the stored entries make it."""
    first = path.index * TILE_WIDTH
    rows = _stored_entries(connection, tables, first, first + TILE_WIDTH) if path.level == 0 else {}
    return b"".join(leaf_hash(row[0]) for row in rows.values())


def _require_one_history(own: Checkpoint, shown: Checkpoint, mirror: Mirror) -> None:
    """Raise ProofError if a mirror of the same size or a larger one begins with another tree; a smaller one is held later."""
    if shown.size <= own.size:
        if shown.size == own.size:
            _require_root(shown.root, own)
        return
    try:
        root = VerifiedTree(size=shown.size, root=shown.root, read=mirror.tile).root_at(own.size)
    except LedgerError:
        return  # the mirror's tiles are damaged: they prove nothing, and nothing of them will be taken
    _require_root(root, own)


def _require_root(root: bytes, checkpoint: Checkpoint) -> None:
    if root != checkpoint.root:
        raise ProofError(
            f"two signed trees of {checkpoint.size:,} entries of {checkpoint.origin} differ: the log has forked. Stop, "
            "keep the database and the mirror, tell the members"
        )


def _heal_tiles(
    connection: Connection, found: _Found, tables: _Tables, tree: HealingTree
) -> Mapping[int, bytes | None]:
    """Put tiles right from the top down; return those of level 0 by index, None for one that nobody has."""
    tiles: dict[int, bytes | None] = {}
    for level in reversed(range((tree.size.bit_length() + 7) // 8)):
        above, tiles = tiles, {}
        for index in range(tree.size >> 8 * (level + 1)):
            expected = tree.expected(level + 1, index, above)
            tiles[index] = None if expected is None else tree.tile(level, index, expected)
            _put_tile(connection, found, tables, TilePath(level=level, index=index), tiles[index])
    return tiles


def _put_tile(connection: Connection, found: _Found, tables: _Tables, path: TilePath, data: bytes | None) -> None:
    name = f"{tables.tiles} {path.format()}"
    if data is None:
        found.lost.append(name)
    elif _stored_tile(connection, tables, path) != data:
        query = f"INSERT OR REPLACE INTO {tables.tiles} (level, idx, data) VALUES (?, ?, ?)"  # noqa: S608 - one of two names of ours
        connection.exec_driver_sql(query, (path.level, path.index, data))
        found.restored.append(name)


def _heal_bundle(
    connection: Connection,
    found: _Found,
    tables: _Tables,
    bundle: tuple[int, Sequence[bytes] | None],
    mirrored: Callable[[int], Sequence[bytes]],
) -> None:
    """Put the entries of one bundle right whose bytes, or the columns beside them, are not what the tree holds."""
    index, leaves = bundle
    first = index * TILE_WIDTH
    if leaves is None:
        found.lost.append(f"{tables.entries} {first} to {first + TILE_WIDTH - 1}")
        return
    stored = _stored_entries(connection, tables, first, first + len(leaves))
    damaged = [at for at, leaf in enumerate(leaves, first) if not _is_whole(stored.get(at), leaf, tables)]
    others = mirrored(index) if damaged else ()
    for at in damaged:
        name, leaf = f"{tables.entries} {at}", leaves[at - first]
        candidates = [row[0] for row in [stored.get(at)] if row is not None] + list(others[at - first : at - first + 1])
        entry = next((one for one in candidates if leaf_hash(one) == leaf), None)
        if entry is None:
            found.lost.append(name)
        else:
            _put_entry(connection, tables, at, entry)
            found.restored.append(name)


def _is_whole(row: tuple[bytes, ...] | None, leaf: bytes, tables: _Tables) -> bool:
    if row is None or leaf_hash(row[0]) != leaf:
        return False
    return tables is _ACCESS or row[1:] == (leaf, column_of(kind_of(row[0])).encode())


def _stored_entries(connection: Connection, tables: _Tables, start: int, end: int) -> Mapping[int, tuple[bytes, ...]]:
    columns = "entry" if tables is _ACCESS else "entry, leaf, CAST(typ AS BLOB)"
    query = f"SELECT idx, {columns} FROM {tables.entries} WHERE idx >= ? AND idx < ? ORDER BY idx"  # noqa: S608 - one of two names of ours
    rows = connection.exec_driver_sql(query, (start, end)).all()
    return {row[0]: tuple(map(bytes, row[1:])) for row in rows}


def _put_entry(connection: Connection, tables: _Tables, index: int, entry: bytes) -> None:
    if tables is _ACCESS:
        query = "INSERT INTO access_entries (idx, entry) VALUES (?, ?) ON CONFLICT (idx) DO UPDATE SET entry = excluded.entry"
        connection.exec_driver_sql(query, (index, entry))
        return
    query = (
        "INSERT INTO entries (idx, typ, entry, leaf) VALUES (?, ?, ?, ?) ON CONFLICT (idx) DO UPDATE "
        "SET typ = excluded.typ, entry = excluded.entry, leaf = excluded.leaf"
    )
    connection.exec_driver_sql(query, (index, column_of(kind_of(entry)), entry, leaf_hash(entry)))


def _heal_charters(connection: Connection, found: _Found, mirror: Mirror) -> None:
    """Put charter files right by the entries, which are whole by now or named as lost."""
    query = "SELECT idx, entry FROM entries WHERE typ = ? ORDER BY idx"
    for index, raw in connection.exec_driver_sql(query, ("charter",)).all():
        entry = bytes(raw)
        if kind_of(entry) is not Typ.CHARTER:
            continue
        ver = parse_charter_entry(entry).ver
        row = connection.exec_driver_sql("SELECT idx, file FROM charters WHERE ver = ?", (ver,)).one_or_none()
        if row is not None and row[0] == index and _is_file(bytes(row[1]), entry):
            continue
        stored = [] if row is None else [bytes(row[1])]
        file = next((one for one in (*stored, *_charter_in(mirror, ver)) if _is_file(one, entry)), None)
        if file is None:
            found.lost.append(f"charters {ver}")
        else:
            values = (ver, index, file)
            connection.exec_driver_sql("INSERT OR REPLACE INTO charters (ver, idx, file) VALUES (?, ?, ?)", values)
            found.restored.append(f"charters {ver}")


def _charter_in(mirror: Mirror, ver: int) -> Iterator[bytes]:
    try:
        yield mirror.charter(ver)
    except LedgerError:
        return


def _is_file(file: bytes, entry: bytes) -> bool:
    try:
        return charter_entry(file) == entry
    except LedgerError:
        return False


def _bundle(mirror: Mirror, size: int, index: int) -> Sequence[bytes]:
    """Return the entries of a bundle of the mirror, not verified; none if it has not got it."""
    try:
        path = entry_bundle_path(index=index, size=size)
        return parse_entry_bundle(mirror.tile(path), width=path.width)
    except LedgerError:
        return ()


def _stored_tile(connection: Connection, tables: _Tables, path: TilePath) -> bytes | None:
    query = f"SELECT data FROM {tables.tiles} WHERE level = ? AND idx = ?"  # noqa: S608 - one of two names of ours
    data = connection.exec_driver_sql(query, (path.level, path.index)).scalar()
    return None if data is None else bytes(data)


def _tile(connection: Connection, tables: _Tables, path: TilePath) -> bytes:
    data = None if path.level is None else _stored_tile(connection, tables, path)
    if data is None:
        raise NotFoundError("no such tile")
    return data


def _tile_of(connection: Connection, tables: _Tables, state: TreeState, path: TilePath) -> bytes:
    try:
        return _tile(connection, tables, path)
    except NotFoundError:
        return state.tile(path)

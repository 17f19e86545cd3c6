"""Submit a planned list: skip what is logged, seal the rest, batch by batch, each in the outbox before it is sent.

An interruption at any point is resumed by running the same command again: a waiting batch is sent to the byte, rows
in logged batches are known by their fingerprints, the rest is sealed (docs/adr/0025).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from clients.chain import Logged, make_batch, send_waiting
from clients.epochs import SealingKeys, sealing_keys
from clients.errors import TrustError
from clients.importing import PlannedRow
from clients.keyring import SigningKey
from clients.outbox import SentRow
from clients.session import Session, Standing
from ledger.batches import MAX_STATEMENTS
from ledger.identifiers import StatementName
from ledger.kinds import Role
from ledger.merkle import leaf_hash
from ledger.plan import Plan
from ledger.profiles import Profile
from ledger.records import PortionDraft, SealedStatement, seal_record
from ledger.slips import Hit, SlipDraft

Progress = Callable[[int, int], None]

_UNMATCHED = SlipDraft(hit=Hit.OFF)
"""Until the charter names a matching key there is no token epoch, so every slip is off (docs/protocol.md, 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A row that was not sent: unchanged, or changed since it went in as these records."""

    line: int
    names: tuple[StatementName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What came of a list."""

    batches: tuple[Logged, ...]
    records: int
    unchanged: tuple[Known, ...]
    corrections: tuple[Known, ...]
    size: int


def submit(session: Session, rows: Sequence[PlannedRow], profile: Profile, *, progress: Progress) -> Submission:
    """Seal and log every row that is not logged yet, and prove at the end that the log kept what it promised."""
    logged = [batch for batch in [send_waiting(session)] if batch is not None]
    fresh, unchanged, corrections = _sort(session, rows)
    records = sum(len(row.plans) for row in fresh)
    done = 0
    if fresh:
        standing = session.stand()
        standing.authority.catch_up(standing.me)
        keys = sealing_keys(standing, profile)
        for chunk in _chunks(fresh):
            logged.append(_send_chunk(standing, keys, chunk))
            done += sum(len(row.plans) for row in chunk)
            progress(done, records)
    return Submission(
        batches=tuple(logged),
        records=records,
        unchanged=unchanged,
        corrections=corrections,
        size=_prove_kept(session, logged),
    )


def resume(session: Session) -> Submission:
    """Send what waits in the outbox, and nothing else."""
    logged = [batch for batch in [send_waiting(session)] if batch is not None]
    return Submission(batches=tuple(logged), records=0, unchanged=(), corrections=(), size=_prove_kept(session, logged))


def _sort(
    session: Session, rows: Sequence[PlannedRow]
) -> tuple[list[PlannedRow], tuple[Known, ...], tuple[Known, ...]]:
    """Return the rows that are new, the unchanged ones, and those whose key was sent with another content."""
    sent = session.outbox.sent([row.fingerprint for row in rows])
    by_key = session.outbox.sent_by_key([row.key for row in rows if row.key is not None])
    fresh: list[PlannedRow] = []
    unchanged: list[Known] = []
    corrections: list[Known] = []
    for row in rows:
        before = sent.get(row.fingerprint)
        changed = by_key.get(row.key) if row.key is not None else None
        if before is not None:
            unchanged.append(Known(line=row.line, names=before.names))
        elif changed is not None:
            corrections.append(Known(line=row.line, names=changed.names))
        else:
            fresh.append(row)
    return fresh, tuple(unchanged), tuple(corrections)


def _chunks(rows: Sequence[PlannedRow]) -> Iterator[list[PlannedRow]]:
    """Yield rows in batches; all records of a row go into one, so that a row is logged whole or not at all."""
    chunk: list[PlannedRow] = []
    size = 0
    for row in rows:
        if size + len(row.plans) > MAX_STATEMENTS:
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += len(row.plans)
    if chunk:
        yield chunk


def _send_chunk(standing: Standing, keys: SealingKeys, chunk: Sequence[PlannedRow]) -> Logged:
    signing = standing.signing_key(Role.SIGN)
    sealed = [[_seal(signing, keys, plan, iat=standing.now()) for plan in row.plans] for row in chunk]
    batch = make_batch(standing, [statement for row in sealed for statement in row])
    rows = [
        SentRow(fingerprint=row.fingerprint, key=row.key, names=tuple(statement.name for statement in statements))
        for row, statements in zip(chunk, sealed, strict=True)
    ]
    standing.session.outbox.put(batch, rows=rows)
    logged = send_waiting(standing.session)
    if logged is None:
        raise TrustError("the outbox lost a batch that was just written to it")
    return logged


def _seal(signing: SigningKey, keys: SealingKeys, plan: Plan, *, iat: int) -> SealedStatement:
    return seal_record(
        signer=signing.signer,
        kid=signing.kid,
        iat=iat,
        ep=keys.ep,
        portions={
            name: PortionDraft(label=portion.spelled, fields=portion.fields, epoch_key=keys.keys[portion.audience])
            for name, portion in plan.portions.items()
        },
        slip=_UNMATCHED,
    )


def _prove_kept(session: Session, logged: Sequence[Logged]) -> int:
    """Return the size of the published log, once every batch stands in it where its receipt promised."""
    view = session.refresh()
    for batch in logged:
        if batch.index >= view.checkpoint.size:
            raise TrustError("the published checkpoint does not hold a batch whose receipt was proved")
        if view.tree.leaf_hashes(batch.index, batch.index + 1) != (leaf_hash(batch.entry),):
            raise TrustError("the published log holds another entry where a receipt promised a batch")
    return view.checkpoint.size

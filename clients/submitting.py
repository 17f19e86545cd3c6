"""Submit a planned list: skip what is logged, seal the rest, batch by batch, each in the outbox before it is sent.

An interruption at any point is resumed by running the same command again: a waiting batch is sent to the byte, rows
in logged batches are known by their fingerprints, the rest is sealed (docs/adr/0025).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from clients.chain import Logged, make_batch, send_all, send_waiting
from clients.corrections import Correction, Known, sort_rows
from clients.epochs import SealingKeys, sealing_keys
from clients.errors import NotPermittedError, TrustError
from clients.importing import PlannedRow
from clients.intake.agreeing import planned, why_two
from clients.keyring import SigningKey
from clients.matching.filling import drafts_for
from clients.matching.keys import current_key, hand_out
from clients.outboxrows import SentRow
from clients.session import Session, Standing
from ledger.batches import MAX_STATEMENTS
from ledger.identifiers import StatementName
from ledger.kinds import Role
from ledger.merkle import leaf_hash
from ledger.officers import PlannedSubmission
from ledger.plan import Plan
from ledger.profiles import Profile
from ledger.sealing import PortionDraft, seal_record
from ledger.slips import SlipDraft
from ledger.statements import SealedStatement

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What came of a list: `corrections` were only offered, `corrected` were sent."""

    batches: tuple[Logged, ...]
    records: int
    unchanged: tuple[Known, ...]
    corrections: tuple[Correction, ...]
    corrected: tuple[Correction, ...] = ()
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Records that were logged on their own, in the batch that stands at `index`."""

    names: tuple[StatementName, ...]
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """A row on its way, and which earlier record each of its records supersedes."""

    row: PlannedRow
    sups: tuple[StatementName | None, ...]


def submit(  # noqa: PLR0913 - a list, and each decision about it by name
    session: Session,
    rows: Sequence[PlannedRow],
    profile: Profile,
    *,
    progress: Progress,
    correct: bool = False,
    agreed: PlannedSubmission | None = None,
) -> Submission:
    """Seal and log every row that is not logged yet, and prove at the end that the log kept what it promised.

    Changed rows are offered as corrections; only `correct` sends them. Rows that take two officers are sealed only as
    the very list that they `agreed` on.
    """
    logged = [*send_all(session)]
    found = sort_rows(rows, outbox=session.outbox, replica=session.replica)
    corrected = tuple(one for one in found.corrections if correct and not one.obstacle)
    sending = [_Sending(row=row, sups=(None,) * len(row.plans)) for row in found.fresh]
    sending += [_Sending(row=one.row, sups=one.sups) for one in corrected]
    reasons = why_two([one.row for one in sending], profile)
    if reasons and agreed != planned(rows)[correct]:
        raise NotPermittedError(
            f"two officers must agree: {'; '.join(reasons)}",
            next_step="submit it at the desk, where one officer proposes it and another approves it",
        )
    logged += _send(session, sending, profile, progress)
    return Submission(
        batches=tuple(logged),
        records=sum(len(one.sups) for one in sending),
        unchanged=found.unchanged,
        corrections=tuple(one for one in found.corrections if not correct or one.obstacle),
        corrected=corrected,
        size=_prove_kept(session, logged),
    )


def send_records(standing: Standing, keys: SealingKeys, plans: Sequence[Plan]) -> Sent:
    """Seal and log records that stand in no list, in one batch."""
    signing = standing.signing_key(Role.SIGN)
    statements = [
        _seal(signing, keys, plan, iat=standing.now(), sup=None, slip=slip)
        for plan, slip in zip(plans, drafts_for(standing, plans), strict=True)
    ]
    logged = _log(standing, statements, rows=())
    return Sent(names=tuple(statement.name for statement in statements), index=logged.index)


def resume(session: Session) -> Submission:
    """Send what waits in the outbox, and nothing else."""
    logged = [*send_all(session)]
    return Submission(batches=tuple(logged), records=0, unchanged=(), corrections=(), size=_prove_kept(session, logged))


def _send(session: Session, sending: Sequence[_Sending], profile: Profile, progress: Progress) -> Iterator[Logged]:
    """Yield the batches of all rows, each once it is proved to be logged."""
    if not sending:
        return
    standing = session.stand()
    standing.authority.catch_up(standing.me)
    if hand_out(standing):
        standing = session.stand()
    current_key(standing)  # before an epoch is opened that nothing could be sealed in
    keys = sealing_keys(standing, profile)
    done, records = 0, sum(len(one.sups) for one in sending)
    for chunk in _chunks(sending):
        yield _send_chunk(standing, keys, chunk)
        done += sum(len(one.sups) for one in chunk)
        progress(done, records)


def _chunks(sending: Sequence[_Sending]) -> Iterator[list[_Sending]]:
    """Yield rows in batches; all records of a row go into one, so that a row is logged whole or not at all."""
    chunk: list[_Sending] = []
    size = 0
    for one in sending:
        if size + len(one.sups) > MAX_STATEMENTS:
            yield chunk
            chunk, size = [], 0
        chunk.append(one)
        size += len(one.sups)
    if chunk:
        yield chunk


def _send_chunk(standing: Standing, keys: SealingKeys, chunk: Sequence[_Sending]) -> Logged:
    signing = standing.signing_key(Role.SIGN)
    slips = iter(drafts_for(standing, [plan for one in chunk for plan in one.row.plans]))
    sealed = [
        [
            _seal(signing, keys, plan, iat=standing.now(), sup=sup, slip=slip)
            for plan, sup, slip in zip(one.row.plans, one.sups, slips, strict=False)
        ]
        for one in chunk
    ]
    rows = [
        SentRow(
            fingerprint=one.row.fingerprint,
            key=one.row.key,
            names=tuple(statement.name for statement in row),
            parts=one.row.parts,
        )
        for one, row in zip(chunk, sealed, strict=True)
    ]
    return _log(standing, [statement for row in sealed for statement in row], rows=rows)


def _log(standing: Standing, statements: Sequence[SealedStatement], *, rows: Sequence[SentRow]) -> Logged:
    """Keep the slips, put the batch into the outbox, send it."""
    standing.session.book.put_slips(statement.blobs[0] for statement in statements)
    standing.session.outbox.put(make_batch(standing, statements), rows=rows)
    logged = send_waiting(standing.session)
    if logged is None:
        raise TrustError("the outbox lost a batch that was just written to it")
    return logged


def _seal(  # noqa: PLR0913 - what a record is made of
    signing: SigningKey, keys: SealingKeys, plan: Plan, *, iat: int, sup: StatementName | None, slip: SlipDraft
) -> SealedStatement:
    return seal_record(
        signer=signing.signer,
        kid=signing.kid,
        iat=iat,
        ep=keys.ep,
        portions={
            name: PortionDraft(label=portion.spelled, fields=portion.fields, epoch_key=keys.keys[portion.audience])
            for name, portion in plan.portions.items()
        },
        slip=slip,
        sup=None if sup is None else sup.jti,
    )


def _prove_kept(session: Session, logged: Sequence[Logged]) -> int:
    """Return the size of the published log, once every batch that is published stands where its receipt promised."""
    view = session.refresh()
    for batch in logged:
        if batch.index >= view.checkpoint.size and batch.since is not None:
            continue  # durable, and waiting for the log's witnesses: said with the result
        if batch.index >= view.checkpoint.size:
            raise TrustError("the published checkpoint does not hold a batch whose receipt was proved")
        if view.tree.leaf_hashes(batch.index, batch.index + 1) != (leaf_hash(batch.entry),):
            raise TrustError("the published log holds another entry where a receipt promised a batch")
    return view.checkpoint.size

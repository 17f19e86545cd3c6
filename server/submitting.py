"""How a batch, a charter or a key entry gets into the log (docs/protocol.md, 7 to 9).

On the caller's thread: everything that needs no order, signatures in a small pool. On the sequencer's: judge again
what position decides, append in one transaction, let it count. The answer is given after the commit.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, assert_never

from crypto.digests import sha256
from ledger.appends import batch_append, charter_append, key_append
from ledger.batchcheck import verify_signatures
from ledger.batches import Batch, parse_batch
from ledger.charter import Charter, charter_entry
from ledger.errors import MalformedError, NotAMemberError, ReplayedError
from ledger.jsontext import MAX_INTEGER
from ledger.keyentries import KeyEntry, parse_key_entry
from ledger.keys import HeaderKey
from ledger.kinds import Role
from ledger.log import Append, Blob, Charge, Log, Nonce
from ledger.membership import CharterChange, KeyChange, Membership
from ledger.merkle import leaf_hash
from ledger.messages import Message, parse_route
from ledger.recordform import Record
from ledger.renewals import Renewal
from ledger.state import VerifiedBatch
from ledger.submissions import Submission, attach_blobs, read_submission
from ledger.wire import limits, requests
from ledger.wire.frames import parse_frames
from server.burials import Burials
from server.errors import StartError
from server.keys import ServiceKeys
from server.publishing.publishing import Publishing
from server.sequencer import Sequencer
from server.signatures import Asker
from server.slipchecks import check_slips
from server.state import SharedState
from server.store import SqlStore
from server.turns import Turns

T = TypeVar("T")

# Whoever hands in a charter is nobody in particular: all share one turn.
_CHARTERS = "charters"
_SLICE = 256
# A batch of 13 MB takes some 50 MB while it is worked on. One is verified while another is appended: a third at once
# would bring no speed on two cores, and fifty agencies at once would take gigabytes.
_BATCHES_AT_ONCE = 2
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """Where a submission stands; `is_new` tells the first answer from that to a retry."""

    first: int
    index: int
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Upload:
    submission: Submission
    blobs: tuple[tuple[Blob, ...], ...]
    headers: Mapping[bytes, HeaderKey]
    nonce: Nonce


class Submitting:
    """The one way in. Nothing changes unless all of a submission does."""

    def __init__(  # noqa: PLR0913 — the parts of the service that writing needs, all by name
        self,
        *,
        store: SqlStore,
        state: SharedState,
        keys: ServiceKeys,
        burials: Burials,
        sequencer: Sequencer,
        publishing: Publishing,
        clock: Callable[[], int],
        threads: int,
    ) -> None:
        """Take the thread that writes, and start the pool that verifies ahead of it."""
        self._store = store
        self._state = state
        self._keys = keys
        self._burials = burials
        self._publishing = publishing
        self._clock = clock
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="verify")
        self._sequencer = sequencer
        self._turns = Turns(most=1)
        self._root_turns = Turns(most=1)
        self._room = threading.Semaphore(_BATCHES_AT_ONCE)

    @property
    def is_alive(self) -> bool:
        """Return whether submissions are taken."""
        return self._sequencer.is_alive

    def close(self) -> None:
        """Finish what was taken and stop."""
        self._sequencer.close()
        self._pool.shutdown()

    def between(self, work: Callable[[], T]) -> T:
        """Run what writes and submits nothing in its turn, between two submissions."""
        return self._sequencer.run(work)

    def batch(self, body: bytes, asker: Asker) -> Logged:
        """Log a batch, or find it logged; raise what the protocol names."""
        with self._turns.hold(asker.agency), self._room:
            if self._store.seen(asker.nonce):
                raise ReplayedError("this request was seen before")
            entry, *frames = parse_frames(body, most=limits.MAX_BATCH_FRAMES) or (b"",)
            batch = parse_batch(entry)
            if batch.iss != asker.agency:
                raise NotAMemberError("the request is signed by another agency than the batch")
            logged = self._find_batch(batch)
            if logged is not None:
                self._sequencer.run(self._burials.finish)
                return logged
            submission = read_submission(entry, frames[: batch.n])
            blobs = attach_blobs(submission, frames[batch.n :])
            headers = self._verify_ahead(submission, blobs)
            upload = _Upload(submission=submission, blobs=blobs, headers=headers, nonce=asker.nonce)
            return self._sequencer.run(partial(self._append_batch, upload))

    def charter(self, file: bytes) -> Logged:
        """Log the next charter, or find it logged."""
        with self._root_turns.hold(_CHARTERS):
            entry = charter_entry(file)
            logged = self._find_entry(entry)
            if logged is None:
                # Judged here first: what is forged never comes between the batches of others.
                with self._state.locked() as state:
                    state.judge_charter(entry, file)
                logged = self._sequencer.run(partial(self._append_charter, entry, file))
            return logged

    def key(self, entry: bytes) -> Logged:
        """Log a change of an agency's keys, or find it logged."""
        iss = parse_key_entry(entry).iss
        logged = self._find_entry(entry)
        if logged is not None:
            return logged
        # Only who holds an agency's roots takes its turn: a claimed name could keep an agency from revoking a key.
        with self._state.locked() as state:
            state.judge_key(entry)
        with self._root_turns.hold(iss):
            return self._sequencer.run(partial(self._append_key, entry))

    def _find_batch(self, batch: Batch) -> Logged | None:
        """Return where the batch stands already: looked up before keys, `kx` or statements are judged (7)."""
        row = self._store.batch(batch.iss, batch.seq)
        with self._state.locked() as state:
            found = state.find_logged(batch, row)
        return None if found is None else Logged(first=found.first, index=found.index, is_new=False)

    def _verify_ahead(self, submission: Submission, blobs: Sequence[tuple[Blob, ...]]) -> Mapping[bytes, HeaderKey]:
        """Verify every statement's signature, and return the table of keys that were in force."""
        with self._state.locked() as state:
            # Most refusals are cheap to find: before a thousand signatures are verified, not after.
            state.judge_batch(submission, known=self._store, verify_statements=False)
            _check_routes(submission, blobs, state.membership, state.size)
            check_slips(submission, blobs, match=state.membership.charter_before(state.size).match, store=self._store)
            headers = state.membership.headers(state.size)
        statements = submission.statements
        slices = [statements[at : at + _SLICE] for at in range(0, len(statements), _SLICE)]
        for _ in self._pool.map(lambda part: verify_signatures(part, headers), slices):
            pass
        return headers

    def _append_batch(self, upload: _Upload) -> Logged:
        logged = self._find_batch(upload.submission.batch)
        if logged is not None:
            self._burials.finish()
            return logged
        with self._state.locked() as state:
            # A charter or key entry since then gives another table, and everything is verified again.
            same = state.membership.headers(state.size) is upload.headers
            judged = state.judge_batch(upload.submission, known=self._store, verify_statements=not same)
            charter = state.membership.charter_before(state.size)
            if not same:
                check_slips(upload.submission, upload.blobs, match=charter.match, store=self._store)
        charges = self._counts(upload.submission, charter)
        append = batch_append(judged, attached=upload.blobs, nonce=upload.nonce, charges=charges)
        if any(row.expunges is not None for row in append.statements):
            self._burials.begin()
        logged = self._enter(append, judged)
        self._burials.finish()
        return logged

    def _append_charter(self, entry: bytes, file: bytes) -> Logged:
        logged = self._find_entry(entry)
        if logged is not None:
            return logged
        with self._state.locked() as state:
            change = state.judge_charter(entry, file)
        self._check_terms(change.charter)
        return self._enter(charter_append(change, entry=entry, file=file), change)

    def _append_key(self, entry: bytes) -> Logged:
        logged = self._find_entry(entry)
        if logged is not None:
            return logged
        with self._state.locked() as state:
            change = state.judge_key(entry)
            charges = self._charges(change.entry, state.membership.charter_before(state.size))
        return self._enter(key_append(entry=entry, charges=charges), change)

    def _counts(self, submission: Submission, charter: Charter) -> tuple[Charge, ...]:
        """Return what a batch counts: records beside the evaluations made for them, renewed slips against their limit."""
        day, iss = self._clock() // _DAY_SECONDS, submission.batch.iss
        records = sum(isinstance(statement, Record) for statement in submission.parsed)
        slips = sum(statement.n for statement in submission.parsed if isinstance(statement, Renewal))
        counted = [
            Charge(agency=iss, limit="submissions", day=day, most=MAX_INTEGER, amount=records),
            Charge(agency=iss, limit="slips", day=day, most=charter.limits.slips, amount=slips),
        ]
        return tuple(charge for charge in counted if charge.amount)

    def _charges(self, entry: KeyEntry, charter: Charter) -> tuple[Charge, ...]:
        """Return what a key entry uses of its agency's daily limit: nothing where it only ends keys.

        A stolen key can be ended at any time; there are never more ends than keys were added before.
        """
        if not entry.add:
            return ()
        day = self._clock() // _DAY_SECONDS
        return (Charge(agency=entry.iss, limit="keys", day=day, most=charter.limits.keys),)

    def _find_entry(self, entry: bytes) -> Logged | None:
        index = self._store.index_of(leaf_hash(entry))
        return None if index is None else Logged(first=index, index=index, is_new=False)

    def _log(self, charter: Charter) -> Log:
        """Return the log as the keys sign that a charter names."""
        keys = self._keys.require_named_by(charter)
        return Log(store=self._store, origin=charter.origin, ed25519=keys.ed25519, ml_dsa_44=keys.ml_dsa_44)

    def _check_terms(self, charter: Charter) -> None:
        """Refuse a charter that this service could not serve under: its url is signed in requests, its keys sign."""
        requests.authority(charter.url)
        try:
            self._keys.require_named_by(charter)
            self._keys.matching.require_named_by(charter)
        except StartError as error:
            raise MalformedError("the charter does not name the keys of this service") from error

    def _enter(self, append: Append, judged: VerifiedBatch | CharterChange | KeyChange) -> Logged:
        """Append what was judged, then let it count. `charter` is the one that judges the checkpoint after it."""
        successor: Log | None = None
        match judged:
            case VerifiedBatch():
                first, index, charter = judged.first, judged.index, self._state.charter()
            case KeyChange():
                first, index, charter = judged.index, judged.index, self._state.charter()
            case CharterChange():
                first, index, charter = judged.index, judged.index, judged.charter
                successor = self._log(charter)
            case _:
                assert_never(judged)
        self._append(append, first, successor, charter=charter)
        with self._state.locked() as state:
            state.apply(judged)
        self._publishing.signed()
        return Logged(first=first, index=index, is_new=True)

    def _append(self, append: Append, first: int, successor: Log | None, *, charter: Charter) -> None:
        self._publishing.require_compared()
        log = self._log(self._state.charter()) if first else successor
        if log is None:
            raise StartError("a log begins with a charter")
        try:
            log.append(append, first, successor=successor, publish=not charter.is_witnessed)
        except BaseException:
            # A failure may have come after the commit. The waiter is told it failed and sends again; the state follows
            # the database, or every later submission would be judged for a place that is taken.
            self._state.catch_up(self._store)
            raise


def _check_routes(
    submission: Submission, blobs: Sequence[tuple[Blob, ...]], membership: Membership, index: int
) -> None:
    """Raise unless every message goes to an agency, sealed to a key of it in force: only the service sees routes."""
    for statement, parts in zip(submission.parsed, blobs, strict=True):
        if isinstance(statement, Message):
            route = parse_route(parts[-1].data)
            membership.agency(route.to, index)
            keys = membership.keys_of(route.to, role=Role.HPKE, index=index)
            if route.h not in {sha256(key.public_key) for key in keys}:
                raise MalformedError(f"a message to {route.to} is sealed to a key that is not in force")

"""Frauds that convict: one of each kind, made by those who can commit it, and the proofs of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from crypto.digests import sha256
from crypto.signing import Algorithm
from ledger.answers import Answer, sign_answer
from ledger.charter import charter_entry
from ledger.checkpoints import Checkpoint
from ledger.fraud import Believed, TwoBatches, make_fork
from ledger.fraudform import AboveCeiling, DeniedHit, Fraud, Located, LocatedEntry
from ledger.identifiers import KeyId
from ledger.kinds import Role
from ledger.labels import Level
from ledger.merkle import inclusion_proof_of, leaf_hash, proof_ranges, root_of
from ledger.padding import unpad
from ledger.questions import AskedToken, Asking, build_question, question_hash
from ledger.records import PORTIONS, PortionDraft, SealedStatement, seal_record
from ledger.slips import Hit, SlipDraft
from tests.support.bundles import ISS, WITNESSES, cosigned_by, forged, witnessed_consortium
from tests.support.consortium import NOW, Consortium, epoch_key, matching, sign_by, signer

READER = "xab-arms"
TOKEN = sha256(b"token")[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A proof, the charter files that a checker believes, whom it convicts, and the log in which it was found."""

    fraud: Fraud
    charters: tuple[bytes, ...]
    who: tuple[str, ...]
    entries: tuple[bytes, ...] = ()


class Entries:
    """A log as its operator can make it: any entries at all, signed for."""

    def __init__(self, consortium: Consortium, *more: bytes) -> None:
        """Take the entries of an honest log, and more that no honest one would hold."""
        size = consortium.store.head().size
        self.entries = [*consortium.store.entries(0, size), *more]
        self.origin = consortium.origin
        self.leaves = [leaf_hash(entry) for entry in self.entries]

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """Return the checkpoint of the first `size` entries."""
        count = len(self.leaves) if size is None else size
        return Checkpoint(origin=self.origin, size=count, root=root_of(self.leaves[:count]))

    def note(self, size: int | None = None) -> bytes:
        """Return that checkpoint as the log signs it."""
        return forged(self.checkpoint(size))

    def place(self, index: int) -> Located:
        """Return where an entry stands."""
        return Located(index=index, path=inclusion_proof_of(self.leaves, index))

    def entry(self, index: int) -> LocatedEntry:
        """Return an entry and where it stands."""
        return LocatedEntry(entry=self.entries[index], index=index, path=inclusion_proof_of(self.leaves, index))

    def begins(self, first: Checkpoint, second: Checkpoint) -> tuple[bytes, tuple[bytes, ...]]:
        """Return the root that this log had at the size of `first`, and the proof of it."""
        ranges = proof_ranges(start=0, end=first.size, size=second.size)
        return root_of(self.leaves[: first.size]), tuple(
            root_of(self.leaves[part.start : part.stop]) for part in ranges
        )


@cache
def histories() -> tuple[Consortium, Entries, Entries]:
    """Return two logs of one charter, alike in their first entry alone; the second is longer."""
    one, other = witnessed_consortium(), witnessed_consortium()
    one.open_epoch(ISS)
    other.open_epoch(READER)
    other.open_epoch(ISS)
    return one, Entries(one), Entries(other)


def fork(*, same_size: bool = False, by: str | None = None) -> Case:
    """Return the proof of two histories, and of a witness that cosigned both."""
    consortium, first, second = histories()
    notes = [first.note(), second.note(len(first.entries) if same_size else None)]
    if by is not None:
        notes = [cosigned_by(note, consortium.charter, WITNESSES, time=NOW + place) for place, note in enumerate(notes)]
    believed = Believed.of_files([consortium.charter_file])
    found = make_fork(notes[1], notes[0], believed=believed, begins=second.begins, by=by)
    who = (consortium.origin,) if by is None else (consortium.origin, by)
    return Case(fraud=found, charters=(consortium.charter_file,), who=who)


def two_batches() -> Case:
    """Return the proof of two batches of one seq, which an agency signed and the operator logged."""
    consortium = witnessed_consortium()
    grants = [consortium.grant(ISS, [], ep=ep, level=Level.SECRET) for ep in (1, 2)]
    first = consortium.batch(ISS, grants[:1])
    second = consortium.batch(ISS, grants[1:])
    log = Entries(consortium, grants[0].entry, first, grants[1].entry, second)
    place = len(log.entries)
    found = TwoBatches(checkpoint=log.note(), batches=(log.entry(place - 3), log.entry(place - 1)))
    who = (consortium.origin,)
    return Case(fraud=found, charters=(consortium.charter_file,), who=who, entries=tuple(log.entries))


def above_ceiling(*, later_charter: bool = False) -> Case:
    """Return the proof of a grant of SECRET to an agency that the charter bounds to RESTRICTED."""
    consortium = witnessed_consortium()
    low = consortium.next_charter(
        agencies=tuple(
            replace(one, ceiling=Level.RESTRICTED) if one.id == READER else one
            for one in consortium.next_charter().agencies
        )
    )
    file = sign_by(low, consortium.current.agencies, previous=consortium.current)
    change = consortium.submit_charter(file)
    grant = consortium.grant(ISS, [READER], level=Level.SECRET)
    batch = consortium.batch(ISS, [grant])
    log = Entries(consortium, grant.entry, batch)
    charters = [consortium.charter_file, file]
    following: Located | None = None
    if later_charter:
        high = consortium.next_charter(limits=replace(consortium.current.limits, keys=9))
        last = sign_by(high, consortium.current.agencies, previous=consortium.current)
        log = Entries(consortium, grant.entry, batch, charter_entry(last))
        charters.append(last)
        following = log.place(len(log.entries) - 1)
    index = change.index + 1
    found = AboveCeiling(
        checkpoint=log.note(),
        r=READER,
        grant=log.entry(index),
        ver=2,
        charter=log.place(change.index),
        next=following,
    )
    who = (consortium.origin,)
    return Case(fraud=found, charters=tuple(charters), who=who, entries=tuple(log.entries))


def to_a_stranger() -> Case:
    """Return the proof of a grant to an agency that the charter has let go."""
    consortium = witnessed_consortium()
    gone = "xae-arms"
    grant = consortium.grant(ISS, [gone])
    kept = tuple(one for one in consortium.next_charter().agencies if one.id != gone)
    file = sign_by(consortium.next_charter(agencies=kept), consortium.current.agencies, previous=consortium.current)
    change = consortium.submit_charter(file)
    log = Entries(consortium, grant.entry, consortium.batch(ISS, [grant]))
    found = AboveCeiling(
        checkpoint=log.note(),
        r=gone,
        grant=log.entry(change.index + 1),
        ver=2,
        charter=log.place(change.index),
    )
    who = (consortium.origin,)
    return Case(fraud=found, charters=(consortium.charter_file, file), who=who, entries=tuple(log.entries))


def open_record(consortium: Consortium, *, hit: Hit = Hit.OPEN) -> SealedStatement:
    """Return a record with a token, matched as `hit` says."""
    sign, kid = consortium.signing(ISS, Role.SIGN)
    draft = {
        portion: PortionDraft(label=b'{"level":"RESTRICTED"}', fields={}, epoch_key=epoch_key(ISS))
        for portion in PORTIONS
    }
    epoch, tokens = (0, None) if hit is Hit.OFF else (1, (TOKEN, *[None] * 7))
    slip = SlipDraft(hit=hit, token_epoch=epoch, tokens=tokens)
    return seal_record(signer=sign, kid=kid, iat=NOW, ep=1, portions=draft, slip=slip)


def denied_hit(
    change: Callable[[Answer], Answer] = lambda answer: answer,
    *,
    hit: Hit = Hit.OPEN,
    c: str = "T0",
    kid: KeyId = KeyId("log", 1),  # noqa: B008 - a tuple of constants
) -> Case:
    """Return the proof of an answer that leaves a record out; `change` is what the service signed instead."""
    consortium = witnessed_consortium()
    terms = matching(ISS, key=sha256(b"matching key"))
    second = consortium.next_charter(match=terms)
    file = sign_by(second, consortium.current.agencies, previous=consortium.current)
    consortium.submit_charter(file)
    record = open_record(consortium, hit=hit)
    log = Entries(consortium, record.entry, b"more")
    index = len(log.entries) - 2
    question = build_question(held=1, asking=Asking.LOOKUP, purpose=bytes(32), tokens=[AskedToken(ep=1, c=c, t=TOKEN)])
    honest = Answer(q=question_hash(question), to=READER, n=len(log.entries), slots=(), more=False)
    answer = sign_answer(change(honest), signer=signer("answer", Algorithm.ED25519), kid=kid)
    found = DeniedHit(
        checkpoint=log.note(),
        question=question,
        answer=unpad(answer),
        record=log.entry(index),
        slip=record.blobs[0],
    )
    return Case(fraud=found, charters=(consortium.charter_file, file), who=(consortium.origin,))


CASES: Mapping[str, Callable[[], Case]] = {
    "fork of one size": lambda: fork(same_size=True),
    "fork of two sizes": fork,
    "cosignature": lambda: fork(by=WITNESSES[1]),
    "cosignature of one size": lambda: fork(same_size=True, by=WITNESSES[0]),
    "two batches": two_batches,
    "above a ceiling": above_ceiling,
    "above a ceiling, next charter shown": lambda: above_ceiling(later_charter=True),
    "to a stranger": to_a_stranger,
    "denied hit": denied_hit,
}
_made: dict[str, Case] = {}


def case(name: str) -> Case:
    """Return a proof of a kind, the same bytes each time."""
    if name not in _made:
        _made[name] = CASES[name]()
    return _made[name]

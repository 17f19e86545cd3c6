"""All that shows one redacted field to be logged and signed, part by part; and the one who checks all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ledger.charter import charter_entry
from ledger.errors import ProofError
from ledger.grants import open_box, parse_grant
from ledger.identifiers import KeyId
from ledger.jsontext import JsonValue
from ledger.kinds import Role
from ledger.opening import check_disclosures
from ledger.proofs import TlogProof
from ledger.recordform import parse_record
from ledger.state import LogState
from ledger.submissions import attach_blobs, read_submission
from ledger.tileproofs import inclusion_proof
from tests.support.consortium import (
    Consortium,
    decapsulator,
    epoch_key,
    log_keys,
    make_consortium,
    make_key,
    make_log,
    sign_by,
)
from tests.support.fakes import MemoryStore
from tests.support.records import open_portion, verify_logged

OTHER_ORIGIN = "log.test/exercise"
ISS, READER = "xaa-arms", "xab-arms"
KINDS = (
    "charter",
    "key",
    "grant",
    "box",
    "record",
    "slip",
    "portion",
    "disclosure",
    "batch",
    "proof",
    "checkpoint",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """One submission as its reader comes to hold it. Every part is bytes, so that any may stand in another's place."""

    charter: bytes
    key: bytes
    grant: bytes
    box: bytes
    record: bytes
    slip: bytes
    portion: bytes
    disclosure: bytes
    batch: bytes
    proof: bytes
    checkpoint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """The reader: it knows the log up to where the submission begins, and believes nothing after that.

    `around` are the blobs of the submission that no dossier names: the other boxes of its grant, and two ciphertexts.
    """

    origin: str
    fingerprint: bytes
    known: tuple[tuple[int, bytes], ...]
    size: int
    files: Mapping[int, bytes]
    around: tuple[bytes, bytes, bytes, bytes]

    def verify(self, dossier: Dossier) -> Mapping[str, JsonValue]:
        """Return the fields of the portion that the dossier holds, or raise what the first failing check raises."""
        state = LogState(origin=self.origin, fingerprint=self.fingerprint)
        state.replay(self.known, size=self.size, charter_file=self.files.__getitem__)
        state.apply(state.judge_charter(charter_entry(dossier.charter), dossier.charter))
        state.apply(state.judge_key(dossier.key))
        submission = read_submission(dossier.batch, [dossier.grant, dossier.record])
        judged = state.judge_batch(submission, known=MemoryStore())
        own, other, *sealed = self.around
        attach_blobs(submission, [own, dossier.box, other, dossier.slip, dossier.portion, *sealed])
        self._check_logged(dossier, index=judged.first + 1)
        return self._open(dossier, state)

    def _check_logged(self, dossier: Dossier, *, index: int) -> None:
        proof = TlogProof.parse(dossier.proof + dossier.checkpoint)
        if proof.index != index:
            raise ProofError("the proof is of another place in the log")
        verify_logged(proof, entry=dossier.record, origin=self.origin, vkeys=log_keys(self.origin).vkeys)

    def _open(self, dossier: Dossier, state: LogState) -> Mapping[str, JsonValue]:
        mine = decapsulator(str(state.membership.newest(READER, Role.HPKE, state.size).kid))
        key = open_box(parse_grant(dossier.grant), me=READER, decapsulator=mine, box=dossier.box)
        record = parse_record(dossier.record)
        opened = open_portion(record, "item", epoch_keys=[key], ciphertext=dossier.portion)
        check_disclosures(record, [dossier.disclosure.decode("latin-1")])
        return opened.fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A dossier and who verifies it."""

    verifier: Verifier
    dossier: Dossier


@cache
def cases(origin: str) -> tuple[Case, Case]:
    """Return two submissions of one agency to one log, each under a charter version and a key entry of its own."""
    consortium = make_consortium(origin=origin)
    consortium.state = LogState(origin=origin, fingerprint=consortium.state.membership.fingerprint)
    consortium.store = MemoryStore()
    consortium.log = make_log(consortium.store, origin)
    first = _submit(consortium, consortium.charter_file, ep=1)
    following = consortium.next_charter()
    second = _submit(consortium, sign_by(following, following.agencies, previous=consortium.charter), ep=2)
    return first, second


def _submit(consortium: Consortium, charter: bytes, *, ep: int) -> Case:
    size = consortium.state.size
    known = tuple(consortium.store.judged_entries(0))
    files = dict(consortium.files) if size else {}
    consortium.submit_charter(charter)
    algorithm = consortium.newest(ISS, Role.HTTP).algorithm
    key = consortium.key_entry(ISS, add=[make_key(KeyId(ISS, 20 + ep), Role.HTTP, algorithm)])
    consortium.submit_key_entry(key)
    secret = epoch_key(f"{ISS} {ep}")
    grant = consortium.grant(ISS, consortium.ids, ep=ep, key=secret)
    record = consortium.record(ISS, ep=ep, key=secret)
    batch = consortium.batch(ISS, [grant, record])
    consortium.submit_batch_entry(batch, [grant, record])
    own, box, other = grant.blobs
    slip, item, *sealed = record.blobs
    opened = open_portion(parse_record(record.entry), "item", epoch_keys=[secret], ciphertext=item)
    proof, checkpoint = _prove(consortium, index=consortium.state.size - 2)
    return Case(
        verifier=Verifier(
            origin=consortium.origin,
            fingerprint=consortium.state.membership.fingerprint,
            known=known,
            size=size,
            files=files,
            around=(own, other, *sealed),
        ),
        dossier=Dossier(
            charter=charter,
            key=key,
            grant=grant.entry,
            box=box,
            record=record.entry,
            slip=slip,
            portion=item,
            disclosure=opened.disclosures[-1].encode(),
            batch=batch,
            proof=proof,
            checkpoint=checkpoint,
        ),
    )


def _prove(consortium: Consortium, *, index: int) -> tuple[bytes, bytes]:
    head = consortium.store.head()
    hashes = inclusion_proof(index=index, size=head.size, read=consortium.store.tile)
    whole = TlogProof(index=index, hashes=hashes, checkpoint=head.checkpoint).format()
    return whole.removesuffix(head.checkpoint), head.checkpoint

"""A denied hit, from both ends: the asker hands over what it asked and was told, the originator holds its slips against it.

docs/protocol.md, 6.13 and 9. Neither can see it alone: the asker does not know what it was not told, the originator does
not know what was asked. What they find together convicts the service before anybody.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from clients.entries import Entries
from clients.errors import HomeError, ListError
from clients.logproofs import prove_inclusions
from clients.matching.book import AskedQuestion
from clients.replica import StoredRecord
from clients.session import Standing
from crypto.digests import sha256
from ledger import fraudform, jsontext
from ledger.batches import parse_batch
from ledger.charter import Charter
from ledger.denied import DenialEvidence, verify_denied
from ledger.errors import LedgerError
from ledger.fraudform import LocatedEntry, format_fraud
from ledger.padding import pad, unpad
from ledger.questions import MAX_QUESTION_BYTES
from ledger.recordform import Record, parse_record
from ledger.renewals import Renewal, parse_renewal

HANDED_TYP = "sealtrace/v1/asked"
MAX_HANDED_BYTES = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A question and its answer as the asker hands them over: tokens, no serial, no purpose."""

    question: bytes = field(repr=False)
    answer: bytes = field(repr=False)


def hand_over(question: AskedQuestion) -> bytes:
    """Return the file that an originator can hold its slips against; the purpose stays here."""
    if question.answer is None:
        raise HomeError("that question has no answer", next_step="ask again")
    answer = unpad(question.answer).decode("ascii")
    return jsontext.dump({"typ": HANDED_TYP, "question": question.body.decode(), "answer": answer}) + b"\n"


def parse_handed(raw: bytes) -> Handed:
    """Return the question and answer of a file; raise ListError for anything else."""
    try:
        typ, question, answer = jsontext.members(
            jsontext.load(raw.strip(), limit=MAX_HANDED_BYTES), "typ", "question", "answer"
        )
        body = jsontext.text(question).encode()
        padded = pad(jsontext.text(answer).encode())
    except LedgerError as error:
        raise ListError(f"not a question with its answer: {error}") from error
    if typ != HANDED_TYP or len(body) > MAX_QUESTION_BYTES:
        raise ListError("not a question with its answer", next_step="pass what `sealtrace match --hand-over` wrote")
    return Handed(question=body, answer=padded)


def find_denied(standing: Standing, handed: Handed) -> list[bytes]:
    """Return a proof of fraud for each record of this agency that the answer had to name and did not."""
    charters = [logged.charter for logged in standing.view.charters]
    found: list[bytes] = []
    for stored, slip in _open_slips(standing):
        evidence = DenialEvidence(
            record=parse_record(stored.entry),
            index=stored.index,
            slip=slip,
            question=handed.question,
            answer=handed.answer,
        )
        if _is_denied(evidence, charters, ended=_ended(standing, stored)):
            found.append(_spell(standing, evidence, stored))
    return found


def _open_slips(standing: Standing) -> Iterator[tuple[StoredRecord, bytes]]:
    """Yield each own record with the slip that its entry commits to."""
    for stored in standing.session.replica.records():
        if stored.name.iss != standing.me:
            continue
        record: Record = parse_record(stored.entry)
        for raw in standing.session.book.slips(stored.name.jti):
            if sha256(raw) == record.slip:
                yield stored, raw


def _is_denied(evidence: DenialEvidence, charters: list[Charter], *, ended: int | None) -> bool:
    """Say whether the proof holds under a charter of this log: which one was in force is told by its matching key."""
    for charter in charters:
        try:
            verify_denied(evidence, charter=charter, ended=ended)
        except LedgerError:
            continue
        return True
    return False


def _ended(standing: Standing, stored: StoredRecord) -> int | None:
    """Return where this agency's own log ended the slip: by a record that supersedes it, or new slips for its batch."""
    entries = Entries(standing.view, standing.session.service)
    corrected = standing.session.replica.corrected_at(stored.name)
    ends = [] if corrected is None else [corrected]
    ends += [index for index, one in _renewals(standing, entries) if one.batch == stored.seq]
    return min(ends, default=None)


def _renewals(standing: Standing, entries: Entries) -> Iterator[tuple[int, Renewal]]:
    for batch in standing.session.outbox.logged_batches():
        if batch.first is None or batch.index is None:
            continue
        (closing,) = entries.read(batch.index, batch.index + 1)
        for offset, entry in enumerate(entries.read(batch.first, batch.index)[: parse_batch(closing).n]):
            try:
                yield batch.first + offset, parse_renewal(entry)
            except LedgerError:
                continue


def _spell(standing: Standing, evidence: DenialEvidence, stored: StoredRecord) -> bytes:
    """Return the proof as everybody can check it: with the record's place in the log (docs/protocol.md, 9)."""
    view = standing.view
    paths = prove_inclusions(
        [stored.index], checkpoint=view.checkpoint, tree=view.tree, read=standing.session.service.tile
    )
    if stored.index not in paths:
        raise HomeError("the log does not prove where the record stands", next_step="run `sealtrace sync --full`")
    return format_fraud(
        fraudform.DeniedHit(
            checkpoint=view.note,
            question=evidence.question,
            answer=unpad(evidence.answer),
            record=LocatedEntry(index=stored.index, path=paths[stored.index], entry=stored.entry),
            slip=evidence.slip,
        )
    )

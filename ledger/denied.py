"""A denied hit: a signed answer without a record that had to be in it (docs/protocol.md, 6.13 and 9.3).

The answer names its asker. Without that an originator could show the answer to its own question, in which its records
rightly have no slot, as one that somebody else was given.
"""

from dataclasses import dataclass, field

from crypto.digests import sha256
from ledger.answers import Answer, open_answer
from ledger.charterpayload import Charter
from ledger.checks import require
from ledger.errors import LedgerError, ProofError
from ledger.questions import Question, parse_question, question_hash
from ledger.recordform import Record
from ledger.slips import TOKENS, Hit, Slip, parse_slip

_MARK = TOKENS // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DenialEvidence:
    """The evidence: the record that stands at `index`, the slip that its originator opens, the question, the answer.

    That the record stands there, and that the log ended its slip nowhere before the answer, is for who holds the log.
    """

    record: Record
    index: int
    slip: bytes = field(repr=False)
    question: bytes = field(repr=False)
    answer: bytes = field(repr=False)


def verify_denied(evidence: DenialEvidence, *, charter: Charter, ended: int | None) -> Answer:
    """Return the answer that denied a hit; raise ProofError where it did not have to have one.

    `charter` is the one in force for the answer; `ended` is the first index at which the log ended the record's slip:
    a record that supersedes it, an expungement, a slips statement for its batch.
    """
    slip, asked = parse_slip(evidence.slip), parse_question(evidence.question)
    log = charter.log
    answer = open_answer(evidence.answer, kid=log.answer_kid, public_key=log.answer_key)
    refusal: LedgerError = ProofError("the answer is to another question")
    require("denied/q", expected=question_hash(evidence.question), found=answer.q, refusal=refusal)
    _check_slip(evidence, slip, charter)
    if not _has_token(asked, slip):
        raise ProofError("the question has no token of the record")
    if answer.to == evidence.record.name.iss:
        raise ProofError("who asks is not told its own records")
    if not asked.after < evidence.index < answer.n or (ended is not None and ended < answer.n):
        raise ProofError("the record was not among those that the answer is about")
    if not _is_left_out(answer, evidence.index):
        raise ProofError("the answer has the record, or leaves it to the next one")
    return answer


def _check_slip(evidence: DenialEvidence, slip: Slip, charter: Charter) -> None:
    refusal: LedgerError = ProofError("the slip is not the one that the record commits to")
    require("denied/slip", expected=evidence.record.slip, found=sha256(evidence.slip), refusal=refusal)
    require("denied/of", expected=evidence.record.name.jti, found=slip.of, refusal=refusal)
    if slip.hit is not Hit.OPEN:
        raise ProofError("only a record that is open has to be told")
    if charter.match is None or charter.match.ep != slip.ep:
        raise ProofError("the slip is of another token epoch than the charter in force names")


def _has_token(asked: Question, slip: Slip) -> bool:
    places = {(slip.ep, f"T{place % _MARK}", token) for place, token in enumerate(slip.tokens)}
    return any((token.ep, token.c, token.t) in places for token in asked.tokens)


def _is_left_out(answer: Answer, index: int) -> bool:
    if any(slot.index == index for slot in answer.slots):
        return False
    return not answer.more or index < answer.slots[-1].index

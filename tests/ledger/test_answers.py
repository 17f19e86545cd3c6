"""Answers of one length, and what proves that one denied a hit (docs/protocol.md, 6.8 and 6.13)."""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.digests import sha256
from crypto.encoding import b64u
from crypto.signing import Algorithm
from ledger import jsontext, jws
from ledger.answers import SLOTS, Answer, Slot, open_answer, sign_answer, verify_answer
from ledger.charter import Charter
from ledger.denied import DenialEvidence, verify_denied
from ledger.errors import BadSignatureError, LedgerError, MalformedError, ProofError, TooLargeError
from ledger.identifiers import KeyId, StatementName
from ledger.padding import PADDED_BYTES, pad, unpad
from ledger.questions import AskedToken, Asking, build_question, question_hash
from ledger.recordform import parse_record
from ledger.slips import Hit, SlipDraft
from ledger.statements import SealedStatement
from tests.support.consortium import epoch_key, first_charter, make_consortium, matching, signer

A, B = "xaa-arms", "xab-arms"
KID = KeyId("log", 1)
SIGNER = signer("answer", Algorithm.ED25519)
KEY = SIGNER.public_key.raw
TOKEN = AskedToken(ep=1, c="T0", t=b"t" * 16)
QUESTION = build_question(held=5, asking=Asking.LOOKUP, purpose=bytes(32), tokens=[TOKEN])


def slot(index: int, iss: str = A) -> Slot:
    """Return a slot."""
    return Slot(index=index, name=StatementName(iss, index.to_bytes(16, "big")), c="T0")


def answer(*slots: Slot, more: bool = False, n: int = 100, to: str = B, question: bytes = QUESTION) -> Answer:
    """Return an answer to a question."""
    return Answer(q=question_hash(question), to=to, n=n, slots=slots, more=more)


def signed(value: Answer) -> bytes:
    """Return an answer, signed and padded."""
    return sign_answer(value, signer=SIGNER, kid=KID)


@given(st.sets(st.integers(min_value=0, max_value=99), max_size=SLOTS))
def test_an_answer_reads_as_it_was_signed(indexes: set[int]) -> None:
    """Any slots come back as they were, in one length."""
    value = answer(*(slot(index) for index in sorted(indexes)))
    body = signed(value)

    assert open_answer(body, kid=KID, public_key=KEY) == value
    assert len(body) == PADDED_BYTES


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_answer(text: bytes) -> None:
    """Padded or not, only an error of ours comes out."""
    for body in (text, text.ljust(PADDED_BYTES, b"\n")):
        with pytest.raises(LedgerError):
            open_answer(body, kid=KID, public_key=KEY)


def test_silent_unmasked_by_size() -> None:
    """An answer with eight slots and one with none have the same number of bytes."""
    full = signed(answer(*(slot(index) for index in range(SLOTS)), more=True))

    assert len(full) == len(signed(answer()))


@pytest.mark.parametrize("body", [b"x" * (PADDED_BYTES - 1), b"\n" * PADDED_BYTES, b"x" * (PADDED_BYTES + 1)])
def test_another_length_is_refused(body: bytes) -> None:
    """An answer of another length was not padded by this protocol."""
    with pytest.raises(MalformedError):
        unpad(body)


def test_padding_takes_nothing_it_cannot_give_back() -> None:
    """A text that is too long, empty, or ends as its filling does is refused before it is sent."""
    with pytest.raises(TooLargeError):
        pad(b"x" * (PADDED_BYTES + 1))
    for text in (b"", b"x\n"):
        with pytest.raises(MalformedError):
            pad(text)
    assert unpad(pad(b"x" * PADDED_BYTES)) == b"x" * PADDED_BYTES


def test_slots_stand_in_order_and_within_the_tree() -> None:
    """Out of order, twice, beyond n, too many, or more with a slot free: none is an answer."""
    for slots in ([slot(2), slot(1)], [slot(1), slot(1)], [slot(100)], [slot(at) for at in range(SLOTS + 1)]):
        with pytest.raises(MalformedError):
            answer(*slots)
    with pytest.raises(MalformedError, match="no slot free"):
        answer(slot(1), more=True)


def test_an_answer_by_another_key_or_under_another_name_is_refused() -> None:
    """Only the key that the charter names answers, under its own id."""
    body = signed(answer())

    with pytest.raises(BadSignatureError):
        open_answer(body, kid=KeyId("log", 2), public_key=KEY)
    with pytest.raises(BadSignatureError):
        open_answer(body, kid=KID, public_key=signer("other", Algorithm.ED25519).public_key.raw)


def test_free_slots_come_last() -> None:
    """One spelling: an answer with a gap was not written by the formatter."""
    raw = jws.parse_compact(unpad(signed(answer(slot(1)))))
    value = jsontext.load(raw.payload)
    assert isinstance(value, dict)
    slots = value["slots"]
    assert isinstance(slots, list)
    for members in ({"slots": [*slots[1:], slots[0]]}, {"more": 1}, {"slots": slots[1:]}, {"n": 0}):
        input_ = jws.signing_input(raw.protected, jsontext.dump({**value, **members}))
        forged = pad(jws.format_compact(input_, SIGNER.sign(input_)))
        with pytest.raises(MalformedError):
            open_answer(forged, kid=KID, public_key=KEY)


@pytest.mark.parametrize(
    "value",
    [
        answer(n=4),
        answer(to=A),
        replace(answer(), q=bytes(32)),
        answer(slot(1, B)),
    ],
)
def test_an_asker_refuses_what_does_not_fit_its_question(value: Answer) -> None:
    """An older tree, another asker, another question, records of its own: each is refused though it is signed."""
    with pytest.raises(ProofError):
        verify_answer(signed(value), question=QUESTION, to=B, kid=KID, public_key=KEY)


def test_an_asker_refuses_what_it_has_seen() -> None:
    """Slots at or before `after` were not asked for again."""
    question = build_question(held=5, asking=Asking.LOOKUP, purpose=bytes(32), tokens=[TOKEN], after=7)

    with pytest.raises(ProofError):
        verify_answer(signed(answer(slot(7), question=question)), question=question, to=B, kid=KID, public_key=KEY)
    later = answer(slot(8), question=question)
    assert verify_answer(signed(later), question=question, to=B, kid=KID, public_key=KEY) == later


def test_the_record_that_was_asked_about_is_no_hit_for_itself() -> None:
    """A question about one's own shows others of one's own, never the one it names."""
    own = slot(3, B)
    question = build_question(held=5, asking=Asking.OWN, own=own.name.jti, purpose=bytes(32), tokens=[TOKEN])

    with pytest.raises(ProofError):
        verify_answer(signed(answer(own, question=question)), question=question, to=B, kid=KID, public_key=KEY)
    verify_answer(signed(answer(slot(4, B), question=question)), question=question, to=B, kid=KID, public_key=KEY)


@cache
def logged(hit: Hit = Hit.OPEN, ep: int = 1) -> SealedStatement:
    """Return a record of agency A whose first token is that of the question."""
    consortium = make_consortium(2)
    slip = SlipDraft(hit=hit, token_epoch=ep, tokens=(TOKEN.t, *[None] * 7))
    return consortium.record(A, slip=slip)


def charter() -> Charter:
    """Return a charter that names a matching key."""
    return replace(first_charter(2)[0], match=matching(A, key=epoch_key("match")))


def evidence(
    value: Answer, *, index: int = 10, question: bytes = QUESTION, statement: SealedStatement | None = None
) -> DenialEvidence:
    """Return what is shown to prove that `value` denied a hit."""
    record = statement or logged()
    return DenialEvidence(
        record=parse_record(record.entry),
        index=index,
        slip=record.blobs[0],
        question=question,
        answer=signed(value),
    )


@pytest.mark.parametrize(
    "value", [answer(), answer(slot(4)), answer(*(slot(20 + at) for at in range(SLOTS)), more=True)]
)
def test_denied_hit_proven(value: Answer) -> None:
    """A signed answer without an open record that had to be in it convicts the service, with the slip alone."""
    assert verify_denied(evidence(value), charter=charter(), ended=None) == value
    assert verify_denied(evidence(value), charter=charter(), ended=100) == value


@pytest.mark.parametrize(
    ("value", "index", "ended"),
    [
        (answer(slot(10)), 10, None),
        (answer(*(slot(at) for at in range(SLOTS)), more=True), 10, None),
        (answer(), 100, None),
        (answer(), 10, 99),
        (answer(to=A), 10, None),
        (replace(answer(), q=bytes(32)), 10, None),
    ],
)
def test_a_true_answer_convicts_nobody(value: Answer, index: int, ended: int | None) -> None:
    """Shown, left to the next answer, later than the tree, ended before, the owner's own question, another question."""
    with pytest.raises(ProofError):
        verify_denied(evidence(value, index=index), charter=charter(), ended=ended)


def test_operator_framed_by_another_slip() -> None:
    """A silent slip, one of another epoch, of another record or of another weapon convicts nobody."""
    other = build_question(
        held=5, asking=Asking.LOOKUP, purpose=bytes(32), tokens=[AskedToken(ep=1, c="T1", t=TOKEN.t)]
    )
    swapped = replace(evidence(answer()), slip=logged(Hit.SILENT).blobs[0])
    cases = [
        evidence(answer(), statement=logged(Hit.SILENT)),
        evidence(answer(), statement=logged(ep=2)),
        evidence(answer(question=other), question=other),
        swapped,
    ]

    for case in cases:
        with pytest.raises(ProofError):
            verify_denied(case, charter=charter(), ended=None)
    with pytest.raises(ProofError):
        verify_denied(evidence(answer()), charter=replace(charter(), match=None), ended=None)


def test_the_hash_of_a_question_binds_its_tokens() -> None:
    """Two questions that differ in one token have two names."""
    other = QUESTION.replace(b64u(TOKEN.t).encode(), b64u(b"u" * 16).encode())

    assert question_hash(other) != question_hash(QUESTION) == sha256(QUESTION)

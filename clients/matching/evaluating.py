"""Tokens with the service's help, which learns nothing but how many (docs/protocol.md, 6.3 and 6.6).

What was evaluated once is in the book before it is used. So a list that was interrupted, or sealed anew for a new epoch,
is not evaluated and not charged for a second time.
"""

from collections.abc import Iterator, Mapping, Sequence

from clients.matching.keys import TokenKey
from clients.session import Session
from crypto import oprf
from crypto.digests import sha256
from crypto.errors import OprfError
from ledger.errors import ProofError
from ledger.forms import Form
from ledger.tokens import prf_input, token
from ledger.wire.limits import MAX_ELEMENTS
from ledger.wire.matching import ELEMENTS_EACH, EvaluationRequest

Wanted = Sequence[Form]


def tokens_of(
    session: Session, wanted: Sequence[Wanted], key: TokenKey, *, use: str
) -> tuple[Mapping[Form, bytes], ...]:
    """Return the tokens of each record or weapon in `wanted`, all evaluated for one use."""
    inputs = [{form: prf_input(kc=key.kc, token_epoch=key.ep, form=form) for form in forms} for forms in wanted]
    asked = [list(one.values()) for one in inputs]
    known = session.book.tokens([given for one in asked for given in one])
    for part in _parts([[given for given in one if given not in known] for one in asked]):
        found = _evaluate(session, part, key, use)
        session.book.put_tokens(found)
        known |= found
    return tuple({form: known[given] for form, given in one.items()} for one in inputs)


def _parts(missing: Sequence[Sequence[bytes]]) -> Iterator[list[list[bytes]]]:
    """Yield what is missing in requests: each input once, whole records, as many as one request may hold."""
    seen: set[bytes] = set()
    part: list[list[bytes]] = []
    size = 0
    for one in missing:
        fresh = [given for given in dict.fromkeys(one) if given not in seen][:ELEMENTS_EACH]
        seen.update(fresh)
        if part and size + len(fresh) > MAX_ELEMENTS:
            yield part
            part, size = [], 0
        if fresh:
            part.append(fresh)
            size += len(fresh)
    if part:
        yield part


def _evaluate(session: Session, part: Sequence[Sequence[bytes]], key: TokenKey, use: str) -> dict[bytes, bytes]:
    inputs = [given for one in part for given in one]
    blinded = oprf.blind(inputs)
    request = EvaluationRequest(use=use, ep=key.ep, n=len(part), elements=tuple(one.element for one in blinded))
    evaluated = session.service.evaluate(request)
    answer, signed = evaluated.answer, evaluated.signed
    session.book.put_request(
        sha256(evaluated.request), signature_input=signed.signature_input, signature=signed.signature
    )
    if answer.ep != key.ep:
        raise ProofError("the service evaluated under another token epoch than it was asked for")
    evaluation = oprf.Evaluation(elements=answer.el, proof=answer.proof)
    try:
        outputs = oprf.finalize(blinded=blinded, evaluation=evaluation, public_key=key.pk)
    except OprfError as error:
        raise ProofError("the service did not use the matching key that the charter names") from error
    return {given: token(output) for given, output in zip(inputs, outputs, strict=True)}

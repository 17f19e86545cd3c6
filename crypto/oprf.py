"""A verifiable oblivious pseudorandom function: RFC 9497, mode 1, ristretto255-SHA512 (docs/protocol.md, 6).

Whoever asks learns F(k, input) and nothing else of k; whoever holds k learns nothing of the input. The proof shows
that the k behind the published key was used, for one list as for another: an evaluator that used a key of its own for
somebody could recognise that somebody's tokens afterwards. So no output leaves `finalize` without its proof checked.

One proof serves a whole list. Elements are worked off one after another, so a list takes no memory beyond itself.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from secrets import token_bytes

from crypto import ristretto
from crypto.encoding import lp
from crypto.errors import OprfError
from crypto.ristretto import SCALAR_BYTES, check_element, check_scalar, multiply, scalar_from

PROOF_BYTES = 2 * SCALAR_BYTES
OUTPUT_BYTES = 64
# The list's positions and each input's length are two bytes in what is hashed (RFC 9497, 2.2.1 and 3.3.1).
MAX_LIST = MAX_INPUT_BYTES = 2**16 - 1

_CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blinded:
    """One input on the client's side: `element` is sent, the rest stays."""

    element: bytes
    blind: bytes = field(repr=False)
    input: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The evaluator's answer: one element for each that was sent, in order, and one proof (c ‖ s) over all."""

    elements: tuple[bytes, ...]
    proof: bytes


def generate_key() -> bytes:
    """Return a new private key."""
    return ristretto.random_scalar()


def public_key(key: bytes) -> bytes:
    """Return the public key of a private one; raise OprfError for what is none."""
    return ristretto.multiply_generator(check_scalar(key))


def blind(inputs: Sequence[bytes]) -> tuple[Blinded, ...]:
    """Return each input blinded with a scalar of its own (RFC 9497, 3.3.2: Blind).

    Raises OprfError for an input that hashes to the identity, which nobody can find, or of more than 65,535 bytes.
    """
    return tuple(_blind(one, ristretto.random_scalar()) for one in inputs)


def evaluate(*, key: bytes, elements: Sequence[bytes]) -> Evaluation:
    """Return the elements under `key` with the proof (RFC 9497, 3.3.2: BlindEvaluate).

    Raises OprfError, and evaluates none, if the list is empty or one is the identity or not in its one spelling.
    """
    check_scalar(key)
    _check_list(elements)
    evaluated = tuple(multiply(scalar=key, element=element) for element in elements)
    return Evaluation(elements=evaluated, proof=_prove(key, elements, evaluated, _nonce(key, elements)))


def finalize(*, blinded: Sequence[Blinded], evaluation: Evaluation, public_key: bytes) -> tuple[bytes, ...]:
    """Return the output of each input, 64 bytes (RFC 9497, 3.3.2: Finalize).

    Raises OprfError, and returns none, unless the proof shows that the key behind `public_key` was used for all.
    """
    _verify(check_element(public_key), [one.element for one in blinded], evaluation)
    back = ristretto.inverses([one.blind for one in blinded])
    return tuple(
        _output(one.input, multiply(scalar=inverse, element=element))
        for one, inverse, element in zip(blinded, back, evaluation.elements, strict=True)
    )


def _blind(given: bytes, scalar: bytes) -> Blinded:
    if len(given) > MAX_INPUT_BYTES:
        raise OprfError(f"an input of more than {MAX_INPUT_BYTES} bytes")
    element = ristretto.element_from(_uniform(given, _TO_GROUP))
    return Blinded(element=multiply(scalar=scalar, element=element), blind=scalar, input=given)


def _output(given: bytes, element: bytes) -> bytes:
    return hashlib.sha512(_lp2(given) + _lp2(element) + b"Finalize").digest()


def _prove(key: bytes, sent: Sequence[bytes], evaluated: Sequence[bytes], nonce: bytes) -> bytes:
    """Return c ‖ s (RFC 9497, 2.2.1: GenerateProof)."""
    public = public_key(key)
    weighted = _weighted_sum(sent, _weights(public, sent, evaluated))
    challenge = _challenge(
        public,
        weighted,
        multiply(scalar=key, element=weighted),
        ristretto.multiply_generator(nonce),
        multiply(scalar=nonce, element=weighted),
    )
    answer = ristretto.scalar_difference(minuend=nonce, subtrahend=ristretto.scalar_product(challenge, key))
    return challenge + answer


def _verify(public: bytes, sent: Sequence[bytes], evaluation: Evaluation) -> None:
    """Raise OprfError unless the proof holds (RFC 9497, 2.2.2: VerifyProof).

    A zero in a proof is refused: an honest one has it once in 2**252.
    """
    if len(sent) != len(evaluation.elements) or len(evaluation.proof) != PROOF_BYTES:
        raise OprfError("not as many elements as were sent, or a proof of the wrong length")
    _check_list(evaluation.elements)
    challenge = check_scalar(evaluation.proof[:SCALAR_BYTES])
    answer = check_scalar(evaluation.proof[SCALAR_BYTES:])
    weights = _weights(public, sent, evaluation.elements)
    weighted, weighted_evaluated = _weighted_sum(sent, weights), _weighted_sum(evaluation.elements, weights)
    expected = _challenge(
        public,
        weighted,
        weighted_evaluated,
        ristretto.add(ristretto.multiply_generator(answer), multiply(scalar=challenge, element=public)),
        ristretto.add(
            multiply(scalar=answer, element=weighted), multiply(scalar=challenge, element=weighted_evaluated)
        ),
    )
    if not hmac.compare_digest(expected, challenge):
        raise OprfError("the proof does not show that the published key was used")


def _weights(public: bytes, sent: Sequence[bytes], evaluated: Sequence[bytes]) -> list[bytes]:
    """Return the scalar of each pair, which no one can know before all are fixed (RFC 9497, 2.2.1)."""
    seed = _lp2(hashlib.sha512(_lp2(public) + _lp2(b"Seed-" + _CONTEXT)).digest())
    return [
        _to_scalar(seed + index.to_bytes(2, "big") + _lp2(one) + _lp2(other) + b"Composite")
        for index, (one, other) in enumerate(zip(sent, evaluated, strict=True))
    ]


def _weighted_sum(elements: Sequence[bytes], weights: Sequence[bytes]) -> bytes:
    total = ristretto.IDENTITY
    for element, weight in zip(elements, weights, strict=True):
        total = ristretto.add(total, multiply(scalar=weight, element=element))
    return total


def _challenge(*parts: bytes) -> bytes:
    return _to_scalar(b"".join(_lp2(part) for part in parts) + b"Challenge")


def _nonce(key: bytes, elements: Sequence[bytes]) -> bytes:
    """Return the proof's nonce: random, and tied to key and list, since a nonce used for two lists gives k away."""
    return scalar_from(
        hashlib.sha512(b"sealtrace/v1/oprf-nonce" + lp(key, token_bytes(SCALAR_BYTES), *elements)).digest()
    )


def _check_list(elements: Sequence[bytes]) -> None:
    if not 0 < len(elements) <= MAX_LIST:
        raise OprfError(f"a list has from 1 to {MAX_LIST} elements")
    for element in elements:
        check_element(element)


def _to_scalar(message: bytes) -> bytes:
    return scalar_from(_uniform(message, _TO_SCALAR))


def _domain(purpose: bytes) -> bytes:
    """Return the domain separation tag behind its purpose, with its length at the end (RFC 9380, 5.3.1)."""
    tag = purpose + _CONTEXT
    return tag + bytes([len(tag)])


_TO_GROUP = _domain(b"HashToGroup-")
_TO_SCALAR = _domain(b"HashToScalar-")


def _uniform(message: bytes, domain: bytes) -> bytes:
    """Return 64 uniform bytes: expand_message_xmd with SHA-512 (RFC 9380, 5.3.1), whose output is one block here."""
    first = hashlib.sha512(bytes(128) + message + OUTPUT_BYTES.to_bytes(2, "big") + b"\x00" + domain).digest()
    return hashlib.sha512(first + b"\x01" + domain).digest()


def _lp2(part: bytes) -> bytes:
    return len(part).to_bytes(2, "big") + part

"""The oblivious function: RFC 9497's vectors, another implementation, and whoever tries to cheat in it."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from voprf import ristretto as other

from crypto import oprf, ristretto
from crypto.errors import OprfError
from crypto.oprf import Blinded, Evaluation
from tests.support.reference import vector_json

KEY = bytes.fromhex("e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909")
PUBLIC = oprf.public_key(KEY)
SEED, INFO = b"\xa3" * 32, b"test key"
INPUTS = [b"", b"x", b"\x00" * 300]
BLINDED = oprf.blind(INPUTS)
ELEMENTS = [one.element for one in BLINDED]
EVALUATION = oprf.evaluate(key=KEY, elements=ELEMENTS)
OUTPUTS = oprf.finalize(blinded=BLINDED, evaluation=EVALUATION, public_key=PUBLIC)


def suite_vectors() -> dict[str, Any]:
    """Return the published vectors of our suite and mode."""
    suites = vector_json("crypto/rfc9497/allVectors.json")
    (found,) = [one for one in suites if one["identifier"] == "ristretto255-SHA512" and one["mode"] == 1]
    return dict(found)


def raw(spelled: str) -> list[bytes]:
    """Return the values of one member of a vector, which separates them by commas."""
    return [bytes.fromhex(one) for one in spelled.split(",")]


def test_every_vector_of_the_rfc() -> None:
    """Blinded elements, evaluations, proofs and outputs are those of RFC 9497, A.1.2: three cases, one of them a list."""
    suite, seen = suite_vectors(), []
    key, public = bytes.fromhex(suite["skSm"]), bytes.fromhex(suite["pkSm"])
    assert oprf.public_key(key) == public

    for case in suite["vectors"]:
        inputs, blinds = raw(case["Input"]), raw(case["Blind"])
        blinded = [oprf._blind(one, scalar) for one, scalar in zip(inputs, blinds, strict=True)]
        sent, evaluated = raw(case["BlindedElement"]), raw(case["EvaluationElement"])
        proof = oprf._prove(key, sent, evaluated, bytes.fromhex(case["Proof"]["r"]))
        published = Evaluation(elements=tuple(evaluated), proof=bytes.fromhex(case["Proof"]["proof"]))

        assert [one.element for one in blinded] == sent
        assert oprf.evaluate(key=key, elements=sent).elements == published.elements
        assert proof == published.proof
        assert list(oprf.finalize(blinded=blinded, evaluation=published, public_key=public)) == raw(case["Output"])
        seen.append(case["Batch"])

    assert seen == [1, 1, 2]


def test_another_implementation_derives_the_same_key() -> None:
    """The Rust library agrees on the public key of the RFC's seed."""
    assert other.Evaluator.from_seed(SEED, INFO).public_key.serialize() == PUBLIC


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=5))
def test_our_client_with_another_evaluator(inputs: list[bytes]) -> None:
    """Whatever the Rust library evaluates and proves, our client accepts, and both come to the same outputs."""
    evaluator = other.Evaluator.from_seed(SEED, INFO)
    blinded = oprf.blind(inputs)
    answer = evaluator.evaluate_batch([other.BlindedInput.deserialize(one.element) for one in blinded]).serialize()

    outputs = oprf.finalize(blinded=blinded, evaluation=_from_other(answer), public_key=PUBLIC)

    assert list(outputs) == [evaluator.evaluate_known_input(one) for one in inputs]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=5))
def test_another_client_with_our_evaluator(inputs: list[bytes]) -> None:
    """The Rust client accepts our evaluations and proofs, and both come to the same outputs."""
    evaluator = other.Evaluator.from_seed(SEED, INFO)
    clients, sent = zip(*(other.Client.blind(one) for one in inputs), strict=True)
    answer = oprf.evaluate(key=KEY, elements=[one.serialize() for one in sent])
    output = other.VerifiableBatchOutput.deserialize(answer.proof + b"".join(answer.elements))

    assert other.Client.finalize_batch(clients, output, evaluator.public_key) == [
        evaluator.evaluate_known_input(one) for one in inputs
    ]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4), st.integers(min_value=1, max_value=2**250))
def test_the_output_depends_on_key_and_input_alone(inputs: list[bytes], number: int) -> None:
    """Two runs blind differently and end alike; another key gives other outputs."""
    key = number.to_bytes(32, "little")

    assert _run(key, inputs) == _run(key, inputs)
    assert _run(key, inputs) != _run(oprf.generate_key(), inputs)


def test_a_list_gives_what_each_alone_gives() -> None:
    """Batching changes cost, not outputs, and keeps the order."""
    assert tuple(_run(KEY, [one])[0] for one in INPUTS) == OUTPUTS
    assert {len(one) for one in OUTPUTS} == {oprf.OUTPUT_BYTES}


def test_blinding_is_fresh() -> None:
    """One input never looks alike twice to the evaluator."""
    assert len({one.element for one in oprf.blind([b"x"] * 20)}) == 20


def test_proofs_are_fresh() -> None:
    """A proof's nonce is drawn anew: one nonce over two lists would give the key away."""
    assert oprf.evaluate(key=KEY, elements=ELEMENTS).proof != EVALUATION.proof


def test_the_nonce_follows_key_and_list() -> None:
    """The nonce hashes key and list beside its random bytes, so a generator that repeats itself repeats no nonce."""
    assert oprf._nonce(KEY, ELEMENTS) != oprf._nonce(KEY, ELEMENTS)
    ristretto.check_scalar(oprf._nonce(KEY, ELEMENTS))


def test_an_evaluator_that_uses_another_key_is_found() -> None:
    """A key made for one asker, to know its tokens again, does not pass for the published one."""
    tagging = oprf.evaluate(key=oprf.generate_key(), elements=ELEMENTS)

    with pytest.raises(OprfError, match="published key"):
        oprf.finalize(blinded=BLINDED, evaluation=tagging, public_key=PUBLIC)


def test_an_evaluator_that_uses_another_key_for_one_element_is_found() -> None:
    """One odd element in a list of good ones spoils the whole list."""
    odd = ristretto.multiply(scalar=oprf.generate_key(), element=ELEMENTS[1])
    elements = (EVALUATION.elements[0], odd, EVALUATION.elements[2])

    with pytest.raises(OprfError, match="published key"):
        _finalize(Evaluation(elements=elements, proof=EVALUATION.proof))
    with pytest.raises(OprfError, match="published key"):
        _finalize(Evaluation(elements=elements, proof=oprf._prove(KEY, ELEMENTS, elements, oprf.generate_key())))


def test_two_answers_swapped_are_found() -> None:
    """The proof binds each answer to its place."""
    first, second, third = EVALUATION.elements

    with pytest.raises(OprfError, match="published key"):
        _finalize(Evaluation(elements=(second, first, third), proof=EVALUATION.proof))


def test_offsets_that_cancel_out_are_found() -> None:
    """Adding to one answer what is taken from another fails: the weights are fixed by the answers themselves."""
    delta = ristretto.multiply_generator(oprf.generate_key())
    minus = ristretto.multiply(scalar=(ristretto.ORDER - 1).to_bytes(32, "little"), element=delta)
    first, second, third = EVALUATION.elements
    shifted = (ristretto.add(first, delta), ristretto.add(second, minus), third)

    with pytest.raises(OprfError, match="published key"):
        _finalize(Evaluation(elements=shifted, proof=EVALUATION.proof))


def test_an_old_proof_for_another_list_is_found() -> None:
    """A proof belongs to the list it was made for."""
    later = oprf.blind(INPUTS)
    answer = oprf.evaluate(key=KEY, elements=[one.element for one in later])

    with pytest.raises(OprfError, match="published key"):
        oprf.finalize(
            blinded=later, evaluation=Evaluation(elements=answer.elements, proof=EVALUATION.proof), public_key=PUBLIC
        )


@pytest.mark.parametrize("place", range(oprf.PROOF_BYTES))
def test_a_flipped_bit_of_the_proof_is_found(place: int) -> None:
    """Every byte of a proof counts, the top bits that libsodium ignores too."""
    changed = bytearray(EVALUATION.proof)
    changed[place] ^= 0x80

    with pytest.raises(OprfError):
        _finalize(Evaluation(elements=EVALUATION.elements, proof=bytes(changed)))


def test_a_proof_in_another_spelling_is_refused() -> None:
    """The answer plus the order is the same scalar in other bytes."""
    answer = int.from_bytes(EVALUATION.proof[32:], "little") + ristretto.ORDER

    with pytest.raises(OprfError, match="canonical"):
        _finalize(Evaluation(elements=EVALUATION.elements, proof=EVALUATION.proof[:32] + answer.to_bytes(32, "little")))


@pytest.mark.parametrize("proof", [b"", bytes(64), bytes(63), bytes(65)])
def test_a_proof_of_nothing_is_refused(proof: bytes) -> None:
    """A missing, zero or cut proof is no proof."""
    with pytest.raises(OprfError):
        _finalize(Evaluation(elements=EVALUATION.elements, proof=proof))


@pytest.mark.parametrize("elements", [(), EVALUATION.elements[:2], (*EVALUATION.elements, EVALUATION.elements[0])])
def test_fewer_or_more_answers_than_were_sent_are_refused(elements: tuple[bytes, ...]) -> None:
    """As many come back as went out."""
    with pytest.raises(OprfError, match="as many"):
        _finalize(Evaluation(elements=elements, proof=EVALUATION.proof))


@pytest.mark.parametrize(
    "bad",
    [bytes(32), b"\xff" * 32, b"", ELEMENTS[0][:31], ELEMENTS[0] + b"\x00"],
    ids=["identity", "another spelling", "nothing", "short", "long"],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_element_refuses_the_whole_list(bad: bytes, place: int) -> None:
    """Identity, another spelling, another length: neither side works on any of the list."""
    sent = [*ELEMENTS[:place], bad, *ELEMENTS[place + 1 :]]
    answered = (*EVALUATION.elements[:place], bad, *EVALUATION.elements[place + 1 :])

    with pytest.raises(OprfError, match="group element"):
        oprf.evaluate(key=KEY, elements=sent)
    with pytest.raises(OprfError, match="group element"):
        _finalize(Evaluation(elements=answered, proof=EVALUATION.proof))


def test_the_public_key_of_nobody_is_refused() -> None:
    """With the identity as key everything would prove; it is refused, as is every other spelling."""
    for bad in (bytes(32), b"\xff" * 32, PUBLIC[:31], b""):
        with pytest.raises(OprfError):
            oprf.finalize(blinded=BLINDED, evaluation=EVALUATION, public_key=bad)


@pytest.mark.parametrize(
    "bad",
    [bytes(32), b"\xff" * 32, KEY[:31], b"", ristretto.ORDER.to_bytes(32, "little")],
    ids=["zero", "out of range", "short", "nothing", "the order"],
)
def test_a_bad_key_is_refused(bad: bytes) -> None:
    """Zero, a number out of range and another length are no key."""
    with pytest.raises(OprfError):
        oprf.public_key(bad)
    with pytest.raises(OprfError):
        oprf.evaluate(key=bad, elements=ELEMENTS)


def test_an_empty_list_is_refused() -> None:
    """There is nothing to prove about no element."""
    with pytest.raises(OprfError, match="from 1"):
        oprf.evaluate(key=KEY, elements=[])
    with pytest.raises(OprfError, match="from 1"):
        oprf.finalize(blinded=[], evaluation=Evaluation(elements=(), proof=EVALUATION.proof), public_key=PUBLIC)
    assert oprf.blind([]) == ()


def test_a_list_longer_than_its_count_is_refused() -> None:
    """The place in the list is two bytes in what is hashed: a longer one would count from the start again."""
    with pytest.raises(OprfError, match="65535"):
        oprf.evaluate(key=KEY, elements=[ELEMENTS[0]] * (oprf.MAX_LIST + 1))


def test_an_input_longer_than_its_count_is_refused() -> None:
    """The length of an input is two bytes in what is hashed."""
    assert oprf.blind([bytes(oprf.MAX_INPUT_BYTES)])
    with pytest.raises(OprfError, match="more than"):
        oprf.blind([bytes(oprf.MAX_INPUT_BYTES + 1)])


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=33), max_size=4), st.binary(max_size=65))
def test_arbitrary_answers_raise_only_our_error(elements: list[bytes], proof: bytes) -> None:
    """A service can answer anything: the client refuses it with our error and returns no output."""
    with pytest.raises(OprfError):
        _finalize(Evaluation(elements=tuple(elements), proof=proof))


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=33), max_size=4))
def test_arbitrary_elements_raise_only_our_error(elements: list[bytes]) -> None:
    """A client can send anything: the evaluator refuses it with our error, or answers every element."""
    try:
        assert len(oprf.evaluate(key=KEY, elements=elements).elements) == len(elements)
    except OprfError:
        return


def test_no_repr_shows_a_blind_or_an_input() -> None:
    """A blind in a log would undo the blinding, and the input is what is hidden."""
    shown = repr(Blinded(element=ELEMENTS[0], blind=b"secret-blind", input=b"secret-input"))

    assert "secret" not in shown


def _run(key: bytes, inputs: Sequence[bytes]) -> tuple[bytes, ...]:
    blinded = oprf.blind(inputs)
    evaluation = oprf.evaluate(key=key, elements=[one.element for one in blinded])
    return oprf.finalize(blinded=blinded, evaluation=evaluation, public_key=oprf.public_key(key))


def _finalize(evaluation: Evaluation) -> tuple[bytes, ...]:
    return oprf.finalize(blinded=BLINDED, evaluation=evaluation, public_key=PUBLIC)


def _from_other(answer: bytes) -> Evaluation:
    """Return the Rust library's answer, which has the proof first."""
    proof, elements = answer[: oprf.PROOF_BYTES], answer[oprf.PROOF_BYTES :]
    return Evaluation(elements=tuple(elements[at : at + 32] for at in range(0, len(elements), 32)), proof=proof)

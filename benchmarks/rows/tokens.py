"""Tokens: what the client and the service each do for one, beside the group multiplications that RFC 9497 demands.

The client works on one core, by the processor's time. The service answers two lists at once, one on each core, by the
clock; what one core does of it stands below, against the same aim.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from benchmarks.measure import Figure, against, paired
from crypto import oprf, ristretto
from crypto.oprf import Blinded, Evaluation

_LIST = 1_000
_CORES = 2
_WHY = (
    "Four fifths of it are the multiplications that RFC 9497 asks for: a machine as slow as on that day does no more."
)
_KEY = oprf.generate_key()
_PUBLIC = oprf.public_key(_KEY)
_INPUTS = [index.to_bytes(32, "big") for index in range(_LIST)]


def measure() -> list[Figure]:
    """Return tokens per second of the client (blind, verify, finalise) and of the service (evaluate, prove)."""
    return [_client(), _service(), _one_core()]


def _client() -> Figure:
    # One set of blinds is evaluated beforehand, so that the service's work is not counted; blinding is done again.
    blinded = oprf.blind(_INPUTS)
    evaluation = _evaluate(blinded)

    def tokens() -> int:
        oprf.blind(_INPUTS)
        return len(oprf.finalize(blinded=blinded, evaluation=evaluation, public_key=_PUBLIC))

    rates, limits = paired(tokens, lambda: _multiply(blinded, times=4))
    return against(
        what="client: tokens blinded, verified, finalised, lists of 1,000",
        unit="tokens/s, one core",
        rates=rates,
        limits=limits,
        limit="four multiplications a token",
        at_least=2_500,
        why=_WHY,
    )


def _service() -> Figure:
    blinded = oprf.blind(_INPUTS)
    with ThreadPoolExecutor(_CORES) as pool:

        def both(work: Callable[[], int]) -> int:
            return sum(pool.map(lambda _: work(), range(_CORES)))

        rates, limits = paired(
            lambda: both(lambda: len(_evaluate(blinded).elements)),
            lambda: both(lambda: _multiply(blinded, times=2)),
            clock=time.perf_counter,
        )
    return against(
        what="service: evaluations with one proof, two lists of 1,000 at once",
        unit="evaluations/s",
        rates=rates,
        limits=limits,
        limit="two multiplications an evaluation, two cores",
        at_least=6_000,
        why=_WHY,
    )


def _one_core() -> Figure:
    blinded = oprf.blind(_INPUTS)
    rates, limits = paired(lambda: len(_evaluate(blinded).elements), lambda: _multiply(blinded, times=2))
    return against(
        what="service: the same on one core",
        unit="evaluations/s, one core",
        rates=rates,
        limits=limits,
        limit="two multiplications an evaluation",
        at_least=6_000,
        why=_WHY,
    )


def _evaluate(blinded: tuple[Blinded, ...]) -> Evaluation:
    return oprf.evaluate(key=_KEY, elements=[one.element for one in blinded])


def _multiply(blinded: tuple[Blinded, ...], *, times: int) -> int:
    for one in blinded:
        for _ in range(times):
            ristretto.multiply(scalar=_KEY, element=one.element)
    return len(blinded)

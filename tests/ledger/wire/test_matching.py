"""The JSON of evaluations, reviews and usage (docs/protocol.md, 6.6, 6.10 and 6.11)."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.wire.matching import (
    EVALUATION_ANSWER,
    EVALUATION_REQUEST,
    LAST_DAY,
    REVIEWS,
    USAGE,
    EvaluationAnswer,
    EvaluationRequest,
    OverdueCount,
    Reviews,
    Usage,
    UseCount,
)

ELEMENTS = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=32).map(tuple)
SHAPES = [EVALUATION_REQUEST, EVALUATION_ANSWER, REVIEWS, USAGE]


@given(ELEMENTS, st.sampled_from(["submission", "lookup", "own"]), st.integers(min_value=1, max_value=2**50))
def test_a_request_reads_as_it_is_written(elements: tuple[bytes, ...], use: str, ep: int) -> None:
    """Any elements, for any use, under any epoch."""
    request = EvaluationRequest(use=use, ep=ep, n=2, elements=elements)

    assert EVALUATION_REQUEST.read(EVALUATION_REQUEST.write(request)) == request


@given(ELEMENTS, st.binary(min_size=64, max_size=64))
def test_an_answer_reads_as_it_is_written(elements: tuple[bytes, ...], proof: bytes) -> None:
    """As many elements and one proof."""
    answer = EvaluationAnswer(ep=1, el=elements, proof=proof)

    assert EVALUATION_ANSWER.read(EVALUATION_ANSWER.write(answer)) == answer


@pytest.mark.parametrize("number", range(len(SHAPES)))
@given(raw=st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(number: int, raw: bytes) -> None:
    """Only an error of ours comes out."""
    with pytest.raises(LedgerError):
        SHAPES[number].read(raw)


def test_reviews_and_usage_read_as_they_are_written() -> None:
    """The lists that remain."""
    reviews = Reviews(ids=(bytes(16), b"x" * 16))
    usage = Usage(
        uses=(UseCount(agency="xaa-arms", day=20_000, kind="own/evaluated", used=3),),
        overdue=(OverdueCount(agency="xaa-arms", month="2026-10", n=5),),
    )

    assert REVIEWS.read(REVIEWS.write(reviews)) == reviews
    assert USAGE.read(USAGE.write(usage)) == usage


def test_attack_a_day_that_no_calendar_names() -> None:
    """A service that counts by a day beyond the year 9999 is refused as it is read, before anybody tries to show one."""
    last = f'{{"uses":[{{"agency":"xaa-arms","day":{LAST_DAY},"kind":"own","used":3}}],"overdue":[]}}'.encode()

    assert dt.date(1970, 1, 1) + dt.timedelta(days=USAGE.read(last).uses[0].day) == dt.date.max
    with pytest.raises(MalformedError):
        USAGE.read(last.replace(b"%d" % LAST_DAY, b"%d" % (LAST_DAY + 1)))


@pytest.mark.parametrize(
    "change",
    [
        (b'"for":"lookup"', b'"for":"guess"'),
        (b'"ep":1', b'"ep":01'),
        (b'"ep":1', b'"ep":0'),
        (b'"n":1', b'"n":0'),
        (b'"n":1', b'"n":1001'),
        (b'"n":1', b'"n": 1'),
        (b'"el":["AAAA', b'"el":["AA+A'),
        (b'AAA"]', b'AAB"]'),
        (b'AAA"]', b'AAA",]'),
    ],
)
def test_a_request_has_one_spelling(change: tuple[bytes, bytes]) -> None:
    """Another use, another spelling of a number, stray bits in an element: each is refused."""
    raw = EVALUATION_REQUEST.write(EvaluationRequest(use="lookup", ep=1, n=1, elements=(bytes(32),)))
    assert change[0] in raw

    with pytest.raises((MalformedError, TooLargeError)):
        EVALUATION_REQUEST.read(raw.replace(*change))


def test_sixteen_elements_for_each_and_a_thousand_in_all() -> None:
    """What is declared bounds what is evaluated, on both sides."""
    for n, count in ((1, 17), (1_000, 1_001)):
        with pytest.raises(TooLargeError):
            EVALUATION_REQUEST.write(EvaluationRequest(use="own", ep=1, n=n, elements=(bytes(32),) * count))
    with pytest.raises(MalformedError):
        EVALUATION_REQUEST.write(EvaluationRequest(use="own", ep=1, n=1, elements=(b"short",)))
    with pytest.raises(TooLargeError):
        EVALUATION_REQUEST.read(b" " * (2**16 + 1))


def test_no_element_is_in_a_representation() -> None:
    """Blinded or not, elements are printed by no mistake."""
    assert "\\xab" not in repr(EvaluationRequest(use="own", ep=1, n=1, elements=(b"\xab" * 32,)))


def test_a_number_below_five_has_no_spelling() -> None:
    """The suppression holds on the wire, whatever a service computes."""
    small = Usage(uses=(), overdue=(OverdueCount(agency="xaa-arms", month="2026-10", n=4),))

    with pytest.raises(MalformedError):
        USAGE.read(USAGE.write(small))

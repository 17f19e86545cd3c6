"""Long messages go in numbered parts and are put together by their places in the log."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.encoding import b64u
from ledger import jsontext
from ledger.errors import LabelError
from ledger.identifiers import StatementName
from ledger.messages import Inner, Kind
from ledger.talk.bodies import Body, kind_of
from ledger.talk.parts import MAX_BODY_BYTES, MAX_WHOLE_BYTES, PART_BYTES, Arrived, Whole, cut, put_together
from ledger.talk.releases import Release, ReleasedPortion
from tests.support.talks import ASKER, BODIES, OWNER, TERMS, THIRD

THREAD = bytes(16)


def inner(body: Body, to: str = OWNER) -> Inner:
    """Return a message with a body."""
    return Inner(kind=kind_of(body), to=to, thread=THREAD, re=None, part=1, parts=1, body=body.to_json())


def long_release(count: int = 4) -> Release:
    """Return a release of as many cases: each takes most of a message."""
    portions = [
        ReleasedPortion(of=number.to_bytes(16, "big"), portion="case", kr=bytes(32), ct=bytes(4_112))
        for number in range(count)
    ]
    return Release(terms=TERMS, portions=tuple(portions))


def arrive(parts: tuple[Inner, ...], *, start: int = 10, iss: str = ASKER) -> list[Arrived]:
    """Return parts as they stand in the log, one behind the other."""
    return [
        Arrived(index=start + place, name=StatementName(iss, (start + place).to_bytes(16, "big")), inner=part)
        for place, part in enumerate(parts)
    ]


def read(arrived: list[Arrived]) -> list[Whole]:
    """Return what is put together."""
    return list(put_together(arrived))


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_a_short_message_is_one_part(body: Body) -> None:
    """It stands there itself, under its own name."""
    (part,) = cut(inner(body))
    (whole,) = read(arrive((part,)))

    assert (whole.body, whole.damage, whole.index, whole.count) == (body, "", 10, 1)


@pytest.mark.parametrize("count", [2, 4, 30])
def test_a_long_message_comes_back_whole(count: int) -> None:
    """Every part but the last is full, and the message has the place and name of the first."""
    body = long_release(count)
    parts = cut(inner(body))
    (whole,) = read(arrive(parts))

    assert whole.body == body
    assert (whole.index, whole.count, whole.name.jti) == (10, len(parts), (10).to_bytes(16, "big"))
    assert {len(str(part.body)) for part in parts[:-1]} == {PART_BYTES // 3 * 4}
    assert [(part.part, part.parts) for part in parts] == [(n, len(parts)) for n in range(1, len(parts) + 1)]


def test_a_message_that_is_too_long_is_refused_before_it_is_sent() -> None:
    """The officer is told to say it in several."""
    with pytest.raises(LabelError, match="several messages"):
        cut(inner(long_release(MAX_BODY_BYTES // 5_000)))


def test_two_long_messages_one_behind_the_other_are_two() -> None:
    """The first part of the next begins anew."""
    one, other = cut(inner(long_release(3))), cut(inner(long_release(2)))
    arrived = [*arrive(one), *arrive(other, start=10 + len(one))]

    assert [whole.body for whole in read(arrived)] == [long_release(3), long_release(2)]


def damaged(arrived: list[Arrived]) -> None:
    """Fail unless nothing of it says anything, and each piece is told."""
    wholes = read(arrived)

    assert wholes
    assert all(whole.body is None and whole.damage for whole in wholes)
    assert sum(whole.count for whole in wholes) == len(arrived)


def test_attack_a_part_left_out_doubled_or_out_of_place() -> None:
    """A message with a hole says nothing, not something shorter."""
    parts = cut(inner(long_release()))
    whole = arrive(parts)

    damaged(whole[1:])
    damaged(whole[:-1])
    damaged([whole[0], *whole[2:]])
    damaged([replace(one, index=one.index + (place > 1)) for place, one in enumerate(whole)])
    damaged(arrive((parts[0], parts[0], *parts[1:]))[:2])
    damaged(arrive(tuple(reversed(parts))))


def test_attack_a_part_of_another_member_put_between() -> None:
    """Parts are one sender's, to one recipient, in one thread."""
    parts = cut(inner(long_release()))
    for spoiled in (
        {"name": StatementName(THIRD, bytes(16))},
        {"inner": replace(parts[1], to=THIRD)},
        {"inner": replace(parts[1], thread=b"another thread!!")},
        {"inner": replace(parts[1], kind=Kind.RECALL)},
        {"inner": replace(parts[1], parts=parts[1].parts + 1)},
        {"inner": replace(parts[1], re=StatementName(OWNER, bytes(16)))},
    ):
        arrived = arrive(parts)
        arrived[1] = replace(arrived[1], **spoiled)  # type: ignore[arg-type]  # members by name
        damaged(arrived)


def test_a_message_is_cut_in_one_way() -> None:
    """Slices of another size, a short body in parts, or a long one in none are refused: one spelling."""
    raw = jsontext.dump(long_release().to_json())

    def spoiled(slices: list[bytes]) -> list[Arrived]:
        base = inner(long_release())
        return arrive(
            tuple(
                replace(base, part=number, parts=len(slices), body=b64u(piece))
                for number, piece in enumerate(slices, 1)
            )
        )

    damaged(spoiled([raw[:5_000], raw[5_000:10_000], raw[10_000:15_000], raw[15_000:20_000], raw[20_000:]]))
    whole = [raw[at : at + PART_BYTES] for at in range(0, len(raw), PART_BYTES)]
    damaged(spoiled([*whole, b""]))
    short = jsontext.dump(BODIES[0].to_json())
    assert len(short) < MAX_WHOLE_BYTES
    damaged(spoiled([short[:100], short[100:]]))
    damaged(arrive((inner(long_release()),)))
    damaged(spoiled([raw[:PART_BYTES]] * 47))


@settings(max_examples=60)
@given(
    body=st.one_of(st.none(), st.text(max_size=30), st.dictionaries(st.text(max_size=5), st.integers(), max_size=3)),
    kind=st.sampled_from(Kind),
    part=st.integers(1, 3),
    parts=st.integers(1, 3),
)
def test_arbitrary_messages_are_whole_or_damaged(body: jsontext.JsonValue, kind: Kind, part: int, parts: int) -> None:
    """Whatever a member sends: something is shown for it, and no error leaves."""
    one = Inner(kind=kind, to=OWNER, thread=THREAD, re=None, part=min(part, parts), parts=parts, body=body)

    (whole,) = read(arrive((one,)))

    assert (whole.body is None) == bool(whole.damage)

"""What a member can learn by asking for what is not its own: not even whether it is there."""

from collections.abc import Sequence

import pytest
from werkzeug.test import TestResponse

from crypto.encoding import b64u
from ledger.identifiers import StatementName
from ledger.wire import paths
from tests.support.services import World

OWNER, PARTNER, CURIOUS = "xaa-arms", "xab-arms", "xac-arms"
NOBODY = bytes(16)
TAG = b64u(bytes(32))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, dict[str, StatementName]]:
    """Give a service that holds a record, a grant to the owner alone, and a message between two others."""
    world = World(tmp_path_factory.mktemp("told"))
    world.found()
    world.open_epoch(OWNER)
    record, private = world.consortium.record(OWNER), world.message(OWNER, to=PARTNER)
    world.log(OWNER, [record, private])
    alone = world.consortium.grant(OWNER, [], ep=2)
    world.log(OWNER, [alone])
    world.close()
    world.open()
    return world, {"record": record.name, "message": private.name, "grant": alone.name}


def ask(world: World, *wanted: tuple[str, bytes, str, str | None]) -> TestResponse:
    """Ask for blobs as the curious member."""
    rows = [
        f'{{"iss":"{iss}","jti":"{b64u(jti)}","place":"{place}"' + (f',"tag":"{tag}"}}' if tag else "}")
        for iss, jti, place, tag in wanted
    ]
    return world.post(CURIOUS, paths.BLOBS, f'{{"get":[{",".join(rows)}]}}'.encode(), paths.JSON_TYPE)


def looks(answers: Sequence[TestResponse]) -> set[tuple[object, ...]]:
    """Return how answers look to who asked: all of it, but the number that every answer has."""
    return {
        (answer.status, answer.data, tuple(item for item in answer.headers if item[0] not in {"X-Request-Id", "Date"}))
        for answer in answers
    }


@pytest.mark.parametrize("place", ["item", "event", "case"])
def test_attack_asking_whether_a_portion_exists(told: tuple[World, dict[str, StatementName]], place: str) -> None:
    """No record, no agency, no tag, a wrong tag: one answer, byte for byte, as for a portion that is there."""
    world, names = told
    there = names["record"]
    answers = [
        ask(world, (there.iss, there.jti, place, None)),
        ask(world, (there.iss, there.jti, place, TAG)),
        ask(world, (there.iss, NOBODY, place, TAG)),
        ask(world, (CURIOUS, there.jti, place, TAG)),
        ask(world, ("xzz-none", there.jti, place, TAG)),
        ask(world, (names["grant"].iss, names["grant"].jti, place, TAG)),
        ask(world, (names["message"].iss, names["message"].jti, place, None)),
    ]

    assert len(looks(answers)) == 1
    assert answers[0].data == bytes(4)


def test_attack_asking_whether_a_box_exists(told: tuple[World, dict[str, StatementName]]) -> None:
    """Another's box and another's message look like nothing at all."""
    world, names = told
    answers = [
        ask(world, (name.iss, name.jti, "box", tag))
        for name in (*names.values(), StatementName(OWNER, NOBODY))
        for tag in (None, TAG)
    ]

    assert len(looks(answers)) == 1
    assert answers[0].data == bytes(4)


def test_attack_many_at_once(told: tuple[World, dict[str, StatementName]]) -> None:
    """A thousand guesses are answered with a thousand empty frames, whatever is among them."""
    world, names = told
    there = names["record"]
    guesses = [(OWNER, number.to_bytes(16, "big"), "item", TAG) for number in range(999)]

    with_it = ask(world, *guesses, (there.iss, there.jti, "item", TAG))
    without = ask(world, *guesses, (there.iss, bytes(16), "item", TAG))

    assert len(looks([with_it, without])) == 1
    assert with_it.data == bytes(4_000)


@pytest.mark.parametrize("place", ["slip", "route", "self", "to", "box/xaa-arms", "Item", "item ", "../item", ""])
def test_attack_asking_for_a_place_that_is_the_services_own(
    told: tuple[World, dict[str, StatementName]], place: str
) -> None:
    """What only the service may see has no name in a request: there or not, the question is refused the same way."""
    world, names = told
    answers = [
        ask(world, (OWNER, names["record"].jti, place, None)),
        ask(world, (OWNER, names["message"].jti, place, None)),
        ask(world, (OWNER, NOBODY, place, None)),
    ]

    assert len(looks(answers)) == 1
    assert answers[0].status_code == 400


def test_attack_guessing_names_of_statements(told: tuple[World, dict[str, StatementName]]) -> None:
    """A name that no statement has looks the same under a member, under a stranger and under nobody."""
    world, names = told
    guesses = [(OWNER, NOBODY), (PARTNER, names["record"].jti), ("xzz-none", names["record"].jti), (CURIOUS, NOBODY)]
    answers = [world.get(CURIOUS, paths.STATEMENT.format(iss=iss, jti=b64u(jti))) for iss, jti in guesses]

    assert len(looks(answers)) == 1
    assert answers[0].status_code == 404


def test_attack_guessing_agencies(told: tuple[World, dict[str, StatementName]]) -> None:
    """Who is no member looks the same, whatever its id."""
    world, _ = told
    answers = [world.get(CURIOUS, paths.AGENCY_HEAD.format(iss=iss)) for iss in ("xzz-none", "xxx-other", "xaa-arms2")]

    assert len(looks(answers)) == 1


def test_attack_walking_the_log_by_numbers(told: tuple[World, dict[str, StatementName]]) -> None:
    """Beyond the end of the log every number looks the same."""
    world, _ = told
    size = world.service.store.head().size
    answers = [world.get(CURIOUS, paths.ENTRY.format(index=index)) for index in (size, size + 1, 10**15)]

    assert len(looks(answers)) == 1


def test_the_feed_tells_a_stranger_to_a_record_nothing_of_it(told: tuple[World, dict[str, StatementName]]) -> None:
    """Messages between others and grants to others are in nobody else's feed."""
    world, names = told
    feed = world.get(CURIOUS, paths.FEED, query="after=-1").data

    assert b64u(names["message"].jti).encode() not in feed
    assert b64u(names["grant"].jti).encode() not in feed

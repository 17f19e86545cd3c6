"""The swap matrix at the service's door: two uploads that could each be logged, with parts exchanged between them."""

from collections.abc import Mapping
from functools import cache
from itertools import combinations, combinations_with_replacement

import pytest

from ledger.wire.frames import encode_frames
from tests.support.consortium import ORIGIN, Consortium, epoch_key, make_consortium
from tests.support.dossiers import OTHER_ORIGIN
from tests.support.services import World, problem_of

ISS = "xaa-arms"
PARTS = ("batch", "grant", "record", "own box", "box", "other box", "slip", "item", "event", "case")
PAIRS = [pytest.param(pair, id="+".join(dict.fromkeys(pair))) for pair in combinations_with_replacement(PARTS, 2)]


def upload(consortium: Consortium, name: str) -> Mapping[str, bytes]:
    """Return the parts of an upload in their order: a grant and a record under it, for the first batch of an agency."""
    grant = consortium.grant(ISS, consortium.ids, key=epoch_key(name))
    record = consortium.record(ISS, key=epoch_key(name))
    statements = [grant, record]
    frames = [consortium.batch(ISS, statements), grant.entry, record.entry, *grant.blobs, *record.blobs]
    return dict(zip(PARTS, frames, strict=True))


@cache
def uploads() -> tuple[Mapping[str, bytes], ...]:
    """Return two uploads for one log, and one for another log of the same members under the same keys."""
    here, elsewhere = make_consortium(origin=ORIGIN), make_consortium(origin=OTHER_ORIGIN)
    return upload(here, "one"), upload(here, "two"), upload(elsewhere, "three")


def send(world: World, parts: Mapping[str, bytes]) -> str:
    """Return the type of problem that an upload meets, which must change nothing."""
    standing = world.standing()
    response = world.post_batch(ISS, encode_frames(parts.values()))

    assert response.status_code in {400, 401}
    assert world.standing() == standing
    return problem_of(response).type


@pytest.mark.parametrize("kinds", PAIRS)
def test_attack_parts_swapped_between_two_uploads(quiet_world: World, kinds: tuple[str, ...]) -> None:
    """Whatever one upload takes from another, of this log or of another log, nothing of it is logged."""
    one, two, three = uploads()
    for mine, other in ((one, two), (two, one), (one, three)):
        assert send(quiet_world, {**mine, **{kind: other[kind] for kind in kinds}}) in {
            "/problems/malformed",
            "/problems/bad-signature",
        }


@pytest.mark.parametrize(("one", "two"), [pytest.param(*two, id="-".join(two)) for two in combinations(PARTS, 2)])
def test_attack_parts_swapped_within_an_upload(quiet_world: World, one: str, two: str) -> None:
    """The right parts in each other's places are refused too."""
    parts = uploads()[0]

    send(quiet_world, {**parts, one: parts[two], two: parts[one]})


def test_attack_a_batch_replayed_into_another_origin(quiet_world: World) -> None:
    """A whole batch that another log of the same members would take names that log, and is refused here."""
    assert send(quiet_world, uploads()[2]) == "/problems/malformed"


@pytest.mark.parametrize("which", [0, 1])
def test_each_upload_alone_is_logged(world: World, which: int) -> None:
    """What the matrix refuses would have been taken as it was; otherwise its refusals would be worth nothing."""
    assert world.post_batch(ISS, encode_frames(uploads()[which].values())).status_code == 201

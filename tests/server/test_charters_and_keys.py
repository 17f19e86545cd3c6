"""POST /v1/charters and /v1/keys: the root signatures decide, and nothing else is asked."""

from dataclasses import replace

import pytest

from crypto.signing import Algorithm
from ledger.charter import sign_charter
from ledger.fingerprints import of_file
from ledger.identifiers import KeyId
from ledger.keyentries import build_key_entry
from ledger.kinds import Role
from ledger.wire import limits, paths, schemas
from tests.support.consortium import (
    NOW,
    ORIGIN,
    Consortium,
    make_agency,
    make_charter,
    make_key,
    roots_of,
    sign_by,
    signer,
)
from tests.support.services import World, assert_problem


def test_the_first_charter_is_entry_0(empty_world: World) -> None:
    """A new service takes the charter whose fingerprint it was started with."""
    response = empty_world.found()

    receipt = schemas.RECEIPT.read(response.data)
    assert response.status_code == 201
    assert (receipt.first, receipt.index, receipt.size, receipt.proof) == (0, 0, 1, ())


def test_the_same_charter_again_is_answered_the_same(world: World) -> None:
    """A retry is 200 and changes nothing."""
    standing = world.standing()

    response = world.found()

    assert (response.status_code, schemas.RECEIPT.read(response.data).index) == (200, 0)
    assert world.standing() == standing


def test_a_charter_that_was_not_pinned_is_refused(empty_world: World) -> None:
    """Another first charter, though signed by all its agencies, is not the one the operator named."""
    other = make_charter([make_agency(name) for name in ("xaa-arms", "xab-arms")])

    response = empty_world.post_charter(sign_by(other, other.agencies))

    assert_problem(response, "malformed", 400)
    assert empty_world.rows()["entries"] == 0


def test_a_charter_that_names_other_keys_of_the_service_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A service that cannot sign what its members expect does not begin."""
    charter = make_charter([make_agency("xaa-arms")])
    stolen = replace(charter, log=replace(charter.log, answer_key=signer("other", Algorithm.ED25519).public_key.raw))
    consortium = Consortium(charter=stolen, charter_file=sign_by(stolen, stolen.agencies))
    world = World(tmp_path_factory.mktemp("other"), consortium=consortium)

    response = world.found()
    rows = world.rows()
    world.close()

    assert_problem(response, "malformed", 400)
    assert rows["entries"] == 0


def test_a_charter_whose_url_nobody_could_sign_for_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The url is what every request is signed for: one with a path or a name in capitals is not taken."""
    charter = replace(make_charter([make_agency("xaa-arms")]), url="https://Ledger.Example/path")
    consortium = Consortium(charter=charter, charter_file=sign_by(charter, charter.agencies))
    world = World(tmp_path_factory.mktemp("url"), consortium=consortium)

    response = world.found()
    world.close()

    assert_problem(response, "malformed", 400)


def test_the_next_charter_counts_from_the_next_request(world: World) -> None:
    """A newcomer is a member, and a leaver a stranger, as soon as the charter is logged."""
    consortium = world.consortium
    current = consortium.current
    kept = consortium.next_charter().agencies[:2]
    newcomer = make_agency("xzz-arms")
    agencies = (*kept, newcomer)
    following = replace(consortium.next_charter(), agencies=agencies, threshold=2)
    signers = [current.agencies[0], current.agencies[1], newcomer]
    file = sign_by(following, signers, previous=current)

    response = world.post_charter(file)

    assert response.status_code == 201
    assert world.get("xac-arms", paths.agency_head("xaa-arms")).status_code == 403
    listed = schemas.CHARTER_LIST.read(world.client.get(paths.CHARTERS).data)
    assert [(item.ver, item.h) for item in listed.charters][1] == (2, of_file(file))


def test_a_charter_below_the_threshold_is_refused(world: World) -> None:
    """One agency of three cannot change who is a member."""
    consortium = world.consortium
    following = consortium.next_charter()
    file = sign_charter(
        following.payload(), roots=roots_of(consortium.current.agencies[0]), previous=consortium.current
    )
    standing = world.standing()

    response = world.post_charter(file)

    assert_problem(response, "bad-signature", 401)
    assert world.standing() == standing


def test_a_key_entry_is_logged_and_counts(world: World) -> None:
    """A new http key signs requests as soon as its entry stands."""
    new = make_key(KeyId("xaa-arms", 40), Role.HTTP, Algorithm.ED25519)

    response = world.post_key(world.consortium.key_entry("xaa-arms", add=[new]))

    receipt = schemas.RECEIPT.read(response.data)
    assert (response.status_code, receipt.first, receipt.index) == (201, 1, 1)
    head = schemas.AGENCY_HEAD.read(world.get("xaa-arms", paths.agency_head("xaa-arms")).data)
    assert head.kx == 1


def test_the_same_key_entry_again_is_answered_the_same(world: World) -> None:
    """A retry is 200 and the same index."""
    entry = world.consortium.key_entry("xaa-arms", add=[make_key(KeyId("xaa-arms", 40), Role.HTTP, Algorithm.ED25519)])
    world.post_key(entry)
    standing = world.standing()

    response = world.post_key(entry)

    assert (response.status_code, schemas.RECEIPT.read(response.data).index) == (200, 1)
    assert world.standing() == standing


def test_a_key_entry_signed_by_another_agencys_roots_is_refused(world: World) -> None:
    """Nobody changes another's keys."""
    thief = world.consortium.current.agencies[1]
    entry = build_key_entry(
        iss="xaa-arms",
        iat=NOW,
        origin=ORIGIN,
        prev=0,
        roots=roots_of(thief),
        add=[make_key(KeyId("xaa-arms", 40), Role.HTTP, Algorithm.ED25519)],
    )
    standing = world.standing()

    response = world.post_key(entry)

    assert_problem(response, "bad-signature", 401)
    assert world.standing() == standing


def test_a_public_key_is_enrolled_once(world: World) -> None:
    """A key id that was ever used is refused as a duplicate."""
    used = world.consortium.newest("xaa-arms", Role.HTTP)

    response = world.post_key(world.consortium.key_entry("xaa-arms", add=[used]))

    assert_problem(response, "duplicate", 409)


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b'{"payload":"","signatures":[]}', b"\xff" * 100])
@pytest.mark.parametrize("path", [paths.CHARTERS, paths.KEYS])
def test_what_is_no_charter_and_no_key_entry_is_malformed(quiet_world: World, path: str, body: bytes) -> None:
    """Arbitrary bytes are refused before anything is asked of them."""
    standing = quiet_world.standing()
    media = paths.CHARTER_TYPE if path == paths.CHARTERS else paths.KEY_TYPE

    response = quiet_world.client.post(path, data=body, headers={"Content-Type": media})

    assert_problem(response, "malformed", 400)
    assert quiet_world.standing() == standing


@pytest.mark.parametrize(
    ("path", "media", "most"),
    [
        (paths.CHARTERS, paths.CHARTER_TYPE, limits.MAX_CHARTER_BYTES),
        (paths.KEYS, paths.KEY_TYPE, limits.MAX_ENTRY_BYTES),
    ],
)
def test_an_oversized_body_is_refused_by_its_length(quiet_world: World, path: str, media: str, most: int) -> None:
    """What is larger than the protocol allows is refused before it is read."""
    response = quiet_world.client.post(path, data=b"x" * (most + 1), headers={"Content-Type": media})

    assert_problem(response, "too-large", 413)


def test_attack_one_subscriber_with_all_addresses_of_a_network(empty_world: World) -> None:
    """Another IPv6 address for each request is one sender all the same; the network beside it is another."""
    answers = [_from(empty_world, f"2001:db8::{number:x}") for number in range(31)]

    assert [status for status in answers if status != 400] == [503]
    assert _from(empty_world, "2001:db8:0:1::1") == 400


def _from(world: World, address: str) -> int:
    headers = {"Content-Type": paths.KEY_TYPE}
    return world.client.post(paths.KEYS, data=b"{}", headers=headers, environ_base={"REMOTE_ADDR": address}).status_code


def test_one_address_cannot_flood_what_needs_no_signature(empty_world: World) -> None:
    """After thirty in a minute an address is told to wait, and how long."""
    responses = [empty_world.post_key(b"{}") for _ in range(31)]

    assert {response.status_code for response in responses[:30]} == {400}
    assert_problem(responses[30], "busy", 503)
    assert responses[30].headers["Retry-After"] == "60"
    empty_world.clock.advance(60)
    assert empty_world.post_key(b"{}").status_code == 400

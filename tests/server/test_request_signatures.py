"""Signed requests: what a signature must cover, and every way of sending one that must fail (RFC 9421)."""

from io import BytesIO
from typing import Any

import pytest

from crypto.encoding import b64
from crypto.signing import Algorithm
from ledger.identifiers import KeyId
from ledger.kinds import Role
from ledger.terms import Limits
from ledger.wire import paths, requests
from ledger.wire.frames import encode_frames
from tests.support.consortium import make_agency, make_charter, make_consortium, make_key, sign_by, signer, signer_of
from tests.support.services import SignedRequest, World, assert_problem, sign_request

HEAD = paths.agency_head("xaa-arms")


def test_a_signed_request_is_answered(quiet_world: World) -> None:
    """A request signed by an http key in force is taken."""
    response = quiet_world.get("xab-arms", HEAD)

    assert response.status_code == 200


@pytest.mark.parametrize("missing", [requests.SIGNATURE, requests.SIGNATURE_INPUT])
def test_an_unsigned_request_is_refused(quiet_world: World, missing: str) -> None:
    """Both fields are needed."""
    response = quiet_world.send(quiet_world.signed("xab-arms", "GET", HEAD).with_header(missing, None))

    assert_problem(response, "bad-signature", 401)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"@path" ', ""),
        ('"@method" "@authority"', '"@authority" "@method"'),
        ('"@query")', '"@query" "date")'),
        (';alg="ed25519"', ""),
        ('alg="ed25519"', 'alg="hmac-sha256"'),
        (";nonce=", ";expires=9999999999;nonce="),
        (f'tag="{requests.TAG}"', 'tag="another"'),
        ("created=1800000000", "created=01800000000"),
        ("sealtrace=", "sig1="),
        ("sealtrace=", 'other=("@method");created=1, sealtrace='),
        ('keyid="xab-arms', 'keyid="xaa-arms'),
    ],
)
def test_a_signature_of_another_form_is_refused(quiet_world: World, old: str, new: str) -> None:
    """Covered components, parameters and label have one order and one spelling."""
    request = quiet_world.signed("xab-arms", "GET", HEAD)
    field = dict(request.headers)[requests.SIGNATURE_INPUT]

    response = quiet_world.send(request.with_header(requests.SIGNATURE_INPUT, field.replace(old, new)))

    assert field.replace(old, new) != field
    assert_problem(response, "bad-signature", 401)


@pytest.mark.parametrize("value", ["", "sealtrace=:AAAA:", "other=:AAAA:", "sealtrace=1", f"sealtrace=:{'A' * 86}==:"])
def test_a_signature_field_of_another_form_is_refused(quiet_world: World, value: str) -> None:
    """The field Signature is one Ed25519 signature in base64, and it must verify."""
    response = quiet_world.send(quiet_world.signed("xab-arms", "GET", HEAD).with_header(requests.SIGNATURE, value))

    assert_problem(response, "bad-signature", 401)


def test_a_signature_with_stray_bits_is_refused(quiet_world: World) -> None:
    """Base64 has one spelling here too: 64 bytes leave four bits that must be zero."""
    request = quiet_world.signed("xab-arms", "GET", HEAD)
    field = dict(request.headers)[requests.SIGNATURE]
    stray = field[:-4] + chr(ord(field[-4]) + 1) + "==:"

    assert_problem(quiet_world.send(request.with_header(requests.SIGNATURE, stray)), "bad-signature", 401)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "HEAD"},
        {"path": paths.agency_head("xab-arms")},
        {"query": "after=1", "path": paths.FEED},
    ],
)
def test_a_signature_moved_to_another_request_is_refused(quiet_world: World, change: dict[str, str]) -> None:
    """Method, path and query are covered."""
    request = quiet_world.signed("xab-arms", "GET", HEAD)

    response = quiet_world.send(request, **change)

    assert response.status_code == 401


def test_a_changed_query_is_refused(quiet_world: World) -> None:
    """A feed that was asked from one index cannot be replayed from another."""
    request = quiet_world.signed("xab-arms", "GET", paths.FEED, query="after=5")

    assert_problem(quiet_world.send(request, query="after=-1"), "bad-signature", 401)


def test_a_request_to_another_service_is_refused_here(quiet_world: World) -> None:
    """The authority is the charter's: what was signed for another host is worth nothing here."""
    request = quiet_world.signed("xab-arms", "GET", HEAD, url="https://other.example")

    assert_problem(quiet_world.send(request), "bad-signature", 401)


def test_a_lying_host_header_makes_no_signature_good(quiet_world: World) -> None:
    """A request signed for another host stays refused when the Host header says that host."""
    request = quiet_world.signed("xab-arms", "GET", HEAD, url="https://other.example").with_header(
        "Host", "other.example"
    )

    assert_problem(quiet_world.send(request), "bad-signature", 401)


def test_a_lying_host_header_makes_no_signature_bad(quiet_world: World) -> None:
    """A proxy may rewrite Host as it likes: nobody asks it."""
    request = quiet_world.signed("xab-arms", "GET", HEAD).with_header("Host", "internal:9")

    assert quiet_world.send(request).status_code == 200


def test_a_lying_forwarded_header_changes_nothing(quiet_world: World) -> None:
    """Forwarding headers are not believed either."""
    request = quiet_world.signed("xab-arms", "GET", HEAD, url="https://other.example")

    response = quiet_world.send(request.with_header("X-Forwarded-Host", "other.example"))

    assert_problem(response, "bad-signature", 401)


@pytest.mark.parametrize(("age", "status"), [(0, 200), (60, 200), (61, 409), (-5, 200), (-6, 409)])
def test_a_request_is_fresh_for_a_minute(quiet_world: World, age: int, status: int) -> None:
    """Older than a minute, or from the future, is answered as a replay."""
    request = quiet_world.signed("xab-arms", "GET", HEAD, created=quiet_world.clock() - age)

    assert quiet_world.send(request).status_code == status


def test_a_replayed_batch_is_refused(world: World) -> None:
    """A captured POST that had its effect is refused, though the batch itself may be sent again."""
    body = world.upload("xaa-arms", [world.consortium.grant("xaa-arms", [])])
    request = world.signed("xaa-arms", "POST", paths.BATCHES, body=body, content_type=paths.BATCH_TYPE)
    first = world.send(request)
    standing = world.standing()

    replayed = world.send(request)

    assert first.status_code == 201
    assert_problem(replayed, "replayed", 409)
    assert world.standing() == standing


def test_a_nonce_used_for_another_batch_is_refused(world: World) -> None:
    """One nonce has one effect, whatever is sent under it."""
    nonce = world.nonce()
    world.open_epoch("xaa-arms")
    for expected in (201, 409):
        records = [world.consortium.record("xaa-arms")]
        entry = world.consortium.batch("xaa-arms", records)
        body = encode_frames([entry, records[0].entry, *records[0].blobs])
        request = world.signed("xaa-arms", "POST", paths.BATCHES, body=body, content_type=paths.BATCH_TYPE, nonce=nonce)
        assert world.send(request).status_code == expected
        if expected == 201:
            world.step(entry, records)


def test_a_nonce_is_forgotten_when_it_can_no_longer_be_used(world: World) -> None:
    """The table of nonces does not grow for ever: the next batch after two minutes clears it."""
    world.open_epoch("xaa-arms")
    world.clock.advance(requests.NONCE_SECONDS + 1)

    world.log("xaa-arms", [world.consortium.record("xaa-arms")])

    assert world.rows()["nonces"] == 1


def test_a_tampered_body_is_refused(quiet_world: World) -> None:
    """The digest is covered, and the body must be the one it names."""
    body = quiet_world.upload("xaa-arms", [quiet_world.consortium.grant("xaa-arms", [])])
    request = quiet_world.signed("xaa-arms", "POST", paths.BATCHES, body=body, content_type=paths.BATCH_TYPE)
    standing = quiet_world.standing()

    response = quiet_world.send(request, body=body[:-1] + bytes([body[-1] ^ 1]))

    assert_problem(response, "bad-signature", 401)
    assert quiet_world.standing() == standing


def test_a_tampered_digest_is_refused(quiet_world: World) -> None:
    """Body and digest changed together do not match the signature."""
    body = quiet_world.upload("xaa-arms", [quiet_world.consortium.grant("xaa-arms", [])])
    request = quiet_world.signed("xaa-arms", "POST", paths.BATCHES, body=body, content_type=paths.BATCH_TYPE)
    other = body[:-1] + bytes([body[-1] ^ 1])

    response = quiet_world.send(
        request.with_header(requests.CONTENT_DIGEST, requests.content_digest(other)), body=other
    )

    assert_problem(response, "bad-signature", 401)


def test_a_weaker_digest_is_refused(quiet_world: World) -> None:
    """Only sha-256 is a digest here, however the field is signed."""
    body = b"body"
    sign, kid = quiet_world.consortium.signing("xaa-arms", Role.HTTP)
    request = sign_request(
        "POST",
        paths.BATCHES,
        sign=sign,
        kid=kid,
        created=quiet_world.clock(),
        nonce=quiet_world.nonce(),
        body=body,
        content_type=paths.BATCH_TYPE,
    )

    response = quiet_world.send(request.with_header(requests.CONTENT_DIGEST, f"md5=:{b64(b'x' * 16)}:"))

    assert_problem(response, "bad-signature", 401)


def _by(world: World, kid: KeyId, algorithm: Algorithm = Algorithm.ED25519) -> SignedRequest:
    sign = signer(str(kid), algorithm)
    return sign_request("GET", HEAD, sign=sign, kid=kid, created=world.clock(), nonce=world.nonce())


def test_a_stranger_is_not_a_member(quiet_world: World) -> None:
    """A key that no charter lists signs nothing here."""
    assert_problem(quiet_world.send(_by(quiet_world, KeyId("xzz-arms", 6))), "not-a-member", 403)


@pytest.mark.parametrize("role", [Role.SIGN, Role.ROOT])
def test_a_key_of_another_role_signs_no_request(quiet_world: World, role: Role) -> None:
    """Never one key for two roles."""
    key = quiet_world.consortium.newest("xab-arms", role) if role is Role.SIGN else None
    found = key or quiet_world.consortium.state.membership.keys_of("xab-arms", role=role, index=1)[0]
    sign = signer_of(found)

    request = sign_request(
        "GET", HEAD, sign=sign, kid=found.kid, created=quiet_world.clock(), nonce=quiet_world.nonce()
    )

    assert_problem(quiet_world.send(request), "not-a-member", 403)


def test_an_ended_key_signs_no_request(world: World) -> None:
    """A revoked http key is refused from the next entry on."""
    consortium = world.consortium
    old = consortium.newest("xab-arms", Role.HTTP)
    new = make_key(KeyId("xab-arms", 50), Role.HTTP, Algorithm.ED25519)
    assert world.post_key(consortium.key_entry("xab-arms", add=[new], end=[old.kid])).status_code == 201

    assert_problem(world.send(_by(world, old.kid)), "not-a-member", 403)
    assert world.send(_by(world, new.kid)).status_code == 200


def test_before_the_first_charter_nobody_is_a_member(empty_world: World) -> None:
    """An empty log answers nobody but who brings its charter."""
    assert_problem(empty_world.get("xaa-arms", HEAD), "not-a-member", 403)


def test_entries_for_members_need_a_signature(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With `entries: members`, bundles are for whoever signs with a key of the charter; hash tiles stay open."""
    charter = make_charter([make_agency(name) for name in ("xaa-arms", "xab-arms")], limits=Limits(entries="members"))
    consortium = make_consortium(2)
    consortium = type(consortium)(charter=charter, charter_file=sign_by(charter, charter.agencies))
    world = World(tmp_path_factory.mktemp("members"), consortium=consortium)
    world.found()

    open_bundle = world.client.get("/tile/entries/000.p/1")
    signed_bundle = world.get("xab-arms", "/tile/entries/000.p/1")
    hashes = world.client.get("/tile/0/000.p/1")
    world.close()

    assert_problem(open_bundle, "bad-signature", 401)
    assert signed_bundle.status_code == 200
    assert signed_bundle.headers["Cache-Control"].startswith("private")
    assert hashes.status_code == 200


def test_open_entries_need_none(quiet_world: World) -> None:
    """With `entries: open`, anybody reads bundles, and caches may keep them."""
    response = quiet_world.client.get("/tile/entries/000.p/1")

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_signature_is_judged_before_the_body_is_read(quiet_world: World) -> None:
    """Who has not signed cannot make the service take in 32 MiB."""
    body = _CountedBody(b"x" * 1_000)

    response = quiet_world.client.post(
        paths.BATCHES, input_stream=body, headers={"Content-Type": paths.BATCH_TYPE, "Content-Length": "1000"}
    )

    assert_problem(response, "bad-signature", 401)
    assert body.reads == 0


class _CountedBody(BytesIO):
    """A body that knows whether anybody read of it."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Count and read."""
        self.reads += 1
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        """Count and read."""
        self.reads += 1
        return super().readinto(buffer)

"""Attacks with keys and with one's place in the chain: what a member can do who holds good root keys."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from crypto.encoding import b64u
from ledger.audit import Auditor
from ledger.errors import ProofError
from ledger.fingerprints import of_file
from ledger.jws import parse_compact, parse_general
from ledger.kinds import Role, Typ
from ledger.log import Append
from ledger.merkle import leaf_hash
from ledger.opening import open_with_keys
from ledger.recordform import PORTIONS, parse_record
from ledger.statements import SealedStatement
from ledger.wire import paths, schemas
from tests.support.consortium import epoch_key, make_consortium, make_key, sign_by
from tests.support.forgeries import Writer
from tests.support.records import open_portion
from tests.support.services import World, assert_problem, assert_refused, body_of

ISS, THIEF = "xaa-arms", "xab-arms"
# Every spelling of a point whose order divides eight, reduced or not, with either sign (RFC 8032, 5.1.3; y of order
# 1, 2, 4 and 8): for such a key one fixed signature verifies every message.
P = 2**255 - 19
Y8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7
SMALL_ORDER = sorted(
    {
        (value | sign << 255).to_bytes(32, "little")
        for y in (0, 1, P - 1, Y8, P - Y8)
        for value in (y, y + P)
        if value < 2**255
        for sign in (0, 1)
    }
)


def key_entry_adding(world: World, role: Role, public_key: bytes) -> bytes:
    """Return a key entry, signed by both roots, that adds a key which no client of ours would write."""
    mine = world.consortium.newest(ISS, role)
    honest = world.consortium.key_entry(ISS, add=[make_key(mine.kid._replace(number=90), role, mine.algorithm)])
    payload = json.loads(parse_general(honest).payload)
    payload["add"][0]["pk"] = b64u(public_key)
    raw = json.dumps(payload, separators=(",", ":")).encode()
    writer = Writer(consortium=world.consortium, iss=ISS, statements={})
    return writer.key_entry(honest, payload=lambda _honest: raw)


def test_every_small_order_point_is_among_them() -> None:
    """The eight points have fourteen spellings."""
    assert len(SMALL_ORDER) == 14


@pytest.mark.parametrize("public_key", SMALL_ORDER, ids=bytes.hex)
@pytest.mark.parametrize("role", [Role.SIGN, Role.HTTP], ids=lambda role: role.value)
def test_attack_a_small_order_key_is_enrolled(quiet_world: World, role: Role, public_key: bytes) -> None:
    """No key for which one signature fits all messages gets in, though its own roots signed for it."""
    quiet_world.clock.advance(60)
    standing = quiet_world.standing()

    response = quiet_world.post_key(key_entry_adding(quiet_world, role, public_key))

    assert_problem(response, "malformed", 400)
    assert quiet_world.standing() == standing


@pytest.mark.parametrize("half", [bytes(32), (1).to_bytes(32, "little"), (P - 1).to_bytes(32, "little")], ids=bytes.hex)
def test_attack_a_key_for_boxes_that_anybody_can_open(quiet_world: World, half: bytes) -> None:
    """An `hpke` key whose X25519 half gives the same secret to everybody is not enrolled."""
    quiet_world.clock.advance(60)
    good = quiet_world.consortium.newest(ISS, Role.HPKE).public_key

    response = quiet_world.post_key(key_entry_adding(quiet_world, Role.HPKE, good[:-32] + half))

    assert_problem(response, "malformed", 400)


def test_attack_another_agencys_public_key_under_ones_own_name(quiet_world: World) -> None:
    """Whoever enrols another's key cannot sign with it, but could claim its statements: a key belongs to one kid for ever."""
    quiet_world.clock.advance(60)
    theirs = quiet_world.consortium.newest("xab-arms", Role.SIGN).public_key

    response = quiet_world.post_key(key_entry_adding(quiet_world, Role.SIGN, theirs))

    assert_problem(response, "duplicate", 409)


def test_attack_two_batches_with_one_seq_at_once(world: World) -> None:
    """Of two batches with one seq sent at the same moment one is logged, and the other is told where the chain stands."""
    one, two = (
        world.upload(ISS, [world.consortium.grant(ISS, world.consortium.ids, key=bytes([number]) * 32)])
        for number in (1, 2)
    )
    with ThreadPoolExecutor(2) as senders:
        answers = list(senders.map(lambda body: world.post_batch(ISS, body), (one, two)))

    refused = [answer for answer in answers if answer.status_code != 201]
    assert len(refused) == 1
    assert refused[0].status_code in {409, 503}
    again = world.post_batch(ISS, two if refused[0] is answers[1] else one)
    assert assert_problem(again, "batch-sequence", 409).seq == 1


def test_attack_an_equivocating_agency_and_the_operator_include_two_batches_of_one_seq() -> None:
    """A member and the operator together leave two signed batches of one seq in the log: proof against the log, and named."""
    consortium = make_consortium()
    first = [consortium.grant(ISS, consortium.ids, key=bytes([1]) * 32)]
    second = [consortium.grant(ISS, consortium.ids, key=bytes([2]) * 32)]
    entries = [consortium.batch(ISS, first), consortium.batch(ISS, second)]
    consortium.submit_batch_entry(entries[0], first)
    index = consortium.store.head().size
    consortium.log.append(Append(entries=(second[0].entry, entries[1])), index)

    auditor = Auditor(origin=consortium.origin, fingerprint=of_file(consortium.charter_file))
    for place, entry in enumerate(consortium.store.entries(0, index + 2)):
        auditor.feed(place, entry, leaf=leaf_hash(entry), charter_file=consortium.store.charter)

    findings = auditor.finish().findings
    assert [(finding.index, finding.check) for finding in findings] == [(index + 1, "batch/seq")]


def test_attack_a_batch_under_a_stale_charter(world: World) -> None:
    """A batch made before a charter changed is refused with the `kx` that counts, and is logged once it is signed anew."""
    grants = [world.consortium.grant(ISS, world.consortium.ids)]
    stale = world.upload(ISS, grants)
    following = world.consortium.next_charter()
    file = sign_by(following, following.agencies, previous=world.consortium.charter)
    assert world.post_charter(file).status_code == 201
    world.consortium.submit_charter(file)

    problem = assert_refused(world, ISS, stale, "stale-keys", 409)

    assert problem.kx == 1
    assert world.post_batch(ISS, world.upload(ISS, grants)).status_code == 201


@pytest.mark.parametrize("ver", [1, 2])
def test_attack_a_stale_charter_is_brought_back(world: World, ver: int) -> None:
    """A charter that was in force once, or was signed for a version that is taken, changes nothing when it is sent again."""
    first = world.consortium.charter
    file_2 = sign_by(world.consortium.next_charter(), first.agencies, previous=first)
    rival_2 = sign_by(world.consortium.next_charter(url="http://127.0.0.1:9999"), first.agencies, previous=first)
    assert world.post_charter(file_2).status_code == 201
    standing = world.standing()

    response = world.post_charter(world.consortium.charter_file if ver == 1 else rival_2)

    assert world.standing() == standing
    if ver == 1:
        assert schemas.RECEIPT.read(response.data).index == 0
    else:
        assert_problem(response, "malformed", 400)
    assert world.service.url() == first.url


def test_attack_a_key_that_ended_while_its_request_was_on_the_way(world: World) -> None:
    """A request signed before its key ended is refused when it arrives after: position decides, not when it was signed."""
    entry = world.consortium.batch(ISS, [grant := world.consortium.grant(ISS, world.consortium.ids)])
    late = world.signed(ISS, "POST", paths.BATCHES, body=body_of(entry, [grant]), content_type=paths.BATCH_TYPE)
    stolen = world.consortium.newest(ISS, Role.HTTP)
    ending = world.consortium.key_entry(
        ISS, add=[make_key(stolen.kid._replace(number=50), Role.HTTP, stolen.algorithm)], end=[stolen.kid]
    )
    assert world.post_key(ending).status_code == 201
    standing = world.standing()

    assert_problem(world.send(late), "not-a-member", 403)
    assert world.standing() == standing


def naming_portions_of(victim: bytes, honest: bytes) -> bytes:
    """Return a record's payload that names the commitments, tags and ciphertexts of the victim's portions."""
    payload = json.loads(honest)
    payload["prt"] = json.loads(parse_compact(victim).payload)["prt"]
    return json.dumps(payload, separators=(",", ":")).encode()


@pytest.fixture
def copied(world: World) -> tuple[SealedStatement, SealedStatement]:
    """Give a logged record, and another agency's record that names the first one's ciphertexts as its own."""
    for agency in (ISS, THIEF):
        world.open_epoch(agency)
    victim, own = world.consortium.record(ISS), world.consortium.record(THIEF)
    world.log(ISS, [victim])
    writer = Writer(consortium=world.consortium, iss=THIEF, statements={Typ.RECORD: own})
    entry = writer.statement(Typ.RECORD, payload=lambda honest: naming_portions_of(victim.entry, honest))
    return victim, replace(own, entry=entry)


def test_attack_a_ciphertext_named_by_another_record_that_has_it_not(
    world: World, copied: tuple[SealedStatement, SealedStatement]
) -> None:
    """Naming the hash of a ciphertext gives nobody its bytes: whoever names them sends them, and nothing is shared."""
    _, forged = copied

    assert_refused(world, THIEF, world.upload(THIEF, [forged]), "malformed", 400)


def test_attack_a_ciphertext_named_by_another_record(
    world: World, copied: tuple[SealedStatement, SealedStatement]
) -> None:
    """Who has the bytes can log them again under its name; no key opens them there, not even the one that seals them."""
    victim, forged = copied
    forged = replace(forged, blobs=(forged.blobs[0], *victim.blobs[1:]))
    world.log(THIEF, [forged])
    keys = [epoch_key(ISS), epoch_key(THIEF)]

    for place, ciphertext in zip(PORTIONS, victim.blobs[1:], strict=True):
        opened = open_portion(parse_record(victim.entry), place, epoch_keys=keys, ciphertext=ciphertext)
        assert opened.portion == place
        with pytest.raises(ProofError):
            open_portion(parse_record(forged.entry), place, epoch_keys=keys, ciphertext=ciphertext)
        with pytest.raises(ProofError):
            open_with_keys(parse_record(forged.entry), place, keys=opened.keys, ciphertext=ciphertext)

"""POST /v1/batches: what is logged, what a retry gets, and that a refusal changes nothing."""

from dataclasses import replace

import pytest

from crypto.digests import sha256
from ledger.batches import parse_batch
from ledger.checkpoints import open_checkpoint
from ledger.kinds import Role
from ledger.merkle import leaf_hash, verify_inclusion
from ledger.wire import limits, paths, schemas
from ledger.wire.frames import encode_frames, parse_frames
from tests.support.consortium import ORIGIN, log_keys
from tests.support.services import World, assert_refused, body_of


def test_a_receipt_proves_that_the_batch_is_under_the_signed_checkpoint(world: World) -> None:
    """What the service answers can be checked with the log's public keys alone."""
    entry = world.consortium.batch("xaa-arms", grants := [world.consortium.grant("xaa-arms", world.consortium.ids)])

    response = world.post_batch("xaa-arms", body_of(entry, grants))

    assert response.status_code == 201
    receipt = schemas.RECEIPT.read(response.data)
    assert (receipt.first, receipt.index, receipt.size, receipt.stage) == (1, 2, 3, "durable")
    checkpoint = open_checkpoint(receipt.checkpoint.encode(), origin=ORIGIN, vkeys=log_keys().vkeys)
    verify_inclusion(
        leaf=leaf_hash(entry), index=receipt.index, size=receipt.size, proof=receipt.proof, root=checkpoint.root
    )


def test_the_service_signs_the_same_tree_as_an_independent_log(world: World) -> None:
    """A log over memory and the service over SQLite, fed the same batches, have the same root."""
    world.open_epoch("xaa-arms")
    world.log("xaa-arms", [world.consortium.record("xaa-arms") for _ in range(3)])

    expected = world.consortium.store.head().tree.root()

    assert expected == world.service.store.head().tree.root()


def test_a_thousand_statements_are_one_batch(world: World) -> None:
    """The largest batch is logged whole: its tiles are full where they should be."""
    world.open_epoch("xaa-arms")

    receipt = world.log("xaa-arms", [world.consortium.record("xaa-arms") for _ in range(limits.MAX_STATEMENTS)])

    assert receipt.index - receipt.first == limits.MAX_STATEMENTS
    assert world.rows()["tiles"] == receipt.size // 256


def test_the_same_batch_again_is_answered_with_the_same_indices(world: World) -> None:
    """A lost reply costs nothing: the retry is 200, and nothing is logged twice."""
    grants = [world.consortium.grant("xaa-arms", world.consortium.ids)]
    body = world.upload("xaa-arms", grants)
    first = world.post_batch("xaa-arms", body)
    standing = world.standing()

    again = world.post_batch("xaa-arms", body)

    assert (first.status_code, again.status_code) == (201, 200)
    assert schemas.RECEIPT.read(first.data) == schemas.RECEIPT.read(again.data)
    assert standing == world.standing()


def test_a_retry_signed_anew_is_the_same_batch(world: World) -> None:
    """ML-DSA signatures differ each time; the payload decides."""
    grants = [world.consortium.grant("xaa-arms", world.consortium.ids)]
    first = world.post_batch("xaa-arms", world.upload("xaa-arms", grants))

    again = world.post_batch("xaa-arms", world.upload("xaa-arms", grants))

    assert (first.status_code, again.status_code) == (201, 200)


def test_a_retry_is_answered_after_the_keys_have_changed(world: World) -> None:
    """Whether a batch is logged is looked up before its keys are judged."""
    consortium = world.consortium
    grants = [consortium.grant("xaa-arms", consortium.ids)]
    entry = consortium.batch("xaa-arms", grants)
    world.post_batch("xaa-arms", body_of(entry, grants))
    world.step(entry, grants)
    key_entry = consortium.key_entry("xaa-arms", end=[consortium.newest("xaa-arms", Role.SIGN).kid])
    world.post_key(key_entry)

    again = world.post_batch("xaa-arms", body_of(entry, grants))

    assert again.status_code == 200


def test_messages_are_logged_and_routed(world: World) -> None:
    """A message reaches the one it is routed to, and nobody learns the route from the log."""
    message = world.message("xaa-arms", to="xab-arms")

    receipt = world.log("xaa-arms", [message])

    feed = schemas.FEED.read(world.get("xab-arms", paths.FEED, query="after=-1").data)
    assert [("message", receipt.first)] == [(item.kind, item.index) for item in feed.items]
    other = schemas.FEED.read(world.get("xac-arms", paths.FEED, query="after=-1").data)
    assert other.items == ()


def test_a_message_to_a_stranger_is_refused(world: World) -> None:
    """Only agencies of the charter are routed to."""
    body = world.upload("xaa-arms", [world.message("xaa-arms", to="xab-arms", claimed="xzz-arms")])

    assert_refused(world, "xaa-arms", body, "not-a-member", 403)


def test_a_message_sealed_to_a_key_that_is_not_in_force_is_refused(world: World) -> None:
    """A message that its recipient could not open is not taken."""
    message = world.message("xaa-arms", to="xab-arms", sealed_to="xac-arms")

    assert_refused(world, "xaa-arms", world.upload("xaa-arms", [message]), "malformed", 400)


@pytest.mark.parametrize("cut", [0, 1, 3, 100])
def test_a_body_that_is_no_batch_is_malformed(world: World, cut: int) -> None:
    """Truncated frames, an empty body and a batch without its statements are refused alike."""
    body = world.upload("xaa-arms", [world.consortium.grant("xaa-arms", [])])[:cut]

    assert_refused(world, "xaa-arms", body, "malformed", 400)


def test_a_missing_blob_is_malformed(world: World) -> None:
    """Every upload carries all bytes it names."""
    body = world.upload("xaa-arms", [world.consortium.grant("xaa-arms", world.consortium.ids)])
    frames = parse_frames(body, most=100)

    assert_refused(world, "xaa-arms", encode_frames(frames[:-1]), "malformed", 400)


def test_a_spare_blob_is_malformed(world: World) -> None:
    """Nothing is stored that no statement names."""
    body = world.upload("xaa-arms", [world.consortium.grant("xaa-arms", [])])

    assert_refused(world, "xaa-arms", body + encode_frames([b"spare"]), "malformed", 400)


def test_a_swapped_ciphertext_is_malformed(world: World) -> None:
    """A blob must be the one that its record names by hash."""
    world.open_epoch("xaa-arms")
    record = world.consortium.record("xaa-arms")
    slip, item, event, case = record.blobs
    swapped = replace(record, blobs=(slip, event, item, case))

    assert_refused(world, "xaa-arms", world.upload("xaa-arms", [swapped]), "malformed", 400)


def test_a_tampered_statement_is_refused(world: World) -> None:
    """A statement whose signature does not verify stops the batch, though the batch itself is well signed."""
    grant = world.consortium.grant("xaa-arms", [])
    head, _, signature = grant.entry.rpartition(b".")
    forged = replace(grant, entry=head + b"." + (b"A" if signature[:1] != b"A" else b"B") + signature[1:])

    assert_refused(world, "xaa-arms", world.upload("xaa-arms", [forged]), "bad-signature", 401)


def test_a_batch_signed_by_another_agency_is_refused(world: World) -> None:
    """One agency cannot send another's batch, even a good one."""
    body = world.upload("xaa-arms", [world.consortium.grant("xaa-arms", [])])

    assert_refused(world, "xab-arms", body, "not-a-member", 403)


def test_one_good_signature_of_two_is_none(world: World) -> None:
    """A batch whose post-quantum signature is by the wrong key is refused."""
    wrong = world.consortium.signing("xab-arms", Role.BATCH)[0]
    kid = world.consortium.newest("xaa-arms", Role.BATCH).kid
    body = world.upload("xaa-arms", [world.consortium.grant("xaa-arms", [])], batch=(wrong, kid))

    assert_refused(world, "xaa-arms", body, "bad-signature", 401)


def test_a_batch_out_of_sequence_is_told_where_the_chain_stands(world: World) -> None:
    """The problem carries seq, prev and index, so that the client can verify and sign on top."""
    world.open_epoch("xaa-arms")
    chain = world.consortium.state.chain("xaa-arms")
    body = world.upload("xaa-arms", [world.consortium.record("xaa-arms")], seq=5)

    problem = assert_refused(world, "xaa-arms", body, "batch-sequence", 409)

    assert (chain.seq, chain.prev, chain.index) == (problem.seq, problem.prev, problem.index)


def test_another_payload_for_a_used_seq_is_refused(world: World) -> None:
    """Two batches of one number can never both be logged."""
    world.open_epoch("xaa-arms")
    body = world.upload("xaa-arms", [world.consortium.record("xaa-arms")], seq=1, prev=bytes(32))

    problem = assert_refused(world, "xaa-arms", body, "batch-sequence", 409)

    assert problem.seq == 1


def test_stale_keys_are_told_the_kx_that_counts(world: World) -> None:
    """A batch made before a key entry was appended is sent back with the index to read up to."""
    consortium = world.consortium
    grant = consortium.grant("xaa-arms", [])
    body = world.upload("xaa-arms", [grant])
    entry = consortium.key_entry("xaa-arms", end=[consortium.newest("xaa-arms", Role.BATCH).kid])
    assert world.post_key(entry).status_code == 201

    problem = assert_refused(world, "xaa-arms", body, "stale-keys", 409)

    assert problem.kx == 1


def test_a_stale_epoch_is_refused(world: World) -> None:
    """A record under an epoch that no grant opened must be sealed again."""
    body = world.upload("xaa-arms", [world.consortium.record("xaa-arms")])

    assert_refused(world, "xaa-arms", body, "stale-epoch", 409)


def test_a_second_statement_of_one_name_is_a_duplicate(world: World) -> None:
    """A statement's name is used once."""
    world.open_epoch("xaa-arms")
    record = world.consortium.record("xaa-arms")
    world.log("xaa-arms", [record])

    assert_refused(world, "xaa-arms", world.upload("xaa-arms", [record]), "duplicate", 409)


def test_the_digest_of_the_payload_is_what_the_next_batch_names(world: World) -> None:
    """The head of an agency's chain is H(payload) of its last batch."""
    entry = world.consortium.batch("xaa-arms", grants := [world.consortium.grant("xaa-arms", [])])
    world.post_batch("xaa-arms", body_of(entry, grants))

    head = schemas.AGENCY_HEAD.read(world.get("xaa-arms", paths.agency_head("xaa-arms")).data)

    assert (1, sha256(parse_batch(entry).payload), 2, 0) == (head.seq, head.prev, head.index, head.kx)

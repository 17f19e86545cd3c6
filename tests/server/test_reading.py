"""What the service answers to questions: entries and proofs, tiles, feeds, blobs, charters."""

import pytest

from crypto.encoding import b64u, lp
from crypto.portionkeys import derive
from ledger.checkpoints import open_checkpoint
from ledger.merkle import leaf_hash
from ledger.proofs import TlogProof
from ledger.recordform import PORTIONS, parse_record
from ledger.statements import SealedStatement
from ledger.tiles import TilePath, parse_entry_bundle, tile_paths
from ledger.verifiedtree import VerifiedTree
from ledger.wire import limits, paths, schemas
from ledger.wire.frames import parse_frames
from ledger.wire.schemas import BlobName, BlobRequest, Feed
from tests.support.consortium import ORIGIN, epoch_key, log_keys
from tests.support.records import verify_logged
from tests.support.services import World, assert_problem


def _feed(world: World, asker: str, *, after: int = -1) -> Feed:
    return schemas.FEED.read(world.get(asker, paths.FEED, query=f"after={after}").data)


def _blobs(world: World, asker: str, *names: BlobName) -> tuple[bytes, ...]:
    body = schemas.BLOB_REQUEST.write(BlobRequest(get=names))
    response = world.post(asker, paths.BLOBS, body, paths.JSON_TYPE)
    return parse_frames(response.data, most=len(names))


def _name(statement: SealedStatement, place: str, tag: bytes | None = None) -> BlobName:
    return BlobName(iss=statement.name.iss, jti=statement.name.jti, place=place, tag=tag)


def _tag(record: SealedStatement, portion: str) -> bytes:
    name = record.name
    context = lp(name.iss, name.jti, portion)
    return derive(epoch_key=epoch_key(name.iss), context=context).fetch_tag


def test_the_checkpoint_is_signed_by_both_keys_of_the_log(quiet_world: World) -> None:
    """Anybody may fetch it, and it verifies under the keys the charter names."""
    response = quiet_world.client.get(paths.CHECKPOINT)

    checkpoint = open_checkpoint(response.data, origin=ORIGIN, vkeys=log_keys().vkeys)
    assert checkpoint.size == 1
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=1"


def test_an_empty_log_has_no_checkpoint(empty_world: World) -> None:
    """Nothing is signed before the first charter."""
    assert_problem(empty_world.client.get(paths.CHECKPOINT), "not-found", 404)


def test_an_auditor_rebuilds_the_tree_from_tiles_and_bundles(world: World) -> None:
    """Every tile a checkpoint implies is served and leads to its root; every bundle's entries hash to the leaves."""
    world.open_epoch("xaa-arms")
    world.log("xaa-arms", [world.consortium.record("xaa-arms") for _ in range(300)])
    checkpoint = open_checkpoint(world.client.get("/checkpoint").data, origin=ORIGIN, vkeys=log_keys().vkeys)
    served = {path: world.client.get(f"/{path.format()}").data for path in tile_paths(checkpoint.size)}

    tree = VerifiedTree(size=checkpoint.size, root=checkpoint.root, read=lambda path: served[path])
    leaves = tree.leaf_hashes(0, checkpoint.size)

    full = world.client.get("/tile/entries/000").data
    rest = checkpoint.size - 256
    last = world.client.get(f"/tile/entries/001.p/{rest}").data
    entries = (*parse_entry_bundle(full, width=256), *parse_entry_bundle(last, width=rest))
    assert leaves == tuple(leaf_hash(entry) for entry in entries)


def test_partial_tiles_of_earlier_sizes_are_served_on(world: World) -> None:
    """Whoever verified a smaller checkpoint can still fetch what it implied."""
    small = world.client.get("/tile/0/000.p/1").data
    world.open_epoch("xaa-arms")

    assert world.client.get("/tile/0/000.p/1").data == small
    assert len(world.client.get("/tile/0/000.p/3").data) == 96


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/tile/0/000", "not-found", 404),
        ("/tile/0/000.p/2", "not-found", 404),
        ("/tile/1/000.p/1", "not-found", 404),
        ("/tile/63/000.p/1", "not-found", 404),
        ("/tile/0/001.p/1", "not-found", 404),
        ("/tile/entries/000", "not-found", 404),
        ("/tile/entries/000.p/2", "not-found", 404),
        ("/tile/entries/001.p/1", "not-found", 404),
        ("/tile/entries/x001/000.p/1", "not-found", 404),
        ("/tile/64/000", "malformed", 400),
        ("/tile/00/000", "malformed", 400),
        ("/tile/0/000.p/0", "malformed", 400),
        ("/tile/0/000.p/256", "malformed", 400),
        ("/tile/0/000.p/01", "malformed", 400),
        ("/tile/0/x000/001", "malformed", 400),
        ("/tile/0/0", "malformed", 400),
        ("/tile/entries/000.p/300", "malformed", 400),
        ("/tile/%30/000.p/1", "malformed", 400),
    ],
)
def test_tiles_beyond_the_tree_and_in_other_spellings(quiet_world: World, path: str, kind: str, status: int) -> None:
    """A tile that no checkpoint implies is not found; a path in a second spelling is malformed."""
    if path == "/tile/%30/000.p/1":
        # WSGI hands over the decoded path: the second spelling names the same tile, and serves the same bytes.
        assert quiet_world.client.get(path).status_code == 200
        return

    assert_problem(quiet_world.client.get(path), kind, status)


def test_full_tiles_may_be_kept_for_ever(world: World) -> None:
    """Tiles and open bundles never change, and say so."""
    world.open_epoch("xaa-arms")
    world.log("xaa-arms", [world.consortium.record("xaa-arms") for _ in range(256)])

    response = world.client.get("/tile/0/000")

    assert len(response.data) == 8192
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.content_type == "application/octet-stream"


def test_every_entry_comes_with_a_proof(world: World) -> None:
    """An entry asked for by index or by name verifies under the newest checkpoint."""
    grants = world.open_epoch("xaa-arms")

    by_index = schemas.LOGGED_ENTRY.read(world.get("xab-arms", paths.entry(1)).data)
    by_name = schemas.LOGGED_ENTRY.read(world.get("xab-arms", paths.statement(grants[0].name)).data)

    assert by_index == by_name
    assert by_index.entry == grants[0].entry
    proof = TlogProof.parse(by_index.proof.encode())
    checkpoint = verify_logged(proof, entry=by_index.entry, origin=ORIGIN, vkeys=log_keys().vkeys)
    assert checkpoint.size == 4


@pytest.mark.parametrize("path", ["/v1/entries/1", "/v1/entries/9999999999999999"])
def test_an_entry_beyond_the_log_is_not_found(quiet_world: World, path: str) -> None:
    """There is no entry behind the head."""
    assert_problem(quiet_world.get("xaa-arms", path), "not-found", 404)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/entries/01",
        "/v1/entries/+1",
        "/v1/entries/1_0",
        "/v1/entries/٣",
        "/v1/entries/99999999999999999",
        "/v1/statements/xaa-arms/short",
        f"/v1/statements/XAA-arms/{b64u(bytes(16))}",
        "/v1/agencies/nobody/head",
        "/v1/charters/01",
    ],
)
def test_names_have_one_spelling_in_paths(quiet_world: World, path: str) -> None:
    """A number or name in another spelling is refused, not guessed at."""
    response = quiet_world.get("xaa-arms", path)

    assert response.status_code in {400, 401}


def test_an_unknown_statement_is_not_found(quiet_world: World) -> None:
    """A name that nobody logged is not found."""
    assert_problem(quiet_world.get("xaa-arms", f"/v1/statements/xaa-arms/{b64u(bytes(16))}"), "not-found", 404)


def test_the_head_of_an_agency_without_batches(quiet_world: World) -> None:
    """Before its first batch an agency stands at 0, on 32 zero bytes, with the charter's kx."""
    head = schemas.AGENCY_HEAD.read(quiet_world.get("xab-arms", paths.agency_head("xaa-arms")).data)

    assert (head.seq, head.prev, head.index, head.kx) == (0, bytes(32), None, 0)


def test_the_head_of_a_stranger_is_not_found(quiet_world: World) -> None:
    """Only agencies of the charter in force have one."""
    assert_problem(quiet_world.get("xaa-arms", paths.agency_head("xzz-arms")), "not-found", 404)


def test_the_feed_holds_grants_to_me_and_records_of_their_epochs(world: World) -> None:
    """An agency is told of its grants, and of the records it might open; nobody else's feed holds them."""
    consortium = world.consortium
    grants = [consortium.grant("xaa-arms", ["xab-arms"]), consortium.grant("xaa-arms", [])]
    world.log("xaa-arms", grants)
    records = [consortium.record("xaa-arms") for _ in range(2)]
    world.log("xaa-arms", records)

    feed = _feed(world, "xab-arms")

    assert [(item.kind, item.index, item.batch) for item in feed.items] == [
        ("grant", 1, 3),
        ("record", 4, 6),
        ("record", 5, 6),
    ]
    kcs = tuple(portion.kc for portion in parse_record(records[0].entry).portions.values())
    assert feed.items[1].kc == kcs
    assert feed.items[1].ep == 1
    assert (feed.next, feed.size) == (6, 7)
    assert _feed(world, "xac-arms").items == ()
    assert [item.kind for item in _feed(world, "xaa-arms").items] == ["grant", "grant", "record", "record"]


def test_the_feed_goes_on_where_it_ended(world: World) -> None:
    """Pages hold at most a thousand items, follow one another without gap, and end at the size."""
    world.open_epoch("xaa-arms")
    world.log("xaa-arms", [world.consortium.record("xaa-arms") for _ in range(limits.MAX_STATEMENTS)])

    first = _feed(world, "xab-arms")
    second = _feed(world, "xab-arms", after=first.next)
    third = _feed(world, "xab-arms", after=second.next)

    assert (len(first.items), len(second.items), len(third.items)) == (1_000, 1, 0)
    assert first.next == first.items[-1].index
    assert second.next == second.size - 1


def test_attack_questions_of_a_feed_that_search_the_whole_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One question is answered from a stretch of the log, named in it or not; going on finds all that one search did."""
    world.open_epoch("xaa-arms")
    world.log("xaa-arms", [world.consortium.record("xaa-arms") for _ in range(4)])
    whole = _feed(world, "xab-arms")
    # Nobody logs a hundred thousand entries for one test.
    monkeypatch.setattr(limits, "MAX_FEED_SPAN", 3)
    pages = [_feed(world, "xab-arms")]
    while pages[-1].next < pages[-1].size - 1:
        pages.append(_feed(world, "xab-arms", after=pages[-1].next))

    assert [page.next for page in pages] == [2, 5, 8]
    assert tuple(item for page in pages for item in page.items) == whole.items
    assert all(item.index <= page.next for page in pages for item in page.items)


@pytest.mark.parametrize("query", ["", "after=", "after=-2", "after=01", "after=1&after=2", "before=1", "after=1 "])
def test_a_feed_query_has_one_spelling(quiet_world: World, query: str) -> None:
    """The query is after=INDEX and nothing else."""
    response = quiet_world.get("xaa-arms", paths.FEED, query=query)

    assert response.status_code in {400, 401}


def test_a_portion_is_given_to_whoever_shows_its_fetch_tag(world: World) -> None:
    """The tag is what only a holder of the epoch key can compute; the blob is the record's own."""
    world.open_epoch("xaa-arms")
    record = world.consortium.record("xaa-arms")
    world.log("xaa-arms", [record])
    names = [_name(record, portion, _tag(record, portion)) for portion in PORTIONS]

    found = _blobs(world, "xab-arms", *names)

    assert found == record.blobs[1:]


def test_a_portion_is_withheld_from_whoever_cannot_name_its_tag(world: World) -> None:
    """Without the tag, with another's, or for what is not there at all, the answer is the same empty frame."""
    world.open_epoch("xaa-arms")
    record = world.consortium.record("xaa-arms")
    world.log("xaa-arms", [record])
    tag = _tag(record, "item")

    found = _blobs(
        world,
        "xab-arms",
        _name(record, "item"),
        _name(record, "item", bytes(32)),
        _name(record, "event", tag),
        _name(record, "box", tag),
        BlobName(iss="xaa-arms", jti=bytes(16), place="item", tag=tag),
    )

    assert found == (b"",) * 5


def test_a_box_is_given_to_the_one_it_is_wrapped_to(world: World) -> None:
    """Each recipient of a grant gets its own box, and no other."""
    grant = world.consortium.grant("xaa-arms", ["xab-arms"])
    world.log("xaa-arms", [grant])

    boxes = [_blobs(world, asker, _name(grant, "box")) for asker in ("xaa-arms", "xab-arms", "xac-arms")]

    assert boxes == [(grant.blobs[0],), (grant.blobs[1],), (b"",)]


def test_both_ends_of_a_message_get_their_own_box_and_nobody_the_route(world: World) -> None:
    """The recipient gets the box to it, the sender its copy, others nothing."""
    message = world.message("xaa-arms", to="xab-arms")
    world.log("xaa-arms", [message])
    name = _name(message, "box")

    boxes = [_blobs(world, asker, name) for asker in ("xaa-arms", "xab-arms", "xac-arms")]

    assert boxes == [(message.blobs[1],), (message.blobs[0],), (b"",)]


@pytest.mark.parametrize("place", ["slip", "route", "to", "self", "box/xaa-arms", ""])
def test_slips_and_routes_cannot_be_asked_for(quiet_world: World, place: str) -> None:
    """The service alone sees them: no place by that name exists for a caller."""
    body = b'{"get":[{"iss":"xaa-arms","jti":"AAAAAAAAAAAAAAAAAAAAAA","place":"' + place.encode() + b'"}]}'

    assert_problem(quiet_world.post("xaa-arms", paths.BLOBS, body, paths.JSON_TYPE), "malformed", 400)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"get":[]}', b'{"get": []}', b"\xff", b'{"get":[{}]}'])
def test_a_blob_request_has_one_form(quiet_world: World, body: bytes) -> None:
    """Another spelling, a missing member or nothing to get is malformed."""
    assert_problem(quiet_world.post("xaa-arms", paths.BLOBS, body, paths.JSON_TYPE), "malformed", 400)


def test_a_blob_request_of_a_thousand_and_one_is_refused(quiet_world: World) -> None:
    """The count is capped."""
    one = b'{"iss":"xaa-arms","jti":"AAAAAAAAAAAAAAAAAAAAAA","place":"box"}'
    body = b'{"get":[' + b",".join([one] * 1_001) + b"]}"

    assert_problem(quiet_world.post("xaa-arms", paths.BLOBS, body, paths.JSON_TYPE), "malformed", 400)


def test_charters_are_listed_and_served_byte_for_byte(quiet_world: World) -> None:
    """Anybody may read the charters: the file is exactly what was signed, its hash what the entry holds."""
    listed = schemas.CHARTER_LIST.read(quiet_world.client.get(paths.CHARTERS).data)
    file = quiet_world.client.get(paths.charter(1))

    assert [(item.ver, item.index, item.h) for item in listed.charters] == [(1, 0, quiet_world.config.fingerprint)]
    assert file.data == quiet_world.consortium.charter_file
    assert file.content_type == paths.CHARTER_TYPE
    assert_problem(quiet_world.client.get(paths.charter(2)), "not-found", 404)


def test_the_tile_of_a_path_is_what_the_store_holds(quiet_world: World) -> None:
    """The one entry of a new log is its charter, and its tile is that entry's hash."""
    (entry,) = parse_entry_bundle(quiet_world.client.get("/tile/entries/000.p/1").data, width=1)

    hashes = quiet_world.client.get("/" + TilePath(level=0, index=0, width=1).format()).data

    assert hashes == leaf_hash(entry)

"""Submissions: what is read of a batch before its place is known, and blobs put in their places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.digests import sha256
from crypto.encoding import lp
from crypto.signing import Signer
from ledger.appends import batch_append
from ledger.checks import evidence
from ledger.errors import LedgerError, MalformedError
from ledger.identifiers import KeyId
from ledger.kinds import Role, Typ
from ledger.log import Blob
from ledger.merkle import leaf_hash
from ledger.messages import Inner, Kind, seal_message
from ledger.recordform import Record, RecordHead
from ledger.renewals import build_renewal
from ledger.slips import Hit, SlipDraft, build_slip
from ledger.statements import SealedStatement
from ledger.submissions import Depth, Submission, attach_blobs, read_submission
from tests.support.consortium import NOW, Consortium, agency_ids, make_consortium

A, B, _ = agency_ids(3)


def message(consortium: Consortium, iss: str, to: str) -> SealedStatement:
    """Return a message of one agency to another."""
    sign, kid = consortium.signing(iss, Role.SIGN)
    inner = Inner(kind=Kind.TRACE_REQUEST, to=to, thread=bytes(16), re=None, part=1, parts=1, body={})
    keys = [consortium.newest(name, Role.HPKE).public_key for name in (to, iss)]
    return seal_message(signer=sign, kid=kid, iat=NOW, inner=inner, recipient_key=keys[0], own_key=keys[1])


def _mixed() -> tuple[Consortium, list[SealedStatement]]:
    consortium = make_consortium(3)
    return consortium, [consortium.grant(A, [B]), consortium.record(A), message(consortium, A, B)]


def _read(consortium: Consortium, statements: list[SealedStatement], depth: Depth = Depth.RECORDS) -> Submission:
    entries = [statement.entry for statement in statements]
    return read_submission(consortium.batch(A, statements), entries, depth=depth)


def _blobs(statements: list[SealedStatement]) -> list[bytes]:
    return [blob for statement in statements for blob in statement.blobs]


def test_everything_is_read_at_record_depth() -> None:
    """Every statement is parsed, hashed and named."""
    consortium, statements = _mixed()
    found = _read(consortium, statements)

    assert [item.name for item in found.parsed if item] == [statement.name for statement in statements]
    assert found.leaves == tuple(leaf_hash(statement.entry) for statement in statements)
    assert [found.typs[header] for header in found.headers] == [Typ.GRANT, Typ.RECORD, Typ.MESSAGE]


def test_only_grants_are_parsed_at_structure_depth() -> None:
    """Structure asks for grants, since ceilings are judged, and for nothing else."""
    consortium, statements = _mixed()
    found = _read(consortium, statements, Depth.STRUCTURE)

    assert [item is None for item in found.parsed] == [False, True, True]


def test_an_audit_keeps_only_the_heads_of_records() -> None:
    """Everything else is read whole, and what is a head alone can neither be stored nor given blobs."""
    consortium, statements = _mixed()
    entries = [statement.entry for statement in statements]
    batch = consortium.batch(A, statements)
    whole, heads = read_submission(batch, entries), read_submission(batch, entries, only_heads=True)

    assert [statement and statement.name for statement in heads.parsed] == [
        statement and statement.name for statement in whole.parsed
    ]
    assert [type(statement) for statement in heads.parsed] == [
        RecordHead if isinstance(statement, Record) else type(statement) for statement in whole.parsed
    ]
    with pytest.raises(MalformedError):
        attach_blobs(heads, _blobs(statements))


@pytest.mark.parametrize("depth", list(Depth))
def test_what_stands_at_an_unreadable_place_is_not_looked_at(depth: Depth) -> None:
    """Its leaf counts, its bytes do not; it cannot be stored, and nothing shields its neighbours."""
    consortium, statements = _mixed()
    entries = [statement.entry for statement in statements]
    leaves = [leaf_hash(entry) for entry in entries]
    batch = consortium.batch(A, statements)
    spoiled = [b"..", *entries[1:]]
    found = read_submission(batch, spoiled, depth=depth, leaves=leaves, unreadable=frozenset({0}))

    assert (found.parsed[0], found.leaves) == (None, tuple(leaves))
    assert b"" not in found.typs
    with pytest.raises(MalformedError):
        found.complete()
    with pytest.raises(LedgerError):
        read_submission(batch, spoiled, depth=depth, leaves=leaves)


def test_hashes_made_before_are_used() -> None:
    """Who has hashed the statements already need not do it twice."""
    consortium, statements = _mixed()
    entries = [statement.entry for statement in statements]
    leaves = [bytes(32)] * 3

    assert read_submission(consortium.batch(A, statements), entries, leaves=leaves).leaves == tuple(leaves)


def test_another_number_of_statements_is_refused() -> None:
    """A batch says how many it closes."""
    consortium, statements = _mixed()

    with pytest.raises(MalformedError, match="how many"):
        read_submission(consortium.batch(A, statements), [statement.entry for statement in statements[:2]])


@pytest.mark.parametrize("depth", list(Depth))
def test_a_bad_header_is_located(depth: Depth) -> None:
    """A header that is none is refused at every depth, and the error says which statement it was."""
    consortium, statements = _mixed()
    entries = [statement.entry for statement in statements]
    entries[1] = b"x" + entries[1]

    with pytest.raises(LedgerError) as caught:
        read_submission(consortium.batch(A, statements), entries, depth=depth)
    assert evidence(caught.value).place == 1


def test_a_bad_record_is_located() -> None:
    """A record of another form is named by its place."""
    consortium, statements = _mixed()
    entries = [statement.entry for statement in statements]
    header, _, signature = entries[1].split(b".")
    entries[1] = b".".join((header, b"e30", signature))

    with pytest.raises(MalformedError) as caught:
        read_submission(consortium.batch(A, statements), entries)
    assert evidence(caught.value).place == 1


def test_a_renewal_comes_with_exactly_the_slips_under_its_root() -> None:
    """What a renewal says of its slips holds for the bytes that come with it, or none of the batch is taken."""
    consortium = make_consortium(3)
    sign, kid = consortium.signing(A, Role.SIGN)
    slips = [build_slip(SlipDraft(hit=Hit.OFF), of=bytes(16)) for _ in range(2)]
    statement = build_renewal(signer=sign, kid=kid, iat=NOW, batch=1, slips=slips)
    submission = _read(consortium, [statement], Depth.RECORDS)

    attached = attach_blobs(submission, statement.blobs)

    assert [(blob.place, blob.data) for blob in attached[0]] == [("slips", statement.blobs[0])]
    with pytest.raises(MalformedError, match="not those under the root"):
        attach_blobs(submission, [lp(*reversed(slips))])
    with pytest.raises(MalformedError, match="fewer blobs"):
        attach_blobs(submission, [])


@pytest.mark.parametrize("statement", [b"", b".", b"..", b"a.b.c", b"{}", b"\xff" * 300, b"x" * 70_000])
def test_what_is_no_statement_is_refused(statement: bytes) -> None:
    """Only our own errors come out."""
    consortium, statements = _mixed()

    with pytest.raises(LedgerError):
        read_submission(consortium.batch(A, statements[:1]), [statement])


@given(st.binary(max_size=300))
def test_arbitrary_bytes_as_batch_raise_only_our_errors(raw: bytes) -> None:
    """Whatever is sent as a batch entry, only our own errors come out."""
    with pytest.raises(LedgerError):
        read_submission(raw, [b""])


def test_blobs_find_their_places() -> None:
    """Every blob stands under the place its statement gives it, with who may fetch it and by which tag."""
    consortium, statements = _mixed()
    submission = _read(consortium, statements)
    grant, record, sent = attach_blobs(submission, _blobs(statements))

    assert [(blob.place, blob.only_for) for blob in grant] == [("box/" + A, A), ("box/" + B, B)]
    assert [blob.place for blob in record] == ["slip", "item", "event", "case"]
    assert record[0].tag_hash is None
    assert all(blob.tag_hash for blob in record[1:])
    assert [(blob.place, blob.only_for) for blob in sent] == [("to", B), ("self", A), ("route", None)]


def test_missing_blobs_are_refused() -> None:
    """Every upload carries all bytes it names."""
    consortium, statements = _mixed()

    with pytest.raises(MalformedError, match="fewer blobs"):
        attach_blobs(_read(consortium, statements), _blobs(statements)[:-1])


def test_spare_blobs_are_refused() -> None:
    """An upload carries nothing that no statement names."""
    consortium, statements = _mixed()

    with pytest.raises(MalformedError, match="more blobs"):
        attach_blobs(_read(consortium, statements), [*_blobs(statements), b"smuggled"])


@pytest.mark.parametrize("place", range(9))
def test_a_swapped_blob_is_refused(place: int) -> None:
    """A blob is exactly the bytes that the statement names by hash."""
    consortium, statements = _mixed()
    blobs = _blobs(statements)
    blobs[place] = bytes(len(blobs[place]))

    with pytest.raises(MalformedError):
        attach_blobs(_read(consortium, statements), blobs)


def test_blobs_of_what_was_not_parsed_cannot_be_placed() -> None:
    """A submission read for its structure alone cannot be stored."""
    consortium, statements = _mixed()

    with pytest.raises(MalformedError, match="not read to the end"):
        attach_blobs(_read(consortium, statements, Depth.STRUCTURE), _blobs(statements))


def test_a_mixed_batch_is_stored_with_its_rows() -> None:
    """Grants, records and messages of one batch are found again, each in the feed of whom it concerns."""
    consortium, statements = _mixed()
    judged = consortium.submit(A, statements)
    feed = consortium.store.feed(agency=B, after=-1, before=1_000, limit=10)

    assert [found.statement.typ for found in feed] == [Typ.GRANT, Typ.RECORD, Typ.MESSAGE]
    assert [found.statement.recipients for found in feed] == [(A, B), (), (B,)]
    assert {found.batch for found in feed} == {judged.index}
    assert consortium.store.feed(agency=agency_ids(3)[2], after=-1, before=1_000, limit=10) == ()


def test_what_was_not_parsed_cannot_be_stored() -> None:
    """Rows are made of what was read to the end, of nothing less."""
    consortium, statements = _mixed()
    whole = attach_blobs(_read(consortium, statements), _blobs(statements))
    judged = consortium.state.judge_batch(_read(consortium, statements, Depth.STRUCTURE), known=None)

    with pytest.raises(MalformedError, match="not read to the end"):
        batch_append(judged, attached=whole)


def test_a_blob_shows_no_bytes() -> None:
    """What an agency sealed never reaches a log file by way of a repr."""
    blob = Blob(place="item", data=b"secret bytes", tag_hash=sha256(b"tag"))

    assert "secret" not in repr(blob)


def test_a_key_id_is_not_a_signer() -> None:
    """The tests' signers sign for the key they are named after."""
    consortium = make_consortium(3)
    signer, kid = consortium.signing(A, Role.SIGN)
    holder: Signer = signer

    assert kid == KeyId(A, 4)
    assert holder.public_key.raw == consortium.newest(A, Role.SIGN).public_key

"""The one judge: batches in sequence, under the keys in force, with exactly their statements."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from crypto.encoding import b64u
from crypto.signing import Algorithm
from ledger import jws
from ledger.batchcheck import Chain, verify_signatures
from ledger.batches import parse_batch
from ledger.charter import charter_entry
from ledger.checks import evidence
from ledger.errors import (
    BadSignatureError,
    ConflictError,
    DuplicateError,
    LedgerError,
    MalformedError,
    NotAMemberError,
    SequenceError,
    StaleKeysError,
)
from ledger.fingerprints import of_file
from ledger.identifiers import KeyId
from ledger.kinds import Role, Typ
from ledger.labels import Level
from ledger.state import LogState, kind_of
from ledger.statements import SealedStatement
from ledger.submissions import read_submission
from tests.support.consortium import (
    ORIGIN,
    Consortium,
    agency_ids,
    make_agency,
    make_consortium,
    make_keys,
    sign_by,
    signer,
)

A, B, C = agency_ids(3)


def _opened() -> Consortium:
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    return consortium


def _spoiled(entry: bytes, place: int, **changes: Any) -> bytes:
    general = jws.parse_general(entry)
    signatures = list(general.signatures)
    signatures[place] = replace(signatures[place], **changes)
    return jws.format_general(general.payload, tuple(signatures))


def test_a_chain_grows_by_one() -> None:
    """Each batch names the hash of the payload before it; the judge remembers the last."""
    consortium = make_consortium(3)
    assert consortium.state.chain(A) == Chain(seq=0, prev=bytes(32), index=None)

    first = consortium.open_epoch(A)
    second = consortium.submit(A, [consortium.record(A)])

    assert (first.batch.seq, second.batch.seq) == (1, 2)
    assert second.batch.prev == first.batch.payload_hash
    assert consortium.state.chain(A) == Chain(seq=2, prev=second.batch.payload_hash, index=second.index)
    assert consortium.state.chain(B) == Chain()
    assert consortium.state.size == second.index + 1


def test_judging_changes_nothing() -> None:
    """A judged batch that is never applied leaves no trace: it can be judged again, and so can another."""
    consortium = _opened()
    record = consortium.record(A)
    entry = consortium.batch(A, [record])
    before = (consortium.state.size, consortium.state.chain(A), consortium.state.epochs.current(A))

    for _ in range(2):
        consortium.judge(entry, [record])

    assert (consortium.state.size, consortium.state.chain(A), consortium.state.epochs.current(A)) == before


@pytest.mark.parametrize("seq", [1, 3, 99])
def test_a_gap_or_a_repeat_in_seq_is_refused(seq: int) -> None:
    """After batch 1 only batch 2 may follow; the refusal says where the chain stands."""
    consortium = _opened()
    chain = consortium.state.chain(A)

    with pytest.raises(SequenceError) as caught:
        consortium.submit(A, [consortium.record(A)], seq=seq)
    assert (caught.value.seq, caught.value.prev, caught.value.index) == (chain.seq, chain.prev, chain.index)
    assert evidence(caught.value).check == "batch/seq"


def test_a_wrong_prev_is_refused() -> None:
    """A batch that does not know the one before it was signed on top of another log."""
    consortium = _opened()

    with pytest.raises(SequenceError) as caught:
        consortium.submit(A, [consortium.record(A)], prev=bytes(32))
    assert evidence(caught.value).check == "batch/prev"


def test_two_batches_with_one_seq_cannot_both_stand() -> None:
    """Two desks that signed side by side: one is logged, the other is told where the chain stands."""
    consortium = _opened()
    one, other = consortium.record(A), consortium.record(A)
    entries = [consortium.batch(A, [record]) for record in (one, other)]
    judged = [consortium.judge(entry, [record]) for entry, record in zip(entries, (one, other), strict=True)]
    consortium.state.apply(judged[0])

    with pytest.raises(ConflictError):
        consortium.state.apply(judged[1])
    with pytest.raises(SequenceError):
        consortium.judge(entries[1], [other])


def test_the_same_payload_is_found_whatever_its_signatures() -> None:
    """A retry with the same bytes, or signed again, gets the same indices."""
    consortium = _opened()
    record = consortium.record(A)
    entry = consortium.batch(A, [record])
    again = _spoiled(entry, 1, signature=bytes(Algorithm.ML_DSA_65.signature_bytes))
    judged = consortium.judge(entry, [record])
    consortium.state.apply(judged)

    for raw in (entry, again):
        assert consortium.state.find_logged(parse_batch(raw), judged.row()) == judged.row()


def test_another_payload_for_a_used_seq_is_told_apart() -> None:
    """A different batch under a logged seq is a sequence error, not an answer."""
    consortium = _opened()
    logged = consortium.store.batch(A, 1)
    other = parse_batch(consortium.batch(A, [consortium.record(A)], seq=1, prev=bytes(32)))

    with pytest.raises(SequenceError) as caught:
        consortium.state.find_logged(other, logged)
    assert caught.value.index == consortium.state.chain(A).index


def test_what_is_not_logged_is_not_found() -> None:
    """A new seq is nothing that stands already."""
    consortium = _opened()
    batch = parse_batch(consortium.batch(A, [consortium.record(A)]))

    assert consortium.state.find_logged(batch, consortium.store.batch(A, batch.seq)) is None


def test_a_retry_is_answered_even_after_the_keys_changed() -> None:
    """Whether a batch is logged is asked before keys and kx, so that a lost reply can always be repeated."""
    consortium = _opened()
    record = consortium.record(A)
    entry = consortium.batch(A, [record])
    consortium.submit_batch_entry(entry, [record])
    new = make_keys(A, roles=(Role.SIGN, Role.BATCH), start=11)
    consortium.submit_key_entry(consortium.key_entry(A, add=new, end=[KeyId(A, 4), KeyId(A, 5)]))
    batch = parse_batch(entry)

    assert consortium.state.find_logged(batch, consortium.store.batch(A, batch.seq)) is not None


def test_a_batch_for_another_log_is_refused() -> None:
    """A batch names its log: it cannot be replayed into another."""
    consortium = _opened()

    with pytest.raises(MalformedError, match="another log"):
        consortium.submit(A, [consortium.record(A)], log="other.test/weapons")


def test_a_batch_by_a_stranger_is_refused() -> None:
    """Who is in no charter logs nothing, however well it is signed."""
    consortium = _opened()
    stranger = {
        "iss": "xzz-arms",
        "kx": 0,
        "seq": 1,
        "prev": bytes(32),
        "sign": (signer("xzz-arms#4", Algorithm.ED25519), KeyId("xzz-arms", 4)),
        "batch": (signer("xzz-arms#5", Algorithm.ML_DSA_65), KeyId("xzz-arms", 5)),
    }

    with pytest.raises(NotAMemberError):
        consortium.submit(A, [consortium.record(A)], **stranger)


@pytest.mark.parametrize("place", [0, 1])
def test_one_good_of_two_signatures_is_none(place: int) -> None:
    """Neither a classical nor a lattice break alone forges a batch."""
    consortium = _opened()
    record = consortium.record(A)
    length = (Algorithm.ED25519.signature_bytes, Algorithm.ML_DSA_65.signature_bytes)[place]
    entry = _spoiled(consortium.batch(A, [record]), place, signature=b"\x01" * length)

    with pytest.raises(BadSignatureError) as caught:
        consortium.judge(entry, [record])
    assert evidence(caught.value).check == "batch/signature"


@pytest.mark.parametrize(("part", "number"), [("sign", 4), ("batch", 5)])
def test_a_batch_signed_by_a_key_of_another_member_is_refused(part: str, number: int) -> None:
    """One member cannot close a batch in another's name, not even with the other's key id in the header."""
    consortium = _opened()
    algorithm = {"sign": Algorithm.ED25519, "batch": Algorithm.ML_DSA_65}[part]
    forged = {part: (signer(f"{B}#{number}", algorithm), KeyId(A, number))}

    with pytest.raises(BadSignatureError):
        consortium.submit(A, [consortium.record(A)], **forged)


def test_a_batch_under_a_key_that_never_was_is_refused() -> None:
    """A key id without a key is no key."""
    consortium = _opened()
    unknown = (signer("unknown", Algorithm.ED25519), KeyId(A, 77))

    with pytest.raises(BadSignatureError) as caught:
        consortium.submit(A, [consortium.record(A)], sign=unknown)
    assert evidence(caught.value).check == "batch/header"


def test_a_root_signs_no_batch() -> None:
    """An Ed25519 root key of the same agency is not its sign key."""
    consortium = _opened()
    root = (signer(f"{A}#1", Algorithm.ED25519), KeyId(A, 1))

    with pytest.raises(BadSignatureError):
        consortium.submit(A, [consortium.record(A)], sign=root)


def test_a_batch_made_under_an_older_charter_is_stale() -> None:
    """A charter that was appended in between has to be seen by the signer."""
    consortium = _opened()
    record = consortium.record(A)
    entry = consortium.batch(A, [record])
    charter = consortium.next_charter()
    file = sign_by(charter, consortium.current.agencies, previous=consortium.current)
    index = consortium.submit_charter(file).index

    with pytest.raises(StaleKeysError) as caught:
        consortium.judge(entry, [record])
    assert caught.value.kx == index


def test_a_batch_signed_before_its_key_ended_is_stale() -> None:
    """A key ended in between: position decides, not the time of signing."""
    consortium = _opened()
    record = consortium.record(A)
    entry = consortium.batch(A, [record])
    new = make_keys(A, roles=(Role.SIGN,), start=11)
    consortium.submit_key_entry(consortium.key_entry(A, add=new, end=[KeyId(A, 4)]))

    with pytest.raises(StaleKeysError):
        consortium.judge(entry, [record])


def test_an_ended_key_signs_no_batch_even_with_the_newest_kx() -> None:
    """Knowing that one's key was ended does not make it good."""
    consortium = _opened()
    record = consortium.record(A)
    old = consortium.signing(A, Role.SIGN)
    new = make_keys(A, roles=(Role.SIGN,), start=11)
    consortium.submit_key_entry(consortium.key_entry(A, add=new, end=[KeyId(A, 4)]))

    with pytest.raises(BadSignatureError):
        consortium.submit(A, [consortium.record(A)], sign=old)
    with pytest.raises(BadSignatureError, match="names no key"):
        consortium.submit(A, [record])


def test_another_agencys_key_entry_makes_nothing_stale() -> None:
    """Work of one agency does not stop another's batches."""
    consortium = _opened()
    record = consortium.record(A)
    entry = consortium.batch(A, [record])
    consortium.submit_key_entry(consortium.key_entry(B, add=make_keys(B, roles=(Role.HTTP,), start=11)))

    assert consortium.judge(entry, [record]).first == consortium.state.size


def test_a_kx_from_the_future_is_stale_too() -> None:
    """Kx is one number, not a lower bound."""
    consortium = _opened()

    with pytest.raises(StaleKeysError):
        consortium.submit(A, [consortium.record(A)], kx=1)


def test_swapped_statements_are_refused() -> None:
    """The root binds order, number and bytes of the statements."""
    consortium = _opened()
    one, other = consortium.record(A), consortium.record(A)
    entry = consortium.batch(A, [one, other])

    for statements in ([other, one], [one, one], [one, consortium.record(A)]):
        with pytest.raises(MalformedError, match="not the statements"):
            consortium.judge(entry, statements)


def test_a_statement_by_another_agency_is_refused() -> None:
    """An agency cannot log what another signed, even if it closes the batch correctly."""
    consortium = _opened()
    consortium.open_epoch(B)
    stolen = consortium.record(B)

    with pytest.raises(BadSignatureError) as caught:
        consortium.submit(A, [consortium.record(A), stolen])
    assert (evidence(caught.value).check, evidence(caught.value).place) == ("statement/header", 1)


def _respelled(entry: bytes, header: bytes) -> bytes:
    _, payload, signature = entry.split(b".")
    return b".".join((b64u(header).encode(), payload, signature))


_HEADERS: dict[str, bytes] = {
    "another order": b'{"kid":"xaa-arms#4","alg":"Ed25519","typ":"sealtrace-record+sd-jwt"}',
    "a space": b'{"alg":"Ed25519", "kid":"xaa-arms#4","typ":"sealtrace-record+sd-jwt"}',
    "EdDSA": b'{"alg":"EdDSA","kid":"xaa-arms#4","typ":"sealtrace-record+sd-jwt"}',
    "none": b'{"alg":"none","kid":"xaa-arms#4","typ":"sealtrace-record+sd-jwt"}',
    "an extra member": b'{"alg":"Ed25519","kid":"xaa-arms#4","typ":"sealtrace-record+sd-jwt","b64":false}',
    "a key of its own": b'{"alg":"Ed25519","kid":"xaa-arms#4","typ":"sealtrace-record+sd-jwt","jwk":{}}',
    "a key number with a zero": b'{"alg":"Ed25519","kid":"xaa-arms#04","typ":"sealtrace-record+sd-jwt"}',
    "a batch": b'{"alg":"Ed25519","kid":"xaa-arms#4","typ":"sealtrace-batch+jws"}',
    "an escape": b'{"alg":"Ed25519","kid":"xaa-arms\\u00234","typ":"sealtrace-record+sd-jwt"}',
    "another key": b'{"alg":"Ed25519","kid":"xaa-arms#6","typ":"sealtrace-record+sd-jwt"}',
}


@pytest.mark.parametrize("name", sorted(_HEADERS))
def test_a_header_in_another_spelling_is_refused(name: str) -> None:
    """A protected header is one exact byte string for each key and kind."""
    consortium = _opened()
    record = consortium.record(A)
    spoiled = replace(record, entry=_respelled(record.entry, _HEADERS[name]))

    with pytest.raises(LedgerError):
        consortium.submit(A, [spoiled])


def test_a_bad_statement_signature_is_located() -> None:
    """The refusal names which statement of the batch is not signed."""
    consortium = _opened()
    good, bad = consortium.record(A), consortium.record(A)
    start, _, _ = bad.entry.rpartition(b".")
    bad = replace(bad, entry=start + b"." + b64u(b"\x01" * 64).encode())

    with pytest.raises(BadSignatureError) as caught:
        consortium.submit(A, [good, bad])
    assert (evidence(caught.value).check, evidence(caught.value).place) == ("statement/signature", 1)


def test_signatures_can_be_verified_ahead_slice_by_slice() -> None:
    """A pool verifies slices, the judge then leaves the signatures out: the same is admitted and the same refused."""
    consortium = _opened()
    records = [consortium.record(A) for _ in range(8)]
    entries = [record.entry for record in records]
    headers = consortium.state.membership.headers(consortium.state.size)
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda start: verify_signatures(entries[start : start + 4], headers), (0, 4)))
    submission = read_submission(consortium.batch(A, records), entries)

    judged = consortium.state.judge_batch(submission, known=consortium.store, verify_statements=False)

    assert judged.batch.n == 8
    broken = entries[3].rpartition(b".")[0] + b"." + b64u(bytes(64)).encode()
    with pytest.raises(BadSignatureError):
        verify_signatures([broken], headers)
    with pytest.raises(BadSignatureError, match="no key in force"):
        verify_signatures(entries, {})


def test_a_reader_logs_no_records() -> None:
    """The role `submit` is needed for records; grants and messages are for every member."""
    reader = make_agency(B, roles=("read",))
    kept = (make_agency(A), reader, make_agency(C))
    consortium = make_consortium(3)
    charter = replace(consortium.current, agencies=kept)
    file = sign_by(charter, kept)
    consortium = Consortium(charter=charter, charter_file=file)
    consortium.open_epoch(B)

    with pytest.raises(NotAMemberError) as caught:
        consortium.submit(B, [consortium.record(B)])
    assert evidence(caught.value).check == "record/role"


def test_two_statements_of_one_name_in_a_batch_are_refused() -> None:
    """A statement's name is its own."""
    consortium = _opened()
    record = consortium.record(A)

    with pytest.raises(DuplicateError, match="two statements of one name in a batch"):
        consortium.submit(A, [record, record])


def test_a_logged_statement_is_not_logged_again() -> None:
    """The same record in a later batch is refused, and the log is as it was."""
    consortium = _opened()
    record = consortium.record(A)
    consortium.submit(A, [record])
    size = consortium.state.size

    with pytest.raises(DuplicateError):
        consortium.submit(A, [record])
    assert consortium.store.head().size == consortium.state.size == size


def test_a_record_supersedes_an_earlier_one_once() -> None:
    """A correction names a live record of the same agency, of an earlier batch or of this one."""
    consortium = _opened()
    first = consortium.record(A)
    consortium.submit(A, [first])
    second = consortium.record(A, sup=first.name.jti)
    consortium.submit(A, [second, consortium.record(A, sup=second.name.jti)])

    with pytest.raises(DuplicateError, match="superseded already"):
        consortium.submit(A, [consortium.record(A, sup=first.name.jti)])


def test_two_corrections_of_one_record_in_a_batch_are_refused() -> None:
    """Which of the two would count?"""
    consortium = _opened()
    first = consortium.record(A)
    consortium.submit(A, [first])
    both = [consortium.record(A, sup=first.name.jti) for _ in range(2)]

    with pytest.raises(DuplicateError, match="superseded already"):
        consortium.submit(A, both)


def _of_another(consortium: Consortium) -> bytes:
    consortium.open_epoch(B)
    record = consortium.record(B)
    consortium.submit(B, [record])
    return record.name.jti


def _of_a_grant(consortium: Consortium) -> bytes:
    grant = consortium.grant(A, [C], ep=2)
    consortium.submit(A, [grant])
    return grant.name.jti


@pytest.mark.parametrize("find", [lambda _: bytes(16), _of_another, _of_a_grant])
def test_a_correction_of_nothing_is_refused(find: Callable[[Consortium], bytes]) -> None:
    """Nobody supersedes what was never logged, what another logged, or what is no record."""
    consortium = _opened()
    sup = find(consortium)
    ep = consortium.state.epochs.current(A).ep

    with pytest.raises(MalformedError, match="never logged"):
        consortium.submit(A, [consortium.record(A, ep=ep, sup=sup)])


def test_a_later_record_of_the_batch_cannot_be_superseded() -> None:
    """Earlier means earlier: a record cannot correct one that comes after it."""
    consortium = _opened()
    later = consortium.record(A)
    before = consortium.record(A, sup=later.name.jti)

    with pytest.raises(MalformedError, match="never logged"):
        consortium.submit(A, [before, later])


def test_without_known_records_nothing_can_be_superseded() -> None:
    """A judge that is told of no earlier record admits no correction of one."""
    consortium = _opened()
    record = consortium.record(A, sup=bytes(16))
    submission = read_submission(consortium.batch(A, [record]), [record.entry])

    with pytest.raises(MalformedError):
        consortium.state.judge_batch(submission, known=None)


def test_what_was_judged_for_another_place_is_not_applied() -> None:
    """Charters, key entries and batches count only where they were judged."""
    consortium = _opened()
    key = consortium.state.judge_key(consortium.key_entry(A, add=make_keys(A, roles=(Role.HTTP,), start=11)))
    charter = consortium.next_charter()
    file = sign_by(charter, consortium.current.agencies, previous=consortium.current)
    change = consortium.state.judge_charter(charter_entry(file), file)
    consortium.submit(A, [consortium.record(A)])

    for judged in (key, change):
        with pytest.raises(ConflictError):
            consortium.state.apply(judged)


def _busy() -> Consortium:
    """Return a log in which everything has happened once."""
    consortium = _opened()
    consortium.submit(A, [consortium.record(A), consortium.record(A)])
    consortium.submit_key_entry(
        consortium.key_entry(B, add=make_keys(B, roles=(Role.HPKE,), start=11), end=[KeyId(B, 7)], since=0)
    )
    consortium.submit(A, [consortium.grant(A, [B], ep=2), consortium.record(A, ep=2)])
    charter = consortium.next_charter(url="https://log.test")
    consortium.submit_charter(sign_by(charter, consortium.current.agencies, previous=consortium.current))
    consortium.submit(A, [consortium.record(A, ep=2)])
    return consortium


def _replayed(consortium: Consortium, *, after: int = 0, state: LogState | None = None) -> LogState:
    state = state or LogState(origin=ORIGIN, fingerprint=of_file(consortium.charter_file))
    entries = consortium.store.judged_entries(after)
    state.replay(entries, size=consortium.state.size, charter_file=consortium.store.charter)
    return state


def _facts(state: LogState) -> object:
    membership, size = state.membership, state.size
    return (
        size,
        [state.chain(name) for name in (A, B, C)],
        [state.epochs.current(name) for name in (A, B, C)],
        membership.charter_before(size),
        [membership.kx(name, size) for name in (A, B, C)],
        dict(membership.headers(size)),
    )


def test_a_state_rebuilt_from_the_log_is_the_same() -> None:
    """A restart remembers what the process before it knew."""
    consortium = _busy()

    assert _facts(_replayed(consortium)) == _facts(consortium.state)


def test_a_state_catches_up_from_where_it_was() -> None:
    """Another process reads only what was appended since."""
    consortium = _opened()
    other = _replayed(consortium)
    size = other.size
    consortium.submit(A, [consortium.record(A)])
    consortium.submit_key_entry(consortium.key_entry(A, add=make_keys(A, roles=(Role.HTTP,), start=11)))

    assert _facts(_replayed(consortium, after=size, state=other)) == _facts(consortium.state)


def test_a_replay_of_nothing_changes_nothing() -> None:
    """Catching up with a log that has not grown is free."""
    consortium = _opened()
    before = _facts(consortium.state)

    assert _facts(_replayed(consortium, after=consortium.state.size, state=consortium.state)) == before


def test_a_replay_refuses_a_log_cut_within_a_batch() -> None:
    """A database that lost the end of a batch is not started on."""
    consortium = _opened()
    entries = list(consortium.store.judged_entries(0))[:-1]
    state = LogState(origin=ORIGIN, fingerprint=of_file(consortium.charter_file))

    with pytest.raises(MalformedError, match="within a batch"):
        state.replay(entries, size=consortium.state.size - 1, charter_file=consortium.store.charter)


def test_a_replay_refuses_a_missing_batch() -> None:
    """A database that lost a batch is not started on."""
    consortium = _busy()
    entries = list(consortium.store.judged_entries(0))
    batches = [place for place, (_, entry) in enumerate(entries) if kind_of(entry) is Typ.BATCH]
    del entries[batches[1]]
    state = LogState(origin=ORIGIN, fingerprint=of_file(consortium.charter_file))

    with pytest.raises(SequenceError):
        state.replay(entries, size=consortium.state.size, charter_file=consortium.store.charter)


def test_void_entries_keep_their_places() -> None:
    """What counts for nothing still takes up an index."""
    state = LogState(origin=ORIGIN, fingerprint=bytes(32))

    state.skip(3)

    assert state.size == 3


def _passed_over() -> tuple[Consortium, SealedStatement, bytes]:
    """Return a log whose next batch was passed over, a record, and a batch of it signed on top of that."""
    consortium = _opened()
    lost, record = consortium.record(A), consortium.record(A)
    batch = consortium.batch(A, [lost])
    consortium.state.pass_over(parse_batch(batch), 2)
    on_top = consortium.batch(A, [record], seq=3, prev=parse_batch(batch).payload_hash)
    return consortium, record, on_top


def test_a_chain_goes_on_over_a_batch_that_its_agency_signed_on_top_of() -> None:
    """Only an audit passes over a batch; the agency's own next signature says that it was its own."""
    consortium, record, on_top = _passed_over()
    assert consortium.state.chain(A).seq == 1
    judged = consortium.judge(on_top, [record])
    consortium.state.apply(judged)

    assert judged.over == judged.first - 1
    assert consortium.state.chain(A) == Chain(seq=3, prev=judged.batch.payload_hash, index=judged.index)


def test_a_chain_stays_where_it_was_if_nobody_signed_on_top() -> None:
    """What was put into the log in an agency's name does not move its chain."""
    consortium, record, _ = _passed_over()
    judged = consortium.judge(consortium.batch(A, [record]), [record])

    assert (judged.batch.seq, judged.over) == (2, None)


@pytest.mark.parametrize(("seq", "prev"), [(4, None), (3, bytes(32)), (2, None)])
def test_signing_on_top_means_the_next_number_and_the_very_payload(seq: int, prev: bytes | None) -> None:
    """Neither alone moves a chain over a batch that does not stand."""
    consortium, record, on_top = _passed_over()
    named = parse_batch(on_top).prev if prev is None else prev
    with pytest.raises(SequenceError):
        consortium.judge(consortium.batch(A, [record], seq=seq, prev=named), [record])


def test_another_agency_cannot_sign_on_top() -> None:
    """A chain is its agency's own."""
    consortium, _, on_top = _passed_over()
    record = consortium.record(B)
    with pytest.raises(SequenceError):
        consortium.judge(consortium.batch(B, [record], seq=3, prev=parse_batch(on_top).prev), [record])


def _kinds(consortium: Consortium) -> list[tuple[bytes, Typ]]:
    statements: list[SealedStatement] = [consortium.grant(A, [B]), consortium.record(A)]
    return [
        (charter_entry(consortium.charter_file), Typ.CHARTER),
        (consortium.key_entry(A, add=make_keys(A, roles=(Role.HTTP,), start=11)), Typ.KEY),
        (consortium.batch(A, statements), Typ.BATCH),
        (statements[0].entry, Typ.GRANT),
        (statements[1].entry, Typ.RECORD),
    ]


def test_entries_tell_their_kind_by_their_form() -> None:
    """Every entry of a log is told apart before anything is verified."""
    for entry, typ in _kinds(make_consortium(3)):
        assert kind_of(entry) is typ


@pytest.mark.parametrize("raw", [b"", b"{", b"{}", b"x", b'{"payload":"","signatures":[]}'])
def test_what_is_no_entry_has_no_kind(raw: bytes) -> None:
    """Only our own errors come out."""
    with pytest.raises(LedgerError):
        kind_of(raw)


def test_an_expungement_of_a_record_never_logged_is_refused() -> None:
    """An order names an earlier record of its own issuer: not a later one, not another's, not a grant."""
    consortium = _opened()
    theirs = consortium.record(B)
    consortium.open_epoch(B)
    consortium.submit(B, [theirs])
    grant = consortium.grant(A, [], level=Level.CONFIDENTIAL)

    for name in (consortium.record(A).name, theirs.name, grant.name):
        with pytest.raises(MalformedError, match="never logged") as caught:
            consortium.submit(A, [consortium.expunge(A, name)])
        assert evidence(caught.value).check == "expunge/of"


def test_a_record_is_expunged_once_in_a_batch() -> None:
    """Two orders for one record in a batch are refused, as is a correction after the order."""
    consortium = _opened()
    record = consortium.record(A)
    consortium.submit(A, [record])

    with pytest.raises(DuplicateError, match="expunged already"):
        consortium.submit(A, [consortium.expunge(A, record.name), consortium.expunge(A, record.name)])
    with pytest.raises(DuplicateError, match="expunged already"):
        consortium.submit(A, [consortium.expunge(A, record.name), consortium.record(A, sup=record.name.jti)])


def test_a_record_may_be_expunged_in_its_own_batch_and_after_a_correction() -> None:
    """An earlier statement of the same batch is an earlier statement; a superseded record has bytes to delete too."""
    consortium = _opened()
    record = consortium.record(A)
    consortium.submit(A, [record, consortium.expunge(A, record.name)])
    first = consortium.record(A)
    second = consortium.record(A, sup=first.name.jti)
    consortium.submit(A, [first, second])

    consortium.submit(A, [consortium.expunge(A, first.name)])

    assert consortium.store.blob(record.name, "item") is None
    assert consortium.store.blob(first.name, "item") is None
    assert consortium.store.blob(second.name, "item") is not None


def test_a_record_that_is_expunged_cannot_be_corrected() -> None:
    """`sup` names a record that lives."""
    consortium = _opened()
    record = consortium.record(A)
    consortium.submit(A, [record])
    consortium.submit(A, [consortium.expunge(A, record.name)])

    with pytest.raises(DuplicateError, match="expunged already"):
        consortium.submit(A, [consortium.record(A, sup=record.name.jti)])

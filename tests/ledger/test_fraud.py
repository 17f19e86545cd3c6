"""Fraud proofs: each kind convicts who did it, and nobody else; an honest log is never convicted."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto.encoding import b64u, unb64u
from ledger.answers import Answer, Slot
from ledger.checks import evidence
from ledger.errors import BadSignatureError, LedgerError, MalformedError, NotFoundError, ProofError
from ledger.fraud import Believed, Conviction, Fork, make_fork, verify_fraud
from ledger.fraudform import AboveCeiling, DeniedHit, Fraud, Located, TwoBatches, format_fraud, parse_fraud
from ledger.identifiers import KeyId, StatementName
from ledger.labels import Level
from ledger.merkle import inclusion_proof_of, leaf_hash
from ledger.slips import Hit
from tests.support.bundles import ISS, WITNESSES, cosigned_by, witnessed_consortium
from tests.support.consortium import make_consortium, sign_by
from tests.support.frauds import CASES, READER, Case, Entries, case, denied_hit, histories

SMALL = ("fork of one size", "fork of two sizes", "above a ceiling", "denied hit")


def convict(found: Case, fraud: Fraud | None = None) -> Conviction:
    """Verify a proof, or what was made of it, with the charters of its case."""
    return verify_fraud(format_fraud(fraud or found.fraud), charters=found.charters)


def refused(found: Case, fraud: Fraud, kind: type[LedgerError] = ProofError, *, check: str = "") -> None:
    """Assert that a proof convicts nobody, and which check says so."""
    with pytest.raises(kind) as caught:
        convict(found, fraud)

    assert not check or evidence(caught.value).check == check


@pytest.mark.parametrize("name", CASES)
def test_every_kind_convicts_who_did_it(name: str) -> None:
    """A stranger with the charter files alone is told who broke which word."""
    found = case(name)
    conviction = convict(found)

    assert conviction.who == found.who
    assert all(conviction.lines())
    assert parse_fraud(format_fraud(found.fraud)) == found.fraud


@pytest.mark.parametrize("name", SMALL)
def test_proofs_are_small(name: str) -> None:
    """A proof is at most 10 kB where its kind holds no more than two post-quantum signatures."""
    assert len(format_fraud(case(name).fraud)) <= 10_000


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_attack_a_proof_with_a_flipped_bit_convicts_nobody(name: str, data: st.DataObject) -> None:
    """No accusation survives a change of what was signed or of its place."""
    raw = bytearray(format_fraud(case(name).fraud))
    place = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[place // 8] ^= 1 << place % 8

    with pytest.raises(LedgerError):
        verify_fraud(bytes(raw), charters=case(name).charters)


@given(raw=st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_our_errors(raw: bytes) -> None:
    """Whatever is no proof is refused in our words."""
    with pytest.raises(LedgerError):
        verify_fraud(raw, charters=case("fork of one size").charters)


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b"[]",
        b'{"typ":"sealtrace/v1/fraud","kind":"gossip"}',
        b'{"typ":"sealtrace/v1/fraud","kind":7}',
        b'{"typ":"sealtrace/v1/report","kind":"fork","first":"","second":"","root":null,"path":[]}',
    ],
)
def test_files_of_no_known_kind_are_refused(raw: bytes) -> None:
    """A kind that is not known convicts nobody."""
    with pytest.raises(MalformedError):
        parse_fraud(raw)


def test_a_proof_that_would_be_read_otherwise_is_not_written() -> None:
    """What is written is read back first."""
    fork_proof = case("fork of one size").fraud
    assert isinstance(fork_proof, Fork)

    with pytest.raises(LedgerError):
        format_fraud(replace(fork_proof, by="Somebody"))


def test_attack_framing_the_log_with_keys_of_ones_own() -> None:
    """Two checkpoints that contradict each other under other keys than the charter's convict nobody."""
    other = make_consortium(2, origin="log.test/other")
    found = case("fork of one size")

    with pytest.raises(BadSignatureError) as caught:
        verify_fraud(format_fraud(found.fraud), charters=(other.charter_file,))
    assert evidence(caught.value).check == "fraud/checkpoint"


def test_charters_of_two_logs_or_none_are_refused() -> None:
    """The checker names the charters of one log."""
    other = make_consortium(2, origin="log.test/other")
    own = case("fork of one size").charters
    for files in ((), (other.charter_file, *own), (*own, *own)):
        with pytest.raises(MalformedError):
            Believed.of_files(files)


# Forks


def test_attack_framing_by_two_checkpoints_that_agree() -> None:
    """An honest log grows: its own beginning, shown with its own proof, is no fork."""
    consortium, _, log = histories()
    believed = Believed.of_files([consortium.charter_file])

    with pytest.raises(ProofError, match="agree"):
        make_fork(log.note(4), log.note(), believed=believed, begins=log.begins, by=None)
    with pytest.raises(ProofError, match="agree"):
        make_fork(log.note(4), log.note(4), believed=believed, begins=log.begins, by=None)


def test_attack_framing_by_a_beginning_that_is_not_proved() -> None:
    """Another root than the first is not enough: the larger tree must be shown to begin with it."""
    found = case("fork of two sizes")
    assert isinstance(found.fraud, Fork)

    refused(found, replace(found.fraud, root=bytes(32)))
    refused(found, replace(found.fraud, path=found.fraud.path[:-1]))
    refused(found, replace(found.fraud, root=None))
    refused(found, replace(found.fraud, first=found.fraud.second, second=found.fraud.first))


def test_a_path_between_trees_of_one_size_is_refused() -> None:
    """A proof holds nothing that is not looked at."""
    found = case("fork of one size")
    assert isinstance(found.fraud, Fork)

    refused(found, replace(found.fraud, path=(bytes(32),)))
    refused(found, replace(found.fraud, root=bytes(32)))


def test_attack_framing_with_checkpoints_of_two_logs() -> None:
    """The log and its access log have trees of their own."""
    consortium, _, _ = histories()
    found = case("fork of one size")
    assert isinstance(found.fraud, Fork)
    access = Entries(consortium)
    access.origin = f"{consortium.origin}/access"

    with pytest.raises(LedgerError):
        convict(found, replace(found.fraud, second=access.note()))


def test_attack_framing_a_witness_that_cosigned_one_side() -> None:
    """Only who has cosigned both is convicted, and only with both of its keys."""
    consortium, first, second = histories()
    believed = Believed.of_files([consortium.charter_file])
    honest = cosigned_by(first.note(), consortium.charter, WITNESSES)

    with pytest.raises(BadSignatureError, match="has not cosigned both"):
        make_fork(honest, second.note(), believed=believed, begins=second.begins, by=WITNESSES[0])
    both = cosigned_by(second.note(), consortium.charter, WITNESSES)
    half = b"".join(both.splitlines(keepends=True)[:6])
    with pytest.raises(BadSignatureError, match="has not cosigned both"):
        make_fork(honest, half, believed=believed, begins=second.begins, by=WITNESSES[0])
    with pytest.raises(MalformedError, match="no witness"):
        make_fork(honest, both, believed=believed, begins=second.begins, by="xae-arms")


def test_lines_of_others_are_left_out_of_a_proof() -> None:
    """A fork of the log carries the log's signatures alone, so that it stays small."""
    consortium, first, second = histories()
    notes = [cosigned_by(one.note(), consortium.charter, WITNESSES) for one in (first, second)]
    believed = Believed.of_files([consortium.charter_file])

    assert len(format_fraud(make_fork(*notes, believed=believed, begins=second.begins, by=None))) <= 10_000


# Two batches


def batches() -> tuple[Case, TwoBatches]:
    """Return the proof of two batches."""
    found = case("two batches")
    assert isinstance(found.fraud, TwoBatches)
    return found, found.fraud


def test_attack_an_agency_told_that_its_keys_are_stale_is_not_framed() -> None:
    """An honest agency signs a number anew when the service refuses it: a log that holds both has convicted itself alone."""
    consortium = witnessed_consortium()
    grant = consortium.grant(ISS, [])
    refused_as_stale = consortium.batch(ISS, [grant])
    charter = consortium.next_charter(limits=replace(consortium.current.limits, keys=9))
    consortium.submit_charter(sign_by(charter, consortium.current.agencies, previous=consortium.current))
    log = Entries(consortium, grant.entry, refused_as_stale, consortium.batch(ISS, [grant]))
    found = TwoBatches(checkpoint=log.note(), batches=(log.entry(3), log.entry(4)))

    assert convict(Case(fraud=found, charters=(consortium.charter_file,), who=())).who == (consortium.origin,)


def test_one_batch_twice_or_two_seqs_are_no_fraud() -> None:
    """A pair is two payloads under one name."""
    found, proof = batches()

    refused(found, replace(proof, batches=(proof.batches[0], proof.batches[0])))
    refused(found, replace(proof, batches=(proof.batches[0], replace(proof.batches[1], index=0))), check="fraud/place")


def test_one_batch_signed_twice_is_no_fraud() -> None:
    """Signing is randomised: the same words under two signatures are one batch."""
    consortium = witnessed_consortium()
    grant = consortium.grant(ISS, [])
    first = consortium.batch(ISS, [grant])
    again = consortium.batch(ISS, [grant])
    assert first != again
    log = Entries(consortium, first, again)
    found = TwoBatches(checkpoint=log.note(), batches=(log.entry(1), log.entry(2)))

    refused(Case(fraud=found, charters=(consortium.charter_file,), who=()), found)


def test_attack_a_batch_that_was_never_logged() -> None:
    """What the log has not signed for convicts nobody."""
    found, proof = batches()
    bare = replace(proof.batches[1], path=())

    refused(found, replace(proof, batches=(proof.batches[0], bare)), check="fraud/place")


# Ceilings


def ceiling(name: str = "above a ceiling") -> tuple[Case, AboveCeiling]:
    """Return the proof of a grant above a ceiling."""
    found = case(name)
    assert isinstance(found.fraud, AboveCeiling)
    return found, found.fraud


def test_what_could_still_excuse_a_grant_is_said() -> None:
    """Without the next charter's place, one that was logged before the grant would excuse it."""
    assert convict(ceiling()[0]).unless == "charter 3 is shown to be logged before entry 2"
    assert convict(ceiling("above a ceiling, next charter shown")[0]).unless is None


def test_attack_framing_by_an_older_charter() -> None:
    """Who has the next charter asks where it stands; who lacks the one named cannot check."""
    found, proof = ceiling()
    later, shown = ceiling("above a ceiling, next charter shown")

    refused(later, replace(shown, next=None))
    refused(replace(found, charters=found.charters[:1]), proof, NotFoundError)
    refused(found, replace(proof, next=Located(index=1, path=())), NotFoundError)
    refused(found, replace(proof, ver=1), check="fraud/place")


def test_grants_to_the_issuer_and_to_nobody_named_are_no_fraud() -> None:
    """Ceilings bind every recipient but the issuer."""
    found, proof = ceiling()

    refused(found, replace(proof, r=ISS))
    refused(found, replace(proof, r="xac-arms"))


def test_a_grant_within_the_ceiling_is_no_fraud() -> None:
    """The level is held against the ceiling of that charter."""
    consortium, log, _ = histories()
    found = AboveCeiling(checkpoint=log.note(), r=READER, grant=log.entry(1), ver=1, charter=log.place(0))
    honest = Case(fraud=found, charters=(consortium.charter_file,), who=())

    refused(honest, found, check="fraud/ceiling")


def test_attack_an_issuer_whose_grant_was_held_back_is_not_framed() -> None:
    """A grant that was good when it was signed, and logged behind a charter that lowers the ceiling, is the log's doing."""
    consortium = witnessed_consortium()
    grant = consortium.grant(ISS, [READER], level=Level.SECRET)
    batch = consortium.batch(ISS, [grant])
    low = tuple(
        replace(one, ceiling=Level.RESTRICTED) if one.id == READER else one
        for one in consortium.next_charter().agencies
    )
    charter = consortium.next_charter(agencies=low)
    file = sign_by(charter, consortium.current.agencies, previous=consortium.current)
    place = consortium.submit_charter(file).index
    log = Entries(consortium, grant.entry, batch)
    found = AboveCeiling(checkpoint=log.note(), r=READER, grant=log.entry(place + 1), ver=2, charter=log.place(place))

    assert convict(Case(fraud=found, charters=(consortium.charter_file, file), who=())).who == (consortium.origin,)


def test_a_charter_logged_after_the_grant_does_not_judge_it() -> None:
    """Position decides."""
    found, proof = ceiling("above a ceiling, next charter shown")
    assert proof.next is not None

    refused(found, replace(proof, ver=3, charter=proof.next, next=None))
    refused(found, replace(proof, ver=1, charter=Located(index=0, path=proof.charter.path)))


def test_a_charter_between_excuses_the_grant() -> None:
    """The charter before last was not in force any more."""
    found, proof = ceiling("above a ceiling, next charter shown")
    first = Located(index=0, path=inclusion_proof_of([leaf_hash(one) for one in found.entries], 0))
    two = replace(found, charters=found.charters[:2])

    with pytest.raises(ProofError, match="another charter was in force"):
        convict(two, replace(proof, ver=1, charter=first, next=proof.charter))


def test_a_grant_to_somebody_outside_the_charter_convicts() -> None:
    """Who is no member has no ceiling, and may be granted nothing."""
    found, _ = ceiling("to a stranger")

    assert "to xae-arms, no member by charter 2" in convict(found).what


# Denied hits


def slot(index: int) -> Slot:
    """Return a slot that names another record."""
    return Slot(index=index, name=StatementName("xac-arms", bytes(16)), c="T0")


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: replace(answer, n=2),
        lambda answer: replace(answer, to=ISS),
        lambda answer: replace(answer, slots=(slot(2),)),
    ],
    ids=["older tree", "own record", "named"],
)
def test_attack_framing_by_an_answer_that_denies_nothing(change: Callable[[Answer], Answer]) -> None:
    """A record out of the answer's range, named in it, or the asker's own was not denied."""
    found = denied_hit(change)

    refused(found, found.fraud)


def test_a_record_below_the_last_slot_is_denied_even_if_there_is_more() -> None:
    """Slots ascend: what lies between them was passed over."""
    found = denied_hit(lambda answer: replace(answer, n=20, slots=tuple(slot(at) for at in range(3, 11)), more=True))

    assert convict(found).who == found.who


def test_a_silent_or_other_slip_is_no_denied_hit() -> None:
    """A silent hit equals a miss, by design; another token is another weapon."""
    for found in (denied_hit(hit=Hit.SILENT), denied_hit(hit=Hit.OFF), denied_hit(c="T1")):
        refused(found, found.fraud)


def test_a_slip_of_a_token_epoch_that_no_charter_names_is_no_denied_hit() -> None:
    """Tokens are answered in the epoch in force: without the charter that names it nobody is convicted."""
    found = case("denied hit")

    refused(replace(found, charters=found.charters[:1]), found.fraud)


def test_attack_parts_of_different_questions() -> None:
    """Question, answer, record and slip belong together by their hashes."""
    found, other = case("denied hit"), denied_hit()
    assert isinstance(found.fraud, DeniedHit)
    assert isinstance(other.fraud, DeniedHit)

    refused(found, replace(found.fraud, question=other.fraud.question), check="denied/q")
    refused(found, replace(found.fraud, answer=other.fraud.answer), check="denied/q")
    refused(found, replace(found.fraud, slip=other.fraud.slip), check="denied/slip")
    refused(found, replace(found.fraud, record=other.fraud.record), check="fraud/place")


def test_an_answer_of_another_key_convicts_nobody() -> None:
    """The answer key is the charter's."""
    found = case("denied hit")
    assert isinstance(found.fraud, DeniedHit)
    header, payload, signature = found.fraud.answer.split(b".")
    forged = b".".join((header, payload, b64u(unb64u(signature)[::-1]).encode()))

    with pytest.raises(LedgerError):
        convict(found, replace(found.fraud, answer=forged))
    stranger = denied_hit(kid=KeyId("log", 2))
    refused(stranger, stranger.fraud, LedgerError)

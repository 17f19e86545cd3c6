"""What cosignatures are worth: both keys of an agency, the quorum of the charter, times that f liars cannot bend."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.signing import Algorithm
from ledger import notes
from ledger.charter import Charter
from ledger.checkpoints import Checkpoint, cosign, sign_checkpoint
from ledger.errors import BadSignatureError, LedgerError, MalformedError, ProofError
from ledger.notes import NoteSignature, SignatureType
from ledger.terms import WitnessPolicy, witness_name
from ledger.witnesses import (
    Cosigned,
    LogName,
    entry_time,
    freshness,
    open_published,
    policy_of,
    quorum_ready,
    witness_vkeys,
)
from tests.support.consortium import NOW, ORIGIN, agency_ids, log_keys, make_agency, make_charter, signer
from tests.support.witnessing import cosignatures_of, cosigned_note, signed_note, witnessed_charter

CHECKPOINT = Checkpoint(origin=ORIGIN, size=9, root=bytes(32))
IDS = agency_ids(5)
CHARTER = witnessed_charter(4, k=3, f=1)


def published(times: Mapping[str, int], *, charter: Charter = CHARTER) -> Cosigned:
    """Open a checkpoint that these agencies have cosigned at these times."""
    return open_published(cosigned_note(CHECKPOINT, charter, times), charter=charter)


def test_a_quorum_publishes() -> None:
    """Three of four are enough, and each gives its time."""
    times = {IDS[0]: NOW, IDS[1]: NOW + 5, IDS[3]: NOW - 7}

    found = published(times)

    assert found == Cosigned(checkpoint=CHECKPOINT, times=times)


def test_below_the_quorum_nothing_is_published() -> None:
    """Two of four are none."""
    with pytest.raises(BadSignatureError, match="2 witnesses have cosigned this checkpoint, and 3 must"):
        published({IDS[0]: NOW, IDS[1]: NOW})


def test_without_witnesses_what_is_signed_is_published() -> None:
    """The start, `quorum none`: no times, and nobody is asked."""
    charter = make_charter([make_agency(IDS[0])])

    found = open_published(signed_note(CHECKPOINT), charter=charter)

    assert found == Cosigned(checkpoint=CHECKPOINT, times={})
    assert entry_time(found, f=0) is None
    assert freshness(found, f=0) is None


@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.ML_DSA_44])
def test_one_key_of_an_agency_counts_for_nothing(algorithm: Algorithm) -> None:
    """Whichever of the two is missing: either scheme may fall."""
    lines = [*cosignatures_of(CHECKPOINT, CHARTER, {IDS[0]: NOW, IDS[1]: NOW, IDS[2]: NOW})]
    kept = [line for line in lines if not _is_by(line, IDS[2], algorithm)]

    assert len(kept) == len(lines) - 1
    assert quorum_ready(signed_note(CHECKPOINT, *lines), charter=CHARTER)
    assert not quorum_ready(signed_note(CHECKPOINT, *kept), charter=CHARTER)


@pytest.mark.parametrize(("apart", "counted"), [(0, True), (60, True), (61, False), (-60, True), (-61, False)])
def test_two_times_more_than_a_minute_apart_count_for_nothing(apart: int, counted: bool) -> None:  # noqa: FBT001
    """Both keys sign at one look at the clock; the earlier one is the agency's time."""
    others = cosignatures_of(CHECKPOINT, CHARTER, {IDS[0]: NOW, IDS[1]: NOW, IDS[2]: NOW})
    pair = cosignatures_of(CHECKPOINT, CHARTER, {IDS[3]: NOW}, later=apart)
    found = open_published(signed_note(CHECKPOINT, *others, *pair), charter=CHARTER)

    assert (IDS[3] in found.times) == counted
    assert not counted or found.times[IDS[3]] == NOW + min(apart, 0)


def test_time_0_claims_nothing() -> None:
    """A witness that names no time has not said that it saw no larger tree."""
    with pytest.raises(BadSignatureError, match="2 witnesses"):
        published({IDS[0]: NOW, IDS[1]: NOW, IDS[2]: 0})


def test_a_bad_cosignature_refuses_the_whole_checkpoint() -> None:
    """A known key whose line does not verify: nobody should listen to who sends that."""
    other = replace(CHECKPOINT, size=10)
    lines = cosignatures_of(CHECKPOINT, CHARTER, {IDS[0]: NOW, IDS[1]: NOW, IDS[2]: NOW})
    forged = cosignatures_of(other, CHARTER, {IDS[3]: NOW})

    with pytest.raises(BadSignatureError, match="does not verify"):
        open_published(signed_note(CHECKPOINT, *lines, *forged), charter=CHARTER)


def test_a_stranger_counts_for_nothing() -> None:
    """An agency that the charter does not name as a witness, with keys of its own."""
    wider = witnessed_charter(5, k=4, f=1)
    note = cosigned_note(CHECKPOINT, wider, dict.fromkeys((IDS[0], IDS[1], IDS[4]), NOW))

    with pytest.raises(BadSignatureError, match="2 witnesses"):
        open_published(note, charter=CHARTER)


def test_the_logs_own_keys_are_needed_too() -> None:
    """All witnesses together cannot speak for the log."""
    lines = cosignatures_of(CHECKPOINT, CHARTER, dict.fromkeys(IDS[:4], NOW))
    only_one = notes.parse_note(signed_note(CHECKPOINT)).signatures[:1]

    with pytest.raises(BadSignatureError, match="key of the log"):
        open_published(notes.format_note(CHECKPOINT.format(), [*only_one, *lines]), charter=CHARTER)


def test_the_access_log_has_its_own_keys_and_the_same_witnesses() -> None:
    """What is cosigned for one log says nothing of the other."""
    checkpoint = replace(CHECKPOINT, origin=f"{ORIGIN}/access")
    note = cosigned_note(checkpoint, CHARTER, dict.fromkeys(IDS[:3], NOW), log=LogName.ACCESS)

    assert open_published(note, charter=CHARTER, log=LogName.ACCESS).checkpoint == checkpoint
    with pytest.raises(LedgerError):
        open_published(note, charter=CHARTER)
    with pytest.raises(LedgerError):
        open_published(
            cosigned_note(CHECKPOINT, CHARTER, dict.fromkeys(IDS[:3], NOW)), charter=CHARTER, log=LogName.ACCESS
        )


def test_the_first_checkpoint_with_a_new_charter_satisfies_both() -> None:
    """New witnesses alone do not make a new charter's log; the old quorum hands over."""
    old = witnessed_charter(3, k=2, f=0)
    new = replace(witnessed_charter(3, k=2, f=0, start=60), ver=2, prev=bytes(31) + b"1")
    times = dict.fromkeys(IDS[:3], NOW)
    both = signed_note(CHECKPOINT, *cosignatures_of(CHECKPOINT, old, times), *cosignatures_of(CHECKPOINT, new, times))
    fresh = cosigned_note(CHECKPOINT, new, times)

    assert open_published(both, charter=new, previous=old).times == times
    assert open_published(fresh, charter=new).times == times
    with pytest.raises(BadSignatureError):
        open_published(fresh, charter=new, previous=old)
    assert quorum_ready(both, charter=new, previous=old)
    assert not quorum_ready(fresh, charter=new, previous=old)


def test_a_lost_quorum_is_left_by_the_old_log_keys_alone() -> None:
    """Then the old witnesses are not asked, but the old log is, and the new quorum."""
    old = witnessed_charter(3, k=2, f=0)
    new = replace(witnessed_charter(3, k=2, f=0, start=60), ver=2, prev=bytes(31) + b"1")
    times = dict.fromkeys(IDS[:3], NOW)

    found = open_published(cosigned_note(CHECKPOINT, new, times), charter=new, previous=old, old_quorum_lost=True)

    assert found.times == times
    with pytest.raises(BadSignatureError):
        open_published(signed_note(CHECKPOINT), charter=new, previous=old, old_quorum_lost=True)
    other_log = replace(old, log=log_keys("other.test/log"), origin="other.test/log")
    with pytest.raises(LedgerError):
        open_published(cosigned_note(CHECKPOINT, new, times), charter=new, previous=other_log, old_quorum_lost=True)


def test_leaving_the_unwitnessed_state() -> None:
    """The old policy asks for nobody, the new one for its quorum."""
    old = make_charter([make_agency(agency) for agency in IDS[:4]])
    note = cosigned_note(CHECKPOINT, CHARTER, dict.fromkeys(IDS[:3], NOW))

    assert open_published(note, charter=CHARTER, previous=old).times.keys() == set(IDS[:3])
    assert not quorum_ready(signed_note(CHECKPOINT), charter=CHARTER, previous=old)


def test_another_tree_under_the_same_lines_is_refused() -> None:
    """Cosignatures are over one root."""
    note = cosigned_note(CHECKPOINT, CHARTER, dict.fromkeys(IDS[:3], NOW))
    other = sign_checkpoint(
        replace(CHECKPOINT, root=b"\x01" * 32),
        ed25519=signer("log", Algorithm.ED25519),
        ml_dsa_44=signer("log", Algorithm.ML_DSA_44),
    )
    lines = notes.parse_note(note).signatures[2:]
    parsed = notes.parse_note(other)

    with pytest.raises(BadSignatureError):
        open_published(notes.format_note(parsed.text, [*parsed.signatures, *lines]), charter=CHARTER)


def test_another_logs_checkpoint_is_refused() -> None:
    """The same keys under another origin sign for nobody here."""
    note = cosigned_note(replace(CHECKPOINT, origin="log.test/other"), CHARTER, {})

    with pytest.raises((BadSignatureError, ProofError)):
        open_published(note, charter=make_charter([make_agency(IDS[0])]))


@pytest.mark.parametrize(("f", "expected"), [(0, 100), (1, 200), (2, 300), (3, None)])
def test_an_entrys_time_is_the_f_plus_first_smallest(f: int, expected: int | None) -> None:
    """With f of them lying, at least one honest witness stands at or before it."""
    cosigned = Cosigned(checkpoint=CHECKPOINT, times={"a": 300, "b": 100, "c": 200})

    assert entry_time(cosigned, f=f) == expected


@pytest.mark.parametrize(("f", "expected"), [(0, 300), (1, 200), (2, 100), (3, None)])
def test_freshness_is_the_f_plus_first_newest(f: int, expected: int | None) -> None:
    """With f of them dating ahead, at least one honest witness stands at or after it."""
    cosigned = Cosigned(checkpoint=CHECKPOINT, times={"a": 300, "b": 100, "c": 200})

    assert freshness(cosigned, f=f) == expected


@given(
    honest=st.lists(st.integers(min_value=1, max_value=2**40), min_size=3, max_size=6),
    liars=st.lists(st.integers(min_value=1, max_value=2**62), max_size=2),
)
def test_attack_f_witnesses_that_lie_about_the_time(honest: Sequence[int], liars: Sequence[int]) -> None:
    """Back-dated and future times of f liars never leave the range of the honest ones."""
    times = {f"w{place}": time for place, time in enumerate([*honest, *liars])}
    cosigned = Cosigned(checkpoint=CHECKPOINT, times=times)
    f = len(liars)
    found, fresh = entry_time(cosigned, f=f), freshness(cosigned, f=f)

    assert found is not None
    assert fresh is not None
    assert min(honest) <= found <= max(honest)
    assert min(honest) <= fresh <= max(honest)


def test_attack_f_plus_one_liars_can_date_back() -> None:
    """What f means: one liar more than the charter tolerates decides the time."""
    cosigned = Cosigned(checkpoint=CHECKPOINT, times={"a": 1_000, "b": 1_001, "liar": 1, "second liar": 2})

    assert entry_time(cosigned, f=1) == 2
    assert entry_time(cosigned, f=2) == 1_000


@given(n=st.integers(min_value=1, max_value=9), k=st.integers(min_value=1, max_value=9), f=st.integers(0, 4))
def test_two_quorums_always_share_an_honest_witness(n: int, k: int, f: int) -> None:
    """A policy is taken exactly where 2k > n + f and k + f ≤ n; then a fork needs more than f witnesses who sign both."""
    ids = tuple(f"x{place}" for place in range(n))
    valid = 2 * k > n + f and k + f <= n
    if not valid:
        with pytest.raises(MalformedError):
            WitnessPolicy(agencies=ids, k=k, f=f)
        return

    WitnessPolicy(agencies=ids, k=k, f=f)
    smallest_overlap = max(0, 2 * k - n)

    assert smallest_overlap > f


def test_attack_a_fork_with_f_dishonest_witnesses_is_never_published() -> None:
    """Four witnesses, one of them signs both sides: one side at most reaches three."""
    left, right = CHECKPOINT, replace(CHECKPOINT, root=b"\x02" * 32)
    liar = IDS[0]
    sides = [
        cosigned_note(side, CHARTER, dict.fromkeys(signers, NOW))
        for side, signers in ((left, (liar, IDS[1], IDS[2])), (right, (liar, IDS[3])))
    ]

    assert [quorum_ready(side, charter=CHARTER) for side in sides] == [True, False]


def test_attack_a_fork_with_f_plus_one_dishonest_witnesses_can_be_published() -> None:
    """The limit, stated: two of four sign both sides, and both sides reach three."""
    left, right = CHECKPOINT, replace(CHECKPOINT, root=b"\x02" * 32)
    sides = [
        cosigned_note(side, CHARTER, dict.fromkeys((IDS[0], IDS[1], honest), NOW))
        for side, honest in ((left, IDS[2]), (right, IDS[3]))
    ]

    assert [quorum_ready(side, charter=CHARTER) for side in sides] == [True, True]


def test_verifier_keys_of_a_witness() -> None:
    """Named after log and agency, Ed25519 first."""
    first, second = witness_vkeys(CHARTER, IDS[0])

    assert {first.name, second.name} == {f"{ORIGIN}/witness/{IDS[0]}"}
    assert [first.type, second.type] == [SignatureType.ED25519_COSIGNATURE, SignatureType.ML_DSA_44_COSIGNATURE]


@pytest.mark.parametrize("agency", [IDS[4], "xzz-nobody"])
def test_who_is_no_witness_has_no_verifier_keys(agency: str) -> None:
    """Neither a member that does not witness nor a stranger."""
    members = [*CHARTER.agencies, make_agency(IDS[4])]

    with pytest.raises(MalformedError, match="no witness"):
        witness_vkeys(replace(CHARTER, agencies=tuple(members)), agency)


def test_a_charter_whose_witnesses_have_no_name_is_refused() -> None:
    """A name above 255 bytes fits no cosignature: found when the charter is made, not when it is too late."""
    origin = "l" * 240
    agencies = tuple(witnessed_charter(1, k=1, f=0).agencies)

    with pytest.raises(MalformedError, match="key name"):
        replace(
            make_charter([make_agency(IDS[0])], origin=origin),
            agencies=agencies,
            witness=WitnessPolicy(agencies=IDS[:1], k=1, f=0),
        )
    assert len(witness_name(origin, IDS[0])) > 255


def test_the_policy_file_counts_agencies_not_keys() -> None:
    """Each agency is one group `all` of its two keys; the quorum counts these groups."""
    policy = policy_of(CHARTER)
    lines = policy.format().decode().splitlines()

    assert f"group {IDS[0]} all {IDS[0]}/Ed25519 {IDS[0]}/ML-DSA-44" in lines
    assert f"group witnesses 3 {' '.join(IDS[:4])}" in lines
    assert lines[-1] == "quorum witnesses"
    assert sum(line.startswith("witness ") for line in lines) == 8
    assert sum(line.startswith("log ") for line in lines) == 2


def test_the_policy_without_witnesses_is_quorum_none() -> None:
    """And both keys of the log."""
    policy = policy_of(make_charter([make_agency(IDS[0])]))

    assert policy.format().decode().splitlines()[-1] == "quorum none"
    assert len(policy.logs) == 2


def _is_by(line: NoteSignature, agency: str, algorithm: Algorithm) -> bool:
    return any(
        (line.name, line.key_id) == (key.name, key.key_id) and key.public_key.algorithm is algorithm
        for key in witness_vkeys(CHARTER, agency)
    )


def test_who_is_named_by_the_support_signs_as_the_log_says() -> None:
    """The lines that these tests build are those that `cosign` writes."""
    line = cosignatures_of(CHECKPOINT, CHARTER, {IDS[0]: NOW})[0]
    by_hand = cosign(
        CHECKPOINT,
        name=witness_name(ORIGIN, IDS[0]),
        signer=signer(f"{IDS[0]}#40", Algorithm.ED25519),
        timestamp=NOW,
    )

    assert line == by_hand

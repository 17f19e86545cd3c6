"""Two officers agree on one file, in time, and the agency keeps what they signed."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u, unb64u
from crypto.errors import CryptoError
from crypto.signing import Algorithm
from ledger import jsontext
from ledger.errors import BadSignatureError, LedgerError, MalformedError
from ledger.expunges import Why
from ledger.identifiers import KeyId, StatementName
from ledger.officers import (
    LIFE_SECONDS,
    MAX_LIFE_SECONDS,
    ApprovalError,
    Plan,
    PlannedExpunge,
    PlannedRelease,
    PlannedSubmission,
    ProposalFile,
    approve,
    body_hash,
    keep,
    parse_kept,
    parse_proposal,
    propose,
    verify_approved,
    verify_kept,
    verify_proposed,
)
from tests.support.consortium import signer
from tests.support.talks import TERMS

AGENCY, NOW = "xar-arms", 1_900_000_000
ANN, BEN, EVE = (signer(name, Algorithm.ED25519) for name in ("ann", "ben", "eve"))
ENROLLED = {"Ann": ANN.public_key.raw, "Ben": BEN.public_key.raw}
EXPUNGE = PlannedExpunge(of=bytes(16), why=Why.LAW)
RELEASE = PlannedRelease(
    to="xbe-cib",
    thread=bytes(16),
    re=StatementName("xbe-cib", bytes(16)),
    terms=TERMS,
    portions=((bytes(16), "case"),),
    fields=((bytes(16), ("case.offence", "item.make")),),
    epochs=(bytes(32),),
    h=body_hash({"a": 1}),
)


def proposed(do: Plan = EXPUNGE) -> bytes:
    """Return what Ann proposes."""
    return propose(do, agency=AGENCY, officer="Ann", signer=ANN, now=NOW)


def approved(file: bytes | None = None, *, now: int = NOW + 1) -> bytes:
    """Return what Ben approves."""
    return approve(file or proposed(), agency=AGENCY, officer="Ben", signer=BEN, enrolled=ENROLLED, now=now)


FILE = approved()


@pytest.mark.parametrize("do", [EXPUNGE, RELEASE, replace(RELEASE, re=None, portions=(), fields=(), epochs=())])
def test_what_is_proposed_is_what_is_approved(do: Plan) -> None:
    """The plan comes back as it was signed, with both officers' names, the proposer's first."""
    found = verify_approved(approved(proposed(do)), agency=AGENCY, enrolled=ENROLLED, now=NOW + 5)

    assert (found.proposal.do, found.officers) == (do, ("Ann", "Ben"))
    assert (found.proposal.agency, found.proposal.at, found.proposal.until) == (AGENCY, NOW, NOW + LIFE_SECONDS)


def test_attack_approval_by_the_same_officer() -> None:
    """Not under the same name, not under the same key with another name, not under the same name with another key."""
    enrolled = {"Ann": ANN.public_key.raw, "Anna": ANN.public_key.raw, "ANN": EVE.public_key.raw}
    for officer, key in (("Ann", ANN), ("Anna", ANN), ("ANN", EVE)):
        with pytest.raises(ApprovalError, match="same officer"):
            approve(proposed(), agency=AGENCY, officer=officer, signer=key, enrolled=enrolled, now=NOW)


def test_attack_one_signature_twice_in_a_file() -> None:
    """A copied signature makes no second officer."""
    payload, rows = jsontext.members(jsontext.load(proposed()), "payload", "signatures")
    assert isinstance(rows, list)
    doubled = jsontext.dump({"payload": payload, "signatures": [rows[0], rows[0]]})

    with pytest.raises(ApprovalError, match="same officer"):
        verify_approved(doubled, agency=AGENCY, enrolled=ENROLLED, now=NOW)


def test_attack_an_expired_proposal() -> None:
    """It is neither approved nor carried out from its end on, nor before it was made."""
    for now in (NOW - 1, NOW + LIFE_SECONDS, NOW + MAX_LIFE_SECONDS):
        with pytest.raises(ApprovalError, match="run out"):
            approved(now=now)
        with pytest.raises(ApprovalError, match="run out"):
            verify_approved(FILE, agency=AGENCY, enrolled=ENROLLED, now=now)


def test_attack_a_changed_file() -> None:
    """What was signed for one record does not expunge another; nor does another hash release something else."""
    payload, rows = jsontext.members(jsontext.load(FILE), "payload", "signatures")
    found = parse_proposal(FILE).proposal
    other = replace(found, do=replace(EXPUNGE, of=bytes([1] * 16)))
    changed = jsontext.dump({"payload": b64u(jsontext.dump(other.to_json())), "signatures": rows})

    assert payload
    with pytest.raises(BadSignatureError, match="changed"):
        verify_approved(changed, agency=AGENCY, enrolled=ENROLLED, now=NOW)


def test_attack_an_officer_who_is_not_enrolled() -> None:
    """A key drawn by anybody signs for nobody; nor does an enrolled name under another key."""
    for officer, key in (("Eve", EVE), ("Ann", EVE)):
        file = propose(EXPUNGE, agency=AGENCY, officer=officer, signer=key, now=NOW)
        with pytest.raises(ApprovalError, match="not enrolled"):
            verify_proposed(file, agency=AGENCY, enrolled=ENROLLED, now=NOW)
    with pytest.raises(ApprovalError, match="not enrolled"):
        approve(proposed(), agency=AGENCY, officer="Eve", signer=EVE, enrolled=ENROLLED, now=NOW)


def test_attack_a_signature_moved_to_another_officers_name() -> None:
    """The name is under the signature."""
    payload, rows = jsontext.members(jsontext.load(proposed()), "payload", "signatures")
    assert isinstance(rows, list)
    assert isinstance(rows[0], dict)
    renamed = jsontext.dump({"payload": payload, "signatures": [{**rows[0], "officer": "Anne"}]})
    enrolled = {**ENROLLED, "Anne": ANN.public_key.raw}

    with pytest.raises(BadSignatureError):
        verify_proposed(renamed, agency=AGENCY, enrolled=enrolled, now=NOW)


def test_a_proposal_of_another_agency_is_refused() -> None:
    """An officer of one agency approves nothing of another's."""
    with pytest.raises(ApprovalError, match="another agency"):
        verify_approved(FILE, agency="xbe-cib", enrolled=ENROLLED, now=NOW)


def test_one_officer_is_not_two() -> None:
    """What was proposed alone is not carried out, and what was approved is not approved again."""
    with pytest.raises(ApprovalError, match="two are needed"):
        verify_approved(proposed(), agency=AGENCY, enrolled=ENROLLED, now=NOW)
    with pytest.raises(ApprovalError, match="already"):
        approved(FILE)


def test_what_is_kept_is_under_the_agencys_own_signature() -> None:
    """Anybody with the agency's key can check later what its officers agreed on, by the words of the protocol alone."""
    kept = jsontext.load(keep(FILE, agency=AGENCY, signer=EVE, kid=KeyId(AGENCY, 4)))
    assert isinstance(kept, dict)
    message = b"sealtrace/v1/approval" + b"".join(
        len(part).to_bytes(4, "big") + part for part in (AGENCY.encode(), FILE)
    )
    EVE.public_key.verify(message=message, signature=unb64u(str(kept.pop("sig"))))

    assert kept == {"file": b64u(FILE), "kid": f"{AGENCY}#4"}


KEPT = keep(FILE, agency=AGENCY, signer=EVE, kid=KeyId(AGENCY, 4))


def checked(raw: bytes, *, agency: str = AGENCY) -> ProposalFile:
    """Return what is kept of an approval, verified as long as one likes after it was given."""
    return verify_kept(parse_kept(raw), agency=agency, key=EVE.public_key, enrolled=ENROLLED)


def test_what_is_kept_verifies_long_after_its_time() -> None:
    """An inspector comes years later: what ran out for whoever carries it out is evidence still."""
    assert (parse_kept(KEPT).kid, checked(KEPT)) == (KeyId(AGENCY, 4), parse_proposal(FILE))


@given(at=st.integers(0, len(KEPT) - 1), bit=st.integers(0, 7))
def test_attack_any_changed_bit_of_what_is_kept(at: int, bit: int) -> None:
    """Every bit is signed or spelled in one way; only the number of the key has to be looked up."""
    spoiled = bytearray(KEPT)
    spoiled[at] ^= 1 << bit

    try:
        found = parse_kept(bytes(spoiled))
    except LedgerError:
        return
    if found.kid == KeyId(AGENCY, 4):
        with pytest.raises((LedgerError, CryptoError)):
            checked(bytes(spoiled))


def test_attack_a_kept_file_of_one_officer() -> None:
    """The agency's own signature makes no second officer, of one signature or of the same one twice."""
    payload, rows = jsontext.members(jsontext.load(proposed()), "payload", "signatures")
    assert isinstance(rows, list)
    for signed, words in ((rows, "two are needed"), ([rows[0], rows[0]], "same officer")):
        file = jsontext.dump({"payload": payload, "signatures": [*signed]})
        with pytest.raises(ApprovalError, match=words):
            checked(keep(file, agency=AGENCY, signer=EVE, kid=KeyId(AGENCY, 4)))


def test_attack_what_another_agency_keeps() -> None:
    """The agency's name is under its signature, and in the proposal itself."""
    with pytest.raises(BadSignatureError):
        checked(KEPT, agency="xbe-cib")
    with pytest.raises(ApprovalError, match="another agency"):
        checked(keep(FILE, agency="xbe-cib", signer=EVE, kid=KeyId("xbe-cib", 4)), agency="xbe-cib")


@given(raw=st.binary(max_size=300))
def test_arbitrary_bytes_in_the_folder_of_approvals_raise_only_our_errors(raw: bytes) -> None:
    """A damaged disk may show anything."""
    with pytest.raises((LedgerError, CryptoError)):
        parse_kept(raw)


def test_only_an_officers_kind_of_key_signs() -> None:
    """An ML-DSA key, or a key that is no canonical point, is no officer's."""
    with pytest.raises(MalformedError, match="Ed25519"):
        propose(EXPUNGE, agency=AGENCY, officer="Ann", signer=signer("ann", Algorithm.ML_DSA_65), now=NOW)
    payload, rows = jsontext.members(jsontext.load(proposed()), "payload", "signatures")
    assert isinstance(rows, list)
    assert isinstance(rows[0], dict)
    small = jsontext.dump({"payload": payload, "signatures": [{**rows[0], "pk": b64u(bytes(32))}]})
    with pytest.raises(MalformedError, match="key that is none"):
        verify_proposed(small, agency=AGENCY, enrolled={"Ann": bytes(32)}, now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"typ": "sealtrace/v1/other"},
        {"agency": "Arms"},
        {"until": NOW},
        {"until": NOW + MAX_LIFE_SECONDS + 1},
        {"id": "AA"},
        {"do": {}},
        {"do": {"release": RELEASE.to_json()["release"], **EXPUNGE.to_json()}},  # type: ignore[call-overload,index,dict-item]  # objects of ours
        {"do": {"expunge": {"of": b64u(bytes(16)), "why": "whim"}}},
        {"do": {"release": None, **EXPUNGE.to_json()}},  # type: ignore[dict-item]  # an object of ours
        {"more": 1},
    ],
)
def test_a_payload_in_another_form_is_refused(change: dict[str, jsontext.JsonValue]) -> None:
    """One thing is proposed, for a week at most, in one spelling."""
    found = parse_proposal(proposed())
    payload = jsontext.dump({**found.proposal.to_json(), **change})
    _, rows = jsontext.members(jsontext.load(proposed()), "payload", "signatures")

    with pytest.raises(LedgerError):
        parse_proposal(jsontext.dump({"payload": b64u(payload), "signatures": rows}))


@given(raw=st.binary(max_size=300))
def test_arbitrary_bytes_raise_only_our_errors(raw: bytes) -> None:
    """An officer may be handed anything."""
    with pytest.raises((LedgerError, CryptoError)):
        parse_proposal(raw)


@given(at=st.integers(0, len(FILE) - 1), bit=st.integers(0, 7))
def test_no_changed_bit_of_an_approved_file_passes(at: int, bit: int) -> None:
    """Every bit of it is signed or spelled in one way."""
    spoiled = bytearray(FILE)
    spoiled[at] ^= 1 << bit

    with pytest.raises((LedgerError, CryptoError)):
        verify_approved(bytes(spoiled), agency=AGENCY, enrolled=ENROLLED, now=NOW)


def test_a_list_is_proposed_by_its_number_of_records_and_its_hash() -> None:
    """The third thing that takes two officers comes back as it was proposed; anything between the forms is refused."""
    do = PlannedSubmission(records=10_000, h=bytes(range(32)))

    assert parse_proposal(proposed(do)).proposal.do == do
    assert verify_approved(approved(proposed(do)), agency=AGENCY, enrolled=ENROLLED, now=NOW + 2).proposal.do == do


@pytest.mark.parametrize(
    "do",
    [
        {"submit": {"records": 0, "h": "A" * 43}},
        {"submit": {"records": 1, "h": "A" * 42}},
        {"submit": {"h": "A" * 43, "records": 1}},
        {"submit": {"records": 1, "h": "A" * 43, "more": 1}},
        {"expunge": {"of": "A" * 22, "why": "error"}, "submit": {"records": 1, "h": "A" * 43}},
        {},
    ],
)
def test_a_proposal_of_a_list_in_any_other_spelling_is_refused(do: dict[str, object]) -> None:
    """No records, half a hash, other members, two things at once, nothing."""
    file = json.loads(proposed(PlannedSubmission(records=1, h=bytes(32))))
    payload = json.loads(unb64u(file["payload"]))
    file["payload"] = b64u(jsontext.dump({**payload, "do": do}))

    with pytest.raises(MalformedError):
        parse_proposal(jsontext.dump(file))

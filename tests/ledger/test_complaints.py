"""Complaints: one spelling, one signer, and an opening that the access log bears out (docs/protocol.md, 6.21)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u, unb64u
from crypto.signing import Algorithm, SeedSigner
from ledger import jsontext
from ledger.accesslog import AccessEntry, Asked, Drawn, OutcomeOpening, Result, ToldHit, draw
from ledger.complaints import (
    MAX_COMPLAINT_BYTES,
    Complaint,
    Own,
    OwnQuestion,
    OwnResult,
    build_complaint,
    check_openings,
    complaint_from_json,
    parse_complaint,
)
from ledger.errors import BadSignatureError, LedgerError, MalformedError, ProofError, TooLargeError
from ledger.identifiers import KeyId
from ledger.notices import Audited, Complained, parse_notice, spell_notice
from ledger.slips import Hit

ASKER, OWNER, OTHER = "xaa-arms", "xab-arms", "xac-arms"
ORIGIN = "log.example/weapons/access"
SIGNER = SeedSigner(Algorithm.ED25519, bytes(range(32)))
ASKED = Asked(iss=ASKER, body_hash=bytes(32), signature_input="sealtrace=();created=1", signature="sealtrace=:AA==:")
RESULT = Result(to=OWNER, asker=ASKER, at=5, hits=(ToldHit(index=7, jti=bytes(16), c="T0", hit=Hit.SILENT),))


def drawn() -> Drawn:
    """Return what stands behind an entry that tells one originator."""
    (one,) = draw(ASKED, [RESULT])
    return one


def own_question(one: Drawn) -> OwnQuestion:
    """Return the asker's opening."""
    return OwnQuestion(index=3, asked=one.asked, salt=one.salt)


def own_result(one: Drawn) -> OwnResult:
    """Return the originator's opening."""
    ((result, place, salt),) = one.told
    return OwnResult(result=result, opening=OutcomeOpening(index=3, outcome=one.outcome, place=place, salt=salt))


def build(own: Own, *, by: str | None = None) -> bytes:
    """Return a complaint by the agency whose opening it is, or by another."""
    kid = KeyId(by or own.agency, 4)
    return build_complaint(signer=SIGNER, kid=kid, iat=9, held=12, origin=ORIGIN, own=own)


def changed(raw: bytes, **members: jsontext.JsonValue) -> bytes:
    """Return a complaint with members of its payload changed, and the signature left as it was."""
    outer = jsontext.load(raw)
    assert isinstance(outer, dict)
    payload = jsontext.load(unb64u(str(outer["payload"])))
    assert isinstance(payload, dict)
    return jsontext.dump({**outer, "payload": b64u(jsontext.dump({**payload, **members}))})


@pytest.mark.parametrize("opening", [own_question, own_result])
def test_a_complaint_is_read_as_it_was_written(opening: object) -> None:
    """Both kinds come back whole, are the signer's words, and open the entry."""
    one = drawn()
    own = own_question(one) if opening is own_question else own_result(one)

    complaint = parse_complaint(build(own))

    assert (complaint.iss, complaint.iat, complaint.held, complaint.origin) == (own.agency, 9, 12, ORIGIN)
    assert complaint.own == own
    assert complaint.own.index == 3
    complaint.verify(SIGNER.public_key)
    complaint.check(one.entry(), origin=ORIGIN)
    assert complaint_from_json(complaint.to_json()) == complaint


def test_a_complaint_in_anothers_name() -> None:
    """Whoever signs complains of its own opening, or the complaint is none: a partner's notice gives no right."""
    one = drawn()
    for own in (own_question(one), own_result(one)):
        with pytest.raises(MalformedError):
            parse_complaint(build(own, by=OTHER))
        with pytest.raises(MalformedError):
            parse_complaint(changed(build(own), iss=OTHER))


def test_a_complaint_made_up_by_the_operator() -> None:
    """Without the agency's `sign` key nobody complains in its name."""
    own = own_question(drawn())
    operator = SeedSigner(Algorithm.ED25519, bytes(32))
    made_up = build_complaint(signer=operator, kid=KeyId(ASKER, 4), iat=9, held=12, origin=ORIGIN, own=own)

    with pytest.raises(BadSignatureError):
        parse_complaint(made_up).verify(SIGNER.public_key)


@pytest.mark.parametrize("member", [{"iat": 10}, {"m": 13}, {"origin": "log.example/other/access"}])
def test_a_changed_complaint_is_not_its_agencys(member: dict[str, jsontext.JsonValue]) -> None:
    """Every member of the payload is signed."""
    complaint = parse_complaint(changed(build(own_question(drawn())), **member))

    with pytest.raises(BadSignatureError):
        complaint.verify(SIGNER.public_key)


def test_a_complaint_of_an_entry_that_one_was_told_nothing_of() -> None:
    """An opening of another entry, or made up, opens nothing: being concerned is proved, not said."""
    mine, others = drawn(), drawn()
    for own in (own_question(mine), own_result(mine)):
        complaint = parse_complaint(build(own))
        with pytest.raises(ProofError):
            complaint.check(others.entry(), origin=ORIGIN)
        with pytest.raises(ProofError):
            complaint.check(mine.entry(), origin="log.example/other/access")
    invented = replace(own_result(mine), result=replace(RESULT, at=6))
    with pytest.raises(ProofError):
        parse_complaint(build(invented)).check(mine.entry(), origin=ORIGIN)


def test_another_typ_is_no_complaint() -> None:
    """What an agency signs for another purpose is not taken for a complaint."""
    with pytest.raises(MalformedError):
        parse_complaint(changed(build(own_question(drawn())), typ="sealtrace/v1/approval"))


@pytest.mark.parametrize("value", [{"m": 0}, {"iat": -1}, {"own": {}}, {"own": None}, {"origin": "a b"}])
def test_a_complaint_of_another_form(value: dict[str, jsontext.JsonValue]) -> None:
    """Members have their bounds."""
    with pytest.raises(MalformedError):
        parse_complaint(changed(build(own_question(drawn())), **value))


def test_a_complaint_has_a_size() -> None:
    """What is longer is refused before it is read."""
    with pytest.raises(TooLargeError):
        parse_complaint(b" " * (MAX_COMPLAINT_BYTES + 1))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_complaint(raw: bytes) -> None:
    """The parser raises the ledger's errors and no others."""
    with pytest.raises(LedgerError):
        parse_complaint(raw)


def test_an_auditor_is_shown_both_sides_of_the_entry_that_stands_in_the_log() -> None:
    """Another request or another list under the same entry is refused: the service can frame nobody."""
    one, other = drawn(), drawn()
    check_openings(one.entry(), asked=one.asked, salt=one.salt, outcome=one.outcome)

    with pytest.raises(ProofError):
        check_openings(one.entry(), asked=replace(one.asked, iss=OTHER), salt=one.salt, outcome=one.outcome)
    with pytest.raises(ProofError):
        check_openings(one.entry(), asked=one.asked, salt=one.salt, outcome=other.outcome)
    with pytest.raises(ProofError):
        check_openings(
            AccessEntry(q=other.entry().q, o=one.entry().o), asked=one.asked, salt=one.salt, outcome=one.outcome
        )


def test_a_complaint_comes_to_the_auditors_with_both_openings() -> None:
    """The item of a page says what was signed and what the service shows, and is read as it was written."""
    one = drawn()
    complaint: Complaint = parse_complaint(build(own_result(one)))
    audited = Audited(index=3, asked=one.asked, salt=one.salt, outcome=one.outcome)
    item = Complained(complaint=complaint, audited=audited)

    assert parse_notice(spell_notice(item)) == item
    with pytest.raises(MalformedError):
        parse_notice(spell_notice(item).replace(b'"kind":"audit"', b'"kind":"asked"'))

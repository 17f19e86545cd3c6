"""Valid words of matching: a question, its answer, notices, an entry of the access log; and what reads each."""

from functools import partial
from typing import Any

from clients.matching import denying
from crypto.signing import Algorithm
from fuzz.parsers import Feed, as_value
from ledger import accessaudit, accesslog, answers, complaints, jsontext, notices, questions
from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.identifiers import KeyId, StatementName, access_origin
from ledger.merkle import EMPTY_ROOT
from ledger.slips import Hit
from tests.support.consortium import ORIGIN, first_charter, signer

_KID = KeyId("log", 1)
_ASKED = accesslog.Asked(iss="xar-arms", body_hash=bytes(32), signature_input="sealtrace=()", signature="sealtrace=::")


def feeds() -> dict[str, tuple[Feed, bytes]]:
    """Return every parser of matching with input that it takes."""
    answering = signer("answer", Algorithm.ED25519)
    told = _told()
    matched = told.to_json()
    return {
        "clients.matching.denying.parse_handed": (denying.parse_handed, _handed()),
        "ledger.accessaudit.open_access": (
            partial(accessaudit.open_access, charters=[first_charter(3)[0]]),
            _access_note(),
        ),
        "ledger.accesslog.parse_access_entry": (
            accesslog.parse_access_entry,
            accesslog.AccessEntry(q=bytes(32), o=bytes(32)).format(),
        ),
        "ledger.accesslog.parse_asked": (as_value(accesslog.parse_asked), jsontext.dump(_ASKED.to_json())),
        "ledger.accesslog.parse_outcome": (
            as_value(_outcome),
            jsontext.dump(told.opening.to_json()),
        ),
        "ledger.accesslog.parse_outcome_opening": (
            as_value(accesslog.parse_outcome_opening),
            jsontext.dump(told.opening.to_json()),
        ),
        "ledger.accesslog.parse_result": (as_value(accesslog.parse_result), jsontext.dump(told.result.to_json())),
        "ledger.answers.open_answer": (
            partial(answers.open_answer, kid=_KID, public_key=answering.public_key.raw),
            answers.sign_answer(_answer(), signer=answering, kid=_KID),
        ),
        "ledger.answers.parse_slot": (as_value(answers.parse_slot), jsontext.dump(_slot().to_json())),
        "ledger.complaints.parse_complaint": (complaints.parse_complaint, _complaint(_own_question())),
        "ledger.complaints.complaint_from_json": (
            as_value(complaints.complaint_from_json),
            _complaint(complaints.OwnResult(result=told.result, opening=told.opening)),
        ),
        "ledger.notices.parse_notice": (notices.parse_notice, jsontext.dump(matched)),
        "ledger.notices.parse_page": (
            notices.parse_page,
            notices.spell_page([jsontext.dump(matched)], following=1, more=False),
        ),
        "ledger.questions.parse_question": (questions.parse_question, _question()),
    }


def _outcome(value: Any) -> accesslog.Outcome:
    """Read a list under its salt out of whatever object they stand in."""
    members = value if isinstance(value, dict) else {}
    return accesslog.parse_outcome(salt=members.get("salt"), hashes=members.get("list"))


def _question() -> bytes:
    tokens = [questions.AskedToken(ep=1, c="T0", t=bytes(16))]
    return questions.build_question(held=1, asking=questions.Asking.LOOKUP, purpose=bytes(32), tokens=tokens)


def _slot() -> answers.Slot:
    return answers.Slot(index=3, name=StatementName("xar-arms", bytes(16)), c="T0")


def _answer() -> answers.Answer:
    return answers.Answer(q=bytes(32), to="xbe-cib", n=9, slots=(_slot(),), more=False)


def _told() -> notices.Matched:
    hit = accesslog.ToldHit(index=3, jti=bytes(16), c="T0", hit=Hit.SILENT)
    result = accesslog.Result(to="xar-arms", asker="xbe-cib", at=1, hits=(hit,))
    (drawn,) = accesslog.draw(_ASKED, [result])
    _, place, salt = drawn.told[0]
    opening = accesslog.OutcomeOpening(index=0, outcome=drawn.outcome, place=place, salt=salt)
    return notices.Matched(id=bytes(16), result=result, opening=opening)


def _own_question() -> complaints.Own:
    return complaints.OwnQuestion(index=3, asked=_ASKED, salt=bytes(32))


def _complaint(own: complaints.Own) -> bytes:
    """Return the complaint of whoever holds an opening of an entry."""
    kid = KeyId(own.agency, 5)
    origin = access_origin(ORIGIN)
    signing = signer(str(kid), Algorithm.ED25519)
    return complaints.build_complaint(signer=signing, kid=kid, iat=1, held=1, origin=origin, own=own)


def _handed() -> bytes:
    """Return what an asker hands over of one question and its answer."""
    answer = answers.sign_answer(_answer(), signer=signer("answer", Algorithm.ED25519), kid=_KID)
    document: dict[str, jsontext.JsonValue] = {
        "typ": denying.HANDED_TYP,
        "question": _question().decode(),
        "answer": answer.rstrip().decode(),
    }
    return jsontext.dump(document) + b"\n"


def _access_note() -> bytes:
    nothing = Checkpoint(origin=access_origin(ORIGIN), size=0, root=EMPTY_ROOT)
    return sign_checkpoint(
        nothing, ed25519=signer("access", Algorithm.ED25519), ml_dsa_44=signer("access", Algorithm.ML_DSA_44)
    )

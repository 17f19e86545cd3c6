"""Whoever tries to learn a serial, to plant a key, to tag an asker or to deny a hit (docs/threat-model.md)."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace

import pytest

from clients.chain import make_batch
from clients.matching import keys as matching_keys
from clients.matching.book import Book
from clients.matching.evaluating import tokens_of
from clients.matching.keys import current_key
from clients.session import Standing
from clients.transport import Request, Response
from crypto import oprf
from crypto.keystore import Keystore
from ledger import calibres, makes
from ledger.answers import Slot, open_answer, sign_answer
from ledger.denied import DenialEvidence, verify_denied
from ledger.errors import LedgerError, QuotaError
from ledger.forms import Form, TokenClass
from ledger.fraud import verify_fraud
from ledger.grants import Grant, Use, parse_grant, seal_grant
from ledger.identifiers import StatementName
from ledger.kinds import Role
from ledger.labels import Level
from ledger.padding import pad
from ledger.recordform import parse_record
from ledger.tokens import inputs_of, prf_input, token
from ledger.wire import paths
from ledger.wire.matching import EVALUATION_ANSWER, EVALUATION_REQUEST, EvaluationRequest
from tests.support.commands import Result, command
from tests.support.encrypted import key_of
from tests.support.loopback import PHRASE, Walk
from tests.support.matched import found_matching, submit, tick

OWNER, ASKER, THIRD = "xbe-cib", "xar-arms", "xco-npa"
TAURUS = "2024-01-02;recovery;pistol;Taurus;9 mm;TJS84213"
SERIALS = [f"TJS84{number}" for number in range(205, 220)]
Change = Callable[[Request, Response], Response]


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give three agencies that match, and a record of one of them, closed: a template to copy."""
    found = found_matching(tmp_path_factory.mktemp("attacked"), lookups=12)
    assert submit(found, OWNER, [TAURUS]).code == 0
    found.close()
    return found


class Lying:
    """Changes what the service answers on one path."""

    def __init__(self, walk: Walk, path: str, change: Change) -> None:
        """Take the walk, the path, and the change."""
        self._inner = walk.transport
        self._path = path
        self._change = change

    def send(self, request: Request, *, limit: int) -> Response:
        """Return the changed answer."""
        response = self._inner.send(request, limit=limit)
        return self._change(request, response) if request.path == self._path else response


def asked(walk: Walk, serial: str = "TJS84213", *, lying: Lying | None = None) -> Result:
    """Ask for a Taurus."""
    arguments = ("match", "--make", "Taurus", "--serial", serial, "--purpose", "x")
    return command(walk, *arguments, home=ASKER, transport=lying)


def resigned(walk: Walk, **changes: object) -> Change:
    """Return a change that signs another answer with the service's own key."""

    def change(_request: Request, response: Response) -> Response:
        kid = walk.keys.named("x").answer_kid
        answer = open_answer(response.body, kid=kid, public_key=walk.keys.answer.public_key.raw)
        return replace(response, body=sign_answer(replace(answer, **changes), signer=walk.keys.answer, kid=kid))  # type: ignore[arg-type]  # any member, by name

    return change


def standing(walk: Walk, agency: str) -> Standing:
    """Return where an agency stands."""
    return walk.session(agency).stand()


def tokens_in_database(walk: Walk) -> set[bytes]:
    """Return every token of 16 bytes that any table of the service holds."""
    connection = (
        sqlite3.connect(walk.config.data / "ledger.sqlite") if (walk.config.data / "ledger.sqlite").exists() else None
    )
    files = (
        [connection]
        if connection
        else [sqlite3.connect(path) for path in walk.config.data.glob("*.sqlite*") if path.suffix == ".sqlite"]
    )
    found: set[bytes] = set()
    for one in files:
        for (table,) in one.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in one.execute(f"SELECT * FROM {table}"):  # noqa: S608  the service's own tables
                found |= {value for value in row if isinstance(value, bytes) and len(value) == 16}
        one.close()
    return found


def forms_of(serial: str) -> list[Form]:
    """Return what an attacker would guess of a Taurus with this number."""
    fields = {
        "item.kind": "small_arm",
        "item.make_text": "Taurus",
        "item.serials": [{"as_marked": serial, "condition": "legible"}],
    }
    return [form for row in inputs_of(fields, makes=makes.BUILT_IN, calibres=calibres.BUILT_IN) for form in row if form]  # type: ignore[arg-type]  # JSON, spelled here


def guesses(kc: bytes, oprf_key: bytes, serials: list[str]) -> dict[bytes, str]:
    """Return the tokens of these numbers under both keys, as whoever holds both would compute them."""
    found: dict[bytes, str] = {}
    for serial in serials:
        blinded = oprf.blind([prf_input(kc=kc, token_epoch=1, form=form) for form in forms_of(serial)])
        evaluation = oprf.evaluate(key=oprf_key, elements=[one.element for one in blinded])
        public = oprf.public_key(oprf_key)
        outputs = oprf.finalize(blinded=blinded, evaluation=evaluation, public_key=public)
        found |= {token(output): serial for output in outputs}
    return found


def oprf_key(walk: Walk) -> bytes:
    """Return the service's own matching key, as whoever has its keystore and passphrase reads it."""
    secrets = Keystore.open(walk.config.keystore, passphrase=PHRASE, allow_weak=True).secrets
    pk = standing(walk, OWNER).view.charter.match
    assert pk is not None
    return next(one.value for one in secrets.values() if len(one.value) == 32 and _is_key(one.value, pk.pk))


def _is_key(raw: bytes, pk: bytes) -> bool:
    try:
        return oprf.public_key(raw) == pk
    except Exception:  # noqa: BLE001  a seed of another role is no scalar
        return False


def test_attack_the_services_key_and_its_whole_database_without_kc_recover_no_serial(walk: Walk) -> None:
    """Whoever has the OPRF key and every table tries every number and finds none; with Kc as well it would find it."""
    key, held = oprf_key(walk), tokens_in_database(walk)
    with_own_guess = guesses(bytes(32), key, SERIALS)
    found = current_key(standing(walk, OWNER))
    assert found is not None
    with_kc = guesses(found.kc, key, SERIALS)

    assert held & with_own_guess.keys() == set()
    assert {with_kc[one] for one in held & with_kc.keys()} == {"TJS84213"}


def test_attack_a_member_without_the_services_key_recovers_nothing_beyond_its_quota(walk: Walk) -> None:
    """Kc and the whole database are worth as many numbers as the service will evaluate, and not one more."""
    found = current_key(standing(walk, ASKER))
    assert found is not None
    held = tokens_in_database(walk)
    session = walk.session(ASKER)
    limit = session.trust.charters()[-1].limits.lookups
    junk = [[Form(token_class=TokenClass.T0, group="TAS", form=f"{number:08}")] for number in range(limit)]
    tokens_of(session, junk, found, use="lookup")

    assert held & guesses(found.kc, oprf.generate_key(), SERIALS).keys() == set()
    with pytest.raises(QuotaError):
        tokens_of(session, [forms_of("TJS84213")], found, use="lookup")


def test_attack_enumeration_by_junk_submissions(walk: Walk) -> None:
    """Evaluating for a submission answers nothing: a question is charged for itself, and there are so many a day."""
    found = current_key(standing(walk, ASKER))
    assert found is not None
    session = walk.session(ASKER)
    tokens_of(session, [forms_of(serial) for serial in SERIALS], found, use="submission")
    book = Book(walk.homes[ASKER].matching, key=key_of(walk.homes[ASKER]))
    before = len(book.questions())
    done = [asked(walk, f"JUNK{number:05}") for number in range(2)]
    over = command(walk, "match", "--make", "Taurus", "--serial", "JUNK123#", "--purpose", "x", home=ASKER)  # ten more
    more = command(walk, "match", "--make", "Taurus", "--serial", "JUNK234#", "--purpose", "x", home=ASKER)

    assert before == 0
    assert [one.code for one in done] == [0, 0]
    assert over.code == 0
    assert more.code == 5
    assert "nothing was asked" in more.notes


def test_attack_an_evaluation_under_a_key_made_for_one_asker(walk: Walk) -> None:
    """A service that uses another key, to know this asker's tokens again, is found by the proof and no token is made."""
    tagging = oprf.generate_key()

    def change(request: Request, response: Response) -> Response:
        elements = EVALUATION_REQUEST.read(request.body or b"").elements
        evaluation = oprf.evaluate(key=tagging, elements=elements)
        answer = EVALUATION_ANSWER.read(response.body)
        raw = EVALUATION_ANSWER.write(replace(answer, el=evaluation.elements, proof=evaluation.proof))
        return replace(response, body=raw)

    done = asked(walk, lying=Lying(walk, paths.EVALUATIONS, change))

    assert done.code == 1
    assert "did not use the matching key that the charter names" in done.notes
    assert asked(walk).code == 0


def test_attack_an_evaluation_under_another_epoch(walk: Walk) -> None:
    """An answer for another token epoch than was asked for is refused."""

    def change(_request: Request, response: Response) -> Response:
        raw = EVALUATION_ANSWER.write(replace(EVALUATION_ANSWER.read(response.body), ep=2))
        return replace(response, body=raw)

    done = asked(walk, lying=Lying(walk, paths.EVALUATIONS, change))

    assert (done.code, "another token epoch" in done.notes) == (1, True)


def planted(walk: Walk, *, by: str, ep: int = 1) -> Grant:
    """Return a grant of another matching key, good in itself."""
    stand = standing(walk, by)
    signing = stand.signing_key(Role.SIGN)
    size = stand.view.checkpoint.size
    statement = seal_grant(
        signer=signing.signer,
        kid=signing.kid,
        iat=1,
        use=Use.MATCH,
        ep=ep,
        level=Level.UNCLASSIFIED,
        epoch_key=b"\x07" * 32,
        recipients={
            name: stand.authority.membership.newest(name, Role.RECOVERY if name == by else Role.HPKE, size).public_key
            for name in (OWNER, ASKER, THIRD)
        },
    )
    with pytest.raises(LedgerError, match="not the matching key"):
        stand.session.service.submit_batch(make_batch(stand, [statement]).body)
    return parse_grant(statement.entry)


@pytest.mark.parametrize("by", [ASKER, THIRD])
def test_attack_a_planted_matching_key(walk: Walk, by: str) -> None:
    """Another key, by whom the charter names or by anybody else, is refused by the service and counts for no client."""
    grant = planted(walk, by=by)
    charters = [logged.charter for logged in standing(walk, OWNER).view.charters]

    assert not matching_keys.counts(grant, charters)
    assert len(walk.keyring(OWNER).matching_keys()) == 1


def test_attack_a_denied_hit_is_proved(walk: Walk) -> None:
    """The asker hands over what it was told, the originator holds its slip against it, and anybody can check the proof."""
    done = asked(walk, lying=Lying(walk, paths.MATCHES, resigned(walk, slots=(), more=False)))
    (question,) = Book(walk.homes[ASKER].matching, key=key_of(walk.homes[ASKER])).questions()
    listed = command(walk, "match", "--asked", "--json", home=ASKER).json["questions"]
    handed = walk.folder / "handed.json"
    name = listed[0]["question"]
    wrote = command(walk, "match", "--hand-over", name, "-o", str(handed), home=ASKER)
    proof = walk.folder / "denied.json"
    found = command(walk, "match", "--denied", str(handed), "-o", str(proof), home=OWNER)
    value = json.loads(proof.read_text(encoding="utf-8"))
    charter = standing(walk, THIRD).view.charter
    record = parse_record(value["record"]["entry"].encode())

    assert "nothing" in done.output
    assert (wrote.code, found.code) == (0, 1)
    assert question.what not in handed.read_text(encoding="utf-8")
    assert "TJS84213" not in proof.read_text(encoding="utf-8")
    evidence = DenialEvidence(
        record=record,
        index=value["record"]["index"],
        slip=value["slip"].encode(),
        question=value["question"].encode(),
        answer=pad(value["answer"].encode()),
    )
    assert verify_denied(evidence, charter=charter, ended=None).to == ASKER
    files = [logged.file for logged in standing(walk, THIRD).view.charters]
    assert verify_fraud(proof.read_bytes(), charters=files).kind == "denied"


def test_an_honest_answer_proves_nothing_against_the_service(walk: Walk) -> None:
    """Where every record that had to be told was told, nobody can be convicted."""
    asked(walk)
    asked(walk, "OTHER12345")
    handed = walk.folder / "handed.json"
    for one in command(walk, "match", "--asked", "--json", home=ASKER).json["questions"]:
        assert command(walk, "match", "--hand-over", one["question"], "-o", str(handed), home=ASKER).code == 0
        done = command(walk, "match", "--denied", str(handed), "-o", str(walk.folder / "no.json"), home=OWNER)
        assert (done.code, (walk.folder / "no.json").exists()) == (0, False)


def test_a_slip_that_was_taken_back_convicts_nobody(walk: Walk) -> None:
    """After a renewal the service must not answer, and its silence is no denial."""
    assert command(walk, "slips", "renew", "--hit", "off", home=OWNER).code == 0
    asked(walk)
    (one,) = command(walk, "match", "--asked", "--json", home=ASKER).json["questions"]
    handed = walk.folder / "handed.json"
    command(walk, "match", "--hand-over", one["question"], "-o", str(handed), home=ASKER)

    assert command(walk, "match", "--denied", str(handed), "-o", str(walk.folder / "no.json"), home=OWNER).code == 0


ELSEWHERE = Slot(index=1, name=StatementName(OWNER, bytes(16)), c="T0")
LIES: dict[str, tuple[dict[str, object], str]] = {
    "the answer to another question": ({"q": bytes(32)}, "another question"),
    "the answer to another asker": ({"to": THIRD}, "another question"),
    "an answer from an older tree": ({"n": 1, "slots": ()}, "older tree"),
    "a record that stands elsewhere": ({"slots": (ELSEWHERE,)}, "no record"),
}


@pytest.mark.parametrize(("changes", "words"), LIES.values(), ids=LIES.keys())
def test_attack_an_answer_that_lies(walk: Walk, changes: dict[str, object], words: str) -> None:
    """An answer that the service signed all the same is refused, and what it says is shown to nobody."""
    done = asked(walk, lying=Lying(walk, paths.MATCHES, resigned(walk, **changes)))

    assert done.code == 1
    assert words in done.notes
    assert "hit" not in done.output


def test_attack_a_hit_that_names_another_record(walk: Walk) -> None:
    """The record at the index must bear the name that the answer gives it."""

    def change(request: Request, response: Response) -> Response:
        honest = open_answer(
            response.body, kid=walk.keys.named("x").answer_kid, public_key=walk.keys.answer.public_key.raw
        )
        (slot,) = honest.slots
        forged = replace(slot, name=StatementName(THIRD, slot.name.jti))
        return resigned(walk, slots=(forged,))(request, response)

    done = asked(walk, lying=Lying(walk, paths.MATCHES, change))

    assert (done.code, "stands elsewhere" in done.notes) == (1, True)


def test_attack_a_match_of_a_class_that_was_not_asked(walk: Walk) -> None:
    """A possible hit cannot be made a hit, nor the other way, by naming a class without a token of it."""

    def change(request: Request, response: Response) -> Response:
        honest = open_answer(
            response.body, kid=walk.keys.named("x").answer_kid, public_key=walk.keys.answer.public_key.raw
        )
        return resigned(walk, slots=(replace(honest.slots[0], c="T3"),))(request, response)

    done = asked(walk, lying=Lying(walk, paths.MATCHES, change))

    assert (done.code, "class that was not asked for" in done.notes) == (1, True)


def test_attack_an_answer_signed_by_nobody(walk: Walk) -> None:
    """A flipped byte of the answer, anywhere in what is signed, is refused."""

    def change(_request: Request, response: Response) -> Response:
        return replace(response, body=response.body.replace(b".", b".A", 1)[:16_384])

    assert asked(walk, lying=Lying(walk, paths.MATCHES, change)).code == 1


def test_attack_a_notice_that_the_access_log_does_not_bear_out(walk: Walk) -> None:
    """A service that tells of an asker who never asked is found: the result stands in no entry of the access log."""
    asked(walk)
    tick(walk)

    def change(_request: Request, response: Response) -> Response:
        return replace(
            response, body=response.body.replace(b'"asker":"xar-arms"', b'"asker":"xco-npa"').ljust(16_384, b"\n")
        )

    done = command(walk, "notices", home=OWNER, transport=Lying(walk, paths.NOTICES, change))

    assert done.code == 1
    assert "xco-npa asked: the result is not in the outcome" in done.output


def test_attack_an_asker_is_framed_or_its_question_left_out_of_the_access_log(walk: Walk) -> None:
    """Who asked checks that its own signed question stands in the entry that is named to it, and in no other."""
    asked(walk)
    tick(walk)
    honest = command(walk, "notices", home=ASKER)
    asked(walk, "OTHER12345")
    tick(walk)

    def change(_request: Request, response: Response) -> Response:
        page = json.loads(response.body)
        for item in page["items"]:
            item["index"] = (item["index"] + 1) % 8
        raw = json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()
        return replace(response, body=raw.ljust(16_384, b"\n"))

    done = command(walk, "notices", home=ASKER, transport=Lying(walk, paths.NOTICES, change))

    assert honest.code == 0
    assert done.code == 1
    assert "a question of our own was logged: the entry of the access log is of another request" in done.output


def test_attack_the_access_log_is_cut_back(walk: Walk) -> None:
    """An access log that shows less than it once did is refused, with what was verified kept."""
    asked(walk)
    tick(walk)
    old = walk.transport.send(Request(method="GET", path=paths.ACCESS_CHECKPOINT), limit=10**6)
    asked(walk, "OTHER12345")
    asked(walk)
    tick(walk)
    assert command(walk, "notices", home=OWNER).code == 0
    asked(walk)
    tick(walk)
    done = command(
        walk, "notices", home=OWNER, transport=Lying(walk, paths.ACCESS_CHECKPOINT, lambda _request, _response: old)
    )

    assert done.code == 1
    assert "not a continuation" in done.notes + done.output


def test_a_question_that_was_refused_is_not_counted(walk: Walk) -> None:
    """The service's no is no charge, here or there."""
    found = current_key(standing(walk, ASKER))
    assert found is not None
    session = walk.session(ASKER)
    elements = tuple(one.element for one in oprf.blind([b"x"]))

    with pytest.raises(LedgerError):
        session.service.evaluate(EvaluationRequest(use="lookup", ep=9, n=1, elements=elements))
    with pytest.raises(LedgerError):
        session.service.evaluate(EvaluationRequest(use="lookup", ep=1, n=1, elements=(bytes(32),)))
    assert session.book.questions() == []

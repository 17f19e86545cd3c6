"""Blind matching over HTTP: who is shown what, who is told, what it costs, what is refused (docs/protocol.md, 6)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crypto import oprf
from crypto.digests import sha256
from ledger.answers import SLOTS
from ledger.padding import PADDED_BYTES
from ledger.questions import Asking
from ledger.slips import Hit
from ledger.terms import Limits
from ledger.wire import paths
from ledger.wire.matching import EVALUATION_ANSWER, EVALUATION_REQUEST, EvaluationRequest
from ledger.wire.requests import MAX_AGE_SECONDS
from tests.support.matching import AUDITOR, A, B, C, MatchWorld, match_key, match_of, token
from tests.support.services import assert_problem


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MatchWorld]:
    """Return a service that matches, with three agencies."""
    world = MatchWorld(tmp_path)
    world.begin()
    yield world
    world.close()


def evaluation(*elements: bytes, use: str = "lookup", ep: int = 1, n: int = 1) -> bytes:
    """Return the body of an evaluation request."""
    return EVALUATION_REQUEST.write(EvaluationRequest(use=use, ep=ep, n=n, elements=elements))


def used(world: MatchWorld) -> dict[tuple[str, str], int]:
    """Return today's counters."""
    with world.service.store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT agency, kind, used FROM uses").all()
    return {(agency, kind): count for agency, kind, count in rows}


def test_an_open_record_is_found_by_another_agency(world: MatchWorld) -> None:
    """Who asks for a weapon learns who has logged it, and nothing of a weapon it does not ask for."""
    name = world.log_weapon(A, "revolver")
    world.log_weapon(A, "rifle")

    answer = world.ask(B, token("revolver"))

    assert [(slot.name, slot.c) for slot in answer.slots] == [(name, "T0")]
    assert not answer.more
    assert answer.n == world.service.store.head().size


def test_an_answer_has_one_length_whatever_it_says(world: MatchWorld) -> None:
    """Hit, miss and silent are 16,384 bytes each, under one content type and no encoding."""
    world.log_weapon(A, "revolver")
    world.log_weapon(A, "pistol", hit=Hit.SILENT)

    answers = [world.post_question(B, world.question(token(weapon))) for weapon in ("revolver", "pistol", "rifle")]

    assert [len(answer.data) for answer in answers] == [PADDED_BYTES] * 3
    assert {(answer.content_type, answer.headers["Content-Length"]) for answer in answers} == {
        (paths.ANSWER_TYPE, str(PADDED_BYTES))
    }
    assert all("no-transform" in answer.headers["Cache-Control"] for answer in answers)
    assert not any("Content-Encoding" in answer.headers for answer in answers)


def test_tokens_match_within_their_class_alone(world: MatchWorld) -> None:
    """A token in another class's place is another token, though its bytes be the same."""
    world.log_weapon(A, "revolver")
    stolen = token("revolver", "T0")

    answer = world.ask(B, type(stolen)(ep=1, c="T1", t=stolen.t))

    assert answer.slots == ()


def test_a_record_is_answered_once_with_its_best_class(world: MatchWorld) -> None:
    """Four tokens of one record fill one slot, and the slot says the surest of them."""
    world.log_weapon(A, "revolver")

    answer = world.ask(B, *[token("revolver", f"T{number}") for number in (3, 2, 1)])

    assert [slot.c for slot in answer.slots] == ["T1"]


def test_more_than_eight_are_read_in_steps(world: MatchWorld) -> None:
    """Eight slots, ascending; the rest after the last of them."""
    records = [world.record(A, "revolver") for _ in range(SLOTS + 3)]
    world.log(A, records)

    first = world.ask(B, token("revolver"))
    second = world.ask(B, token("revolver"), after=first.slots[-1].index)

    assert (first.more, second.more) == (True, False)
    assert [slot.name for slot in (*first.slots, *second.slots)] == [record.name for record in records]


def test_ones_own_records_are_no_hits_unless_asked(world: MatchWorld) -> None:
    """A lookup leaves the asker's own records out; a question about one's own shows the others of one's own."""
    mine, other = world.log_weapon(A, "revolver"), world.log_weapon(A, "revolver")
    theirs = world.log_weapon(B, "revolver")

    lookup = world.ask(A, token("revolver"))
    own = world.ask(A, token("revolver"), asking=Asking.OWN, own=mine.jti)

    assert [slot.name for slot in lookup.slots] == [theirs]
    assert [slot.name for slot in own.slots] == [other, theirs]


def test_only_tokens_of_the_own_record_are_asked_at_its_price(world: MatchWorld) -> None:
    """Enumerating at the larger limit would take records of one's own that have each token asked for."""
    mine = world.log_weapon(A, "revolver")
    theirs = world.log_weapon(B, "rifle")
    before = used(world)

    stranger = world.question(token("rifle"), asking=Asking.OWN, own=mine.jti)
    assert_problem(world.post_question(A, stranger), "malformed", 400)
    stranger = world.question(token("rifle"), asking=Asking.OWN, own=theirs.jti)
    assert_problem(world.post_question(A, stranger), "not-found", 404)

    assert used(world) == before


def test_a_superseded_record_stops_matching_at_once(world: MatchWorld) -> None:
    """The transaction that logs the correction ends the old slip."""
    old = world.log_weapon(A, "revolver")
    new = world.log_weapon(A, "revolver", sup=old.jti)

    assert [slot.name for slot in world.ask(B, token("revolver")).slots] == [new]


def test_an_expunged_record_leaves_no_token(world: MatchWorld) -> None:
    """Expunging deletes the tokens themselves, not only the way to them."""
    name = world.log_weapon(A, "revolver")
    world.log(A, [world.consortium.expunge(A, name)])

    assert world.ask(B, token("revolver")).slots == ()
    assert (world.rows()["tokens"], world.rows()["slips"]) == (0, 0)
    raw = b"".join(path.read_bytes() for path in world.folder.glob("ledger.sqlite*"))
    assert token("revolver").t not in raw


def test_an_asker_holding_a_larger_tree_is_told_nothing(world: MatchWorld) -> None:
    """A service that was put back cannot answer from an older tree: who knows a larger one hears that it is refused."""
    question = world.question(token("revolver"), held=10**6)

    assert_problem(world.post_question(B, question), "malformed", 400)


def test_a_question_costs_one_lookup_and_a_refused_one_nothing(world: MatchWorld) -> None:
    """Charged is what was answered."""
    world.ask(B, token("revolver"))
    world.ask(B, token("rifle"), asking=Asking.WATCH)
    assert_problem(world.post_question(B, b"{}"), "malformed", 400)
    assert_problem(world.post_question(B, world.question(token("x", ep=7))), "not-found", 404)

    assert used(world)[B, "lookups"] == 2


def test_quota_overrun(tmp_path: Path) -> None:
    """The charter's limit holds across lookups and watches, and a new day begins anew."""
    world = MatchWorld(tmp_path)
    world.begin(limits=Limits(entries="open", lookups=2))
    world.ask(B, token("revolver"))
    world.ask(B, token("revolver"), asking=Asking.WATCH)
    standing = world.standing()

    assert_problem(world.post_question(B, world.question(token("revolver"))), "quota", 429)

    assert world.standing() == standing
    world.ask(C, token("revolver"))
    world.clock.advance(86_400)
    world.ask(B, token("revolver"))
    world.close()


def test_a_replayed_question_is_refused(world: MatchWorld) -> None:
    """The same signed request has its effect once."""
    request = world.signed(
        B, "POST", paths.MATCHES, body=world.question(token("revolver")), content_type=paths.QUESTION_TYPE
    )
    world.send(request)
    standing = world.standing()

    assert_problem(world.send(request), "replayed", 409)

    assert world.standing() == standing


def test_attack_a_question_replayed_behind_anothers(world: MatchWorld) -> None:
    """What others ask meanwhile makes the service forget no nonce as long as its request is fresh."""
    body = world.question(token("revolver"))
    request = world.signed(B, "POST", paths.MATCHES, body=body, content_type=paths.QUESTION_TYPE)
    assert world.send(request).status_code == 200
    world.clock.advance(MAX_AGE_SECONDS)
    assert world.post_question(C, world.question(token("rifle"))).status_code == 200

    assert_problem(world.send(request), "replayed", 409)
    assert used(world)[B, "lookups"] == 1


def test_an_auditor_asks_nothing(world: MatchWorld) -> None:
    """Questions are for agencies: an auditor's key signs none."""
    assert world.as_auditor(paths.USAGE).status_code == 200
    assert_problem(world.get(B, paths.USAGE), "not-a-member", 403)
    assert AUDITOR not in world.consortium.ids


def test_evaluations_come_with_a_proof_under_the_charters_key(world: MatchWorld) -> None:
    """What the service evaluates verifies under the key that the charter names, and under no other."""
    blinded = oprf.blind([b"first", b"second"])
    body = evaluation(*(one.element for one in blinded), n=2)

    answer = EVALUATION_ANSWER.read(world.post(B, paths.EVALUATIONS, body, paths.JSON_TYPE).data)

    evaluated = oprf.Evaluation(elements=answer.el, proof=answer.proof)
    outputs = oprf.finalize(blinded=blinded, evaluation=evaluated, public_key=match_of(1).pk)
    assert len(set(outputs)) == 2
    with pytest.raises(oprf.OprfError):
        oprf.finalize(blinded=blinded, evaluation=evaluated, public_key=oprf.public_key(match_key(2)))
    assert used(world)[B, "lookups/evaluated"] == 2


@pytest.mark.parametrize("bad", [bytes(32), b"\xff" * 32])
def test_one_bad_element_refuses_the_whole_list_uncharged(world: MatchWorld, bad: bytes) -> None:
    """Identity and non-canonical points are refused, and nobody pays for them."""
    standing = world.standing()
    (good,) = oprf.blind([b"good"])

    response = world.post(B, paths.EVALUATIONS, evaluation(good.element, bad), paths.JSON_TYPE)

    assert_problem(response, "malformed", 400)
    assert world.standing() == standing


def test_attack_an_evaluation_sent_again_for_nothing(world: MatchWorld) -> None:
    """What was answered once is refused before anything is computed: elements that are none are not even looked at."""
    (good,) = oprf.blind([b"good"])
    nonce = world.nonce()
    options = {"nonce": nonce, "content_type": paths.JSON_TYPE}
    first = world.signed(B, "POST", paths.EVALUATIONS, body=evaluation(good.element), **options)
    again = world.signed(B, "POST", paths.EVALUATIONS, body=evaluation(bytes(32)), **options)

    assert world.send(first).status_code == 200
    assert_problem(world.send(first), "replayed", 409)
    assert_problem(world.send(again), "replayed", 409)
    assert used(world)[B, "lookups/evaluated"] == 1


def test_attack_one_evaluation_sent_twice_at_once(world: MatchWorld) -> None:
    """Two copies that are both being computed are one request: one is answered, and one is charged and logged."""
    body = evaluation(*(one.element for one in oprf.blind([bytes([number]) for number in range(160)])), n=10)
    request = world.signed(B, "POST", paths.EVALUATIONS, body=body, content_type=paths.JSON_TYPE)
    with ThreadPoolExecutor(2) as senders:
        first, second = sorted(senders.map(world.send, [request, request]), key=lambda answer: answer.status_code)

    assert first.status_code == 200
    assert_problem(second, "replayed", 409)
    assert used(world)[B, "lookups/evaluated"] == 10


def test_an_oversized_list_is_refused(world: MatchWorld) -> None:
    """Sixteen elements for each weapon and a thousand in all, whatever n says."""
    (one,) = oprf.blind([b"one"])
    spelled = evaluation(*[one.element] * 16).replace(b'"n":1,', b'"n":1,')
    seventeen = spelled.replace(b'"el":[', b'"el":["' + spelled.split(b'"')[-2] + b'",')

    assert_problem(world.post(B, paths.EVALUATIONS, seventeen, paths.JSON_TYPE), "too-large", 413)
    assert_problem(world.post(B, paths.EVALUATIONS, b" " * 70_000, paths.JSON_TYPE), "too-large", 413)


def test_enumeration_by_junk_submissions(tmp_path: Path) -> None:
    """Evaluations for submissions have a limit of their own, and do not answer a question by themselves."""
    world = MatchWorld(tmp_path)
    world.begin(limits=Limits(entries="open", submissions=3, lookups=1))
    (one,) = oprf.blind([b"one"])

    assert world.post(B, paths.EVALUATIONS, evaluation(one.element, use="submission", n=3), paths.JSON_TYPE)
    refused = world.post(B, paths.EVALUATIONS, evaluation(one.element, use="submission"), paths.JSON_TYPE)

    assert_problem(refused, "quota", 429)
    assert used(world)[B, "submissions/evaluated"] == 3
    assert (B, "lookups") not in used(world)
    world.close()


def test_a_wrong_token_epoch_is_refused(world: MatchWorld) -> None:
    """No key of another epoch than those that are matched evaluates anything."""
    (one,) = oprf.blind([b"one"])

    for ep in (2, 9):
        response = world.post(B, paths.EVALUATIONS, evaluation(one.element, ep=ep), paths.JSON_TYPE)
        assert_problem(response, "not-found", 404)


def test_a_slip_of_another_token_epoch_is_refused(world: MatchWorld) -> None:
    """A record whose slip names an epoch that the charter does not is not logged."""
    standing = world.standing()
    response = world.post_batch(A, world.upload(A, [world.record(A, "revolver", ep=2)]))

    assert_problem(response, "stale-epoch", 409)
    assert world.standing() == standing


def test_a_slip_that_matches_is_refused_while_nothing_is_matched(tmp_path: Path) -> None:
    """Before a charter names a matching key, slips are off."""
    world = MatchWorld(tmp_path)
    world.found()
    world.open_epoch(A)

    assert_problem(world.post_batch(A, world.upload(A, [world.record(A, "revolver")])), "stale-epoch", 409)
    assert_problem(world.post_question(A, world.question(token("revolver"))), "not-found", 404)
    world.close()


def test_a_charter_names_a_matching_key_that_the_service_holds(world: MatchWorld) -> None:
    """A service never promises evaluations under a key of somebody else's."""
    strange = match_of(2)
    planted = type(strange)(ep=2, by=A, kcid=strange.kcid, pk=oprf.public_key(oprf.generate_key()))

    response = world.post_charter(world.charter_file(logged=False, match=planted))

    assert_problem(response, "malformed", 400)


def test_memory_of_questions_ends_with_the_tick(world: MatchWorld) -> None:
    """No token that was asked stays in the database after its answer, watches aside."""
    world.ask(B, token("revolver"))
    world.service.tick()

    assert world.rows()["outcomes"] == 0
    raw = b"".join(path.read_bytes() for path in world.folder.glob("ledger.sqlite*"))
    assert token("revolver").t not in raw
    assert sha256(token("revolver").t) not in raw

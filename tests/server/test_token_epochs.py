"""Token epochs and renewed slips over HTTP (docs/protocol.md, 6.4 and 6.5), and what fsck says of what is matched."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crypto import oprf
from ledger.charter import Charter
from ledger.grants import Use
from ledger.identifiers import StatementName
from ledger.labels import Level
from ledger.slips import Hit
from ledger.statements import SealedStatement
from ledger.wire import paths
from ledger.wire.matching import EVALUATION_ANSWER, EVALUATION_REQUEST, EvaluationRequest
from server.fsck import check_database
from tests.support.consortium import epoch_key
from tests.support.matching import A, B, C, MatchWorld, match_of, token
from tests.support.services import assert_problem, assert_refused

DAY = 86_400


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MatchWorld]:
    """Return a service that matches, with three agencies."""
    world = MatchWorld(tmp_path)
    world.begin()
    yield world
    world.close()


def seq_of(world: MatchWorld, iss: str) -> int:
    """Return the number of an agency's last batch."""
    return world.consortium.state.chain(iss).seq


def found(world: MatchWorld, weapon: str, *, ep: int = 1, asker: str = B) -> list[StatementName]:
    """Return what an agency finds of a weapon."""
    return [slot.name for slot in world.ask(asker, token(weapon, ep=ep)).slots]


def kept(charter: Charter, *, without: Sequence[str] = ()) -> tuple[object, ...]:
    """Return the agencies of a charter but for some."""
    return tuple(agency for agency in charter.agencies if agency.id not in without)


def findings(world: MatchWorld) -> list[str]:
    """Return the checks that fsck finds broken in the database as it stands."""
    return [finding.check for finding in check_database(world.config.database, progress=lambda _: None).findings]


def kc_grant(world: MatchWorld, iss: str, key: str) -> SealedStatement:
    """Return a grant that hands a matching key to everybody."""
    return world.consortium.grant(
        iss, world.consortium.ids, key=epoch_key(key), use=Use.MATCH, level=Level.UNCLASSIFIED
    )


def test_planted_matching_key(world: MatchWorld) -> None:
    """A matching key counts from the agency that the charter names, and under the id that it names, and no other."""
    for iss, key in ((B, "Kc 1"), (A, "planted")):
        assert_refused(world, iss, world.upload(iss, [kc_grant(world, iss, key)]), "malformed", 400)

    world.log(A, [kc_grant(world, A, "Kc 1")])


def test_a_log_that_holds_a_matching_key_is_whole(world: MatchWorld) -> None:
    """Its grant is stored without an epoch, so that the feed looks no records up by it; fsck expects just that."""
    world.log(A, [kc_grant(world, A, "Kc 1")])
    assert findings(world) == []

    with world.service.store.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER statements_no_update")
        connection.exec_driver_sql("UPDATE statements SET ep = 1 WHERE typ LIKE '%grant%' AND ep IS NULL")

    assert "statement/column 5" in findings(world)


def test_a_renewal_turns_a_record_silent_and_back(world: MatchWorld) -> None:
    """What an originator decides later holds at once, in the transaction that logs it."""
    name = world.log_weapon(A, "revolver")
    seq = seq_of(world, A)

    world.log(A, [world.renewal(A, seq, [(name, "revolver", Hit.SILENT)])])
    assert found(world, "revolver") == []
    world.log(A, [world.renewal(A, seq, [(name, "revolver", Hit.OPEN)])])
    assert found(world, "revolver") == [name]
    world.log(A, [world.renewal(A, seq, [(name, "revolver", Hit.OFF)])])
    assert found(world, "revolver") == []

    assert (world.rows()["slips"], world.rows()["tokens"]) == (0, 0)
    assert findings(world) == []


def test_a_renewal_corrects_the_tokens(world: MatchWorld) -> None:
    """New tokens take the place of the old: the old weapon is found no more."""
    name = world.log_weapon(A, "revolver")

    world.log(A, [world.renewal(A, seq_of(world, A), [(name, "rifle", Hit.OPEN)])])

    assert (found(world, "revolver"), found(world, "rifle")) == ([], [name])
    assert findings(world) == []


def test_a_renewal_has_exactly_the_records_of_its_batch(world: MatchWorld) -> None:
    """Too few, another order, another batch's, one that is still to come: each is refused and changes nothing."""
    records = [world.record(A, "revolver"), world.record(A, "rifle")]
    world.log(A, records)
    seq = seq_of(world, A)
    one, two = [(record.name, "rifle", Hit.OPEN) for record in records]

    for batch, slips in ((seq, [one]), (seq, [two, one]), (seq - 1, [one, two]), (seq + 1, [one, two])):
        assert_refused(world, A, world.upload(A, [world.renewal(A, batch, slips)]), "malformed", 400)


def test_a_renewal_revives_no_superseded_record(world: MatchWorld) -> None:
    """What was superseded or expunged stays unmatched: only an off slip is taken for it."""
    old = world.log_weapon(A, "revolver")
    seq = seq_of(world, A)
    new = world.log_weapon(A, "revolver", sup=old.jti)

    body = world.upload(A, [world.renewal(A, seq, [(old, "revolver", Hit.OPEN)])])
    assert_refused(world, A, body, "malformed", 400)
    world.log(A, [world.renewal(A, seq, [(old, "revolver", Hit.OFF)])])

    assert found(world, "revolver") == [new]


def test_expunging_reaches_the_renewals_too(world: MatchWorld) -> None:
    """The slip of an expunged record is cut out of every renewal; the rest of it can still be held against its root."""
    records = [world.record(A, "revolver"), world.record(A, "rifle")]
    world.log(A, records)
    one, two = [record.name for record in records]
    world.log(A, [world.renewal(A, seq_of(world, A), [(one, "pistol", Hit.OPEN), (two, "rifle", Hit.OPEN)])])

    world.log(A, [world.consortium.expunge(A, one)])

    assert (found(world, "pistol"), found(world, "rifle")) == ([], [two])
    assert findings(world) == []
    world.close()
    raw = b"".join(path.read_bytes() for path in world.folder.glob("ledger.sqlite*"))
    assert token("pistol").t not in raw
    world.open()


def test_a_charter_that_removes_an_agency_keeps_no_matching_key(world: MatchWorld) -> None:
    """Who has left knows the key: the charter has to name another, or none."""
    current = world.consortium.next_charter()
    stays = kept(current, without=[C])

    response = world.post_charter(world.charter_file(logged=False, agencies=stays, threshold=2))
    assert_problem(response, "malformed", 400)

    world.next_charter(agencies=stays, threshold=2, match=match_of(2))
    assert world.consortium.ids == (A, B)


def test_new_slips_stand_beside_the_old_for_30_days(world: MatchWorld) -> None:
    """Both token epochs are answered and evaluated while the slips are renewed; then the old one is gone."""
    name = world.log_weapon(A, "revolver")
    seq = seq_of(world, A)
    world.next_charter(match=match_of(2))
    world.service.tick()
    world.log(A, [world.renewal(A, seq, [(name, "revolver", Hit.OPEN)], ep=2)])
    both = [token("revolver", ep=1), token("revolver", ep=2)]

    assert [slot.name for slot in world.ask(B, *both).slots] == [name]
    assert (found(world, "revolver", ep=1), found(world, "revolver", ep=2)) == ([name], [name])
    assert findings(world) == []

    world.clock.advance(30 * DAY)
    assert_problem(world.post_question(B, world.question(*both)), "not-found", 404)
    world.service.tick()
    assert found(world, "revolver", ep=2) == [name]
    assert (world.rows()["slips"], world.rows()["tokens"]) == (1, 8)
    assert findings(world) == []


def test_a_question_that_waited_for_the_tick_which_ends_its_epoch_is_refused(world: MatchWorld) -> None:
    """It came while the epoch was matched; answered in its turn, without the slips that ended, it would deny a hit."""
    world.log_weapon(A, "revolver")
    world.next_charter(match=match_of(2))
    world.service.tick()
    question, holding = world.question(token("revolver", ep=1)), threading.Event()

    def tick_when_asked() -> int:
        holding.set()
        end = time.monotonic() + 60
        while not world.service.sequencer._jobs.qsize() and time.monotonic() < end:
            time.sleep(0.001)
        world.clock.advance(30 * DAY)
        return world.service.noticing.tick()

    with ThreadPoolExecutor(1) as pool:
        ticked = pool.submit(world.service.sequencer.run, tick_when_asked)
        assert holding.wait(60)
        response = world.post_question(B, question)
        ticked.result()

    assert_problem(response, "not-found", 404)
    assert world.rows()["slips"] == 0


def test_the_newest_policy_holds_for_old_slips_too(world: MatchWorld) -> None:
    """A record that turns silent in the new epoch is silent to who asks in the old one."""
    name = world.log_weapon(A, "revolver")
    seq = seq_of(world, A)
    world.next_charter(match=match_of(2))

    world.log(A, [world.renewal(A, seq, [(name, "revolver", Hit.SILENT)], ep=2)])

    assert found(world, "revolver", ep=1) == []
    assert findings(world) == []


def test_evaluations_go_on_under_the_old_key_for_30_days(world: MatchWorld) -> None:
    """Old slips can be asked for as long as they match: their key evaluates too, each proved under its own."""
    world.next_charter(match=match_of(2))
    world.service.tick()
    blinded = oprf.blind([b"serial"])

    def evaluated(ep: int) -> oprf.Evaluation:
        request = EvaluationRequest(use="lookup", ep=ep, n=1, elements=(blinded[0].element,))
        response = world.post(B, paths.EVALUATIONS, EVALUATION_REQUEST.write(request), paths.JSON_TYPE)
        answer = EVALUATION_ANSWER.read(response.data)
        return oprf.Evaluation(elements=answer.el, proof=answer.proof)

    outputs = {oprf.finalize(blinded=blinded, evaluation=evaluated(ep), public_key=match_of(ep).pk) for ep in (1, 2)}

    assert len(outputs) == 2


def test_no_matching_key_ever_comes_back(world: MatchWorld) -> None:
    """A charter cannot go back to an earlier epoch or to an earlier epoch's key."""
    world.next_charter(match=match_of(2))
    again = type(match_of(1))(ep=3, by=A, kcid=match_of(1).kcid, pk=match_of(1).pk)

    for match in (match_of(1), again):
        response = world.post_charter(world.charter_file(logged=False, match=match))
        assert response.status_code in (400, 409)


def test_slip_renewals_have_a_limit(tmp_path: Path) -> None:
    """Renewed slips are counted one by one against the charter's limit."""
    from ledger.terms import Limits  # noqa: PLC0415 - only this test has its own limits

    world = MatchWorld(tmp_path)
    world.begin(limits=Limits(entries="open", slips=1))
    name = world.log_weapon(A, "revolver")
    seq = seq_of(world, A)
    world.log(A, [world.renewal(A, seq, [(name, "revolver", Hit.SILENT)])])

    body = world.upload(A, [world.renewal(A, seq, [(name, "revolver", Hit.OPEN)])])

    assert_refused(world, A, body, "quota", 429)
    world.close()


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        ("DELETE FROM tokens WHERE place = 3", "token/missing"),
        ("UPDATE tokens SET part = part + 1 WHERE place = 3", "token/missing"),
        ("UPDATE tokens SET idx = idx + 100 WHERE place = 3", "token/stray"),
        ("UPDATE slips SET hit = 'silent'", "slip"),
        ("DELETE FROM slips", "slip"),
        ("UPDATE slips SET source = (SELECT min(idx) FROM statements)", "slip"),
        ("UPDATE access_head SET size = 16", "access/size"),
        ("UPDATE access_head SET checkpoint = x'00'", "access/checkpoint"),
    ],
)
def test_fsck_names_what_is_wrong_with_matching(world: MatchWorld, damage: str, check: str) -> None:
    """A slip that was turned silent by hand, a token that was moved, an access log that was cut: each is found."""
    world.log_weapon(A, "revolver")
    world.ask(B, token("revolver"))
    world.service.tick()
    assert findings(world) == []

    with world.service.store.writing() as connection:
        connection.exec_driver_sql(damage)

    assert check in findings(world)

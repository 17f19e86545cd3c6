"""The tick: who is told, what stands in the access log, and what nobody can read from either (docs/protocol.md, 6)."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from crypto.digests import sha256
from ledger.accesslog import (
    FILL,
    AccessEntry,
    Asked,
    Result,
    ToldHit,
    arrange,
    draw,
    parse_access_entry,
    verify_asked,
    verify_told,
)
from ledger.checkpoints import open_checkpoint
from ledger.errors import ProofError
from ledger.identifiers import StatementName, access_origin
from ledger.merkle import leaf_hash, root_of
from ledger.notices import AskedStands, Audited, WatchFired, parse_page
from ledger.padding import PADDED_BYTES
from ledger.questions import Asking, question_hash
from ledger.slips import Hit
from ledger.tiles import TilePath, parse_entry_bundle
from ledger.wire import paths
from ledger.wire.matching import REVIEWS, USAGE, Reviews
from server import watching
from server.accessstore import AccessStore
from server.noticing import _tell, _Waiting
from server.watching import Fired
from tests.support.matching import AUDITOR, A, B, C, MatchWorld, token
from tests.support.services import SignedRequest, assert_problem

DAY = 86_400


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MatchWorld]:
    """Return a service that matches, with three agencies."""
    world = MatchWorld(tmp_path)
    world.begin()
    yield world
    world.close()


def access_entries(world: MatchWorld) -> list[AccessEntry]:
    """Return the access log as anybody reads and checks it."""
    log = world.consortium.current.log
    note = world.client.get(paths.ACCESS_CHECKPOINT).data
    checkpoint = open_checkpoint(note, origin=access_origin(world.consortium.origin), vkeys=log.access)
    path = TilePath(level=None, index=0, width=checkpoint.size)
    raw = world.client.get(f"/access/{path.format()}").data
    entries = parse_entry_bundle(raw, width=checkpoint.size)
    assert root_of([leaf_hash(entry) for entry in entries]) == checkpoint.root
    return [parse_access_entry(entry) for entry in entries]


def asked_of(request: SignedRequest) -> Asked:
    """Return what an asker keeps of a request it has signed."""
    fields = dict(request.headers)
    iss = fields["Signature-Input"].split('keyid="')[1].split("#")[0]
    return Asked(
        iss=iss,
        body_hash=sha256(request.body or b""),
        signature_input=fields["Signature-Input"],
        signature=fields["Signature"],
    )


def test_nobody_is_told_before_the_tick(world: MatchWorld) -> None:
    """Between two ticks there is nothing to read, whatever was asked."""
    world.log_weapon(A, "revolver")
    world.ask(B, token("revolver"))

    assert (world.told(A), world.told(B)) == ([], [])
    assert_problem(world.client.get(paths.ACCESS_CHECKPOINT), "not-found", 404)


def test_a_notice_waits_for_the_witnesses_of_what_it_opens(world: MatchWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between a tick and the quorum of its entries nobody is told what nobody could check yet, and then everybody is."""
    world.log_weapon(A, "revolver")
    world.ask(B, token("revolver"))
    world.service.tick()

    with monkeypatch.context() as before:
        before.setattr(AccessStore, "published", lambda _store: None)
        early = (world.told(A), world.told(B))

    assert early == ([], [])
    assert (len(world.told(A)), len(world.told(B))) == (1, 1)


def test_an_originator_sees_who_asked_and_proves_that_it_is_logged(world: MatchWorld) -> None:
    """The notice opens to an entry of the access log that everybody can see."""
    name = world.log_weapon(A, "revolver")
    answer = world.ask(B, token("revolver"))
    world.service.tick()

    (notice,) = world.matched(A)

    assert (notice.result.asker, notice.result.names()) == (B, (name,))
    assert [hit.index for hit in notice.result.hits] == [answer.slots[0].index]
    assert not notice.is_silent
    verify_told(access_entries(world)[notice.opening.index], result=notice.result, opening=notice.opening)


def test_a_silent_record_stays_unseen_and_its_owner_is_told(world: MatchWorld) -> None:
    """The asker sees a miss, the owner sees the asker."""
    name = world.log_weapon(A, "pistol", hit=Hit.SILENT)

    answer = world.ask(B, token("pistol"))
    world.service.tick()

    assert (answer.slots, answer.more) == ((), False)
    (notice,) = world.matched(A)
    assert (notice.result.asker, notice.result.names(), notice.is_silent) == (B, (name,), True)


def test_operator_framing_an_asker(world: MatchWorld) -> None:
    """An entry opens to what the asker signed, and to nothing that it did not sign."""
    question = world.question(token("revolver"))
    request = world.signed(B, "POST", paths.MATCHES, body=question, content_type=paths.QUESTION_TYPE)
    world.send(request)
    world.service.tick()

    (stands,) = world.told(B)
    assert isinstance(stands, AskedStands)
    entry = access_entries(world)[stands.index]
    mine = asked_of(request)
    verify_asked(entry, asked=mine, salt=stands.salt)
    assert stands.body_hash == question_hash(question)
    for framed in (
        Asked(iss=C, body_hash=mine.body_hash, signature_input=mine.signature_input, signature=mine.signature),
        Asked(iss=B, body_hash=bytes(32), signature_input=mine.signature_input, signature=mine.signature),
        Asked(iss=B, body_hash=mine.body_hash, signature_input=mine.signature_input, signature="sealtrace=:AA==:"),
    ):
        with pytest.raises(ProofError):
            verify_asked(entry, asked=framed, salt=stands.salt)


def test_silent_unmasked_by_size(world: MatchWorld) -> None:
    """Rows that a question leaves behind, pages of notices, entries: all of one length for a miss and a silent match."""
    world.log_weapon(A, "pistol", hit=Hit.SILENT)
    sizes = []
    for weapon in ("pistol", "rifle"):
        answer = world.post_question(B, world.question(token(weapon)))
        with world.service.store.reading() as connection:
            rows = connection.exec_driver_sql("SELECT length(told), length(body_hash) FROM outcomes").all()
        gained = world.service.tick()
        page = world.get(B, paths.NOTICES, query=f"after={len(sizes)}")
        sizes.append(
            (len(answer.data), [tuple(row) for row in rows], gained, len(page.data), len(parse_page(page.data).items))
        )

    assert sizes[0] == sizes[1]
    assert sizes[0][3] == PADDED_BYTES


def test_silent_unmasked_by_timing(world: MatchWorld) -> None:
    """Hit, miss and silent run the same statements, in the same order, with as many values."""
    world.log_weapon(A, "revolver")
    world.log_weapon(A, "pistol", hit=Hit.SILENT)
    run: list[list[str]] = []
    raw = world.service.store._writer.connection.driver_connection
    for weapon in ("revolver", "pistol", "rifle"):
        run.append([])
        raw.set_trace_callback(lambda statement: run[-1].append(statement.split("(")[0].split("'")[0]))
        world.post_question(B, world.question(token(weapon)))
    raw.set_trace_callback(None)

    assert run[0] == run[1] == run[2]
    assert len(run[0]) > 5


def test_silent_unmasked_by_quota(world: MatchWorld) -> None:
    """A silent match costs what a miss costs."""
    world.log_weapon(A, "pistol", hit=Hit.SILENT)
    counted = []
    for weapon in ("rifle", "pistol"):
        world.ask(B, token(weapon))
        with world.service.store.reading() as connection:
            counted.append(
                connection.exec_driver_sql("SELECT used FROM uses WHERE agency = ? AND kind = 'lookups'", (B,)).scalar()
            )

    assert counted == [1, 2]


def test_silent_unmasked_by_metrics(world: MatchWorld) -> None:
    """No label tells an agency, a policy or an outcome, and the counts are of calls alone."""
    world.log_weapon(A, "pistol", hit=Hit.SILENT)
    world.ask(B, token("pistol"))
    world.ask(B, token("rifle"))
    world.service.tick()

    labels = {
        (name, value)
        for family in world.metrics.registry.collect()
        for sample in family.samples
        for name, value in sample.labels.items()
    }
    assert {name for name, _ in labels} <= {"call", "status", "le"}
    assert not any(agency in value for agency in (A, B) for _, value in labels)
    assert world.metrics.registry.get_sample_value("sealtrace_requests_total", {"call": "match", "status": "2xx"}) == 2


def test_silent_unmasked_by_access_log(world: MatchWorld) -> None:
    """A question is one entry, matched or not, filled to eight; the asker is shown no more of it than that."""
    world.log_weapon(A, "pistol", hit=Hit.SILENT)
    for weapon in ("pistol", "rifle"):
        world.ask(B, token(weapon))
        assert world.service.tick() == FILL

    told = world.told(B)

    assert [type(notice) for notice in told] == [AskedStands, AskedStands]
    assert len(access_entries(world)) == 2 * FILL
    assert len({entry.o for entry in access_entries(world)}) == 2 * FILL


def test_silent_unmasked_by_the_cursor(world: MatchWorld) -> None:
    """An agency's notices are numbered for itself: nothing that others are told moves its cursor."""
    world.log_weapon(A, "pistol", hit=Hit.SILENT)
    cursors = []
    for weapon in ("rifle", "pistol", "rifle"):
        world.ask(B, token(weapon))
        world.service.tick()
        cursors.append(world.notices(B).next)

    assert cursors == [1, 2, 3]


def test_silent_unmasked_by_a_watch(world: MatchWorld) -> None:
    """A silent record fires no watch, and no entry of the access log comes of it."""
    world.ask(B, token("pistol"), asking=Asking.WATCH)
    world.service.tick()
    before = world.told(B)
    world.log_weapon(A, "pistol", hit=Hit.SILENT)

    assert world.service.tick() == 0
    assert world.told(B) == before
    assert world.matched(A) == []


def test_a_watch_fires_once_for_a_later_open_record_of_another(world: MatchWorld) -> None:
    """Who watches is told of records that come later, and their originators of who watches."""
    question = world.question(token("revolver"), asking=Asking.WATCH)
    world.verified(B, question)
    world.service.tick()
    world.log_weapon(B, "revolver")
    name = world.log_weapon(A, "revolver")

    assert world.service.tick() == FILL
    assert world.service.tick() == 0
    fired = [notice for notice in world.told(B) if isinstance(notice, WatchFired)]
    assert [(one.q, one.slot.name) for one in fired] == [(question_hash(question), name)]
    (notice,) = world.matched(A)
    assert (notice.result.asker, notice.result.names()) == (B, (name,))


def test_attack_watches_and_records_by_the_thousand_in_one_tick(
    world: MatchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two who collude lengthen no tick beyond its bound; what it leaves is told by the next ones, each once and all of it."""
    monkeypatch.setattr(watching, "MAX_FIRINGS", 3)
    for _ in range(2):
        world.ask(B, token("revolver"), asking=Asking.WATCH)
        world.ask(C, token("revolver"), asking=Asking.WATCH)
    world.service.tick()
    names = [world.log_weapon(A, "revolver") for _ in range(4)]

    ticks = []
    while world.service.tick():
        ticks.append(_fired(world, B) + _fired(world, C))

    told = [len(ticks[0]), *(len(later) - len(earlier) for earlier, later in pairwise(ticks))]
    assert told == [4, 4, 4, 4]
    assert sorted(ticks[-1]) == sorted(names * 4)


def test_a_renewal_of_which_a_tick_tells_a_part_is_told_in_full(
    world: MatchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick that ends within one statement goes on within it: none of its slips is passed over, none told twice."""
    monkeypatch.setattr(watching, "MAX_FIRINGS", 3)
    for _ in range(3):
        world.ask(B, token("revolver"), asking=Asking.WATCH)
    world.service.tick()
    records = [world.record(A, "revolver", hit=Hit.SILENT) for _ in range(3)]
    world.log(A, records)
    names = [record.name for record in records]
    seq = world.consortium.state.chain(A).seq
    world.log(A, [world.renewal(A, seq, [(name, "revolver", Hit.OPEN) for name in names])])

    told = []
    while world.service.tick():
        told.append(len(_fired(world, B)))

    assert told == [3, 6, 9]
    assert sorted(_fired(world, B)) == sorted(names * 3)


def _fired(world: MatchWorld, agency: str) -> list[StatementName]:
    return [notice.slot.name for notice in world.told(agency) if isinstance(notice, WatchFired)]


def test_attack_a_watch_goes_on_for_an_agency_that_may_ask_no_more(world: MatchWorld) -> None:
    """Whom a charter takes the role `read` is told nothing by what it set before, and nobody is told that it asked."""
    world.ask(B, token("revolver"), asking=Asking.WATCH)
    world.service.tick()
    agencies = world.consortium.next_charter().agencies
    world.next_charter(agencies=tuple(replace(one, roles=("submit",)) if one.id == B else one for one in agencies))
    world.log_weapon(A, "revolver")

    assert world.service.tick() == 0
    assert [notice for notice in world.told(B) if isinstance(notice, WatchFired)] == []
    assert world.matched(A) == []


def test_a_watch_ends_after_90_days(world: MatchWorld) -> None:
    """What was asked so long ago is forgotten, its tokens too."""
    world.ask(B, token("revolver"), asking=Asking.WATCH)
    world.clock.advance(90 * DAY)
    world.service.tick()
    world.log_weapon(A, "revolver")

    assert world.service.tick() == 0
    assert (world.rows()["watches"], world.rows()["watch_tokens"]) == (0, 0)


def test_more_than_sixteen_originators_take_a_further_entry() -> None:
    """The list of an entry has sixteen places, whoever is told."""
    hit = ToldHit(index=1, jti=bytes(16), c="T0", hit=Hit.OPEN)
    results = [Result(to=f"xaa-{number:02}", asker=B, at=0, hits=(hit,)) for number in range(17)]
    asked = Asked(iss=B, body_hash=bytes(32), signature_input="", signature="")

    drawn = draw(asked, results)

    assert [len(one.told) for one in drawn] == [16, 1]
    assert len(arrange(drawn)) == FILL


def test_silent_unmasked_by_the_number_of_entries(world: MatchWorld) -> None:
    """However many were told of a question in silence, its asker is told of one entry."""
    hit = ToldHit(index=1, jti=bytes(16), c="T0", hit=Hit.SILENT)
    results = [Result(to=f"xaa-{number:02}", asker=B, at=0, hits=(hit,)) for number in range(17)]
    asked = Asked(iss=B, body_hash=bytes(32), signature_input="", signature="")
    placed = list(enumerate(draw(asked, results)))
    with world.service.store.writing() as connection:
        _tell(connection, placed, _Waiting(last=0, drawn=(), fired=Fired(firings=(), size=0)), 0)
        told = connection.exec_driver_sql("SELECT count(*) FROM notices WHERE agency = ?", (B,)).scalar()

    assert (len(placed), told) == (2, 1)


def test_silent_unmasked_by_overdue_count(world: MatchWorld) -> None:
    """Overdue reviews go to auditors alone, by month, when it is over, and never a number below five."""
    for number in range(6):
        world.log_weapon(A, f"pistol {number}", hit=Hit.SILENT)
    for number in range(4):
        world.ask(B, token(f"pistol {number}"))
    world.service.tick()
    world.clock.advance(40 * DAY)
    few = USAGE.read(world.as_auditor(paths.USAGE).data)
    world.clock.now -= 40 * DAY
    for number in (4, 5):
        world.ask(B, token(f"pistol {number}"))
    world.service.tick()
    early = USAGE.read(world.as_auditor(paths.USAGE).data)
    world.clock.advance(40 * DAY)
    late = USAGE.read(world.as_auditor(paths.USAGE).data)

    assert (few.overdue, early.overdue) == ((), ())
    assert [(one.agency, one.n) for one in late.overdue] == [(A, 6)]
    assert_problem(world.get(A, paths.USAGE), "not-a-member", 403)


def test_a_reviewed_silent_hit_is_not_overdue(world: MatchWorld) -> None:
    """Reviewing within 72 hours keeps it out of every count, and only the originator can review."""
    for number in range(5):
        world.log_weapon(A, f"pistol {number}", hit=Hit.SILENT)
        world.ask(B, token(f"pistol {number}"))
    world.service.tick()
    ids = tuple(notice.id for notice in world.matched(A))
    stranger = REVIEWS.write(Reviews(ids=ids[:1]))
    assert world.post(C, paths.REVIEWS, stranger, paths.JSON_TYPE).status_code == 200
    assert world.rows()["reviews"] == 5
    world.clock.advance(3_600)

    assert world.post(A, paths.REVIEWS, stranger, paths.JSON_TYPE).data == b"ok\n"

    world.clock.advance(40 * DAY)
    assert USAGE.read(world.as_auditor(paths.USAGE).data).overdue == ()


@pytest.mark.parametrize(("late", "overdue"), [(0, ()), (1, ((A, 5),))])
def test_a_review_counts_within_72_hours_and_not_a_second_later(
    world: MatchWorld, late: int, overdue: tuple[tuple[str, int], ...]
) -> None:
    """What was looked into too late stays in the auditors' count."""
    for number in range(5):
        world.log_weapon(A, f"pistol {number}", hit=Hit.SILENT)
        world.ask(B, token(f"pistol {number}"))
    world.service.tick()
    ids = tuple(notice.id for notice in world.matched(A))
    world.clock.advance(72 * 3_600 + late)
    world.post(A, paths.REVIEWS, REVIEWS.write(Reviews(ids=ids)), paths.JSON_TYPE)
    world.clock.advance(40 * DAY)

    shown = USAGE.read(world.as_auditor(paths.USAGE).data).overdue
    assert tuple((one.agency, one.n) for one in shown) == overdue


def test_usage_shows_evaluated_beside_submitted(world: MatchWorld) -> None:
    """An agency that has far more evaluated than it logs shows in the counts of the day."""
    world.log_weapon(A, "revolver")
    world.ask(B, token("revolver"))

    usage = USAGE.read(world.as_auditor(paths.USAGE).data)

    counted = {(one.agency, one.kind): one.used for one in usage.uses}
    assert counted == {(A, "submissions"): 1, (B, "lookups"): 1}
    assert {one.day for one in usage.uses} == {world.clock() // DAY}


def test_auditors_are_given_both_openings_after_30_days(world: MatchWorld) -> None:
    """Who asked, and the list of who was told; neither before its time."""
    world.log_weapon(A, "pistol", hit=Hit.SILENT)
    request = world.signed(
        B, "POST", paths.MATCHES, body=world.question(token("pistol")), content_type=paths.QUESTION_TYPE
    )
    world.send(request)
    world.service.tick()
    assert parse_page(world.as_auditor(paths.NOTICES, "after=0").data).items == ()
    world.clock.advance(30 * DAY)

    page = parse_page(world.as_auditor(paths.NOTICES, "after=0").data)

    (audited,) = page.items
    assert isinstance(audited, Audited)
    entry = access_entries(world)[audited.index]
    verify_asked(entry, asked=audited.asked, salt=audited.salt)
    assert audited.asked == asked_of(request)
    assert audited.outcome.commitment() == entry.o
    (notice,) = world.matched(A)
    assert notice.result.commitment(salt=notice.opening.salt) in audited.outcome.hashes
    assert parse_page(world.as_auditor(paths.NOTICES, f"after={page.next}").data).items == ()
    assert AUDITOR not in world.consortium.ids


def test_pages_of_notices_hold_everything_once(world: MatchWorld) -> None:
    """However many wait, pages of one length hand them out in order."""
    world.log_weapon(A, "revolver")
    for _ in range(40):
        world.ask(B, token("revolver"))
    world.service.tick()

    told = world.matched(A)

    assert len(told) == 40
    assert len({notice.id for notice in told}) == 40
    assert world.notices(A).more


def test_a_tick_that_fails_leaves_its_work_to_the_next(world: MatchWorld) -> None:
    """Entries, notices and the rows they come from change together or not at all."""
    world.log_weapon(A, "revolver")
    world.ask(B, token("revolver"))
    with world.service.store.writing() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON notices BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    world.service.ticker.run()
    assert (world.rows()["outcomes"], world.rows()["access_entries"], world.rows()["openings"]) == (1, 0, 0)

    with world.service.store.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER broken")
    world.service.tick()

    assert len(world.matched(A)) == 1


def test_the_access_log_survives_a_restart(world: MatchWorld) -> None:
    """A service that is started again verifies its access log and goes on with it."""
    world.ask(B, token("revolver"))
    world.service.tick()
    before = access_entries(world)
    world.close()
    world.open()
    world.ask(B, token("revolver"))
    world.service.tick()

    assert access_entries(world)[: len(before)] == before

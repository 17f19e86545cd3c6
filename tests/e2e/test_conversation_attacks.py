"""Attacks on the conversation, over the real service: whoever lies gains nothing, and what is recalled is gone."""

import sqlite3
from dataclasses import replace

import pytest

from clients import charters
from clients.chain import make_batch, send_waiting
from clients.errors import HomeError, NotPermittedError, UnreachableError
from clients.expunging import plan_expunge
from clients.outboxrows import Letter
from clients.replica import StoredGrant
from clients.session import Session, save_profile
from clients.syncing import Sync
from clients.talk.answering import letters_of, unasked
from clients.talk.confirming import write_receipts
from clients.talk.releasing import Choice, Offer, offer_records, rebuild
from clients.talk.sending import letter, send_letters, write
from clients.talk.threads import talks
from clients.transport import Request, Response
from crypto.encoding import b64u
from ledger import jsontext
from ledger.errors import MalformedError
from ledger.expunges import Why
from ledger.identifiers import StatementName, draw_jti
from ledger.kinds import Role
from ledger.labels import Level, Purpose
from ledger.messages import Inner, seal_message
from ledger.officers import ApprovalError, approve, propose
from ledger.opening import which_key
from ledger.profiles import default_profile
from ledger.recordform import parse_record
from ledger.talk.answers import Ground, Refusal, RefusalKind
from ledger.talk.bodies import Body, kind_of
from ledger.talk.notices import Recall
from ledger.talk.releases import Release, ReleasedEpoch
from ledger.talk.requests import Declared, DisclosureRequest, What
from ledger.talk.state import Fault
from ledger.wire import paths
from ledger.wire.frames import encode_frames, parse_frames
from ledger.wire.schemas import BLOB_REQUEST
from tests.support.charterlife import Flaky, over, pass_charter, quiet, sync
from tests.support.commands import command
from tests.support.earlier import forget_openers
from tests.support.encrypted import by_hand, file_bytes, key_of
from tests.support.lists import submit_rows
from tests.support.loopback import LoopbackTransport, Walk, found_consortium
from tests.support.officers import FIRST, agreed, hand

OWNER, ASKER, THIRD = "xar-arms", "xbe-cib", "xco-npa"
MAP = """
[[record]]
event = "recovery"
[record.fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
"item.serials" = { column = "serial" }
"case.circumstances" = { column = "note" }
"""
ROW = {"make": "Taurus", "serial": "SERIAL573528", "note": "CIRCUMSTANCES-TOLD-BY-A-FRIEND"}
REFUSE = Refusal(kind=RefusalKind.REFUSE, ground=Ground.LAW)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give three agencies around a real service with one record in it, for the second agency alone; closed."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, ASKER, THIRD)
    save_profile(found.homes[OWNER], default_profile(OWNER, (ASKER,)))
    assert submit_rows(found.session(OWNER), [ROW], text=MAP).records == 1
    found.close()
    return found


@pytest.fixture
def walk(walk: Walk) -> Walk:
    """Give a copy of the founded consortium, open; its owner has synced."""
    sync(walk, OWNER)
    return walk


def record(walk: Walk) -> StatementName:
    """Return the name of the owner's record."""
    return next(walk.session(OWNER).replica.records()).name


def say(session: Session, body: Body, *, to: str, thread: bytes, re: StatementName | None = None) -> StatementName:
    """Send one message as any member can with its own keys; return its name."""
    write(session, [letter(body, to=to, thread=thread, re=re)])
    send_letters(session)
    return max(session.replica.talk.messages(), key=lambda one: one.index).name


def offer(walk: Walk, to: str, *, portions: tuple[str, ...] = (), fields: tuple[str, ...] = ()) -> Offer:
    """Return a release of the owner's record under its labels' own terms."""
    choice = Choice(name=record(walk), portions=portions, fields=fields)
    return offer_records(walk.session(OWNER), unasked(to), [choice], None)


def release(walk: Walk, made: Offer) -> StatementName:
    """Send a release, and return its name."""
    session = walk.session(OWNER)
    write(session, letters_of(session, [made]))
    send_letters(session)
    return max(session.replica.talk.messages(), key=lambda one: one.index).name


def faults(walk: Walk, agency: str) -> list[Fault | None]:
    """Return what every message that a home holds counts for."""
    return [one.fault for talk in talks(walk.session(agency).replica) for one in talk.thread.heard]


def test_attack_a_message_resigned_by_another_member(walk: Walk) -> None:
    """A member wraps a release it was sent anew, for a third: it is held for the member's own word, and shows nothing."""
    release(walk, offer(walk, ASKER, portions=("item",)))
    sync(walk, ASKER)
    session = walk.session(ASKER)
    (heard,) = session.replica.talk.messages()

    write(session, [Letter(to=THIRD, kind="release", thread=heard.inner.thread, re=None, body=_spelled(session))])
    send_letters(session)
    report = sync(walk, THIRD)

    assert (report.messages, report.released) == (1, 0)
    assert "no statement of that name" in next(iter(report.refused.values()))
    assert walk.session(THIRD).replica.count() == 0


def _spelled(session: Session) -> bytes:
    """Return the body of the one release that a home has received, byte for byte."""
    (talk,) = talks(session.replica)
    return jsontext.dump(talk.thread.heard[0].said.body.to_json())


def test_attack_a_message_sealed_to_one_and_addressed_to_another(walk: Walk) -> None:
    """The service takes no message that its recipient could not open."""
    session = walk.session(ASKER)
    standing = session.stand()
    size, membership = standing.view.checkpoint.size, standing.authority.membership
    signing = standing.signing_key(Role.SIGN)
    inner = Inner(kind=kind_of(REFUSE), to=OWNER, thread=bytes(16), re=None, part=1, parts=1, body=REFUSE.to_json())
    sealed = seal_message(
        signer=signing.signer,
        kid=signing.kid,
        iat=0,
        inner=inner,
        recipient_key=membership.newest(THIRD, Role.HPKE, size).public_key,
        own_key=membership.newest(ASKER, Role.HPKE, size).public_key,
    )
    session.outbox.put(make_batch(standing, [sealed]))

    with pytest.raises(MalformedError, match="not in force"):
        send_waiting(session)


def test_attack_a_decision_by_the_wrong_agency_and_a_double_decision(walk: Walk) -> None:
    """A third agency refuses for the owner, and the owner refuses twice: one refusal counts, the owner's first."""
    thread, request = (
        draw_jti(),
        DisclosureRequest(what=What(portions=("case",)), declared=Declared(purpose=Purpose.TRACE, use="inquiry")),
    )
    named = say(walk.session(ASKER), request, to=OWNER, thread=thread, re=record(walk))
    sync(walk, OWNER)
    say(walk.session(THIRD), REFUSE, to=ASKER, thread=thread, re=named)
    first = say(walk.session(OWNER), REFUSE, to=ASKER, thread=thread, re=named)
    say(walk.session(OWNER), REFUSE, to=ASKER, thread=thread, re=named)

    sync(walk, ASKER)

    assert faults(walk, ASKER) == [None, Fault.WRONG_AGENCY, None, Fault.DECIDED]
    (talk,) = talks(walk.session(ASKER).replica)
    decided = talk.thread.requests[named].decided
    assert decided is not None
    assert decided.name == first


def test_attack_a_recalled_release_is_read_on(walk: Walk) -> None:
    """No byte of it is left in the reader's file, and no later sync, however full, brings it back."""
    named = release(walk, offer(walk, ASKER, fields=("case.circumstances",)))
    sync(walk, ASKER)
    assert ROW["note"].encode() in b"".join(_shown(walk))
    (sent,) = talks(walk.session(OWNER).replica)
    say(walk.session(OWNER), Recall(why=Why.ERROR), to=ASKER, thread=sent.id, re=named)

    assert sync(walk, ASKER).recalled == 1
    assert _shown(walk) == []
    assert (sync(walk, ASKER, full=True).released, _shown(walk)) == (0, [])
    held = walk.session(ASKER).replica.talk.releases()[named]
    assert held.recalled is not None


def _shown(walk: Walk) -> list[bytes]:
    """Return what releases show in the asker's replica."""
    home = walk.homes[ASKER]
    with by_hand(home.replica, key_of(home)) as connection:
        rows = connection.execute("SELECT fields FROM released").fetchall()
    return [row[0].encode() for row in rows]


def test_attack_a_label_learned_from_a_released_field(walk: Walk) -> None:
    """The reader of one field holds neither the label of its portion nor the portion's key."""
    label = offer(walk, ASKER, portions=("case",)).labels[0]
    assert label.level is Level.SECRET
    made = offer(walk, ASKER, fields=("case.circumstances",))
    lowered = replace(made, release=replace(made.release, terms=replace(made.release.terms, level=Level.RESTRICTED)))
    release(walk, lowered)
    sync(walk, ASKER)

    (stored,) = [one for one in walk.session(ASKER).replica.records() if one.released]
    (shown,) = stored.released
    assert (shown.label, shown.whole, [*shown.fields]) == (None, False, ["case.circumstances"])
    assert b"SECRET" not in file_bytes(walk.homes[ASKER])
    assert "case" not in stored.portions


def test_attack_a_message_to_a_non_member(walk: Walk) -> None:
    """It is refused before it is written; one that got into the outbox all the same keeps no other message waiting."""
    session = walk.session(ASKER)
    with pytest.raises(NotPermittedError, match="no other agency"):
        write(session, [letter(REFUSE, to="xzz-none", thread=bytes(16), re=None)])
    session.outbox.write_letters([letter(REFUSE, to="xzz-none", thread=bytes(16), re=None)])

    sent = send_letters(session)

    assert (sent.undeliverable, sent.letters, session.outbox.letters()) == (("xzz-none",), 0, {})


def test_a_letter_on_its_way_to_a_member_that_is_removed_keeps_nothing_waiting(walk: Walk) -> None:
    """Sealed, not yet logged, and refused for ever: it is given up, and what is to others leaves."""
    session = walk.session(ASKER)
    write(session, [letter(REFUSE, to=THIRD, thread=bytes(16), re=None)])
    with pytest.raises(UnreachableError):
        send_letters(over(session, Flaky(walk.transport, paths.BATCHES, delivered=False)))
    without = charters.propose_next(walk.charter_file, [], charters.Terms(removed=frozenset({THIRD})))
    pass_charter(walk, without, walk.charter_file)
    write(session, [letter(REFUSE, to=OWNER, thread=bytes(16), re=None)])

    sent = send_letters(session)

    assert (sent.undeliverable, sent.letters) == ((THIRD,), 1)
    assert (session.outbox.waiting(), session.outbox.letters()) == (None, {})


def test_nothing_is_confirmed_to_a_member_that_was_removed(walk: Walk) -> None:
    """What it said before is read; a receipt that nobody could be sent is not written again at every sync."""
    write(walk.session(THIRD), [letter(REFUSE, to=ASKER, thread=bytes(16), re=None)])
    send_letters(walk.session(THIRD))
    without = charters.propose_next(walk.charter_file, [], charters.Terms(removed=frozenset({THIRD})))
    pass_charter(walk, without, walk.charter_file)

    assert sync(walk, ASKER).messages == 1
    assert write_receipts(walk.session(ASKER)) == 0


def test_attack_approval_by_the_same_officer_and_of_an_expired_proposal(walk: Walk) -> None:
    """Neither carries anything out."""
    session = walk.session(OWNER)
    order = plan_expunge(session, record(walk), why="law")
    one = hand(session, FIRST)
    file = propose(order, agency=OWNER, officer=one.officer, signer=one.signer, now=walk.clock())
    path = walk.folder / "proposal.json"
    path.write_bytes(file)

    same = command(walk, "approve", str(path), "--officer", FIRST, "--confirm", home=OWNER)
    walk.clock.now += 4 * 86_400
    late = command(walk, "approve", str(path), "--officer", FIRST, "--confirm", home=OWNER)

    assert (same.code, "same officer" in same.notes) == (5, True)
    assert (late.code, "run out" in late.notes) == (5, True)
    assert not walk.homes[OWNER].approvals.exists()
    with pytest.raises(ApprovalError):
        approve(file, agency=OWNER, officer=FIRST, signer=one.signer, enrolled={}, now=walk.clock())


def test_attack_one_approval_released_twice(walk: Walk) -> None:
    """What two officers agreed on leaves once."""
    session = walk.session(OWNER)
    made = offer(walk, ASKER, portions=("case",))
    approved = agreed(session, made.plan())
    write(session, letters_of(session, [made], approval=approved.proposal.id))

    with pytest.raises(Exception, match="carried out before"):
        write(session, letters_of(session, [made], approval=approved.proposal.id))
    assert len(session.outbox.letters()) == 1


def test_attack_an_approval_used_again_after_its_recall(walk: Walk) -> None:
    """Recalled, a release takes two officers anew: what they agreed on once is used up."""
    session = walk.session(OWNER)
    made = offer(walk, ASKER, portions=("case",))
    approved = agreed(session, made.plan())
    write(session, letters_of(session, [made], approval=approved.proposal.id))
    send_letters(session)
    name = max(session.replica.talk.messages(), key=lambda one: one.index).name
    say(session, Recall(why=Why.ERROR), to=ASKER, thread=made.address.thread, re=name)

    again = letters_of(session, [rebuild(session, made.plan(), ())], approval=approved.proposal.id)
    with pytest.raises(HomeError, match="carried out before"):
        write(session, again)
    sync(walk, ASKER)
    assert session.outbox.letters() == {}
    assert [one.released for one in walk.session(ASKER).replica.records()] == [()]


def test_attack_an_approval_of_other_words_than_are_sent(walk: Walk) -> None:
    """What was proposed at one level is not sent at another, nor with more in it, nor with other words."""
    session = walk.session(OWNER)
    made = offer(walk, ASKER, fields=("case.circumstances",))
    plan = made.plan()
    lower = replace(plan.terms, level=Level.UNCLASSIFIED)
    others = (
        replace(plan, terms=lower),
        replace(plan, portions=((record(walk).jti, "case"),)),
        replace(plan, h=bytes(32)),
    )

    for other in others:
        with pytest.raises(ApprovalError, match="not what the officers agreed on"):
            rebuild(session, other, ())
    assert rebuild(session, plan, ()).plan() == plan


def test_attack_a_message_that_the_service_keeps_back(walk: Walk) -> None:
    """A message that was named and not given is reported; its missing receipt shows it to the sender."""
    release(walk, offer(walk, ASKER, portions=("item",)))
    with sqlite3.connect(walk.config.database) as connection:
        connection.execute("DELETE FROM blobs WHERE place = 'to'")
    connection.close()

    report = sync(walk, ASKER)

    assert [one for one in report.refused.values() if "its box is not given to us" in one] == [*report.refused.values()]
    assert report.messages == 0
    assert write_receipts(walk.session(ASKER)) == 0


class Dying:
    """A network that dies at the nth request for blobs."""

    def __init__(self, inner: LoopbackTransport, after: int) -> None:
        """Take the real one."""
        self._inner, self._left = inner, after

    def send(self, request: Request, *, limit: int) -> Response:
        """Pass requests on until it dies."""
        if request.path == paths.BLOBS:
            self._left -= 1
            if self._left < 0:
                raise UnreachableError("the line is dead")
        return self._inner.send(request, limit=limit)


def test_closed_epochs_are_opened_to_a_newcomer_after_an_interruption(walk: Walk) -> None:
    """Asked for, the number of records said first, released, and read; a line that dies on the way changes nothing."""
    walk.clock.now += 8 * 86_400
    submit_rows(walk.session(OWNER), [{"make": "Colt", "serial": "NEWER7777", "note": ""}], text=MAP)
    sync(walk, OWNER)
    sync(walk, THIRD)
    assert walk.session(THIRD).replica.count() == 0
    asked = command(walk, "request", "--history", "--to", OWNER, "--use", "new here", home=THIRD)
    assert asked.code == 0, asked.notes
    sync(walk, OWNER)
    (talk,) = talks(walk.session(OWNER).replica)
    name = str(talk.thread.heard[0].said.name)

    said = command(walk, "release", name, home=OWNER)
    assert "opens 1 record" in said.output
    assert "nothing was sent" in said.output
    done = command(walk, "release", name, "--confirm", home=OWNER)
    assert done.code == 0, done.notes
    with pytest.raises(UnreachableError):
        Sync(over(walk.session(THIRD), Dying(walk.transport, 1)), progress=quiet).by_feed()
    report = sync(walk, THIRD)

    assert (report.released, report.refused) == (1, {})
    shown = command(walk, "list", "--json", home=THIRD).json["records"]
    assert [(one["serial"], one["withheld"]) for one in shown] == [(ROW["serial"], ["case"])]
    assert faults(walk, OWNER) == [None] * 3


def test_the_number_of_records_said_is_of_those_that_the_keys_open(walk: Walk) -> None:
    """As if every key were held against every portion; a replica of an earlier version does that, and says the same."""
    submit_rows(
        walk.session(OWNER), [{"make": "Colt", "serial": f"OLDER{number}", "note": ""} for number in (1, 2)], text=MAP
    )
    walk.clock.now += 8 * 86_400
    submit_rows(walk.session(OWNER), [{"make": "Colt", "serial": "NEWER7777", "note": ""}], text=MAP)
    sync(walk, OWNER)
    release = ("release", "--to", THIRD, "--where", "epochs=all")
    said = command(walk, *release, home=OWNER)
    session = walk.session(OWNER)
    grants = session.replica.grants(OWNER, 1)
    counted = [session.replica.opened_with(one) for one in grants]
    held = [_opened_by_hand(session, one) for one in grants]
    session.close()
    forget_openers(walk.homes[OWNER].replica, key=key_of(walk.homes[OWNER]))
    again = command(walk, *release, home=OWNER)

    assert "opens 3 records" in said.output
    assert said.output == again.output
    assert [(len(found), max(found, default=-1)) for found in held] == [(one.records, one.last) for one in counted]
    assert any(held)


def _opened_by_hand(session: Session, grant: StoredGrant) -> set[int]:
    """Return the places of the records of which a key fits a portion."""
    key = session.keyring.epoch_keys()[grant.ek]
    return {
        one.index
        for one in session.replica.records()
        for portion, sealed in parse_record(one.entry).portions.items()
        if which_key(one.name, portion, sealed.kc, [key])
    }


class Withholding:
    """A service that gives no ciphertext of an item, and everything else."""

    def __init__(self, inner: LoopbackTransport) -> None:
        """Take the real one."""
        self._inner = inner

    def send(self, request: Request, *, limit: int) -> Response:
        """Leave items out of what is given."""
        response = self._inner.send(request, limit=limit)
        if request.path != paths.BLOBS:
            return response
        asked = BLOB_REQUEST.read(request.body or b"", limit=limit).get
        given = zip(asked, parse_frames(response.body, most=len(asked)), strict=True)
        return replace(response, body=encode_frames(b"" if one.place == "item" else blob for one, blob in given))


def test_attack_a_ciphertext_of_a_released_epoch_that_is_withheld(walk: Walk) -> None:
    """What an epoch's key would open and the service does not give is reported, and opened once it is given."""
    walk.clock.now += 8 * 86_400
    submit_rows(walk.session(OWNER), [{"make": "Colt", "serial": "NEWER7777", "note": ""}], text=MAP)
    sync(walk, OWNER)
    command(walk, "request", "--history", "--to", OWNER, "--use", "new here", home=THIRD)
    sync(walk, OWNER)
    (talk,) = talks(walk.session(OWNER).replica)
    command(walk, "release", str(talk.thread.heard[0].said.name), "--confirm", home=OWNER)

    withheld = Sync(over(walk.session(THIRD), Withholding(walk.transport)), progress=quiet).by_feed()
    before = command(walk, "list", "--json", home=THIRD).json["records"]
    given = sync(walk, THIRD, full=True)
    after = command(walk, "list", "--json", home=THIRD).json["records"]

    assert [*withheld.refused.values()] == ["item: its ciphertext is no longer kept, or not given to us"]
    assert [one["withheld"] for one in before] == [["item", "case"]]
    assert (given.released, dict(given.refused)) == (0, {})
    assert [(one["serial"], one["withheld"]) for one in after] == [(ROW["serial"], ["case"])]


def test_attack_an_epoch_key_that_is_not_the_grants(walk: Walk) -> None:
    """A member that hands a newcomer another key, or names another place in the log, opens nothing."""
    walk.clock.now += 8 * 86_400
    submit_rows(walk.session(OWNER), [{"make": "Colt", "serial": "NEWER7777", "note": ""}], text=MAP)
    sync(walk, OWNER)
    thread = draw_jti()
    session = walk.session(OWNER)
    grant = next(one for one in session.replica.grants(OWNER, 1))
    body = _epoch(session, grant.index, grant.level, bytes(32))
    say(session, body, to=THIRD, thread=thread)
    say(walk.session(OWNER), _epoch(session, 0, grant.level, bytes(32)), to=THIRD, thread=thread)

    report = sync(walk, THIRD)

    assert (report.released, len(report.refused), walk.session(THIRD).replica.count()) == (0, 2, 0)


def test_the_keys_of_one_epoch_are_tried_together(walk: Walk) -> None:
    """Each batch is read and asked for once, whatever their number, and every portion that one of them fits is shown."""
    walk.clock.now += 8 * 86_400
    submit_rows(walk.session(OWNER), [{"make": "Colt", "serial": "NEWER7777", "note": ""}], text=MAP)
    sync(walk, OWNER)
    session = walk.session(OWNER)
    keys = [
        ReleasedEpoch(
            ep=1,
            level=one.level,
            ek=session.keyring.epoch_keys()[one.ek],
            first=one.index,
            last=session.replica.opened_with(one).last,
        )
        for one in session.replica.grants(OWNER, 1)
        if session.replica.opened_with(one).records
    ]
    body = replace(
        _epoch(session, 0, Level.RESTRICTED, bytes(32)), epochs=tuple(sorted(keys, key=lambda one: one.ekid))
    )
    say(session, body, to=THIRD, thread=draw_jti())
    walk.transport.requests.clear()
    report = sync(walk, THIRD)

    (shown,) = walk.session(THIRD).replica.records()
    asked = [
        one for one in walk.transport.requests if one.path == paths.BLOBS and b'"place":"item"' in (one.body or b"")
    ]
    assert len(keys) > 1
    assert (report.released, report.refused, len(asked)) == (1, {}, 1)
    assert {one.portion for one in shown.released} == {"item", "event", "case"}
    assert asked[0].body is not None
    assert asked[0].body.count(b'"place":') == len(shown.released)


def _epoch(session: Session, first: int, level: Level, key: bytes) -> Release:
    made = offer_records(
        session, unasked(THIRD), [Choice(name=next(session.replica.records()).name, portions=("item",))], None
    )
    epoch = ReleasedEpoch(ep=1, level=level, ek=key, first=first, last=first)
    return Release(terms=made.release.terms, epochs=(epoch,))


def test_a_thread_is_named_in_one_spelling(walk: Walk) -> None:
    """The inbox takes the id it shows."""
    release(walk, offer(walk, ASKER, portions=("item",)))
    (talk,) = talks(walk.session(OWNER).replica)

    assert command(walk, "inbox", b64u(talk.id), home=OWNER).code == 0
    assert command(walk, "inbox", b64u(talk.id) + "=", home=OWNER).code == 1

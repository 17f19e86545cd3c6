"""What two officers did is read again: `sealtrace approvals` over the real service, and whoever meddled is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from clients import charters, expunging, keychange
from clients.approvals import Approved, approve_file, keep_approval, make_proposal
from clients.chain import send_waiting
from clients.cli.exits import Exit
from clients.database import open_database
from clients.errors import UnreachableError
from clients.intake.advancing import advance
from clients.intake.deciding import Officer, approve, sign
from clients.intake.states import State
from clients.intake.store import Imports
from clients.intake.tables import IMPORT, TABLES
from clients.session import save_profile
from clients.talk.answering import letters_of, unasked
from clients.talk.releasing import Choice, Offer, offer_records
from clients.talk.sending import send_letters, write
from crypto.encoding import b64u
from crypto.signing import Algorithm
from ledger import jsontext
from ledger.expunges import Why
from ledger.identifiers import KeyId, StatementName
from ledger.jsontext import JsonValue
from ledger.kinds import Role
from ledger.officers import PlannedExpunge, keep, parse_kept, parse_proposal
from ledger.profiles import default_profile
from ledger.profiletoml import profile_from_toml, to_toml
from ledger.wire import paths
from tests.support.charterlife import Flaky, over, pass_charter, root, sync
from tests.support.commands import command
from tests.support.consortium import signer
from tests.support.imports import bench_of, checked
from tests.support.lists import submit_rows
from tests.support.loopback import Walk, found_consortium
from tests.support.officers import FIRST, SECOND, agreed, hand

OWNER, ASKER, THIRD = "xar-arms", "xbe-cib", "xco-npa"
ROWS = [{"make": "Taurus", "serial": "SERIAL573528"}, {"make": "Colt", "serial": "SERIAL777"}]
DAY = 86_400


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give three agencies around a real service with two records in it, for the second agency alone; closed."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, ASKER, THIRD)
    save_profile(found.homes[OWNER], default_profile(OWNER, (ASKER,)))
    assert submit_rows(found.session(OWNER), ROWS).records == 2
    found.close()
    return found


@pytest.fixture
def walk(walk: Walk) -> Walk:
    """Give a copy of the founded consortium, open; its owner has synced."""
    sync(walk, OWNER)
    return walk


def inspected(walk: Walk, *, code: int = Exit.DONE) -> Any:
    """Return what the command says as JSON, once it ended with `code`."""
    said = command(walk, "approvals", "--json", home=OWNER)
    assert said.code == code, (said.output, said.notes)
    assert said.json["good"] is (code == Exit.DONE)
    return said.json


def the_fault(walk: Walk) -> str:
    """Return what is wrong with the one approval that is not good."""
    said = inspected(walk, code=Exit.REFUSED)
    (bad,) = [one for one in said["approvals"] if not one["good"]]
    return str(bad["fault"])


def records(walk: Walk) -> list[StatementName]:
    """Return the names of the owner's records."""
    return [one.name for one in walk.session(OWNER).replica.records()]


def offer(walk: Walk, *, portion: str = "case", to: str = ASKER) -> Offer:
    """Return a release of the owner's first record: its case takes two officers."""
    return offer_records(walk.session(OWNER), unasked(to), [Choice(name=records(walk)[0], portions=(portion,))], None)


def release(walk: Walk, made: Offer, approval: bytes | None) -> None:
    """Send a release as any program can that holds the home."""
    session = walk.session(OWNER)
    write(session, letters_of(session, [made], approval=approval))
    send_letters(session)


def released(walk: Walk) -> Approved:
    """Return what two officers agreed on, released."""
    made = offer(walk)
    approved = agreed(walk.session(OWNER), made.plan())
    release(walk, made, approved.proposal.id)
    return approved


def order(walk: Walk) -> PlannedExpunge:
    """Return the order to expunge the owner's last record."""
    return PlannedExpunge(of=records(walk)[-1].jti, why=Why.LAW)


def expunged(walk: Walk) -> Approved:
    """Return what two officers agreed on, expunged."""
    session = walk.session(OWNER)
    do = order(walk)
    approved = agreed(session, do)
    expunging.expunge(session, do, approved)
    return approved


def kept_anew(walk: Walk, approved: Approved, change: Callable[[Any], JsonValue], *, key: Role = Role.SIGN) -> None:
    """Put a changed file in the place of an approval, under the agency's own signature: a thief of the home."""
    file = jsontext.load(parse_kept(approved.kept.read_bytes()).file)
    signing = walk.keyring(OWNER).signer(key)
    changed = jsontext.dump(change(file))
    approved.kept.write_bytes(keep(changed, agency=OWNER, signer=signing.signer, kid=signing.kid))


def test_what_two_officers_did_is_listed_and_verified_anew(walk: Walk) -> None:
    """Who proposed and who approved it, when, what it was, to whom, and where it stands in the log."""
    gone, shown = expunged(walk), released(walk)
    said = inspected(walk)
    by_kind = {one["kind"]: one for one in said["approvals"]}
    text = command(walk, "approvals", home=OWNER)

    assert (said["missing"], sorted(by_kind)) == ([], ["expunge", "release"])
    for one, approved in ((by_kind["expunge"], gone), (by_kind["release"], shown)):
        assert (one["proposed_by"], one["approved_by"], one["became"]) == (FIRST, SECOND, "logged")
        assert (one["file"], one["proposed"][-4:], one["fault"]) == (approved.kept.name, " UTC", None)
        assert 0 < one["entry"] < said["size"]
    assert (by_kind["release"]["to"], by_kind["release"]["portions"][0]["portion"]) == (ASKER, "case")
    assert text.code == Exit.DONE
    assert "✓ verified   2 approvals: both officers' signatures and the agency's" in text.output
    assert max(map(len, text.output.splitlines())) <= 80
    assert "573528" not in text.output


def test_a_home_where_nothing_took_two_officers_says_so(walk: Walk) -> None:
    """No folder of approvals is no fault, and what one officer may release alone needs no approval."""
    release(walk, offer(walk, portion="item"), None)
    said = command(walk, "approvals", home=OWNER)

    assert (said.code, said.output.splitlines()[0]) == (
        Exit.DONE,
        "nothing was done here that takes two officers",
    )


def test_an_approval_is_good_years_after_it_ran_out(walk: Walk) -> None:
    """What can no longer be carried out is evidence still, under keys that were replaced since."""
    expunged(walk)
    keychange.rotate(walk.session(OWNER), root(walk, OWNER))
    walk.clock.now += 400 * DAY

    assert inspected(walk)["approvals"][0]["good"]


def test_attack_a_changed_approval(walk: Walk) -> None:
    """One bit on the disk is enough, and what the file no longer says is asked of the log."""
    approved = expunged(walk)
    raw = approved.kept.read_bytes()
    approved.kept.write_bytes(raw[:40] + bytes([raw[40] ^ 1]) + raw[41:])
    said = inspected(walk, code=Exit.REFUSED)

    assert said["approvals"][0]["file"] == approved.kept.name
    assert said["approvals"][0]["fault"]
    text = command(walk, "approvals", home=OWNER).output
    assert "✗ not good" in text
    assert "cannot be relied on" in text


def test_a_cut_off_approval_is_named_with_the_act_it_was_for(walk: Walk) -> None:
    """A disk that lost half of it: the file is damaged, and the order has no approval."""
    approved = expunged(walk)
    approved.kept.write_bytes(approved.kept.read_bytes()[:100])
    said = inspected(walk, code=Exit.REFUSED)

    assert "it is damaged" in said["approvals"][0]["fault"]
    assert [one["kind"] for one in said["missing"]] == ["expunge"]


def test_an_approval_that_cannot_be_read_is_named(walk: Walk) -> None:
    """A folder in its place, as a restore that went wrong may leave one."""
    approved = expunged(walk)
    approved.kept.unlink()
    approved.kept.mkdir()

    assert "it cannot be read" in the_fault(walk)


def test_attack_another_record_under_the_same_signatures(walk: Walk) -> None:
    """Whoever holds the home's keys has not the officers': what they did not sign stands under nobody's name."""
    approved = expunged(walk)

    def other(file: Any) -> JsonValue:
        do = parse_proposal(jsontext.dump(file)).proposal
        spelled = do.to_json() | {"do": PlannedExpunge(of=bytes(16), why=Why.LAW).to_json()}
        return {"payload": b64u(jsontext.dump(spelled)), "signatures": file["signatures"]}

    kept_anew(walk, approved, other)
    said = inspected(walk, code=Exit.REFUSED)
    assert "changed after it was signed" in said["approvals"][0]["fault"]
    assert [one["kind"] for one in said["missing"]] == ["expunge"]


def test_attack_a_missing_approval(walk: Walk) -> None:
    """Whoever takes files out of the folder cannot take the act out of the log: each is named."""
    for approved in (expunged(walk), released(walk)):
        approved.kept.unlink()
    said = inspected(walk, code=Exit.REFUSED)

    assert said["approvals"] == []
    assert sorted(one["kind"] for one in said["missing"]) == ["expunge", "release"]
    assert {one["fault"] for one in said["missing"]} == {"it takes two officers, and no approval of it is kept here"}


def test_attack_a_release_that_nobody_approved(walk: Walk) -> None:
    """Another program over the same home, which asks no second officer, leaves its release in the log."""
    release(walk, offer(walk), None)
    (one,) = inspected(walk, code=Exit.REFUSED)["missing"]

    assert (one["kind"], one["to"], one["became"]) == ("release", ASKER, "logged")


def test_attack_one_approval_for_two_releases(walk: Walk) -> None:
    """The same thing sent a second time under other hands has no approval of its own."""
    made = offer(walk)
    approved = agreed(walk.session(OWNER), made.plan())
    release(walk, made, approved.proposal.id)
    release(walk, made, None)
    said = inspected(walk, code=Exit.REFUSED)

    assert [one["good"] for one in said["approvals"]] == [True]
    assert [one["kind"] for one in said["missing"]] == ["release"]


def test_attack_something_else_released_under_an_approval(walk: Walk) -> None:
    """What the officers signed is used up, and the log holds another release: both are named."""
    approved = agreed(walk.session(OWNER), offer(walk).plan())
    release(walk, offer(walk), approved.proposal.id)
    said = inspected(walk, code=Exit.REFUSED)

    assert "the log holds nothing that is what was approved" in said["approvals"][0]["fault"]
    assert [one["kind"] for one in said["missing"]] == ["release"]


def test_attack_the_same_officer_twice(walk: Walk) -> None:
    """The agency's signature over it does not make one officer two; nor is one enough."""
    approved = expunged(walk)
    whole = approved.kept.read_bytes()
    kept_anew(walk, approved, lambda file: {**file, "signatures": [file["signatures"][0]] * 2})
    assert "the same officer signed twice" in the_fault(walk)

    approved.kept.write_bytes(whole)
    kept_anew(walk, approved, lambda file: {**file, "signatures": file["signatures"][:1]})
    assert "two are needed" in the_fault(walk)


def test_attack_an_officer_who_was_never_enrolled(walk: Walk) -> None:
    """Taken out of the list by hand, or never on it: nobody here can say whose key that is."""
    expunged(walk)
    listed = walk.homes[OWNER].officers / "officers.json"
    whole = listed.read_text(encoding="utf-8")
    listed.write_text(whole.replace(SECOND, "C. Cruz"), encoding="utf-8")
    assert "not enrolled here under this key" in the_fault(walk)

    other = signer("other", Algorithm.ED25519).public_key.raw
    keys = jsontext.load(whole.replace("\n", "").replace("  ", "").replace('": "', '":"').encode())
    assert isinstance(keys, dict)
    listed.write_bytes(jsontext.dump({**keys, SECOND: b64u(other)}))
    assert "not enrolled here under this key" in the_fault(walk)


def test_an_officer_who_left_since_does_not_spoil_what_they_signed(walk: Walk) -> None:
    """Their key signs no more and is kept: what it signed before its end verifies."""
    expunged(walk)
    walk.clock.now += DAY
    ended = command(walk, "officer", "end", SECOND, home=OWNER)
    listed = command(walk, "officer", "list", "--json", home=OWNER).json

    assert (ended.code, [*listed["officers"]], [*listed["ended"]]) == (Exit.DONE, [FIRST], [SECOND])
    assert inspected(walk)["approvals"][0]["good"]


def test_attack_an_officer_whose_key_had_ended(walk: Walk) -> None:
    """What bears their name from then on was signed by somebody else, whatever the list said for a moment."""
    session = walk.session(OWNER)
    first, second = hand(session, FIRST), hand(session, SECOND)
    home = walk.homes[OWNER]
    listed = home.officers / "officers.json"
    whole = listed.read_bytes()
    assert command(walk, "officer", "end", SECOND, home=OWNER).code == Exit.DONE
    gone = (home.officers / "ended.json").read_bytes()
    (home.officers / "ended.json").unlink()
    listed.write_bytes(whole)
    walk.clock.now += DAY
    do = order(walk)
    approved = keep_approval(session, approve_file(session, make_proposal(session, do, first), second))
    expunging.expunge(session, do, approved)
    (home.officers / "ended.json").write_bytes(gone)

    assert the_fault(walk) == f"the key of {SECOND} had ended before this was proposed"


def test_attack_signed_by_another_key_than_the_agencys_own(walk: Walk) -> None:
    """Neither a key that never was in the log, nor one that is for something else, nor another member's."""
    approved = expunged(walk)
    file = parse_kept(approved.kept.read_bytes()).file
    stranger = signer("stranger", Algorithm.ED25519)
    http, other = walk.keyring(OWNER).signer(Role.HTTP), walk.keyring(ASKER).signer(Role.SIGN)
    cases = (
        (stranger, KeyId(OWNER, 400), "was never a key of this log"),
        (stranger, walk.keyring(OWNER).signer(Role.SIGN).kid, "changed"),
        (http.signer, http.kid, "is no key that signs for this agency"),
        (other.signer, other.kid, "signed by another agency"),
    )
    for key, kid, words in cases:
        approved.kept.write_bytes(keep(file, agency=OWNER, signer=key, kid=kid))
        assert words in the_fault(walk)


def test_attack_an_approval_under_a_stolen_key(walk: Walk) -> None:
    """What the agency disputes as signed by a thief counts for nothing here either."""
    expunged(walk)
    session = walk.session(OWNER)
    session.stand()
    kid = walk.keyring(OWNER).signer(Role.SIGN).kid
    keychange.revoke(walk.session(OWNER), root(walk, OWNER), kids=[kid], since=1)

    assert "disputed" in the_fault(walk)


def test_attack_an_approval_under_a_key_that_came_later(walk: Walk) -> None:
    """A file made today for an act of last year bears a key of today."""
    approved = expunged(walk)
    file = parse_kept(approved.kept.read_bytes()).file
    walk.clock.now += DAY
    keychange.rotate(walk.session(OWNER), root(walk, OWNER))
    signing = walk.keyring(OWNER).signer(Role.SIGN)
    approved.kept.write_bytes(keep(file, agency=OWNER, signer=signing.signer, kid=signing.kid))

    assert the_fault(walk) == f"{signing.kid} was not in force when this was approved"


def test_attack_approved_after_it_was_done(walk: Walk) -> None:
    """An act that the witnesses saw before its proposal was not proposed first."""
    expunged(walk)
    (one,) = inspected(walk)["approvals"]
    walk.session(OWNER).replica.add(state={f"entry-time/{one['entry']}": walk.clock.now - 2 * DAY})

    assert the_fault(walk) == "it was carried out before it was proposed"


def test_attack_one_approval_copied_under_another_name(walk: Walk) -> None:
    """A file is one approval, under its own id."""
    approved = expunged(walk)
    approved.kept.with_name(f"{bytes(16).hex()}.json").write_bytes(approved.kept.read_bytes())
    said = inspected(walk, code=Exit.REFUSED)

    assert {one["file"]: one["good"] for one in said["approvals"]} == {
        approved.kept.name: True,
        f"{bytes(16).hex()}.json": False,
    }


def test_what_was_approved_and_never_carried_out_is_told(walk: Walk) -> None:
    """Killed in between, or the service refused: no fault, and no act."""
    agreed(walk.session(OWNER), order(walk))
    (one,) = inspected(walk)["approvals"]

    assert (one["good"], one["became"], one["entry"]) == (True, "unused", None)
    assert "never carried out from this home" in command(walk, "approvals", home=OWNER).output


def test_what_waits_in_the_outbox_is_told(walk: Walk) -> None:
    """An order that did not reach the service, and a letter before the full minute."""
    made, do = offer(walk), order(walk)
    session = walk.session(OWNER)
    letter = agreed(session, made.plan())
    write(session, letters_of(session, [made], approval=letter.proposal.id))
    assert [one["became"] for one in inspected(walk)["approvals"]] == ["waiting"]

    approved = agreed(session, do)
    with pytest.raises(UnreachableError):
        expunging.expunge(over(session, Flaky(walk.transport, paths.BATCHES, delivered=False)), do, approved)
    assert [one["became"] for one in inspected(walk)["approvals"]] == ["waiting", "waiting"]
    assert send_waiting(walk.session(OWNER)) is not None
    sync(walk, OWNER)
    assert sorted(one["became"] for one in inspected(walk)["approvals"]) == ["logged", "waiting"]


def test_what_nobody_could_be_sent_any_more_is_told(walk: Walk) -> None:
    """Its recipient left the charter before the full minute: used up, and never sent."""
    made = offer(walk, portion="item", to=THIRD)
    session = walk.session(OWNER)
    approved = agreed(session, made.plan())
    write(session, letters_of(session, [made], approval=approved.proposal.id))
    without = charters.propose_next(walk.charter_file, [], charters.Terms(removed=frozenset({THIRD})))
    pass_charter(walk, without, walk.charter_file)
    send_letters(session)

    (one,) = inspected(walk)["approvals"]
    assert (one["good"], one["became"]) == (True, "unsent")


def test_a_service_that_does_not_answer_is_no_fault_of_an_approval(walk: Walk) -> None:
    """Then nothing is said of any of them: exit 3."""
    expunged(walk)

    class Dead:
        def send(self, *_: object, **__: object) -> object:
            raise UnreachableError("the line is dead")

    said = command(walk, "approvals", "--json", home=OWNER, transport=Dead())  # type: ignore[arg-type]  # it answers nothing
    assert said.code == Exit.UNREACHABLE


def sent_list(walk: Walk) -> tuple[Imports, Path]:
    """Return the imports of the owner's desk, one of them sent as two officers agreed, and what is kept of that."""
    home, session = walk.homes[OWNER], walk.session(OWNER)
    text = to_toml(default_profile(OWNER, (ASKER,))).replace('"RESTRICTED"', '"SECRET"')
    save_profile(home, profile_from_toml(text))
    key = walk.keyring(OWNER).database_key()
    assert key is not None
    imports = Imports(open_database(home.desk, TABLES, key=key), clock=walk.clock)
    bench = bench_of(walk, OWNER, imports=imports)
    first, second = hand(session, FIRST), hand(session, SECOND)
    proposed = sign(bench, checked(bench), Officer(name=FIRST, signer=lambda: first.signer))
    approve(bench, proposed, Officer(name=SECOND, signer=lambda: second.signer))
    advance(bench)
    assert imports.get(proposed.number).state is State.DONE
    (path,) = home.approvals.iterdir()
    return imports, path


def test_a_list_is_held_against_its_import(walk: Walk) -> None:
    """How many records were approved, how many were logged, and where; the list itself is gone from the desk by then."""
    _, path = sent_list(walk)
    (one,) = inspected(walk)["approvals"]

    assert (one["file"], one["kind"], one["planned"], one["records"]) == (path.name, "submit", 2, 2)
    assert (one["became"], one["proposed_by"], one["approved_by"]) == ("logged", FIRST, SECOND)
    assert "list         2 records that others may read" in command(walk, "approvals", home=OWNER).output


def test_attack_a_list_without_its_approval(walk: Walk) -> None:
    """The desk knows that two had to agree, and the folder has nothing of it."""
    _, path = sent_list(walk)
    path.unlink()
    (one,) = inspected(walk, code=Exit.REFUSED)["missing"]

    assert (one["kind"], one["records"]) == ("submit", 2)


def test_attack_a_list_of_more_records_than_were_approved(walk: Walk) -> None:
    """Or one whose batch is not this agency's: what the desk says went out is held against what was signed, and the log."""
    imports, _ = sent_list(walk)
    (one,) = imports.proposed()
    engine = imports._engine  # as whoever has the key of the file could
    for receipt, words in (
        ({**one.receipt, "records": 3}, "not the one that was approved"),
        ({**one.receipt, "batches": [{"index": 0}]}, "no batch of this agency"),
    ):
        with engine.begin() as connection:
            connection.execute(update(IMPORT).values(receipt=json.dumps(receipt)))
        assert words in the_fault(walk)


def test_a_list_that_the_desk_knows_nothing_of_is_told(walk: Walk) -> None:
    """A desk begun anew: its approval is still good, and what was sent under it nobody can say."""
    sent_list(walk)
    for path in walk.homes[OWNER].path.glob("desk.sqlite*"):
        path.unlink()
    (one,) = inspected(walk)["approvals"]

    assert (one["good"], one["became"]) == (True, "unused")

"""A membership lives: keys rotate, are stolen, roots are renewed, the log's own keys change, records are expunged."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from clients import auditing, charters, expunging, keychange, newroot
from clients.agency import parse_enrolment
from clients.authority import Authority
from clients.chain import make_batch, send_waiting
from clients.epochs import sealing_keys
from clients.errors import HomeError, ListError, NotPermittedError, TrustError, UnreachableError
from clients.keyring import Keyring
from clients.service import Service
from clients.session import Session, load_profile
from clients.sources import FolderLog
from clients.syncing import Sync, SyncReport
from clients.transport import Request, Response, Transport
from clients.trust import Trust
from ledger import fingerprints
from ledger.audit import Verdict
from ledger.errors import BusyError, MalformedError, QuotaError, StaleEpochError
from ledger.expunges import Why
from ledger.identifiers import KeyId, StatementName
from ledger.keyentries import build_key_entry
from ledger.kinds import Role
from ledger.labels import Level
from ledger.submissions import Depth
from ledger.terms import Limits
from ledger.wire import paths
from server.exporting import export
from server.keys import open_keys
from server.rotation import prepare_successor
from tests.support.lists import submit_rows
from tests.support.loopback import ORIGIN, PHRASE, WEAK, Walk, found_consortium

OWNER, PARTNER, THIRD = "xar-arms", "xbe-cib", "xco-npa"
MEMBERS = (OWNER, PARTNER, THIRD)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give three agencies around a real service with one record in it, closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), *MEMBERS)
    submit_rows(found.session(OWNER), [{"make": "Colt", "serial": "LIFE1"}])
    found.close()
    return found


@pytest.fixture
def walk(founded: Walk, tmp_path: Path) -> Iterator[Walk]:
    """Give a copy of the founded consortium, open."""
    found = founded.copy_to(tmp_path / "copy")
    yield found
    found.close()


def root(walk: Walk, agency: str) -> Keyring:
    """Return an agency's root keys."""
    return Keyring.open(walk.homes[agency].root_keystore, passphrase=PHRASE, allow_weak=True)


def quiet(_done: int, _total: int) -> None:
    """Tell nobody how far it is."""


def sync(walk: Walk, agency: str, *, full: bool = False) -> SyncReport:
    """Sync an agency's home."""
    run = Sync(walk.session(agency), progress=quiet)
    return run.in_full() if full else run.by_feed()


def submit(walk: Walk, serial: str) -> None:
    """Log one more record of the owner."""
    assert submit_rows(walk.session(OWNER), [{"make": "Colt", "serial": serial}]).records == 1


def pass_charter(walk: Walk, proposal: bytes, previous: bytes, *keyrings: Keyring) -> bytes:
    """Sign a proposal with every root of today and more keyrings, log it, return the file."""
    file = charters.sign(proposal, *keyrings, previous=previous) if keyrings else proposal
    for agency in MEMBERS:
        if walk.homes[agency].root_keystore.exists():
            file = charters.sign(file, root(walk, agency), previous=previous)
    charters.submit(Service(walk.transport), file)
    return file


class Flaky:
    """A network that loses one answer, or one request, to a path."""

    def __init__(self, inner: Transport, path: str, *, delivered: bool) -> None:
        """Take the real one, and what is to be lost."""
        self._inner = inner
        self._path = path
        self._delivered = delivered

    def send(self, request: Request, *, limit: int) -> Response:
        """Lose what is to be lost."""
        if request.path == self._path and request.method == "POST":
            if self._delivered:
                self._inner.send(request, limit=limit)
            raise UnreachableError("the line is dead")
        return self._inner.send(request, limit=limit)


def over(session: Session, transport: Transport) -> Session:
    """Return the session over another network; key entries carry no request signature."""
    signer = session.service._signer
    return replace(session, service=Service(transport, signer=signer))


# Keys


def test_rotated_keys_are_used_and_old_seeds_destroyed(walk: Walk) -> None:
    """All four roles have new numbers; only the seed that opens old boxes is kept."""
    before = {key.kid: key.role for key in walk.keyring(OWNER).public_keys()}

    changed = keychange.rotate(walk.session(OWNER), root(walk, OWNER))

    after = {key.kid: key.role for key in walk.keyring(OWNER).public_keys()}
    assert [(key.kid.number, key.role) for key in changed.added] == [
        (8, Role.SIGN), (9, Role.BATCH), (10, Role.HTTP), (11, Role.HPKE)
    ]  # fmt: skip
    assert set(changed.ended) == set(before)
    assert [kid.number for kid in before if kid in after] == [7]
    assert walk.keyring(OWNER).pending() == ()
    submit(walk, "LIFE2")
    assert sync(walk, PARTNER).records == 2


def test_one_role_can_be_rotated_alone(walk: Walk) -> None:
    """The others go on as they are."""
    changed = keychange.rotate(walk.session(OWNER), root(walk, OWNER), [Role.HTTP])

    assert [str(kid) for kid in changed.ended] == [f"{OWNER}#6"]
    assert walk.keyring(OWNER).signer(Role.SIGN).kid == KeyId(OWNER, 4)
    assert walk.keyring(OWNER).signer(Role.HTTP).kid == KeyId(OWNER, 8)


@pytest.mark.parametrize("delivered", [True, False], ids=["answer lost", "request lost"])
def test_a_rotation_that_lost_its_answer_is_finished(walk: Walk, *, delivered: bool) -> None:
    """The same entry is sent again to the byte; until it is proved, the old keys stay in use."""
    session = over(walk.session(OWNER), Flaky(walk.transport, paths.KEYS, delivered=delivered))
    with pytest.raises(UnreachableError):
        keychange.rotate(session, root(walk, OWNER), [Role.SIGN])
    entry = walk.homes[OWNER].key_entry.read_bytes()
    assert walk.keyring(OWNER).signer(Role.SIGN).kid == KeyId(OWNER, 4)
    assert [key.kid for key in walk.keyring(OWNER).pending()] == [KeyId(OWNER, 8)]

    changed = keychange.resume(walk.session(OWNER))

    assert changed is not None
    assert Service(walk.transport, signer=session.service._signer).entry(changed.index).entry == entry
    assert walk.keyring(OWNER).signer(Role.SIGN).kid == KeyId(OWNER, 8)
    assert keychange.resume(walk.session(OWNER)) is None
    submit(walk, "LIFE2")


def test_a_rotation_finishes_the_one_before(walk: Walk) -> None:
    """A command that is run again goes on where it stopped, then does what it was asked."""
    session = over(walk.session(OWNER), Flaky(walk.transport, paths.KEYS, delivered=True))
    with pytest.raises(UnreachableError):
        keychange.rotate(session, root(walk, OWNER), [Role.SIGN])

    changed = keychange.rotate(walk.session(OWNER), root(walk, OWNER), [Role.SIGN])

    assert ([key.kid.number for key in changed.added], changed.ended) == ([9], (KeyId(OWNER, 8),))


def test_a_refused_entry_is_forgotten(walk: Walk) -> None:
    """After the fifth change of a day nothing waits: tomorrow's entry is signed anew."""
    for _ in range(4):
        keychange.rotate(walk.session(OWNER), root(walk, OWNER), [Role.BATCH])

    with pytest.raises(QuotaError):
        keychange.rotate(walk.session(OWNER), root(walk, OWNER), [Role.BATCH])
    assert not walk.homes[OWNER].key_entry.exists()
    walk.clock.advance(86_400)
    assert [key.kid.number for key in keychange.rotate(walk.session(OWNER), root(walk, OWNER), [Role.BATCH]).added] == [
        12
    ]


def test_a_busy_service_keeps_the_entry_waiting(walk: Walk) -> None:
    """Try again is no refusal."""

    class Busy:
        def send(self, request: Request, *, limit: int) -> Response:
            """Be busy for keys."""
            if request.path != paths.KEYS:
                return walk.transport.send(request, limit=limit)
            body = {"type": "/problems/busy", "title": "t", "status": 503, "detail": "d", "next": "n"}
            return Response(
                status=503, content_type=paths.PROBLEM_TYPE, body=json.dumps(body, separators=(",", ":")).encode()
            )

    with pytest.raises(BusyError):
        keychange.rotate(over(walk.session(OWNER), Busy()), root(walk, OWNER), [Role.SIGN])
    assert walk.homes[OWNER].key_entry.exists()


def test_another_agencys_root_signs_nothing_here(walk: Walk) -> None:
    """A root keystore that the charter does not name for this home is refused before anything is sent."""
    with pytest.raises(HomeError, match="not the one the charter names"):
        keychange.rotate(walk.session(OWNER), root(walk, PARTNER))
    assert not walk.homes[OWNER].key_entry.exists()


def test_a_revoked_hpke_key_ends_epochs_and_is_replaced(walk: Walk) -> None:
    """Whoever seals for that agency opens a new epoch, for the key that came with the revocation."""
    stolen = walk.keyring(PARTNER).public_keys()[-1].kid
    changed = keychange.revoke(walk.session(PARTNER), root(walk, PARTNER), [stolen], since=1)
    submit(walk, "LIFE2")
    session = walk.session(PARTNER)
    Sync(session, progress=quiet).by_feed()

    assert (changed.ended, [key.role for key in changed.added]) == ((stolen,), [Role.HPKE])
    assert [record.ep for record in session.replica.records()] == [1, 2]


def test_a_revoked_sign_key_disputes_what_it_signed(walk: Walk) -> None:
    """What stands is valid by its place, and marked for whoever asks."""
    sign = walk.keyring(OWNER).signer(Role.SIGN).kid
    keychange.revoke(walk.session(OWNER), root(walk, OWNER), [sign], since=2)
    standing = walk.session(PARTNER).stand()
    standing.authority.catch_up(OWNER)

    membership = standing.authority.membership
    assert [membership.disputed(sign, index) for index in (1, 2, 5)] == [False, True, True]
    submit(walk, "LIFE2")


@pytest.mark.parametrize("kids", [[], [KeyId(OWNER, 1)], [KeyId(PARTNER, 4)], [KeyId(OWNER, 99)]])
def test_only_own_working_keys_are_revoked(walk: Walk, kids: Sequence[KeyId]) -> None:
    """Roots change by charter alone, others' keys by others."""
    with pytest.raises(HomeError, match="not a working key"):
        keychange.revoke(walk.session(OWNER), root(walk, OWNER), kids, since=None)


def test_a_waiting_batch_of_an_ended_key_is_dropped(walk: Walk) -> None:
    """Statements of a key that ended can never be logged: the rows are sealed again, not the batch around them."""
    session = walk.session(OWNER)
    standing = session.stand()
    order = expunging.make_order(next_name(walk), why="error", officers=["A", "B"])
    from ledger.expunges import build_expunge  # noqa: PLC0415

    signing = standing.signing_key(Role.SIGN)
    statement = build_expunge(signer=signing.signer, kid=signing.kid, iat=1, of=order.name.jti, why=Why.ERROR)
    session.outbox.put(make_batch(standing, [statement]))
    entry = build_key_entry(
        iss=OWNER, iat=1, origin=ORIGIN, prev=0, roots=root(walk, OWNER).roots(), end=[signing.kid], since=1
    )
    session.service.submit_key(entry)

    with pytest.raises(StaleEpochError, match="seal them again"):
        send_waiting(session)
    assert session.outbox.waiting() is None


def next_name(walk: Walk) -> StatementName:
    """Return the name of the owner's first record."""
    session = walk.session(OWNER)
    Sync(session, progress=quiet).by_feed()
    return next(session.replica.records()).name


def test_an_epoch_goes_on_over_keys_that_seal_nothing(walk: Walk) -> None:
    """A recipient's new sign key needs neither a new epoch nor a repeat."""
    keychange.rotate(walk.session(PARTNER), root(walk, PARTNER), [Role.SIGN, Role.BATCH, Role.HTTP])
    submit(walk, "LIFE2")
    session = walk.session(THIRD)
    Sync(session, progress=quiet).by_feed()

    assert [record.ep for record in session.replica.records()] == [1, 1]
    assert len(session.replica.grants(OWNER, 1)) == 1


def test_a_repeat_is_logged_once(walk: Walk) -> None:
    """After one repeat for a rotated key the epoch is whole again: the next list brings no further one."""
    keychange.rotate(walk.session(PARTNER), root(walk, PARTNER), [Role.HPKE])
    session = walk.session(OWNER)
    profile = load_profile(session.home, session.refresh().charter)
    sizes = []
    for _ in range(3):
        assert sealing_keys(session.stand(), profile).ep == 1
        sizes.append(session.refresh().checkpoint.size)

    assert sizes[0] == sizes[1] == sizes[2]
    partner = walk.session(PARTNER)
    assert Sync(partner, progress=quiet).by_feed().refused == {}


# A new root


def renew(walk: Walk, agency: str = PARTNER) -> tuple[bytes, bytes]:
    """Draw a new root for an agency; return the proposal that names it and the charter before."""
    request = newroot.draw(walk.session(agency), passphrase=PHRASE, cost=WEAK)
    return charters.propose_next(walk.charter_file, [parse_enrolment(request)], charters.Terms()), walk.charter_file


def next_root(walk: Walk, agency: str = PARTNER) -> Keyring:
    """Return the new root keys that wait."""
    return Keyring.open(walk.homes[agency].next_root_keystore, passphrase=PHRASE, allow_weak=True)


def adopt(walk: Walk, agency: str = PARTNER) -> newroot.NewRoot:
    """Take a new root into use, without a request signature."""
    home, service = walk.homes[agency], Service(walk.transport)
    view = Trust(home.trusted).refresh(service)
    session = walk.session(agency)
    authority = Authority(view, service=service, replica=session.replica)
    return newroot.adopt(
        home, walk.keyring(agency), next_root=next_root(walk, agency), membership=authority.membership,
        size=view.checkpoint.size,
    )  # fmt: skip


def test_a_new_root_ends_all_older_keys(walk: Walk) -> None:
    """By charter every key is another one; old boxes still open, nothing else of the old keys is left."""
    proposal, previous = renew(walk)
    pass_charter(walk, proposal, previous, next_root(walk))
    with pytest.raises(NotPermittedError, match="not a key in force"):
        sync(walk, PARTNER)

    adopted = adopt(walk)

    home = walk.homes[PARTNER]
    assert [kid.number for kid in adopted.kids] == [8, 9]
    assert (home.path / adopted.retired).exists()
    assert not home.next_root_keystore.exists()
    assert [key.kid.number for key in walk.keyring(PARTNER).public_keys()] == [7, 11, 12, 13, 14]
    submit(walk, "LIFE2")
    assert sync(walk, PARTNER).records == 2
    assert keychange.rotate(walk.session(PARTNER), root(walk, PARTNER), [Role.SIGN]).added[0].kid == KeyId(PARTNER, 15)


def test_a_new_root_without_the_old_one(walk: Walk) -> None:
    """An agency that lost its root is let back in by a threshold of the others and its new root."""
    proposal, previous = renew(walk)
    walk.homes[PARTNER].root_keystore.unlink()

    pass_charter(walk, proposal, previous, next_root(walk))

    adopt(walk)
    assert sync(walk, PARTNER).records == 1


def test_a_charter_without_the_new_roots_signature_is_refused(walk: Walk) -> None:
    """Nobody is given a root that it did not sign with."""
    proposal, previous = renew(walk)

    with pytest.raises(Exception, match="not signed with both roots"):
        pass_charter(walk, proposal, previous)


def test_a_new_root_is_adopted_when_a_charter_names_it(walk: Walk) -> None:
    """Before that it is a file; the old keys go on."""
    renew(walk)

    with pytest.raises(HomeError, match="does not name the new root"):
        adopt(walk)
    assert sync(walk, PARTNER).records == 1


def test_an_interrupted_adoption_is_finished(walk: Walk) -> None:
    """A crash after the first file was moved destroys nothing that is still needed."""
    proposal, previous = renew(walk)
    pass_charter(walk, proposal, previous, next_root(walk))
    kept = walk.homes[PARTNER].next_root_keystore.read_bytes()
    adopt(walk)
    home = walk.homes[PARTNER]
    home.root_keystore.unlink()
    home.next_root_keystore.write_bytes(kept)
    home.next_root_keystore.chmod(0o600)

    adopt(walk)

    assert [key.kid.number for key in walk.keyring(PARTNER).public_keys()] == [7, 11, 12, 13, 14]
    assert [key.kid.number for key in root(walk, PARTNER).public_keys()] == [8, 9, 10]
    sync(walk, PARTNER)


# Proposals


def test_a_next_charter_leaves_as_it_was_what_it_does_not_say(walk: Walk) -> None:
    """Limits, log keys, url, ceilings, roles and the kind of threshold carry over."""
    before = charters.read(walk.charter_file)
    terms = charters.Terms(ceilings={PARTNER: Level.RESTRICTED}, read_only=frozenset({THIRD}))

    after = charters.read(charters.propose_next(walk.charter_file, [], terms))

    assert (after.ver, after.prev) == (2, fingerprints.of_file(walk.charter_file))
    assert (after.limits, after.log, after.url, after.threshold) == (before.limits, before.log, before.url, 2)
    assert [(one.ceiling, one.roles) for one in after.agencies] == [
        (Level.SECRET, ("submit", "read")), (Level.RESTRICTED, ("submit", "read")), (Level.SECRET, ("read",))
    ]  # fmt: skip
    assert {key.role for one in after.agencies for key in one.keys} == {Role.ROOT, Role.RECOVERY}


@pytest.mark.parametrize(
    ("chosen", "removed", "expected"), [(None, set(), 2), (None, {THIRD}, 2), (3, set(), 3), (3, {THIRD}, 2)]
)
def test_a_chosen_threshold_stays_as_far_as_members_allow(
    walk: Walk, chosen: int | None, removed: set[str], expected: int
) -> None:
    """A majority stays a majority; more than that stays what was agreed, and never more than all."""
    first = charters.propose_next(walk.charter_file, [], charters.Terms(threshold=chosen))
    file = charters.sign(first, root(walk, OWNER), previous=walk.charter_file)

    following = charters.read(charters.propose_next(file, [], charters.Terms(removed=frozenset(removed))))

    assert following.threshold == expected


@pytest.mark.parametrize(
    "terms",
    [
        charters.Terms(removed=frozenset({"xzz-none"})),
        charters.Terms(ceilings={"xzz-none": Level.SECRET}),
        charters.Terms(read_only=frozenset({"xzz-none"})),
    ],
)
def test_a_proposal_about_nobody_is_refused(walk: Walk, terms: charters.Terms) -> None:
    """A misspelt name must not look like a removal that was done."""
    with pytest.raises(ListError, match="no member of that id"):
        charters.propose_next(walk.charter_file, [], terms)


def test_a_root_that_has_no_say_signs_nothing(walk: Walk, tmp_path: Path) -> None:
    """A stranger's keyring is refused before a file is written that nobody could use."""
    stranger = found_consortium(tmp_path, "xzz-none")
    stranger.close()
    proposal = charters.propose_next(walk.charter_file, [], charters.Terms(limits=Limits(entries="open")))

    with pytest.raises(MalformedError, match="no root key of this home"):
        charters.sign(proposal, root(stranger, "xzz-none"), previous=walk.charter_file)


# The log's own keys


def prepare_log_keys(walk: Walk) -> bytes:
    """Give the service a second generation, and return the proposal that names it."""
    walk.close()
    raw = prepare_successor(walk.config, passphrase=PHRASE, allow_weak=True)
    walk.keys = open_keys(walk.config.keystore, passphrase=PHRASE, allow_weak=True)
    walk.start()
    return charters.propose_next(walk.charter_file, [], charters.Terms(), service=charters.parse_service(raw))


class Cut:
    """A service that answers one path with what it likes."""

    def __init__(self, walk: Walk, path: str, answer: bytes | None) -> None:
        """Take the service, and what it says of `path`; None is not found."""
        self._walk, self._path, self._answer = walk, path, answer

    def send(self, request: Request, *, limit: int) -> Response:
        """Answer."""
        if request.path != self._path:
            return self._walk.transport.send(request, limit=limit)
        if self._answer is None:
            return self._walk.transport.send(replace(request, path="/v1/checkpoints/999"), limit=limit)
        return Response(status=200, content_type=paths.TEXT_TYPE, body=self._answer)


def handed_over(walk: Walk) -> int:
    """Pass the log to its next keys, log something under them, and return the charter's index."""
    pass_charter(walk, prepare_log_keys(walk), walk.charter_file)
    index = walk.session(OWNER).refresh().charters[-1].index
    submit(walk, "LIFE2")
    return index


def test_a_home_follows_the_log_to_its_next_keys(walk: Walk) -> None:
    """A member who was away during all of it believes the new keys because the old ones handed over."""
    handed_over(walk)

    assert sync(walk, PARTNER).records == 2
    assert sync(walk, PARTNER, full=True).left_out == ()


def test_a_service_that_cannot_show_the_handover_is_not_believed(walk: Walk) -> None:
    """New keys that only the members named could sign any log: nothing of it is taken over."""
    index = handed_over(walk)
    trust = walk.session(PARTNER).trust
    before = trust.note()

    with pytest.raises(TrustError, match="did not sign its handover"):
        trust.refresh(Service(Cut(walk, paths.handover(index), None)))
    assert trust.note() == before
    assert len(trust.charters()) == 1


def test_a_handover_by_the_new_keys_alone_is_not_believed(walk: Walk) -> None:
    """Any later checkpoint is signed by the new keys: shown as the handover, it proves nothing."""
    index = handed_over(walk)
    newest = Service(walk.transport).checkpoint()

    with pytest.raises(TrustError, match="did not sign its handover"):
        walk.session(PARTNER).trust.refresh(Service(Cut(walk, paths.handover(index), newest)))


def test_the_old_keys_sign_nothing_after_the_handover(walk: Walk) -> None:
    """A checkpoint under retired keys, of a tree that holds the charter, is refused."""
    from ledger.checkpoints import Checkpoint, sign_checkpoint  # noqa: PLC0415

    old = walk.keys
    handed_over(walk)
    view = walk.session(OWNER).refresh()
    stale = sign_checkpoint(
        Checkpoint(origin=ORIGIN, size=view.checkpoint.size, root=view.checkpoint.root),
        ed25519=old.ed25519, ml_dsa_44=old.ml_dsa_44,
    )  # fmt: skip

    with pytest.raises(Exception, match=r"no known key|key of the log"):
        walk.session(PARTNER).trust.refresh(Service(Cut(walk, paths.CHECKPOINT, stale)))


def audit(walk: Walk, files: auditing.LogFiles) -> auditing.Audit:
    """Audit a log under the walk's pin."""
    return auditing.audit(files, fingerprint=walk.fingerprint, depth=Depth.RECORDS, known=None, progress=quiet)


def test_an_audit_follows_the_log_to_its_next_keys(walk: Walk, tmp_path: Path) -> None:
    """From the service and from a folder, with an old checkpoint in hand too."""
    known = Service(walk.transport).checkpoint()
    handed_over(walk)
    export(walk.config.database, output=tmp_path / "mirror")

    for files in (Service(walk.transport), FolderLog(tmp_path / "mirror")):
        done = auditing.audit(files, fingerprint=walk.fingerprint, depth=Depth.RECORDS, known=known, progress=quiet)
        assert (done.charters, done.report.findings, done.report.verdict) == (2, (), Verdict.UNWITNESSED)


def test_an_audit_names_a_handover_that_is_missing(walk: Walk, tmp_path: Path) -> None:
    """A mirror without the old keys' last word fails the audit, at the charter."""
    index = handed_over(walk)
    export(walk.config.database, output=tmp_path / "mirror")
    (tmp_path / "mirror" / paths.handover(index).lstrip("/")).unlink()

    report = audit(walk, FolderLog(tmp_path / "mirror")).report

    assert [(finding.index, finding.check) for finding in report.findings] == [(index, "charter/handover")]
    assert report.verdict is Verdict.FAILED


# Expungement


def expunge(walk: Walk, name: StatementName) -> None:
    """Expunge a record of the owner, and sync its home."""
    session = walk.session(OWNER)
    expunging.expunge(session, expunging.make_order(name, why="law", officers=["A. Abiola", "B. Berg"]))
    Sync(session, progress=quiet).by_feed()


def file_bytes(walk: Walk, agency: str) -> bytes:
    """Return every byte of a replica."""
    path = walk.homes[agency].replica
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.name}*")))


def test_an_expunged_record_goes_at_its_originator_and_at_whoever_syncs(walk: Walk) -> None:
    """No byte of its words is left in either replica, and the other record is untouched."""
    submit(walk, "STAYS7777")
    name = next_name(walk)
    sync(walk, PARTNER)
    assert b"LIFE1" in file_bytes(walk, PARTNER)

    expunge(walk, name)
    report = sync(walk, PARTNER)

    assert (report.expunged, report.refused) == (1, {})
    for agency in (OWNER, PARTNER):
        assert b"LIFE1" not in file_bytes(walk, agency)
        assert b"STAYS7777" in file_bytes(walk, agency)
        session = walk.session(agency)
        assert (session.replica.find(name), session.replica.count()) == (None, 1)
        assert session.replica.expunged() == {name: "law"}


def test_a_home_that_comes_late_refuses_nothing(walk: Walk) -> None:
    """Whoever never had the record finds the order behind it: a missing ciphertext is then no complaint."""
    name = next_name(walk)
    expunge(walk, name)

    for full in (False, True):
        report = sync(walk, THIRD, full=full)
        assert (report.refused, report.left_out) == ({}, ())
    assert walk.session(THIRD).replica.count() == 0


def test_an_expunged_record_does_not_come_back_by_a_full_sync(walk: Walk) -> None:
    """A service that kept the ciphertext and serves it on is not asked for it."""
    name = next_name(walk)
    sync(walk, PARTNER)
    expunge(walk, name)
    sync(walk, PARTNER)

    report = sync(walk, PARTNER, full=True)

    assert (report.records, report.refused) == (0, {})
    assert walk.session(PARTNER).replica.find(name) is None


def test_a_ciphertext_that_is_withheld_without_an_order_is_reported(walk: Walk) -> None:
    """Only its originator's word excuses a missing ciphertext."""
    with sqlite3.connect(walk.config.database) as connection:
        connection.execute("DELETE FROM blobs WHERE place = 'item'")
    connection.close()

    assert list(sync(walk, PARTNER).refused.values()) == ["item: its ciphertext is no longer kept, or not given to us"]


def test_the_two_officers_are_written_down_before_anything_is_sent(walk: Walk) -> None:
    """Whatever becomes of the order, the home knows who gave it."""
    name = next_name(walk)
    session = over(walk.session(OWNER), Flaky(walk.transport, paths.BATCHES, delivered=False))
    order = expunging.make_order(name, why="safety", officers=["A. Abiola", " B.  Berg "])

    with pytest.raises(UnreachableError):
        expunging.expunge(session, order)
    line = json.loads(walk.homes[OWNER].expungements.read_text(encoding="utf-8"))
    assert (line["record"], line["why"], line["officers"]) == (str(name), "safety", ["A. Abiola", "B. Berg"])
    assert send_waiting(walk.session(OWNER)) is not None
    assert sync(walk, PARTNER).expunged == 1


@pytest.mark.parametrize("officers", [[], ["A"], ["A", "a"], ["A", " a "], ["A", ""], ["A", "B", "C"]])
def test_one_officer_is_not_two(officers: Sequence[str]) -> None:
    """One person, however often or differently spelled, orders nothing."""
    with pytest.raises(NotPermittedError, match="two officers"):
        expunging.make_order(StatementName(OWNER, bytes(16)), why="law", officers=officers)


def test_an_order_has_a_ground_and_readable_names() -> None:
    """What goes into the journal can be read back by anybody."""
    name = StatementName(OWNER, bytes(16))
    with pytest.raises(HomeError, match="ground"):
        expunging.make_order(name, why="whim", officers=["A", "B"])
    with pytest.raises(HomeError, match="one line"):
        expunging.make_order(name, why="law", officers=["A", "B\u202e"])


def test_only_the_originator_expunges(walk: Walk) -> None:
    """A partner is told whom to ask."""
    name = next_name(walk)
    order = expunging.make_order(name, why="law", officers=["A", "B"])

    with pytest.raises(NotPermittedError, match="originator"):
        expunging.expunge(walk.session(PARTNER), order)

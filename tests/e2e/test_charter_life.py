"""The next charter is proposed, an agency takes a new root, the log takes new keys, and everybody follows or refuses."""

from dataclasses import replace
from pathlib import Path

import pytest

from clients import auditing, charters, keychange, newroot
from clients.agency import parse_enrolment
from clients.authority import Authority
from clients.errors import HomeError, ListError, NotPermittedError, TrustError
from clients.keyring import Keyring
from clients.service import Service
from clients.sources import FolderLog
from clients.transport import Request, Response
from clients.trust import Trust
from ledger import fingerprints
from ledger.audit import Verdict
from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.errors import MalformedError
from ledger.identifiers import KeyId
from ledger.kinds import Role
from ledger.labels import Level
from ledger.submissions import Depth
from ledger.terms import Limits
from ledger.wire import paths
from server.exporting import export
from tests.support.charterlife import (
    OWNER,
    PARTNER,
    THIRD,
    found_members,
    pass_charter,
    prepare_log_keys,
    quiet,
    root,
    submit,
    sync,
)
from tests.support.loopback import ORIGIN, PHRASE, WEAK, Walk, found_consortium


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give three agencies around a real service with one record in it, closed: a template to copy."""
    return found_members(tmp_path_factory.mktemp("founded"))


def renew(walk: Walk, agency: str = PARTNER) -> tuple[bytes, bytes]:
    """Draw a new root for an agency; return the proposal that names it and the charter before."""
    request = newroot.draw(walk.session(agency).stand(), passphrase=PHRASE, working=PHRASE, cost=WEAK)
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


def test_a_root_that_is_drawn_again_loses_none_that_a_charter_names(walk: Walk) -> None:
    """Drawn twice, and the charter of the first request is logged: its keys are in the home still, and are adopted."""
    proposal, previous = renew(walk)
    first = next_root(walk)
    renew(walk)
    renew(walk)
    pass_charter(walk, proposal, previous, first)
    home = walk.homes[PARTNER]
    with pytest.raises(HomeError, match="does not name the new root") as refused:
        adopt(walk)
    assert "drawn before (root.keystore.next.1, root.keystore.next.2)" in refused.value.next_step

    (home.path / "root.keystore.next.1").replace(home.next_root_keystore)
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


class Cut:
    """A service that answers one path with what it likes."""

    def __init__(self, walk: Walk, path: str, answer: bytes | None) -> None:
        """Take the service, and what it says of `path`; None is not found."""
        self._walk, self._path, self._answer = walk, path, answer

    def send(self, request: Request, *, limit: int) -> Response:
        """Answer."""
        if request.target != self._path:
            return self._walk.transport.send(request, limit=limit)
        if self._answer is None:
            return self._walk.transport.send(replace(request, query="index=999"), limit=limit)
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

    with pytest.raises(TrustError, match="did not vouch for its handover"):
        trust.refresh(Service(Cut(walk, f"{paths.FIRST_CHECKPOINT}?index={index}", None)))
    assert trust.note() == before
    assert len(trust.charters()) == 1


def test_a_handover_by_the_new_keys_alone_is_not_believed(walk: Walk) -> None:
    """Any later checkpoint is signed by the new keys: shown as the handover, it proves nothing."""
    index = handed_over(walk)
    newest = Service(walk.transport).checkpoint()

    with pytest.raises(TrustError, match="did not vouch for its handover"):
        walk.session(PARTNER).trust.refresh(Service(Cut(walk, f"{paths.FIRST_CHECKPOINT}?index={index}", newest)))


def test_the_old_keys_sign_nothing_after_the_handover(walk: Walk) -> None:
    """A checkpoint under retired keys, of a tree that holds the charter, is refused."""
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
    return auditing.audit(files, fingerprint=walk.fingerprint, depth=Depth.RECORDS, progress=quiet)


def test_an_audit_follows_the_log_to_its_next_keys(walk: Walk, tmp_path: Path) -> None:
    """From the service and from a folder, with an old checkpoint in hand too."""
    known = Service(walk.transport).checkpoint()
    handed_over(walk)
    export(walk.config.database, output=tmp_path / "mirror")

    for files in (Service(walk.transport), FolderLog(tmp_path / "mirror")):
        done = auditing.audit(
            files,
            fingerprint=walk.fingerprint,
            depth=Depth.RECORDS,
            earlier=auditing.Earlier(known=known),
            progress=quiet,
        )
        assert (done.charters, done.report.findings, done.report.verdict) == (2, (), Verdict.UNWITNESSED)


def test_an_audit_names_a_handover_that_is_missing(walk: Walk, tmp_path: Path) -> None:
    """A mirror without the old keys' last word fails the audit, at the charter."""
    index = handed_over(walk)
    export(walk.config.database, output=tmp_path / "mirror")
    (tmp_path / "mirror" / paths.handover_file(index).lstrip("/")).unlink()

    report = audit(walk, FolderLog(tmp_path / "mirror")).report

    assert [(finding.index, finding.check) for finding in report.findings] == [(index, "charter/handover")]
    assert report.verdict is Verdict.FAILED

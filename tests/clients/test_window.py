"""A home whose service is honest and whose log's witnesses are slow: it waits, or says so, and accuses nobody."""

from dataclasses import replace

import pytest

from clients import charters
from clients.auditing import audit
from clients.errors import StaleError, UnreachableError
from clients.service import Service
from clients.session import Session
from clients.talk.confirming import write_receipts
from clients.talk.sending import letter, send_letters, write
from ledger.errors import StaleKeysError
from ledger.submissions import Depth
from ledger.terms import Limits
from ledger.wire import paths
from tests.support.charterlife import Flaky, over, quiet, root, sync
from tests.support.lists import submit_rows
from tests.support.loopback import Walk, found_consortium
from tests.support.talks import trace
from tests.support.window import Window

OWNER, PARTNER = "xar-arms", "xbe-cib"
FIRST, SECOND = {"make": "Colt", "serial": "AB12345"}, {"make": "Colt", "serial": "AB12346"}


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give two agencies and one record, closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, PARTNER)
    assert submit_rows(found.session(OWNER), [FIRST]).records == 1
    found.close()
    return found


@pytest.fixture
def window(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> Window:
    """Give what holds the moment between durable and published open."""
    return Window(walk, monkeypatch)


def patient(session: Session, window: Window) -> Session:
    """Return a session that finds everything shown once it has waited."""
    return replace(session, world=replace(session.world, sleep=lambda _seconds: window.show()))


def pass_charter(walk: Walk) -> None:
    """Log the next charter, signed by both."""
    terms = charters.Terms(limits=Limits(entries="open", lookups=77))
    service = charters.parse_service(walk.config.service.read_bytes())
    file = charters.propose_next(walk.charter_file, [], terms, service=service)
    for agency in (OWNER, PARTNER):
        file = charters.sign(file, root(walk, agency), previous=walk.charter_file)
    charters.submit(Service(walk.transport), file)


def test_a_batch_waits_for_a_charter_that_is_not_shown_yet(walk: Walk, window: Window) -> None:
    """The service judges by it, and the agency cannot know it before its witnesses have cosigned it."""
    session = patient(walk.session(OWNER), window)
    window.hold()
    pass_charter(walk)

    assert submit_rows(session, [SECOND]).records == 1


def test_a_charter_that_is_never_shown_keeps_the_batch_in_the_outbox(walk: Walk, window: Window) -> None:
    """It is tried five times; then it is said what the service answered, and nothing is lost."""
    session = walk.session(OWNER)
    window.hold()
    pass_charter(walk)

    with pytest.raises(StaleKeysError):
        submit_rows(session, [SECOND])
    assert session.outbox.waiting() is not None


def test_an_end_of_the_chain_that_is_not_shown_is_no_lie(walk: Walk, window: Window) -> None:
    """A home that lost its outbox waits for the log; nobody is told that the service names what is not there."""
    window.hold()
    submit_rows(walk.session(OWNER), [SECOND])
    walk.homes[OWNER].outbox.unlink()
    session = walk.session(OWNER)

    with pytest.raises(StaleError, match="does not show yet"):
        submit_rows(session, [{"make": "Colt", "serial": "AB12347"}])


def test_what_was_received_is_confirmed_once_while_the_service_is_away(walk: Walk) -> None:
    """A receipt that is in a batch on its way is not written a second time."""
    asker, owner = walk.session(PARTNER), walk.session(OWNER)
    write(asker, [letter(trace(), to=OWNER, thread=bytes(16), re=None)])
    send_letters(asker)
    sync(walk, OWNER)

    assert write_receipts(owner) == 1
    dead = over(owner, Flaky(walk.transport, paths.BATCHES, delivered=False))
    with pytest.raises(UnreachableError):
        send_letters(dead)
    assert write_receipts(owner) == 0
    send_letters(owner)
    assert (write_receipts(owner), sync(walk, PARTNER).messages) == (0, 1)


def test_an_audit_counts_the_charters_that_stand_in_the_log(walk: Walk, window: Window) -> None:
    """One that waits for its witnesses is listed, so that they learn of it; it judges nothing yet."""
    window.hold()
    pass_charter(walk)
    service = Service(walk.transport)

    waiting = audit(service, fingerprint=walk.fingerprint, depth=Depth.RECORDS, progress=quiet)
    window.show()
    shown = audit(service, fingerprint=walk.fingerprint, depth=Depth.RECORDS, progress=quiet)

    assert (waiting.charters, shown.charters) == (1, 2)
    assert waiting.report.verdict is shown.report.verdict

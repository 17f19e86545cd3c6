"""Notices: that something waits and where, and nothing else, to those that an administrator wrote down."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from clients.desk.mailing import Encryption, Post
from clients.desk.notifying import HOUR, Channel, Notifier, Settings
from clients.desk.people.person import Role
from clients.errors import ListError, UnreachableError
from tests.support.desks import Desk, mandate
from tests.support.desktalks import ASKER, OWNER, press
from tests.support.loopback import Walk
from tests.support.sinks import Sink, smtp_sink, webhook_sink


@pytest.fixture
def owner(talking: Walk, tmp_path: Path) -> Iterator[Desk]:
    """Give the desk of the agency that was asked: something waits there."""
    copied = talking.copy_to(tmp_path / "walk")
    found = Desk(copied, OWNER)
    yield found
    found.close()
    copied.close()


@pytest.fixture
def relay() -> Iterator[Sink]:
    """Give a mail relay."""
    with smtp_sink() as found:
        yield found


@pytest.fixture
def hook() -> Iterator[Sink]:
    """Give a webhook."""
    with webhook_sink() as found:
        yield found


def notifier(desk: Desk) -> Notifier:
    """Return the worker's turn of a desk."""
    return Notifier(desk.parts.engine, desk.office, desk.place, clock=desk.parts.clock, post=Post())


def plain(relay: Sink) -> dict[str, str]:
    """Return what an administrator writes down of a relay on this machine."""
    return {
        "host": "127.0.0.1",
        "port": str(relay.port),
        "sender": "desk@agency.example",
        "encryption": "none",
        "user": "",
    }


def settings(desk: Desk) -> Settings:
    """Return whom a desk tells."""
    return Settings(desk.parts.engine)


def test_a_notice_says_that_something_waits_and_where(owner: Desk, relay: Sink, hook: Sink) -> None:
    """Mail and webhook alike carry the desk's address and one sentence: no agency, no thread, no number."""
    settings(owner).set_relay(**plain(relay))
    settings(owner).add(Channel.MAIL, "officer@agency.example")
    settings(owner).add(Channel.WEBHOOK, f"http://127.0.0.1:{hook.port}/hook")
    notifier(owner).take_turn()

    assert len(relay.received) == len(hook.received) == 1
    for text in (relay.received[0], hook.received[0]):
        assert "Something waits for you at the desk: http://localhost:8480/" in text
        for secret in (ASKER, OWNER, "inquiry", "request", "1 "):
            assert secret not in text.partition("Something waits")[2]
    assert "To: officer@agency.example" in relay.received[0]
    assert "Subject: Sealtrace" in relay.received[0]


def test_what_was_told_is_not_told_again(owner: Desk, hook: Sink) -> None:
    """The next turns are silent until something new waits, and that is told an hour later at the earliest."""
    settings(owner).add(Channel.WEBHOOK, f"http://127.0.0.1:{hook.port}/hook")
    for _ in range(3):
        notifier(owner).take_turn()
    owner.walk.clock.advance(25 * HOUR)
    notifier(owner).take_turn()
    notifier(owner).take_turn()

    assert len(hook.received) == 2


def test_at_most_one_notice_an_hour_of_a_kind(owner: Desk) -> None:
    """However often it changes, a kind is told once an hour; another kind has an hour of its own."""
    found, now = settings(owner), 1_000_000
    told = [found.due("talk", f"state {at}", now=now + at) for at in range(0, 2 * HOUR, HOUR // 4)]

    assert told == [True, False, False, False, True, False, False, False]
    assert found.due("hits", "state", now=now)


def test_a_notice_that_was_not_taken_is_an_error_and_tried_again_in_an_hour(owner: Desk, hook: Sink) -> None:
    """A redirect leads nowhere: it is no success, nobody follows it, and the worker says that it failed."""
    settings(owner).add(Channel.WEBHOOK, f"http://127.0.0.1:{hook.port}/hook")
    hook.refuses = True
    with pytest.raises(UnreachableError, match="1 of 1 notices were not taken"):
        notifier(owner).take_turn()
    notifier(owner).take_turn()
    hook.refuses = False
    owner.walk.clock.advance(HOUR)
    notifier(owner).take_turn()

    assert len(hook.received) == 2


def test_mail_without_a_relay_or_refused_by_it_is_an_error(owner: Desk, relay: Sink) -> None:
    """Nothing is passed over: it is said that the notice was not taken, without whom it was for."""
    settings(owner).add(Channel.MAIL, "officer@agency.example")
    with pytest.raises(UnreachableError) as none:
        notifier(owner).take_turn()
    settings(owner).set_relay(**plain(relay))
    relay.refuses = True
    owner.walk.clock.advance(HOUR)
    with pytest.raises(UnreachableError):
        notifier(owner).take_turn()

    assert "officer@" not in str(none.value)
    assert relay.received == []


def test_nobody_is_told_where_nobody_is_written_down_or_nothing_waits(owner: Desk, hook: Sink) -> None:
    """No target, no notice; and a desk where nothing waits is silent."""
    notifier(owner).take_turn()
    asker = Desk(owner.walk, ASKER)
    settings(asker).add(Channel.WEBHOOK, f"http://127.0.0.1:{hook.port}/hook")
    notifier(asker).take_turn()
    asker.close()

    assert hook.received == []


@pytest.mark.parametrize(
    "address",
    [
        "http://agency.example/hook",
        "https://user:pw@agency.example/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "https://",
        "https://agency.example:0/",
        "https://agency.example:99999/",
        "https://agency.example/a b",
        "https://[::1",
        "",
    ],
)
def test_attack_a_webhook_that_leads_elsewhere(kept_desk: Desk, address: str) -> None:
    """In the clear beyond this machine, with a password, or no web address: not taken."""
    with pytest.raises(ListError):
        settings(kept_desk).add(Channel.WEBHOOK, address)
    assert settings(kept_desk).targets() == ()


@pytest.mark.parametrize(
    "address",
    ["officer", "officer@", "@agency.example", "a@b\r\nBcc: all@x", "a b@c.example", "a@b,c@d", "<a@b.example>", ""],
)
def test_attack_a_mail_address_that_is_more_than_one(kept_desk: Desk, address: str) -> None:
    """A header cannot be smuggled in, nor a second recipient."""
    with pytest.raises(ListError):
        settings(kept_desk).add(Channel.MAIL, address)


def test_only_administrators_say_who_is_told(owner: Desk) -> None:
    """They add, see and remove targets on one page; nobody else opens it."""
    admin = owner.browser(owner.add("Ada", mandate(Role.ADMINISTRATOR)))
    page = "/people/notices"
    added = press(admin, page, page, channel="mail", address="officer@agency.example")
    kept = press(
        admin,
        page,
        f"{page}/relay",
        host="relay.agency.example",
        port="587",
        sender="desk@agency.example",
        encryption="starttls",
        user="desk",
    )
    listed = admin.text(page)
    relay = settings(owner).relay()
    (target,) = settings(owner).targets()
    removed = press(admin, page, f"{page}/{target.number}/remove")
    unknown = press(admin, page, page, channel="telex", address="x@y.example")

    assert added.status_code == kept.status_code == removed.status_code == HTTPStatus.SEE_OTHER
    assert unknown.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "officer@agency.example" in listed
    assert relay.encryption is Encryption.STARTTLS
    assert (relay.host, relay.port, relay.user) == ("relay.agency.example", 587, "desk")
    assert 'type="password"' not in listed
    assert settings(owner).targets() == ()
    assert owner.browser("Uma").get(page).status_code == HTTPStatus.FORBIDDEN

"""Mail to the agency's relay: to the right machine, unread on the way, with a password that nobody typed."""

import base64
import smtplib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.desk.mailing import (
    CREDENTIAL,
    MAX_PASSWORD_BYTES,
    Encryption,
    Post,
    Relay,
    parse_relay,
    read_password,
    send,
    usual_encryption,
)
from clients.errors import ListError, PassphraseError
from tests.support.certificates import certified
from tests.support.sinks import smtp_sink

PASSWORD = "three words and a number 7"
GOOD = {"host": "relay", "port": "587", "sender": "d@x.example", "encryption": "starttls", "user": ""}


def relay(port: int, encryption: Encryption, user: str = "") -> Relay:
    """Return a relay on this machine."""
    return Relay(host="127.0.0.1", port=port, sender="desk@agency.example", encryption=encryption, user=user)


@pytest.mark.parametrize("encryption", [Encryption.STARTTLS, Encryption.TLS])
def test_mail_is_encrypted_and_the_password_goes_with_it(tmp_path: Path, encryption: Encryption) -> None:
    """Both ways of encrypting take the mail, and name and password once the relay has proved who it is."""
    both = certified(tmp_path)
    post = Post(password=PASSWORD, context=both.client)
    first = {"tls" if encryption is Encryption.TLS else "starttls": both.server}
    with smtp_sink(**first) as found:
        send(relay(found.port, encryption, "desk"), "officer@agency.example", "waits", post)
    said = base64.b64decode(found.names[0].split()[2]).split(b"\0")

    assert said == [b"", b"desk", PASSWORD.encode()]
    assert "waits" in found.received[0]


@pytest.mark.parametrize("encryption", [Encryption.STARTTLS, Encryption.TLS])
def test_attack_a_relay_that_is_another_machine(tmp_path: Path, encryption: Encryption) -> None:
    """A certificate of another address, or one that nobody vouches for, gets neither mail nor password."""
    elsewhere, stranger = certified(tmp_path, address="127.0.0.2"), certified(tmp_path)
    first = "tls" if encryption is Encryption.TLS else "starttls"
    for server, client in ((elsewhere.server, elsewhere.client), (stranger.server, elsewhere.client)):
        with smtp_sink(**{first: server}) as found, pytest.raises(OSError, match="certificate"):
            send(relay(found.port, encryption, "desk"), "a@b.example", "x", Post(password=PASSWORD, context=client))

        assert found.names == found.received == []


def test_attack_the_offer_of_encryption_taken_away(tmp_path: Path) -> None:
    """A relay, or somebody in between, that offers no STARTTLS gets nothing: there is no falling back."""
    post = Post(password=PASSWORD, context=certified(tmp_path).client)
    with smtp_sink() as found, pytest.raises(smtplib.SMTPNotSupportedError):
        send(relay(found.port, Encryption.STARTTLS, "desk"), "a@b.example", "x", post)

    assert found.names == found.received == []


def test_a_relay_that_wants_a_password_and_there_is_none(tmp_path: Path) -> None:
    """Nothing is sent unnamed where a name was written down."""
    both = certified(tmp_path)
    with smtp_sink(starttls=both.server) as found, pytest.raises(smtplib.SMTPException, match="given none"):
        send(relay(found.port, Encryption.STARTTLS, "desk"), "a@b.example", "x", Post(context=both.client))

    assert found.received == []


def test_a_password_that_the_relay_does_not_take(tmp_path: Path) -> None:
    """Is an error, and nothing is sent."""
    both = certified(tmp_path)
    post = Post(password=PASSWORD, context=both.client)
    with smtp_sink(starttls=both.server) as found:
        found.refuses = True
        with pytest.raises(smtplib.SMTPException):
            send(relay(found.port, Encryption.STARTTLS, "desk"), "a@b.example", "x", post)

    assert found.received == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": "a b"},
        {"port": "0"},
        {"port": "٢٥"},
        {"sender": "d"},
        {"encryption": "perhaps"},
        {"user": "a\r\nb"},
        {"user": "é"},
        {"encryption": "none"},
        {"host": "127.0.0.1", "encryption": "none", "user": "desk"},
    ],
)
def test_a_relay_that_is_none_or_would_tell_others_is_refused(wrong: dict[str, str]) -> None:
    """Host, port and sender are what they say; in the clear only to this machine, and never with a password."""
    with pytest.raises(ListError):
        parse_relay(**{**GOOD, **wrong})


@given(boxes=st.fixed_dictionaries(dict.fromkeys(GOOD, st.text(max_size=40) | st.sampled_from(list(GOOD.values())))))
def test_whatever_stands_in_the_boxes_is_a_relay_or_refused(boxes: dict[str, str]) -> None:
    """By our own error; and what is taken is never in the clear beyond this machine."""
    try:
        found = parse_relay(**boxes)
    except ListError:
        return

    assert (
        found == Relay() or found.encryption is not Encryption.NONE or found.host in {"localhost", "127.0.0.1", "::1"}
    )


def test_a_relay_as_written_down() -> None:
    """Each of its members is kept; an empty host is no relay; what nobody chose is encrypted beyond this machine."""
    found = parse_relay(**{**GOOD, "user": "desk"})

    assert found == Relay(host="relay", port=587, sender="d@x.example", encryption=Encryption.STARTTLS, user="desk")
    assert parse_relay(**{**GOOD, "host": "", "encryption": "none"}) == Relay()
    assert usual_encryption("localhost") is Encryption.NONE
    assert usual_encryption("relay.agency.example") is Encryption.STARTTLS


def test_the_password_comes_from_a_file_or_a_credential(tmp_path: Path) -> None:
    """The first line of the file that is named, else of the service credential, else there is none."""
    file, folder = tmp_path / "mail", tmp_path / "credentials"
    folder.mkdir()
    file.write_text(f"{PASSWORD}\r\nnot this\n", encoding="utf-8")
    file.chmod(0o600)
    environ = {"CREDENTIALS_DIRECTORY": str(folder)}
    none = read_password(None, environ)
    (folder / CREDENTIAL).write_text("of the service", encoding="utf-8")

    assert read_password(file, environ) == PASSWORD
    assert read_password(None, environ) == "of the service"
    assert none is read_password(None, {}) is None


@pytest.mark.parametrize(
    ("raw", "mode", "words"),
    [
        (PASSWORD.encode(), 0o644, "0644"),
        (b"\nsecond", 0o600, "empty or too long"),
        (b"a" * (MAX_PASSWORD_BYTES + 1), 0o600, "larger than"),
        (b"\xff\xfe", 0o600, "cannot be read"),
    ],
)
def test_a_file_that_holds_no_password_or_shows_it(tmp_path: Path, raw: bytes, mode: int, words: str) -> None:
    """Is refused before the desk starts, with the reason, and without what it holds."""
    file = tmp_path / "mail"
    file.write_bytes(raw)
    file.chmod(mode)
    with pytest.raises(PassphraseError, match=words) as refused:
        read_password(file, {})

    assert PASSWORD not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Is refused before the desk starts, with what to do."""
    with pytest.raises(PassphraseError, match="cannot be read") as refused:
        read_password(tmp_path / "none", {})

    assert "0600" in refused.value.next_step


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=MAX_PASSWORD_BYTES + 2))
def test_a_file_of_anything_is_a_password_or_refused(tmp_path: Path, raw: bytes) -> None:
    """By our own error, which does not say what stands in the file."""
    file = tmp_path / "mail"
    file.write_bytes(raw)
    file.chmod(0o600)
    try:
        found = read_password(file, {})
    except PassphraseError:
        return

    assert found is not None
    assert raw.startswith(found.encode())

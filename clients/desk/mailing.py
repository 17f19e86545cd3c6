"""Hand one mail to the agency's own relay: encrypted and to the right machine, or not at all.

The relay's password is never typed at the desk, kept in its database, or given on a command line: it is the first line of
a file, or of a service credential, that is read when the desk starts.
"""

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import Enum
from pathlib import Path
from typing import assert_never

from clients.errors import ListError, PassphraseError
from crypto import privatefile
from crypto.errors import KeystoreError

TIMEOUT_SECONDS = 10.0
CREDENTIAL = "sealtrace-mail-password"
MAX_PASSWORD_BYTES = 1_024
_MAX_MAIL = 320
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Encryption(Enum):
    """How the connection to the relay is kept from others; nothing falls back to less than what was chosen."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The agency's own mail relay and whom mail is from; an empty host where there is none, an empty `user` to send unnamed."""

    host: str = ""
    port: int = 25
    sender: str = ""
    encryption: Encryption = Encryption.STARTTLS
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What is needed beside the relay's address: its password, if the desk was given one, and whose certificates count."""

    password: str | None = field(default=None, repr=False)
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)


def parse_relay(*, host: str, port: str, sender: str, encryption: str, user: str) -> Relay:
    """Return the relay that an administrator wrote down; raise ListError for what is none, or would tell others."""
    is_port = port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65_536
    chosen = next((one for one in Encryption if one.value == encryption), None)
    if not host:
        return Relay()
    if not is_port or chosen is None or not is_host(host) or not is_mail(sender) or not _is_user(user):
        raise ListError("a mail relay is a host name, a port and an address that mail is from", next_step="correct it")
    if chosen is Encryption.NONE and (host not in _LOCAL or user):
        raise ListError(
            "mail leaves this machine encrypted, and no password goes in the clear",
            next_step="choose STARTTLS or TLS; none is for a relay on this machine that asks for no password",
        )
    return Relay(host=host, port=int(port), sender=sender, encryption=chosen, user=user)


def usual_encryption(host: str) -> Encryption:
    """Return what counts where nobody chose: on this machine none, elsewhere STARTTLS."""
    return Encryption.NONE if host in _LOCAL else Encryption.STARTTLS


def read_password(file: Path | None, environ: Mapping[str, str]) -> str | None:
    """Return the relay's password from a file of mode 0600, or from the service credential; None where there is neither."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    given = Path(folder) / CREDENTIAL if folder else None
    try:
        if file is not None:
            raw = privatefile.read(file, limit=MAX_PASSWORD_BYTES)
        elif given is not None and given.is_file():
            raw = given.read_bytes()[: MAX_PASSWORD_BYTES + 1]
        else:
            return None
        return _first_line(raw)
    except (OSError, KeystoreError, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, KeystoreError) else "it cannot be read"
        raise PassphraseError(
            f"the mail relay's password cannot be taken from {file or CREDENTIAL}: {why}",
            next_step="write it into a file of mode 0600 that belongs to whoever runs the desk, on its first line",
        ) from error


def send(relay: Relay, address: str, text: str, post: Post) -> None:
    """Send one mail; raise OSError or SMTPException where the relay is not there, not itself, or does not take it."""
    if not relay.host:
        raise ConnectionRefusedError("there is no mail relay")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = relay.sender, address, "Sealtrace"
    message.set_content(text)
    with _connected(relay, post) as connection:
        if relay.user:
            if post.password is None:
                raise smtplib.SMTPException("the relay wants a password, and this desk was given none")
            connection.login(relay.user, post.password)
        connection.send_message(message)


def is_host(text: str) -> bool:
    """Say whether a text is a host's name or address, and nothing else."""
    return 0 < len(text) <= 253 and all(one.isascii() and (one.isalnum() or one in ".-:") for one in text)


def is_mail(text: str) -> bool:
    """Say whether a text is one mail address, and nothing that a header could take for more."""
    local, at, host = text.partition("@")
    plain = text.isascii() and text.isprintable() and len(text) <= _MAX_MAIL and not set(text) & set(' ,;<>"()[]\\')
    return plain and bool(local and at) and is_host(host)


def _connected(relay: Relay, post: Post) -> smtplib.SMTP:
    match relay.encryption:
        case Encryption.TLS:
            return smtplib.SMTP_SSL(relay.host, relay.port, timeout=TIMEOUT_SECONDS, context=post.context)
        case Encryption.STARTTLS:
            connection = smtplib.SMTP(relay.host, relay.port, timeout=TIMEOUT_SECONDS)
            # A relay that does not offer it, or somebody in between who takes the offer away, gets no mail.
            try:
                connection.starttls(context=post.context)
            except BaseException:
                connection.close()
                raise
            return connection
        case Encryption.NONE:
            return smtplib.SMTP(relay.host, relay.port, timeout=TIMEOUT_SECONDS)
        case _:
            assert_never(relay.encryption)


def _is_user(text: str) -> bool:
    return len(text) <= _MAX_MAIL and text.isascii() and text.isprintable()


def _first_line(raw: bytes) -> str:
    line = raw.split(b"\n", 1)[0].rstrip(b"\r")
    if not 0 < len(line) <= MAX_PASSWORD_BYTES:
        raise KeystoreError("its first line is empty or too long")
    return line.decode()

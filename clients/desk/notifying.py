"""Tell people by mail or webhook that something waits at the desk: that, the desk's address, and nothing else.

Mail and webhooks pass machines that may read none of this, so no notice says what waits, of whom, or how much of it. The
addresses are those that an administrator wrote down; at most one notice an hour goes out for each kind of thing that waits.
"""

import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from clients.database import Joined, Transactions, reading
from clients.desk.mailing import (
    TIMEOUT_SECONDS,
    Encryption,
    Post,
    Relay,
    is_mail,
    parse_relay,
    send,
    usual_encryption,
)
from clients.desk.office import Office
from clients.desk.place import Place
from clients.desk.proposals import Proposals
from clients.errors import ListError, UnreachableError
from clients.matching.book import Book
from clients.talk.threads import talks
from clients.waiting import what_waits
from crypto.digests import sha256
from crypto.encoding import lp

SECONDS = 60
HOUR = 3_600
MAX_TARGETS = 50
_MAX_TARGET = 320

_log = structlog.get_logger("sealtrace.desk")

NOTIFYING = MetaData()
_SETTING = Table(
    "notify_setting",
    NOTIFYING,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
_TARGET = Table(
    "notify_target",
    NOTIFYING,
    Column("number", Integer, primary_key=True),
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False, unique=True),
)
# What was told last of each kind: as a hash, so that the table says no more than a notice does.
_TOLD = Table(
    "notify_told",
    NOTIFYING,
    Column("kind", String, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("state", String, nullable=False),
)


class Channel(Enum):
    """How somebody is told."""

    MAIL = "mail"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom to tell: a mail address, or the URL that a notice is posted to."""

    number: int
    channel: Channel
    address: str


class Settings:
    """Whom one desk tells, and how."""

    def __init__(self, engine: Engine, *, transactions: Transactions | None = None) -> None:
        """Take the desk's database, and what begins transactions where it is not the database."""
        self._engine = engine
        self._transactions = transactions or engine

    def within(self, connection: Connection) -> "Settings":
        """Return the same, for what is done in a transaction that is under way."""
        return Settings(self._engine, transactions=Joined(connection))

    def relay(self) -> Relay:
        """Return the mail relay."""
        with reading(self._engine) as connection:
            found = {row.name: row.value for row in connection.execute(select(_SETTING))}
        host = found.get("host", "")
        return Relay(
            host=host,
            port=int(found.get("port", "25")),
            sender=found.get("sender", ""),
            encryption=Encryption(found.get("encryption") or usual_encryption(host).value),
            user=found.get("user", ""),
        )

    def set_relay(self, *, host: str, port: str, sender: str, encryption: str, user: str) -> None:
        """Set the mail relay; raise ListError for what is none."""
        one = parse_relay(host=host, port=port, sender=sender, encryption=encryption, user=user)
        values = {
            "host": one.host,
            "port": str(one.port),
            "sender": one.sender,
            "encryption": one.encryption.value,
            "user": one.user,
        }
        with self._transactions.begin() as connection:
            for name, value in values.items():
                row = insert(_SETTING).values(name=name, value=value)
                connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": value}))

    def targets(self) -> tuple[Target, ...]:
        """Return whom to tell."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(_TARGET).order_by(_TARGET.c.number)).all()
        return tuple(Target(number=row.number, channel=Channel(row.channel), address=row.address) for row in rows)

    def add(self, channel: Channel, address: str) -> None:
        """Add a target; one that is there stays as it is. Raises ListError for what nobody can be told at."""
        if not (is_mail(address) if channel is Channel.MAIL else _is_webhook(address)):
            raise ListError(
                "nobody can be told there",
                next_step="give a mail address, or a webhook's https address (http on this machine alone)",
            )
        if len(self.targets()) >= MAX_TARGETS:
            raise ListError(f"{MAX_TARGETS} addresses are told already", next_step="remove some first")
        row = insert(_TARGET).values(channel=channel.value, address=address).on_conflict_do_nothing()
        with self._transactions.begin() as connection:
            connection.execute(row)

    def remove(self, number: int) -> None:
        """Tell a target no more."""
        with self._transactions.begin() as connection:
            connection.execute(delete(_TARGET).where(_TARGET.c.number == number))

    def due(self, kind: str, state: str, *, now: int) -> bool:
        """Say whether something new of a kind waits that may be told now, and remember that it is."""
        with self._transactions.begin() as connection:
            known = connection.execute(select(_TOLD).where(_TOLD.c.kind == kind)).first()
            if known is not None and (known.state == state or now - known.at < HOUR):
                return False
            row = insert(_TOLD).values(kind=kind, at=now, state=state)
            connection.execute(row.on_conflict_do_update(index_elements=["kind"], set_={"at": now, "state": state}))
            return True

    def again(self, kinds: Sequence[str]) -> None:
        """Forget what was told of these kinds, but not when: in an hour it is tried once more."""
        with self._transactions.begin() as connection:
            connection.execute(update(_TOLD).where(_TOLD.c.kind.in_(kinds)).values(state=""))


class Notifier:
    """The worker's turn: what waits, whether it is time, and the notices themselves."""

    def __init__(self, engine: Engine, office: Office, place: Place, *, clock: Callable[[], int], post: Post) -> None:
        """Take the desk."""
        self._settings = Settings(engine)
        self._proposals = Proposals(engine, clock=clock)
        self._office = office
        self._place = place
        self._clock = clock
        self._post_with = post

    def take_turn(self) -> None:
        """Tell everybody who is to be told that something new waits; raise UnreachableError where that failed."""
        targets = self._settings.targets()
        if not targets:
            return
        now = self._clock()
        fresh = [kind for kind, state in self._waiting().items() if state and self._settings.due(kind, state, now=now)]
        if not fresh:
            return
        failed = sum(not self._tell(one) for one in targets)
        if failed:
            self._settings.again(fresh)
            raise UnreachableError(
                f"{failed} of {len(targets)} notices were not taken", next_step="see the addresses under Notices"
            )

    def _tell(self, target: Target) -> bool:
        try:
            if target.channel is Channel.MAIL:
                send(self._settings.relay(), target.address, self._text(), self._post_with)
            else:
                self._post(target.address)
        except (OSError, smtplib.SMTPException, httpx.HTTPError, httpx.InvalidURL) as error:
            # Its kind alone: what a relay answers may name whom the mail was for.
            _log.warning("notice not taken", channel=target.channel.value, error=type(error).__name__)
            return False
        return True

    def _post(self, address: str) -> None:
        # Only where the administrator wrote: no redirect is followed, and no proxy of the environment is asked.
        trusted = ssl.create_default_context()
        with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False, verify=trusted) as client:
            client.post(address, json={"text": self._text()}).raise_for_status()

    def _text(self) -> str:
        return f"Something waits for you at the desk: {self._place.origin}/"

    def _waiting(self) -> Mapping[str, str]:
        """Return what waits, by kind, as a hash that changes when something new does."""
        office, now = self._office, self._clock()
        with closing(Book(office.home.matching, key=office.database_key)) as book, office.replica() as replica:
            found = what_waits(notices=book.notices(), talks=talks(replica), unsent=0, me=office.me, now=now)
        late = [one for one in (*found.ours, *found.theirs) if one.duty.is_overdue(now)]
        kinds: Mapping[str, list[Any]] = {
            "talk": [(one.duty.about, one.duty.task.name) for one in found.ours],
            "overdue": [(one.duty.about, one.duty.task.name) for one in late],
            "hits": [*found.silent, *found.hits, *found.fired],
            "second officer": [one.id for one in self._proposals.waiting()],
        }
        return {kind: sha256(lp(*map(repr, held))).hex() if held else "" for kind, held in kinds.items()}


def _is_webhook(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    is_local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= _MAX_TARGET
    return (
        plain
        and parts.username is None
        and port != 0
        and bool(parts.hostname)
        and (parts.scheme == "https" or (parts.scheme == "http" and is_local))
    )

"""The desk as a program of its own: what `sealtrace desk serve` becomes (docs/adr/0065).

The keystore's passphrase is asked for here, before anything listens. The worker is forked, so that the keys pass through
no pipe and no file.
"""

import argparse
import gc
import getpass
import ipaddress
import logging
import multiprocessing
import multiprocessing.util
import os
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import structlog
from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from clients.desk import asking, importing, notifying, ticks
from clients.desk.alone import alone
from clients.desk.app import create_desk
from clients.desk.mailing import Post, read_password
from clients.desk.notifying import Notifier
from clients.desk.office import Office
from clients.desk.opening import open_parts
from clients.desk.parts import Parts
from clients.desk.people.invitations import FIRST_SECONDS
from clients.desk.place import LOCAL, Place, parse_place
from clients.errors import ClientError, HomeError
from clients.home import open_home
from clients.keyring import Keyring
from clients.passphrase import Passphrases, Purpose
from clients.patience import PatientTransport
from clients.session import World
from clients.talk.sending import TICK_SECONDS
from clients.transport import HttpTransport
from crypto.errors import CryptoError
from crypto.startup import require_primitives
from ledger.errors import LedgerError

PORT = 8480
LOOPBACK = "127.0.0.1"

_THREADS = 8
_STOP_SECONDS = 10
_HTTP1 = HTTP1Settings(header_read_timeout=10_000, max_buffer_size=16_384)


def main(arguments: Sequence[str] | None = None, *, departure_seconds: int = TICK_SECONDS) -> None:
    """Serve until a signal ends it; exit with 1, in one line, if it may not start.

    Letters leave at the full minute. Only a test that lives a story of many letters begins the program with less.
    """
    options = parse_options(arguments)
    configure_logging()
    try:
        run(options, departure_seconds=departure_seconds)
    except (ClientError, CryptoError, LedgerError, OSError) as error:
        structlog.get_logger("sealtrace.desk").critical(
            "not started", error=str(error), next=getattr(error, "next_step", "")
        )
        sys.exit(1)


def run(options: argparse.Namespace, *, departure_seconds: int) -> None:
    """Open the home and its keys, and answer until a signal comes."""
    require_primitives()
    place = parse_place(options.url or f"http://{LOCAL}:{options.port}")
    check_listening(place, host=options.host, certificate=options.certificate, key=options.key)
    home = open_home(options.home, os.environ)
    home.joined()
    post = Post(password=read_password(options.mail_password, os.environ))
    phrase = Passphrases(os.environ, ask=getpass.getpass if sys.stdin.isatty() else None).of(Purpose.KEYSTORE)
    world = World(clock=lambda: int(time.time()), token_bytes=secrets.token_bytes, sleep=time.sleep)
    office = Office(
        home,
        Keyring.open(home.keystore, passphrase=phrase),
        connect=lambda url: PatientTransport(HttpTransport(url), sleep=world.sleep),
        world=world,
        tell=_tell,
    )
    with alone(home):
        serve(partial(_load, office, place, post, departure_seconds), options)


def check_listening(place: Place, *, host: str, certificate: Path | None, key: Path | None) -> None:
    """Raise HomeError where what people type would go over a network in the clear."""
    if (certificate is None) != (key is None):
        raise HomeError("a certificate and its key come together", next_step="give both --certificate and --key")
    if certificate is not None and not place.is_secure:
        raise HomeError("a certificate is for an https address", next_step="give --url https://desk.agency.example")
    if certificate is None and not _is_loopback(host):
        raise HomeError(
            "without a certificate the desk listens on this machine alone",
            next_step="give --certificate and --key, or put a proxy with TLS in front, on this machine",
        )


def _tell(what: str) -> None:
    structlog.get_logger("sealtrace.desk").warning(what)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == LOCAL


def serve(load: Callable[[], Flask], options: argparse.Namespace) -> None:
    """Answer requests in one worker with a few threads."""
    # Other start methods would pickle the loader, and the keys with it, through a pipe.
    multiprocessing.set_start_method("fork", force=True)
    server = Granian(
        "clients.desk.program",
        address=options.host,
        port=options.port,
        interface=Interfaces.WSGI,
        workers=1,
        workers_kill_timeout=_STOP_SECONDS,
        blocking_threads=_THREADS,
        http=HTTPModes.http1,
        http1_settings=_HTTP1,
        websockets=False,
        log_level=LogLevels.error,
        log_access=False,
        ssl_cert=options.certificate,
        ssl_key=options.key,
    )
    server.serve(target_loader=load, wrap_loader=False)


def configure_logging() -> None:
    """Write one JSON line for each event to stderr."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _load(office: Office, place: Place, post: Post, departure_seconds: int) -> Flask:
    """Open the desk in the worker; what stops it is said in one line."""
    log = structlog.get_logger("sealtrace.desk")
    try:
        parts = open_parts(office, place)
        app = create_desk(parts)
        # So that nobody's first page waits until all that was ever said is read (docs/adr/0093).
        with office.replica() as replica:
            replica.hearing.threads()
    except (ClientError, CryptoError, LedgerError, OSError) as error:
        log.critical("not started", error=str(error), next=getattr(error, "next_step", ""))
        raise SystemExit(1) from error
    # A forked worker runs no atexit handlers; this is what multiprocessing runs in their place.
    multiprocessing.util.Finalize(None, parts.close, exitpriority=10)
    _offer_first_link(parts)
    ticks.begin(parts.working, office, departure_seconds=departure_seconds)
    importing.begin(parts)
    notifier = Notifier(parts.engine, parts.office, place, clock=parts.clock, post=post)
    parts.working.every(notifying.SECONDS, notifier.take_turn, name=ticks.NOTICES)
    asking.begin(parts)
    # What is loaded by now stays: the collector of garbage would walk through every module while a page waits.
    gc.collect()
    gc.freeze()
    parts.working.start()
    log.info("serving", url=place.origin)
    return app


def _offer_first_link(parts: Parts) -> None:
    """Show the one link that makes the first administrator, on a desk that has none: never in the log."""
    made = parts.people.invitations.first()
    if made is not None:
        minutes = FIRST_SECONDS // 60
        sys.stdout.write(
            f"Nobody administers this desk yet. This link makes the first administrator, once, for {minutes} minutes:\n"
            f"  {parts.place.link(made.token)}\n"
        )
        sys.stdout.flush()


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="sealtrace desk serve", allow_abbrev=False)
    parser.add_argument("--home")
    parser.add_argument("--host", default=LOOPBACK)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--url")
    parser.add_argument("--certificate", type=Path)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--mail-password", type=Path)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()

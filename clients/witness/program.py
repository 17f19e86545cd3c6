"""The witness as a program of its own: what `sealtrace witness serve` becomes (docs/adr/0044).

It loads a third of what the agency's program does, since it runs for years, faces the network, and holds keys. That
every primitive is there was checked by the command that it takes the place of.
"""

import argparse
import asyncio
import getpass
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from clients.errors import ClientError, HomeError
from clients.home import open_home
from clients.keyring import Keyring
from clients.passphrase import Passphrases, Purpose
from clients.service import Service
from clients.transport import HttpTransport
from clients.witness.house import House, Limits
from clients.witness.jsonlog import JsonLog
from clients.witness.opening import OpenWitness, Place, Watch, open_witness, place_of
from clients.witness.outbound import Outbound, requester
from clients.witness.routes import Routes
from clients.witness.serving import bound, serve
from crypto.errors import CryptoError
from ledger import fingerprints
from ledger.errors import LedgerError

_SWITCH_SECONDS = 0.000_5
_THREADS = 2


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until a signal ends it; exit with 1, in one line, if it may not start."""
    options = parse_options(arguments)
    log = JsonLog()
    try:
        run(options)
    except (ClientError, CryptoError, LedgerError, OSError) as error:
        log.critical("not started", error=str(error), next=getattr(error, "next_step", ""))
        sys.exit(1)
    except KeyboardInterrupt:
        log.info("ended")


def run(options: argparse.Namespace) -> None:
    """Open the home and its keys, and answer, or ask, until a signal comes."""
    home = open_home(options.home, os.environ)
    if not home.witness_keystore.exists():
        raise HomeError(
            f"{home.witness_keystore} is missing: no witness runs without its keys",
            next_step="bring it from the agency's home; an agency that is to become a witness runs `sealtrace witness keys`",
        )
    phrase = Passphrases(os.environ, ask=getpass.getpass if sys.stdin.isatty() else None).of(Purpose.KEYSTORE)
    place = place_of(
        home,
        Keyring.open(home.witness_keystore, passphrase=phrase),
        url=options.url,
        fingerprint=fingerprints.parse(options.charter) if options.charter else None,
        highest=options.highest,
    )
    if options.outbound:
        ask_outward(place, Keyring.open(home.keystore, passphrase=phrase))
    else:
        answer(place, host=options.host, port=options.port)


def answer(place: Place, *, host: str, port: int) -> None:
    """Answer whoever asks, in this process, which opened the keystore: the keys pass through no pipe and no file."""
    watch = real_watch()
    with bound(host, port) as listener:
        witness = open_witness(place, HttpTransport(place.url), watch)
        _follow(place, witness, threading.Event())
        # Two threads sign; the one that answers waits for the interpreter no longer than for a signature.
        sys.setswitchinterval(_SWITCH_SECONDS)
        asyncio.run(_answer(witness, listener, watch))
    watch.log.info("ended")


async def _answer(witness: OpenWitness, listener: socket.socket, watch: Watch) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    # Signing lets go of the interpreter's lock; the state's own lock keeps two of them in order.
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="witness") as threads:
        routes = Routes(witness.cosigner)
        house = House(routes, limits=Limits(), loop=loop, threads=threads, clock=watch.clock, log=watch.log)
        watch.log.info("serving", charter=witness.book.charters[-1][1].ver, witness=bool(witness.cosigner.given.keys))
        await serve(house, listener, until=ended)


def ask_outward(place: Place, keyring: Keyring) -> None:
    """Ask the service what there is to cosign, for ever: for premises that take no connection from outside."""
    watch, transport = real_watch(), HttpTransport(place.url)
    witness = open_witness(place, transport, watch)
    signer = requester(keyring, url=place.url, clock=watch.clock)
    outbound = Outbound(witness, Service(transport, signer=signer))
    ended = threading.Event()
    _follow(place, witness, ended)
    watch.log.info("asking", url=place.url)
    outbound.run(until=ended)


def real_watch() -> Watch:
    """Return the real clock, and the log on stderr."""
    return Watch(clock=lambda: int(time.time()), sleep=time.sleep, log=JsonLog())


def _follow(place: Place, witness: OpenWitness, ended: threading.Event) -> None:
    reader = Service(HttpTransport(place.url))
    threading.Thread(target=partial(witness.keep_following, reader, until=ended), daemon=True, name="charters").start()


def parse_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="sealtrace witness serve", allow_abbrev=False)
    parser.add_argument("--home")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8481)
    parser.add_argument("--url")
    parser.add_argument("--charter")
    parser.add_argument("--highest", type=Path)
    parser.add_argument("--outbound", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()

"""Tell the service manager that requests are answered now (systemd's sd_notify, a datagram on a local socket)."""

import socket
import threading
import time
from contextlib import suppress

from server.errors import ConfigError

_BETWEEN_SECONDS = 0.05
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what `--host` may say, not what is listened on here


def tell_ready(address: str | None, *, host: str, port: int) -> None:
    """Send READY=1 to the socket that NOTIFY_SOCKET names once the port takes connections; nobody asked, nothing sent.

    Whether there is such a socket is found out at once. Raises ConfigError, OSError.
    """
    if address is None:
        return
    if not address.startswith(("/", "@")):
        raise ConfigError("NOTIFY_SOCKET is neither a path nor an abstract name")
    # A leading "@" stands for the zero byte of a name outside the file system.
    manager = "\0" + address[1:] if address.startswith("@") else address
    _send(manager, b"STATUS=the log is open")
    # The worker loads the program before it listens: who believed it then would find the port closed.
    place = (_ANYWHERE.get(host, host), port)
    threading.Thread(target=_wait_and_tell, args=(manager, place), name="readiness", daemon=True).start()


def _wait_and_tell(manager: str, place: tuple[str, int]) -> None:
    while not _is_open(place):
        time.sleep(_BETWEEN_SECONDS)
    with suppress(OSError):
        _send(manager, b"READY=1\nSTATUS=serving")


def _send(manager: str, words: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as teller:
        teller.sendto(words, manager)


def _is_open(place: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(place, timeout=1):
            return True
    except OSError:
        return False

"""Tell the service manager that requests are answered now (systemd's sd_notify, a datagram on a local socket)."""

import socket
import threading
import time
from contextlib import closing

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
    teller = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        # A leading "@" stands for the zero byte of a name outside the file system.
        teller.connect("\0" + address[1:] if address.startswith("@") else address)
    except OSError:
        teller.close()
        raise
    # The worker loads the program before it listens: who believed it then would find the port closed.
    place = (_ANYWHERE.get(host, host), port)
    threading.Thread(target=_tell, args=(teller, place), name="readiness", daemon=True).start()


def _tell(teller: socket.socket, place: tuple[str, int]) -> None:
    with closing(teller):
        while not _is_open(place):
            time.sleep(_BETWEEN_SECONDS)
        teller.send(b"READY=1")


def _is_open(place: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(place, timeout=1):
            return True
    except OSError:
        return False

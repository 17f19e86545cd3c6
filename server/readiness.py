"""Tell the service manager that requests are answered now (systemd's sd_notify, a datagram on a local socket)."""

import socket

from server.errors import ConfigError


def tell_ready(address: str | None) -> None:
    """Send READY=1 to the socket that NOTIFY_SOCKET names; nobody asked, nothing sent. Raises ConfigError."""
    if address is None:
        return
    if not address.startswith(("/", "@")):
        raise ConfigError("NOTIFY_SOCKET is neither a path nor an abstract name")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as teller:
        # A leading "@" stands for the zero byte of a name outside the file system.
        teller.sendto(b"READY=1", "\0" + address[1:] if address.startswith("@") else address)

"""The witness's socket, from before the first connection until after the last answer."""

import asyncio
import errno
import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from clients.errors import HomeError
from clients.witness.connection import Connection
from clients.witness.cosigner import Log
from clients.witness.house import House

STOP_SECONDS = 8.0
_BACKLOG = 128


def bound(host: str, port: int) -> socket.socket:
    """Return a socket at an address of this machine that takes no connection yet; raise HomeError for a taken port."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise HomeError(
            f"another program listens on port {port} of {host}", next_step="end it, or give another --port"
        ) from error
    return listener


async def serve(house: House, listener: socket.socket, *, until: asyncio.Event) -> None:
    """Answer until told to end; then take no more, finish what is under way, and close whatever is left."""
    house.loop.set_exception_handler(partial(_note, house.log))
    server = await house.loop.create_server(partial(Connection, house), sock=listener, backlog=_BACKLOG)
    await until.wait()
    server.close()
    for guest in tuple(house.guests):
        guest.part()
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            await house.emptied.wait()
    for guest in tuple(house.guests):
        guest.drop()


def _note(log: Log, _loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Note what went wrong outside of any answer by its kind alone."""
    log.warning("failure", error=type(context.get("exception")).__name__)

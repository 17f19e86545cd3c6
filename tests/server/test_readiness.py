"""The service manager is told once that requests are answered, if it asked to be."""

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from secrets import token_hex

import pytest

from server.errors import ConfigError
from server.readiness import tell_ready


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """Give a socket as systemd's, and the name of it as NOTIFY_SOCKET spells it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@sealtrace-{token_hex(8)}"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        listening.settimeout(5)
        yield name, listening


def test_the_manager_hears_ready(manager: tuple[str, socket.socket]) -> None:
    """On either kind of socket, in the words of sd_notify(3)."""
    name, listening = manager
    with closing(socket.create_server(("127.0.0.1", 0))) as service:
        tell_ready(name, host="0.0.0.0", port=service.getsockname()[1])  # noqa: S104 - what a person may type

        assert listening.recv(100) == b"STATUS=the log is open"
        assert listening.recv(100) == b"READY=1\nSTATUS=serving"


def test_the_manager_is_not_told_ready_before_the_port_is_open(manager: tuple[str, socket.socket]) -> None:
    """A service that is loaded does not answer yet: the word is kept until it does."""
    name, listening = manager
    listening.settimeout(0.3)
    with closing(socket.socket()) as service:
        service.bind(("127.0.0.1", 0))
        tell_ready(name, host="127.0.0.1", port=service.getsockname()[1])
        assert listening.recv(100) == b"STATUS=the log is open"
        with pytest.raises(TimeoutError):
            listening.recv(100)
        service.listen()
        listening.settimeout(5)

        assert listening.recv(100) == b"READY=1\nSTATUS=serving"


def test_nobody_asked() -> None:
    """Started by hand, nothing is sent and nothing fails."""
    tell_ready(None, host="127.0.0.1", port=1)


def test_a_name_of_another_kind_is_refused() -> None:
    """A relative path would be looked for where nobody meant."""
    with pytest.raises(ConfigError, match="NOTIFY_SOCKET"):
        tell_ready("notify", host="127.0.0.1", port=1)


def test_a_manager_that_is_gone(tmp_path: Path) -> None:
    """The service does not start: whoever waits for the word would wait for ever."""
    with pytest.raises(OSError, match="No such file"):
        tell_ready(str(tmp_path / "nowhere"), host="127.0.0.1", port=1)

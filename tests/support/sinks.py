"""A mail relay and a webhook on this machine that keep what they are sent. Loopback alone, and bounded."""

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

_MOST_LINES = 200


@dataclass
class Sink:
    """What came, whole, in the order it came; `names` are what senders said of who they are."""

    port: int = 0
    received: list[str] = field(default_factory=list)
    refuses: bool = False
    names: list[str] = field(default_factory=list)


@contextmanager
def smtp_sink(*, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None) -> Iterator[Sink]:
    """Give a mail relay: in the clear, with TLS from the first byte, or with TLS once it is asked for."""
    found = Sink()
    with _serving(partial(_Relay, found, tls, starttls)) as found.port:
        yield found


class _Relay(socketserver.StreamRequestHandler):
    """One connection to the relay."""

    timeout = 10

    def __init__(self, found: Sink, tls: ssl.SSLContext | None, starttls: ssl.SSLContext | None, *rest: Any) -> None:
        """Take where it is kept, how it is encrypted, and what the server hands on."""
        self._found, self._tls, self._starttls = found, tls, starttls
        super().__init__(*rest)

    def handle(self) -> None:
        # Who does not believe the certificate hangs up: that is for the caller to notice.
        with suppress(OSError):
            if self._tls is not None:
                self._encrypt(self._tls)
            self.wfile.write(b"220 sink\r\n")
            for _ in range(_MOST_LINES):
                word = self.rfile.readline(1_000).decode().strip()
                if not word or word.upper() == "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                self._answer(word, word.upper().partition(" ")[0])

    def finish(self) -> None:
        super().finish()
        # An encrypted one is another than the server knows of, and so closes.
        self.request.close()

    def _answer(self, word: str, verb: str) -> None:
        match verb:
            case "EHLO":
                offers = b"250-STARTTLS\r\n" if self._starttls is not None else b""
                self.wfile.write(b"250-sink\r\n" + offers + b"250 AUTH PLAIN\r\n")
            case "STARTTLS" if self._starttls is not None:
                self.wfile.write(b"220 go on\r\n")
                self._encrypt(self._starttls)
            case "AUTH":
                self._found.names.append(word)
                self.wfile.write(b"535 no\r\n" if self._found.refuses else b"235 yes\r\n")
            case "DATA":
                self.wfile.write(b"354 go on\r\n")
                self._found.received.append(self._message())
                self.wfile.write(b"250 yes\r\n")
            case _:
                self.wfile.write(b"550 no\r\n" if self._found.refuses and verb == "RCPT" else b"250 yes\r\n")

    def _encrypt(self, context: ssl.SSLContext) -> None:
        self.rfile.close()
        self.request = context.wrap_socket(self.request, server_side=True)
        self.setup()

    def _message(self) -> str:
        lines: list[str] = []
        while len(lines) < _MOST_LINES and (line := self.rfile.readline(1_000).decode().rstrip("\r\n")) != ".":
            lines.append(line)
        return "\n".join(lines)


@contextmanager
def webhook_sink() -> Iterator[Sink]:
    """Give something that takes whatever is posted to it."""

    class Hook(socketserver.StreamRequestHandler):
        timeout = 10

        def handle(self) -> None:
            head: list[str] = []
            while len(head) < _MOST_LINES and (line := self.rfile.readline(1_000).decode().strip()):
                head.append(line)
            length = next((int(line.split(":")[1]) for line in head if line.lower().startswith("content-length:")), 0)
            found.received.append("\n".join([*head, self.rfile.read(min(length, 10_000)).decode()]))
            status = b"302 Found\r\nLocation: http://127.0.0.1:1/elsewhere" if found.refuses else b"204 No Content"
            self.wfile.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    found = Sink()
    with _serving(Hook) as found.port:
        yield found


@contextmanager
def _serving(handler: Callable[..., socketserver.StreamRequestHandler]) -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join(10)

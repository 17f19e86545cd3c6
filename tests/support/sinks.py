"""A mail relay and a webhook on this machine that keep what they are sent. Loopback alone, and bounded."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_MOST_LINES = 200


@dataclass
class Sink:
    """What came, whole, in the order it came."""

    port: int = 0
    received: list[str] = field(default_factory=list)
    refuses: bool = False


@contextmanager
def smtp_sink() -> Iterator[Sink]:
    """Give a mail relay."""

    class Relay(socketserver.StreamRequestHandler):
        timeout = 10

        def handle(self) -> None:
            self.wfile.write(b"220 sink\r\n")
            for _ in range(_MOST_LINES):
                word = self.rfile.readline(1_000).decode().strip()
                if not word or word.upper() == "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                if word.upper() == "DATA":
                    self.wfile.write(b"354 go on\r\n")
                    found.received.append(self._message())
                refused = found.refuses and word.upper().startswith("RCPT")
                self.wfile.write(b"550 no\r\n" if refused else b"250 yes\r\n")

        def _message(self) -> str:
            lines: list[str] = []
            while len(lines) < _MOST_LINES and (line := self.rfile.readline(1_000).decode().rstrip("\r\n")) != ".":
                lines.append(line)
            return "\n".join(lines)

    found = Sink()
    with _serving(Relay) as found.port:
        yield found


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
def _serving(handler: type[socketserver.StreamRequestHandler]) -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join(10)

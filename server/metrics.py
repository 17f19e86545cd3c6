"""What an operator may watch: how many calls, how long, how large. Never who, nor what came out of a question.

docs/protocol.md, 6: no label tells an agency, a policy or an outcome, and the numbers stay on the machine.
"""

import ipaddress
from collections.abc import Callable
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import start_http_server

from server.errors import ConfigError


class Metrics:
    """The numbers of one service, in a registry of their own."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "sealtrace_requests", "Requests by call and status class", ("call", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "sealtrace_request_seconds", "Time to answer by call", ("call",), registry=self.registry
        )
        self._damaged = Gauge(
            "sealtrace_damaged_blobs", "Sealed blobs that were asked for and do not fit", registry=self.registry
        )
        self._size = Gauge("sealtrace_log_size", "Entries in the log", registry=self.registry)

    def observe(self, *, call: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(call, f"{status // 100}xx").inc()
        self._seconds.labels(call).observe(seconds)

    def watch_size(self, size: Callable[[], int]) -> None:
        """Ask for the size of the log whenever somebody looks."""
        self._size.set_function(size)

    def watch_damaged(self, count: Callable[[], int]) -> None:
        """Ask for the number of damaged blobs whenever somebody looks."""
        self._damaged.set_function(count)


def serve_metrics(metrics: Metrics, *, host: str, port: int) -> WSGIServer:
    """Serve /metrics in a thread of its own; raise ConfigError unless `host` is a loopback address."""
    if not ipaddress.ip_address(host).is_loopback:
        raise ConfigError("metrics are served on a loopback address only")
    server, _thread = start_http_server(port, host, registry=metrics.registry)
    return server

"""The numbers an operator may watch, on the machine's own address."""

import urllib.request

import pytest

from server.errors import ConfigError
from server.metrics import Metrics, serve_metrics
from tests.support.processes import free_port


def test_metrics_are_served_on_their_own_port() -> None:
    """Requests by call and status class, and the size of the log."""
    metrics = Metrics()
    metrics.observe(call="feed", status=201, seconds=0.01)
    metrics.watch_size(lambda: 7)
    port = free_port()
    server = serve_metrics(metrics, host="127.0.0.1", port=port)

    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    server.shutdown()
    server.server_close()

    assert 'sealtrace_requests_total{call="feed",status="2xx"} 1.0' in text
    assert "sealtrace_log_size 7.0" in text


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104  that is what must be refused
def test_metrics_leave_the_machine_by_no_other_address(host: str) -> None:
    """A mistaken setting is refused, not obeyed."""
    with pytest.raises(ConfigError, match="loopback"):
        serve_metrics(Metrics(), host=host, port=1)


def test_two_services_in_one_process_count_for_themselves() -> None:
    """The registry is the service's own."""
    one, other = Metrics(), Metrics()

    one.watch_size(lambda: 1)

    assert other.registry.get_sample_value("sealtrace_log_size") == 0

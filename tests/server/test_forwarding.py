"""Who asks, behind a proxy: one header, believed from one place."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import ConfigError
from server.forwarding import Forwarding

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

KEY = "HTTP_X_SEALTRACE_CLIENT"
PROXY = "192.0.2.7"


def heard(told: str | None, *, peer: str, proxies: Iterable[str] = ()) -> str:
    """Return the address that the app sees, for a request of `peer` with that header."""
    seen: list[str] = []

    def app(environ: "WSGIEnvironment", _start: "StartResponse") -> list[bytes]:
        seen.append(environ["REMOTE_ADDR"])
        assert KEY not in environ
        return [b"answer"]

    environ: dict[str, Any] = {"REMOTE_ADDR": peer} | ({} if told is None else {KEY: told})
    assert Forwarding(app, proxies=proxies)(environ, lambda *_: lambda _: None) == [b"answer"]
    return seen[0]


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.1.2.3", "::1"])
@pytest.mark.parametrize("client", ["203.0.113.9", "2001:db8::9"])
def test_a_proxy_on_this_machine_names_its_client(peer: str, client: str) -> None:
    """Of either family of addresses."""
    assert heard(client, peer=peer) == client


def test_a_proxy_on_another_machine_is_believed_when_it_was_named() -> None:
    """And only that one."""
    assert heard("203.0.113.9", peer=PROXY, proxies=[PROXY]) == "203.0.113.9"
    assert heard("203.0.113.9", peer="192.0.2.8", proxies=[PROXY]) == "192.0.2.8"


@pytest.mark.parametrize("peer", ["198.51.100.4", "10.0.0.1", "2001:db8::4", "::ffff:127.0.0.1", "", "localhost"])
def test_attack_a_client_that_reaches_the_service_names_another(peer: str) -> None:
    """Its header is put away unread: it is counted under the address that it comes from."""
    assert heard("203.0.113.9", peer=peer) == peer


@pytest.mark.parametrize(
    "told",
    ["", " ", "203.0.113.9,203.0.113.8", "203.0.113.9, 10.0.0.1", " 203.0.113.9", "203.0.113.9:80", "203.0.113.009",
     "2001:DB8::9", "2001:db8:0::9", "[2001:db8::9]", "unknown", "203.0.113.9\n", "٢٠٣.0.113.9"],
)  # fmt: skip
def test_what_is_not_one_address_in_its_one_spelling_is_not_believed(told: str) -> None:
    """Everybody behind such a proxy then shares one limit: too strict, never too loose."""
    assert heard(told, peer="127.0.0.1") == "127.0.0.1"


def test_without_the_header_nothing_changes() -> None:
    """A service with no proxy in front sees who connects."""
    assert heard(None, peer="127.0.0.1") == "127.0.0.1"
    assert heard(None, peer="198.51.100.4", proxies=[PROXY]) == "198.51.100.4"


@given(told=st.text(), peer=st.sampled_from(["127.0.0.1", "198.51.100.4"]))
def test_any_header_leaves_an_address(told: str, peer: str) -> None:
    """Arbitrary text is an address in its one spelling, or is not taken; from elsewhere it is never taken."""
    assert heard(told, peer=peer) == (told if peer == "127.0.0.1" and heard(told, peer=peer) != peer else peer)


@pytest.mark.parametrize("proxy", ["", "proxy.example", "192.0.2.0/24", "192.0.2.07", "192.0.2.7 "])
def test_a_proxy_is_one_address(proxy: str) -> None:
    """A name or a network would believe more than one machine."""
    with pytest.raises(ConfigError, match="not the address of a proxy"):
        heard(None, peer="127.0.0.1", proxies=[proxy])

"""Where a desk may be reached, and what follows from it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.desk.place import parse_place
from clients.desk.program import check_listening, parse_options
from clients.errors import HomeError
from clients.witness.program import parse_options as witness_options


@pytest.mark.parametrize(
    ("url", "host", "rp_id"),
    [
        ("https://desk.agency.example", "desk.agency.example", "desk.agency.example"),
        ("https://desk.agency.example:8443", "desk.agency.example:8443", "desk.agency.example"),
        ("https://desk.agency.example/", "desk.agency.example", "desk.agency.example"),
        ("http://localhost:8480", "localhost:8480", "localhost"),
        ("http://localhost", "localhost", "localhost"),
        ("https://localhost:8480", "localhost:8480", "localhost"),
    ],
)
def test_an_address_is_taken_apart_as_browsers_do(url: str, host: str, rp_id: str) -> None:
    """Origin, Host and what passkeys are bound to come from the one address that was given."""
    place = parse_place(url)

    assert (place.host, place.rp_id, place.origin) == (host, rp_id, url.rstrip("/"))
    assert place.is_secure == url.startswith("https")


@pytest.mark.parametrize(
    "url",
    [
        "http://desk.agency.example",
        "http://127.0.0.1:8480",
        "http://[::1]:8480",
        "https://127.0.0.1",
        "https://[::1]",
        "https://desk.agency.example:443",
        "http://localhost:80",
        "https://desk.agency.example/desk",
        "https://Desk.Agency.Example",
        "https://ana@desk.agency.example",
        "https://desk.agency.example?x",
        "https://",
        "ftp://localhost",
        "localhost:8480",
        "https://desk.agency.example:99999",
        "https://[::1",
        "http://localhost.evil.example",
        "",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    """Plain http beyond localhost, numbers that passkeys cannot be bound to, and whatever has two spellings."""
    with pytest.raises(HomeError, match=r"address|localhost"):
        parse_place(url)


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    """Whatever is given as an address, the answer is a place or a refusal in words."""
    try:
        place = parse_place(f"https://{text}")
    except HomeError:
        return
    assert parse_place(place.origin) == place


def test_passwords_are_taken_on_this_machine_alone() -> None:
    """A password can be phished and a passkey cannot: where there is a network between, passkeys it is."""
    assert parse_place("http://localhost:8480").takes_passwords
    assert not parse_place("https://desk.agency.example").takes_passwords


def test_cookies_are_bound_to_the_host() -> None:
    """Over https no other host can set or read them; two desks of one machine do not sign each other out."""
    secure = parse_place("https://desk.agency.example")
    one, other = parse_place("http://localhost:8480"), parse_place("http://localhost:8481")

    assert secure.session_cookie.startswith("__Host-")
    assert secure.form_cookie.startswith("__Host-")
    assert len({one.session_cookie, other.session_cookie, one.form_cookie, other.form_cookie}) == 4


@pytest.mark.parametrize(
    ("url", "host", "certificate", "key", "starts"),
    [
        ("http://localhost:8480", "127.0.0.1", None, None, True),
        ("http://localhost:8480", "::1", None, None, True),
        ("http://localhost:8480", "localhost", None, None, True),
        ("http://localhost:8480", "0.0.0.0", None, None, False),  # noqa: S104 - what must be refused
        ("https://desk.example", "0.0.0.0", None, None, False),  # noqa: S104 - what must be refused
        ("https://desk.example", "192.0.2.7", None, None, False),
        ("https://desk.example", "somewhere", None, None, False),
        ("https://desk.example", "127.0.0.1", None, None, True),
        ("https://desk.example", "0.0.0.0", Path("c"), Path("k"), True),  # noqa: S104 - with a certificate it may
        ("https://desk.example", "0.0.0.0", Path("c"), None, False),  # noqa: S104 - what must be refused
        ("https://desk.example", "127.0.0.1", None, Path("k"), False),
        ("http://localhost:8480", "127.0.0.1", Path("c"), Path("k"), False),
    ],
)
def test_nothing_is_typed_over_a_network_in_the_clear(
    url: str, host: str, certificate: Path | None, key: Path | None, *, starts: bool
) -> None:
    """Beyond this machine the desk listens with a certificate alone; else it does not start."""
    if starts:
        check_listening(parse_place(url), host=host, certificate=certificate, key=key)
        return
    with pytest.raises(HomeError, match="certificate"):
        check_listening(parse_place(url), host=host, certificate=certificate, key=key)


def test_the_desk_listens_on_this_machine_unless_told_otherwise() -> None:
    """Without options: loopback, port 8480, and http://localhost."""
    options = parse_options([])

    assert (options.host, options.port, options.url) == ("127.0.0.1", 8480, None)


def test_the_desk_and_the_witness_of_one_machine_want_different_ports() -> None:
    """Whoever starts both as they come, by hand or as shipped services, has both."""
    units = Path(__file__).resolve().parents[3] / "packaging" / "systemd"
    ports = {"desk": parse_options([]).port, "witness": witness_options([]).port}

    assert len(set(ports.values())) == len(ports)
    for name, port in ports.items():
        unit = (units / f"sealtrace-{name}.service").read_text(encoding="utf-8")
        assert f"--port {port}\n" in unit
        assert f"SocketBindAllow=ipv4:tcp:{port}\n" in unit

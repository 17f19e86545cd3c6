"""How a request is signed: three values in, one spelling out, and nothing else is read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import BadSignatureError, MalformedError, ReplayedError
from ledger.identifiers import KeyId
from ledger.wire import requests
from ledger.wire.requests import Parameters

PARAMETERS = Parameters(created=1_800_000_000, keyid=KeyId("xar-arms", 4), nonce=bytes(range(16)))
FIELD = (
    'sealtrace=("@method" "@authority" "@path" "@query");created=1800000000;keyid="xar-arms#4";alg="ed25519"'
    ';nonce="AAECAwQFBgcICQoLDA0ODw";tag="sealtrace/v1/req"'
)
BODY_FIELD = FIELD.replace('"@query")', '"@query" "content-type" "content-digest")')


@pytest.mark.parametrize(("has_body", "field"), [(False, FIELD), (True, BODY_FIELD)])
def test_the_parameters_have_one_spelling(field: str, *, has_body: bool) -> None:
    """The field is written as the protocol prints it, and read back."""
    assert PARAMETERS.format(has_body=has_body) == field
    assert requests.parse_signature_input(field, has_body=has_body) == PARAMETERS


@given(
    created=st.integers(min_value=0, max_value=10**12 - 1),
    number=st.integers(min_value=1, max_value=9_999_999),
    nonce=st.binary(min_size=16, max_size=16),
    has_body=st.booleans(),
)
def test_whatever_is_written_is_read(created: int, number: int, nonce: bytes, *, has_body: bool) -> None:
    """Every set of parameters goes there and back."""
    parameters = Parameters(created=created, keyid=KeyId("xar-arms", number), nonce=nonce)

    assert requests.parse_signature_input(parameters.format(has_body=has_body), has_body=has_body) == parameters


@given(st.text(max_size=300))
def test_arbitrary_text_is_refused(text: str) -> None:
    """Anything else raises only our error."""
    with pytest.raises(BadSignatureError):
        requests.parse_signature_input(text, has_body=False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"@query"', '"@query" "@scheme"'),
        ('("@method" ', "("),
        (' "@path"', '  "@path"'),
        ("1800000000", "01800000000"),
        ("1800000000", "1800000000.0"),
        ("1800000000", "-1"),
        ("1800000000", "1_800_000_000"),
        ("1800000000", "\u0661800000000"),
        ("xar-arms#4", "xar-arms#04"),
        ("xar-arms#4", "XAR-arms#4"),
        ("xar-arms#4", "nobody"),
        ("ed25519", "Ed25519"),
        ("AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0ODx"),
        ("AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0O"),
        ("/v1/req", "/v2/req"),
        (';tag="sealtrace/v1/req"', ""),
        ('tag="sealtrace/v1/req"', 'tag="sealtrace/v1/req";expires=1'),
        ("sealtrace=", "sealtrace2="),
        ("sealtrace=", " sealtrace="),
        ('v1/req"', 'v1/req", sealtrace=("@method")'),
        ('v1/req"', 'v1/req"\n'),
    ],
)
def test_another_cover_order_or_spelling_is_refused(old: str, new: str) -> None:
    """What covers less, more or differently is no signature of the protocol."""
    changed = FIELD.replace(old, new)

    assert changed != FIELD
    with pytest.raises(BadSignatureError):
        requests.parse_signature_input(changed, has_body=False)


@pytest.mark.parametrize(("has_body", "field"), [(True, FIELD), (False, BODY_FIELD)])
def test_a_body_is_covered_exactly_where_there_is_one(field: str, *, has_body: bool) -> None:
    """A POST whose signature leaves out the body is refused, and so is a GET that covers one."""
    with pytest.raises(BadSignatureError):
        requests.parse_signature_input(field, has_body=has_body)


def test_the_digest_is_that_of_the_rfc() -> None:
    """RFC 9530, B.1: the digest of a body with its line end."""
    body = b'{"hello": "world"}\n'

    assert requests.content_digest(body) == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    requests.verify_content_digest(requests.content_digest(body), body=body)


@pytest.mark.parametrize(
    "field", ["", "sha-512=:AAAA:", "sha-256=:AAAA:", requests.content_digest(b"y") + ", md5=:AA==:"]
)
def test_another_digest_is_refused(field: str) -> None:
    """Only sha-256 of exactly these bytes, alone, in one spelling."""
    with pytest.raises(BadSignatureError):
        requests.verify_content_digest(field, body=b"y")


@pytest.mark.parametrize("created", [1_000 - 60, 1_000, 1_000 + 5])
def test_a_minute_is_fresh(created: int) -> None:
    """Up to a minute old, and five seconds of a fast clock."""
    requests.verify_fresh(created, now=1_000)


@pytest.mark.parametrize("created", [0, 1_000 - 61, 1_000 + 6, 10**12 - 1])
def test_older_is_a_replay(created: int) -> None:
    """What cannot be told from a replay is answered as one."""
    with pytest.raises(ReplayedError):
        requests.verify_fresh(created, now=1_000)


def test_a_nonce_is_kept_for_longer_than_its_request_is_fresh() -> None:
    """Otherwise a replay could come just after its nonce was forgotten."""
    assert requests.NONCE_SECONDS > requests.MAX_AGE_SECONDS + requests.MAX_SKEW_SECONDS


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://ledger.example", "ledger.example"),
        ("https://ledger.example/", "ledger.example"),
        ("https://ledger.example:443", "ledger.example"),
        ("http://ledger.example:80", "ledger.example"),
        ("https://ledger.example:80", "ledger.example:80"),
        ("http://127.0.0.1:8470", "127.0.0.1:8470"),
        ("http://[::1]:8470", "[::1]:8470"),
    ],
)
def test_the_authority_of_a_url(url: str, authority: str) -> None:
    """Host and port, without the scheme's own port (RFC 9421, 2.2.3)."""
    assert requests.authority(url) == authority


@pytest.mark.parametrize(
    "url",
    ["", "ledger.example", "ftp://x", "https://", "https://LEDGER.example", "https://a b", "https://x:0", "https://x:080",
     "https://user@x", "https://x/path", "https://x?q", "https://x#f", "https://x:123456", "https://x\n"],
)  # fmt: skip
def test_a_url_of_another_form_is_refused(url: str) -> None:
    """A url with a path, a query or capitals would be signed in more than one way."""
    with pytest.raises(MalformedError):
        requests.authority(url)

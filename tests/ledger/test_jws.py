"""JSON Web Signatures in their two spellings (docs/protocol.md, 1.4 and 1.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u
from ledger import jsontext, jws
from ledger.errors import LedgerError, MalformedError, TooLargeError
from ledger.identifiers import KeyId
from ledger.kinds import Typ

KID = KeyId("xar-arms", 4)
SIGNATURES = st.builds(
    jws.Signature, protected=st.binary(max_size=20).map(lambda raw: b64u(raw).encode()), signature=st.binary()
)


def header(text: str) -> bytes:
    """Return a protected header of any text."""
    return b64u(text.encode()).encode()


def test_a_protected_header_is_three_members_to_the_byte() -> None:
    """The header is `{"alg","kid","typ"}` in this order and spelling."""
    protected = jws.protected_header(alg="Ed25519", kid=KID, typ=Typ.RECORD)

    assert header('{"alg":"Ed25519","kid":"xar-arms#4","typ":"sealtrace-record+sd-jwt"}') == protected


@pytest.mark.parametrize("typ", list(Typ))
def test_a_header_says_what_it_was_made_of(typ: Typ) -> None:
    """A header is read back as the algorithm, key id and kind it was made of."""
    protected = jws.protected_header(alg="ML-DSA-65", kid=KID, typ=typ)

    assert jws.Header(alg="ML-DSA-65", kid=KID, typ=typ) == jws.parse_header(protected)


@pytest.mark.parametrize(
    "text",
    [
        '{"kid":"xar-arms#4","alg":"Ed25519","typ":"sealtrace-grant+jws"}',
        '{"alg":"Ed25519","kid":"xar-arms#4"}',
        '{"alg":"Ed25519","kid":"xar-arms#4","typ":"sealtrace-grant+jws","crit":["b64"]}',
        '{"alg":"Ed25519","kid":"xar-arms#4","typ":"JWT"}',
        '{"alg":"Ed25519","kid":"xar-arms#4","typ":["sealtrace-grant+jws"]}',
        '{"alg":"Ed25519","kid":"xar-arms#04","typ":"sealtrace-grant+jws"}',
        '{"alg":["Ed25519"],"kid":"xar-arms#4","typ":"sealtrace-grant+jws"}',
        '{"alg": "Ed25519","kid":"xar-arms#4","typ":"sealtrace-grant+jws"}',
        "",
        "[]",
    ],
)
def test_another_header_is_refused(text: str) -> None:
    """A header with other members, order, kinds or spacing is malformed."""
    with pytest.raises(MalformedError):
        jws.parse_header(header(text))


def test_a_header_is_not_remembered_without_a_bound() -> None:
    """A header longer than any of ours is refused before it is kept in the cache."""
    with pytest.raises(MalformedError):
        jws.parse_header(b"A" * 201)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_as_a_header_raise_only_our_error(raw: bytes) -> None:
    """A header is refused by our own error or says what it was made of."""
    try:
        said = jws.parse_header(raw)
    except LedgerError:
        return

    assert raw == jws.protected_header(alg=said.alg, kid=said.kid, typ=said.typ)


@given(payload=st.binary(max_size=200), signature=st.binary(max_size=70))
def test_a_compact_jws_is_taken_apart_as_it_was_put_together(payload: bytes, signature: bytes) -> None:
    """Header, payload, signature and the signed bytes come back as they went in."""
    protected = jws.protected_header(alg="Ed25519", kid=KID, typ=Typ.RECORD)
    signed = jws.signing_input(protected, payload)

    parts = jws.parse_compact(jws.format_compact(signed, signature))

    assert jws.Compact(protected=protected, payload=payload, signature=signature, signing_input=signed) == parts


@given(st.binary(max_size=120) | st.text("AQ-_.=+/", max_size=30).map(str.encode))
def test_arbitrary_bytes_as_a_compact_jws_raise_only_our_error(raw: bytes) -> None:
    """Bytes are refused by our own error or are spelled exactly as format_compact spells their parts."""
    try:
        parts = jws.parse_compact(raw)
    except LedgerError:
        return

    assert raw == jws.format_compact(parts.signing_input, parts.signature)
    assert parts.signing_input == jws.signing_input(parts.protected, parts.payload)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"e30.e30", id="two parts"),
        pytest.param(b"e30.e30.AA.AA", id="four parts"),
        pytest.param(b"e30.e30=.AA", id="padding"),
        pytest.param(b"e30.e31.AA", id="stray bits in the payload"),
        pytest.param(b"e30.e30.AB", id="stray bits in the signature"),
        pytest.param(b"e30.e3 0.AA", id="space"),
        pytest.param(b"e30.+/+/.AA", id="the other alphabet"),
        pytest.param(b"e30.e30.AA\n", id="line feed"),
    ],
)
def test_another_spelling_of_a_compact_jws_is_refused(raw: bytes) -> None:
    """One payload has one spelling."""
    with pytest.raises(MalformedError):
        jws.parse_compact(raw)


def test_an_entry_above_the_limit_is_refused_before_it_is_decoded() -> None:
    """65,535 bytes are the most an entry has."""
    with pytest.raises(TooLargeError):
        jws.parse_compact(b"." * (jsontext.MAX_ENTRY_BYTES + 1))


@given(payload=st.binary(max_size=100), signatures=st.lists(SIGNATURES, min_size=1, max_size=3).map(tuple))
def test_a_general_jws_is_taken_apart_as_it_was_put_together(
    payload: bytes, signatures: tuple[jws.Signature, ...]
) -> None:
    """Payload and signatures come back in order, with the bytes that each of them signs."""
    general = jws.parse_general(jws.format_general(payload, signatures), signatures=3)

    assert (payload, signatures) == (general.payload, general.signatures)
    assert [general.signing_input(one) for one in signatures] == [
        jws.signing_input(one.protected, payload) for one in signatures
    ]


@given(st.binary(max_size=120))
def test_arbitrary_bytes_as_a_general_jws_raise_only_our_error(raw: bytes) -> None:
    """A parser of JSON General raises nothing but our error."""
    with pytest.raises(LedgerError):
        jws.parse_general(raw)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b'{"payload":"e30","signatures":[]}', id="unsigned"),
        pytest.param(b'{"payload":"e30","signatures":{}}', id="no list"),
        pytest.param(b'{"payload":"e30","protected":"e30","signature":"AA"}', id="the flattened form"),
        pytest.param(b'{"signatures":[{"protected":"e30","signature":"AA"}],"payload":"e30"}', id="order"),
        pytest.param(b'{"payload":"e31","signatures":[{"protected":"e30","signature":"AA"}]}', id="stray bits"),
        pytest.param(b'{"payload":"e30","signatures":[{"protected":"e30","signature":"AB"}]}', id="stray bits, signed"),
        pytest.param(
            b'{"payload":"e30","signatures":[{"protected":"e30","header":{},"signature":"AA"}]}', id="open header"
        ),
        pytest.param(b'{"payload":"e30", "signatures":[{"protected":"e30","signature":"AA"}]}', id="space"),
        pytest.param(b'{"payload":1,"signatures":[{"protected":"e30","signature":"AA"}]}', id="payload no text"),
    ],
)
def test_another_form_of_a_general_jws_is_refused(raw: bytes) -> None:
    """The form is exact to the byte: members, order, spacing, alphabet."""
    with pytest.raises(MalformedError):
        jws.parse_general(raw)


def test_more_signatures_than_asked_for_are_refused() -> None:
    """A third signature cannot ride along with two."""
    one = jws.Signature(protected=b"e30", signature=b"x")

    with pytest.raises(MalformedError):
        jws.parse_general(jws.format_general(b"{}", (one, one, one)))

"""A redacted record is an SD-JWT that a verifier nobody here wrote accepts (RFC 9901; docs/protocol.md, 4.2)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier

from crypto.encoding import b64u
from ledger.errors import LedgerError, MalformedError, ProofError, TooLargeError
from ledger.jsontext import JsonValue
from ledger.opening import check_disclosures
from ledger.presentation import MAX_PRESENTATION_BYTES, parse_presentation, present
from ledger.recordform import PORTIONS, parse_record
from tests.support.records import EPOCH_KEYS, FIELDS, IAT, ISS, LABEL, SIGNER, open_portion, seal, seed

SEALED = seal()
RECORD = parse_record(SEALED.entry)
ISSUER = {"kty": "OKP", "crv": "Ed25519", "x": b64u(SIGNER.public_key.raw)}
OPEN_MEMBERS = {"iss", "iat", "jti", "ver", "ep", "prt", "slip"}
SHOWN: dict[str, str] = {}
for _portion, _ciphertext in zip(PORTIONS, SEALED.blobs[1:], strict=True):
    _opened = open_portion(RECORD, _portion, epoch_keys=EPOCH_KEYS.values(), ciphertext=_ciphertext)
    SHOWN |= dict(zip((f"{_portion}.label", *_opened.fields), _opened.disclosures, strict=True))
VALUES: Mapping[str, JsonValue] = {
    **{f"{portion}.label": LABEL for portion in PORTIONS},
    **FIELDS["item"],
    **FIELDS["event"],
    **FIELDS["case"],
}
SUBSETS = st.lists(st.sampled_from(sorted(SHOWN)), unique=True)


def texts(names: Iterable[str]) -> list[str]:
    """Return the disclosures of the fields named."""
    return [SHOWN[name] for name in names]


def verified(presentation: bytes, key: Mapping[str, str] = ISSUER) -> dict[str, Any]:
    """Return what the `sd-jwt` package from PyPI reads of a presentation, after it has verified it."""
    verifier = SDJWTVerifier(presentation.decode(), lambda _issuer, _header: JWK(**key))
    claims = verifier.get_verified_payload()
    assert isinstance(claims, dict)
    return claims


@given(SUBSETS)
@settings(max_examples=60)
def test_another_verifier_accepts_a_redacted_record_and_reads_exactly_what_is_shown(names: Sequence[str]) -> None:
    """PyPI's sd-jwt verifies the signature and yields the fields shown, their values, and no other."""
    claims = verified(present(SEALED.entry, texts(names)))

    assert {name: VALUES[name] for name in names} == {
        name: value for name, value in claims.items() if name not in OPEN_MEMBERS
    }
    assert (claims["iss"], claims["iat"]) == (ISS, IAT)


def test_another_verifier_refuses_a_changed_record() -> None:
    """The signature covers the record: with one letter changed PyPI's sd-jwt refuses it."""
    head, payload, signature = SEALED.entry.split(b".")
    changed = b".".join((head, payload, (b"A" if signature[:1] != b"A" else b"B") + signature[1:]))

    with pytest.raises(JWException):
        verified(present(changed, texts(["item.make"])))


def test_another_verifier_refuses_another_agencys_key() -> None:
    """The signature is the issuer's and nobody else's."""
    other = type(SIGNER)(SIGNER.public_key.algorithm, seed("another agency")).public_key.raw

    with pytest.raises(JWException):
        verified(present(SEALED.entry, []), {**ISSUER, "x": b64u(other)})


@given(SUBSETS)
def test_a_presentation_is_read_back_as_it_was_made(names: Sequence[str]) -> None:
    """Record and disclosures survive, in the order shown."""
    record, disclosures = parse_presentation(present(SEALED.entry, texts(names)))

    assert (RECORD, tuple(texts(names))) == (record, disclosures)
    assert {name: VALUES[name] for name in names} == dict(check_disclosures(record, disclosures))


def test_withholding_everything_leaves_the_record_alone() -> None:
    """A fully redacted record is the entry and one tilde."""
    assert SEALED.entry + b"~" == present(SEALED.entry, [])


def test_the_presentation_holds_no_byte_of_what_is_withheld() -> None:
    """A withheld disclosure, its salt and its value are not in what is shown."""
    shown = present(SEALED.entry, texts(["item.make"]))

    assert SHOWN["item.make"].encode() in shown
    for name, text in SHOWN.items():
        assert name == "item.make" or text.encode() not in shown


def test_what_the_record_did_not_sign_cannot_be_presented() -> None:
    """A field of another record, however true, is refused before it is shown."""
    other = seal()
    opened = open_portion(parse_record(other.entry), "item", epoch_keys=EPOCH_KEYS.values(), ciphertext=other.blobs[1])

    with pytest.raises(ProofError):
        present(SEALED.entry, opened.disclosures[1:2])


def test_an_added_field_is_refused() -> None:
    """Whoever passes a presentation on cannot add to it."""
    forged = b64u(f'["{b64u(bytes(16))}","item.make","COLT"]'.encode())

    with pytest.raises(ProofError):
        parse_presentation(SEALED.entry + b"~" + forged.encode() + b"~")


def test_a_disclosure_shown_twice_is_refused() -> None:
    """Every disclosure consumes one digest."""
    twice = f"~{SHOWN['item.make']}~{SHOWN['item.make']}~".encode()

    with pytest.raises(MalformedError):
        parse_presentation(SEALED.entry + twice)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"~", id="no record"),
        pytest.param(SEALED.entry, id="a record alone"),
        pytest.param(SEALED.entry + b"~~", id="an empty disclosure"),
        pytest.param(SEALED.entry + b"~" + SHOWN["item.make"].encode(), id="no tilde at the end"),
        pytest.param(SEALED.entry + b"~" + SEALED.entry, id="a key binding where none belongs"),
        pytest.param(SEALED.entry + b"~\n", id="a line feed after"),
        pytest.param(SEALED.entry + "~é~".encode(), id="no ASCII"),
        pytest.param(SEALED.entry + b"~" + SHOWN["item.make"].encode() + b"=~", id="padding"),
    ],
)
def test_another_form_of_a_presentation_is_refused(raw: bytes) -> None:
    """The compact form has one spelling: record, disclosures, a tilde after each."""
    with pytest.raises(MalformedError):
        parse_presentation(raw)


def test_a_presentation_larger_than_any_record_is_refused() -> None:
    """The limit comes before the parser."""
    with pytest.raises(TooLargeError):
        parse_presentation(b"~" * (MAX_PRESENTATION_BYTES + 1))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_our_error(raw: bytes) -> None:
    """What is no presentation is refused by our own error, before and after a good record."""
    with pytest.raises(LedgerError):
        parse_presentation(raw)
    with pytest.raises(LedgerError):
        parse_presentation(SEALED.entry + b"~x" + raw)

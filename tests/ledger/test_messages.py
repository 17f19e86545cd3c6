"""Sealed messages: all look alike, and none can be turned into another (docs/protocol.md, 6)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import hpke
from crypto.digests import sha256
from crypto.encoding import b64u, lp
from ledger import jws
from ledger.errors import LabelError, LedgerError, MalformedError, ProofError
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.kinds import Typ
from ledger.messages import (
    BOX_BYTES,
    Inner,
    Kind,
    Message,
    Route,
    check_blobs,
    open_message,
    parse_message,
    parse_route,
    seal_message,
)
from ledger.statements import SealedStatement, sign_statement
from tests.support.records import IAT, ISS, KID, OWN_BOXES, PARTNER, PARTNER_BOXES, SIGNER, seed

THREAD = seed("thread")[:16]
INNER = Inner(
    kind=Kind.TRACE_REQUEST,
    to=PARTNER,
    thread=THREAD,
    re=StatementName(PARTNER, bytes(16)),
    part=1,
    parts=1,
    body={"purpose": "CRIM", "markings": "ABE 573528"},
)


def message(inner: Inner = INNER) -> SealedStatement:
    """Return a message of the agency to its partner."""
    return seal_message(
        signer=SIGNER,
        kid=KID,
        iat=IAT,
        inner=inner,
        recipient_key=PARTNER_BOXES.public_key,
        own_key=OWN_BOXES.public_key,
    )


SEALED = message()
MESSAGE = parse_message(SEALED.entry)
TO, OWN, ROUTE = SEALED.blobs
PAYLOAD = json.loads(jws.parse_compact(SEALED.entry).payload)


@given(
    kind=st.sampled_from(Kind),
    re=st.none() | st.binary(min_size=16, max_size=16).map(lambda jti: StatementName("xco-npa", jti)),
    parts=st.integers(1, 1_000),
    body=st.dictionaries(st.text("abc", max_size=3), st.integers(0, 9) | st.booleans(), max_size=4),
)
@settings(max_examples=30)
def test_both_sides_read_what_was_said(
    kind: Kind, re: StatementName | None, parts: int, body: dict[str, JsonValue]
) -> None:
    """The recipient opens its box, the sender its own copy, and both read the same words."""
    inner = Inner(kind=kind, to=PARTNER, thread=THREAD, re=re, part=parts, parts=parts, body=body)
    sealed = message(inner)
    found = parse_message(sealed.entry)

    assert inner == open_message(found, me=PARTNER, decapsulator=PARTNER_BOXES, box=sealed.blobs[0])
    assert inner == open_message(found, me=ISS, decapsulator=OWN_BOXES, box=sealed.blobs[1])


def test_a_message_is_what_the_protocol_spells() -> None:
    """Members, their order, and what each hash is over."""
    assert list(PAYLOAD) == ["iss", "iat", "jti", "box", "pc", "route"]
    assert [b64u(sha256(TO)), b64u(sha256(OWN))] == PAYLOAD["box"]
    assert b64u(sha256(ROUTE)) == PAYLOAD["route"]
    assert list(json.loads(ROUTE)) == ["s", "to", "h"]
    assert (SEALED.name, KID, IAT) == (MESSAGE.name, MESSAGE.kid, MESSAGE.iat)


def info_of(found: Message) -> bytes:
    """Return the info of the recipient's box, written out a second time."""
    return b"sealtrace/v1/message" + lp(
        "sealtrace-suite-1", ISS, PARTNER, sha256(PARTNER_BOXES.public_key), found.name.jti, found.pc
    )


def test_the_plaintext_is_salt_length_words_zeros() -> None:
    """Whoever shows the plaintext proves what was said: its hash stands in the log, salted."""
    plaintext = PARTNER_BOXES.open(box=TO, info=info_of(MESSAGE))
    words = plaintext[36 : 36 + int.from_bytes(plaintext[32:36], "big")]

    assert len(plaintext) == 8_192
    assert MESSAGE.pc == sha256(plaintext)
    assert not any(plaintext[36 + len(words) :])
    assert list(json.loads(words)) == ["kind", "to", "thread", "re", "part", "parts", "body"]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("body", [None, {"text": "x" * 7_000}])
def test_all_messages_look_alike(kind: Kind, body: JsonValue) -> None:
    """A refusal, a release and a receipt have the same sizes, whatever they hold."""
    sealed = message(replace(INNER, kind=kind, body=body))

    assert len(SEALED.entry) == len(sealed.entry)
    assert [BOX_BYTES, BOX_BYTES, len(ROUTE)] == [len(blob) for blob in sealed.blobs]


def test_the_recipient_is_not_in_the_log() -> None:
    """The entry names the sender alone; the route, which the service keeps, is salted."""
    assert PARTNER.encode() not in jws.parse_compact(SEALED.entry).payload
    assert message().blobs[2] != ROUTE


def test_the_same_words_twice_leave_no_trace() -> None:
    """Two messages of the same words share no hash."""
    other = json.loads(jws.parse_compact(message().entry).payload)

    assert not {*PAYLOAD["box"], PAYLOAD["pc"], PAYLOAD["route"]} & {*other["box"], other["pc"], other["route"]}


def test_the_service_reads_where_a_message_goes() -> None:
    """The route names the recipient and the key its box is sealed to."""
    assert Route(to=PARTNER, h=sha256(PARTNER_BOXES.public_key)) == check_blobs(MESSAGE, SEALED.blobs)


@pytest.mark.parametrize(
    "blobs",
    [[], [TO, OWN], [OWN, TO, ROUTE], [TO, TO, ROUTE], [TO, OWN, TO], [TO, OWN, ROUTE, b""], [TO[:-1], OWN, ROUTE]],
)
def test_blobs_the_message_does_not_name_are_refused(blobs: list[bytes]) -> None:
    """A service takes exactly the two boxes and the route, in their order."""
    with pytest.raises(MalformedError):
        check_blobs(MESSAGE, blobs)


def test_a_box_of_another_size_is_refused_by_the_service() -> None:
    """Sizes are the same for all, since a different one would tell something."""
    small = bytes(BOX_BYTES - 1)

    for at in (0, 1):
        hashes = [sha256(TO), sha256(OWN)]
        hashes[at] = sha256(small)
        blobs = [TO, OWN, ROUTE]
        blobs[at] = small
        with pytest.raises(MalformedError, match="size"):
            check_blobs(replace(MESSAGE, box=(hashes[0], hashes[1])), blobs)


def test_a_message_to_oneself_is_refused_by_the_service() -> None:
    """It could not be told from the sender's own copy."""
    route = json.dumps({**json.loads(ROUTE), "to": ISS}, separators=(",", ":")).encode()

    with pytest.raises(MalformedError, match="own sender"):
        check_blobs(replace(MESSAGE, route=sha256(route)), [TO, OWN, route])


@pytest.mark.parametrize(
    ("found", "box"),
    [
        pytest.param(MESSAGE, OWN, id="the sender's copy"),
        pytest.param(MESSAGE, TO[:-1], id="cut short"),
        pytest.param(replace(MESSAGE, name=StatementName(ISS, bytes(16))), TO, id="under another id"),
        pytest.param(replace(MESSAGE, name=StatementName("xco-npa", MESSAGE.name.jti)), TO, id="another sender"),
        pytest.param(replace(MESSAGE, pc=bytes(32)), TO, id="another plaintext promised"),
    ],
)
def test_a_box_of_another_message_is_refused(found: Message, box: bytes) -> None:
    """A box opens for one sender, one message and one plaintext; hash and context are both checked."""
    for claimed in (found, replace(found, box=(sha256(box), sha256(box)))):
        with pytest.raises(ProofError):
            open_message(claimed, me=PARTNER, decapsulator=PARTNER_BOXES, box=box)


def test_a_message_forwarded_by_the_service_to_another_agency_is_refused() -> None:
    """Who is handed somebody else's box cannot open it."""
    with pytest.raises(ProofError):
        open_message(MESSAGE, me="xco-npa", decapsulator=OWN_BOXES, box=TO)


def forged(plaintext: bytes, *, pc: bytes | None = None) -> tuple[Message, bytes]:
    """Return a message of a dishonest sender that seals any plaintext to its partner."""
    found = replace(MESSAGE, pc=sha256(plaintext) if pc is None else pc)
    box = hpke.seal(public_key=PARTNER_BOXES.public_key, info=info_of(found), plaintext=plaintext)
    return replace(found, box=(sha256(box), sha256(OWN))), box


def plain(words: bytes, *, size: int = 8_192, claimed: int | None = None) -> bytes:
    """Return a plaintext with any words."""
    length = (len(words) if claimed is None else claimed).to_bytes(4, "big")
    return (bytes(32) + length + words).ljust(size, b"\0")


def words(**changes: Any) -> bytes:
    """Return the inner JSON with members exchanged."""
    inner: dict[str, Any] = {
        "kind": "receipt", "to": PARTNER, "thread": b64u(THREAD), "re": None, "part": 1, "parts": 1, "body": {},
    }  # fmt: skip
    return json.dumps({**inner, **changes}, separators=(",", ":")).encode()


def test_a_message_meant_for_somebody_else_is_refused() -> None:
    """Words addressed to another agency, sealed to me, are not shown as if they were meant for me."""
    found, box = forged(plain(words(to="xco-npa")))

    with pytest.raises(ProofError, match="somebody else"):
        open_message(found, me=PARTNER, decapsulator=PARTNER_BOXES, box=box)


def test_words_the_sender_did_not_sign_for_are_refused() -> None:
    """A plaintext whose hash is not in the signed statement could be denied later."""
    found, box = forged(plain(words()), pc=bytes(32))

    with pytest.raises(ProofError, match="other words"):
        open_message(found, me=PARTNER, decapsulator=PARTNER_BOXES, box=box)


@pytest.mark.parametrize(
    "plaintext",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(plain(words(), size=8_191), id="a byte short"),
        pytest.param(plain(words(), size=8_193), id="a byte long"),
        pytest.param(plain(words())[:-1] + b"\x01", id="not filled with zeros"),
        pytest.param(plain(words(), claimed=8_157), id="a length past the end"),
        pytest.param(plain(words(kind="gossip")), id="an unknown kind"),
        pytest.param(plain(words(kind=None)), id="no kind"),
        pytest.param(plain(words(to="police")), id="no agency"),
        pytest.param(plain(words(thread="")), id="no thread"),
        pytest.param(plain(words(re={"iss": ISS})), id="half a reference"),
        pytest.param(plain(words(re="xar-arms/AAAA")), id="a reference that is a text"),
        pytest.param(plain(words(part=0)), id="part 0"),
        pytest.param(plain(words(part=2)), id="part 2 of 1"),
        pytest.param(plain(words(parts=1_001)), id="too many parts"),
        pytest.param(plain(words(more=1)), id="a further member"),
        pytest.param(plain(b"{}"), id="an empty object"),
        pytest.param(plain(b"\xff"), id="no text"),
    ],
)
def test_words_of_another_form_are_refused(plaintext: bytes) -> None:
    """Even properly sealed and signed, words of another form are refused by our own error."""
    found, box = forged(plaintext)

    with pytest.raises(LedgerError):
        open_message(found, me=PARTNER, decapsulator=PARTNER_BOXES, box=box)


def test_a_message_that_does_not_fit_is_refused_with_the_way_out() -> None:
    """What is longer is sent in numbered parts."""
    with pytest.raises(LabelError, match=r"^body: .*parts"):
        message(replace(INNER, body="x" * 8_192))


@pytest.mark.parametrize(
    "changes", [{"to": "police"}, {"thread": bytes(15)}, {"part": 2}, {"parts": 0}, {"body": 1.5}, {"to": ISS}]
)
def test_a_message_nobody_could_read_is_not_sealed(changes: Mapping[str, Any]) -> None:
    """What every reader would refuse is refused before it is sent."""
    with pytest.raises(LedgerError):
        message(replace(INNER, **changes))


def signed(payload: Any) -> bytes:
    """Return any payload, properly signed as a message."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
    return sign_statement(signer=SIGNER, kid=KID, typ=Typ.MESSAGE, payload=raw)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": PARTNER},
        {"iat": None},
        {"jti": ""},
        {"box": []},
        {"box": PAYLOAD["box"][:1]},
        {"box": [*PAYLOAD["box"], PAYLOAD["pc"]]},
        {"box": ["", ""]},
        {"pc": ""},
        {"route": None},
        {"to": PARTNER},
    ],
)
def test_another_message_is_refused(changes: Mapping[str, Any]) -> None:
    """A properly signed payload of any other form is no message."""
    with pytest.raises(LedgerError):
        parse_message(signed({**PAYLOAD, **changes}))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_our_error(raw: bytes) -> None:
    """Garbage is refused by our own error, as an entry, as a payload and as a route."""
    with pytest.raises(LedgerError):
        parse_message(raw)
    with pytest.raises(LedgerError):
        parse_message(signed(raw))
    with pytest.raises(LedgerError):
        parse_route(raw)


@pytest.mark.parametrize("changes", [{"s": ""}, {"to": "police"}, {"h": None}, {"more": 1}, {"to": "x" * 300}])
def test_another_route_is_refused(changes: Mapping[str, Any]) -> None:
    """Salt, recipient and key hash, and nothing else."""
    with pytest.raises(LedgerError):
        parse_route(json.dumps({**json.loads(ROUTE), **changes}, separators=(",", ":")).encode())


def test_a_message_does_not_show_its_body_by_accident() -> None:
    """The repr, which ends in logs, holds no word of it."""
    assert "ABE" not in repr(INNER)

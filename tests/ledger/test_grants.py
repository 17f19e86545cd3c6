"""Grants: a key wrapped to its recipients, and every way to hand over another one (docs/protocol.md, 5.3)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import hpke
from crypto.digests import expand, sha256
from crypto.encoding import b64u, lp
from crypto.errors import CryptoError
from crypto.hpke import SeedDecapsulator
from crypto.portionkeys import epoch_key_id
from ledger import jws
from ledger.errors import LedgerError, MalformedError, NotFoundError, ProofError
from ledger.grants import BOX_BYTES, MAX_RECIPIENTS, Grant, Use, check_blobs, open_box, parse_grant, seal_grant
from ledger.identifiers import KeyId
from ledger.kinds import Typ
from ledger.labels import Level
from ledger.statements import SealedStatement, sign_statement
from tests.support.records import IAT, ISS, KID, PARTNER, PARTNER_BOXES, RECOVERY, SIGNER, seed

EK = seed("epoch key")
BOXES: Mapping[str, SeedDecapsulator] = {
    PARTNER: PARTNER_BOXES,
    ISS: RECOVERY,
    "xco-npa": SeedDecapsulator(seed("xco-npa hpke")),
}
KEYS = {agency: one.public_key for agency, one in BOXES.items()}


def grant(
    *,
    use: Use = Use.EPOCH,
    ep: int = 3,
    level: Level = Level.RESTRICTED,
    key: bytes = EK,
    recipients: Mapping[str, bytes] = KEYS,
    kid: KeyId = KID,
) -> SealedStatement:
    """Return a grant of the agency."""
    return seal_grant(
        signer=SIGNER, kid=kid, iat=IAT, use=use, ep=ep, level=level, epoch_key=key, recipients=recipients
    )


SEALED = grant()
GRANT = parse_grant(SEALED.entry)
BY_AGENCY = dict(zip(sorted(KEYS), SEALED.blobs, strict=True))
PAYLOAD = json.loads(jws.parse_compact(SEALED.entry).payload)


@pytest.mark.parametrize("agency", sorted(KEYS))
def test_every_recipient_opens_its_own_box(agency: str) -> None:
    """Each named agency, the issuer among them, gets the one key."""
    found = open_box(GRANT, me=agency, decapsulator=BOXES[agency], box=BY_AGENCY[agency])

    assert found == EK


@given(use=st.sampled_from(Use), ep=st.integers(1, 2**53 - 1), level=st.sampled_from(Level), key=st.binary(min_size=32))
@settings(max_examples=25)
def test_a_grant_is_read_back_as_it_was_sealed(use: Use, ep: int, level: Level, key: bytes) -> None:
    """Use, epoch, level and key id come back as they went in."""
    level = Level.UNCLASSIFIED if use is Use.MATCH else level
    sealed = grant(use=use, ep=ep, level=level, key=key[:32], recipients={ISS: KEYS[ISS]})

    found = parse_grant(sealed.entry)

    assert (sealed.name, KID, IAT, use, ep, level) == (
        found.name, found.kid, found.iat, found.use, found.ep, found.level,
    )  # fmt: skip
    assert open_box(found, me=ISS, decapsulator=RECOVERY, box=sealed.blobs[0]) == key[:32]


def test_a_grant_is_what_the_protocol_spells() -> None:
    """Members, their order, and the order of the recipients."""
    assert list(PAYLOAD) == ["iss", "iat", "jti", "use", "ep", "lvl", "ek", "to"]
    assert [list(row) for row in PAYLOAD["to"]] == [["r", "h", "g"]] * 3
    assert [row["r"] for row in PAYLOAD["to"]] == [ISS, PARTNER, "xco-npa"]
    assert (PAYLOAD["use"], PAYLOAD["ep"], PAYLOAD["lvl"]) == ("epoch", 3, "RESTRICTED")
    assert b64u(expand(EK, b"sealtrace/v1/ekid")) == PAYLOAD["ek"]
    for row in PAYLOAD["to"]:
        assert b64u(sha256(KEYS[row["r"]])) == row["h"]
        assert b64u(sha256(BY_AGENCY[row["r"]])) == row["g"]
    assert GRANT.places == ("box/xar-arms", "box/xbe-cib", "box/xco-npa")


def test_a_matching_key_is_named_by_its_own_id() -> None:
    """A grant for matching names kcid, not ekid: one key cannot serve two uses unseen."""
    sealed = grant(use=Use.MATCH, level=Level.UNCLASSIFIED)
    found = parse_grant(sealed.entry)

    assert expand(EK, b"sealtrace/v1/kcid") == found.ek
    assert open_box(found, me=PARTNER, decapsulator=PARTNER_BOXES, box=sealed.blobs[1]) == EK


def test_the_box_is_bound_to_everything_the_grant_says() -> None:
    """The info of the box is written out a second time; it opens with exactly this."""
    info = b"sealtrace/v1/grant" + lp(
        "sealtrace-suite-1", "epoch", ISS, PARTNER, sha256(KEYS[PARTNER]), epoch_key_id(EK), "RESTRICTED", 3
    )

    assert PARTNER_BOXES.open(box=BY_AGENCY[PARTNER], info=info) == EK
    assert len(BY_AGENCY[PARTNER]) == BOX_BYTES


def recipients(agency: str, **changes: bytes) -> tuple[Any, ...]:
    """Return the recipients of the grant with one of them changed."""
    return tuple(replace(one, **changes) if one.r == agency else one for one in GRANT.to)  # type: ignore[arg-type]  # hashes


def attempt(found: Grant, box: bytes, *, me: str = PARTNER) -> None:
    """Try to open a box as a recipient."""
    open_box(found, me=me, decapsulator=BOXES[me], box=box)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"use": Use.MATCH}, id="another use"),
        pytest.param({"ep": 4}, id="another epoch"),
        pytest.param({"level": Level.UNCLASSIFIED}, id="a lower level"),
        pytest.param({"level": Level.SECRET}, id="a higher level"),
        pytest.param({"ek": bytes(32)}, id="another key id"),
        pytest.param({"name": GRANT.name._replace(iss="xco-npa")}, id="another issuer"),
    ],
)
def test_a_box_taken_from_another_grant_is_refused(changes: Mapping[str, Any]) -> None:
    """A box opens for exactly one use, epoch, level, key and issuer."""
    with pytest.raises(ProofError):
        attempt(replace(GRANT, **changes), BY_AGENCY[PARTNER])


def test_the_box_of_another_recipient_is_refused() -> None:
    """A box wrapped to one agency is nothing to another, even if its hash were signed for it."""
    other = BY_AGENCY["xco-npa"]

    with pytest.raises(ProofError, match="not the one the grant names"):
        attempt(GRANT, other)
    with pytest.raises(ProofError):
        attempt(replace(GRANT, to=recipients(PARTNER, g=sha256(other))), other)


def test_an_issuer_that_hands_each_recipient_another_key_is_found_out() -> None:
    """The key id is recomputed: a box that holds another key than all others were promised is refused."""
    info = b"sealtrace/v1/grant" + lp(
        "sealtrace-suite-1", "epoch", ISS, PARTNER, sha256(KEYS[PARTNER]), epoch_key_id(EK), "RESTRICTED", 3
    )
    box = hpke.seal(public_key=KEYS[PARTNER], info=info, plaintext=seed("another key"))

    with pytest.raises(ProofError, match="another key than the grant names"):
        attempt(replace(GRANT, to=recipients(PARTNER, g=sha256(box))), box)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_box_that_holds_no_key_is_refused(size: int) -> None:
    """A key has 32 bytes."""
    info = b"sealtrace/v1/grant" + lp(
        "sealtrace-suite-1", "epoch", ISS, PARTNER, sha256(KEYS[PARTNER]), epoch_key_id(EK), "RESTRICTED", 3
    )
    box = hpke.seal(public_key=KEYS[PARTNER], info=info, plaintext=bytes(size))

    with pytest.raises(ProofError):
        attempt(replace(GRANT, to=recipients(PARTNER, g=sha256(box))), box)


def test_a_box_to_another_key_of_the_agency_is_refused() -> None:
    """An agency that rotated its key is told so, instead of that the box is damaged."""
    with pytest.raises(ProofError, match="another key of this agency"):
        open_box(GRANT, me=PARTNER, decapsulator=RECOVERY, box=BY_AGENCY[PARTNER])


def test_who_is_not_named_finds_nothing() -> None:
    """A grant to others says nothing but that it is for others."""
    with pytest.raises(NotFoundError):
        open_box(GRANT, me="xdu-moi", decapsulator=PARTNER_BOXES, box=BY_AGENCY[PARTNER])


@given(at=st.integers(0, BOX_BYTES - 1), flip=st.integers(1, 255))
@settings(max_examples=40)
def test_one_changed_byte_of_a_box_is_refused(at: int, flip: int) -> None:
    """Every byte counts, by the hash and by the box itself."""
    raw = bytearray(BY_AGENCY[PARTNER])
    raw[at] ^= flip

    with pytest.raises(ProofError):
        attempt(GRANT, bytes(raw))
    with pytest.raises(ProofError):
        attempt(replace(GRANT, to=recipients(PARTNER, g=sha256(bytes(raw)))), bytes(raw))


@pytest.mark.parametrize("box", [b"", b"x", bytes(BOX_BYTES - 1), bytes(BOX_BYTES + 1)])
def test_a_box_of_another_length_is_refused(box: bytes) -> None:
    """Only our error comes out of a box of any length."""
    with pytest.raises(ProofError):
        attempt(replace(GRANT, to=recipients(PARTNER, g=sha256(box))), box)


def test_the_service_takes_exactly_the_boxes_named() -> None:
    """One box for each recipient, in the grant's order, of the one size."""
    check_blobs(GRANT, SEALED.blobs)
    for blobs in ([], SEALED.blobs[:2], [*SEALED.blobs, b""], SEALED.blobs[::-1]):
        with pytest.raises(MalformedError):
            check_blobs(GRANT, blobs)
    long = bytes(BOX_BYTES + 1)
    with pytest.raises(MalformedError, match="size"):
        check_blobs(replace(GRANT, to=recipients(ISS, g=sha256(long))), [long, *SEALED.blobs[1:]])


def signed(payload: Any, *, typ: Typ = Typ.GRANT) -> bytes:
    """Return any payload, properly signed."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
    return sign_statement(signer=SIGNER, kid=KID, typ=typ, payload=raw)


def changed(**members: Any) -> dict[str, Any]:
    """Return the payload with members exchanged."""
    return {**PAYLOAD, **members}


def rows(change: Callable[[list[dict[str, Any]]], Any]) -> dict[str, Any]:
    """Return the payload with its list of recipients changed."""
    to = [dict(row) for row in PAYLOAD["to"]]
    return changed(to=change(to))


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(changed(iss=PARTNER), id="another agency's name"),
        pytest.param(changed(iat=-1), id="a time before 1970"),
        pytest.param(changed(jti=b64u(bytes(15))), id="a short id"),
        pytest.param(changed(use="sign"), id="an unknown use"),
        pytest.param(changed(use=None), id="no use"),
        pytest.param(changed(ep=0), id="epoch 0"),
        pytest.param(changed(ep=True), id="an epoch that is true"),
        pytest.param(changed(lvl="TOP SECRET"), id="a level this is no channel for"),
        pytest.param(changed(lvl="secret"), id="a level in small letters"),
        pytest.param(changed(lvl=1), id="a level that is a number"),
        pytest.param(changed(use="match"), id="a matching key above UNCLASSIFIED"),
        pytest.param(changed(ek=b64u(bytes(31))), id="a short key id"),
        pytest.param(changed(to=[]), id="nobody"),
        pytest.param(changed(to={}), id="no list"),
        pytest.param(rows(lambda to: to[::-1]), id="recipients out of order"),
        pytest.param(rows(lambda to: [to[0], *to]), id="a recipient twice"),
        pytest.param(rows(lambda to: to[1:]), id="the issuer not among them"),
        pytest.param(rows(lambda to: [{**to[0], "x": 1}, *to[1:]]), id="a further member"),
        pytest.param(rows(lambda to: [{**to[0], "g": ""}, *to[1:]]), id="no box"),
        pytest.param(rows(lambda to: [{"r": to[0]["r"], "g": to[0]["g"], "h": to[0]["h"]}]), id="order of members"),
        pytest.param(rows(lambda to: [*to, {**to[0], "r": "XZZ-POLICE"}]), id="no agency"),
        pytest.param(
            rows(lambda to: to + [{**to[0], "r": f"xzz-{number:05}"} for number in range(MAX_RECIPIENTS)]),
            id="too many",
        ),
        pytest.param({**PAYLOAD, "more": 1}, id="a further member of the payload"),
        pytest.param(b"{}", id="an empty object"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_another_grant_is_refused(payload: Any) -> None:
    """A properly signed payload of any other form is no grant."""
    with pytest.raises(LedgerError):
        parse_grant(signed(payload))


def test_a_grant_under_another_kind_is_refused() -> None:
    """The kind in the header decides how an entry is read."""
    assert GRANT.to == parse_grant(signed(PAYLOAD)).to
    with pytest.raises(MalformedError):
        parse_grant(signed(PAYLOAD, typ=Typ.MESSAGE))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_our_error(raw: bytes) -> None:
    """Garbage is refused by our own error, as an entry and as a payload."""
    with pytest.raises(LedgerError):
        parse_grant(raw)
    with pytest.raises(LedgerError):
        parse_grant(signed(raw))


@pytest.mark.parametrize(
    ("problem", "arguments"),
    [
        ("the issuer left out", {"recipients": {PARTNER: KEYS[PARTNER]}}),
        ("nobody", {"recipients": {}}),
        ("no agency", {"recipients": {**KEYS, "police": KEYS[PARTNER]}}),
        ("epoch 0", {"ep": 0}),
        ("a classified matching key", {"use": Use.MATCH, "level": Level.SECRET}),
        ("a short key", {"key": bytes(31)}),
        ("a key that is unfit to seal to", {"recipients": {ISS: bytes(1_216)}}),
    ],
)
def test_a_grant_that_cannot_be_is_not_signed(problem: str, arguments: Mapping[str, Any]) -> None:
    """What every reader would refuse is refused before it is handed out."""
    with pytest.raises((LedgerError, CryptoError)):
        grant(**arguments)
    assert problem


def test_a_grant_for_fifty_agencies_fits_an_entry() -> None:
    """Fifty recipients, and as many as the limit allows, are well within 65,535 bytes."""
    one = KEYS[ISS]
    many = {f"xzz-{number:024}": one for number in range(49)} | {ISS: one}

    assert len(parse_grant(grant(recipients=many).entry).to) == 50
    assert (MAX_RECIPIENTS * len('{"r":"xzz-","h":"","g":""},' + "x" * (24 + 43 + 43)) + 400) * 4 // 3 < 65_535

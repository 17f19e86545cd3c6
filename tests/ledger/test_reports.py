"""Sealed reports: only the charter's auditors read them, and they are upheld only where they are true."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import portionkeys
from crypto.digests import sha256
from crypto.encoding import b64u, b64u_ascii
from crypto.hpke import Decapsulator
from crypto.signing import Algorithm
from ledger import jsontext
from ledger.agencies import Auditor
from ledger.charter import Charter
from ledger.errors import LedgerError, MalformedError, NotFoundError, ProofError
from ledger.identifiers import KeyId
from ledger.jws import parse_compact
from ledger.kinds import Role, Typ
from ledger.labels import Level
from ledger.portions import pack
from ledger.recordform import PORTIONS, parse_record
from ledger.reports import (
    PLAINTEXT_BYTES,
    PortionFault,
    Report,
    _pad,
    _parse,
    _spell,
    _unpad,
    open_report,
    seal_report,
    verify_report,
)
from ledger.sealing import PortionDraft, portion_context, seal_record
from ledger.slips import Hit, SlipDraft
from ledger.statements import SealedStatement, sign_statement
from tests.support.consortium import (
    NOW,
    decapsulator,
    epoch_key,
    first_charter,
    make_key,
    signer,
)

ISS = "xaa-arms"
AUDITOR = "xau-dit"
LABEL = b'{"level":"SECRET","rel":[],"comp":[],"purp":["TRACE"],"cav":[]}'
KEY = epoch_key("audience")


@cache
def charter() -> Charter:
    """Return a charter with an auditor."""
    keys = (make_key(KeyId(AUDITOR, 1), Role.HPKE, None),)
    plain, _ = first_charter(1)
    http = make_key(KeyId(AUDITOR, 2), Role.HTTP, Algorithm.ED25519)
    return replace(plain, auditors=(Auditor(id=AUDITOR, keys=(*keys, http)),))


def holders() -> dict[bytes, Decapsulator]:
    """Return what the auditor opens boxes with."""
    found = decapsulator(f"{AUDITOR}#1")
    return {sha256(found.public_key): found}


@cache
def record(label: bytes = LABEL) -> SealedStatement:
    """Return a record under a label."""
    draft = {portion: PortionDraft(label=label, fields={}, epoch_key=KEY) for portion in PORTIONS}
    sign = signer(f"{ISS}#4", Algorithm.ED25519)
    return seal_record(signer=sign, kid=KeyId(ISS, 4), iat=NOW, ep=1, portions=draft, slip=SlipDraft(hit=Hit.OFF))


def report(sealed: SealedStatement, fault: PortionFault, *, level: Level = Level.RESTRICTED) -> Report:
    """Return a report on the item portion of a record."""
    keys = portionkeys.derive(epoch_key=KEY, context=portion_context(parse_record(sealed.entry).name, "item"))
    return Report(
        fault=fault,
        entry=sealed.entry,
        index=7,
        portion="item",
        record_key=keys.record_key,
        ciphertext=sealed.blobs[1],
        level=level,
    )


@cache
def lying() -> SealedStatement:
    """Return a record whose item portion opens to a disclosure that nobody signed for."""
    honest = record()
    name = parse_record(honest.entry).name
    context = portion_context(name, "item")
    other = b64u_ascii(b'["%b","item.label",%b]' % (b64u_ascii(bytes(16)), LABEL))
    plaintext = pack("item", [("item.label", other)])
    _, _, ciphertext = portionkeys.seal(epoch_key=KEY, context=context, plaintext=plaintext)
    payload = parse_compact(honest.entry).payload
    old, new = b64u(sha256(honest.blobs[1])), b64u(sha256(ciphertext))
    entry = sign_statement(
        signer=signer(f"{ISS}#4", Algorithm.ED25519),
        kid=KeyId(ISS, 4),
        typ=Typ.RECORD,
        payload=payload.replace(old.encode(), new.encode()),
    )
    return replace(honest, entry=entry, blobs=(honest.blobs[0], ciphertext, *honest.blobs[2:]))


def test_a_portion_that_does_not_open_to_signed_disclosures_convicts_its_issuer() -> None:
    """The auditor opens the box and comes to the same result as the reader."""
    made = report(lying(), PortionFault.PORTION)
    opened = open_report(seal_report(made, charter()), me=AUDITOR, decapsulators=holders())
    upheld = verify_report(opened)

    assert opened == made
    assert (upheld.iss, upheld.fault) == (ISS, PortionFault.PORTION)
    assert "entry 7" in upheld.what


def test_a_label_above_its_grant_is_reported() -> None:
    """It is a report, not a proof: that the key came by this grant is what the reader says."""
    upheld = verify_report(report(record(), PortionFault.LABEL))

    assert upheld.fault is PortionFault.LABEL
    assert "SECRET and said to have come by a grant of RESTRICTED" in upheld.what


def test_a_label_that_nobody_can_read_is_reported() -> None:
    """A label of no known spelling admits nobody."""
    assert "nobody can read" in verify_report(report(record(b'{"level":"RESTRICTED"}'), PortionFault.LABEL)).what


def test_attack_framing_an_issuer_of_a_good_portion() -> None:
    """A portion that is as it should be upholds no report, whatever it complains of."""
    for fault in PortionFault:
        with pytest.raises(ProofError):
            verify_report(report(record(), fault, level=Level.SECRET))
    with pytest.raises(ProofError, match="something else"):
        verify_report(report(lying(), PortionFault.LABEL))


def test_attack_framing_with_another_key_or_ciphertext() -> None:
    """The record commits to its key and its ciphertext: with others nothing opens, and nothing is proved."""
    made = report(record(), PortionFault.PORTION)
    for wrong in (replace(made, record_key=bytes(32)), replace(made, ciphertext=made.ciphertext[::-1])):
        with pytest.raises(ProofError, match="commits to"):
            verify_report(wrong)


def test_a_report_that_is_not_true_is_not_sealed() -> None:
    """Nobody is bothered with what does not hold."""
    with pytest.raises(ProofError):
        seal_report(report(record(), PortionFault.PORTION), charter())


def test_without_an_auditor_there_is_nobody_to_report_to() -> None:
    """Who is not named reads nothing."""
    with pytest.raises(NotFoundError):
        seal_report(report(lying(), PortionFault.PORTION), replace(charter(), auditors=()))


def test_nobody_but_the_auditor_opens_it() -> None:
    """Kr opens the portion: it is in no clear byte of the file, and another's key opens no box."""
    made = report(lying(), PortionFault.PORTION)
    raw = seal_report(made, charter())
    other = decapsulator("somebody else")

    assert b64u(made.record_key).encode() not in raw
    with pytest.raises(NotFoundError):
        open_report(raw, me="xaa-arms", decapsulators=holders())
    with pytest.raises(NotFoundError):
        open_report(raw, me=AUDITOR, decapsulators={sha256(other.public_key): other})
    with pytest.raises(ProofError):
        open_report(raw, me=AUDITOR, decapsulators={next(iter(holders())): other})
    assert b64u(made.record_key) not in repr(made)


def test_all_reports_have_one_size() -> None:
    """The size of a box tells nothing of what is in it."""
    sizes = {
        len(seal_report(one, charter()))
        for one in (report(lying(), PortionFault.PORTION), report(record(), PortionFault.LABEL))
    }

    assert len(sizes) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(kind="gossip"),
        lambda value: value.update(portion="serial"),
        lambda value: value.update(lvl="COSMIC"),
        lambda value: value.update(ct="!"),
    ],
)
def test_what_stands_in_a_box_is_read_strictly(change: Callable[[dict[str, jsontext.JsonValue]], None]) -> None:
    """A member who seals something else to an auditor is refused."""
    value = jsontext.load(_spell(report(lying(), PortionFault.PORTION)))
    assert isinstance(value, dict)
    change(value)

    with pytest.raises(MalformedError):
        _parse(jsontext.dump(value))


def test_the_filling_of_a_box_is_checked() -> None:
    """Zeros to one size, or it is no report; and what does not fit is refused."""
    good = _pad(b"{}")

    assert _unpad(good) == b"{}"
    for wrong in (good[:-1], good[:-1] + b"x", b"\xff" * PLAINTEXT_BYTES):
        with pytest.raises(MalformedError):
            _unpad(wrong)
    with pytest.raises(MalformedError):
        _pad(bytes(PLAINTEXT_BYTES))


@given(raw=st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_our_errors(raw: bytes) -> None:
    """Whatever is no report is refused in our words."""
    with pytest.raises(LedgerError):
        open_report(raw, me=AUDITOR, decapsulators=holders())


@pytest.mark.parametrize("change", [("typ", "x"), ("to", []), ("origin", "no origin"), ("to", [{"r": 1}])])
def test_other_shapes_are_refused(change: tuple[str, jsontext.JsonValue]) -> None:
    """Members, order and types are exact."""
    value = jsontext.load(seal_report(report(lying(), PortionFault.PORTION), charter()), limit=2**20)
    assert isinstance(value, dict)
    value[change[0]] = change[1]

    with pytest.raises(MalformedError):
        open_report(jsontext.dump(value), me=AUDITOR, decapsulators=holders())

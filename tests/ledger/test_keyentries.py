"""Key entries: form, signatures, and what they must not touch."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u
from ledger import jsontext
from ledger.errors import BadSignatureError, LedgerError, MalformedError
from ledger.identifiers import KeyId
from ledger.jws import Signature, format_general, parse_general, signing_input
from ledger.keyentries import build_key_entry, parse_key_entry, verify_signatures
from ledger.kinds import Role, Typ
from tests.support.consortium import NOW, ORIGIN, make_agency, make_keys, roots_of

_AGENCY = make_agency("xaa-arms")
_ROOTS = roots_of(_AGENCY)
_KEYS = tuple(key for _, key in _ROOTS)
_ADD = make_keys("xaa-arms", roles=(Role.SIGN, Role.BATCH, Role.HTTP, Role.HPKE), start=11)
_END = (KeyId("xaa-arms", 4), KeyId("xaa-arms", 7))


def _entry(**changes: Any) -> bytes:
    parts = {"iss": "xaa-arms", "iat": NOW, "origin": ORIGIN, "prev": 0, "roots": _ROOTS, "add": _ADD, "end": _END}
    return build_key_entry(**{**parts, **changes})


def _forged(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return an entry whose payload was changed before both roots signed it: only its form can be wrong."""
    payload: dict[str, Any] = json.loads(parse_general(_entry(since=3)).payload)
    change(payload)
    raw = jsontext.dump(payload)
    signed = ((key.header(Typ.KEY), signer) for signer, key in _ROOTS)
    return format_general(
        raw,
        tuple(Signature(protected=header, signature=one.sign(signing_input(header, raw))) for header, one in signed),
    )


@pytest.mark.parametrize("since", [None, 0, 7])
def test_an_entry_round_trips(since: int | None) -> None:
    """What an agency builds is what everybody reads."""
    found = parse_key_entry(_entry(since=since))

    verify_signatures(found, _KEYS)
    assert (found.iss, found.iat, found.origin, found.prev) == ("xaa-arms", NOW, ORIGIN, 0)
    assert (found.add, found.end, found.since) == (_ADD, _END, since)


def test_two_entries_have_two_names() -> None:
    """Every entry draws its own name."""
    assert parse_key_entry(_entry()).name != parse_key_entry(_entry()).name


_FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "nothing changes": lambda it: it.update(add=[], end=[]),
    "since without an ended key": lambda it: it.update(end=[]),
    "since that is null": lambda it: it.update(since=None),
    "since below zero": lambda it: it.update(since=-1),
    "a root is added": lambda it: it.update(add=[_AGENCY.keys[0].to_json()]),
    "a recovery key is added": lambda it: it.update(add=[_AGENCY.keys[2].to_json()]),
    "a witness key is added": lambda it: it.update(add=[make_keys("xaa-arms", roles=(Role.WITNESS,))[0].to_json()]),
    "a key of another": lambda it: it.update(add=[make_keys("xab-arms", roles=(Role.SIGN,))[0].to_json()]),
    "a key of another ends": lambda it: it.update(end=["xab-arms#4"]),
    "ended out of order": lambda it: it["end"].reverse(),
    "ended twice": lambda it: it.update(end=["xaa-arms#4", "xaa-arms#4"]),
    "too many ended": lambda it: it.update(end=[f"xaa-arms#{number}" for number in range(1, 66)]),
    "a small-order key": lambda it: it["add"][0].update(pk=b64u(bytes([1]) + bytes(31))),
    "another order of members": lambda it: it.update(iss=it.pop("iss")),
    "an unknown member": lambda it: it.update(extra=1),
    "no agency": lambda it: it.update(iss="log"),
    "a number as origin": lambda it: it.update(origin=1),
    "a bad jti": lambda it: it.update(jti="AA"),
    "a negative prev": lambda it: it.update(prev=-1),
}


@pytest.mark.parametrize("name", sorted(_FORGERIES))
def test_an_entry_has_one_form(name: str) -> None:
    """Even both roots together cannot sign an entry of another form."""
    with pytest.raises(LedgerError):
        parse_key_entry(_forged(_FORGERIES[name]))


def test_the_unspoiled_entry_is_good() -> None:
    """The forgeries above start from an entry that is accepted."""
    verify_signatures(parse_key_entry(_forged(lambda it: it)), _KEYS)


def test_an_agency_cannot_build_what_nobody_accepts() -> None:
    """A mistake is refused on the agency's premises."""
    with pytest.raises(MalformedError):
        _entry(add=(), end=())


@pytest.mark.parametrize("place", [0, 1])
def test_one_good_of_two_signatures_is_none(place: int) -> None:
    """A thief of one root algorithm changes no key."""
    general = parse_general(_entry())
    spoiled = list(general.signatures)
    spoiled[place] = replace(spoiled[place], signature=bytes(len(spoiled[place].signature)))
    entry = parse_key_entry(format_general(general.payload, tuple(spoiled)))

    with pytest.raises(BadSignatureError, match="does not verify"):
        verify_signatures(entry, _KEYS)


@pytest.mark.parametrize("cut", [lambda pair: pair[:1], lambda pair: pair[1:], lambda pair: pair[::-1]])
def test_both_signatures_stand_in_order(cut: Callable[[Any], Any]) -> None:
    """One signature, or two the wrong way round, is refused."""
    general = parse_general(_entry())
    entry = parse_key_entry(format_general(general.payload, cut(general.signatures)))

    with pytest.raises(BadSignatureError, match="both root keys"):
        verify_signatures(entry, _KEYS)


def test_another_agency_cannot_sign() -> None:
    """An entry by the roots of another agency is refused, however good its signatures are."""
    other = roots_of(make_agency("xab-arms"))
    entry = parse_key_entry(_entry(roots=other))

    with pytest.raises(BadSignatureError):
        verify_signatures(entry, _KEYS)


def test_a_header_for_a_charter_signs_no_key_entry() -> None:
    """A signature made for another kind of entry does not fit here."""
    general = parse_general(_entry())
    (signer, key), second = _ROOTS[0], general.signatures[1]
    header = key.header(Typ.CHARTER)
    first = Signature(protected=header, signature=signer.sign(signing_input(header, general.payload)))
    entry = parse_key_entry(format_general(general.payload, (first, second)))

    with pytest.raises(BadSignatureError):
        verify_signatures(entry, _KEYS)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_only_our_errors(raw: bytes) -> None:
    """Whatever is submitted as a key entry, only our own errors come out."""
    with pytest.raises(LedgerError):
        parse_key_entry(raw)

"""Charter files: version 1 in full, and what makes a charter contradict itself."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u, unb64u
from crypto.signing import Algorithm
from ledger import jsontext
from ledger.charter import (
    Auditor,
    Charter,
    charter_entry,
    is_charter_entry,
    parse_charter,
    parse_charter_entry,
    propose,
    sign_charter,
    signatures_of,
    verify_first_charter,
)
from ledger.charterpayload import parse_payload
from ledger.errors import BadSignatureError, LedgerError, MalformedError, TooLargeError
from ledger.fingerprints import of_file
from ledger.identifiers import KeyId
from ledger.jws import format_general, parse_general
from ledger.kinds import Role
from ledger.labels import Level
from ledger.terms import Limits, Match, WitnessPolicy
from tests.support.consortium import (
    agency_ids,
    first_charter,
    make_agency,
    make_charter,
    make_key,
    make_keys,
    roots_of,
    sign_by,
    signer,
)

_CHARTER, _FILE = first_charter(3)
_PAYLOAD: dict[str, Any] = json.loads(_CHARTER.payload())


def _spoiled(change: Callable[[dict[str, Any]], object]) -> bytes:
    payload: dict[str, Any] = json.loads(_CHARTER.payload())
    change(payload)
    return jsontext.dump(payload)


def test_a_charter_round_trips() -> None:
    """What is proposed is what is read."""
    assert parse_payload(propose(_CHARTER)) == _CHARTER
    assert parse_charter(_FILE) == _CHARTER


def test_every_part_round_trips() -> None:
    """Auditors, witnesses, the matching key, laws and limits are read back as they were written."""
    ids = agency_ids(4)
    witness = WitnessPolicy(agencies=ids, k=3, f=1)
    charter = replace(
        _CHARTER,
        agencies=tuple(make_agency(name, keys=make_keys(name, roles=tuple(Role))) for name in ids),
        threshold=3,
        witness=witness,
        auditors=(Auditor(id="xin-audit", keys=make_keys("xin-audit", roles=(Role.HTTP, Role.HPKE))),),
        match=Match(ep=2, by=ids[1], kcid=bytes(32), pk=b"\x01" * 32),
        limits=Limits(entries="members", keys=1, lookups=2, own=3, submissions=4, slips=5),
    )

    assert parse_payload(charter.payload()) == charter
    assert charter.is_witnessed


def test_the_limits_of_a_charter_that_names_none() -> None:
    """200 weapons looked up a day, 5,000 questions about one's own records, 200,000 submissions (8.1)."""
    plain = Limits()

    assert (plain.lookups, plain.own, plain.submissions) == (200, 5_000, 200_000)
    assert (plain.entries, plain.keys, plain.slips) == ("members", 4, 1_000_000)


def test_fifty_agencies_sign_charter_1() -> None:
    """Version 1 of fifty agencies is signed by all of them and fits the limit with room to spare."""
    charter, file = first_charter(50)

    found = verify_first_charter(file, fingerprint=of_file(file))

    assert found == charter
    assert len(found.agencies) == 50
    assert len(file) < 2**20
    assert not found.is_witnessed


def test_one_missing_of_fifty_refuses_the_file() -> None:
    """Forty-nine of fifty is not all."""
    charter, _ = first_charter(50)
    file = sign_by(charter, charter.agencies[:-1])

    with pytest.raises(BadSignatureError, match="both roots"):
        verify_first_charter(file, fingerprint=of_file(file))


def test_another_fingerprint_refuses_the_file() -> None:
    """Nothing is believed before the pin: a perfectly signed charter of somebody else is refused."""
    with pytest.raises(MalformedError, match="pinned"):
        verify_first_charter(_FILE, fingerprint=bytes(32))


def test_a_later_version_is_not_charter_1() -> None:
    """A pin to a file that is not version 1 is refused even if the fingerprint agrees."""
    later = replace(_CHARTER, ver=2, prev=b"\x01" * 32)
    file = sign_by(later, later.agencies, previous=_CHARTER)

    with pytest.raises(MalformedError, match="not the first"):
        verify_first_charter(file, fingerprint=of_file(file))


def test_signatures_come_one_agency_at_a_time() -> None:
    """A file sent around gathers signatures in any order and ends up in the one order."""
    file = propose(_CHARTER)
    for agency in reversed(_CHARTER.agencies):
        file = sign_charter(file, roots=roots_of(agency))

    assert verify_first_charter(file, fingerprint=of_file(file)) == _CHARTER


def test_who_has_signed_is_told_at_each_signature() -> None:
    """Of charter 1 all are needed: the missing are named until nobody is missing."""
    file, ids = propose(_CHARTER), tuple(agency.id for agency in _CHARTER.agencies)
    for place, agency in enumerate(_CHARTER.agencies):
        found = signatures_of(file, None)
        assert (found.signed, found.missing, found.needed) == (ids[:place], ids[place:], ids[place:])
        assert not found.are_enough
        file = sign_charter(file, roots=roots_of(agency))

    assert signatures_of(file, None).are_enough


@pytest.mark.parametrize("place", range(6))
def test_a_signature_that_does_not_verify_is_told_as_missing(place: int) -> None:
    """Who has signed is not who is said to have: both signatures are verified."""
    general = parse_general(_FILE, limit=2**22, signatures=100)
    spoiled = list(general.signatures)
    spoiled[place] = replace(spoiled[place], signature=bytes(len(spoiled[place].signature)))

    found = signatures_of(format_general(general.payload, tuple(spoiled)), None)

    assert found.missing == (_CHARTER.agencies[place // 2].id,)


def test_signing_again_replaces_the_signature() -> None:
    """Signing twice leaves one signature of each root."""
    again = sign_charter(_FILE, roots=roots_of(_CHARTER.agencies[0]))

    assert len(parse_general(again, limit=2**22, signatures=100).signatures) == 6
    assert verify_first_charter(again, fingerprint=of_file(again)) == _CHARTER


def test_a_stranger_cannot_add_a_signature() -> None:
    """A root that may not sign this version is refused where it signs, not when everybody has."""
    with pytest.raises(MalformedError, match="may not sign"):
        sign_charter(_FILE, roots=roots_of(make_agency("xzz-arms")))


def test_a_signer_must_hold_the_key_it_names() -> None:
    """A signature under another's key id is refused before it is made."""
    one, other = _CHARTER.agencies[:2]
    ((signs, _), _), ((_, key), _) = roots_of(one), roots_of(other)

    with pytest.raises(MalformedError, match="does not hold"):
        sign_charter(propose(_CHARTER), roots=[(signs, key)])


@pytest.mark.parametrize("place", range(6))
def test_one_good_of_two_signatures_is_none(place: int) -> None:
    """Each of the two root signatures counts: neither a classical nor a lattice break alone makes a charter."""
    general = parse_general(_FILE, limit=2**22, signatures=100)
    spoiled = list(general.signatures)
    spoiled[place] = replace(spoiled[place], signature=bytes(len(spoiled[place].signature)))
    file = format_general(general.payload, tuple(spoiled))

    with pytest.raises(BadSignatureError, match="does not verify"):
        verify_first_charter(file, fingerprint=of_file(file))


@pytest.mark.parametrize("place", range(6))
def test_a_dropped_signature_is_missed(place: int) -> None:
    """Leaving out one algorithm of one agency refuses the file."""
    general = parse_general(_FILE, limit=2**22, signatures=100)
    rest = general.signatures[:place] + general.signatures[place + 1 :]
    file = format_general(general.payload, rest)

    with pytest.raises(BadSignatureError):
        verify_first_charter(file, fingerprint=of_file(file))


def test_signatures_out_of_order_are_refused() -> None:
    """A file has one spelling, so its fingerprint cannot be made to vary."""
    general = parse_general(_FILE, limit=2**22, signatures=100)
    file = format_general(general.payload, tuple(reversed(general.signatures)))

    with pytest.raises(BadSignatureError, match="out of order"):
        verify_first_charter(file, fingerprint=of_file(file))


def test_a_signature_of_another_kind_is_refused() -> None:
    """A header spelled for a key entry signs no charter."""
    general = parse_general(_FILE, limit=2**22, signatures=100)
    first = replace(general.signatures[0], protected=b64u(b'{"alg":"Ed25519","kid":"xaa-arms#1"}').encode())
    file = format_general(general.payload, (first, *general.signatures[1:]))

    with pytest.raises(BadSignatureError):
        verify_first_charter(file, fingerprint=of_file(file))


_CONTRADICTIONS: dict[str, Callable[[dict[str, Any]], object]] = {
    "another typ": lambda it: it.update(typ="sealtrace/v1/charter"),
    "an origin with a scheme": lambda it: it.update(origin="https://log test"),
    "a url without scheme": lambda it: it.update(url="log.test"),
    "a url that is a number": lambda it: it.update(url=1),
    "version 0": lambda it: it.update(ver=0),
    "version 1 after a file": lambda it: it.update(prev=b64u(b"\x01" * 32)),
    "version 2 after nothing": lambda it: it.update(ver=2),
    "no agency": lambda it: it.update(agencies=[]),
    "agencies out of order": lambda it: it["agencies"].reverse(),
    "one agency twice": lambda it: it["agencies"].append(it["agencies"][-1]),
    "a threshold of half": lambda it: it.update(threshold=1),
    "a threshold above all": lambda it: it.update(threshold=4),
    "an agency without name": lambda it: it["agencies"][0].update(name=""),
    "a name of two lines": lambda it: it["agencies"][0].update(name="a\nb"),
    "a name with a tab": lambda it: it["agencies"][0].update(name="a\tb"),
    "a long name": lambda it: it["agencies"][0].update(name="x" * 201),
    "a country of two letters": lambda it: it["agencies"][0].update(country="XA"),
    "no role": lambda it: it["agencies"][0].update(roles=[]),
    "an unknown role": lambda it: it["agencies"][0].update(roles=["admin"]),
    "roles out of order": lambda it: it["agencies"][0].update(roles=["read", "submit"]),
    "a role twice": lambda it: it["agencies"][0].update(roles=["read", "read"]),
    "TOP SECRET": lambda it: it["agencies"][0].update(ceiling="TOP SECRET"),
    "a language in capitals": lambda it: it["agencies"][0]["contact"].update(languages=["EN"]),
    "an unknown law": lambda it: it["agencies"][0]["law"][0].update(code="WHIM"),
    "a long law": lambda it: it["agencies"][0]["law"][0].update(text="x" * 1_025),
    "an extra member": lambda it: it["agencies"][0].update(extra=1),
    "no roots": lambda it: it["agencies"][0].update(keys=it["agencies"][0]["keys"][2:]),
    "no recovery key": lambda it: it["agencies"][0]["keys"].pop(2),
    "no key for boxes": lambda it: it["agencies"][0]["keys"].pop(),
    "keys of another": lambda it: it["agencies"][0].update(keys=it["agencies"][1]["keys"]),
    "one vkey": lambda it: it["log"]["vkeys"].pop(),
    "vkeys out of order": lambda it: it["log"]["vkeys"].reverse(),
    "vkeys of the access log": lambda it: it["log"].update(vkeys=it["log"]["access"]),
    "vkeys for both logs": lambda it: it["log"].update(access=it["log"]["vkeys"]),
    "an answer key of an agency": lambda it: it["log"]["answer"].update(kid="xaa-arms#9"),
    "a small-order answer key": lambda it: it["log"]["answer"].update(pk=b64u(bytes([1]) + bytes(31))),
    "an answer key that is no text": lambda it: it["log"]["answer"].update(pk=0),
    "an answer key that is no base64url": lambda it: it["log"]["answer"].update(pk="!"),
    "an answer key that is an agency's": lambda it: it["log"]["answer"].update(pk=it["agencies"][0]["keys"][0]["pk"]),
    "a witness that is no agency": lambda it: it.update(witness={"agencies": ["xzz-arms"], "k": 1, "f": 0}),
    "witnesses without keys": lambda it: it.update(witness={"agencies": ["xaa-arms"], "k": 1, "f": 0}),
    "a quorum of nobody": lambda it: it.update(witness={"agencies": [], "k": 1, "f": 0}),
    "a matching key by a stranger": lambda it: it.update(
        match={"ep": 1, "by": "xzz-arms", "kcid": b64u(bytes(32)), "pk": b64u(bytes(32))}
    ),
    "entries for some": lambda it: it["limits"].update(entries="some"),
    "entries that are no text": lambda it: it["limits"].update(entries=None),
    "a negative limit": lambda it: it["limits"].update(own=-1),
    "limits out of order": lambda it: it.update(limits=dict(reversed(it["limits"].items()))),
    "members out of order": lambda it: it.update(typ=it.pop("typ")),
}


@pytest.mark.parametrize("name", sorted(_CONTRADICTIONS))
def test_a_charter_that_contradicts_itself_is_refused(name: str) -> None:
    """No signature can make a contradictory charter count: it is refused when it is read."""
    with pytest.raises(LedgerError):
        parse_payload(_spoiled(_CONTRADICTIONS[name]))


def test_the_unspoiled_payload_is_good() -> None:
    """The attacks above start from a charter that is accepted."""
    assert parse_payload(_spoiled(lambda it: it)) == _CHARTER


def test_a_duplicate_public_key_over_agencies_is_refused() -> None:
    """Two agencies cannot list one public key, so no signature can be claimed by both."""
    one, other = _CHARTER.agencies[:2]
    stolen = replace(one.keys[-2], kid=KeyId(other.id, 7))
    thief = replace(other, keys=(*other.keys[:-2], stolen, replace(other.keys[-1], kid=KeyId(other.id, 8))))

    with pytest.raises(MalformedError, match="two names"):
        replace(_CHARTER, agencies=(one, thief, _CHARTER.agencies[2]))


@pytest.mark.parametrize("raw", [bytes([1]) + bytes(31), bytes(32), b"\xff" * 32])
def test_a_small_order_key_in_a_charter_is_refused(raw: bytes) -> None:
    """A charter that lists a key under which one signature fits everything is refused whole."""
    with pytest.raises(MalformedError):
        parse_payload(_spoiled(lambda it: it["agencies"][0]["keys"][3].update(pk=b64u(raw))))


def test_an_auditor_with_a_signing_key_is_refused() -> None:
    """An auditor asks and opens; it signs nothing in the log."""
    keys = [key.to_json() for key in make_keys("xin-audit", roles=(Role.SIGN,))]

    with pytest.raises(MalformedError, match="requests and boxes"):
        parse_payload(_spoiled(lambda it: it.update(auditors=[{"id": "xin-audit", "keys": keys}])))


def test_an_auditor_that_is_an_agency_is_refused() -> None:
    """One id is an agency or an auditor, never both."""
    with pytest.raises(MalformedError, match="stands twice"):
        parse_payload(_spoiled(lambda it: it.update(auditors=[{"id": "xaa-arms", "keys": []}])))


def test_witness_keys_of_no_witness_are_refused() -> None:
    """Witness keys stand in a charter if and only if their agency is a witness."""
    ids = agency_ids(1)
    agency = make_agency(ids[0], keys=make_keys(ids[0], roles=tuple(Role)))

    with pytest.raises(MalformedError, match="witness"):
        make_charter([agency])


@pytest.mark.parametrize(("n", "k", "f"), [(4, 3, 1), (5, 4, 1), (7, 5, 2), (3, 2, 0), (1, 1, 0)])
def test_good_witness_policies(n: int, k: int, f: int) -> None:
    """The published policies satisfy both inequalities."""
    assert WitnessPolicy(agencies=agency_ids(n), k=k, f=f).k == k


@pytest.mark.parametrize(
    ("n", "k", "f"),
    [(4, 2, 1), (4, 4, 1), (5, 3, 1), (2, 1, 0), (3, 3, 1), (0, 1, 0), (0, 0, 1), (1, 0, 0), (3, 2, -1)],
)
def test_a_witness_policy_that_could_be_split_is_refused(n: int, k: int, f: int) -> None:
    """Two quorums must share more than f agencies, and f silent ones must not stop the log."""
    with pytest.raises(MalformedError):
        WitnessPolicy(agencies=agency_ids(n), k=k, f=f)


def test_the_entry_round_trips() -> None:
    """The entry names version, origin and the hash of the file."""
    entry = charter_entry(_FILE)
    found = parse_charter_entry(entry)

    assert is_charter_entry(entry)
    assert (found.ver, found.origin, found.file_hash) == (1, _CHARTER.origin, of_file(_FILE))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b'{"typ":"sealtrace/v1/charter-file","ver":1,"origin":"o","h":"%s"}' % b64u(bytes(32)).encode(),
        b'{"typ":"sealtrace/v1/charter","ver":0,"origin":"o","h":"%s"}' % b64u(bytes(32)).encode(),
        b'{"typ":"sealtrace/v1/charter","ver":1,"origin":1,"h":"%s"}' % b64u(bytes(32)).encode(),
        b'{"typ":"sealtrace/v1/charter","ver":1,"origin":"o","h":""}',
        b'{"ver":1,"typ":"sealtrace/v1/charter","origin":"o","h":"%s"}' % b64u(bytes(32)).encode(),
    ],
)
def test_a_charter_entry_has_one_form(raw: bytes) -> None:
    """Whatever is not exactly a charter entry is refused."""
    with pytest.raises(MalformedError):
        parse_charter_entry(raw)


def test_a_file_above_4_mib_is_refused_unread() -> None:
    """The cap comes before decoding."""
    with pytest.raises(TooLargeError):
        parse_charter(b"x" * (4 * 2**20 + 1))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_our_errors(raw: bytes) -> None:
    """Whatever is sent instead of a charter, only our own errors come out."""
    for parse in (parse_charter, parse_payload, parse_charter_entry):
        with pytest.raises(LedgerError):
            parse(raw)


@given(st.integers(0, len(_CHARTER.payload()) - 1), st.integers(1, 255))
def test_a_flipped_bit_never_passes_the_signatures(place: int, flip: int) -> None:
    """One changed byte in the payload is refused, by its form or by the signatures."""
    payload = bytearray(_CHARTER.payload())
    payload[place] ^= flip
    general = parse_general(_FILE, limit=2**22, signatures=100)
    file = format_general(bytes(payload), general.signatures)

    with pytest.raises(LedgerError):
        verify_first_charter(file, fingerprint=of_file(file))


def test_members_are_found_by_id() -> None:
    """A charter knows its members and nobody else."""
    agency = _CHARTER.agency("xaa-arms")

    assert agency == _CHARTER.agencies[0]
    assert agency is not None
    assert agency.ceiling is Level.SECRET
    assert [key.algorithm for key in agency.roots()] == [Algorithm.ED25519, Algorithm.ML_DSA_65]
    assert _CHARTER.agency("xzz-arms") is None


def test_the_payload_is_the_one_spelling() -> None:
    """The file's payload is exactly what the charter writes, so that signing twice signs the same bytes."""
    encoded = json.loads(_FILE)["payload"]

    assert unb64u(encoded) == _CHARTER.payload()
    assert list(_PAYLOAD) == [
        *("typ", "origin", "url", "ver", "prev", "log", "agencies", "auditors"),
        *("threshold", "witness", "match", "limits"),
    ]


def test_a_key_made_from_its_name_is_the_same_twice() -> None:
    """Two runs of the tests see the same keys."""
    key = make_key(KeyId("xaa-arms", 4), Role.SIGN, Algorithm.ED25519)

    assert key.public_key == signer("xaa-arms#4", Algorithm.ED25519).public_key.raw
    assert isinstance(_CHARTER, Charter)

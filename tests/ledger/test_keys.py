"""Key objects: what may be enrolled, what is refused, which headers follow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import b64u
from crypto.signing import Algorithm
from ledger import jws
from ledger.errors import LedgerError, MalformedError
from ledger.identifiers import KeyId
from ledger.jsontext import JsonValue
from ledger.keys import ALGORITHMS, MAX_KEYS, enrol, headers_of, is_pair, of_role, parse_keys
from ledger.kinds import STATEMENTS, Role, Typ
from tests.support.consortium import decapsulator, make_key, make_keys, signer

_OWNER = "xaa-arms"
_ALL = make_keys(_OWNER, roles=tuple(Role))
# A point of order 8 and the identity (RFC 8032 arithmetic; the first is on every list of small-order points).
_ORDER_8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
_IDENTITY = bytes([1]) + bytes(31)


def _listed(*keys: JsonValue) -> JsonValue:
    return list(keys)


def _object(number: int, role: str, pk: bytes, *, owner: str = _OWNER) -> JsonValue:
    return {"kid": f"{owner}#{number}", "role": role, "pk": b64u(pk)}


def test_every_role_round_trips() -> None:
    """Keys of all roles are read back as they were listed."""
    listed = _listed(*(key.to_json() for key in _ALL))

    assert parse_keys(listed, owner=_OWNER) == _ALL
    assert {key.role for key in _ALL} == set(Role)


def test_the_algorithm_follows_from_role_and_length() -> None:
    """A key object names no algorithm, and can name no wrong one."""
    found = {(key.role, key.algorithm) for key in _ALL}

    assert found == {(role, algorithm) for role in Role for algorithm in (ALGORITHMS[role] or (None,))}


@pytest.mark.parametrize("raw", [_ORDER_8, _IDENTITY, bytes(32), b"\xff" * 32])
@pytest.mark.parametrize("role", [Role.ROOT, Role.SIGN, Role.HTTP, Role.WITNESS])
def test_a_small_order_key_is_not_enrolled(raw: bytes, role: Role) -> None:
    """A key for which one signature fits every message never gets into a charter."""
    with pytest.raises(MalformedError):
        enrol(kid=KeyId(_OWNER, 1), role=role, public_key=raw)


@pytest.mark.parametrize(
    ("role", "algorithm"),
    [
        (Role.BATCH, Algorithm.ED25519),
        (Role.SIGN, Algorithm.ML_DSA_65),
        (Role.HTTP, Algorithm.ML_DSA_44),
        (Role.ROOT, Algorithm.ML_DSA_44),
        (Role.WITNESS, Algorithm.ML_DSA_65),
    ],
)
def test_a_key_of_another_algorithm_is_not_enrolled(role: Role, algorithm: Algorithm) -> None:
    """No role takes a key of an algorithm that the suite does not give it."""
    with pytest.raises(MalformedError):
        enrol(kid=KeyId(_OWNER, 1), role=role, public_key=signer("x", algorithm).public_key.raw)


def test_a_broken_key_for_boxes_is_not_enrolled() -> None:
    """A key to seal to is checked like every other."""
    with pytest.raises(MalformedError):
        enrol(kid=KeyId(_OWNER, 1), role=Role.HPKE, public_key=decapsulator("x").public_key[:-1])


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        _listed(_object(1, "sign", _ORDER_8)),
        _listed(_object(1, "king", bytes(32))),
        _listed({"kid": "xaa-arms#1", "role": "sign"}),
        _listed({"role": "sign", "kid": "xaa-arms#1", "pk": ""}),
        _listed({"kid": "xaa-arms#1", "role": ["sign"], "pk": ""}),
        _listed({"kid": "xaa-arms#01", "role": "sign", "pk": ""}),
        _listed({"kid": "xaa-arms#1", "role": "sign", "pk": 1}),
        _listed({"kid": "xaa-arms#1", "role": "sign", "pk": "A"}),
        _listed(_object(1, "sign", signer("k", Algorithm.ED25519).public_key.raw, owner="xab-arms")),
    ],
)
def test_a_key_object_has_one_form(value: JsonValue) -> None:
    """What is not exactly a list of key objects of one owner is refused."""
    with pytest.raises(LedgerError):
        parse_keys(value, owner=_OWNER)


def test_a_duplicate_kid_is_refused() -> None:
    """Two keys of one number could be taken for each other."""
    one, other = (signer(name, Algorithm.ED25519).public_key.raw for name in ("a", "b"))

    with pytest.raises(MalformedError, match="ascending"):
        parse_keys(_listed(_object(1, "sign", one), _object(1, "http", other)), owner=_OWNER)


def test_keys_out_of_order_are_refused() -> None:
    """A list of keys has one spelling."""
    listed = [key.to_json() for key in _ALL]

    with pytest.raises(MalformedError, match="ascending"):
        parse_keys(_listed(*reversed(listed)), owner=_OWNER)


def test_one_public_key_for_two_roles_is_refused() -> None:
    """A key never has two roles."""
    raw = signer("a", Algorithm.ED25519).public_key.raw

    with pytest.raises(MalformedError, match="two names"):
        parse_keys(_listed(_object(1, "sign", raw), _object(2, "http", raw)), owner=_OWNER)


def test_too_many_keys_are_refused() -> None:
    """The cap comes before the work of enrolling."""
    with pytest.raises(MalformedError):
        parse_keys([None] * (MAX_KEYS + 1), owner=_OWNER)


def test_headers_of_a_key_are_exact() -> None:
    """A sign key writes the headers of statements and batches, each spelled in one way only."""
    key = make_key(KeyId(_OWNER, 4), Role.SIGN, Algorithm.ED25519)
    found = headers_of(key)

    assert {row.typ for row in found.values()} == {*STATEMENTS, Typ.BATCH}
    assert all(header == jws.protected_header(alg="Ed25519", kid=key.kid, typ=row.typ) for header, row in found.items())


def test_each_role_signs_its_own_kinds() -> None:
    """Roots sign charters and key entries, batch keys batches; keys for requests and boxes sign nothing in the log."""
    found = {key.role: {row.typ for row in headers_of(key).values()} for key in _ALL}

    assert found[Role.ROOT] == {Typ.CHARTER, Typ.KEY}
    assert found[Role.BATCH] == {Typ.BATCH}
    assert not any(found[role] for role in (Role.HTTP, Role.HPKE, Role.RECOVERY, Role.WITNESS))


def test_a_key_for_boxes_verifies_nothing() -> None:
    """Asking a key for boxes to verify or to write a header is an error, not a silence."""
    key = of_role(_ALL, Role.HPKE)[0]

    with pytest.raises(MalformedError):
        key.verifier()
    with pytest.raises(MalformedError):
        key.header(Typ.BATCH)


def test_a_pair_is_two_keys_in_order() -> None:
    """A role that signs twice has its two algorithms, Ed25519 first."""
    roots = of_role(_ALL, Role.ROOT)

    assert is_pair(roots, Role.ROOT)
    assert not is_pair(roots[:1], Role.ROOT)
    assert not is_pair(tuple(reversed(roots)), Role.ROOT)


def test_a_verifier_verifies() -> None:
    """An enrolled key verifies what its owner signs."""
    key = of_role(_ALL, Role.BATCH)[0]
    signature = signer(str(key.kid), Algorithm.ML_DSA_65).sign(b"m")

    key.verifier().verify(message=b"m", signature=signature)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 99) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kid", "role", "pk"]), inner),
    max_leaves=8,
)


@given(_JSON)
def test_arbitrary_values_raise_only_our_error(value: JsonValue) -> None:
    """Whatever stands where keys should, only our own error leaves the parser."""
    if value == []:
        assert parse_keys(value, owner=_OWNER) == ()
    else:
        with pytest.raises(LedgerError):
            parse_keys(value, owner=_OWNER)

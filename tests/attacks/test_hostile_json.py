"""JSON that two programs could read in two ways, signed by a member with good keys: no reader of ours reads it at all."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ledger.charter import verify_first_charter
from ledger.errors import LedgerError
from ledger.fingerprints import of_file
from ledger.jws import parse_general
from ledger.kinds import Role, Typ
from ledger.wire import paths
from ledger.wire.frames import encode_frames
from tests.support.consortium import make_key
from tests.support.forgeries import Change, Writer, sign_file
from tests.support.services import World, assert_problem

ISS = "xaa-arms"
STATEMENTS = (Typ.RECORD, Typ.GRANT, Typ.MESSAGE)


def first_member(raw: bytes) -> bytes:
    """Return the first member of an object, `"name":value`."""
    name, value = next(iter(json.loads(raw).items()))
    return f'"{name}":{json.dumps(value, separators=(",", ":"))}'.encode()


def append(member: bytes, raw: bytes) -> bytes:
    """Return an object with one member more."""
    return raw[:-1] + b"," + member + b"}"


def replace_once(old: bytes, new: bytes, raw: bytes) -> bytes:
    """Return `raw` with its first `old` replaced."""
    assert old in raw
    return raw.replace(old, new, 1)


def swap_first_two(raw: bytes) -> bytes:
    """Return an object whose first two members have changed places."""
    members = list(json.loads(raw).items())
    members[:2] = members[1::-1]
    return json.dumps(dict(members), separators=(",", ":"), ensure_ascii=False).encode()


def number(spelled: bytes, raw: bytes) -> bytes:
    """Return an object whose first whole number is spelled otherwise."""
    name, value = next((name, value) for name, value in json.loads(raw).items() if type(value) is int)
    return replace_once(f'"{name}":{value}'.encode(), f'"{name}":'.encode() + spelled.replace(b"N", b"%d" % value), raw)


def text(inserted: bytes, raw: bytes) -> bytes:
    """Return an object with something inserted at the end of its first text."""
    value = next(value for value in json.loads(raw).values() if isinstance(value, str))
    return replace_once(b'"%b"' % value.encode(), b'"%b%b"' % (value.encode(), inserted), raw)


SPELLINGS: dict[str, Change] = {
    "a member twice": lambda raw: b"{" + first_member(raw) + b"," + raw[1:],
    "a member twice, at the end": lambda raw: append(first_member(raw), raw),
    "a member twice, otherwise": lambda raw: append(first_member(raw).split(b":")[0] + b":null", raw),
    "a member twice, escaped": lambda raw: append(b'"\\u0069' + first_member(raw)[2:], raw),
    "an unknown member": partial(append, b'"x":1'),
    "an empty member": partial(append, b'"":""'),
    "members in another order": swap_first_two,
    "a space": partial(replace_once, b":", b": "),
    "a space before": lambda raw: b" " + raw,
    "a newline after": lambda raw: raw + b"\n",
    "a byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "an escaped letter": partial(replace_once, b'"i', b'"\\u0069'),
    "an escaped solidus": partial(text, b"\\/"),
    "a comma too many": lambda raw: raw[:-1] + b",}",
    "a comment": lambda raw: raw + b"/**/",
    "two values": lambda raw: raw + raw,
    "single quotes": lambda raw: raw.replace(b'"', b"'"),
    "UTF-16": lambda raw: raw.decode().encode("utf-16"),
    "a lone surrogate, escaped": partial(text, b"\\ud800"),
    "a pair of surrogates, escaped": partial(text, b"\\ud83d\\ude00"),
    "a lone surrogate in UTF-8": partial(text, b"\xed\xa0\x80"),
    "an overlong slash": partial(text, b"\xc0\xaf"),
    "a NUL, escaped": partial(text, b"\\u0000"),
    "a NUL": partial(text, b"\0"),
    "a DEL": partial(text, b"\x7f"),
    "a C1 control": partial(text, b"\xc2\x85"),
    "a float": partial(number, b"N.0"),
    "an exponent": partial(number, b"Ne0"),
    "a leading zero": partial(number, b"0N"),
    "a plus sign": partial(number, b"+N"),
    "minus zero": partial(number, b"-0"),
    "a number as text": partial(number, b'"N"'),
    "a boolean": partial(number, b"true"),
    "NaN": partial(number, b"NaN"),
    "Infinity": partial(number, b"Infinity"),
    "two to the 53": partial(number, b"9007199254740992"),
    "a number of 4,000 digits": partial(number, b"9" * 4_000),
    "deep nesting": partial(append, b'"x":' + b"[" * 20_000 + b"]" * 20_000),
    "nesting without an end": partial(append, b'"x":' + b'{"x":' * 5_000),
    "an array around it": lambda raw: b"[" + raw + b"]",
    "nothing": lambda _raw: b"",
    "null": lambda _raw: b"null",
}
HEADERS: dict[str, Change] = {
    "a space": partial(replace_once, b":", b": "),
    "a newline after": lambda raw: raw + b"\n",
    "members in another order": swap_first_two,
    "a member twice": lambda raw: append(first_member(raw), raw),
    "EdDSA or PQC": lambda raw: raw.replace(b'"Ed25519"', b'"EdDSA"').replace(b'"ML-DSA-65"', b'"PQC"'),
    "none": lambda raw: json.dumps({**json.loads(raw), "alg": "none"}, separators=(",", ":")).encode(),
    "HS256": lambda raw: json.dumps({**json.loads(raw), "alg": "HS256"}, separators=(",", ":")).encode(),
    "critical extensions": partial(append, b'"crit":["exp"],"exp":1'),
    "an unencoded payload": partial(append, b'"b64":false,"crit":["b64"]'),
    "a key of its own": partial(append, b'"jwk":{"kty":"OKP","crv":"Ed25519","x":"AA"}'),
    "a place to fetch keys": partial(append, b'"jku":"https://attacker.invalid/keys"'),
    "capital letters": lambda raw: raw.replace(b"sealtrace", b"SEALTRACE"),
    "a media type": lambda raw: raw.replace(b'"sealtrace', b'"application/sealtrace'),
    "a leading zero": lambda raw: raw.replace(b"#", b"#0"),
    "another agency's key": lambda raw: raw.replace(b"xaa-", b"xab-"),
    "a key that never was": lambda raw: raw.replace(b"#", b"#9"),
    "an escaped letter": partial(replace_once, b'"alg"', b'"\\u0061lg"'),
    "an empty object": lambda _raw: b"{}",
}

# What changes a number has nothing to change in a question; a question for nothing is a good one.
WITHOUT_NUMBER = {name for name, change in SPELLINGS.items() if getattr(change, "func", None) is number} | {"nothing"}


@pytest.fixture(scope="module")
def opened_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give a service in which an agency has an epoch open; nothing is added to it after that."""
    world = World(tmp_path_factory.mktemp("opened"))
    world.found()
    world.open_epoch(ISS)
    yield world
    world.close()


@pytest.fixture(scope="module")
def writer(opened_world: World) -> Writer:
    """Give a member with one good statement of each kind at hand."""
    consortium = opened_world.consortium
    return Writer(
        consortium=consortium,
        iss=ISS,
        statements={
            Typ.RECORD: consortium.record(ISS),
            Typ.GRANT: consortium.grant(ISS, consortium.ids, ep=2),
            Typ.MESSAGE: opened_world.message(ISS, to="xab-arms"),
        },
    )


def send(world: World, writer: Writer, typ: Typ, entry: bytes, *, batch: bytes | None = None) -> None:
    """Hand in a batch of one statement, whatever its bytes are, and see it refused with nothing changed."""
    honest = writer.statements[typ]
    closing = batch or world.consortium.batch(ISS, [replace(honest, entry=entry)])
    standing = world.standing()

    response = world.post_batch(ISS, encode_frames([closing, entry, *honest.blobs]))

    assert response.status_code in {400, 401, 413}
    assert world.standing() == standing


@pytest.mark.parametrize("change", SPELLINGS.values(), ids=SPELLINGS.keys())
@pytest.mark.parametrize("typ", STATEMENTS, ids=lambda typ: typ.name.lower())
def test_attack_a_statement_in_another_spelling(opened_world: World, writer: Writer, typ: Typ, change: Change) -> None:
    """A payload has one spelling: any other is refused, however good its signature and its batch."""
    if typ is Typ.RECORD and change is SPELLINGS["a number of 4,000 digits"]:
        change = partial(number, b"9" * 400)

    send(opened_world, writer, typ, writer.statement(typ, payload=change))


@pytest.mark.parametrize("change", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_attack_a_batch_in_another_spelling(opened_world: World, writer: Writer, change: Change) -> None:
    """So has a batch, under both of its signatures."""
    grant = writer.statements[Typ.GRANT]

    send(opened_world, writer, Typ.GRANT, grant.entry, batch=writer.batch(payload=change))


@pytest.mark.parametrize("change", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_attack_a_key_entry_in_another_spelling(opened_world: World, writer: Writer, change: Change) -> None:
    """So has a key entry, under both root keys."""
    entry = writer.key_entry(good_key_entry(opened_world), payload=change)
    standing = opened_world.standing()
    opened_world.clock.advance(60)  # the limit by address is another test's

    response = opened_world.post_key(entry)

    assert response.status_code in {400, 413}
    assert opened_world.standing() == standing


def good_key_entry(world: World) -> bytes:
    """Return a key entry that could stand next."""
    key = world.consortium.newest(ISS, Role.HTTP)
    return world.consortium.key_entry(ISS, add=[make_key(key.kid._replace(number=77), Role.HTTP, key.algorithm)])


@pytest.mark.parametrize("change", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_attack_a_charter_in_another_spelling(opened_world: World, change: Change) -> None:
    """So has a charter, even one that all its members signed and everybody pinned."""
    consortium = opened_world.consortium
    file = sign_file(change(parse_general(consortium.charter_file, limit=2**22, signatures=99).payload), consortium)

    with pytest.raises(LedgerError):
        verify_first_charter(file, fingerprint=of_file(file))


@pytest.mark.parametrize("change", HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.parametrize("typ", STATEMENTS, ids=lambda typ: typ.name.lower())
def test_attack_a_statement_under_another_header(opened_world: World, writer: Writer, typ: Typ, change: Change) -> None:
    """A header is looked up byte by byte, never interpreted: any other is refused, however good its signature."""
    send(opened_world, writer, typ, writer.statement(typ, header=change))


@pytest.mark.parametrize("change", HEADERS.values(), ids=HEADERS.keys())
def test_attack_a_batch_under_another_header(opened_world: World, writer: Writer, change: Change) -> None:
    """The same holds for both signatures of a batch."""
    grant = writer.statements[Typ.GRANT]

    send(opened_world, writer, Typ.GRANT, grant.entry, batch=writer.batch(header=change))


@pytest.mark.parametrize("change", HEADERS.values(), ids=HEADERS.keys())
def test_attack_a_key_entry_under_another_header(opened_world: World, writer: Writer, change: Change) -> None:
    """And for both signatures of a key entry."""
    with pytest.raises(LedgerError):
        opened_world.consortium.state.judge_key(writer.key_entry(good_key_entry(opened_world), header=change))


@pytest.mark.parametrize("change", HEADERS.values(), ids=HEADERS.keys())
def test_attack_a_charter_under_another_header(opened_world: World, change: Change) -> None:
    """And for all signatures of a charter."""
    consortium = opened_world.consortium
    payload = parse_general(consortium.charter_file, limit=2**22, signatures=99).payload
    file = sign_file(payload, consortium, header=change)

    with pytest.raises(LedgerError):
        verify_first_charter(file, fingerprint=of_file(file))


@pytest.mark.parametrize("name", [name for name in SPELLINGS if name not in WITHOUT_NUMBER])
def test_attack_a_question_in_another_spelling(opened_world: World, name: str) -> None:
    """Even what is only asked, and never logged, is read in one spelling."""
    asked = SPELLINGS[name](b'{"iss":"xaa-arms","jti":"AAAAAAAAAAAAAAAAAAAAAA","place":"item"}')

    response = opened_world.post("xab-arms", paths.BLOBS, b'{"get":[%b]}' % asked, paths.JSON_TYPE)

    assert_problem(response, "malformed", 400)


def test_what_was_not_changed_is_taken(tmp_path: Path) -> None:
    """The same writer's statements, batch, key entry and charter are taken as they are: only the spelling is refused."""
    world = World(tmp_path)
    world.found()
    world.open_epoch(ISS)
    consortium = world.consortium
    message = world.message(ISS, to="xab-arms")
    mine = Writer(consortium=consortium, iss=ISS, statements={Typ.MESSAGE: message})
    payload = parse_general(consortium.charter_file, limit=2**22, signatures=99).payload

    batch = world.post_batch(
        ISS, encode_frames([mine.batch(typ=Typ.MESSAGE), mine.statement(Typ.MESSAGE), *message.blobs])
    )
    key = world.post_key(mine.key_entry(good_key_entry(world)))
    file = sign_file(payload, consortium)
    world.close()

    assert (batch.status_code, key.status_code) == (201, 201)
    assert verify_first_charter(file, fingerprint=of_file(file)).ver == 1

"""The evidence bundle as a file: which members it has, and what each of them spells (docs/protocol.md, 9.11).

Parsing believes nothing. What the members prove together is for `ledger/bundle.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crypto.encoding import b64u
from ledger import jsontext
from ledger.bundlewords import README
from ledger.charterpayload import MAX_FILE_BYTES, MAX_VERSION
from ledger.checks import require
from ledger.errors import MalformedError
from ledger.identifiers import hash_of
from ledger.jsontext import JsonValue
from ledger.merkle import MAX_HASHES
from ledger.proofs import TlogProof
from ledger.storedzip import read_stored, write_stored

RECORD = "record.sdjwt"
PROOF = "entry.tlog-proof"
BATCH = "batch.json"
PLACES = "charter/places.json"
POLICY = "policy"
README_NAME = "README.txt"

MAX_BUNDLE_BYTES = 64 * 2**20
MAX_CHARTERS = 1_000
MAX_KEY_ENTRIES = 1_000
_MAX_PLACES_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The batch that closes the record: its exact entry, the log's index of it, and two paths.

    `path` leads from the record to the root that the batch signs, `proof` from the entry to the root of the log.
    """

    entry: bytes
    index: int
    path: tuple[bytes, ...]
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterPart:
    """A charter: the index of its entry, the hash of its file, the path of the entry; no `file` in a thin bundle."""

    ver: int
    index: int
    file_hash: bytes
    path: tuple[bytes, ...]
    file: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPart:
    """A key entry of the issuer, its index and its path."""

    index: int
    entry: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a bundle holds, none of it verified. A thin one leaves out what follows from charters the verifier has."""

    presentation: bytes
    proof: TlogProof
    closing: Closing
    charters: tuple[CharterPart, ...]
    keys: tuple[KeyPart, ...]
    policy: bytes | None

    @property
    def is_thin(self) -> bool:
        """Say whether the charter files and the policy have to come from the verifier."""
        return self.policy is None

    def format(self) -> bytes:
        """Return the file."""
        places: JsonValue = {
            "charters": [
                {"ver": one.ver, "index": one.index, "h": b64u(one.file_hash), "path": _spell(one.path)}
                for one in self.charters
            ],
            "keys": [{"index": one.index, "path": _spell(one.path)} for one in self.keys],
        }
        members = {
            RECORD: self.presentation,
            PROOF: self.proof.format(),
            BATCH: _spell_closing(self.closing),
            PLACES: jsontext.dump(places),
            **{_charter_name(one.ver): one.file for one in self.charters if one.file is not None},
            **{_key_name(one.index): one.entry for one in self.keys},
            **({} if self.policy is None else {POLICY: self.policy}),
            README_NAME: README.encode(),
        }
        return write_stored(members)


def parse_bundle(raw: bytes) -> Bundle:
    """Return the bundle that a file spells; raise TooLargeError or MalformedError. The README may say anything."""
    members = read_stored(raw, limit=MAX_BUNDLE_BYTES)
    _require_members(members, [RECORD, PROOF, BATCH, PLACES], found=list(members)[:4])
    value = jsontext.load(members[PLACES], limit=_MAX_PLACES_BYTES)
    charters, keys = jsontext.members(value, "charters", "keys")
    bundle = Bundle(
        presentation=members[RECORD],
        proof=TlogProof.parse(members[PROOF]),
        closing=_closing(members[BATCH]),
        charters=tuple(_charter(row, members) for row in jsontext.array(charters, low=1, high=MAX_CHARTERS)),
        keys=tuple(_key(row, members) for row in jsontext.array(keys, high=MAX_KEY_ENTRIES)),
        policy=members.get(POLICY),
    )
    _require_members(members, _names(bundle), found=list(members))
    return bundle


def _names(bundle: Bundle) -> list[str]:
    """Return the members that a bundle of these parts has, in order: all that a thin one leaves out, or none of it."""
    charters = [] if bundle.is_thin else [_charter_name(one.ver) for one in bundle.charters]
    keys = [_key_name(one.index) for one in bundle.keys]
    return [RECORD, PROOF, BATCH, PLACES, *charters, *keys, *([] if bundle.is_thin else [POLICY]), README_NAME]


def _require_members(members: Mapping[str, bytes], expected: Sequence[str], *, found: Sequence[str]) -> None:
    refusal = MalformedError("a bundle has exactly the members it speaks of, in their order")
    require("bundle/members", expected=list(expected), found=list(found), refusal=refusal)
    if any(not data for data in members.values()):
        raise MalformedError("a bundle with an empty member")


def _charter_name(ver: int) -> str:
    return f"charter/{ver}.json"


def _key_name(index: int) -> str:
    return f"charter/key-{index}.json"


def _charter(row: JsonValue, members: Mapping[str, bytes]) -> CharterPart:
    ver, index, file_hash, path = jsontext.members(row, "ver", "index", "h", "path")
    number = jsontext.integer(ver, low=1, high=MAX_VERSION)
    file = members.get(_charter_name(number))
    if file is not None and len(file) > MAX_FILE_BYTES:
        raise MalformedError(f"a charter file of more than {MAX_FILE_BYTES} bytes")
    return CharterPart(
        ver=number, index=jsontext.integer(index), file_hash=hash_of(file_hash), path=_path(path), file=file
    )


def _key(row: JsonValue, members: Mapping[str, bytes]) -> KeyPart:
    place, path = jsontext.members(row, "index", "path")
    index = jsontext.integer(place)
    return KeyPart(index=index, entry=members.get(_key_name(index), b""), path=_path(path))


def _spell_closing(closing: Closing) -> bytes:
    return jsontext.dump(
        {
            "entry": closing.entry.decode("utf-8", "replace"),
            "index": closing.index,
            "path": _spell(closing.path),
            "proof": _spell(closing.proof),
        }
    )


def _closing(raw: bytes) -> Closing:
    entry, index, path, proof = jsontext.members(
        jsontext.load(raw, limit=2 * jsontext.MAX_ENTRY_BYTES), "entry", "index", "path", "proof"
    )
    return Closing(
        entry=jsontext.text(entry).encode(), index=jsontext.integer(index), path=_path(path), proof=_path(proof)
    )


def _spell(path: Sequence[bytes]) -> list[JsonValue]:
    return [b64u(one) for one in path]


def _path(value: JsonValue) -> tuple[bytes, ...]:
    return tuple(hash_of(item) for item in jsontext.array(value, high=MAX_HASHES))

"""One line of the record of use: when, who, did what, of what. Names of records and people; never a value of a field."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crypto.digests import sha256
from crypto.encoding import b64u
from ledger import jsontext
from ledger.errors import MalformedError
from ledger.jsontext import JsonValue
from ledger.merkle import leaf_hash

MAX_ENTRY_BYTES = 4_096
_MAX_NAMES = 40
_LISTED = re.compile(r"(?P<about>(?:.*, )?)list (?P<hash>[\w-]{8})[\w-]{35}(?P<on> goes on)?: (?P<names>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one person did, at a time in POSIX seconds."""

    at: int
    who: str
    did: str
    of: str

    def format(self) -> bytes:
        """Return the canonical bytes that stand in the log; raise MalformedError for more than an entry holds."""
        raw = jsontext.dump({"at": self.at, "who": self.who, "did": self.did, "of": self.of})
        if len(raw) > MAX_ENTRY_BYTES:
            raise MalformedError("more than one entry of the record of use can hold")
        return raw

    def to_json(self) -> dict[str, JsonValue]:
        """Return the entry for machines."""
        return {"at": self.at, "who": self.who, "did": self.did, "of": self.of}


def parse_entry(raw: bytes) -> Entry:
    """Return the entry that `raw` spells; raise MalformedError for anything else, or another spelling of it."""
    at, who, did, of = jsontext.members(jsontext.load(raw, limit=MAX_ENTRY_BYTES), "at", "who", "did", "of")
    entry = Entry(at=jsontext.integer(at), who=jsontext.text(who), did=jsontext.text(did), of=jsontext.text(of))
    if entry.format() != raw:
        raise MalformedError("an entry of the record of use that is not in its one spelling")
    return entry


def leaf_of(raw: bytes) -> bytes:
    """Return the leaf of an entry."""
    return leaf_hash(raw)


def of_many(about: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return what entries say of many records: `about`, SHA-256 over the names a line each, and every name.

    One entry, or as many as it takes: each but the first says by the hash which list it goes on with.
    """
    lines = "\n".join(names)
    listed = f"list {b64u(sha256(lines.encode()))}"
    first, *others = _parts(names)
    return f"{about}, {listed}: {first}", *(f"{listed} goes on: {one}" for one in others)


def about_and_names(of: str) -> tuple[str, tuple[str, ...]]:
    """Return what an entry says it is about, and the names that `of_many` listed behind it; no names of any other text.

    Of the hash there is as much as tells which entries go on with which list: the whole of it is in the file.
    """
    found = _LISTED.fullmatch(of)
    if found is None:
        return of, ()
    return f"{found['about']}list {found['hash']}…{found['on'] or ''}", tuple(found["names"].split())


def _parts(names: Sequence[str]) -> Iterator[str]:
    for at in range(0, max(1, len(names)), _MAX_NAMES):
        yield " ".join(names[at : at + _MAX_NAMES])

"""All keys that a log has ever seen, and where in the log each was in force (docs/protocol.md, 2 and 8).

A key id and a public key belong together for ever: neither is taken a second time, in whatever role, by whomever.
"""

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from ledger.errors import DuplicateError, NotAMemberError
from ledger.identifiers import KeyId
from ledger.keys import HeaderKey, Key, headers_of
from ledger.kinds import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenure:
    """A key and the entries that brought and ended it: in force in between, `start` excluded, `end` included."""

    key: Key
    headers: Mapping[bytes, HeaderKey]
    start: int
    end: int | None = None
    disputed_from: int | None = None

    def covers(self, index: int) -> bool:
        """Say whether the key is in force for an entry at `index`."""
        return self.start < index and (self.end is None or index <= self.end)


class KeyRing:
    """Keys by their names; a name is added once and ended once."""

    def __init__(self) -> None:
        """Begin without keys."""
        self._tenures: dict[KeyId, Tenure] = {}
        # A grant asks for a key of each of its recipients, a batch for some 28,000: never by way of everybody's keys.
        self._kids: dict[tuple[str, Role], list[KeyId]] = {}
        self._owners: dict[bytes, str] = {}

    def check_unused(self, key: Key) -> None:
        """Raise DuplicateError if the key id or the public key was ever used."""
        if key.kid in self._tenures:
            raise DuplicateError(f"{key.kid} was used before")
        self.check_owner(key.public_key, owner=str(key.kid))

    def check_unclaimed(self, public_key: bytes, *, owner: str) -> None:
        """Raise DuplicateError if a public key was ever listed, under whatever name: a retired one never returns."""
        if public_key in self._owners:
            raise DuplicateError(f"the public key of {owner} was used before")

    def check_owner(self, public_key: bytes, *, owner: str) -> None:
        """Raise DuplicateError if a public key was ever listed under another name."""
        if self._owners.get(public_key, owner) != owner:
            raise DuplicateError(f"the public key of {owner} was used before, under another name")

    def enrol(self, key: Key, index: int) -> None:
        """Let a key that was checked count after `index`."""
        self._tenures[key.kid] = Tenure(key=key, headers=MappingProxyType(headers_of(key)), start=index)
        insort(self._kids.setdefault((key.kid.agency, key.role), []), key.kid)
        self.claim(key.public_key, owner=str(key.kid))

    def claim(self, public_key: bytes, *, owner: str) -> None:
        """Remember whose a public key is."""
        self._owners[public_key] = owner

    def end(self, kid: KeyId, *, index: int, disputed_from: int | None) -> None:
        """Let a key count up to `index` and no further."""
        self._tenures[kid] = replace(self._tenures[kid], end=index, disputed_from=disputed_from)

    def open_keys(self) -> Iterable[Key]:
        """Return the keys that have not ended."""
        return [tenure.key for tenure in self._tenures.values() if tenure.end is None]

    def key(self, kid: KeyId, index: int) -> Key:
        """Return a key that is in force for an entry at `index`; raise NotAMemberError."""
        tenure = self._tenures.get(kid)
        if tenure is None or not tenure.covers(index):
            raise NotAMemberError(f"{kid} is not a key in force")
        return tenure.key

    def last_number(self, agency: str) -> int:
        """Return the highest number that a key of an agency ever had, 0 if it never had one."""
        return max((kid.number for kid in self._tenures if kid.agency == agency), default=0)

    def known_key(self, kid: KeyId) -> Key:
        """Return a key that was ever in force, ended or not; raise NotAMemberError for one that never was."""
        tenure = self._tenures.get(kid)
        if tenure is None:
            raise NotAMemberError(f"{kid} was never a key of this log")
        return tenure.key

    def keys_of(self, agency: str, *, role: Role, index: int) -> tuple[Key, ...]:
        """Return all keys of a role that are in force for an entry at `index`, by ascending number."""
        tenures = (self._tenures[kid] for kid in self._kids.get((agency, role), ()))
        return tuple(tenure.key for tenure in tenures if tenure.covers(index))

    def disputed(self, kid: KeyId, index: int) -> bool:
        """Say whether what `kid` signed at `index` is disputed by the entry that ended the key."""
        tenure = self._tenures.get(kid)
        return tenure is not None and tenure.disputed_from is not None and tenure.disputed_from <= index

    def table(self, index: int) -> Mapping[bytes, HeaderKey]:
        """Return the exact protected headers of all keys in force for an entry at `index`."""
        found = (tenure.headers.items() for tenure in self._tenures.values() if tenure.covers(index))
        return MappingProxyType({header: key for rows in found for header, key in rows})

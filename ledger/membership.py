"""Who is a member under which keys, at which place of the log (docs/protocol.md, 8).

Position decides, never a clock: what an entry changes counts from the next entry on. This is the only interpreter of
"in force"; the server, the auditor and every client ask it.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.agencies import Agency, Auditor
from ledger.charter import newcomers, replaced_roots, verify_first_charter, verify_next_charter
from ledger.charterpayload import WORKING_ROLES, Charter, parse_charter_entry
from ledger.checks import require
from ledger.errors import DuplicateError, LedgerError, MalformedError, NotAMemberError
from ledger.fingerprints import of_file
from ledger.identifiers import KeyId
from ledger.keyentries import KeyEntry, parse_key_entry, verify_signatures
from ledger.keyring import KeyRing
from ledger.keys import HeaderKey, Key
from ledger.kinds import Role
from ledger.tokenepochs import check_match


@dataclass(frozen=True, slots=True, kw_only=True)
class Reign:
    """A charter and the index of its entry: it counts for the entries after it."""

    index: int
    charter: Charter
    file_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterChange:
    """A verified charter that stands at `index`, and what it replaces."""

    index: int
    charter: Charter
    file_hash: bytes
    previous: Charter | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """A verified key entry that stands at `index`, with the keys that it ends."""

    index: int
    entry: KeyEntry
    ended: tuple[Key, ...]


class Membership:
    """The charters and key entries of one log, in log order."""

    def __init__(self, *, origin: str, fingerprint: bytes) -> None:
        """Begin with a pin: the origin of the log and H(charter file 1). Nothing is believed before it."""
        self.origin = origin
        self.fingerprint = fingerprint
        self._reigns: list[Reign] = []
        self._ring = KeyRing()
        self._listed: dict[str, int] = {}
        self._key_entries: dict[str, list[int]] = {}
        self._key_changes: list[KeyChange] = []
        self._changes: list[int] = []
        self._table: tuple[int, Mapping[bytes, HeaderKey]] | None = None

    def apply_charter(self, index: int, entry: bytes, file: bytes) -> CharterChange:
        """Judge a charter entry and let it count; nothing has changed if this raises."""
        change = self.judge_charter(index, entry, file)
        self.enter_charter(change)
        return change

    def apply_key(self, index: int, entry: bytes) -> KeyChange:
        """Judge a key entry and let it count; nothing has changed if this raises: such an entry is void."""
        change = self.judge_key(index, entry)
        self.enter_key(change)
        return change

    def judge_charter(self, index: int, entry: bytes, file: bytes) -> CharterChange:
        """Return the charter that may stand at `index`: verified, following the one in force, with keys never used."""
        said = parse_charter_entry(entry)
        mismatch = MalformedError("the charter entry is not about this file")
        require("charter/h", expected=said.file_hash, found=of_file(file), refusal=mismatch)
        charter, previous = self._verify_file(index, file)
        require("charter/entry-ver", expected=charter.ver, found=said.ver, refusal=mismatch)
        require("charter/entry-origin", expected=charter.origin, found=said.origin, refusal=mismatch)
        require("charter/origin", expected=self.origin, found=charter.origin, refusal=mismatch)
        self._check_listed(charter, previous)
        check_match(charter, earlier=[reign.charter for reign in self._reigns])
        return CharterChange(index=index, charter=charter, file_hash=said.file_hash, previous=previous)

    def judge_key(self, index: int, entry: bytes) -> KeyChange:
        """Return the key entry that may stand at `index`: signed by the roots in force, in its chain, with new keys.

        Raises MalformedError, BadSignatureError, NotAMemberError or DuplicateError for any other.
        """
        found = parse_key_entry(entry)
        refusal: LedgerError = MalformedError("this key entry is of another log")
        require("key/origin", expected=self.origin, found=found.origin, refusal=refusal)
        self.agency(found.iss, index)
        roots = self.keys_of(found.iss, role=Role.ROOT, index=index)
        verify_signatures(found, roots)
        refusal = MalformedError("this key entry does not follow the agency's previous one")
        require("key/prev", expected=self.key_chain(found.iss, index), found=found.prev, refusal=refusal)
        if found.since is not None and found.since > index:
            raise MalformedError("`since` lies after the entry itself")
        for key in found.add:
            self._ring.check_unused(key)
        return KeyChange(index=index, entry=found, ended=tuple(self._ended(kid, index) for kid in found.end))

    def enter_charter(self, change: CharterChange) -> None:
        """Let a judged charter count: end what it no longer lists, enrol what it lists for the first time."""
        charter, index = change.charter, change.index
        carried = self._carried(charter, change.previous)
        for key in self._ring.open_keys():
            if key not in carried:
                self._ring.end(key.kid, index=index, disputed_from=None)
        for key in charter.listed_keys():
            if key not in carried:
                self._ring.enrol(key, index)
        for owner, public_key in charter.log.owners():
            self._ring.claim(public_key, owner=owner)
        for agency in charter.agencies:
            self._listed.setdefault(agency.id, index)
        self._reigns.append(Reign(index=index, charter=charter, file_hash=change.file_hash))
        self._changes.append(index)

    def enter_key(self, change: KeyChange) -> None:
        """Let a judged key entry count."""
        for kid in change.entry.end:
            self._ring.end(kid, index=change.index, disputed_from=change.entry.since)
        for key in change.entry.add:
            self._ring.enrol(key, change.index)
        self._key_entries.setdefault(change.entry.iss, []).append(change.index)
        self._key_changes.append(change)
        self._changes.append(change.index)

    def charters(self) -> tuple[tuple[int, Charter], ...]:
        """Return every charter and the index of its entry, in order."""
        return tuple((reign.index, reign.charter) for reign in self._reigns)

    def charter_before(self, index: int) -> Charter:
        """Return the charter in force for an entry at `index`; raise NotAMemberError before the first."""
        return self._reign(index).charter

    def charter_index(self, index: int) -> int:
        """Return where the charter in force for an entry at `index` stands."""
        return self._reign(index).index

    def agency(self, agency_id: str, index: int) -> Agency:
        """Return a member as the charter in force for an entry at `index` lists it; raise NotAMemberError."""
        agency = self.charter_before(index).agency(agency_id)
        if agency is None:
            raise NotAMemberError(f"{agency_id} is not an agency of the charter in force")
        return agency

    def auditor(self, auditor_id: str, index: int) -> Auditor:
        """Return an auditor of the charter in force for an entry at `index`; raise NotAMemberError."""
        for auditor in self.charter_before(index).auditors:
            if auditor.id == auditor_id:
                return auditor
        raise NotAMemberError(f"{auditor_id} is not an auditor of the charter in force")

    def key(self, kid: KeyId, index: int) -> Key:
        """Return a key that is in force for an entry at `index`; raise NotAMemberError."""
        return self._ring.key(kid, index)

    def known_key(self, kid: KeyId) -> Key:
        """Return a key that was ever in force; raise NotAMemberError for one that never was."""
        return self._ring.known_key(kid)

    def keys_of(self, agency: str, *, role: Role, index: int) -> tuple[Key, ...]:
        """Return all keys of a role that are in force for an entry at `index`, by ascending number."""
        return self._ring.keys_of(agency, role=role, index=index)

    def last_number(self, agency: str) -> int:
        """Return the highest number that a key of an agency ever had: the next key takes the one after."""
        return self._ring.last_number(agency)

    def newest(self, agency: str, role: Role, index: int) -> Key:
        """Return the key of a role that senders use: the highest number in force; raise NotAMemberError."""
        keys = self.keys_of(agency, role=role, index=index)
        if not keys:
            raise NotAMemberError(f"{agency} has no {role.value} key in force")
        return keys[-1]

    def kx(self, agency: str, index: int) -> int:
        """Return the later of the last charter entry and the agency's last key entry before `index`."""
        return max(self._reign(index).index, _last(self._key_entries.get(agency, ()), before=index))

    def first_listed(self, agency: str) -> int | None:
        """Return the index of the charter that first listed an agency; None if none did."""
        return self._listed.get(agency)

    def key_changes(self, agency: str, *, after: int) -> tuple[KeyChange, ...]:
        """Return the key entries of an agency that stand after an index, in order."""
        return tuple(one for one in self._key_changes if one.entry.iss == agency and one.index > after)

    def key_chain(self, agency: str, index: int) -> int:
        """Return what a key entry of `agency` at `index` names as `prev`; raise NotAMemberError."""
        last = _last(self._key_entries.get(agency, ()), before=index)
        if last < 0 and agency not in self._listed:
            raise NotAMemberError(f"{agency} was never listed by a charter")
        return last if last >= 0 else self._listed[agency]

    def disputed(self, kid: KeyId, index: int) -> bool:
        """Say whether what `kid` signed at `index` is disputed by the entry that ended the key."""
        return self._ring.disputed(kid, index)

    def headers(self, index: int) -> Mapping[bytes, HeaderKey]:
        """Return the table of exact protected headers of all keys in force for an entry at `index`."""
        change = _last(self._changes, before=index)
        if self._table is None or self._table[0] != change:
            self._table = (change, self._ring.table(index))
        return self._table[1]

    def _reign(self, index: int) -> Reign:
        for reign in reversed(self._reigns):
            if reign.index < index:
                return reign
        raise NotAMemberError("no charter is in force yet")

    def _verify_file(self, index: int, file: bytes) -> tuple[Charter, Charter | None]:
        if not self._reigns:
            require("charter/index", expected=0, found=index, refusal=MalformedError("charter 1 is entry 0"))
            return verify_first_charter(file, fingerprint=self.fingerprint), None
        last = self._reigns[-1]
        charter = verify_next_charter(file, previous=last.charter, previous_hash=last.file_hash)
        return charter, last.charter

    def _check_listed(self, charter: Charter, previous: Charter | None) -> None:
        """Refuse a key that was ever used for anything else, and an ended one that comes back."""
        carried = self._carried(charter, previous)
        for key in charter.listed_keys():
            if key not in carried:
                self._ring.check_unused(key)
        kept = frozenset(previous.log.owners()) if previous else frozenset()
        for owner, public_key in charter.log.owners():
            if (owner, public_key) not in kept:
                self._ring.check_unclaimed(public_key, owner=owner)
        if previous and charter.log.answer_key != previous.log.answer_key:
            self._check_answer_kid(charter.log.answer_kid)

    def _check_answer_kid(self, kid: KeyId) -> None:
        """Refuse a new answer key under a key id that any charter has named before."""
        if kid in {reign.charter.log.answer_kid for reign in self._reigns}:
            raise DuplicateError(f"{kid} was used before")

    def _carried(self, charter: Charter, previous: Charter | None) -> frozenset[Key]:
        """Return the keys in force that stay so under `charter`; every other one ends with it.

        An agency keeps its working keys unless it has new roots; what a charter lists itself stays while listed.
        """
        if previous is None:
            return frozenset()
        kept = frozenset(agency.id for agency in charter.agencies) - newcomers(charter, previous)
        kept -= replaced_roots(charter, previous)
        auditors = {auditor.id for auditor in charter.auditors} & {auditor.id for auditor in previous.auditors}
        listed = frozenset(charter.listed_keys())
        return frozenset(
            key
            for key in self._ring.open_keys()
            if (key.kid.agency in kept and key.role in WORKING_ROLES)
            or (key.kid.agency in kept | auditors and key in listed)
        )

    def _ended(self, kid: KeyId, index: int) -> Key:
        key = self.key(kid, index)
        if key.role not in WORKING_ROLES:
            raise MalformedError("root, recovery and witness keys change by charter alone")
        return key


def _last(indexes: Sequence[int], *, before: int) -> int:
    place = bisect_left(indexes, before)
    return indexes[place - 1] if place else -1

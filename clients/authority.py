"""Who is a member under which keys, as far as this home has verified it (docs/protocol.md, 8).

Charters come with the view of the log. Key entries are found where the log itself points at them: a batch names the
newest one before it (`kx`), each names the one before, and an agency's head names the last of all. A batch after a later
charter names that charter instead; then the head is asked.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from clients.errors import ClientError, StaleError
from clients.service import Service
from clients.trust import View
from ledger import fingerprints
from ledger.charter import Charter, charter_entry
from ledger.errors import NotFoundError, ProofError
from ledger.keyentries import parse_key_entry
from ledger.labels import Members
from ledger.membership import Membership
from ledger.merkle import leaf_hash

_MAX_CHAIN = 10_000
# An agency changes its keys a few times a year; a service that lies could name entries that nobody proves for ever.
_MAX_NEWER = 64


class KeyEntries(Protocol):
    """Where verified key entries are kept: a replica, or memory."""

    def key_entries(self) -> Mapping[int, bytes]:
        """Return the key entries that were verified, by index."""

    def add(self, *, key_entries: Mapping[int, bytes]) -> None:
        """Keep more of them."""


class Authority:
    """The membership of one view, completed with key entries as they are needed."""

    def __init__(self, view: View, *, service: Service, replica: KeyEntries) -> None:
        """Take a verified view, where to fetch entries, and where verified key entries are kept."""
        self._view = view
        self._service = service
        self._kept = replica
        self._asked: set[str] = set()
        self.membership = _membership(view, replica.key_entries())

    def members(self) -> Members:
        """Return what labels need to know: the agencies of every charter version, and today's ceilings."""
        return members_of([logged.charter for logged in self._view.charters])

    def catch_up(self, iss: str) -> None:
        """Learn the key entries of an agency up to the newest that the service names."""
        self._asked.add(iss)
        self._follow(self._service.agency_head(iss).keys)

    def learn(self, iss: str, kx: int) -> None:
        """Learn what stands behind the `kx` of a batch of `iss`: its key entries up to there."""
        charters = {logged.index for logged in self._view.charters}
        if kx not in charters:
            self._follow(kx)
        elif iss not in self._asked and self.membership.first_listed(iss) not in (kx, None):
            self.catch_up(iss)

    def _follow(self, at: int) -> None:
        """Learn the key entry at an index and those it follows; a charter's index is known already."""
        known = set(self._kept.key_entries()) | {logged.index for logged in self._view.charters}
        found: dict[int, bytes] = {}
        at = self._within_view(at)
        while at not in known:
            if len(found) > _MAX_CHAIN:
                raise ProofError("a chain of key entries that does not end")
            entry = self._fetch(at)
            found[at] = entry
            at = _prev(entry, at)
        if found:
            # Judged before they are kept: a chain that does not verify changes nothing.
            self.membership = _membership(self._view, {**self._kept.key_entries(), **found})
            self._kept.add(key_entries=found)

    def _within_view(self, at: int) -> int:
        """Return the last of a chain that stands in this view; raise StaleError if what is newer does not lead there.

        What was published since counts for nothing here: who wanted to hide an entry of the view could as well have named
        an older one.
        """
        newest = at
        for _ in range(_MAX_NEWER):
            if at < self._view.checkpoint.size:
                return at
            try:
                at = _prev(self._service.entry(at).entry, at)
            except (NotFoundError, ClientError) as error:
                raise self._beyond(newest) from error
        raise self._beyond(newest)

    def _beyond(self, index: int) -> StaleError:
        return StaleError(
            f"a key entry at {index:,} is named, beyond the {self._view.checkpoint.size:,} entries that are published",
            next_step="try again; if it stays so, the log's witnesses do not cosign, or the service shows different "
            "states to different callers",
        )

    def _fetch(self, index: int) -> bytes:
        entry = self._service.entry(index).entry
        if self._view.tree.leaf_hashes(index, index + 1) != (leaf_hash(entry),):
            raise ProofError(f"the entry served for index {index:,} is not the one in the log")
        return entry


def _prev(entry: bytes, index: int) -> int:
    prev = parse_key_entry(entry).prev
    if prev >= index:
        raise ProofError("a key entry that names a later one as the one before")
    return prev


def members_of(charters: Sequence[Charter]) -> Members:
    """Return the agencies of every charter version, and the ceilings of the last, which is in force."""
    return Members(
        versions={charter.ver: frozenset(agency.id for agency in charter.agencies) for charter in charters},
        ceilings={agency.id: agency.ceiling for agency in charters[-1].agencies},
    )


def _membership(view: View, key_entries: Mapping[int, bytes]) -> Membership:
    first = view.charters[0]
    membership = Membership(origin=first.charter.origin, fingerprint=fingerprints.of_file(first.file))
    files = {logged.index: logged.file for logged in view.charters}
    for index in sorted({*files, *key_entries}):
        if index in files:
            membership.apply_charter(index, charter_entry(files[index]), files[index])
        else:
            membership.apply_key(index, key_entries[index])
    return membership

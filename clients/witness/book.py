"""The charters a witness goes by: from the pinned fingerprint on, each verified by the one before, kept, never undone.

Which pair of the log's keys signs a checkpoint follows from the index that the service names for each charter. It is
not proved by tiles here: those of a checkpoint that nobody has cosigned yet are not published. A wrong index could only
choose between two pairs that the members' root keys have both named (docs/adr/0046).
"""

import re
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Protocol

from clients.durable import make_folder, write_file
from clients.errors import HomeError, TrustError
from crypto import privatefile
from ledger import fingerprints
from ledger.charter import Charter, verify_first_charter, verify_next_charter
from ledger.errors import LedgerError
from ledger.wire.schemas import CharterList, CharterVersion

_NAME = re.compile(r"([1-9][0-9]{0,5})-(0|[1-9][0-9]{0,15})")


class CharterReader(Protocol):
    """Where charters are read from."""

    def charters(self) -> CharterList:
        """Return which charters there are, and where their entries stand."""

    def charter(self, ver: int) -> bytes:
        """Return a charter file; raise NotFoundError."""


class CharterBook:
    """The folder of charters of one witness."""

    def __init__(self, folder: Path, *, fingerprint: bytes) -> None:
        """Open the folder; what is in it is verified again, from the fingerprint on."""
        make_folder(folder)
        self._folder = folder
        self._fingerprint = fingerprint
        self._charters: list[tuple[int, Charter]] = []
        self._files: list[bytes] = []
        self._load()

    @property
    def charters(self) -> Sequence[tuple[int, Charter]]:
        """Return every charter with the index of its entry, in order."""
        return tuple(self._charters)

    def learn(self, reader: CharterReader) -> None:
        """Take over what is new; raise TrustError for what contradicts what is known, OSError where it cannot be kept."""
        listed = reader.charters().charters
        with privatefile.locked(self._folder / "charters"):
            self._load()
            if len(listed) < len(self._charters):
                raise TrustError("the service no longer shows a charter that was verified before")
            for known, one in zip(self._charters, listed, strict=False):
                self._compare(known, one)
            for one in listed[len(self._charters) :]:
                self._take(one, reader.charter(one.ver), keep=True)

    def _load(self) -> None:
        names = {int(match[1]): path for path in self._folder.iterdir() if (match := _NAME.fullmatch(path.name))}
        for ver in count(len(self._charters) + 1):
            if ver not in names:
                return
            path = names[ver]
            index = int(path.name.partition("-")[2])
            file = path.read_bytes()
            one = CharterVersion(ver=ver, index=index, h=fingerprints.of_file(file))
            try:
                self._take(one, file, keep=False)
            except (LedgerError, TrustError) as error:
                raise HomeError(
                    f"{path} is not a charter of this log: {error}", next_step="remove this file"
                ) from error

    def _take(self, listed: CharterVersion, file: bytes, *, keep: bool) -> None:
        charter = self._verified(file)
        after = self._charters[-1][0] if self._charters else -1
        if (charter.ver, fingerprints.of_file(file)) != (listed.ver, listed.h) or listed.index <= after:
            raise TrustError("the service lists other charters than it gives, or out of order")
        if charter.ver == 1 and listed.index != 0:
            raise TrustError("the first charter is not entry 0")
        if keep:
            write_file(self._folder / f"{listed.ver}-{listed.index}", file)
        self._charters.append((listed.index, charter))
        self._files.append(file)

    def _verified(self, file: bytes) -> Charter:
        if not self._charters:
            return verify_first_charter(file, fingerprint=self._fingerprint)
        return verify_next_charter(
            file, previous=self._charters[-1][1], previous_hash=fingerprints.of_file(self._files[-1])
        )

    def _compare(self, known: tuple[int, Charter], listed: CharterVersion) -> None:
        index, charter = known
        expected = CharterVersion(ver=charter.ver, index=index, h=fingerprints.of_file(self._files[charter.ver - 1]))
        if listed != expected:
            raise TrustError(f"the service lists another charter {charter.ver} than was verified, or at another index")

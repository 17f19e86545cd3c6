"""Watch a log: what is new in it, and whether its witnesses are shown the same (docs/protocol.md, 9.14).

One round believes what a home believes (`clients/trust.py`), verifies the batches that came since the last round, and
holds what each witness shows against what the log shows. The access log is held against its
witnesses alike. What it must remember from one round to the next is the pin, and where each log stood: a size and a root.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clients.authority import Authority
from clients.batchreading import read_batch
from clients.durable import make_folder, write_file
from clients.entries import Entries
from clients.errors import TrustError
from clients.freshness import STALE_SECONDS, is_stale
from clients.service import Service
from clients.transport import Transport
from clients.trust import Trust, View
from clients.watchingaccess import AccessRound, look_access
from clients.witnessviews import Alarm, ShownLog, Word, compare, hear
from crypto.digests import sha256
from crypto.encoding import b64u
from ledger.batches import Batch
from ledger.checkpoints import Checkpoint
from ledger.errors import BusyError, LedgerError, ProofError, SequenceError
from ledger.identifiers import access_origin
from ledger.keyentries import parse_key_entry
from ledger.kinds import Typ
from ledger.state import kind_of
from ledger.tiles import TILE_WIDTH
from ledger.witnesses import LogName

MAX_ALARMS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One look at a log: from where it was new, how many batches were verified, what each witness said, what is wrong."""

    view: View
    start: int
    batches: int
    words: tuple[Word, ...]
    alarms: tuple[Alarm, ...]
    proofs: tuple[str, ...]
    access: AccessRound | None = None

    @property
    def is_fraud(self) -> bool:
        """Say whether one of the alarms is more than a log that stands still."""
        return any(alarm.is_fraud for alarm in self.alarms)


class Watch:
    """The memory of one watch: `watched` (what it must remember), `trusted/` (charters and evidence), proofs."""

    def __init__(self, folder: Path, *, fingerprint: bytes) -> None:
        """Take the folder and the pin; TrustError if the folder watches another log."""
        self._folder = folder
        self._trust = Trust(folder / "trusted")
        self._trust.pin(fingerprint)

    def confirm(self, fingerprint: bytes) -> None:
        """Remember a charter that may do without the witnesses of the one before: a person has compared it."""
        self._trust.confirm(fingerprint)

    def look(self, service: Service, witnesses: Mapping[str, Transport], *, now: int) -> Round:
        """Return what one round found; what passed is not looked at again.

        Raises TrustError, with the evidence kept, for a log that was rolled back or rewritten since the last round.
        """
        # First the witnesses: what they saw before the log answers, the log must not be ignorant of.
        origin = self._origin(service)
        heard = {
            log: {agency: hear(transport, one) for agency, transport in witnesses.items()}
            for log, one in ((LogName.LOG, origin), (LogName.ACCESS, access_origin(origin)))
        }
        view = self._trust.refresh(service)
        state = self._watched()
        start = self._start(view, state)
        new = _New(view, service)
        alarms = [*new.alarms(start), *_freeze(view, now)]
        compared = compare(ShownLog.of_view(view, service.tile), heard[LogName.LOG], now=now)
        access = look_access(service, view, heard[LogName.ACCESS], known=state.access, now=now)
        found = (compared,) if access is None else (compared, access)
        proofs = [self._keep("fraud", ".json", proof) for one in found for proof in one.proofs]
        proofs += [self._keep("evidence", "", note) for one in found for note in one.evidence]
        if not alarms:
            self._remember(view, state.access if access is None else access.checkpoint or state.access)
        return Round(
            view=view,
            start=start,
            batches=new.batches,
            words=compared.words,
            alarms=(*alarms, *(alarm for one in found for alarm in one.alarms)),
            proofs=tuple(proofs),
            access=access,
        )

    def _origin(self, service: Service) -> str:
        """Return the log's name: of the charter that is pinned, which is verified before anything is believed."""
        if not self._trust.charter_files():
            self._trust.refresh(service)
        return self._trust.charters()[-1].origin

    def _start(self, view: View, state: "_State") -> int:
        """Return up to where the log was verified; TrustError if it is not the log that was."""
        size, root = state.size, state.root
        if size > view.checkpoint.size or (size and view.tree.root_at(size) != root):
            self._keep("evidence", "", view.note)
            raise TrustError(
                f"the log was verified up to entry {size:,}, and what is shown now does not begin with that",
                next_step="keep this folder: the checkpoint now shown is in it, and tell the members and the witnesses",
            )
        return size

    def _watched(self) -> "_State":
        file = self._folder / "watched"
        try:
            return _State.parse(file.read_bytes())
        except FileNotFoundError:
            return _State()
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise TrustError(
                f"{file.name} is damaged", next_step="delete it: the next round verifies the whole log again"
            ) from error

    def _remember(self, view: View, access: Checkpoint | None) -> None:
        checkpoint = view.checkpoint
        state = _State(origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root, access=access)
        write_file(self._folder / "watched", state.format())

    def _keep(self, kind: str, ending: str, raw: bytes) -> str:
        make_folder(self._folder)
        name = f"{kind}-{b64u(sha256(raw))[:16]}{ending}"
        write_file(self._folder / name, raw)
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """Where both logs stood after the last round that found nothing: less than a kilobyte."""

    origin: str = ""
    size: int = 0
    root: bytes = b""
    access: Checkpoint | None = None

    def format(self) -> bytes:
        """Return the content of the file `watched`."""
        access = None if self.access is None else {"size": self.access.size, "root": self.access.root.hex()}
        found = {"origin": self.origin, "size": self.size, "root": self.root.hex(), "access": access}
        return json.dumps(found).encode()

    @classmethod
    def parse(cls, raw: bytes) -> "_State":
        """Return what the file holds; a watch of before knew no access log."""
        found = json.loads(raw)
        access = found.get("access")
        return cls(
            origin=found["origin"],
            size=int(found["size"]),
            root=bytes.fromhex(found["root"]),
            access=access
            and Checkpoint(
                origin=access_origin(found["origin"]), size=int(access["size"]), root=bytes.fromhex(access["root"])
            ),
        )


def _freeze(view: View, now: int) -> Iterator[Alarm]:
    if view.fresh is not None and is_stale(view.fresh, now=now):
        minutes = (now - view.fresh) // 60
        yield Alarm(
            kind="freeze",
            what=f"the witnesses last vouched for the log {minutes:,} minutes ago, and {STALE_SECONDS // 60} are allowed",
            is_fraud=False,
        )


class _New:
    """The batches since the last round, each verified with both signatures, every statement, and its agency's chain."""

    def __init__(self, view: View, service: Service) -> None:
        self.batches = 0
        self._view = view
        self._entries = Entries(view, service)
        self._authority = Authority(view, service=service, replica=_KeyEntries())
        self._charters = {logged.index for logged in view.charters}
        self._chains: dict[str, Batch] = {}
        self._open = 0

    def alarms(self, start: int) -> Iterator[Alarm]:
        """Yield what does not stand from entry `start` on."""
        self._open, told = start, 0
        for at in range(start, self._view.checkpoint.size, TILE_WIDTH):
            read = self._entries.read(at, min(at + TILE_WIDTH, self._view.checkpoint.size))
            for index, entry in enumerate(read, at):
                if not entry.startswith(b"{") or told == MAX_ALARMS:
                    continue
                try:
                    self._judge(index, entry)
                except BusyError:
                    raise  # for want of room nobody is accused
                except LedgerError as error:
                    told += 1
                    yield Alarm(kind="entry", what=f"entry {index:,}: {error}", is_fraud=True)
                self._open = index + 1
        if self._open < self._view.checkpoint.size:
            yield Alarm(kind="entry", what=f"entry {self._open:,}: statements that no batch closes", is_fraud=True)

    def _judge(self, index: int, entry: bytes) -> None:
        typ = kind_of(entry)
        if typ is Typ.BATCH:
            self._judge_batch(index)
            return
        if self._open != index:
            raise ProofError(f"the statements from {self._open:,} on are closed by no batch")
        if typ is Typ.KEY:
            self._authority.learn(parse_key_entry(entry).iss, index)
        elif index not in self._charters:
            raise ProofError("a charter is logged here that the service does not list")

    def _judge_batch(self, index: int) -> None:
        found = read_batch(self._entries, self._authority, index)
        if found.first != self._open:
            raise ProofError(f"the statements from {self._open:,} on are not those that this batch closes")
        batch, before = found.submission.batch, self._chains.get(found.submission.batch.iss)
        if before is not None and (batch.seq, batch.prev) != (before.seq + 1, before.payload_hash):
            raise SequenceError(
                "the batch does not continue its agency's chain", seq=before.seq, prev=before.payload_hash, index=None
            )
        self._chains[batch.iss] = batch
        self.batches += 1


@dataclass(slots=True)
class _KeyEntries:
    """The key entries of one round, in memory."""

    found: dict[int, bytes] = field(default_factory=dict)

    def key_entries(self) -> Mapping[int, bytes]:
        return dict(self.found)

    def add(self, *, key_entries: Mapping[int, bytes]) -> None:
        self.found.update(key_entries)

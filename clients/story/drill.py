"""The charter drill: everything that can happen to a membership, on a scratch log, then an audit of all of it.

Members rehearse here what they will do once a year and must not get wrong. Every step is the command a person would
type (docs/adr/0028); what each must lead to is checked, and the first that does not ends the drill.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clients.cli.edge import Edge
from clients.cli.exits import Exit
from clients.story.cast import ARMS, AUDITOR, BUREAU, PARTNER, POLICE, Member
from clients.story.stage import Stage, StoryError
from clients.story.telling import Telling
from clients.transport import HttpTransport, Request
from crypto.keystore import Cost
from ledger.wire import limits

ORIGIN = "sealtrace.invalid/drill"

# The keys of a drill protect nothing and live for a minute.
_SCRATCH = Cost(memory_kib=64, passes=1, lanes=1)
_UNAUTHORISED = 401
_MAP = """
[[record]]
event = "recovery"
[record.fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
"item.serials" = { column = "serial" }
"""


@dataclass(slots=True)
class Drill:
    """One drill on one stage. `type_command` runs a command of `sealtrace` and returns its exit code.

    `charter` is the file in force, `version` its number, `serial` the last one invented.
    """

    stage: Stage
    telling: Telling
    type_command: Callable[[Sequence[str], Edge], int]
    charter: Path = field(init=False)
    version: int = 0
    serial: int = 0

    def run(self) -> None:
        """Run every step; raise StoryError at the first that does not lead where it must."""
        self.telling.write("The charter drill · a scratch log, invented members, real commands")
        self.stage.clear()
        (self.stage.data / "drill.map.toml").write_text(_MAP, encoding="utf-8")
        fingerprint = self._found()
        with self.stage.serving(charter=fingerprint):
            self._begin(fingerprint)
            self._admit(fingerprint)
            self._refuse_too_few()
            self._remove()
            self._rotate()
            self._revoke()
            self._new_root()
            self._lower_ceiling()
            self._close_entries()
            self._expunge()
        self.stage.rotate_service()
        with self.stage.serving(charter=fingerprint):
            self._hand_over()
            self._audit()
        self.telling.save(self.stage.data / "drill.json")

    def _found(self) -> str:
        with self.telling.chapter("Three agencies and an auditor found a log") as figures:
            service = self.stage.create_service()
            requests = [self._enrol(member) for member in (ARMS, BUREAU, POLICE, AUDITOR)]
            self.charter = self.stage.data / "charter.1"
            self._run(ARMS, *("charter", "propose", *requests, "--service", str(service)),
                      *("-o", str(self.charter), "--entries", "open"))  # fmt: skip
            for member in (ARMS, BUREAU, POLICE):
                self._run(member, "charter", "sign", str(self.charter))
            self.version = 1
            shown = self._ask(ARMS, "charter", "show", str(self.charter))
            figures |= {"fingerprint": shown["fingerprint"]}
            return str(shown["fingerprint"])

    def _begin(self, fingerprint: str) -> None:
        with self.telling.chapter("A record goes in and is read") as figures:
            self._run(ARMS, "charter", "submit", str(self.charter))
            for member in (ARMS, BUREAU, POLICE, AUDITOR):
                self._run(member, "join", self.stage.url, "--charter", fingerprint)
            self._submit()
            figures |= {"opened": self._opened(POLICE, expect=1)}

    def _admit(self, fingerprint: str) -> None:
        with self.telling.chapter("A newcomer is admitted and reads what is sealed from then on") as figures:
            self._next([self._enrol(PARTNER)], signers=(ARMS, BUREAU, PARTNER))
            self._run(PARTNER, "join", self.stage.url, "--charter", fingerprint)
            self._submit()
            figures |= {"opened": self._opened(PARTNER, expect=1)}

    def _refuse_too_few(self) -> None:
        with self.telling.chapter("A charter that one agency of four signed is refused"):
            file = self._propose(["--remove", BUREAU.id])
            self._run(ARMS, "charter", "sign", str(file), "--previous", str(self.charter))
            self._run(ARMS, "charter", "submit", str(file), expect=Exit.REFUSED)

    def _remove(self) -> None:
        with self.telling.chapter("A member is removed: it reads nothing more, and a new epoch begins") as figures:
            before = self._epoch()
            self._next(["--remove", POLICE.id], signers=(ARMS, BUREAU, PARTNER))
            self._submit()
            self._run(POLICE, "sync", expect=Exit.NOT_PERMITTED)
            figures |= {"epoch": self._require_newer_epoch(before), "opened": self._opened(PARTNER, expect=1)}

    def _rotate(self) -> None:
        with self.telling.chapter("A member rotates its keys; open grants are repeated for the new one") as figures:
            before = self._epoch()
            rotated = self._ask(BUREAU, "key", "rotate")
            self._submit()
            if self._epoch() != before:
                raise StoryError("a planned rotation ended an epoch")
            figures |= {"keys": len(rotated["added"]), "opened": self._opened(BUREAU, expect=4)}

    def _revoke(self) -> None:
        with self.telling.chapter("A stolen key is revoked from before: the epoch ends by force") as figures:
            before = self._epoch()
            keys = self._ask(BUREAU, "key", "show")["keys"]
            stolen = [kid for kid, role in keys.items() if role == "hpke"]
            revoked = self._ask(BUREAU, "key", "revoke", *stolen, "--since", "1")
            self._submit()
            figures |= {"ended": revoked["ended"], "epoch": self._require_newer_epoch(before)}
            self._opened(BUREAU, expect=1)

    def _new_root(self) -> None:
        with self.telling.chapter("A member takes a new root: all its keys anew, by charter") as figures:
            request = self.stage.data / "xdu-moi.new-root.json"
            self._run(PARTNER, "key", "new-root", "-o", str(request))
            self._next([str(request)], signers=(ARMS, BUREAU, PARTNER))
            self._run(PARTNER, "sync", expect=Exit.NOT_PERMITTED)
            figures |= {"roots": self._ask(PARTNER, "key", "adopt")["roots"]}
            self._submit()
            # What came before the change is opened too: the seeds of old boxes stay.
            self._opened(PARTNER, expect=3)

    def _lower_ceiling(self) -> None:
        with self.telling.chapter("A ceiling is lowered: grants above it end"):
            before = self._epoch()
            self._next(["--ceiling", f"{PARTNER.id}=UNCLASSIFIED"], signers=(ARMS, BUREAU))
            self._next(["--ceiling", f"{PARTNER.id}=SECRET"], signers=(ARMS, BUREAU))
            self._submit()
            self._require_newer_epoch(before)

    def _close_entries(self) -> None:
        with self.telling.chapter("Entry bundles are for members only from now on"):
            path = "/tile/entries/000.p/1"
            if self._status(path) == _UNAUTHORISED:
                raise StoryError("entry bundles were closed before the charter said so")
            self._next(["--entries", "members"], signers=(ARMS, BUREAU, PARTNER))
            if self._status(path) != _UNAUTHORISED:
                raise StoryError("entry bundles are still given to anybody")
            self._run(BUREAU, "sync", "--full")

    def _expunge(self) -> None:
        with self.telling.chapter("Two officers expunge a record: gone at the service and at whoever syncs") as figures:
            self._run(ARMS, "sync")
            name = self._ask(ARMS, "list", "--limit", "1")["records"][0]["record"]
            self._run(BUREAU, "show", name)
            proposal, proposer, approver = str(self.stage.data / "expunge.json"), "A. Abiola", "B. Berg"
            for officer in (proposer, approver):
                self._run(ARMS, "officer", "create", officer)
            self._run(ARMS, "expunge", name, "--why", "law", "--officer", proposer, "-o", proposal)
            self._run(ARMS, "approve", proposal, "--officer", approver, "--confirm")
            self._run(BUREAU, "sync")
            for member in (ARMS, BUREAU):
                self._run(member, "show", name, expect=Exit.REFUSED)
            figures |= {"record": name}

    def _hand_over(self) -> None:
        with self.telling.chapter("The log passes to new signing keys, and everybody follows"):
            self._next(["--service", str(self.stage.data / "service.next.json")], signers=(ARMS, BUREAU, PARTNER))
            self._submit()
            for member in (ARMS, BUREAU, PARTNER):
                self._run(member, "sync")

    def _audit(self) -> None:
        with self.telling.chapter("The auditor verifies all of it from charter 1 on") as figures:
            report = self.stage.data / "audit.json"
            text = self._run(AUDITOR, "audit", "--records", "--report", str(report), expect=Exit.STALE)
            self.telling.show(text)
            found = json.loads(report.read_text(encoding="utf-8"))
            if found["charters"] != self.version or found["broken"]:
                raise StoryError("the audit did not see every charter, or found something broken")
            figures |= {"charters": found["charters"], "entries": found["size"]}
            self.telling.say(
                f"{self.version} charters, {found['size']:,} entries. UNWITNESSED: a drill has no witnesses."
            )

    def _enrol(self, member: Member) -> str:
        self.stage.draw_passphrase(member)
        facts = ("--auditor",) if member.auditor else ("--contact", "duty desk", "--hours", "24/7")
        self._run(member, *("agency", "create", "--id", member.id, "--name", member.name),
                  *("--country", member.country, *facts))  # fmt: skip
        return str(self.stage.home(member) / "enrolment.json")

    def _propose(self, changes: Sequence[str]) -> Path:
        file = self.stage.data / f"charter.{self.version + 1}"
        self._run(ARMS, "charter", "propose", *changes, "--previous", str(self.charter), "-o", str(file))
        return file

    def _next(self, changes: Sequence[str], *, signers: Sequence[Member]) -> None:
        """Propose, sign and submit the next charter."""
        file = self._propose(changes)
        for member in signers:
            self._run(member, "charter", "sign", str(file), "--previous", str(self.charter))
        self._run(ARMS, "charter", "submit", str(file))
        self.charter, self.version = file, self.version + 1
        self.telling.say(f"charter {self.version}: {' '.join(Path(word).name for word in changes)}")

    def _submit(self) -> None:
        """Log one more record of the first agency."""
        self.serial += 1
        file = self.stage.data / f"list.{self.serial}.csv"
        file.write_text(f"make,serial\nColt,DRILL{self.serial:05}\n", encoding="utf-8")
        answer = self._ask(ARMS, "submit", str(file), "--map", str(self.stage.data / "drill.map.toml"))
        if answer["records"] != 1:
            raise StoryError("a record was not logged")

    def _opened(self, member: Member, *, expect: int) -> int:
        """Sync, and return how many records opened that had not been open before."""
        opened = int(self._ask(member, "sync")["records"])
        if opened != expect:
            raise StoryError(f"{member.id} opened {opened} records where it should open {expect}")
        return opened

    def _epoch(self) -> int:
        """Return the newest epoch of the first agency, as the log has it."""
        self._run(ARMS, "sync")
        edge = replace(self.stage.edge(ARMS, written=[], noted=[]), cost=_SCRATCH)
        with edge.replica(edge.home(None)) as replica:
            return replica.last_epoch(ARMS.id)

    def _require_newer_epoch(self, before: int) -> int:
        return require_newer(self._epoch(), before=before)

    def _status(self, path: str) -> int:
        with closing(HttpTransport(self.stage.url)) as transport:
            return transport.send(Request(method="GET", path=path), limit=limits.MAX_JSON_BYTES).status

    def _ask(self, member: Member, *arguments: str) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self._run(member, *arguments, "--json"))
        return value

    def _run(self, member: Member, *arguments: str, expect: Exit = Exit.DONE) -> str:
        """Run a member's command as if typed; return what it printed, or end the drill where it ends otherwise."""
        written: list[str] = []
        noted: list[str] = []
        with ExitStack() as ended:
            edge = replace(
                self.stage.edge(member, written=written, noted=noted),
                cost=_SCRATCH,
                connect=lambda url: ended.enter_context(closing(HttpTransport(url))),
            )
            code = self.type_command(arguments, edge)
        if code != expect:
            raise StoryError(
                f"{member.id}: sealtrace {' '.join(arguments[:2])} ended with {code} where {int(expect)} was expected: "
                f"{' '.join([*written, *noted])[:300]}",
                next_step=f"read {self.stage.service_log}",
            )
        return "\n".join(written)


def require_newer(now: int, *, before: int) -> int:
    """Return the epoch that is open now, or end the drill where it is still the one from before."""
    if now <= before:
        raise StoryError("the epoch went on over a change that ends it")
    return now

"""The chapter in which the operator runs a second service with the log's keys, and shows it to one member alone.

The second service is the real program on a backup: its fork is signed by the real keys. What stops it is what stands in
the way of a real operator: witnesses that cosign one history, and keep what they were asked to sign of another.
"""

import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import clients
from clients.cli.exits import Exit
from clients.story.cast import ARMS, AUDITOR, BUREAU, Member
from clients.story.scene import Scene
from clients.story.stage import HOST, Stage, StoryError

PROOF = "fork.json"
_KEEPS_STILL = 600
LISTS = {BUREAU.id: "shown.csv", ARMS.id: "everybody.csv"}
_SCRIPT = Path(clients.__file__).parents[1] / "packaging" / "fraud_check.py"
_MAP = """
[[record]]
event = "recovery"
[record.fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
"item.serials" = { column = "serial" }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitView(Scene):
    """One log, two histories, and the file that convicts it."""

    def tell(self, fingerprint: str) -> None:
        """Fork the log, have its witnesses refuse, and prove it to a stranger."""
        with self.telling.chapter("The operator shows one agency another log, and convicts itself") as figures:
            self._write_lists()
            second = self._second()
            with second.serving(charter=fingerprint):
                second.await_signing()
                self._fork(second)
                kept = self._evidence()
            figures |= {"proof_bytes": self._prove(kept), "convicts": [*self._convicts()]}
            self._recover()

    def _write_lists(self) -> None:
        folder = self.stage.data / "lists"
        (folder / "split.map.toml").write_text(_MAP, encoding="utf-8")
        for number, name in enumerate(LISTS.values()):
            (folder / name).write_text(f"make,serial\nColt,SPLIT77{number:03}\n", encoding="utf-8")

    def _second(self) -> Stage:
        """Return a stage on a backup of the service: with its keys, its witnesses, and another port."""
        folder = self.stage.data / "second"
        self.telling.command("sealtrace-server backup --data … --output second")
        self.telling.command("sealtrace-server serve --data second --charter …")
        self.stage.operate("backup", "--data", str(self.stage.data), "--output", str(folder))
        shutil.copy(self.stage.data / "service.passphrase", folder)
        with socket.create_server((HOST, 0)) as probe:
            port = probe.getsockname()[1]
        # A fork whose access log grew would be cosigned by whoever had not seen the other's: it keeps still.
        return replace(self.stage, data=folder, port=port, tick_seconds=_KEEPS_STILL)

    def _fork(self, second: Stage) -> None:
        """Log one record at each service, the same number of entries after the same history."""
        self._submit(ARMS)
        since = self._submit(BUREAU, led_to=second.url)
        if since is None:
            raise StoryError("a fork of the log was witnessed")
        self.telling.say(
            f"{ARMS.id} logs a record where everybody looks. {BUREAU.id} is led to the second service, under the same "
            "name and the same keys, and logs one there: durable, it is told, and not yet witnessed. It never will be."
        )

    def _recover(self) -> None:
        """Let the agency that was shown the fork find out by itself, and log its record where everybody looks."""
        self.run(BUREAU, "submit", "--resume", expect=Exit.REFUSED)
        if not list((self.stage.home(BUREAU) / "trusted").glob("fraud-*.json")):
            raise StoryError("the agency that was shown a fork has no proof of it")
        if len(self.ask(BUREAU, "submit", "--resume")["batches"]) != 1:
            raise StoryError("what was logged in a fork was not logged again")
        self.telling.command("sealtrace submit --resume")
        self.telling.say(
            f"{BUREAU.id} had kept its receipt, which no witness had seen: it is a proof of the same fork. The same "
            "bytes are sent once more, and logged where everybody looks."
        )

    def _submit(self, member: Member, *, led_to: str | None = None) -> int | None:
        """Log a member's list; return since when it waits for its witnesses, None if it has them."""
        lists = self.stage.data / "lists"
        words = (str(lists / LISTS[member.id]), "--map", str(lists / "split.map.toml"))
        answer = self.ask(member, "submit", *words, led_to=led_to)
        waiting = [one["since"] for one in answer["batches"] if one["since"] is not None]
        return min(waiting) if waiting else None

    def _evidence(self) -> Path:
        """Return the request that a witness refused and kept."""
        folder = self.stage.home(ARMS) / "witness" / "evidence"
        for found in self.stage.until(lambda: sorted(folder.glob("*.request"))):
            if self.stage.origin in found.read_text(encoding="utf-8").split("\n"):
                return found
        raise StoryError("no witness kept what it was asked to sign of the fork")

    def _prove(self, kept: Path) -> int:
        """Make the proof of what a witness holds and what it refused; return its size."""
        proof = self.stage.data / PROOF
        self.run(ARMS, "fraud", "prove", str(kept.with_suffix(".held")), str(kept), "-o", str(proof))
        self.telling.say("Each witness refused, and kept both checkpoints. They are all that a proof takes:")
        self.telling.command(f"sealtrace fraud prove evidence/{kept.stem[:8]}….held ….request -o {PROOF}")
        return proof.stat().st_size

    def _convicts(self) -> list[str]:
        """Have the auditor check the proof, and a script that shares no line with Sealtrace; return whom it convicts."""
        proof = str(self.stage.data / PROOF)
        self.telling.command(f"sealtrace fraud verify {PROOF}")
        self.telling.show(self.run(AUDITOR, "fraud", "verify", proof))
        who: list[str] = self.ask(AUDITOR, "fraud", "verify", proof)["who"]
        if _SCRIPT.exists():
            self.telling.command(f"python {_SCRIPT.name} {PROOF} charter charter.2")
            self.telling.show(self.check(proof))
        return who

    def check(self, proof: str) -> str:
        """Return what the stand-alone script says of a proof, or stop the story where it is not convinced."""
        charters = [str(self.stage.data / name) for name in ("charter", "charter.2")]
        command = [sys.executable, "-I", str(_SCRIPT), proof, *charters]
        done = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8")  # noqa: S603 - our own program with our own words
        if done.returncode:
            raise StoryError(f"the script was not convinced: {(done.stdout + done.stderr)[-300:]}")
        return done.stdout

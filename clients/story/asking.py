"""The chapters in which a partner asks blind for a weapon, and carries the trace through to its end."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients.story import canaries, weapon
from clients.story.cast import ARMS, BUREAU, PARTNER, POLICE
from clients.story.scene import Scene
from clients.story.stage import TICK_SECONDS, StoryError

PROPOSER, APPROVER = "A. Abiola", "B. Berg"
LIFE = ["manufacture", "export", "receipt", "issue_to_force", "theft", "recovery"]
_PATIENCE_SECONDS = 10 * TICK_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(Scene):
    """Matching, the conversation and the trace, in a consortium whose charter names no matching key yet."""

    def tell(self) -> None:
        """Tell it all."""
        self._start()
        self._log()
        hit = self._match()
        self._converse(hit)
        self._trace()
        self._review()

    def _start(self) -> None:
        with self.telling.chapter("Matching starts: the charter names its key") as figures:
            previous, file = str(self.stage.data / "charter"), str(self.stage.data / "charter.2")
            self.telling.command(f"sealtrace charter propose --previous charter --match-by {ARMS.id} …")
            service = str(self.stage.data / "service.json")
            self.run(ARMS, *("charter", "propose", "--previous", previous, "--service", service),
                     *("--match-by", ARMS.id, "-o", file))  # fmt: skip
            signers = (ARMS, BUREAU, POLICE)
            for agency in signers:
                self.run(agency, "charter", "sign", file, "--previous", previous)
            self.run(ARMS, "charter", "submit", file)
            self.telling.command("sealtrace charter sign charter.2 --previous charter")
            self.telling.command("sealtrace charter submit charter.2")
            self.telling.command("sealtrace sync")
            for agency in (ARMS, BUREAU, PARTNER):
                self.run(agency, "sync")
            figures |= {"charter": self.ask(ARMS, "charter", "show", file)["version"], "signed": len(signers)}
            self.telling.say(
                "It takes two keys to ask: one that the members share and the operator never sees, "
                "and one that the operator holds and uses blindly."
            )

    def _log(self) -> None:
        with self.telling.chapter("Three agencies log one weapon; one of them stays silent about another") as figures:
            folder = self.stage.data / "lists"
            used = weapon.write(folder)
            self._plant()
            for member in (ARMS, BUREAU, PARTNER):
                answer = self.ask(member, "submit", str(folder / f"{member.id}.weapon.csv"), "--map", str(used))
                self.telling.command(f"sealtrace submit {member.id}.weapon.csv --map {used.name}")
                figures[member.id] = answer["records"]
            for member in (PARTNER, BUREAU):
                self.run(member, "sync")
            self.telling.say(
                f"Its number is spelled differently in each list. {PARTNER.id} has recovered it, and knows no more. "
                f"A slip with each record says how it is matched: {BUREAU.id} answers for the theft openly, "
                "and for a weapon under surveillance silently."
            )

    def _plant(self) -> None:
        """Add what these chapters write to what must not be found on the service's side."""
        path = self.stage.data / "canaries.txt"
        planted = canaries.distinctive([*path.read_text(encoding="utf-8").splitlines(), *weapon.canaries()])
        path.write_text("".join(f"{line}\n" for line in planted), encoding="utf-8")

    def _match(self) -> str:
        """Ask for both weapons; return the record of the theft, which is to be found."""
        with self.telling.chapter("The partner asks whether anybody knows the weapon") as figures:
            found = self._asked(weapon.MAKE, weapon.SERIAL)
            hits = [one["record"] for one in found if one["certainty"] == "hit" and one["record"].startswith(BUREAU.id)]
            if len(hits) != 1:
                raise StoryError("the theft was not found")
            if self._asked(weapon.COVERT_MAKE, weapon.COVERT_SERIAL):
                raise StoryError("a silent record was shown to the one who asked")
            figures |= {"found": len(found), "silent_shown": 0}
            self.telling.say("The service saw neither number nor make, nor which of the two answers was a hit.")
            return str(hits[0])

    def _asked(self, make: str, serial: str) -> list[dict[str, Any]]:
        told = self.ask(PARTNER, "match", "--make", make, "--serial", serial, "--purpose", weapon.PURPOSE)
        self.telling.command(f"sealtrace match --make {make} --serial {serial} --purpose …")
        found: list[dict[str, Any]] = told["asked"][0]["found"]
        for one in found:
            self.telling.write(f"   ✓ {one['certainty']}        {one['record']} · entry {one['index']:,}")
        if not found:
            self.telling.write("   nothing      nobody answers: a silent record looks the same")
        return found

    def _converse(self, name: str) -> None:
        with self.telling.chapter("It asks for the case, and two officers release it") as figures:
            self.run(PARTNER, "sync")
            self.run(PARTNER, "request", name, "--use", weapon.USE, "--portion", "case")
            self.telling.command("sealtrace request xbe-cib/… --portion case --use …")
            self.run(BUREAU, "sync")
            request = self._request()
            for officer in (PROPOSER, APPROVER):
                self.run(BUREAU, "officer", "create", officer)
            proposal = self.stage.data / "release.json"
            self.run(BUREAU, *("release", request, "--level", "RESTRICTED"),
                     *("--officer", PROPOSER, "-o", str(proposal)))  # fmt: skip
            self.telling.command(f"sealtrace release xdu-moi/… --officer '{PROPOSER}' -o release.json")
            done = self.ask(BUREAU, "approve", str(proposal), "--officer", APPROVER, "--confirm")
            self.telling.command(f"sealtrace approve release.json --officer '{APPROVER}' --confirm")
            self.run(PARTNER, "sync")
            case = self.ask(PARTNER, "show", name)["portions"]["case"]
            if case.get("fields", {}).get("case.case_number") != weapon.CASE_NUMBER:
                raise StoryError("the case that was released does not open")
            self.telling.write("")
            self.telling.show(self.run(PARTNER, "show", name))
            self.telling.say("Messages leave at the full minute, so that their second tells nothing; not here.")
            figures |= {"officers": done["officers"], "released_as": case["level"]}

    def _request(self) -> str:
        """Return the one request in the bureau's inbox."""
        said = [one for thread in self.ask(BUREAU, "inbox")["threads"] for one in thread["messages"]]
        (found,) = (one["message"] for one in said if one["kind"] == "disclosure_request")
        return str(found)

    def _trace(self) -> None:
        with self.telling.chapter("The trace, from manufacture to recovery") as figures:
            words = ("trace", "--make", weapon.MAKE, "--serial", weapon.SERIAL)
            picture: Path = self.stage.data / "trace.svg"
            self.telling.command(f"sealtrace {' '.join(words)} --svg trace.svg")
            self.telling.write("")
            self.telling.show(self.run(PARTNER, *words, "--svg", str(picture)))
            told = self.ask(PARTNER, *words)
            kinds = [event["kind"] for event in told["events"]]
            if kinds != LIFE:
                raise StoryError("the trace does not run from manufacture to recovery")
            figures |= {"events": kinds, "outcome": told["outcome"]["name"], "picture": picture.name}

    def _review(self) -> None:
        with self.telling.chapter("The silent record's owner is told who asked") as figures:
            self.telling.command("sealtrace notices")
            self._await_notice()
            self.telling.show(self.run(BUREAU, "notices"))
            reviewed = self.ask(BUREAU, "notices", "--reviewed")["reviewed"]
            figures |= {"reviewed": reviewed}
            self.telling.say(
                f"Notices come with a tick. It is ten minutes; this service was started with --tick {TICK_SECONDS} "
                "so that nobody has to wait."
            )

    def _await_notice(self) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            if any(one["waits"] for one in self.ask(BUREAU, "notices")["notices"]):
                return
            time.sleep(1)
        raise StoryError("the owner of a silent record was not told that it was asked for")

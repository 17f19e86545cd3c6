"""The story, chapter by chapter (docs/adr/0028)."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients import charters, generator
from clients.cli.exits import Exit
from clients.entries import fetch_bundle
from clients.service import Service
from clients.story import canaries, tampering
from clients.story.asking import Asking
from clients.story.cast import AGENCIES, ARMS, AUDITOR, EVERYBODY, OUTBOUND, PARTNER, SUBMITTERS, WITNESSES, Member
from clients.story.desks import Desks
from clients.story.evidence import Evidence
from clients.story.mending import Mending
from clients.story.scene import Scene
from clients.story.splitting import SplitView
from clients.story.stage import StoryError
from clients.transport import HttpTransport
from ledger.jsontext import JsonValue
from ledger.tiles import TILE_WIDTH
from ledger.witnesses import policy_of

WEAPONS = 620
LIST_MAP = "generated-lives"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story(Scene):
    """The whole of it, on one stage."""

    weapons: int = WEAPONS

    def tell(self, keep_serving: Callable[[], None]) -> None:
        """Tell it all; `keep_serving` waits, at the end, until the reader has seen enough."""
        self.telling.write("Sealtrace · five members, one log, nobody who must be believed")
        self.stage.clear()
        self.stage.require_free_port()
        fingerprint = self._found()
        ports = self.stage.name_witnesses(one for one in WITNESSES if one != OUTBOUND)
        with ExitStack() as running:
            service = running.enter_context(ExitStack())
            service.enter_context(self.stage.serving(charter=fingerprint))
            with self.telling.chapter("The log opens, and four agencies witness it") as figures:
                self._open()
                running.enter_context(self.stage.witnessing(WITNESSES, ports=ports, charter=fingerprint))
                figures.update(self._join(fingerprint))
            self._submit()
            full, empty = self._read()
            self._compare(full, empty)
            Asking(stage=self.stage, telling=self.telling, type_command=self.type_command).tell()
            Evidence(stage=self.stage, telling=self.telling, type_command=self.type_command).tell(full, fingerprint)
            SplitView(stage=self.stage, telling=self.telling, type_command=self.type_command).tell(fingerprint)
            self._audit()
            self._search()
            self._tamper(full)
            self._mend(full, service, fingerprint)
            desks = Desks(stage=self.stage, telling=self.telling, type_command=self.type_command)
            running.enter_context(desks.tell())
            self._end()
            keep_serving()

    def _found(self) -> str:
        """Found the consortium; return the fingerprint of its charter."""
        with self.telling.chapter("Five members found a consortium") as figures:
            service = self.stage.create_service()
            self.telling.say("The operator makes the log's keys. They sign; they open nothing.")
            for member in EVERYBODY:
                self._enrol(member)
                self.telling.write(f"   {member.id:<11}{member.name:<32}{member.does}")
            charter = self.stage.data / "charter"
            requests = [str(self.stage.home(member) / "enrolment.json") for member in EVERYBODY]
            self.run(
                ARMS,
                *("charter", "propose", *requests, "--service", str(service), "-o", str(charter)),
                *("--entries", "open", *(word for one in WITNESSES for word in ("--witness", one.id))),
            )
            for agency in AGENCIES:
                self.run(agency, "charter", "sign", str(charter))
            shown = self.ask(ARMS, "charter", "show", str(charter))
            figures |= {"members": len(EVERYBODY), "fingerprint": shown["fingerprint"]}
            self.telling.say(f"Charter 1 is signed by {len(AGENCIES)} agencies with keys that go offline now.")
            self.telling.say("Everything is trusted from its fingerprint, read aloud over the telephone:")
            words = shown["words"].split("-")
            for start in (0, 8):
                self.telling.write(f"   {'-'.join(words[start : start + 8])}")
            return str(shown["fingerprint"])

    def _open(self) -> None:
        self.telling.command("sealtrace charter submit charter")
        self.run(ARMS, "charter", "submit", str(self.stage.data / "charter"))
        for member in WITNESSES:
            how = " --outbound" if member == OUTBOUND else ""
            self.telling.command(f"sealtrace witness serve{how:<12}  # {member.id}")

    def _join(self, fingerprint: str) -> dict[str, JsonValue]:
        for member in EVERYBODY:
            self.run(member, "join", self.stage.url, "--charter", fingerprint)
        self._write_trust()
        self.telling.say("The charter is entry 0. Each member verified it against the words it was read.")
        self.telling.say("Nothing is shown to anybody before three of the four have cosigned that it grew from before.")
        return {"url": self.stage.url, "witnesses": len(WITNESSES)}

    def _submit(self) -> None:
        with self.telling.chapter("Two agencies share what they hold") as figures:
            lists = self._generate()
            records = 0
            for member in SUBMITTERS:
                answer = self.ask(member, "submit", str(lists[member.id]), "--map", LIST_MAP, "--good-rows")
                records += answer["records"]
                batches = len(answer["batches"])
                self.telling.command(f"sealtrace submit {lists[member.id].name} --map {LIST_MAP}")
                self.telling.say(f"{answer['records']:,} records sealed, signed and logged in {batches} batches.")
                figures[member.id] = answer["records"]
            again = self.ask(SUBMITTERS[0], "submit", str(lists[ARMS.id]), "--map", LIST_MAP, "--good-rows")
            if again["records"]:
                raise StoryError("a list that was sent again was logged again")
            figures |= {"records": records, "unchanged_when_sent_again": again["unchanged"]}
            self.telling.say(f"The first list sent again: {again['unchanged']:,} rows are logged already, none twice.")

    def _read(self) -> tuple[str, str]:
        """Let the partner read; return a record with a full case and one with an empty case."""
        with self.telling.chapter("The partner reads what was released to it") as figures:
            self.telling.command("sealtrace sync --full")
            synced = self.ask(PARTNER, "sync", "--full")
            figures |= {"entries": synced["size"], "opened": synced["records"]}
            self.telling.say(
                f"{synced['size']:,} entries verified, {synced['records']:,} records opened: item and event, never the case."
            )
            full, empty = self._two_records()
            self.telling.command(f"sealtrace show {full}")
            self.telling.write("")
            self.telling.show(self.run(PARTNER, "show", full))
            return full, empty

    def _compare(self, full: str, empty: str) -> None:
        with self.telling.chapter("An empty case looks exactly like a full one") as figures:
            rows = [(len(self._case_of(name)), len(self._entry(name)), self._case_line(name)) for name in (full, empty)]
            self.telling.write("   xar-arms wrote  everybody else gets")
            for count, size, case in rows:
                told = f"{count} fields" if count else "nothing at all"
                self.telling.write(f"   {told:<16}{size:,} bytes, {case}")
            (fields, *_), (none, *_) = rows
            if not fields or none or len({(size, case) for _, size, case in rows}) > 1:
                raise StoryError("an empty and a full case can be told apart")
            figures |= {"leaf_bytes": rows[0][1]}

    def _audit(self) -> None:
        with self.telling.chapter("The auditor verifies everything and reads nothing") as figures:
            self.telling.command("sealtrace audit --records --report audit.json")
            report = self.stage.data / "audit.json"
            text = self.run(AUDITOR, "audit", "--records", "--report", str(report))
            self.telling.show(text)
            figures |= {"verdict": json.loads(report.read_text(encoding="utf-8"))["verdict"]}

    def _search(self) -> None:
        with self.telling.chapter("The operator's side is searched for plaintext") as figures:
            files = [path for path in sorted(self.stage.data.glob("ledger.sqlite*")) if path.stat().st_size]
            files.append(self.stage.service_log)
            planted = self.stage.data / "canaries.txt"
            count = len(planted.read_text(encoding="utf-8").splitlines())
            size = sum(path.stat().st_size for path in files)
            found = canaries.found_in(files, planted)
            self.telling.say(
                f"{count:,} serials, names, places and case texts that went in; {size / 1e6:,.1f} MB of database, "
                f"write-ahead log and service log: {len(found)} found."
            )
            if found:
                raise StoryError("plaintext was found on the service's side")
            figures |= {"canaries": count, "bytes_searched": size, "found": len(found)}

    def _tamper(self, name: str) -> None:
        with self.telling.chapter("Somebody changes one byte of a copy of the database") as figures:
            copy, folder = self.stage.data / "tampered.sqlite", self.stage.data / "tampered"
            tampering.copy_database(self.stage.data / "ledger.sqlite", copy)
            offset = tampering.flip_byte(copy, self._entry(name))
            self.stage.export(copy, folder)
            self.telling.say(f"Byte {offset:,} of {copy.stat().st_size:,}, one bit of it.")
            self.telling.command("sealtrace audit --from tampered")
            report = self.stage.data / "tampered.json"
            text = self.run(AUDITOR, "audit", "--from", str(folder), "--report", str(report), expect=Exit.REFUSED)
            self.telling.show(text)
            first = json.loads(report.read_text(encoding="utf-8"))["findings"][0]
            if first["index"] != self._index(name):
                raise StoryError("the audit named another entry than the one that was changed")
            figures |= {"offset": offset, "index": first["index"], "check": first["check"]}

    def _mend(self, name: str, service: ExitStack, fingerprint: str) -> None:
        @contextmanager
        def stopped() -> Iterator[None]:
            service.close()
            yield
            service.enter_context(self.stage.serving(charter=fingerprint))

        mending = Mending(stage=self.stage, telling=self.telling, type_command=self.type_command)
        mending.tell(self._entry(name), self._index(name), stopped=stopped)

    def _end(self) -> None:
        self.telling.save(self.stage.data / "report.json")
        home, secret = self.stage.home(PARTNER), self.stage.passphrase_file(PARTNER)
        self.telling.write("\nWhere to look")
        self.telling.write(f"   {self.stage.url}/checkpoint   the log's signed head")
        self.telling.write(f"   {self.stage.data}/report.json   every figure above")
        self.telling.write("   the two links above            the desks: pages for an agency's people")
        self.telling.say("the partner's records:")
        self.telling.write(f"   SEALTRACE_PASSPHRASE_FD=3 {Path('.venv/bin/sealtrace')} list \\")
        self.telling.write(f"     --home {home} 3<{secret}")

    def _enrol(self, member: Member) -> None:
        self.stage.draw_passphrase(member)
        self.run(
            member,
            *("agency", "create", "--id", member.id, "--name", member.name, "--country", member.country),
            *(("--auditor",) if member.auditor else ("--contact", "duty desk", "--hours", "24/7")),
            *(("--witness",) if member in WITNESSES else ()),
        )

    def _write_trust(self) -> None:
        """Write what a stranger's tools need: the log's verifier keys, and the policy they make."""
        charter = charters.read((self.stage.data / "charter").read_bytes())
        vkeys = "".join(f"{key}\n" for key in charter.log.vkeys)
        (self.stage.data / "log.vkey").write_text(vkeys, encoding="utf-8")
        (self.stage.data / "policy").write_bytes(policy_of(charter).format())

    def _generate(self) -> dict[str, Path]:
        """Invent weapons and what the agencies hold of them; plant the canaries."""
        options = generator.Options(weapons=self.weapons, agencies=tuple(agency.id for agency in AGENCIES))
        lives = generator.generate(options)
        folder = self.stage.data / "lists"
        generator.write(lives, folder)
        submitted = [row for member in SUBMITTERS for row in lives.rows[member.id]]
        planted = canaries.distinctive(generator.canaries(submitted))
        (self.stage.data / "canaries.txt").write_text("".join(f"{line}\n" for line in planted), encoding="utf-8")
        return {member.id: folder / f"{member.id}.csv" for member in SUBMITTERS}

    def _two_records(self) -> tuple[str, str]:
        """Return names of two records of the first agency: a recovery whose case it filled, and one it left empty."""
        self.ask(ARMS, "sync", "--full")
        found: dict[bool, str] = {}
        for name in self._own_records("recovery", "issue_to_force"):
            found.setdefault(bool(self._case_of(name)), name)
            if len(found) == 2:
                return found[True], found[False]
        raise StoryError("the lists hold no empty and no full case to compare")

    def _own_records(self, *events: str) -> Iterator[str]:
        for event in events:
            listed = self.ask(ARMS, "list", "--iss", ARMS.id, "--event", event, "--limit", "20")["records"]
            yield from (str(one["record"]) for one in listed)

    def _case_of(self, name: str) -> dict[str, Any]:
        """Return what the first agency wrote into the case of a record, which only it can read."""
        case: dict[str, Any] = self.ask(ARMS, "show", name)["portions"]["case"]["fields"]
        return case

    def _case_line(self, name: str) -> str:
        return next(line for line in self.run(PARTNER, "show", name).splitlines() if "Case" in line)[12:]

    def _entry(self, name: str) -> bytes:
        """Return an entry as everybody may read it, from the log's open bundles."""
        proof = self.ask(PARTNER, "show", name)["proof"]
        index, size = int(proof["index"]), int(proof["size"])
        service = Service(HttpTransport(self.stage.url))
        return fetch_bundle(service.tile, index=index // TILE_WIDTH, size=size)[index % TILE_WIDTH]

    def _index(self, name: str) -> int:
        return int(self.ask(PARTNER, "show", name)["proof"]["index"])


def clock() -> float:
    """Return seconds that only go forward."""
    return time.perf_counter()

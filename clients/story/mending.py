"""The chapter in which a byte of the operator's own database goes bad, and a member's mirror puts it right."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from clients.story import tampering
from clients.story.cast import ARMS, AUDITOR
from clients.story.scene import Scene
from clients.story.stage import StoryError

_DAMAGED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Mending(Scene):
    """A flipped byte, named by the operator's own check, healed by a copy that nobody has to believe."""

    def tell(self, entry: bytes, index: int, *, stopped: Callable[[], AbstractContextManager[None]]) -> None:
        """Flip a byte of an entry while the service is `stopped`, have it named and healed, and log on."""
        with self.telling.chapter("A byte of the operator's database goes bad, and a mirror heals it") as figures:
            mirror = self.stage.data / "mirror"
            self.run(AUDITOR, "mirror", "--to", str(mirror))
            self.telling.command("sealtrace mirror --to mirror")
            with stopped():
                offset = self._flip(entry)
                check = self._named(index)
                figures |= {"offset": offset, "index": index, "check": check, "healed": self._heal(str(mirror))}
            self.stage.await_signing()
            self.run(AUDITOR, "watch", "--state", str(self.stage.data / "watch"))
            self.run(ARMS, "sync")
            self.telling.say(
                "The service signs on, and its witnesses with it. The mirror was believed in nothing: what it gave was put "
                "back only where it hashes to the root that the log had signed."
            )

    def _flip(self, entry: bytes) -> int:
        database = self.stage.data / "ledger.sqlite"
        tampering.settle(database)
        offset = tampering.flip_byte(database, entry)
        self.telling.say(f"The service is stopped, and byte {offset:,} of its database flipped.")
        return offset

    def _named(self, index: int) -> str:
        """Return the check that fails; stop the story if it names another entry."""
        words = ("fsck", "--data", str(self.stage.data))
        self.telling.command("sealtrace-server fsck --data …")
        found = json.loads(self.stage.operate(*words, "--json", expect=_DAMAGED))["findings"]
        named = [one for one in found if (one["table"], one["index"]) == ("entries", index)]
        if not named:
            raise StoryError("the operator's check did not name the entry that was changed")
        self.telling.write(f"✗ {named[0]['check']}: entries row {index}, entry {index:,}")
        self.telling.say(f"and {len(found) - 1} findings that follow from it: every hash above it is another.")
        return str(named[0]["check"])

    def _heal(self, mirror: str) -> int:
        """Return how many rows were put back; what is left must be whole."""
        words = ("fsck", "--data", str(self.stage.data), "--heal-from", mirror)
        self.telling.command("sealtrace-server fsck --data … --heal-from mirror")
        said = json.loads(self.stage.operate(*words, "--json"))
        healed = said["healed"]
        if said["broken"] or healed["lost"] or not healed["restored"]:
            raise StoryError("the mirror did not heal the database")
        for name in healed["restored"]:
            self.telling.write(f"✓ put back  {name}, as the signed tree has it")
        self.telling.write(f"✓ whole  {said['size']:,} entries, every stored byte hashed again")
        return len(healed["restored"])

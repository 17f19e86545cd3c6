"""The chapter in which a record leaves the consortium with all that proves it, for somebody with no account."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import clients
from clients.story.cast import PARTNER
from clients.story.scene import Scene
from clients.story.stage import StoryError

VERIFIER = "sealtrace-verify.pyz"
_ROOT = Path(clients.__file__).parents[1]
# Only a checkout has it: an installed program has no sources to make another from, and verifies the bundle itself.
_SOURCES = _ROOT / "packaging"
_BUILD = (
    "import sys, pathlib; from verifier import build_verifier; "
    "pathlib.Path(sys.argv[2]).write_bytes(build_verifier(pathlib.Path(sys.argv[1])))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(Scene):
    """One record's bundle, and the one file that verifies it."""

    def tell(self, name: str, fingerprint: str) -> None:
        """Export a record and verify it; `fingerprint` is what a court has from a source of its own."""
        with self.telling.chapter("A court verifies the record with one file and no network") as figures:
            bundle = self.stage.data / "record.zip"
            self.run(PARTNER, "bundle", "export", name, "-o", str(bundle))
            self.telling.command(f"sealtrace bundle export {name} -o {bundle.name}")
            figures["bundle_bytes"] = bundle.stat().st_size
            if not _SOURCES.exists():
                self.run(PARTNER, "bundle", "verify", str(bundle), "--anchor", fingerprint, "--offline")
                self.telling.command(f"sealtrace bundle verify {bundle.name} --anchor … --offline")
                return
            verifier = self.build()
            self.telling.command(f"python {VERIFIER} bundle {bundle.name} --anchor …")
            self.telling.show(self.verify(verifier, bundle, anchor=fingerprint))
            figures["verifier_bytes"] = verifier.stat().st_size
            self.telling.say(f"{VERIFIER} holds what verifies and nothing that could open a connection.")

    def build(self) -> Path:
        """Make the verifier from the sources that this story runs from; return it."""
        made = self.stage.data / VERIFIER
        command = [sys.executable, "-c", _BUILD, str(_ROOT), str(made)]
        subprocess.run(command, cwd=_SOURCES, check=True, capture_output=True)  # noqa: S603 - our own program with our own words
        return made

    def verify(self, verifier: Path, bundle: Path, *, anchor: str) -> str:
        """Run the verifier by itself; return what it says, or stop the story where it does not believe the bundle."""
        command = [sys.executable, "-I", str(verifier), "bundle", str(bundle), "--anchor", anchor]
        done = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8")  # noqa: S603 - as above
        if done.returncode:
            raise StoryError(f"the bundle was not verified: {(done.stdout + done.stderr)[-300:]}")
        return done.stdout

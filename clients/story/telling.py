"""How the story is told: chapters with the time each took, in 80 columns, and every figure kept for report.json."""

import json
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ledger.jsontext import JsonValue

WIDTH = 80
_INDENT = "   "


@dataclass(slots=True)
class Telling:
    """Writes lines and remembers figures; `seconds` is a clock that only goes forward."""

    write: Callable[[str], None]
    seconds: Callable[[], float]
    report: dict[str, JsonValue] = field(default_factory=dict)
    _chapters: int = 0

    @contextmanager
    def chapter(self, title: str) -> Iterator[dict[str, JsonValue]]:
        """Tell one chapter; give the figures that stand under its title in the report."""
        self._chapters += 1
        self.write(f"\n{self._chapters}  {title}")
        begun = self.seconds()
        figures: dict[str, JsonValue] = {}
        yield figures
        took = self.seconds() - begun
        # JSON here carries no floats, as nowhere in the project: milliseconds are whole.
        self.report[title] = {**figures, "milliseconds": round(1_000 * took)}
        self.write(f"{'':>{WIDTH - 12}}took {took:5.1f} s")

    def say(self, text: str) -> None:
        """Say a sentence or two."""
        for line in textwrap.wrap(text, WIDTH - len(_INDENT), break_on_hyphens=False):
            self.write(f"{_INDENT}{line}")

    def command(self, text: str) -> None:
        """Show a command as the member would type it."""
        self.write(f"{_INDENT}$ {text}")

    def show(self, text: str) -> None:
        """Show what a command answered, to the letter."""
        for line in text.splitlines():
            self.write(line)

    def save(self, path: Path) -> None:
        """Write every figure that was told."""
        path.write_text(json.dumps(self.report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

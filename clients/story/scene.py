"""What every part of the story does: let a member type a command, and stop where it ends otherwise than told."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clients.cli.edge import Edge
from clients.cli.exits import Exit
from clients.story.cast import Member
from clients.story.stage import Stage, StoryError
from clients.story.telling import Telling
from clients.transport import HttpTransport


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One telling on one stage; `type_command` is the command line's entry point."""

    stage: Stage
    telling: Telling
    type_command: Callable[[Sequence[str], Edge], int]

    def run(self, member: Member, *arguments: str, expect: Exit = Exit.DONE, led_to: str | None = None) -> str:
        """Run a member's command as if typed; return what it printed, or stop the story where it ends otherwise.

        `led_to` is where its requests end up, whatever address it believes in: who owns the network chooses that.
        The next command begins once the log shows what this one has logged.
        """
        written: list[str] = []
        noted: list[str] = []
        edge = self.stage.edge(member, written=written, noted=noted)
        if led_to is not None:
            edge = replace(edge, connect=lambda _url: HttpTransport(led_to))
        code = self.type_command(arguments, edge)
        if code != expect:
            raise StoryError(
                f"{member.id}: sealtrace {arguments[0]} ended with {code}: {' '.join([*noted, *written])[-300:]}",
                next_step=f"read {self.stage.service_log}",
            )
        if led_to is None:
            self.stage.await_shown()
        return "\n".join(written)

    def ask(self, member: Member, *arguments: str, led_to: str | None = None) -> dict[str, Any]:
        """Run a member's command and return its JSON."""
        value: dict[str, Any] = json.loads(self.run(member, *arguments, "--json", led_to=led_to))
        return value

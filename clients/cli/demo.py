"""`sealtrace demo`: the whole story on this machine, then a service to look around in."""

import time
from pathlib import Path
from typing import Annotated

import typer

from clients.cli.options import edge_of
from clients.story.chapters import Story, clock
from clients.story.stage import Stage
from clients.story.telling import Telling


def demo(
    context: typer.Context,
    *,
    data: Annotated[Path, typer.Option(help="A folder for the story; what an earlier one left there goes.")] = Path(
        "data"
    ),
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Where the service listens, on loopback.")] = 8470,
    once: Annotated[bool, typer.Option("--once", help="Stop after the story instead of serving on.")] = False,
) -> None:
    """Tell the whole story: found, submit, read, audit, attack; then keep serving.

    Example: sealtrace demo --data /tmp/story --port 9000 --once
    """
    from clients.cli.app import run  # noqa: PLC0415 - the application holds this command; the story types commands into it

    edge = edge_of(context)
    telling = Telling(write=edge.write, seconds=clock)
    stage = Stage(data=data.absolute(), port=port)

    def keep_serving() -> None:
        if once:
            return
        edge.write("\nThe service keeps running. Stop it with Ctrl-C.")
        try:
            while True:
                time.sleep(3_600)
        except KeyboardInterrupt:
            edge.write("")

    Story(stage=stage, telling=telling, type_command=run).tell(keep_serving)

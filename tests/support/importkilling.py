"""A desk's worker in processes that are killed on purpose, wherever they then are in an import."""

import os
import sys
from pathlib import Path
from typing import Any

from clients.home import Home
from clients.session import World
from clients.transport import HttpTransport
from tests.support import killing
from tests.support.imports import bench_at, go_on

PROGRAM = "from tests.support.importkilling import nurse; nurse()"


def nurse() -> None:
    """Fork for each order; each fork goes on with the newest import of a home."""
    killing.nurse(_work)


def _work(order: dict[str, Any], answer: int) -> int:
    """Go on until the import is over, unless killed before; answer how it ended."""
    (home,) = order["arguments"]
    world = World(clock=lambda: int(order["now"]), token_bytes=os.urandom, sleep=lambda _seconds: None)
    if order["calls"] is not None:
        sys.setprofile(killing.Count(order["calls"]))
    bench = bench_at(Home(Path(home)), HttpTransport(order["url"]), world)
    while not bench.imports.listed()[0].state.is_over:
        go_on(bench)
    sys.setprofile(None)
    os.write(answer, b'{"output": "over"}')
    return 0

"""`python -m fuzz SECONDS [TARGET…]`: give each target, or those named, that many seconds in a process of its own.

What a target has learned stays in `fuzz/corpus/TARGET/` and is where it goes on next time. Input that brings out a bug
is kept as `fuzz/found/TARGET-…`; it belongs into a test.
"""

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import atheris

if TYPE_CHECKING:
    from fuzz.targets import Target

HERE = Path(__file__).parent
# Ten seconds for one input is a bug too; so is a parser that needs a gigabyte.
LIMITS = ("-timeout=10", "-rss_limit_mb=1024", "-max_len=8192", "-verbosity=0", "-print_final_stats=1")


def main(seconds: str, *names: str) -> int:
    """Fuzz the targets one after the other; return 1 if any brought out a bug."""
    # Instrumented once, here: each target is a fork of this process, and begins at once.
    with atheris.instrument_imports(include=["crypto", "ledger", "clients"]):
        from fuzz.targets import TARGETS

    failed = [name for name in names or TARGETS if _run(name, TARGETS[name], seconds)]
    for name in failed:
        print(f"a bug in {name}: see {HERE / 'found'}")
    return 1 if failed else 0


def _run(name: str, target: "Target", seconds: str) -> int:
    """Fuzz one target in a process of its own; return how it ended."""
    print(f"== {name}", flush=True)
    child = os.fork()
    if child == 0:
        _fuzz(name, target, seconds)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _fuzz(name: str, target: "Target", seconds: str) -> NoReturn:
    """Fuzz a target from its seeds on; ends the process, whatever comes out."""
    code = 1
    try:
        corpus, found = HERE / "corpus" / name, HERE / "found"
        for folder in (corpus, found):
            folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(target.seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        # libFuzzer takes a time of 0 for no limit at all.
        runs = "-runs=0" if seconds == "0" else f"-max_total_time={seconds}"
        words = [*LIMITS, runs, f"-artifact_prefix={found}/{name}-", str(corpus)]
        atheris.Setup([sys.argv[0], *words], target)
        # Ends the process by itself, with libFuzzer's own code.
        atheris.Fuzz()
        code = 0
    except Exception:  # noqa: BLE001 - a fork must not go on as its parent, whatever failed
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

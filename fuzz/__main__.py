"""`python -m fuzz SECONDS [TARGET…]`: give each target, or those named, that many seconds in a process of its own.

What a target has learned stays in `fuzz/corpus/TARGET/` and is where it goes on next time. Input that brings out a bug
is kept as `fuzz/found/TARGET-…`; it belongs into a test.
"""

import subprocess
import sys
from pathlib import Path

import atheris

HERE = Path(__file__).parent
# Ten seconds for one input is a bug too; so is a parser that needs a gigabyte.
LIMITS = ("-timeout=10", "-rss_limit_mb=1024", "-max_len=8192", "-verbosity=0", "-print_final_stats=1")


def main(seconds: str, *names: str) -> int:
    """Fuzz the targets one after the other; return 1 if any brought out a bug."""
    from fuzz.targets import TARGETS

    failed = [name for name in names or TARGETS if _run(seconds, name)]
    for name in failed:
        print(f"a bug in {name}: see {HERE / 'found'}")
    return 1 if failed else 0


def _run(seconds: str, name: str) -> int:
    print(f"== {name}", flush=True)
    return subprocess.run([sys.executable, "-m", "fuzz", "--one", name, seconds], check=False).returncode  # noqa: S603 - ourselves


def fuzz_one(name: str, seconds: str) -> None:
    """Fuzz one target from its seeds on; ends the process."""
    with atheris.instrument_imports(include=["crypto", "ledger", "clients"]):
        from fuzz.targets import TARGETS
    target, corpus, found = TARGETS[name], HERE / "corpus" / name, HERE / "found"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    # libFuzzer takes a time of 0 for no limit at all.
    runs = "-runs=0" if seconds == "0" else f"-max_total_time={seconds}"
    words = [*LIMITS, runs, f"-artifact_prefix={found}/{name}-", str(corpus)]
    atheris.Setup([sys.argv[0], *words], target)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        fuzz_one(*sys.argv[2:])
    else:
        sys.exit(main(*sys.argv[1:]))

"""Evidence on its way: how large a bundle and each proof of fraud is, and how long whoever is handed one checks it.

One core, by its own time, in a process that has loaded what it needs: a verifier's start is that of Python.
"""

import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from sys import path as search_path

from benchmarks.measure import Figure, at_most
from ledger.bundle import verify_bundle
from ledger.fingerprints import of_file
from ledger.fraud import verify_fraud
from ledger.fraudform import format_fraud
from tests.support.bundles import bundle_of, first_record, witnessed_consortium
from tests.support.frauds import CASES, case

_SCRIPTS = Path(__file__).resolve().parents[2] / "packaging"
_REPEATS = 5
_PORTIONS = ("item", "event", "case")
# Four post-quantum signatures or more, which alone are 10 kB and above (docs/adr/0051).
_LARGE = ("cosignature", "two batches")


def measure() -> list[Figure]:
    """Return sizes and checking times: a bundle of one record under three witnesses, and the slowest kind of proof."""
    return [*_bundles(), *_frauds()]


def _bundles() -> list[Figure]:
    consortium = witnessed_consortium()
    index = first_record(consortium)
    whole = bundle_of(consortium, index, portions=_PORTIONS).format()
    thin = bundle_of(consortium, index, portions=_PORTIONS, thin=True).format()
    anchor = of_file(consortium.charter_file)
    what = "bundle of one record, all of it shown, 3 witnesses"
    return [
        _bytes(f"{what}, --thin", [thin], most=40_000),
        _bytes(f"{what}, a first charter of five", [whole], most=260_000),
        at_most(
            what=f"{what}: verified offline",
            unit="ms, one core",
            values=_milliseconds(lambda: verify_bundle(whole, anchor=anchor)),
            most=150,
        ),
    ]


def _frauds() -> list[Figure]:
    found = [case(name) for name in CASES]
    files = [(format_fraud(one.fraud), one.charters) for one in found]
    # A script beside the package that shares no line with it: it is loaded as whoever is handed it runs it.
    search_path.append(str(_SCRIPTS))
    script = import_module("fraud_check")
    ours = [_milliseconds(partial(verify_fraud, raw, charters=held)) for raw, held in files]
    alone = [_milliseconds(partial(script.check, raw, list(held))) for raw, held in files]
    small = [raw for name, (raw, _) in zip(CASES, files, strict=True) if not name.startswith(_LARGE)]
    return [
        _bytes("proof of fraud, the largest of the kinds with two post-quantum signatures", small, most=10_000),
        _bytes("proof of fraud, the largest of all, with four and more of them", [raw for raw, _ in files]),
        at_most(what="proof of fraud, the slowest kind: verified", unit="ms, one core", values=max(ours), most=50),
        at_most(what="the same by the stand-alone script", unit="ms, one core", values=max(alone), most=50),
    ]


def _bytes(what: str, files: list[bytes], *, most: float | None = None) -> Figure:
    largest = max(len(raw) for raw in files)
    return at_most(what=what, unit="bytes", values=[largest], most=most)


def _milliseconds(check: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(_REPEATS):
        begun = time.process_time()
        check()
        taken.append((time.process_time() - begun) * 1_000)
    return sorted(taken)

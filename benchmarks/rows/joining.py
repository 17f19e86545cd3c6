"""Two lists of 30,000 weapons held against each other blind: what is found and what is wrong, stratum by stratum.

Made by the generator, with the errors that were counted in lists of real agencies; the terms are explained in
tests/clients/test_two_lists.py. Nothing here depends on the machine: the same seeds give the same figures. Each line
shows the median of five pairs of agencies, who write in five scripts and nine languages, and the worst and best.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from benchmarks.measure import Figure, at_most
from clients.generator import Options
from tests.support import twolists
from tests.support.twolists import Shares, Tally, count, two_lists

_FOUND, _WRONG = 99.0, 1.0
_POSSIBLE = ("T1", "T2", "T3")


def measure() -> list[Figure]:
    """Return the shares found and wrongly hit, held against their aims, and every stratum without one."""
    tallies = [
        count(*two_lists(seed, offices, options=Options(), shares=Shares()))
        for seed, offices in enumerate(twolists.OFFICES)
    ]
    return [
        _found(tallies),
        at_most(
            what="wrong hits, of 30,000 weapons asked about, 200 of which share a number by accident",
            unit="%",
            values=[100 * tally.wrong_hits / tally.asked for tally in tallies],
            most=_WRONG,
        ),
        _shown("of all hits, those that name another weapon", tallies, lambda tally: tally.wrong_hits / tally.hits),
        *(_of_wrong(makers, tallies) for makers in (twolists.OTHER_MAKERS, twolists.ONE_GROUP, twolists.ONE_MAKER)),
        _shown("wrong hits that calibre or type contradict, to whoever may read both", tallies, _contradicted),
        *(_of_known(known, tallies) for known in (twolists.ONE_MISSING, twolists.BOTH_MISSING)),
        *(_of_slip(slip, tallies) for slip in ("O/0", "zero", "letter")),
    ]


def _found(tallies: Sequence[Tally]) -> Figure:
    shares = sorted(100 * tally.found for tally in tallies)
    median = shares[len(shares) // 2]
    return Figure(
        what="weapons in both lists that are found, hit or possible, where both officers wrote a make",
        unit="%",
        median=median,
        low=shares[0],
        high=shares[-1],
        target=f"≥ {_FOUND:g}",
        met=median >= _FOUND,
    )


def _of_wrong(makers: str, tallies: Sequence[Tally]) -> Figure:
    classes = _sum(tally.others(0, makers) for tally in tallies)
    what = f"wrong answers, {makers}: hits (and possible: {_possible(classes) / len(tallies):.3g})"
    return at_most(what=what, unit="hits", values=[tally.others(0, makers)["T0"] for tally in tallies])


def _of_known(known: str, tallies: Sequence[Tally]) -> Figure:
    return _shown(f"found of weapons in both lists, {known}", tallies, lambda tally: _share(tally.pairs(0, known)))


def _of_slip(slip: str, tallies: Sequence[Tally]) -> Figure:
    words = {"O/0": "a letter O for a zero", "zero": "leading zero lost", "letter": "inner letters dropped"}
    classes = _sum(tally.pairs(1, slip) for tally in tallies)
    what = f"found of weapons in both lists, {words[slip]} ({classes['T0']} hits, {_possible(classes)} possible in all)"
    return _shown(what, tallies, lambda tally: _share(tally.pairs(1, slip)))


def _shown(what: str, tallies: Sequence[Tally], share: Callable[[Tally], float]) -> Figure:
    return at_most(what=what, unit="%", values=[100 * share(tally) for tally in tallies])


def _share(classes: Counter[str]) -> float:
    return 1 - classes[twolists.NOTHING] / classes.total() if classes else 1.0


def _contradicted(tally: Tally) -> float:
    return tally.others(1, twolists.CONTRADICTED)["T0"] / max(tally.wrong_hits, 1)


def _sum(counted: Iterable[Counter[str]]) -> Counter[str]:
    return sum(counted, Counter[str]())


def _possible(classes: Counter[str]) -> int:
    return sum(classes[one] for one in _POSSIBLE)

"""Every fork that an honest quorum can see is caught within one interval, whatever f witnesses and the log's keys do."""

from dataclasses import dataclass, field
from functools import cache
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.charter import Charter
from ledger.checkpoints import Checkpoint
from ledger.errors import LedgerError
from ledger.fraud import Believed, make_fork, verify_fraud
from ledger.fraudform import format_fraud
from ledger.notes import format_note, parse_note
from ledger.witnesses import entry_time, freshness, open_published
from ledger.witnessing import AddCheckpoint, Status
from tests.support.adversary import Byzantine, ForkedLog
from tests.support.consortium import NOW, ORIGIN, sign_by
from tests.support.cosigners import Cosigner
from tests.support.fakes import FixedClock
from tests.support.witnessing import cosigned_note, signed_note, witnessed_charter

POLICIES = [(3, 2, 0), (4, 3, 1), (5, 4, 1), (7, 5, 2)]
Shown = tuple[str, int]


@cache
def consortium(n: int, k: int, f: int) -> tuple[Charter, bytes]:
    """Return a charter of n witnesses, and its file."""
    charter = witnessed_charter(n, k=k, f=f)
    return charter, sign_by(charter, charter.agencies)


@dataclass
class Interval:
    """What the operator shows to whom from one published checkpoint to the next, and what honest parties have then."""

    policy: tuple[int, int, int]
    log: ForkedLog
    liars: int
    signed: dict[Shown, set[str]] = field(default_factory=dict)
    visible: set[Shown] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Make the witnesses, the first of them dishonest."""
        self.charter, self.file = consortium(*self.policy)
        made = [
            (Byzantine if place < self.liars else Cosigner)(agency, [(0, self.charter)], FixedClock(NOW))
            for place, agency in enumerate(self.charter.witness.agencies)
        ]
        self.witnesses = {one.agency: one for one in made}

    def show(self, agency: str, side: str, size: int) -> None:
        """Ask a witness to cosign one side; an honest one publishes what it cosigned and keeps what it refused."""
        witness = self.witnesses[agency]
        held = witness.held.get(ORIGIN)
        old = 0 if held is None or isinstance(witness, Byzantine) else held.size
        if old > size:
            return
        answer = witness.add_checkpoint(self.log.add(side, old, size))
        if answer.status == Status.OK:
            self.signed.setdefault((side, size), set()).add(agency)
        if not isinstance(witness, Byzantine) and answer.status in {Status.OK, Status.UNPROCESSABLE}:
            self.visible.add((side, size))

    def published(self) -> list[Shown]:
        """Return what clients believe: judged by the very function that they judge with."""
        return [shown for shown, who in self.signed.items() if self._is_believed(shown, who)]

    def contradict(self, one: Shown, other: Shown) -> bool:
        """Say whether two checkpoints are of two histories."""
        return one[0] != other[0] and min(one[1], other[1]) > self.log.common

    def convicted(self, one: Shown, other: Shown) -> tuple[str, ...]:
        """Return whom two checkpoints convict, to anybody who has the charter; raise a LedgerError if nobody."""
        larger = max(one, other, key=lambda shown: shown[1])

        def begins(first: Checkpoint, second: Checkpoint) -> tuple[bytes, tuple[bytes, ...]]:
            return self.log.begins(larger[0], first, second)

        believed = Believed.of_files([self.file])
        notes = [self.log.note(*shown) for shown in (one, other)]
        proof = make_fork(*notes, believed=believed, begins=begins, by=None)
        return verify_fraud(format_fraud(proof), charters=[self.file]).who

    def _is_believed(self, shown: Shown, who: set[str]) -> bool:
        note = cosigned_note(self.log.checkpoint(*shown), self.charter, dict.fromkeys(sorted(who), NOW))
        try:
            open_published(note, charter=self.charter)
        except LedgerError:
            return False
        return True


@settings(max_examples=25, deadline=None)
@given(policy=st.sampled_from(POLICIES), common=st.integers(0, 3), data=st.data())
def test_attack_any_fork_with_f_dishonest_witnesses(
    policy: tuple[int, int, int], common: int, data: st.DataObject
) -> None:
    """No two clients believe two histories; and what honest parties have seen of two convicts the log at once."""
    interval = Interval(policy=policy, log=ForkedLog(common), liars=policy[2])
    shows = st.tuples(st.sampled_from(sorted(interval.witnesses)), st.sampled_from("LR"), st.integers(1, 6))
    for agency, side, size in data.draw(st.lists(shows, min_size=1, max_size=14)):
        interval.show(agency, side, size)
    believed = interval.published()
    seen = sorted({*believed, *interval.visible})

    assert not any(interval.contradict(one, other) for one, other in combinations(believed, 2))
    for one, other in combinations(seen, 2):
        if interval.contradict(one, other):
            assert interval.convicted(one, other) == (ORIGIN,)
        else:
            with pytest.raises(LedgerError):
                interval.convicted(one, other)


@pytest.mark.parametrize("policy", POLICIES)
def test_attack_a_fork_shown_to_an_honest_quorum_is_caught_in_its_first_interval(policy: tuple[int, int, int]) -> None:
    """Whoever believes one side and is shown an honest witness's page of the other has the proof, before a second interval."""
    n, k, f = policy
    interval = Interval(policy=policy, log=ForkedLog(2), liars=f)
    agencies = list(interval.witnesses)
    for agency in agencies[:k]:
        interval.show(agency, "L", 4)
    for agency in [*agencies[:f], *agencies[k:], agencies[f]]:
        interval.show(agency, "R", 5)

    assert interval.published() == [("L", 4)]
    assert interval.signed.get(("R", 5), set()) == {*agencies[:f], *agencies[k:]}
    assert len(interval.signed.get(("R", 5), set())) == n - k + f
    assert {("L", 4), ("R", 5)} <= interval.visible
    assert interval.convicted(("L", 4), ("R", 5)) == (ORIGIN,)


@pytest.mark.parametrize("policy", [policy for policy in POLICIES if policy[2]])
def test_attack_as_many_dishonest_witnesses_as_two_quorums_share_are_caught(policy: tuple[int, int, int]) -> None:
    """The limit, stated: two clients believe two histories; the two checkpoints they hold convict log and witnesses."""
    n, k, _ = policy
    shared = 2 * k - n
    interval = Interval(policy=policy, log=ForkedLog(2), liars=shared)
    agencies = list(interval.witnesses)
    liars, honest = agencies[:shared], agencies[shared:]
    for agency in [*liars, *honest[: k - shared]]:
        interval.show(agency, "L", 4)
    for agency in [*liars, *honest[k - shared :]]:
        interval.show(agency, "R", 4)

    assert sorted(interval.published()) == [("L", 4), ("R", 4)]
    notes = [
        cosigned_note(interval.log.checkpoint(side, 4), interval.charter, dict.fromkeys(sorted(who), NOW))
        for (side, _), who in sorted(interval.signed.items())
    ]
    for liar in liars:
        believed = Believed.of_files([interval.file])
        proof = make_fork(*notes, believed=believed, begins=_never, by=liar)
        assert verify_fraud(format_fraud(proof), charters=[interval.file]).who == (ORIGIN, liar)
    for agency in honest:
        with pytest.raises(LedgerError):
            make_fork(*notes, believed=Believed.of_files([interval.file]), begins=_never, by=agency)


def _never(_first: Checkpoint, _second: Checkpoint) -> tuple[bytes, tuple[bytes, ...]]:
    raise AssertionError("two trees of one size need no proof of a beginning")


@pytest.mark.parametrize("shift", [-86_400, -3_600, 3_600, 86_400])
def test_attack_a_witness_that_dates_its_cosignatures_back_or_ahead(shift: int) -> None:
    """One of four moves neither when an entry was there for certain nor how fresh the log is."""
    interval = Interval(policy=(4, 3, 1), log=ForkedLog(9), liars=1)
    times = dict.fromkeys(interval.witnesses, NOW) | {next(iter(interval.witnesses)): NOW + shift}
    found = open_published(
        cosigned_note(interval.log.checkpoint("L", 4), interval.charter, times), charter=interval.charter
    )

    assert (entry_time(found, f=1), freshness(found, f=1)) == (NOW, NOW)


def test_attack_a_byzantine_witness_cosigns_what_no_log_signed() -> None:
    """Its cosignatures are good; without the log's own two nobody believes what is above them."""
    interval = Interval(policy=(4, 3, 1), log=ForkedLog(2), liars=4)
    made_up = Checkpoint(origin=ORIGIN, size=7, root=bytes(32))
    bare = signed_note(made_up).replace(b"7\n", b"8\n", 1)
    lines = [
        line
        for one in interval.witnesses.values()
        for line in parse_note(
            b"x\n\n" + one.add_checkpoint(AddCheckpoint(old=0, checkpoint=bare).format()).body
        ).signatures
    ]
    text = parse_note(bare).text

    assert len(lines) == 8
    for signatures in (lines, [*parse_note(bare).signatures, *lines]):
        with pytest.raises(LedgerError):
            open_published(format_note(text, signatures), charter=interval.charter)

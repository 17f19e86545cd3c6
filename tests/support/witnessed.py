"""A service whose charter names witnesses, and the witnesses."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ledger.charter import Charter
from ledger.checkpoints import Checkpoint
from ledger.kinds import Role
from ledger.notes import parse_note
from ledger.terms import WitnessPolicy
from server.app import build_app
from server.metrics import Metrics
from server.publishing.timing import Timing
from server.service import open_service
from tests.support.consortium import Consortium, make_keys, sign_by
from tests.support.cosigners import Cosigner, connected, witnesses_toml
from tests.support.fakes import FixedClock
from tests.support.services import World
from tests.support.witnessing import witnessed_charter

QUICK = Timing(
    request_seconds=1.0,
    round_seconds=2.0,
    republish_seconds=3_600.0,
    linger_seconds=0.5,
    first_retry_seconds=0.02,
    most_retry_seconds=0.1,
    poll_seconds=0.3,
)
FOUR = WitnessPolicy(agencies=("xaa-arms", "xab-arms", "xac-arms", "xad-arms"), k=3, f=1)
PATIENCE_SECONDS = 60.0


def make_witnessed(count: int = 4, *, k: int = 3, f: int = 1) -> Consortium:
    """Return a consortium whose first charter names all of its agencies as witnesses."""
    charter = witnessed_charter(count, k=k, f=f)
    return Consortium(charter=charter, charter_file=sign_by(charter, charter.agencies))


@dataclass
class WitnessedWorld(World):
    """A service and its witnesses; `addresses` are those that have one, the others come themselves."""

    consortium: Consortium = field(default_factory=make_witnessed)
    timing: Timing = QUICK
    cosigners: dict[str, Cosigner] = field(default_factory=dict)
    outbound: tuple[str, ...] = ()
    lost: tuple[int, ...] = ()
    wait_seconds: float = 10.0

    def open(self) -> None:
        """Open the service with what stands in witnesses.toml now."""
        self.config = replace(self.config, witness_wait_seconds=self.wait_seconds)
        if not self.cosigners:
            self.cosigners = make_cosigners(self.consortium.charter, self.clock)
        reached = {name: one for name, one in self.cosigners.items() if name not in self.outbound}
        self.config.witnesses.write_text(witnesses_toml(reached, lost=self.lost), encoding="utf-8")
        self.service = open_service(
            self.config, keys=self.keys, clock=self.clock, timing=self.timing, connect=connected(self.cosigners)
        )
        self.metrics = Metrics()
        self.app = build_app(self.service, metrics=self.metrics)
        self.client = self.app.test_client()

    def close(self) -> None:
        """Stop the service, and wait for whom it was still asking: what a test changes next, no late answer undoes."""
        super().close()
        for part in self.service.publishing._parts.values():
            for asker in part.publisher._askers.values():
                if asker._thread.ident is not None:
                    asker._thread.join(PATIENCE_SECONDS)

    def hurry(self) -> None:
        """Let answers to submissions wait no longer for the quorum: where none is to come."""
        self.service = replace(self.service, wait_seconds=0.01)
        self.app = build_app(self.service, metrics=Metrics())
        self.client = self.app.test_client()

    def published(self) -> Checkpoint:
        """Return the checkpoint that readers see."""
        return Checkpoint.parse(parse_note(self.client.get("/checkpoint").data).text)

    def learn(self) -> None:
        """Let every witness learn the charters that are logged."""
        with self.service.state.locked() as state:
            charters = list(state.membership.charters())
        for one in self.cosigners.values():
            one.charters[:] = charters

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so; fail if it never is."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            if time.monotonic() > end:
                raise AssertionError("it never came to be")
            time.sleep(0.005)


def make_cosigners(charter: Charter, clock: FixedClock) -> dict[str, Cosigner]:
    """Return an honest witness for each that the charter names."""
    return {agency: Cosigner(agency, [(0, charter)], clock) for agency in charter.witness.agencies}


def with_witness_keys(charter: Charter, *, start: int = 60) -> Charter:
    """Return a next charter in which every agency witnesses, three of four."""
    agencies = tuple(
        replace(agency, keys=(*agency.keys, *make_keys(agency.id, roles=(Role.WITNESS,), start=start)))
        for agency in charter.agencies
    )
    ids = tuple(agency.id for agency in agencies)
    return replace(charter, agencies=agencies, witness=replace(FOUR, agencies=ids))

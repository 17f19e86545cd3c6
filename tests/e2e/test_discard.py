"""`sealtrace submit --discard`: a batch leaves the outbox when the log is proved not to hold it, and never otherwise."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from clients.errors import UnreachableError
from clients.outboxrows import OutboxBatch
from clients.session import Session
from clients.transport import Request, Response, Transport
from ledger.wire import paths
from ledger.wire.schemas import AGENCY_HEAD, AgencyHead
from tests.support.commands import Result, command
from tests.support.encrypted import by_hand, key_of
from tests.support.lists import table
from tests.support.loopback import Walk, found_consortium

OWNER, PARTNER = "xar-arms", "xbe-cib"
MAP = """
[fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
"item.serials" = { column = "serial" }
[[record]]
event = "recovery"
"""
OLD, NEW, OTHER = ({"make": "Colt", "serial": f"ABC{number}"} for number in range(3))


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give two agencies around a real service with one list submitted, closed: a template to copy."""
    walk = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, PARTNER)
    assert Desk(walk).submit(OLD).code == 0
    walk.close()
    return walk


@dataclass
class Desk:
    """An officer's desk."""

    walk: Walk

    def submit(self, *rows: dict[str, str], transport: Transport | None = None) -> Result:
        """Run `sealtrace submit` with a list of these rows."""
        list_map, file = self.walk.folder / "map.toml", self.walk.folder / "list.csv"
        list_map.write_text(MAP, encoding="utf-8")
        file.write_bytes(table(rows))
        arguments = ("submit", str(file), "--map", str(list_map), "--json")
        return command(self.walk, *arguments, home=OWNER, transport=transport)

    def discard(self, *options: str, transport: Transport | None = None) -> Result:
        """Run `sealtrace submit --discard`."""
        return command(self.walk, "submit", "--discard", *options, home=OWNER, transport=transport)

    def waiting(self) -> OutboxBatch | None:
        """Return what waits in the outbox."""
        return self.session().outbox.waiting()

    def session(self) -> Session:
        """Return the owner's session."""
        return self.walk.session(OWNER)

    def serials(self) -> list[str]:
        """Return the serials that the partner reads in the log, one for each record."""
        assert command(self.walk, "sync", home=PARTNER).code == 0
        return sorted(one["serial"] for one in command(self.walk, "list", "--json", home=PARTNER).json["records"])

    def damage(self) -> None:
        """Damage the body that waits, so that the service refuses it for good: a fault on disk, or of an old program."""
        home = self.walk.homes[OWNER]
        with by_hand(home.outbox, key_of(home)) as outbox:
            ((body,),) = outbox.execute("SELECT body FROM batch WHERE position IS NULL").fetchall()
            outbox.execute("UPDATE batch SET body = ? WHERE position IS NULL", (body[:-1] + bytes([body[-1] ^ 1]),))


@pytest.fixture
def desk(founded: Walk, tmp_path: Path) -> Iterator[Desk]:
    """Give a desk at a copy of the founded consortium."""
    walk = founded.copy_to(tmp_path / "copy")
    yield Desk(walk)
    walk.close()


@dataclass
class Line:
    """The way to the service, which loses the answers to batches, or what is told in their place."""

    walk: Walk
    deliver: bool = True
    problem: bytes | None = None
    told: dict[str, bytes] = field(default_factory=dict)

    def send(self, request: Request, *, limit: int) -> Response:
        """Send a request, or answer it without the service."""
        if request.path in self.told:
            return replace(self.walk.transport.send(request, limit=limit), body=self.told[request.path])
        if request.path != paths.BATCHES:
            return self.walk.transport.send(request, limit=limit)
        if self.deliver:
            self.walk.transport.send(request, limit=limit)
        if self.problem is None:
            raise UnreachableError("the answer was lost")
        return Response(status=409, content_type=paths.PROBLEM_TYPE, body=self.problem)


def problem(kind: str, **more: object) -> bytes:
    """Return a problem document."""
    members = {"type": f"/problems/{kind}", "title": "t", "status": 409, "detail": "d", "next": "", **more}
    return json.dumps(members, separators=(",", ":")).encode()


def test_a_batch_that_is_refused_for_good_no_longer_blocks_the_desk(desk: Desk) -> None:
    """It is told how to take it out; then its rows go in as if nothing had been, each once."""
    desk.submit(NEW, transport=Line(desk.walk, deliver=False))
    desk.damage()
    refused = desk.submit(OTHER)
    assert refused.code == 1
    assert "`sealtrace submit --discard`" in refused.json["next"]

    gone = desk.discard("--json")
    assert (gone.code, gone.json["discarded"]["statements"]) == (0, 1)
    assert desk.submit(NEW, OTHER).json["records"] == 2
    assert desk.serials() == ["ABC0", "ABC1", "ABC2"]


def test_nothing_waits(desk: Desk) -> None:
    """Nothing is done, and that is no error."""
    assert (desk.discard().output, desk.discard("--json").json) == ("nothing waits in the outbox", {"discarded": None})


@pytest.mark.parametrize("more", [["--resume"], ["list.csv"]])
def test_discarding_goes_alone(desk: Desk, more: list[str]) -> None:
    """Whether what waits or what is named would be sent is no guess of ours."""
    assert desk.discard(*more).code == 1


def test_a_person_reads_what_was_proved(desk: Desk) -> None:
    """The batch, how many statements, up to which entry; and what happens if it comes back."""
    desk.submit(NEW, transport=Line(desk.walk, deliver=False))
    told = desk.discard().output

    assert "batch 3 with 1 statement: it is none of the log's 6 entries" in told
    assert "from 6 on" in told
    assert "the next submission says so" in told


def test_an_accepted_batch_whose_answer_was_lost_cannot_be_discarded(desk: Desk) -> None:
    """It is found in the log and counts as logged from then on: exit 1, and the list adds nothing."""
    assert desk.submit(NEW, transport=Line(desk.walk)).code == 3
    refused = desk.discard()
    assert refused.code == 1
    assert "was accepted: it is logged at 7" in refused.notes
    assert desk.waiting() is None

    assert desk.submit(NEW).json["records"] == 0
    assert desk.serials() == ["ABC0", "ABC1"]


def test_an_accepted_batch_that_the_service_calls_out_of_epoch_counts_as_logged(desk: Desk) -> None:
    """The service's word alone takes nothing out: the log holds the batch, so its rows are not sealed a second time."""
    desk.submit(NEW, transport=Line(desk.walk))
    done = desk.submit(NEW, transport=Line(desk.walk, deliver=False, problem=problem("stale-epoch")))

    assert (done.code, done.json["records"], done.json["batches"][0]["index"]) == (0, 0, 7)
    assert desk.serials() == ["ABC0", "ABC1"]


def test_an_accepted_batch_that_was_signed_anew_meanwhile_cannot_be_discarded(desk: Desk) -> None:
    """Its statements are what counts, whichever entry closes them: told that its keys were stale, it was logged before."""
    lie = Line(desk.walk, problem=problem("stale-keys", kx=0))
    assert desk.submit(NEW, transport=lie).code == 1
    refused = desk.discard()

    assert (refused.code, "was accepted" in refused.notes, desk.waiting()) == (1, True, None)
    assert desk.submit(NEW).json["records"] == 0
    assert desk.serials() == ["ABC0", "ABC1"]


def hidden(desk: Desk) -> Line:
    """Return a line to a service that has accepted the row NEW, shows the log as it was before, and says nothing of it."""
    service = desk.session().service
    note, head = service.checkpoint(), service.agency_head(OWNER)
    desk.submit(NEW, transport=Line(desk.walk))
    return Line(desk.walk, told={paths.CHECKPOINT: note, paths.agency_head(OWNER): AGENCY_HEAD.write(head)})


def test_a_service_that_hides_an_acceptance_is_caught_by_the_next_submission(desk: Desk) -> None:
    """An older state of the log is true as far as it goes. What it hid comes to light, and no row is logged twice."""
    assert desk.discard(transport=hidden(desk)).code == 0
    caught = desk.submit(NEW, OTHER)
    assert caught.code == 1
    assert "batch 3 was discarded here and stands in the log at 7" in caught.json["what"]
    assert "run the same command again" in caught.json["next"]

    again = desk.submit(NEW, OTHER).json
    assert (again["records"], again["unchanged"]) == (1, 1)
    assert desk.serials() == ["ABC0", "ABC1", "ABC2"]


def test_a_first_batch_that_comes_back_is_caught_too(tmp_path: Path) -> None:
    """A home with no batch to its name asks the log for the end of its chain, and finds what it had discarded."""
    walk = found_consortium(tmp_path, OWNER, PARTNER)
    desk = Desk(walk)
    assert desk.discard(transport=hidden(desk)).code == 0
    caught = desk.submit(NEW)
    assert "batch 1 was discarded here" in caught.json["what"]

    assert desk.submit(NEW).json["records"] == 1
    assert desk.serials() == ["ABC1"]
    walk.close()


def test_a_checkpoint_behind_the_head_proves_nothing(desk: Desk) -> None:
    """The service names a batch that its checkpoint does not hold yet: nothing is discarded, try again (exit 4)."""
    line = hidden(desk)
    del line.told[paths.agency_head(OWNER)]
    refused = desk.discard(transport=line)

    assert (refused.code, "does not show yet" in refused.notes) == (4, True)
    assert desk.waiting() is not None


def test_a_head_that_contradicts_the_entries_is_refused(desk: Desk) -> None:
    """Hidden in the answer and shown in the tiles, or the other way round: nothing is discarded."""
    desk.submit(NEW, transport=Line(desk.walk, deliver=False))
    head = AgencyHead(seq=1, prev=bytes(32), index=3, kx=0, keys=0)
    lie = Line(desk.walk, told={paths.agency_head(OWNER): AGENCY_HEAD.write(head)})
    refused = desk.discard(transport=lie)

    assert (refused.code, "another end of this agency's chain" in refused.notes) == (1, True)
    assert desk.waiting() is not None


def test_a_log_that_has_lost_what_it_proved_is_refused(desk: Desk) -> None:
    """An outbox that knows more batches than the log shows is evidence: it stays as it is."""
    desk.submit(NEW, transport=Line(desk.walk, deliver=False))
    home = desk.walk.homes[OWNER]
    with by_hand(home.outbox, key_of(home)) as outbox:
        outbox.execute("DELETE FROM batch WHERE seq = 2")
        outbox.execute("UPDATE batch SET position = 5, payload_hash = x'00' WHERE seq = 1")
    refused = desk.discard()

    assert (refused.code, "does not stand there" in refused.notes) == (1, True)
    assert desk.waiting() is not None


def test_entries_that_are_not_the_log_s_prove_nothing(desk: Desk) -> None:
    """One bit changed in a bundle: the proof fails, and the batch waits as before."""
    desk.submit(NEW, transport=Line(desk.walk, deliver=False))
    raw = desk.session().service._transport.send(
        Request(method="GET", path="/tile/entries/000.p/6", query=""), limit=10**7
    )
    lie = Line(desk.walk, told={"/tile/entries/000.p/6": raw.body[:-1] + bytes([raw.body[-1] ^ 1])})
    refused = desk.discard(transport=lie)

    assert refused.code == 1
    assert desk.waiting() is not None


def test_an_unreachable_log_discards_nothing(desk: Desk) -> None:
    """Exit 3: silence is no proof."""

    class Silent:
        def send(self, _request: Request, *, limit: int) -> Response:
            raise UnreachableError(f"no answer of up to {limit} bytes")

    desk.submit(NEW, transport=Line(desk.walk, deliver=False))

    assert desk.discard(transport=Silent()).code == 3
    assert desk.waiting() is not None


def test_grants_that_are_discarded_are_granted_anew(tmp_path: Path) -> None:
    """The very first batch opens an epoch: discarded, the next submission opens it again."""
    walk = found_consortium(tmp_path, OWNER, PARTNER)
    desk = Desk(walk)
    desk.submit(NEW, transport=Line(walk, deliver=False))
    assert desk.discard().code == 0

    assert desk.submit(NEW).json["records"] == 1
    assert desk.serials() == ["ABC1"]
    assert isinstance(desk.session().outbox.last_logged(), OutboxBatch)
    walk.close()


def test_the_end_of_a_chain_without_an_outbox_is_read_from_the_log(desk: Desk) -> None:
    """A home whose outbox was lost has proved nothing: it reads from where a charter first lists it."""
    for path in desk.walk.homes[OWNER].path.glob("outbox.sqlite*"):
        path.unlink()
    assert command(desk.walk, "sync", home=OWNER).code == 0
    desk.submit(NEW, transport=Line(desk.walk, deliver=False))
    done = desk.discard("--json")

    assert (done.code, done.json["discarded"]["start"], done.json["discarded"]["size"]) == (0, 0, 6)

"""An import from upload to receipt, over the real service: once, whole, by the very plans that were shown."""

import itertools
from secrets import token_bytes
from typing import NoReturn

import pytest

from clients.errors import UnreachableError
from clients.importing import prepare
from clients.intake.advancing import Bench, advance
from clients.intake.columns import choices_of
from clients.intake.reading import header_of, unpack
from clients.intake.states import State
from clients.intake.store import ChangedError, Import, Imports, Kind, MissingError, New
from clients.lists.maps import parse_map
from clients.session import load_profile
from clients.syncing import Sync
from clients.transport import Request, Response, Transport
from clients.trust import Trust
from ledger.profiletoml import to_toml
from ledger.wire import paths
from tests.support.imports import CSV, MAP, approved, bench_of, checked, go_on, uploaded, with_imports
from tests.support.loopback import Walk

OWNER, PARTNER = "xar-arms", "xbe-cib"


@pytest.fixture
def bench(walk: Walk) -> Bench:
    """Give the bench of the owner's desk."""
    return bench_of(walk, OWNER)


def logged(bench: Bench, raw: bytes = CSV) -> int:
    """Return how many records the rows of a list have in the log; each row has them in one batch alone."""
    rows = prepare(raw, parse_map(MAP), bench.rules().means).rows
    with bench.session() as session:
        held = session.outbox.holding([row.fingerprint for row in rows], after=0)
        numbers = [len(row.names) for found in held.values() for row in found]
        Sync(session, progress=lambda _done, _total: None).by_feed()
        names = {name for found in held.values() for row in found for name in row.names}
        assert names <= {record.name for record in session.replica.records()}
    assert len(numbers) <= len(rows)
    return sum(numbers)


def test_an_import_goes_from_upload_to_receipt(bench: Bench) -> None:
    """Each step by itself; at the end every record stands in the log, is listed, and the list is deleted."""
    one = approved(bench)
    assert advance(bench) == 1
    done = bench.imports.get(one.number)

    assert done.state is State.DONE
    assert (done.receipt["records"], done.receipt["unchanged"], done.receipt["vouched"]) == (2, 0, "UNWITNESSED")
    assert done.receipt["fresh"] is None
    assert [batch["records"] for batch in done.receipt["batches"]] == [2]
    assert done.receipt["size"] > done.receipt["batches"][0]["index"]
    with pytest.raises(MissingError):
        bench.imports.content(one.number)
    with bench.session() as session:
        assert {str(record.name) for record in session.replica.records()} == set(done.receipt["names"])


def test_nothing_is_sealed_before_somebody_has_signed(walk: Walk, bench: Bench) -> None:
    """However often the worker turns."""
    checked(bench)
    before = len([one for one in walk.transport.requests if one.path == paths.BATCHES])

    assert advance(bench) == 0
    assert len([one for one in walk.transport.requests if one.path == paths.BATCHES]) == before == 0


def test_what_is_checked_says_problems_readers_and_what_is_known(bench: Bench) -> None:
    """By line and column, with a fix; who reads what; the bad rows come back as a CSV that says why."""
    raw = CSV + b'FN,"=cmd|x",yesterday,<script>alert(1)</script>\n'
    one = checked(bench, raw)
    content = bench.imports.content(one.number)

    assert (one.state, one.findings["good"], one.findings["rejected"]) == (State.CHECKED, 2, 1)
    assert one.findings["preview"]["schedule"][0]["readers"] == [OWNER, PARTNER]
    assert one.findings["two"] == []
    text = (content.rejected or b"").decode("utf-8-sig")
    assert "no date is spelled so" in text
    assert "'=cmd|x" in text


def test_the_columns_are_proposed_and_remembered_by_their_header(bench: Bench) -> None:
    """The next list with this header is read as the last one was."""
    first = uploaded(bench)
    table = unpack(bench.imports.content(first.number).read or b"")
    proposed = choices_of(parse_map(first.map), table.header)
    assert proposed is not None
    assert proposed.columns == {
        "make": "item.make",
        "serial": "item.serials",
        "date": "event.date",
        "note": "",
    }
    bench.imports.remember("Border post 4", header=header_of(table), text=MAP)

    assert uploaded(bench).map == MAP
    assert bench.imports.remembered(header_of(table)) == (("Border post 4", MAP),)


def test_a_map_that_does_not_fit_leads_back_to_the_columns(bench: Bench) -> None:
    """With what is wrong and how to mend it; nothing is lost."""
    one = checked(bench, text=MAP.replace('"make"', '"maker"'))

    assert one.state is State.UPLOADED
    assert "lacks the column 'maker'" in one.told.what
    assert one.findings["header"] == ["make", "serial", "date", "note"]
    again = bench.imports.move(one, State.MAPPED, map=MAP)
    advance(bench)
    assert bench.imports.get(again.number).state is State.CHECKED


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "the list is empty"),
        (b"PK\x03\x04nonsense", "the workbook is damaged"),
        (b"\xd0\xcf\x11\xe0old", "one of the old kind"),
        (b'make,serial\nTaurus,"1\n', "quotation marks do not pair up"),
        (b"\xef\xbb\xbfmake,serial\nTaurus,\xff\n", "is not text in utf-8"),
        (b"make,make\nTaurus,1\n", "names column 2 like an earlier one"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_and_deleted(bench: Bench, raw: bytes, said: str) -> None:
    """The reason stays, with what to do; the bytes do not."""
    one = uploaded(bench, raw)

    assert (one.state, said in one.told.what, bool(one.told.fix)) == (State.REFUSED, True, True)
    with pytest.raises(MissingError):
        bench.imports.content(one.number)


def test_the_same_list_again_sends_nothing_twice(bench: Bench) -> None:
    """It is said before signing, and in the receipt."""
    approved(bench)
    advance(bench)
    again = approved(bench)
    assert (again.findings["unchanged"], again.findings["fresh"]) == (2, 0)
    advance(bench)
    receipt = bench.imports.get(again.number).receipt

    assert (receipt["records"], receipt["unchanged"], receipt["batches"]) == (0, 2, [])


def test_two_officers_at_once_have_one_outcome(bench: Bench) -> None:
    """Both saw the same page; the second is told to look again."""
    one = checked(bench)
    bench.imports.move(one, State.APPROVED, good_rows=False)

    with pytest.raises(ChangedError, match="was there before"):
        bench.imports.move(one, State.ENDED)
    assert advance(bench) == 1
    assert bench.imports.get(one.number).state is State.DONE


def test_a_profile_changed_after_signing_sends_nothing(bench: Bench) -> None:
    """What was approved is what is sealed: other labels or readers are looked at first."""
    one = approved(bench)
    charter = Trust(bench.home.trusted).charters()[-1]
    changed = to_toml(load_profile(bench.home, charter)).replace('"RESTRICTED"', '"UNCLASSIFIED"')
    bench.home.profile.write_text(changed, encoding="utf-8")
    advance(bench)
    now = bench.imports.get(one.number)

    assert (now.state, "have changed" in now.told.what) == (State.CHECKED, True)
    assert now.findings["preview"]["schedule"][0]["level"] == "UNCLASSIFIED"
    assert logged(bench) == 0
    bench.imports.move(now, State.APPROVED)
    advance(bench)
    assert bench.imports.get(one.number).state is State.DONE


class Killed(BaseException):
    """The process is gone: nothing of ours may catch this."""


class Dying(Imports):
    """Imports of a process that dies at its n-th write: before it, or after it and before anybody hears of it."""

    def arm(self, *, at: int, after: bool) -> "Dying":
        """Die at the write `at`."""
        self._left, self._after = at, after
        return self

    def _swap(self, *arguments: object) -> None:
        super()._swap(*arguments)
        self._dying = self._left == 0
        self._left -= 1
        if self._dying and not self._after:
            raise Killed

    def move(self, *arguments: object, **values: object) -> Import:
        """Move, and die if it is time."""
        return self._survive(super().move(*arguments, **values))

    def note(self, *arguments: object, **values: object) -> Import:
        """Note, and die if it is time."""
        return self._survive(super().note(*arguments, **values))

    def _survive(self, one: Import) -> Import:
        if self._dying:
            raise Killed
        return one


def test_a_desk_killed_at_any_step_goes_on_without_a_duplicate(walk: Walk) -> None:
    """Read, mapped, checked, approved, sending, done, each before and after its write: started again, it does the rest, once."""
    for at, after in itertools.product(range(6), (False, True)):
        raw = CSV.replace(b"ABE 573528", b"ABE 57352%d" % at).replace(b"00573", b"0057%d" % (2 * at + after))
        bench = bench_of(walk, OWNER)
        begin(bench, raw)
        dying = Dying(bench.imports._engine, clock=walk.clock).arm(at=at, after=after)
        with pytest.raises(Killed):
            go_on_for_ever(with_imports(bench, dying))
        again = bench_of(walk, OWNER)
        while not (one := again.imports.listed()[0]).state.is_over:
            go_on(again)

        assert (one.state, logged(again, raw)) == (State.DONE, 2), (at, after)
        assert one.receipt["records"] + one.receipt["unchanged"] == 2


def begin(bench: Bench, raw: bytes) -> None:
    """Upload a list."""
    bench.imports.add(New(once=token_bytes(16), kind=Kind.LIST, name="list.csv", person=1, officer="A", raw=raw))


def go_on_for_ever(bench: Bench) -> NoReturn:
    """Do whatever is next, until something ends it."""
    while True:
        go_on(bench)


class Breaking:
    """A network that breaks when a batch is sent: before it arrives, or before the answer does."""

    def __init__(self, inner: Transport, *, at: int, delivered: bool) -> None:
        """Take the network."""
        self._inner, self._left, self._delivered = inner, at, delivered

    def send(self, request: Request, *, limit: int) -> Response:
        """Send, but for the one that breaks."""
        if request.path == paths.BATCHES:
            self._left -= 1
            if self._left == -1:
                if self._delivered:
                    self._inner.send(request, limit=limit)
                raise UnreachableError("the line broke", next_step="wait")
        return self._inner.send(request, limit=limit)


@pytest.mark.parametrize("delivered", [False, True])
@pytest.mark.parametrize("at", [0, 1])
def test_a_line_that_breaks_is_told_and_tried_again(walk: Walk, at: int, delivered: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The import says what happened, stays where it is, and goes on by itself without a duplicate."""
    bench = bench_of(walk, OWNER, transport=Breaking(walk.transport, at=at, delivered=delivered))
    one = approved(bench)
    assert advance(bench) == 0
    stuck = bench.imports.get(one.number)
    assert (stuck.state, stuck.told.what) == (State.SENDING, "the line broke")
    assert advance(bench) == 1
    done = bench.imports.get(one.number)

    assert (done.state, done.told.what, done.receipt["records"], logged(bench)) == (State.DONE, "", 2, 2)

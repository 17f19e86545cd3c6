"""A sync asks for little and verifies once: pages cut through batches, blobs come in bulk, labels are judged all the same."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

import pytest

from clients.entries import Entries
from clients.session import Session
from clients.syncing import Sync, SyncReport
from clients.transport import Request, Response, Transport
from ledger.wire import limits, paths
from ledger.wire.frames import encode_frames, parse_frames
from ledger.wire.schemas import BLOB_REQUEST, FEED, Feed
from tests.support.lists import submit_rows
from tests.support.loopback import Walk, found_consortium

OWNER, PARTNER = "xar-arms", "xbe-cib"
PER_BATCH = 12


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give a log of two dozen records in three batches, closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), OWNER, PARTNER)
    for batch in range(3):
        rows = [{"make": "Colt", "serial": f"B{batch}N{row:03}"} for row in range(PER_BATCH)]
        submit_rows(found.session(OWNER), rows)
    found.close()
    return found


class Paging:
    """A service whose feed comes in pages of a few items, as a log of millions comes in pages of a thousand."""

    def __init__(self, inner: Transport, *, page: int) -> None:
        """Take the service."""
        self._inner = inner
        self._page = page
        self.asked: Counter[str] = Counter()
        self.blobs: list[int] = []

    def send(self, request: Request, *, limit: int) -> Response:
        """Count, send, cut."""
        self.asked[request.path] += 1
        if request.path == paths.BLOBS:
            assert request.body is not None
            self.blobs.append(len(BLOB_REQUEST.read(request.body).get))
        answer = self._inner.send(request, limit=limit)
        if request.path != paths.FEED:
            return answer
        feed = FEED.read(answer.body)
        if len(feed.items) <= self._page:
            return answer
        items = feed.items[: self._page]
        cut = Feed(items=items, next=items[-1].index, size=feed.size)
        return Response(status=200, content_type=answer.content_type, body=FEED.write(cut))


def partner(walk: Walk, *, page: int = 1_000) -> tuple[Session, Paging]:
    """Return the partner's session over a service that pages."""
    paging = Paging(walk.transport, page=page)
    session = walk.session(PARTNER)
    session.service._transport = paging
    return session, paging


def sync(session: Session) -> SyncReport:
    """Sync by the feed."""
    return Sync(session, progress=lambda _done, _total: None).by_feed()


class CountedEntries(Entries):
    """Entries that count how often each range was read."""

    reads: ClassVar[Counter[tuple[int, int]]] = Counter()

    def read(self, start: int, end: int) -> tuple[bytes, ...]:
        """Count and read."""
        self.reads[start, end] += 1
        return super().read(start, end)


def test_a_feed_that_goes_on_without_naming_anything_is_read_to_its_end(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long stretch of the log that is all of others comes as an empty page, and the sync goes on behind it."""
    # Nobody logs a hundred thousand entries for one test.
    monkeypatch.setattr(limits, "MAX_FEED_SPAN", 2)
    session, paging = partner(walk)

    assert sync(session).records == 3 * PER_BATCH
    assert paging.asked[paths.FEED] > 3 * PER_BATCH // 2


@pytest.mark.parametrize("page", [1, 5, 7, 13, 1_000])
def test_pages_of_any_size_give_the_same_replica(walk: Walk, page: int) -> None:
    """Wherever the pages cut."""
    session, _ = partner(walk, page=page)

    assert sync(session).records == 3 * PER_BATCH
    assert [record.portions.keys() for record in session.replica.records()] == [{"item", "event"}] * 3 * PER_BATCH


def test_a_batch_is_verified_once_however_many_pages_it_takes(walk: Walk) -> None:
    """Two signatures and a thousand statements: not again for each page."""
    session, paging = partner(walk, page=5)
    run = Sync(session, progress=lambda _done, _total: None)
    CountedEntries.reads.clear()
    run._entries = CountedEntries(run._view, session.service)
    run.by_feed()
    batches = [(start, end) for start, end in CountedEntries.reads if end - start == 1]

    assert paging.asked[paths.FEED] >= 7
    assert set(CountedEntries.reads.values()) == {1}
    assert len(batches) == 4


def test_blobs_of_small_batches_are_fetched_together(walk: Walk) -> None:
    """One request for a page, not one for a batch: two portions of each record, and the grant's box before them."""
    session, paging = partner(walk)
    sync(session)

    assert paging.blobs == [1, 2 * 3 * PER_BATCH]


def test_requests_for_blobs_stay_within_their_limit(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than one request may carry are asked for in several, and come back in their order."""
    monkeypatch.setattr("clients.blobs.MAX_BLOB_NAMES", 7)  # a thousand records would take a minute
    session, paging = partner(walk)
    report = sync(session)

    assert (report.records, dict(report.refused)) == (3 * PER_BATCH, {})
    assert max(paging.blobs) == 7
    assert sum(paging.blobs) == 1 + 2 * 3 * PER_BATCH


def test_a_second_sync_asks_for_nothing_it_has(walk: Walk) -> None:
    """No feed, no bundle, no blob: the log has not grown."""
    session, paging = partner(walk)
    sync(session)
    paging.asked.clear()
    again = sync(session)

    assert (again.records, again.grants) == (0, 0)
    assert paging.asked[paths.FEED] == 0
    assert paging.asked[paths.BLOBS] == 0


def test_a_sync_goes_on_where_the_last_one_ended(walk: Walk) -> None:
    """New records alone are read; the key that opens them is held already."""
    session, paging = partner(walk)
    sync(session)
    submit_rows(walk.session(OWNER), [{"make": "Colt", "serial": "LATER1"}])
    paging.blobs.clear()

    assert sync(session).records == 1
    assert paging.blobs == [2]


class Keeping:
    """A service that keeps back some blobs of one answer."""

    def __init__(self, inner: Transport, places: Sequence[int]) -> None:
        """Take the service."""
        self._inner = inner
        self._places = places

    def send(self, request: Request, *, limit: int) -> Response:
        """Send; blank the blobs."""
        answer = self._inner.send(request, limit=limit)
        if request.path != paths.BLOBS or not answer.body:
            return answer
        frames = list(parse_frames(answer.body, most=10_000))
        if len(frames) < 3:
            return answer
        for place in self._places:
            frames[place] = b""
        return Response(status=200, content_type=answer.content_type, body=encode_frames(frames))


def test_a_blob_that_is_kept_back_harms_its_own_record_alone(walk: Walk) -> None:
    """The others are opened, and the one is named by its index and portion."""
    session = walk.session(PARTNER)
    session.service._transport = Keeping(walk.transport, [0, 1, 5])
    report = sync(session)

    assert report.records == 3 * PER_BATCH - 1
    assert [reason.partition(":")[0] for _, reason in sorted(report.refused.items())] == ["event", "event"]


def test_swapped_blobs_harm_both_their_records(walk: Walk) -> None:
    """Each ciphertext is held against the hash its own record signed for."""

    class Swapping(Keeping):
        def send(self, request: Request, *, limit: int) -> Response:
            answer = self._inner.send(request, limit=limit)
            if request.path != paths.BLOBS:
                return answer
            frames = list(parse_frames(answer.body, most=10_000))
            if len(frames) > 3:
                frames[0], frames[2] = frames[2], frames[0]
            return Response(status=200, content_type=answer.content_type, body=encode_frames(frames))

    session = walk.session(PARTNER)
    session.service._transport = Swapping(walk.transport, [])
    report = sync(session)

    assert len(report.refused) == 2
    assert all("not the one the record names" in reason for reason in report.refused.values())


def test_a_full_sync_reads_each_batch_once_too(walk: Walk) -> None:
    """And finds the same records as the feed."""
    session, _ = partner(walk)
    report = Sync(session, progress=lambda _done, _total: None).in_full()

    assert (report.records, report.left_out) == (3 * PER_BATCH, ())

"""A client of the witness: framing first, then the path, then the body, all in time; and nothing of it in the log."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.witness.cosigner import Answer
from clients.witness.house import Limits
from clients.witness.opening import OpenWitness
from crypto.digests import sha256
from ledger.witnessing import MAX_BODY_BYTES, SIZE_TYPE
from tests.support.consortium import ORIGIN
from tests.support.witnesses import Bench, Events, GrowingLog
from tests.support.witnessguests import Hall, Visitor, request

LOG = GrowingLog()
MONITOR = f"/{sha256(ORIGIN.encode()).hex()}/checkpoint"
HALF = request("POST", "/add-checkpoint", b"12345")[:-1]


class Echo:
    """Stands for a witness where only the transport matters: it says back what it was given."""

    def __init__(self, size: int = 0) -> None:
        """Take how much more than that it says."""
        self.asked: list[bytes] = []
        self._more = bytes(size)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Say it back."""
        self.asked.append(body)
        return Answer(status=200, body=body + self._more)

    sign_subtree = add_checkpoint

    def monitor(self, digest: str) -> Answer:
        """Say the digest back."""
        return Answer(status=200, body=digest.encode())


def echoing(limits: Limits | None = None) -> tuple[Hall, Echo]:
    """Return a hall whose witness says back what it was given."""
    echo = Echo()
    return Hall(echo, log=Events(), limits=limits or Limits()), echo  # type: ignore[arg-type]  # as much as is asked


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A place for a witness."""
    return Bench(tmp_path)


@pytest.fixture
def witness(bench: Bench) -> OpenWitness:
    """A witness that has seen nothing."""
    return bench.open()


@pytest.fixture
def hall(bench: Bench, witness: OpenWitness) -> Hall:
    """Its house."""
    return Hall(witness.cosigner, log=bench.events, clock=bench.clock)


def test_the_three_calls(hall: Hall) -> None:
    """add-checkpoint, sign-subtree, and the monitoring GET, on one connection."""
    visitor = hall.visit()
    (added,) = visitor.say(request("POST", "/add-checkpoint", LOG.add(0, 7)))
    (conflict,) = visitor.say(request("POST", "/add-checkpoint", LOG.add(0, 7)))
    (shown,) = visitor.say(request("GET", MONITOR))
    (rubbish,) = visitor.say(request("POST", "/sign-subtree", b"rubbish"))
    (healthy,) = visitor.say(request("GET", "/healthz"))

    assert added.status == 200
    assert added.body.count("— ".encode()) == 2
    assert (conflict.status, conflict.body, conflict.headers["content-type"]) == (409, b"7\n", SIZE_TYPE)
    assert (shown.status, shown.body.startswith(LOG.checkpoint(7).format().encode())) == (200, True)
    assert (rubbish.status, healthy.body) == (400, b"ok\n")
    assert not visitor.wire.closed


def test_what_every_answer_says_of_itself(hall: Hall) -> None:
    """Its type and length, its time, and that nobody keeps or guesses it."""
    (sent,) = hall.visit().say(request("GET", "/healthz"))

    assert sent.headers == {
        "date": "Fri, 15 Jan 2027 08:00:00 GMT",
        "content-type": "text/plain; charset=utf-8",
        "content-length": "3",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }


def test_head_is_answered_without_a_body(hall: Hall) -> None:
    """The head is that of GET, whether the answer is good or not, and the next request is understood."""
    visitor = hall.visit()
    good = visitor.say(request("HEAD", "/healthz"), method="HEAD")
    bad = visitor.say(request("HEAD", "/" + "0" * 64 + "/checkpoint"), method="HEAD")
    after = visitor.say(request("GET", "/healthz"))

    assert [(one.status, one.headers["content-length"], one.body) for one in good] == [(200, "3", b"")]
    assert [(one.status, one.body) for one in bad] == [(404, b"")]
    assert [one.body for one in after] == [b"ok\n"]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_request_in_pieces_is_one_request(hall: Hall, size: int) -> None:
    """However it is cut."""
    raw = request("POST", "/add-checkpoint", LOG.add(0, 7))
    (sent,) = hall.visit().say(*(raw[at : at + size] for at in range(0, len(raw), size)))

    assert sent.status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/add-checkpoint", 405),
        ("PUT", "/sign-subtree", 405),
        ("POST", MONITOR, 405),
        ("GET", "/", 404),
        ("POST", "/add-checkpoint/", 404),
        ("POST", "/add%2Dcheckpoint", 404),
        ("POST", "http://w/add-checkpoint", 404),
        ("GET", "//add-checkpoint", 404),
        ("GET", MONITOR.upper(), 404),
        ("GET", "/" + "0" * 64 + "/checkpoint", 404),
        ("GET", "/../etc/passwd", 404),
        ("DELETE", "/healthz", 405),
        ("OPTIONS", "*", 404),
        ("POST", "/add-checkpoint?x=1", 400),
        ("GET", "/healthz?", 400),
    ],
)
def test_other_paths_and_methods(hall: Hall, method: str, path: str, status: int) -> None:
    """Nothing else is here, and no path takes a query."""
    assert hall.ask(method, path).status == status


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ("", 411),
        ("Transfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
        ("Content-Length: 5\r\nTransfer-Encoding: identity\r\n", 400),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", 400),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", 400),
        ("Content-Length: 5, 5\r\n", 400),
        ("Content-Length: +5\r\n", 400),
        ("Content-Length: 05\r\n", 400),
        ("Content-Length: -1\r\n", 400),
        ("Content-Length: 5 5\r\n", 400),
        ("Content-Length:\r\n", 400),
        ("Content-Length : 5\r\n", 400),
        ("Content-Length: 5\r\n ;x\r\n", 400),
        ("Content-Length: 5\nX: y\r\n", 400),
        ("Content-Length: 9999999999\r\n", 413),
        ("Content-Length: 99999999999999999999\r\n", 400),
        ("Host: w\r\nContent-Length: 5\r\n", 400),
        ("Content-Length: 5\r\nExpect: a-miracle\r\n", 417),
        ("Content-Length: 5\r\nUpgrade: h2c\r\nConnection: upgrade\r\n", 400),
    ],
)
def test_attack_a_length_that_two_readers_take_for_two(fields: str, status: int) -> None:
    """One length, in one spelling, or nothing is looked into, and what follows is taken for no request."""
    hall, echo = echoing()
    visitor = hall.visit()
    head = f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n{fields}\r\n".encode()
    (sent,) = visitor.say(head + b"12345" + request("POST", "/add-checkpoint", b"smuggled"))

    assert (sent.status, sent.headers["connection"]) == (status, "close")
    assert echo.asked == []


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /healthz\r\n\r\n",
        b"GET /healthz HTTP/1.1\nHost: w\n\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/0.9\r\nHost: w\r\n\r\n",
        b"GET /healthz HTTP/2.0\r\nHost: w\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT w:80 HTTP/1.1\r\nHost: w\r\n\r\n",
        b"GET /h\xffealthz HTTP/1.1\r\nHost: w\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: w\r\nX: a\x00b\r\n\r\n",
        b"NONSENSE /healthz HTTP/1.1\r\nHost: w\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        request("GET", "/healthz", b"a body"),
    ],
)
def test_what_is_no_request_of_ours_is_told_so_once(raw: bytes) -> None:
    """400, and the connection is closed."""
    hall, _ = echoing()
    visitor = hall.visit()
    (sent,) = visitor.say(raw)

    assert (sent.status, sent.headers["connection"], visitor.wire.ended) == (400, "close", True)


def test_attack_a_large_body() -> None:
    """Refused for what it announces, before any of it is read."""
    hall, echo = echoing()
    whole = hall.ask("POST", "/add-checkpoint", b"x" * MAX_BODY_BYTES)
    head = f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n".encode()
    (larger,) = hall.visit().say(head)

    assert (whole.status, larger.status, larger.headers["connection"]) == (200, 413, "close")
    assert [len(body) for body in echo.asked] == [MAX_BODY_BYTES]


def test_what_comes_after_a_refusal_is_read_and_thrown_away() -> None:
    """So that closing does not take the answer back from a client that is still sending; not for long, though."""
    hall, echo = echoing()
    visitor = hall.visit()
    (sent,) = visitor.say(request("POST", "/nowhere", b"x" * 50_000))
    more = visitor.say(request("POST", "/add-checkpoint", b"12345"))

    assert (sent.status, more, echo.asked) == (404, [], [])
    assert (visitor.wire.ended, visitor.wire.paused, visitor.wire.closed) == (True, False, False)
    hall.loop.wait(Limits().parting_seconds)
    assert (visitor.wire.closed, hall.house.guests) == (True, set())


def test_a_client_that_sees_a_refusal_may_close_first() -> None:
    """Its place is free at once."""
    hall, _ = echoing()
    visitor = hall.visit()
    visitor.say(request("GET", "/nowhere"))
    visitor.hang_up()

    assert hall.house.guests == set()


def test_attack_a_head_without_end() -> None:
    """Request line and fields have 16 kB together: one byte more is 431, in one field, in many, or in the line itself."""
    limit = Limits().head_bytes
    hall, _ = echoing()
    fits = request("GET", "/healthz", x="y" * (limit - len(request("GET", "/healthz", x=""))))
    long_line = b"GET /" + b"a" * limit
    many = b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (limit // 6)

    assert len(fits) == limit
    assert [one.status for one in hall.visit().say(fits)] == [200]
    for raw in (fits.replace(b"x: ", b"x: y"), long_line, many):
        visitor = hall.visit()
        (sent,) = visitor.say(raw)
        assert (sent.status, sent.headers["connection"]) == (431, "close")


def test_requests_in_one_go_are_answered_in_order() -> None:
    """One at a time: the second is not looked into before the first was answered."""
    hall, echo = echoing()
    visitor = hall.visit()
    hall.threads.held = True
    visitor.say(*(request("POST", "/add-checkpoint", b"%d" % number) for number in range(3)))

    assert len(hall.threads.waiting) == 1
    hall.threads.held = False
    hall.threads.release()
    hall.loop.settle()
    assert [one.body for one in visitor.heard()] == [b"0", b"1"]
    assert echo.asked == [b"0", b"1"]


def test_requests_in_one_piece_are_answered_in_order() -> None:
    """However many: none is lost, and none waits for more to come."""
    hall, echo = echoing()
    raw = b"".join(request("POST", "/add-checkpoint", b"%d" % number) for number in range(50))
    sent = hall.visit().say(raw)

    assert len(raw) < 4096
    assert [one.body for one in sent] == echo.asked == [b"%d" % number for number in range(50)]


def test_attack_a_client_that_sends_without_listening_is_not_read() -> None:
    """One buffer more than the request under way is kept, and reading goes on when that was answered."""
    hall, echo = echoing()
    visitor = hall.visit()
    hall.threads.held = True
    for number in range(5):
        visitor.say(request("POST", "/add-checkpoint", b"%d" % number))

    assert visitor.wire.paused
    hall.threads.held = False
    hall.threads.release()
    hall.loop.settle()
    assert echo.asked == [b"0", b"1"]
    assert not visitor.wire.paused


def test_attack_a_client_that_does_not_take_its_answers() -> None:
    """It is given a few seconds, nothing more of it is read meanwhile, and then it is dropped."""
    hall, echo = echoing()
    visitor = hall.visit()
    visitor.wire.full = True
    visitor.say(request("POST", "/add-checkpoint", b"1"), request("POST", "/add-checkpoint", b"2"))

    assert (echo.asked, visitor.wire.paused, visitor.wire.closed) == ([b"1"], True, False)
    hall.loop.wait(Limits().answer_seconds)
    assert (visitor.wire.closed, hall.house.guests) == (True, set())


def test_a_client_that_takes_its_answer_late_goes_on() -> None:
    """Within those seconds: what it asked meanwhile is answered."""
    hall, _ = echoing()
    visitor = hall.visit()
    visitor.wire.full = True
    visitor.tell(request("POST", "/add-checkpoint", b"1"), request("POST", "/add-checkpoint", b"2"))
    hall.loop.wait(Limits().answer_seconds - 1)
    visitor.take()

    assert [one.body for one in visitor.heard()] == [b"1", b"2"]
    hall.loop.wait(2)
    assert not visitor.wire.closed


def test_attack_a_refused_client_that_does_not_take_its_answer() -> None:
    """It is dropped too."""
    hall, _ = echoing()
    visitor = hall.visit()
    visitor.wire.full = True
    visitor.say(request("GET", "/nowhere"))
    hall.loop.wait(Limits().parting_seconds)

    assert hall.house.guests == set()


@pytest.mark.parametrize("cut", [1, 20, 60, len(HALF) - 4], ids=["line", "fields", "empty line", "body"])
def test_attack_a_slow_request(cut: int) -> None:
    """Five seconds from its first byte to its last, however many bytes come meanwhile; then 408, and the end."""
    hall, echo = echoing()
    visitor = hall.visit()
    visitor.say(request("GET", "/healthz"))
    hall.loop.wait(60)
    for at in range(4):
        visitor.tell(HALF[:cut] if at == 0 else HALF[cut + at - 1 : cut + at])
        assert visitor.heard() == []
        hall.loop.wait(1.25)
    (late,) = visitor.heard()

    assert (late.status, late.headers["connection"], echo.asked) == (408, "close", [])


def test_many_small_requests_each_have_their_time() -> None:
    """A connection that is used is not closed for its age."""
    hall, _ = echoing()
    visitor = hall.visit()
    for _ in range(10):
        hall.loop.wait(3)
        assert [one.status for one in visitor.say(HALF[:50])] == []
        hall.loop.wait(3)
        assert [one.status for one in visitor.say(HALF[50:] + b"5")] == [200]


def test_attack_a_connection_that_says_nothing() -> None:
    """A newcomer has five seconds to begin, whoever was answered before a minute more; then nothing is said."""
    hall, _ = echoing()
    newcomer, regular = hall.visit(), hall.visit()
    regular.say(request("GET", "/healthz"))
    hall.loop.wait(Limits().request_seconds)

    assert (newcomer.wire.closed, regular.wire.closed) == (True, False)
    hall.loop.wait(Limits().idle_seconds)
    assert (regular.wire.closed, newcomer.heard(), regular.heard()) == (True, [], [])
    assert hall.house.guests == set()


def test_no_timer_outlives_its_request() -> None:
    """An answer that takes its time is not taken for a slow request."""
    hall, _ = echoing()
    visitor = hall.visit()
    hall.threads.held = True
    visitor.say(HALF + b"5")
    hall.loop.wait(1000)
    hall.threads.release()
    hall.loop.settle()

    assert [one.status for one in visitor.heard()] == [200]


def test_attack_many_slow_bodies(hall: Hall, bench: Bench) -> None:
    """They take all places and no more; soon the places are free again."""
    most = hall.limits.in_flight
    slow = [hall.visit() for _ in range(most + 3)]
    for visitor in slow:
        visitor.say(HALF)
    refused = [one for visitor in slow for one in visitor.heard()]
    hall.loop.wait(5)
    late = [one.status for visitor in slow for one in visitor.heard()]

    assert late == [408] * most
    assert hall.ask("POST", "/add-checkpoint", LOG.add(0, 7)).status == 200
    assert len(bench.events.of("request")) == most + 4
    assert refused == []


def test_attack_more_requests_than_may_be_in_flight() -> None:
    """The next is told to come again, at once; and each place is given back, however its request ended."""
    hall, _ = echoing(Limits(in_flight=3))
    for _ in range(4):
        half, gone, cut, over = (hall.visit() for _ in range(4))
        hall.threads.held = True
        half.say(HALF)
        gone.say(HALF + b"5")
        cut.say(HALF)
        (refused,) = over.say(HALF)
        gone.vanish()
        cut.hang_up()
        half.say(b"5")
        hall.threads.held = False
        hall.threads.release()
        hall.loop.settle()

        assert (refused.status, refused.headers["retry-after"], refused.headers["connection"]) == (503, "1", "close")
        assert [one.status for one in half.heard()] == [200]


def test_attack_more_connections_than_there_are_places() -> None:
    """Whoever has been idle for longest makes room; nobody who is being answered does."""
    hall, _ = echoing(Limits(connections=3))
    first, second, third = (hall.visit() for _ in range(3))
    first.say(request("GET", "/healthz"))
    fourth = hall.visit()

    assert [one.wire.closed for one in (first, second, third, fourth)] == [False, True, False, False]
    for visitor in (first, third, fourth):
        visitor.say(HALF)
    fifth = hall.visit()
    assert [one.wire.closed for one in (first, third, fourth, fifth)] == [False, False, False, True]
    assert [one.status for one in first.say(b"5")] == [200]
    assert not hall.visit().wire.closed


def test_attack_refused_clients_that_stay_make_room() -> None:
    """Whoever has heard why it is refused and does not leave holds no place that a newcomer needs."""
    hall, _ = echoing(Limits(connections=3))
    refused = [hall.visit() for _ in range(3)]
    heard = [one.status for visitor in refused for one in visitor.say(request("GET", "/nowhere"))]
    newcomers = [hall.visit() for _ in range(3)]

    assert heard == [404] * 3
    assert [one.wire.closed for one in (*refused, *newcomers)] == [True] * 3 + [False] * 3
    assert [one.status for one in newcomers[0].say(request("GET", "/healthz"))] == [200]


@pytest.mark.parametrize(
    ("raw", "closes"),
    [
        (b"GET /healthz HTTP/1.0\r\n\r\n", True),
        (b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", False),
        (request("GET", "/healthz", connection="close"), True),
        (request("GET", "/healthz", connection="Keep-Alive, CLOSE"), True),
        (request("GET", "/healthz", connection="keep-alive"), False),
    ],
)
def test_a_client_says_whether_it_goes_on(raw: bytes, *, closes: bool) -> None:
    """`Connection: close` and HTTP/1.0 end the connection behind the answer."""
    hall, _ = echoing()
    visitor = hall.visit()
    (sent,) = visitor.say(raw)

    assert (sent.status, sent.headers.get("connection")) == (200, "close" if closes else None)
    assert visitor.wire.ended == closes


def test_a_client_that_waits_is_told_to_go_on() -> None:
    """`100 Continue` before the body, unless it comes already; never to HTTP/1.0, nor where no body is wanted."""
    raw = request("POST", "/add-checkpoint", b"12345", expect="100-continue")
    told = []
    for head in (raw[:-5], raw[:-4], raw[:-5].replace(b"HTTP/1.1", b"HTTP/1.0"), raw[:-5].replace(b"add", b"no")):
        visitor = echoing()[0].visit()
        visitor.tell(head)
        told.append(bytes(visitor.wire.sent))
        visitor.wire.sent.clear()
        if not visitor.wire.ended:
            assert [one.body for one in visitor.say(raw[-5:] if head[-1:] == b"\n" else raw[-4:])] == [b"12345"]

    assert told[:3] == [b"HTTP/1.1 100 Continue\r\n\r\n", b"", b""]
    assert told[3].startswith(b"HTTP/1.1 404 ")


def test_a_client_that_does_not_even_take_the_100_is_told_once_more() -> None:
    """Its body may come first: the answer follows what it has not taken yet."""
    hall, _ = echoing()
    visitor = hall.visit()
    raw = request("POST", "/add-checkpoint", b"12345", expect="100-continue")
    visitor.wire.full = True
    visitor.tell(raw[:-5])
    visitor.tell(raw[-5:], HALF)
    visitor.take()

    assert [one.body for one in visitor.heard()] == [b"12345"]
    assert [one.body for one in visitor.say(b"5")] == [b"12345"]


def test_a_client_that_only_has_no_more_to_ask_is_answered() -> None:
    """Half a connection is closed while its answer is made: the answer goes out, and then the other half."""
    hall, _ = echoing()
    visitor = hall.visit()
    hall.threads.held = True
    visitor.say(HALF + b"5")
    visitor.hang_up()
    hall.threads.release()
    hall.loop.settle()
    (sent,) = visitor.heard()

    assert (sent.status, sent.headers["connection"], visitor.wire.closed) == (200, "close", True)


def test_a_client_that_goes_away_harms_nothing() -> None:
    """In the middle of a head, a body or an answer: nothing is judged but what came whole, and the place is free."""
    hall, echo = echoing()
    for raw in (b"", HALF[:10], HALF, HALF + b"5"):
        visitor = hall.visit()
        hall.threads.held = True
        visitor.say(raw)
        visitor.vanish()
        hall.threads.held = False
        hall.threads.release()
        hall.loop.settle()
        hall.loop.wait(1000)
        assert visitor.heard() == []

    assert (hall.house.guests, echo.asked) == (set(), [b"12345"])


def test_a_client_that_is_gone_when_it_is_refused_harms_nothing() -> None:
    """The network says so where the connection is to be ended."""
    hall, _ = echoing()
    visitor = hall.visit()
    visitor.wire.breaks = True
    visitor.say(request("GET", "/nowhere"))
    hall.loop.wait(Limits().parting_seconds)

    assert hall.house.guests == set()


def test_told_to_end_it_finishes_what_is_under_way() -> None:
    """Whoever is idle is closed at once; who is being answered, or in the middle of a request, behind the answer."""
    hall, _ = echoing()
    idle, busy, half = (hall.visit() for _ in range(3))
    hall.threads.held = True
    busy.say(HALF + b"5")
    half.say(HALF)
    for visitor in (idle, busy, half):
        visitor.wire.protocol.part()
    closed = [one.wire.closed for one in (idle, busy, half)]
    half.say(b"5")
    hall.threads.release()
    hall.loop.settle()

    assert closed == [True, False, False]
    assert [[one.headers["connection"] for one in visitor.heard()] for visitor in (busy, half)] == [["close"]] * 2
    assert hall.house.guests == set()


def test_a_defect_is_an_answer_without_words(bench: Bench, witness: OpenWitness) -> None:
    """500; the log names the kind of error and nothing else."""

    class Broken(type(witness.cosigner)):  # type: ignore[misc]  # a witness that fails
        def add_checkpoint(self, body: bytes) -> Answer:
            raise RuntimeError(f"secret {body!r}")

    sent = Hall(Broken.__new__(Broken), log=bench.events).ask("POST", "/add-checkpoint", b"content")

    assert (sent.status, sent.body) == (500, b"Internal Server Error\n")
    assert bench.events.of("failure") == [{"error": "RuntimeError"}]


def test_the_log_holds_nothing_of_strangers(hall: Hall, bench: Bench) -> None:
    """Our paths by name, anybody else's not at all, and no more of what is no request."""
    for path in ("/add-checkpoint", MONITOR, "/secret-in-a-path"):
        hall.ask("GET", path)
    hall.visit().say(b"secret in a head\r\n")

    assert [event["path"] for event in bench.events.of("request")] == [
        "/add-checkpoint",
        "monitoring",
        "other",
        "other",
    ]
    assert "secret" not in str(bench.events.noted)


@settings(max_examples=50, deadline=None)
@given(raw=st.binary(max_size=400), cuts=st.lists(st.integers(0, 400), max_size=8))
def test_noise_is_never_answered_with_200(raw: bytes, cuts: list[int]) -> None:
    """Arbitrary bytes in arbitrary pieces raise nothing, and are refused at most once."""
    hall, echo = echoing()
    visitor = hall.visit()
    sent = say_cut(visitor, raw, cuts)
    hall.loop.wait(5)
    sent += visitor.heard()

    assert echo.asked == []
    assert [one.status for one in sent if one.status not in {400, 404, 408}] == []
    assert len(sent) <= 1
    hall.loop.wait(5)
    assert hall.house.guests == set()


_FIELDS = st.sampled_from(
    [
        b"Host: w\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 05\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Connection: close\r\n",
        b"X: y\n",
        b"\r\n",
        b"5\r\n12345\r\n0\r\n\r\n",
    ]
)


@settings(max_examples=50, deadline=None)
@given(
    line=st.sampled_from([b"POST /add-checkpoint HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\n", b"POST / HTTP/1.0\r\n"]),
    fields=st.lists(_FIELDS, max_size=6),
    body=st.binary(max_size=8),
    cuts=st.lists(st.integers(0, 200), max_size=8),
)
def test_how_a_request_is_cut_changes_nothing(line: bytes, fields: list[bytes], body: bytes, cuts: list[int]) -> None:
    """Almost-requests in any pieces are answered, and judged, as they are in one."""
    raw = line + b"".join(fields) + b"\r\n" + body
    whole, cut = echoing(), echoing()
    of_whole = say_cut(whole[0].visit(), raw, [])
    of_cut = say_cut(cut[0].visit(), raw, cuts)

    assert of_cut == of_whole
    assert cut[1].asked == whole[1].asked
    assert all(len(asked) == 5 for asked in whole[1].asked)


def say_cut(visitor: Visitor, raw: bytes, cuts: list[int]) -> list[object]:
    """Send bytes in pieces, and return what was answered."""
    places = [0, *sorted(cuts), len(raw)]
    return [*visitor.say(*(raw[start:end] for start, end in pairwise(places)))]

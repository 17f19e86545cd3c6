"""The edge of the program: no stack trace, no content in a defect's words, progress that does not scroll away."""

import datetime as dt
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from clients.cli import app as application
from clients.cli.app import run
from clients.cli.edge import Edge, real_edge
from clients.cli.options import edge_of
from clients.errors import HomeError, ListError
from clients.home import HomeConfig, create_home
from clients.passphrase import Passphrases, Purpose
from clients.patience import PatientTransport, Request, Response
from clients.session import World
from crypto.errors import KeystoreError
from ledger.errors import MalformedError
from tests.support.fakes import FixedClock
from tests.support.keystores import PASSPHRASE, WEAK, small_keystore

CLOCK = FixedClock()


class Nowhere:
    """A network that is not there."""

    def send(self, request: Request, *, limit: int) -> Response:
        """Fail."""
        raise AssertionError(f"nobody should ask for {request.path} of {limit} bytes")


def edge(output: list[str], notes: list[str], *, clock: Callable[[], int] = CLOCK) -> Edge:
    """Return an edge whose writing is kept."""
    return Edge(
        environ={},
        passphrases=Passphrases({}, ask=lambda _question: PASSPHRASE.decode()),
        world=World(clock=clock, token_bytes=bytes, sleep=lambda _seconds: None),
        connect=lambda _url: Nowhere(),
        write=output.append,
        note=notes.append,
        cost=WEAK,
    )


@pytest.fixture
def failing() -> Callable[[BaseException], tuple[int, str, str]]:
    """Give a way to run a command that fails with any error: code, output, notes."""

    def fail(error: BaseException, *options: str) -> tuple[int, str, str]:
        output: list[str] = []
        notes: list[str] = []
        code = application._failed(error, edge(output, notes), as_json="--json" in options)
        return int(code), "\n".join(output), "\n".join(notes)

    return fail


Failing = Callable[..., tuple[int, str, str]]


def test_a_defect_is_named_by_its_type_alone(failing: Failing) -> None:
    """Its text may hold a serial; that what is logged is safe is what a person wants to know."""
    code, output, notes = failing(ValueError("canary ABE 573528"))

    assert code == 1
    assert "ValueError" in notes
    assert "canary" not in notes + output
    assert "not affected" in notes


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ListError("what", next_step="do this"), 1, "next: do this"),
        (HomeError("what"), 2, "✗ what"),
        (MalformedError("what"), 1, "✗ what"),
        (KeystoreError("what"), 1, "✗ what"),
        (KeyboardInterrupt(), 2, "run the same command again"),
        (typer.Abort(), 2, "run the same command again"),
        (FileNotFoundError(2, "No such file or directory", "list.csv"), 1, "No such file or directory (list.csv)"),
    ],
)
def test_each_failure_ends_in_words(failing: Failing, error: BaseException, code: int, words: str) -> None:
    """Ours with their step, interruptions with the way on, files with their name."""
    assert failing(error)[0] == code
    assert words in failing(error)[2]


def test_a_failure_for_machines_is_one_document_on_the_output(failing: Failing) -> None:
    """And nothing beside it."""
    code, output, notes = failing(ListError("what", next_step="do this"), "--json")

    assert json.loads(output) == {"error": "ListError", "what": "what", "next": "do this"}
    assert (code, notes) == (1, "")


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["submit", "--nonsense"], ["show"], ["charter"], ["audit", "--from"], ["list", "--event"]],
)
def test_wrong_usage_is_two(arguments: list[str]) -> None:
    """With a pointer to the help, whatever is wrong."""
    output: list[str] = []
    notes: list[str] = []

    assert run(arguments, edge(output, notes)) == 2
    assert "Traceback" not in "\n".join([*output, *notes])


@pytest.mark.parametrize("arguments", [[], ["charter"], ["desk", "use"]])
def test_whoever_names_no_command_is_shown_which_there_are(arguments: list[str]) -> None:
    """The list of commands alone, without a cross before it or a pointer to what it already is."""
    output: list[str] = []
    notes: list[str] = []

    assert run(arguments, edge(output, notes)) == 2
    told = "\n".join([*output, *notes])
    assert told.startswith(" ".join(["Usage: sealtrace", *arguments]))
    assert "Commands:" in told
    assert "✗" not in told
    assert "next:" not in told


@pytest.mark.parametrize("arguments", [["--help"], ["submit", "-h"], ["charter", "propose", "--help"]])
def test_help_is_no_failure(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0, with an example in every command's."""
    assert run(arguments, edge([], [])) == 0
    told = capsys.readouterr().out

    assert "Usage" in told
    assert "Example" in told or arguments == ["--help"]


def test_progress_is_told_once_a_tenth() -> None:
    """A thousand steps in eleven lines at most, the last of them told."""
    notes: list[str] = []
    tell = edge([], notes).progress("rows")
    for done in range(1, 1_001):
        tell(done, 1_000)

    assert len(notes) == 11
    assert (notes[0], notes[-1]) == ("rows: 1 of 1,000", "rows: 1,000 of 1,000")


@pytest.mark.parametrize("steps", [[(0, 0)], [(1, 1)], [(5, 5), (5, 5)], [(49, 49)]])
def test_of_little_work_no_progress_is_told(steps: list[tuple[int, int]]) -> None:
    """It is done before anybody wonders, and its result says so."""
    notes: list[str] = []
    tell = edge([], notes).progress("rows")
    for done, total in steps:
        tell(done, total)

    assert notes == []


def test_today_is_the_day_in_utc() -> None:
    """Not the machine's: a list is judged alike everywhere."""
    clock = FixedClock(int(dt.datetime(2026, 11, 21, 23, 59, 59, tzinfo=dt.UTC).timestamp()))

    assert edge([], [], clock=clock).today() == dt.date(2026, 11, 21)
    clock.advance(1)
    assert edge([], [], clock=clock).today() == dt.date(2026, 11, 22)


def test_a_result_is_text_for_a_person_and_json_for_a_machine() -> None:
    """Never both."""
    output: list[str] = []
    shown = edge(output, [])
    shown.show("words", {"é": 1}, as_json=False)
    shown.show("words", {"é": 1}, as_json=True)

    assert output == ["words", '{\n  "é": 1\n}']


def test_a_home_that_has_not_joined_is_told_what_to_do(tmp_path: Path) -> None:
    """Before a passphrase is asked for."""
    create_home(str(tmp_path / "home"), {}, HomeConfig(id="xar-arms", name="Arms", country="XAR"))
    asked: list[str] = []
    world = edge([], [])
    told = Edge(
        environ={},
        passphrases=Passphrases({}, ask=lambda question: asked.append(question) or "x"),
        world=world.world,
        connect=world.connect,
        write=world.write,
        note=world.note,
    )

    with pytest.raises(HomeError, match="follows no log yet"), told.session(str(tmp_path / "home")):
        pytest.fail("no session should open")
    assert asked == []


def test_a_weak_keystore_is_opened_by_tests_alone(tmp_path: Path) -> None:
    """The real edge refuses parameters below the strong ones."""
    home = create_home(str(tmp_path / "home"), {}, HomeConfig(id="xar-arms", name="Arms", country="XAR"))
    small_keystore(home.path)
    weak = edge([], [])
    strong = Edge(
        environ={},
        passphrases=weak.passphrases,
        world=weak.world,
        connect=weak.connect,
        write=weak.write,
        note=weak.note,
    )

    assert dict(weak.keyring(home, Purpose.KEYSTORE).epoch_keys()) == {}
    with pytest.raises(KeystoreError):
        strong.keyring(home, Purpose.KEYSTORE)


def test_two_programs_on_one_home_take_turns(tmp_path: Path) -> None:
    """The second waits for the first: the outbox is never written by both."""
    home = create_home(str(tmp_path / "home"), {}, HomeConfig(id="xar-arms", name="Arms", country="XAR"))
    order: list[str] = []

    def second() -> None:
        with home.exclusive():
            order.append("second")

    with home.exclusive():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(timeout=0.2)
        order.append("first")
    thread.join()

    assert order == ["first", "second"]


def test_the_real_edge_touches_the_world(capsys: pytest.CaptureFixture[str]) -> None:
    """The clock runs, chance is chance, output and notes go their own ways, addresses are checked."""
    real = real_edge({})
    real.write("result")
    real.note("progress")
    told = capsys.readouterr()

    assert abs(real.world.clock() - dt.datetime.now(dt.UTC).timestamp()) < 5
    assert real.world.token_bytes(16) != real.world.token_bytes(16)
    assert (told.out, told.err) == ("result\n", "progress\n")
    assert isinstance(real.connect("https://ledger.example"), PatientTransport)
    with pytest.raises(HomeError):
        real.connect("http://ledger.example")


def test_a_command_without_an_edge_is_not_run() -> None:
    """Nothing below the edge reaches for the world by itself."""
    context = typer.Context(typer.main.get_command(application.app))

    with pytest.raises(typer.Exit):
        edge_of(context)

"""Imports as rows: only the steps that are listed, one outcome for two who try, nothing kept once it is over."""

import contextlib
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, event

from clients.database import open_database
from clients.errors import ClientError, ListError
from clients.intake.reading import MAX_UPLOAD_BYTES
from clients.intake.states import FOLLOWING, State
from clients.intake.store import MAX_OPEN, ChangedError, Import, Imports, Kind, MissingError, New, Told
from clients.intake.tables import TABLES
from tests.support.fakes import FixedClock

KEY = bytes(32)


def new(person: int = 1, once: bytes | None = None) -> New:
    """Return what begins an import."""
    return New(
        once=once or token_bytes(16), kind=Kind.LIST, name="list.csv", person=person, officer="A. Abiola", raw=b"secret"
    )


@pytest.fixture
def imports(tmp_path: Path) -> Imports:
    """Give the imports of a new desk."""
    return Imports(open_database(tmp_path / "desk.sqlite", TABLES, key=KEY), clock=FixedClock())


def test_every_state_has_its_followers_and_only_three_have_none() -> None:
    """A new state does not pass unnoticed: somebody decides what may follow it, and what leads to it."""
    assert set(FOLLOWING) == set(State)
    assert {state for state in State if state.is_over} == {State.DONE, State.REFUSED, State.ENDED}
    assert set(State) - {State.UPLOADED} <= set().union(*FOLLOWING.values())
    assert FOLLOWING[State.SENDING] == {State.DONE, State.CHECKED}


@pytest.mark.parametrize("state", [state for state in State if State.SENDING in FOLLOWING[state]])
def test_only_what_was_approved_is_sent(state: State) -> None:
    """No other state leads to sending, so nothing unsigned is sealed."""
    assert state is State.APPROVED


def test_a_step_from_an_earlier_page_is_refused(imports: Imports) -> None:
    """The revision decides: what somebody saw before the last step is gone."""
    before = imports.add(new())
    imports.move(before, State.MAPPED, map="x")

    with pytest.raises(ChangedError, match="somebody, or an earlier click"):
        imports.move(before, State.ENDED)
    with pytest.raises(ChangedError):
        imports.note(before, map="y")
    assert imports.get(before.number).map == "x"


def test_the_same_form_begins_one_import(imports: Imports) -> None:
    """Sent twice it is known by its number, whatever it holds the second time."""
    first, again = imports.add(new(once=bytes(16))), imports.add(new(person=2, once=bytes(16)))

    assert (first.number, again.person) == (again.number, 1)


def test_nobody_fills_the_desk_with_lists(imports: Imports) -> None:
    """Of one person so many at a time; others go on."""
    for _ in range(MAX_OPEN):
        imports.add(new())

    with pytest.raises(ClientError, match="not over"):
        imports.add(new())
    assert imports.add(new(person=2)).person == 2
    imports.move(imports.unfinished()[0], State.ENDED)
    assert imports.add(new()).number == MAX_OPEN + 2


def test_a_list_that_is_too_large_is_not_kept(imports: Imports) -> None:
    """Whatever let it in: the desk keeps no more than the gate lets through."""
    with pytest.raises(ListError, match="larger than 16,777,216 bytes"):
        imports.add(replace(new(), raw=bytes(MAX_UPLOAD_BYTES + 1)))
    assert imports.listed() == ()


def test_an_import_that_there_is_not(imports: Imports) -> None:
    """Is missing by its number, and so is what it held once it is over."""
    with pytest.raises(MissingError):
        imports.get(7)
    over = imports.move(imports.add(new()), State.ENDED)
    with pytest.raises(MissingError, match="deleted"):
        imports.content(over.number)


def test_read_again_forgets_what_was_made_of_the_first_reading(imports: Imports) -> None:
    """Table, problems and rejected rows are of the sheet that was read wrongly."""
    one = imports.note(imports.add(new()), read=b"table")
    one = imports.move(one, State.MAPPED)
    one = imports.move(one, State.CHECKED, problems=b"p", rejected=b"r")
    imports.move(one, State.UPLOADED)
    content = imports.content(one.number)

    assert (content.raw, content.read, content.problems, content.rejected) == (b"secret", None, None, None)


def test_progress_changes_no_revision_and_only_while_sending(imports: Imports) -> None:
    """It is said beside the steps, so it spoils nobody's page."""
    one = imports.add(new())
    imports.progress(one.number, done=1, total=2)
    assert imports.get(one.number).done == 0
    for state in (State.MAPPED, State.CHECKED, State.APPROVED, State.SENDING):
        one = imports.move(one, state)
    imports.progress(one.number, done=1, total=2)

    assert (imports.get(one.number).done, imports.get(one.number).revision) == (1, one.revision)


def test_an_uploaded_list_is_not_in_the_file_in_the_clear(tmp_path: Path) -> None:
    """Neither while it is needed nor after: the database is encrypted, and what is deleted is overwritten."""
    path = tmp_path / "desk.sqlite"
    engine = open_database(path, TABLES, key=KEY)
    imports = Imports(engine, clock=FixedClock())
    imports.add(New(once=bytes(16), kind=Kind.LIST, name="canary-name", person=1, officer="A", raw=b"canary-list" * 99))
    engine.dispose()
    found = b"".join(one.read_bytes() for one in tmp_path.iterdir())

    assert b"canary" not in found


class ImportMachine(RuleBasedStateMachine):
    """Two people at one import, one of whom looks at an old page; the model is the state alone."""

    folder: ClassVar = TemporaryDirectory()
    engine: Engine | None = None

    @initialize()
    def begin(self) -> None:
        """Open a desk and upload."""
        self.start_again()
        self.now: Import = self.imports.add(new())
        self.old = self.now

    @rule(to=st.sampled_from(State), text=st.text(max_size=20))
    def move(self, to: State, text: str) -> None:
        """Take the step that a fresh page offers, if there is one."""
        if to in FOLLOWING[self.now.state]:
            self.old, self.now = self.now, self.imports.move(self.now, to, told=Told(what=text))
            assert (self.now.state, self.now.told.what) == (to, text)
        else:
            with pytest.raises(ChangedError):
                self.imports.move(self.now, to)

    @rule(to=st.sampled_from(State))
    def move_from_an_old_page(self, to: State) -> None:
        """Never changes anything, whatever the page offered."""
        if self.old.revision < self.now.revision:
            with pytest.raises(ChangedError):
                self.imports.move(self.old, to)

    @rule()
    @precondition(lambda self: not self.now.state.is_over)
    def note(self) -> None:
        """Write something down."""
        self.old, self.now = self.now, self.imports.note(self.now, map="m")

    @rule()
    def start_again(self) -> None:
        """Close the desk and open it again: all examples are imports of one desk."""
        if self.engine is not None:
            self.engine.dispose()
        self.engine = open_database(Path(self.folder.name) / "desk.sqlite", TABLES, key=KEY)
        # What is written here need not survive a power cut, and waiting for the disk is most of the time.
        event.listen(self.engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous=OFF"))
        self.engine.dispose()
        self.imports = Imports(self.engine, clock=FixedClock())

    @invariant()
    def the_row_is_the_model(self) -> None:
        """State, revision, and whether the list is still there."""
        found = self.imports.get(self.now.number)
        assert (found.state, found.revision) == (self.now.state, self.now.revision)
        kept = False
        with contextlib.suppress(MissingError):
            kept = self.imports.content(found.number).raw == b"secret"
        assert kept is not found.state.is_over
        assert (found in self.imports.unfinished()) is not found.state.is_over

    def teardown(self) -> None:
        """Close it, and leave nobody with too many imports."""
        if self.engine is not None:
            for one in self.imports.unfinished():
                with self.engine.begin() as connection:
                    connection.exec_driver_sql("UPDATE import SET state = 'ended' WHERE number = ?", (one.number,))
            self.engine.dispose()


def test_imports_as_a_state_machine() -> None:
    """Whatever is done to imports in whatever order, each is in one state that its steps allow, and none is lost."""
    run_state_machine_as_test(ImportMachine, settings=settings(max_examples=12, stateful_step_count=20))

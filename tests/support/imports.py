"""A desk's bench over a walk: the steps of imports as the desk's worker does them, without the desk."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from secrets import token_bytes

from clients.codes import load_tables
from clients.database import open_database
from clients.encrypting import home_key
from clients.home import Home
from clients.intake.advancing import Bench, advance
from clients.intake.columns import Choices, map_of
from clients.intake.states import State
from clients.intake.store import Import, Imports, Kind, New
from clients.intake.tables import TABLES
from clients.keyring import Keyring
from clients.session import Session, World, open_session
from clients.transport import Transport
from tests.support.loopback import PHRASE, Walk

TODAY = dt.date(2026, 11, 21)
PERSON, OFFICER = 7, "A. Abiola"
CSV = b"make,serial,date,note\nTaurus,ABE 573528,2026-03-14,seen\nColt,00573,2026-03-15,\n"
CHOICES = Choices(
    columns={
        "make": "item.make",
        "serial": "item.serials",
        "date": "event.date",
        "note": "case.circumstances",
    }
)
MAP = map_of(CHOICES, title="seizures")


def open_imports(folder: Path, clock: object) -> Imports:
    """Return the imports of a desk whose database lies in `folder`, as another start of it would open them."""
    return Imports(open_database(folder / "imports.sqlite", TABLES, key=bytes(32)), clock=clock)


def bench_of(walk: Walk, agency: str, *, transport: Transport | None = None, imports: Imports | None = None) -> Bench:
    """Return the bench of an agency's desk; a second one is the desk started again."""
    return bench_at(walk.homes[agency], transport or walk.transport, walk.world(), imports=imports)


def bench_at(home: Home, transport: Transport, world: World, *, imports: Imports | None = None) -> Bench:
    """Return the bench of a home, wherever its service is."""

    def keys() -> Keyring:
        return Keyring.open(home.keystore, passphrase=PHRASE, allow_weak=True)

    @contextmanager
    def session() -> Iterator[Session]:
        found = open_session(home, keys(), transport=transport, world=world)
        try:
            yield found
        finally:
            found.close()

    keyring = keys()
    return Bench(
        imports=imports or open_imports(home.path, world.clock),
        now=world.clock,
        home=home,
        keyring=keyring,
        database_key=home_key(home, keyring, tell=print),
        today=lambda: TODAY,
        tables=lambda: load_tables(home),
        session=session,
    )


def uploaded(bench: Bench, raw: bytes = CSV, *, name: str = "seizures.csv") -> Import:
    """Return an import that was uploaded and read."""
    one = bench.imports.add(
        New(once=token_bytes(16), kind=Kind.LIST, name=name, person=PERSON, officer=OFFICER, raw=raw)
    )
    advance(bench)
    return bench.imports.get(one.number)


def checked(bench: Bench, raw: bytes = CSV, *, text: str = MAP) -> Import:
    """Return an import whose columns were confirmed and that was checked."""
    one = bench.imports.move(uploaded(bench, raw), State.MAPPED, map=text)
    advance(bench)
    return bench.imports.get(one.number)


def approved(bench: Bench, raw: bytes = CSV, *, text: str = MAP, correct: bool = False) -> Import:
    """Return an import that one officer signed for."""
    return bench.imports.move(checked(bench, raw, text=text), State.APPROVED, good_rows=True, correct=correct)


def with_imports(bench: Bench, imports: Imports) -> Bench:
    """Return the same bench over other imports."""
    return replace(bench, imports=imports)


def go_on(bench: Bench) -> None:
    """Do what the person or the program does next with the newest import: the person signs what is checked."""
    one = bench.imports.listed()[0]
    if one.state is State.UPLOADED and one.findings:
        bench.imports.move(one, State.MAPPED, map=MAP)
    elif one.state is State.CHECKED:
        bench.imports.move(one, State.APPROVED)
    else:
        advance(bench)

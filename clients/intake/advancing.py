"""The program's own steps of an import: read what was uploaded, check what was mapped, send what was approved.

One after the other, in the desk's worker. Each ends in one compare-and-swap, so it can be killed and done again.
"""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from clients.corrections import sort_rows
from clients.errors import ClientError, ListError
from clients.home import Home
from clients.intake import sending
from clients.intake.checking import Rules, findings, pack_problems, rules_of
from clients.intake.planning import Plans, list_of
from clients.intake.reading import header_of, pack
from clients.intake.states import State
from clients.intake.store import ChangedError, Import, Imports, Told
from clients.keyring import Keyring
from clients.lists.proposing import propose_map
from clients.lists.reading import read_table
from clients.lists.report import rejected_csv
from clients.lists.tables import Format, Table
from clients.lists.values import Tables
from clients.lists.workbooks import WORKBOOK
from clients.outbox import Outbox
from clients.replica import Replica
from clients.session import Session
from clients.syncing import Sync
from clients.trust import Trust
from crypto.errors import CryptoError
from ledger.errors import LedgerError
from ledger.jsontext import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the steps work with: the imports, the home and its keys, and how to go online, alone with the home."""

    imports: Imports
    now: Callable[[], int]
    home: Home
    keyring: Keyring = field(repr=False)
    database_key: bytes = field(repr=False)
    today: Callable[[], dt.date]
    tables: Callable[[], Tables]
    session: Callable[[], AbstractContextManager[Session]]
    plans: Plans = field(default_factory=Plans, repr=False)

    def within(self, connection: Connection) -> "Bench":
        """Return the same, for a step that is taken in a transaction that is under way."""
        return replace(self, imports=self.imports.within(connection))

    def rules(self) -> Rules:
        """Return what plans a list by the charters that were verified last, without a network."""
        self.keyring.reload()  # a command beside the desk may have drawn the key for rows
        charters = Trust(self.home.trusted).charters()
        return rules_of(self.home, self.keyring, charters, today=self.today(), tables=self.tables())


def advance(bench: Bench) -> int:
    """Do every step that is the program's; return how many imports came further. What stops one stops no other."""
    steps = 0
    for one in bench.imports.unfinished():
        if _is_mine(one):
            with suppress(ChangedError):  # a person was there first
                steps += _step(bench, one)
    bench.plans.keep_of({one.number for one in bench.imports.unfinished()})
    return steps


def check_now(bench: Bench, one: Import) -> Import:
    """Check a mapped import; return it as checked, or back at its columns where the map does not fit them."""
    content = bench.imports.content(one.number)
    rules = bench.rules()
    try:
        prepared = bench.plans.of(one, content, rules)
    except ListError as error:
        table, _ = list_of(one, content)
        return bench.imports.move(one, State.UPLOADED, told=told(error), read=content.read, findings=_columns(table))
    outbox = Outbox(bench.home.outbox, key=bench.database_key)
    replica = Replica(bench.home.replica, key=bench.database_key)
    try:
        found = findings(prepared, sort_rows(prepared.rows, outbox=outbox, replica=replica), rules.profile)
    finally:
        outbox.close()
        replica.close()
    rejected = rejected_csv(prepared.table, prepared.rejected, prepared.problems) if prepared.rejected else ""
    return bench.imports.move(
        one,
        State.CHECKED,
        findings=found,
        problems=pack_problems(prepared.problems),
        rejected=rejected.encode("utf-8-sig"),
        proposal=b"",
    )


def read_now(bench: Bench, one: Import) -> Import:
    """Read what was uploaded; return the import with its columns and a map for them, or with the reason why not.

    It is refused for good where nothing else can be tried. Where a sheet can be named, or its officer had said how it is
    to be read, it stays, with the sheets that there are.
    """
    raw = bench.imports.content(one.number).raw
    try:
        table = read_table(raw, form=one.form)
    except ListError as error:
        if not error.sheets and one.form == Format():
            return bench.imports.move(one, State.REFUSED, told=told(error))
        unread = {"is_unread": True, "sheets": [*error.sheets], "is_text": not raw.startswith(WORKBOOK)}
        return bench.imports.note(one, told=told(error).to_json(), findings=unread)
    known = bench.imports.remembered(header_of(table))
    text = known[0][1] if known else propose_map(table)
    return bench.imports.note(one, read=pack(table), map=text, total=len(table.rows), findings=_columns(table))


def told(error: Exception) -> Told:
    """Return what an error says to a person."""
    return Told(what=str(error), fix=getattr(error, "next_step", ""))


def _is_mine(one: Import) -> bool:
    """Say whether the next step is the program's: an upload's is, until its columns are known."""
    return one.state.is_worked_on or (one.state is State.UPLOADED and not one.findings)


def _step(bench: Bench, one: Import) -> int:
    match one.state:
        case State.UPLOADED:
            read_now(bench, one)
        case State.MAPPED:
            check_now(bench, one)
        case _:
            return _send(bench, one)
    return 1


def _send(bench: Bench, one: Import) -> int:
    """Send, and list what was sent; what stops it is told, and tried again at the next turn."""
    try:
        with bench.session() as session:
            rules = sending.rules_now(session)
            prepared = bench.plans.of(one, bench.imports.content(one.number), rules)
            sending.send(session, bench.imports, one, prepared, rules.profile)
            with suppress(ClientError, LedgerError, CryptoError):  # it is logged: the next sync lists it too
                Sync(session, progress=lambda _done, _total: None).by_feed()
    except ChangedError:
        raise
    except (ClientError, LedgerError, CryptoError) as error:
        now = bench.imports.get(one.number)
        if now.state in {State.APPROVED, State.SENDING} and now.told != told(error):
            bench.imports.note(now, told=told(error).to_json())
        return 0
    return 1


def _columns(table: Table) -> dict[str, JsonValue]:
    """Return what the page of columns shows: each column's name, and where the header stood."""
    return {"header": [*table.header], "header_line": table.header_line, "source": table.source}

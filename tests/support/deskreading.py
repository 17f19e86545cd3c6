"""A desk with records to read: logged by its own agency and by a partner, with words that must be found in no wrong place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clients.desk.people.mandates import Mandate
from clients.desk.people.person import Role
from ledger.identifiers import StatementName
from ledger.labels import Level, Purpose
from tests.support.desks import Browser, Desk
from tests.support.lists import submit_rows
from tests.support.loopback import Walk

OWNER, PARTNER = "xar-arms", "xbe-cib"
ITEM, CASE = "CANARYITEM7731", "CANARYCASE9942"
TEXT = """
[[record]]
event = { column = "event" }
[record.fields]
"item.kind" = { value = "small_arm" }
"item.make" = { column = "make" }
"item.serials" = { column = "serial" }
"item.description" = { column = "description" }
"event.date" = { column = "date" }
"event.country" = { column = "country" }
"case.case_number" = { column = "case" }
"""


def row(**values: str) -> dict[str, str]:
    """Return a row of a list; whatever is not said is as usual."""
    usual = {
        "event": "recovery",
        "make": "Colt",
        "serial": "A12345",
        "description": ITEM,
        "date": "2024-02-11",
        "country": "XAR",
        "case": CASE,
    }
    return {**usual, **values}


def log(walk: Walk, agency: str, rows: Sequence[Mapping[str, str]]) -> None:
    """Log a list of an agency."""
    assert submit_rows(walk.session(agency), rows, text=TEXT).records == len(rows)


@dataclass
class Reading:
    """The desk of an agency, and people who read at it."""

    desk: Desk
    people: dict[object, object] = field(default_factory=dict)

    def browser(self, *roles: Role, clearance: Level | None = Level.RESTRICTED, name: str = "") -> Browser:
        """Return a browser where somebody with these roles and this clearance has just signed in."""
        told = name or f"{' '.join(sorted(role.value for role in roles))} {clearance}"
        found = self.desk.parts.people.accounts.named(told)
        mandate = Mandate(roles=frozenset(roles), clearance=clearance, purposes=frozenset({Purpose.TRACE}))
        return self.desk.browser(found or self.desk.add(told, mandate))

    def names(self) -> list[StatementName]:
        """Return the names of the records that the desk holds, in log order."""
        with self.desk.office.replica() as replica:
            return [one.name for one in replica.records()]

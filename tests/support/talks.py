"""Bodies of every kind, and threads of two or three agencies, made without a log."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from crypto.digests import sha256
from ledger.expunges import Why
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.labels import Level, Purpose, Terms
from ledger.talk.answers import (
    Acknowledgement,
    Decision,
    Ground,
    Question,
    Referral,
    Refusal,
    RefusalKind,
    Reply,
    Response,
)
from ledger.talk.bodies import Body
from ledger.talk.notices import Opened, Recall, Receipt
from ledger.talk.releases import Release, ReleasedEpoch
from ledger.talk.requests import Declared, DisclosureRequest, Onward, Priority, TraceRequest, What
from ledger.talk.state import Fault, Said, Thread
from ledger.talk.thread import listen

ASKER, OWNER, THIRD = "xar-arms", "xbe-cib", "xco-npa"
TERMS = Terms(level=Level.RESTRICTED, comp=frozenset(), purp=frozenset({Purpose.TRACE}), cav=("ORCON",))
DECLARED = Declared(purpose=Purpose.TRACE, use="an inquiry into a shooting")
FULL = Declared(
    purpose=Purpose.CRIM,
    use="an inquiry into\na shooting",
    priority=Priority.URGENT,
    reply_by=date(2031, 12, 31),
    onward=(Onward.COURT, Onward.PUBLIC),
    reference="K 17/2031",
)
WEAPON: dict[str, JsonValue] = {
    "item.calibre": "9x19",
    "item.country_of_manufacture": "BRA",
    "item.make": "TAU",
    "item.serials": [{"as_marked": "ABE 573528", "condition": "legible"}],
    "item.type": "PI",
}
RECORD = StatementName(OWNER, b"record of owner!")


def name(text: str, iss: str = OWNER) -> StatementName:
    """Return the name of a statement made from a word."""
    return StatementName(iss, sha256(text.encode())[:16])


def trace(declared: Declared = DECLARED) -> TraceRequest:
    """Return a request to trace a pistol."""
    return TraceRequest(weapon=WEAPON, declared=declared)


def disclosure(*portions: str, fields: tuple[str, ...] = (), declared: Declared = DECLARED) -> DisclosureRequest:
    """Return a request to be shown portions or fields."""
    return DisclosureRequest(what=What(portions=portions, fields=fields), declared=declared)


def epoch_release(terms: Terms = TERMS) -> Release:
    """Return a release of one closed epoch."""
    return Release(terms=terms, epochs=(ReleasedEpoch(ep=1, level=Level.RESTRICTED, ek=bytes(32), first=3, last=9),))


BODIES: tuple[Body, ...] = (
    trace(),
    TraceRequest(weapon=WEAPON, found={"event.kind": "recovery"}, circumstances="in a car", declared=FULL),
    disclosure("item", "case"),
    disclosure(fields=("case.offence",), declared=FULL),
    DisclosureRequest(what=What(history=True), declared=DECLARED),
    Acknowledgement(),
    Acknowledgement(reference="K 17", note="it is here"),
    Question(asks="which box?"),
    Reply(answers="the green one"),
    Reply(answers="it was another", weapon={"item.make": "COL"}),
    Referral(country="XDU", agency="xdu-moi", contact="duty desk", note="sold there in 1999"),
    Response(outcome=0, final=True, reason="no such weapon"),
    Response(outcome=3, final=False, custodian="depot 2", date="2019/2021-03", records=(RECORD,), note="more later"),
    Refusal(kind=RefusalKind.DELAY, ground=Ground.INVESTIGATION, until=date(2031, 1, 1)),
    Refusal(kind=RefusalKind.REFUSE, ground=Ground.LAW, reason="article 5"),
    Decision(what=What(portions=("case",)), terms=TERMS, reason="as asked"),
    Decision(what=What(history=True), terms=TERMS),
    epoch_release(),
    Receipt(of=(bytes(16), bytes([1] * 16))),
    Opened(purpose=Purpose.CT),
    Recall(why=Why.SAFETY, reason="the wrong person"),
)


@dataclass
class Talking:
    """A thread as it grows: each message takes the next index."""

    said: list[Said] = field(default_factory=list)
    step: int = 1

    def say(self, iss: str, to: str, body: Body, re: StatementName | None = None) -> StatementName:
        """Add a message; return its name."""
        index = 10 + self.step * len(self.said)
        named = StatementName(iss, index.to_bytes(16, "big"))
        self.said.append(Said(index=index, name=named, to=to, re=re, body=body))
        return named

    @property
    def thread(self) -> Thread:
        """Return what it comes to."""
        return listen(self.said)

    @property
    def fault(self) -> Fault | None:
        """Return why the last message counts for nothing, if it does."""
        return self.thread.heard[-1].fault


def hours(count: float) -> Callable[[int], int]:
    """Return times of entries that stand `count` hours apart."""
    return lambda index: int(index * count * 3_600)

"""What a thread comes to: who asked what, what became of it, what was released, and what did not count (docs/protocol.md, 6.16)."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any

from ledger.identifiers import StatementName
from ledger.messages import Kind
from ledger.talk.answers import Refusal
from ledger.talk.bodies import Body, kind_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A whole message of a thread: who said what to whom, and where it stands in the log."""

    index: int
    name: StatementName
    to: str
    re: StatementName | None
    body: Body

    @property
    def kind(self) -> Kind:
        """Return its kind."""
        return kind_of(self.body)

    @property
    def sides(self) -> frozenset[str]:
        """Return the two agencies between which it was said."""
        return frozenset({self.name.iss, self.to})


class Fault(Enum):
    """Why a message changes nothing; the value is fit to be shown."""

    UNKNOWN = "it answers no message of this thread"
    WRONG_AGENCY = "it answers a request that was put to another agency"
    NOT_THE_ASKER = "it answers another agency than the one that asked"
    WRONG_KIND = "a message of this kind does not answer that one"
    NOT_THEIR_RECORD = "it asks for a record that is not the recipient's"
    DECIDED = "the request was decided before"
    ACKNOWLEDGED = "the request was acknowledged before"
    QUESTION_OPEN = "an earlier question is not answered yet"
    ANSWERED = "the question was answered before"
    ASKS_OR_ANSWERS = "it answers a question where none was asked, or asks instead of answering"
    NOT_FINAL = "an asker tells how its trace ended once, after the answer"
    BEYOND_ASKED = "it grants more than was asked for"
    UNDECIDED = "nothing was decided that this release carries out"
    BEYOND_DECIDED = "it releases more than was decided, or under other terms"
    REFUSED = "the request was refused"
    RECALLED = "the release was recalled"
    OPENED = "it was opened before"
    NOT_RECEIVED = "it confirms what was not sent to it, or confirms it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question about a request, and where its answer stands."""

    said: Said
    answered: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request and what became of it.

    `heard` is where the agency that was asked first said anything to it; `told` the asker's own word on how it ended.
    """

    said: Said
    heard: int | None = None
    acknowledged: int | None = None
    questions: tuple[Asked, ...] = ()
    delay: Refusal | None = None
    decided: Said | None = None
    told: Said | None = None

    @property
    def open_question(self) -> Asked | None:
        """Return the question that the asker still owes an answer to: the last, as none counts while another is open."""
        return self.questions[-1] if self.questions and self.questions[-1].answered is None else None

    @property
    def refused(self) -> bool:
        """Say whether the decision was no."""
        return self.decided is not None and isinstance(self.decided.body, Refusal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A release, where it was first opened, and its recall."""

    said: Said
    opened: int | None = None
    recalled: Said | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message and, where it counts for nothing, why."""

    said: Said
    fault: Fault | None


def _nothing() -> Mapping[StatementName, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Where what was heard is found: what counts, each question's request and place there, what is to be confirmed by whom."""

    counted: Mapping[StatementName, Said] = field(default_factory=_nothing)
    questions: Mapping[StatementName, tuple[StatementName, int]] = field(default_factory=_nothing)
    sent: AbstractSet[tuple[StatementName, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """All that was said under one thread, as far as whoever holds it was party to it.

    What judges the next message is looked up by name and never searched for among the `heard`: whoever says much in a
    thread makes no single message cost its readers more.
    """

    heard: tuple[Heard, ...] = ()
    requests: Mapping[StatementName, Request] = field(default_factory=_nothing)
    releases: Mapping[StatementName, Released] = field(default_factory=_nothing)
    confirmed: Mapping[StatementName, int] = field(default_factory=_nothing)
    index: Index = field(default_factory=Index)

    def find(self, name: StatementName | None) -> Said | None:
        """Return the message of that name, if it counts."""
        return None if name is None else self.index.counted.get(name)

    def question(self, name: StatementName | None) -> tuple[Request, Asked] | None:
        """Return the question of that name, and the request that it is about."""
        place = None if name is None else self.index.questions.get(name)
        if place is None:
            return None
        request = self.requests[place[0]]
        return request, request.questions[place[1]]

    def is_sent(self, name: StatementName, to: str) -> bool:
        """Say whether a message of that name was sent to an agency and is one to be confirmed, whether it counts or not."""
        return (name, to) in self.index.sent

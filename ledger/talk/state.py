"""What a thread comes to: who asked what, what became of it, what was released, and what did not count (docs/protocol.md, 6.16)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

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
        """Return the question that the asker still owes an answer to."""
        return next((one for one in self.questions if one.answered is None), None)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """All that was said under one thread, as far as whoever holds it was party to it."""

    heard: tuple[Heard, ...] = ()
    requests: Mapping[StatementName, Request] = field(default_factory=lambda: MappingProxyType({}))
    releases: Mapping[StatementName, Released] = field(default_factory=lambda: MappingProxyType({}))
    confirmed: Mapping[StatementName, int] = field(default_factory=lambda: MappingProxyType({}))

    def find(self, name: StatementName | None) -> Said | None:
        """Return the message of that name, if it counts."""
        return next((one.said for one in self.heard if one.fault is None and one.said.name == name), None)

    def question(self, name: StatementName | None) -> tuple[Request, Asked] | None:
        """Return the question of that name, and the request that it is about."""
        pairs = ((request, asked) for request in self.requests.values() for asked in request.questions)
        return next((pair for pair in pairs if pair[1].said.name == name), None)

"""What the statements of one batch may say, in their order: each is judged after those before it (docs/protocol.md, 4-7)."""

from collections.abc import Sequence
from typing import Protocol, assert_never

from ledger.checks import locate, refuse
from ledger.epochs import IssuerEpochs, judge_grant
from ledger.errors import DuplicateError, LedgerError, MalformedError, NotAMemberError
from ledger.grants import Grant
from ledger.identifiers import StatementName
from ledger.log import RecordFacts
from ledger.membership import Membership
from ledger.messages import Message
from ledger.recordform import RecordHead
from ledger.submissions import Statement


class KnownRecords(Protocol):
    """Where the judge looks up an earlier record; a Store is one."""

    def record_facts(self, name: StatementName) -> RecordFacts | None:
        """Return what is known of a record, or None if there is none of that name."""


class StatementRules:
    """The judge of one batch: used once."""

    def __init__(self, *, membership: Membership, iss: str, first: int, known: KnownRecords | None) -> None:
        """Begin a batch of `iss` whose first statement stands at `first`."""
        self._membership = membership
        self._agency = membership.agency(iss, first)
        self._first = first
        self._known = known
        self._names: set[StatementName] = set()
        self._records: set[bytes] = set()
        self._superseded: set[bytes] = set()

    def judge(self, statements: Sequence[Statement | None], epochs: IssuerEpochs) -> IssuerEpochs:
        """Return the issuer's epochs after the batch, or raise; None stands for what was not parsed."""
        for place, statement in enumerate(statements):
            if statement is None:
                continue
            try:
                epochs = self._judge(statement, epochs, index=self._first + place)
            except LedgerError as error:
                locate(error, place)
                raise
        return epochs

    def _judge(self, statement: Statement, epochs: IssuerEpochs, *, index: int) -> IssuerEpochs:
        self._judge_name(statement.name)
        match statement:
            case RecordHead():
                self._judge_record(statement, epochs)
                return epochs
            case Grant():
                return judge_grant(epochs, statement, index=index, batch=self._first, membership=self._membership)
            case Message():
                return epochs
            case _:
                assert_never(statement)

    def _judge_name(self, name: StatementName) -> None:
        if name in self._names:
            raise DuplicateError("two statements of one name in a batch")
        self._names.add(name)

    def _judge_record(self, record: RecordHead, epochs: IssuerEpochs) -> None:
        if "submit" not in self._agency.roles:
            raise refuse(
                "record/role",
                expected="an agency with the role submit",
                found=self._agency.id,
                refusal=NotAMemberError(f"{self._agency.id} may not log records"),
            )
        epochs.check_record(record.ep)
        if record.sup is not None:
            self._judge_sup(record.sup)
        self._records.add(record.name.jti)

    def _judge_sup(self, sup: bytes) -> None:
        """Raise unless `sup` names an earlier record of the same issuer that nothing supersedes yet."""
        expected = "an earlier record of the issuer, superseded by none"
        facts = self._known.record_facts(StatementName(self._agency.id, sup)) if self._known else None
        if facts is None and sup not in self._records:
            refusal: LedgerError = MalformedError("a record supersedes one that its issuer never logged")
            raise refuse("record/sup", expected=expected, found=sup, refusal=refusal)
        if sup in self._superseded or (facts is not None and facts.superseded):
            refusal = DuplicateError("a record supersedes one that is superseded already")
            raise refuse("record/sup", expected=expected, found=sup, refusal=refusal)
        self._superseded.add(sup)

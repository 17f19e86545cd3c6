"""What the statements of one batch may say, in their order: each is judged after those before it (docs/protocol.md, 4-7)."""

from collections.abc import Sequence
from typing import Protocol, assert_never

from ledger.checks import locate, refuse
from ledger.epochs import IssuerEpochs, judge_grant
from ledger.errors import DuplicateError, LedgerError, MalformedError, NotAMemberError
from ledger.expunges import Expunge
from ledger.grants import Grant
from ledger.identifiers import StatementName
from ledger.log import RecordFacts
from ledger.membership import Membership
from ledger.messages import Message
from ledger.recordform import RecordHead
from ledger.renewals import Renewal
from ledger.submissions import Statement


class KnownRecords(Protocol):
    """Where the judge looks up an earlier record; a Store is one."""

    def record_facts(self, name: StatementName) -> RecordFacts | None:
        """Return what is known of a record, or None if there is none of that name."""


class StatementRules:
    """The judge of one batch: used once."""

    def __init__(self, *, membership: Membership, iss: str, first: int, seq: int, known: KnownRecords | None) -> None:
        """Begin a batch of `iss` whose first statement stands at `first`, and which follows its batch `seq`."""
        self._membership = membership
        self._agency = membership.agency(iss, first)
        self._first = first
        self._seq = seq
        self._known = known
        self._names: set[StatementName] = set()
        self._records: dict[bytes, RecordFacts] = {}
        self._superseded: set[bytes] = set()
        self._expunged: set[bytes] = set()

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
            case Renewal():
                self._judge_renewal(statement)
                return epochs
            case Expunge():
                self._judge_expunge(statement.of)
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
        self._records[record.name.jti] = RecordFacts(ep=record.ep, superseded=False)

    def _judge_renewal(self, renewal: Renewal) -> None:
        """Raise unless the renewal is of an earlier batch: seqs have no gaps, so every number up to the last is one.

        How many records that batch has, and whose slips these are, is for the service: it alone sees slips.
        """
        if renewal.batch > self._seq:
            raise refuse(
                "slips/batch",
                expected=f"at most {self._seq}",
                found=renewal.batch,
                refusal=MalformedError("new slips for a batch that its issuer has not logged"),
            )

    def _judge_sup(self, sup: bytes) -> None:
        """Raise unless `sup` names an earlier record of the same issuer that lives: not superseded, not expunged."""
        expected = "an earlier record of the issuer, superseded by none and not expunged"
        facts = self._facts(sup)
        if facts is None:
            refusal: LedgerError = MalformedError("a record supersedes one that its issuer never logged")
            raise refuse("record/sup", expected=expected, found=sup, refusal=refusal)
        if facts.superseded or facts.expunged:
            ended = "superseded" if facts.superseded else "expunged"
            refusal = DuplicateError(f"a record supersedes one that is {ended} already")
            raise refuse("record/sup", expected=expected, found=sup, refusal=refusal)
        self._superseded.add(sup)

    def _judge_expunge(self, of: bytes) -> None:
        """Raise unless `of` names an earlier record of the same issuer that is not expunged; superseded ones may be."""
        expected = "an earlier record of the issuer, not expunged"
        facts = self._facts(of)
        if facts is None:
            refusal: LedgerError = MalformedError("an expungement of a record that its issuer never logged")
            raise refuse("expunge/of", expected=expected, found=of, refusal=refusal)
        if facts.expunged:
            refusal = DuplicateError("the record is expunged already")
            raise refuse("expunge/of", expected=expected, found=of, refusal=refusal)
        self._expunged.add(of)

    def _facts(self, jti: bytes) -> RecordFacts | None:
        """Return what is known of an earlier record of the issuer, of this batch or one before; None if there is none."""
        facts = self._known.record_facts(StatementName(self._agency.id, jti)) if self._known else None
        if facts is None:
            facts = self._records.get(jti)
        if facts is None:
            return None
        return facts._replace(
            superseded=facts.superseded or jti in self._superseded, expunged=facts.expunged or jti in self._expunged
        )

"""Evaluations, questions, reviews: what the service answers without knowing what it is about (docs/protocol.md, 6).

Everything that changes something runs on the one thread that writes, in one transaction with the charge and the row
that the next tick reads. What is refused leaves nothing behind; what was answered is counted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import Connection

from crypto import oprf
from crypto.digests import sha256
from ledger.accesslog import Asked
from ledger.answers import Answer, sign_answer
from ledger.charter import Charter
from ledger.errors import BusyError, MalformedError, NotAMemberError, NotFoundError, ReplayedError
from ledger.log import Charge
from ledger.questions import WATCH_DAYS, Asking, Question, parse_question, question_hash
from ledger.terms import Match
from ledger.tokenepochs import LIVE_DAYS, epochs_of
from ledger.wire.matching import EVALUATION_REQUEST, EvaluationAnswer, Reviews
from server import questionrows
from server.charges import keep_nonce, take, used_up
from server.keys import ServiceKeys
from server.publishing import table
from server.sequencer import Sequencer
from server.signatures import Asker
from server.state import SharedState
from server.store import SqlStore

DAY_SECONDS = 86_400
_WAIT_SECONDS = 2

_STARTED = "SELECT started FROM token_epochs WHERE ep = ?"
_REVIEW = "UPDATE reviews SET reviewed = ? WHERE id = ? AND agency = ? AND reviewed IS NULL"
_USED = "SELECT used FROM uses WHERE agency = ? AND kind = ? AND day = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What an evaluation is for: the limit of the charter that it counts against, and the role it needs."""

    limit: str
    role: str


_EVALUATIONS = {
    "submission": _Terms(limit="submissions", role="submit"),
    "lookup": _Terms(limit="lookups", role="read"),
    "own": _Terms(limit="own", role="read"),
}


class Matching:
    """The matching service over one log."""

    def __init__(
        self,
        *,
        store: SqlStore,
        state: SharedState,
        keys: ServiceKeys,
        sequencer: Sequencer,
        clock: Callable[[], int],
    ) -> None:
        """Take the store, who is a member, the keys, the thread that writes, and a clock (POSIX seconds)."""
        self._store = store
        self._state = state
        self._keys = keys
        self._sequencer = sequencer
        self._clock = clock

    def evaluate(self, body: bytes, asker: Asker) -> EvaluationAnswer:
        """Return blind evaluations, charged when they are done; refuse the whole list, uncharged, for one bad element."""
        request = EVALUATION_REQUEST.read(body, limit=len(body))
        terms = _EVALUATIONS[request.use]
        charter = self._charter(asker, role=terms.role)
        charge = self._charge(asker, charter, limit=terms.limit, kind=f"{terms.limit}/evaluated", amount=request.n)
        key = self._keys.matching.key(self._live(request.ep))
        self._check_room(charge, asker)
        evaluated = oprf.evaluate(key=key, elements=request.elements)
        self._sequencer.run(lambda: self._settle(charge, asker, _asked(asker, body)))
        return EvaluationAnswer(ep=request.ep, el=evaluated.elements, proof=evaluated.proof)

    def match(self, body: bytes, asker: Asker) -> bytes:
        """Return the signed and padded answer to a question."""
        question = parse_question(body)
        charter = self._charter(asker, role="read")
        self._require_live(question)
        limit = "own" if question.asking is Asking.OWN else "lookups"
        charge = self._charge(asker, charter, limit=limit, kind=limit, amount=1)
        return self._sequencer.run(lambda: self._answer(question, body, asker, charge))

    def waits_for(self) -> int | None:
        """Return which entry has to be shown before a question can be answered; None if none has."""
        with self._store.reading() as connection:
            return questionrows.last_ending(connection, size=_shown(connection))

    def review(self, reviews: Reviews, asker: Asker) -> None:
        """Note which notices of silent hits an originator has looked into; those it never had change nothing."""
        self._charter(asker, role=None)
        now = self._clock()

        def write() -> None:
            with self._store.writing() as connection:
                keep_nonce(connection, asker.nonce)
                connection.exec_driver_sql(_REVIEW, [(now, name, asker.agency) for name in reviews.ids])

        self._sequencer.run(write)

    def live_epochs(self) -> tuple[Match, ...]:
        """Return the token epochs that are matched now: the one in force, and for 30 days the one before."""
        with self._state.locked() as state:
            charters = [charter for _, charter in state.membership.charters()]
        if not charters or charters[-1].match is None:
            return ()
        epochs = epochs_of(charters)
        return (*(older for older, newer in pairwise(epochs) if not self._is_over(newer)), epochs[-1])

    def _is_over(self, newer: Match) -> bool:
        """Say whether the epoch before `newer` has had its 30 days; until a tick has seen `newer` they are to come."""
        with self._store.reading() as connection:
            started = connection.exec_driver_sql(_STARTED, (newer.ep,)).scalar()
        return started is not None and started + LIVE_DAYS * DAY_SECONDS <= self._clock()

    def _require_live(self, question: Question) -> None:
        """Raise NotFoundError unless every token is of an epoch that is matched now."""
        for ep in {token.ep for token in question.tokens}:
            self._live(ep)

    def _live(self, ep: int) -> Match:
        for match in self.live_epochs():
            if match.ep == ep:
                return match
        raise NotFoundError("this token epoch is not matched now: read the charter in force, and ask under its key")

    def _charter(self, asker: Asker, *, role: str | None) -> Charter:
        """Return the charter in force; raise NotAMemberError unless the asker is an agency of it, in that role."""
        with self._state.locked() as state:
            agency = state.membership.agency(asker.agency, state.size)
            charter = state.membership.charter_before(state.size)
        if role is not None and role not in agency.roles:
            raise NotAMemberError(f"{agency.id} has not the role {role}")
        return charter

    def _charge(self, asker: Asker, charter: Charter, *, limit: str, kind: str, amount: int) -> Charge:
        most: int = getattr(charter.limits, limit)
        return Charge(agency=asker.agency, limit=kind, day=self._clock() // DAY_SECONDS, most=most, amount=amount)

    def _check_room(self, charge: Charge, asker: Asker) -> None:
        """Refuse early what would be refused after a tenth of a second of work; the count itself is made later.

        A request that is sent again, too: refused after the work, it would cost the service everything and its sender nothing.
        """
        if self._store.seen(asker.nonce):
            raise ReplayedError("a request with this nonce was seen before")
        with self._store.reading() as connection:
            used = connection.exec_driver_sql(_USED, (charge.agency, charge.limit, charge.day)).scalar() or 0
            if used + charge.amount > charge.most:
                raise used_up(charge)

    def _settle(self, charge: Charge, asker: Asker, asked: Asked) -> None:
        with self._store.writing() as connection:
            self._write(connection, charge, asker)
            questionrows.keep_outcome(connection, asked, questionrows.NOBODY)

    def _answer(self, question: Question, body: bytes, asker: Asker, charge: Charge) -> bytes:
        asked = _asked(asker, body)
        # Again, in its turn: a tick that came first may have ended some of the slips of an epoch that was over by then.
        self._require_live(question)
        with self._store.writing() as connection:
            self._write(connection, charge, asker)
            size = _shown(connection)
            if question.held > size:
                raise MalformedError("the question names a larger tree than this log has")
            if questionrows.last_ending(connection, size=size) is not None:
                # Answered without them, it would convict this service of denied hits (docs/protocol.md, 6.13).
                raise BusyError("slips that ended wait for the log's witnesses", retry_after_seconds=_WAIT_SECONDS)
            if question.asking is Asking.OWN:
                questionrows.require_own(connection, question, asker=asker.agency)
            found = questionrows.match(connection, question, asker=asker.agency, size=size)
            questionrows.keep_outcome(connection, asked, found.told)
            if question.asking is Asking.WATCH:
                expires = self._clock() + WATCH_DAYS * DAY_SECONDS
                questionrows.keep_watch(connection, asked, question, size=size, expires=expires)
            return self._sign(
                Answer(q=question_hash(body), to=asker.agency, n=size, slots=found.slots, more=found.more)
            )

    def _write(self, connection: Connection, charge: Charge, asker: Asker) -> None:
        keep_nonce(connection, asker.nonce)
        take(connection, charge)

    def _sign(self, answer: Answer) -> bytes:
        """Sign with the key that was in force at the tree that was matched: a charter beyond it, nobody has seen."""
        charter = self._state.charter_before(answer.n)
        keys = self._keys.require_named_by(charter)
        return sign_answer(answer, signer=keys.answer, kid=charter.log.answer_kid)


def _shown(connection: Connection) -> int:
    """Return the size of the log that readers are shown."""
    shown = table.newest(connection, table.LOG)
    return 0 if shown is None else shown.size


def _asked(asker: Asker, body: bytes) -> Asked:
    return Asked(
        iss=asker.agency,
        body_hash=sha256(body),
        signature_input=asker.signature_input,
        signature=asker.signature,
    )

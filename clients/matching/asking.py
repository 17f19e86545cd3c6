"""Ask whether anybody has logged a weapon, by tokens alone, and believe the answer no further than it is proved.

docs/protocol.md, 6.7 to 6.10. The question is in the book before it is sent: it is charged though its answer be lost.
A silent record answers like none, so "nothing" never means that nobody has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from clients.entries import Entries
from clients.errors import NotPermittedError, TrustError
from clients.matching.book import AskedQuestion, Book
from clients.matching.evaluating import tokens_of
from clients.matching.keys import TokenKey, asking_keys
from clients.service import SignedAnswer
from clients.session import Standing
from crypto.encoding import b64u
from ledger.answers import SLOTS, Answer, Slot, verify_answer
from ledger.errors import BusyError, LedgerError, NotFoundError, ProofError
from ledger.forms import Form
from ledger.identifiers import StatementName
from ledger.questions import BEFORE_ALL, AskedToken, Asking, Purpose, build_question, draw_purpose, question_hash
from ledger.recordform import parse_record
from ledger.slips import TOKENS, Hit
from ledger.terms import Limits
from ledger.tokens import Inputs

DAY = 86_400
_TRIES = 5
_BEST = "T0"
_CLASSES = TOKENS // 2


class Certainty(Enum):
    """What a match is worth: one weapon, or one that has to be looked at."""

    HIT = "hit"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weapon:
    """A weapon that is asked about: in the officer's words, and what its tokens are made from."""

    what: str = field(repr=False)
    inputs: Inputs = field(repr=False)

    @property
    def forms(self) -> tuple[Form, ...]:
        """Return what there is to ask by."""
        return tuple(form for row in self.inputs for form in row if form is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A record that matches, proved to stand in the log where the answer says."""

    index: int
    name: StatementName
    certainty: Certainty
    c: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of one question; `more` says that there are further matches after the last."""

    q: bytes
    what: str = field(repr=False)
    asking: Asking
    found: tuple[Found, ...]
    more: bool
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What this home has left today of a limit of the charter."""

    used: int
    limit: int

    @property
    def left(self) -> int:
        """Return how many questions may still be asked."""
        return max(self.limit - self.used, 0)


def quota(book: Book, limits: Limits, asking: Asking, *, now: int) -> Quota:
    """Return what is left on the day (UTC) of `now` of what a question of this kind is charged to, as far as `book` tells."""
    midnight = now // DAY * DAY
    if asking is Asking.OWN:
        return Quota(used=book.asked_since(midnight, Asking.OWN), limit=limits.own)
    return Quota(used=book.asked_since(midnight, Asking.LOOKUP, Asking.WATCH), limit=limits.lookups)


class Asker:
    """Asks questions for one purpose."""

    def __init__(self, standing: Standing, *, purpose: str) -> None:
        """Take a verified state of the log, and why one asks; both stay here, the service sees a salted hash."""
        if not purpose.strip():
            raise NotPermittedError("a question has a purpose", next_step="say --purpose, in your own words")
        self._standing = standing
        self._session = standing.session
        self._purpose: Purpose = draw_purpose(purpose.strip())
        self._keys: tuple[TokenKey, ...] = asking_keys(standing)
        self._entries = Entries(standing.view, standing.session.service)

    def quota(self, asking: Asking) -> Quota:
        """Return what is left today (UTC) of what a question of this kind is charged to, as far as this home asked."""
        return quota(self._session.book, self._standing.view.charter.limits, asking, now=self._standing.now())

    def ask(self, weapons: Sequence[Weapon], *, watch: bool = False, after: int = BEFORE_ALL) -> list[Told]:
        """Ask about each weapon; nothing is asked at all if the day's limit does not allow all of it."""
        asking = Asking.WATCH if watch else Asking.LOOKUP
        fit = [weapon for weapon in weapons if weapon.forms]
        self._require(len(fit), asking)
        tokens = self._tokens(fit)
        told = {
            id(weapon): self._ask(weapon.what, asking, one, own=None, after=after)
            for weapon, one in zip(fit, tokens, strict=True)
        }
        return [told.get(id(weapon)) or _unaskable(weapon.what, asking) for weapon in weapons]

    def ask_own(self, records: Sequence[tuple[str, bytes]], *, after: int = BEFORE_ALL) -> list[Told]:
        """Ask about records of this agency, by what their slips hold: (words, jti) each. Nothing is evaluated."""
        found = [(what, jti, self._slip_tokens(jti)) for what, jti in records]
        fit = [one for one in found if one[2]]
        self._require(len(fit), Asking.OWN)
        return [
            self._ask(what, Asking.OWN, tokens, own=jti, after=after) if tokens else _unaskable(what, Asking.OWN)
            for what, jti, tokens in found
        ]

    def _require(self, many: int, asking: Asking) -> None:
        quota = self.quota(asking)
        if many > quota.left:
            raise NotPermittedError(
                f"{many:,} questions are more than the {quota.left:,} that are left today of {quota.limit:,}",
                next_step="ask about fewer, or tomorrow: nothing was asked",
            )

    def _tokens(self, weapons: Sequence[Weapon]) -> list[list[AskedToken]]:
        found: list[list[AskedToken]] = [[] for _ in weapons]
        for key in self._keys:
            tokens = self._under(key, [weapon.forms for weapon in weapons])
            for one, made in zip(found, tokens, strict=True):
                one += [AskedToken(ep=key.ep, c=form.token_class.value, t=value) for form, value in made.items()]
        return found

    def _under(self, key: TokenKey, wanted: Sequence[Sequence[Form]]) -> Sequence[Mapping[Form, bytes]]:
        """Return the tokens of one epoch; of the one before, none once the service has ended it."""
        try:
            return tokens_of(self._session, wanted, key, use="lookup")
        except NotFoundError:
            if key is self._keys[-1]:
                raise
            return [{} for _ in wanted]

    def _slip_tokens(self, jti: bytes) -> list[AskedToken]:
        """Return all tokens of a record's slips, random ones too: which these are is written down nowhere."""
        live = {key.ep for key in self._keys}
        slips = self._session.book.live_slips(jti)
        if not slips or slips[0].hit is Hit.OFF:
            return []
        return [
            AskedToken(ep=slip.ep, c=f"T{place % _CLASSES}", t=value)
            for slip in slips
            if slip.ep in live
            for place, value in enumerate(slip.tokens)
        ]

    def _ask(self, what: str, asking: Asking, tokens: Sequence[AskedToken], *, own: bytes | None, after: int) -> Told:
        """Ask by these tokens, or by those of the epoch in force alone once the service has ended the one before.

        It ends by the service's clock, some days or weeks before a home that came late to the new epoch would end it.
        """
        try:
            return self._asked(what, asking, tokens, own=own, after=after)
        except NotFoundError:
            current = [token for token in tokens if token.ep == self._keys[-1].ep]
            if len(current) == len(tokens):
                raise
            return self._asked(what, asking, current, own=own, after=after) if current else _unaskable(what, asking)

    def _asked(self, what: str, asking: Asking, tokens: Sequence[AskedToken], *, own: bytes | None, after: int) -> Told:
        body = build_question(
            held=self._standing.view.checkpoint.size,
            asking=asking,
            purpose=self._purpose.commitment,
            tokens=tokens,
            own=own,
            after=after,
        )
        q = question_hash(body)
        self._session.book.put_question(
            AskedQuestion(q=q, asked=self._standing.now(), asking=asking, what=what, purpose=self._purpose, body=body)
        )
        signed = self._send(q, body)
        answer = self._verify(body, signed.body, tokens)
        self._session.book.put_answer(
            q, signed.body, signature_input=signed.signature_input, signature=signed.signature
        )
        found = tuple(self._prove(slot) for slot in answer.slots)
        return Told(q=q, what=what, asking=asking, found=found, more=answer.more)

    def _send(self, q: bytes, body: bytes) -> SignedAnswer:
        try:
            return self._match(body)
        except LedgerError:
            # The service said no in so many words, and what it refuses it does not charge.
            self._session.book.drop_question(q)
            raise

    def _match(self, body: bytes) -> SignedAnswer:
        """Send a question again as long as the service asks for it: it may wait for the log's witnesses."""
        for _ in range(_TRIES - 1):
            try:
                return self._session.service.match(body)
            except BusyError as error:
                self._session.world.sleep(error.retry_after_seconds)
        return self._session.service.match(body)

    def _verify(self, body: bytes, raw: bytes, tokens: Sequence[AskedToken]) -> Answer:
        try:
            answer = self._opened(body, raw)
        except LedgerError:
            # Its tree may be newer than the one that this began with, and its charter name another key for answers.
            before = self._standing.view.charter
            self._renew_view()
            if self._standing.view.charter == before:
                raise
            answer = self._opened(body, raw)
        asked = {token.c for token in tokens}
        if any(slot.c not in asked for slot in answer.slots):
            raise ProofError("the answer names a match of a class that was not asked for")
        return answer

    def _opened(self, body: bytes, raw: bytes) -> Answer:
        log = self._standing.view.charter.log
        return verify_answer(raw, question=body, to=self._standing.me, kid=log.answer_kid, public_key=log.answer_key)

    def _renew_view(self) -> None:
        self._standing = self._session.stand()
        self._entries = Entries(self._standing.view, self._session.service)

    def _prove(self, slot: Slot) -> Found:
        """Return the match once its record stands in the verified log where the answer says."""
        if slot.index >= self._standing.view.checkpoint.size:
            self._catch_up(slot.index)
        (entry,) = self._entries.read(slot.index, slot.index + 1)
        try:
            name = parse_record(entry).name
        except LedgerError as error:
            raise ProofError("the answer names an entry that is no record") from error
        if name != slot.name:
            raise ProofError("the answer names a record that stands elsewhere")
        return Found(index=slot.index, name=slot.name, certainty=certainty_of(slot.c), c=slot.c)

    def _catch_up(self, index: int) -> None:
        """Take the newest checkpoint: the record was logged since this command began."""
        self._renew_view()
        if index >= self._standing.view.checkpoint.size:
            raise TrustError(
                "the answer names a record that the published log does not hold yet",
                next_step="ask again in some minutes: the answer is kept and signed",
            )


def certainty_of(c: str) -> Certainty:
    """Return what a match of a class is worth: all but one want a look at the frame."""
    return Certainty.HIT if c == _BEST else Certainty.POSSIBLE


def last_of(told: Told) -> int:
    """Return the index to ask again after, where a question has more matches than one answer holds."""
    return told.found[-1].index if len(told.found) == SLOTS else BEFORE_ALL


def spelled(q: bytes) -> str:
    """Return a question's hash as it is shown and typed."""
    return b64u(q)


def _unaskable(what: str, asking: Asking) -> Told:
    why = "nothing to ask by: no number that was read whole, or neither a known make nor calibre, type and 7 characters"
    if asking is Asking.OWN:
        why = "nothing to ask by: its slip is off, or not in this home"
    return Told(q=b"", what=what, asking=asking, found=(), more=False, note=why)

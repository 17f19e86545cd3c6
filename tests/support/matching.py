"""A service whose charter names a matching key, and agencies that fill slips, ask and are told."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from werkzeug.test import TestResponse

from crypto import oprf
from crypto.digests import sha256
from crypto.portionkeys import matching_key_id
from ledger.agencies import Auditor
from ledger.answers import Answer, verify_answer
from ledger.charter import Charter
from ledger.identifiers import StatementName
from ledger.kinds import Role
from ledger.notices import Matched, Notice, NoticePage, parse_page
from ledger.questions import AskedToken, Asking, build_question
from ledger.renewals import build_renewal
from ledger.slips import TOKENS, Hit, SlipDraft, build_slip
from ledger.statements import SealedStatement
from ledger.terms import Limits, Match
from ledger.wire import paths
from server.keys import ServiceKeys
from server.matchkeys import MatchKeys
from tests.support.consortium import NOW, epoch_key, make_keys, sign_by, signer_of
from tests.support.services import World, service_keys, sign_request

A, B, C = "xaa-arms", "xab-arms", "xac-arms"
AUDITOR = "xzz-audit"


@cache
def match_key(number: int) -> bytes:
    """Return the service's key of a token epoch, the same for all tests of a run."""
    del number
    return oprf.generate_key()


def matching_keys() -> ServiceKeys:
    """Return the service's keys with those of two token epochs."""
    return replace(service_keys(), matching=MatchKeys((match_key(1), match_key(2))))


def match_of(ep: int, *, by: str = A) -> Match:
    """Return the matching key of a token epoch as a charter names it."""
    return Match(ep=ep, by=by, kcid=matching_key_id(epoch_key(f"Kc {ep}")), pk=oprf.public_key(match_key(ep)))


def token(weapon: str, c: str = "T0", *, ep: int = 1) -> AskedToken:
    """Return a token of a weapon; the service cannot tell it from one that the VOPRF gave."""
    return AskedToken(ep=ep, c=c, t=sha256(f"{weapon} {c} {ep}".encode())[:16])


def tokens_of(weapon: str, *, ep: int = 1) -> tuple[bytes | None, ...]:
    """Return what a slip holds of a weapon with one mark."""
    made = [token(weapon, f"T{number}", ep=ep).t for number in range(4)]
    return (*made, *[None] * (TOKENS - len(made)))


@dataclass
class MatchWorld(World):
    """A service that matches, with an auditor."""

    keys: ServiceKeys = field(default_factory=matching_keys)

    def begin(self, *, limits: Limits | None = None) -> None:
        """Log charter 1, charter 2 that names the matching key and an auditor, and everybody's first epoch."""
        self.found()
        keys = make_keys(AUDITOR, roles=(Role.HTTP, Role.HPKE))
        self.next_charter(
            match=match_of(1),
            auditors=(Auditor(id=AUDITOR, keys=keys),),
            limits=limits or Limits(entries="open"),
        )
        for agency in self.consortium.ids:
            self.open_epoch(agency)

    def next_charter(self, **changes: object) -> Charter:
        """Log the next charter, with what `changes` says."""
        response = self.post_charter(self.charter_file(logged=True, **changes))
        if response.status_code != 201:
            raise AssertionError(response.get_data(as_text=True))
        return self.consortium.current

    def charter_file(self, *, logged: bool = True, **changes: object) -> bytes:
        """Return the next charter, signed; unless told otherwise the consortium's own log takes it."""
        previous = self.consortium.current
        file = sign_by(self.consortium.next_charter(**changes), previous.agencies, previous=previous)
        if logged:
            self.consortium.submit_charter(file)
        return file

    def record(
        self, iss: str, weapon: str, *, hit: Hit = Hit.OPEN, ep: int = 1, sup: bytes | None = None
    ) -> SealedStatement:
        """Return a record of a weapon."""
        slip = SlipDraft(hit=hit, token_epoch=ep, tokens=None if hit is Hit.OFF else tokens_of(weapon, ep=ep))
        return self.consortium.record(iss, sup=sup, slip=slip)

    def log_weapon(self, iss: str, weapon: str, *, hit: Hit = Hit.OPEN, sup: bytes | None = None) -> StatementName:
        """Log a record of a weapon alone, and return its name."""
        record = self.record(iss, weapon, hit=hit, sup=sup)
        self.log(iss, [record])
        return record.name

    def renewal(
        self, iss: str, seq: int, slips: Sequence[tuple[StatementName, str, Hit]], *, ep: int = 1
    ) -> SealedStatement:
        """Return new slips for a batch: of each record its name, its weapon and its policy."""
        sign, kid = self.consortium.signing(iss, Role.SIGN)
        built = [
            build_slip(
                SlipDraft(
                    hit=hit,
                    token_epoch=ep,
                    tokens=None if hit is Hit.OFF else tokens_of(weapon, ep=ep),
                ),
                of=name.jti,
            )
            for name, weapon, hit in slips
        ]
        return build_renewal(signer=sign, kid=kid, iat=NOW, batch=seq, slips=built)

    def question(self, *tokens: AskedToken, **parts: object) -> bytes:
        """Return a question for some tokens."""
        given = {"held": 1, "asking": Asking.LOOKUP, "purpose": bytes(32), "tokens": tokens}
        return build_question(**{**given, **parts})  # type: ignore[arg-type]  # members by name

    def post_question(self, asker: str, question: bytes) -> TestResponse:
        """Send a question."""
        return self.post(asker, paths.MATCHES, question, paths.QUESTION_TYPE)

    def ask(self, asker: str, *tokens: AskedToken, **parts: object) -> Answer:
        """Ask, and verify the answer as an agency does."""
        return self.verified(asker, self.question(*tokens, **parts))

    def verified(self, asker: str, question: bytes) -> Answer:
        """Send a question and verify the answer."""
        response = self.post_question(asker, question)
        if response.status_code != 200:
            raise AssertionError(response.get_data(as_text=True))
        log = self.consortium.current.log
        return verify_answer(response.data, question=question, to=asker, kid=log.answer_kid, public_key=log.answer_key)

    def notices(self, asker: str, after: int = 0) -> NoticePage:
        """Return a page of notices."""
        return parse_page(self.get(asker, paths.NOTICES, query=f"after={after}").data)

    def told(self, asker: str) -> list[Notice]:
        """Return all notices of an agency."""
        found: list[Notice] = []
        page = self.notices(asker)
        found += page.items
        while page.more:
            page = self.notices(asker, page.next)
            found += page.items
        return found

    def matched(self, asker: str) -> list[Matched]:
        """Return what an originator was told of matches."""
        return [notice for notice in self.told(asker) if isinstance(notice, Matched)]

    def as_auditor(self, path: str, query: str = "") -> TestResponse:
        """Ask as the charter's auditor."""
        key = make_keys(AUDITOR, roles=(Role.HTTP,))[0]
        request = sign_request(
            "GET", path, sign=signer_of(key), kid=key.kid, created=self.clock(), nonce=self.nonce(), query=query
        )
        return self.send(request)

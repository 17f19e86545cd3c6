"""What members with good keys try over HTTP all the same: each to be refused for its reason, with nothing changed."""

from collections.abc import Callable
from typing import NamedTuple

from clients.chain import make_batch
from clients.errors import NotPermittedError
from clients.service import Service
from clients.transport import Request
from crypto import oprf
from ledger.errors import (
    BadSignatureError,
    LedgerError,
    MalformedError,
    NotFoundError,
    QuotaError,
    ReplayedError,
    StaleEpochError,
    TooLargeError,
)
from ledger.grants import Use, seal_grant
from ledger.kinds import Role
from ledger.labels import Level
from ledger.messages import Inner, Kind, seal_message
from ledger.questions import AskedToken, Asking, build_question
from ledger.statements import SealedStatement
from ledger.wire import paths
from ledger.wire.matching import EVALUATION_REQUEST, EvaluationRequest
from tests.support.scene import AGENCIES, ASKER, OWNER, THIRD, Scene


class Attempt(NamedTuple):
    """What is tried, how it is answered, and words of the reason."""

    act: Callable[[], object]
    error: type[Exception]
    why: str


def attempts(scene: Scene, *, lookups: int) -> dict[str, Attempt]:
    """Return all of them by name; `lookups` is the charter's limit."""
    (element,) = (one.element for one in oprf.blind([b"one"]))

    def evaluating(*elements: bytes, ep: int = 1, n: int = 1) -> Callable[[], object]:
        request = EvaluationRequest(use="lookup", ep=ep, n=n, elements=elements)
        return lambda: scene.served.session(ASKER).service.evaluate(request)

    trace, refused = scene.names["trace"], scene.names["refused"]
    return {
        "identity point": Attempt(evaluating(element, bytes(32)), MalformedError, "identity"),
        "non-canonical point": Attempt(evaluating(element, b"\xff" * 32), MalformedError, "element"),
        "oversized list": Attempt(lambda: _oversized(scene, element), TooLargeError, "at most 16"),
        "evaluation under a wrong token epoch": Attempt(evaluating(element, ep=9), NotFoundError, "not matched now"),
        "question under a wrong token epoch": Attempt(lambda: _question(scene, ep=9), NotFoundError, "not matched now"),
        "question from a larger tree": Attempt(lambda: _question(scene, held=10**6), MalformedError, "larger tree"),
        "quota overrun": Attempt(evaluating(element, n=lookups + 1), QuotaError, "daily limit of lookups"),
        "replayed question": Attempt(lambda: _replay(scene, paths.MATCHES), ReplayedError, "nonce|last 60 seconds"),
        "replayed evaluation": Attempt(
            lambda: _replay(scene, paths.EVALUATIONS), ReplayedError, "nonce|last 60 seconds"
        ),
        "unsigned question": Attempt(lambda: _question(scene, signed=False), BadSignatureError, "no Signature-Input"),
        "matching key by another than the charter's agency": Attempt(
            lambda: _submit(scene, ASKER, _grant(scene, ASKER)), LedgerError, "not the matching key"
        ),
        "another matching key by the charter's agency": Attempt(
            lambda: _submit(scene, OWNER, _grant(scene, OWNER)), LedgerError, "not the matching key"
        ),
        "grant of an epoch that has ended": Attempt(
            lambda: _submit(scene, OWNER, _grant(scene, OWNER, use=Use.EPOCH)), StaleEpochError, "opens the next epoch"
        ),
        "message to a non-member": Attempt(
            lambda: _submit(scene, ASKER, _message(scene, "xzz-none")), NotPermittedError, "xzz-none"
        ),
        "message that its recipient cannot open": Attempt(
            lambda: _submit(scene, ASKER, _message(scene, THIRD)), MalformedError, "not in force"
        ),
        "decision by the wrong agency": Attempt(
            lambda: forbidden(scene, ASKER, "refuse", trace, "--ground", "LAW"), NotPermittedError, "another agency"
        ),
        "double decision": Attempt(
            lambda: forbidden(scene, THIRD, "refuse", refused, "--ground", "LAW"), NotPermittedError, "decided before"
        ),
    }


def forbidden(scene: Scene, agency: str, *arguments: str) -> None:
    """Run a command that must not be permitted, and raise what it says."""
    raise NotPermittedError(scene.run(agency, *arguments, code=5).notes, next_step="")


def _oversized(scene: Scene, element: bytes) -> None:
    """Ask for one weapon with seventeen elements; the client's own form of a request does not hold as many."""
    body = EVALUATION_REQUEST.write(EvaluationRequest(use="lookup", ep=1, n=1, elements=(element,) * 16))
    one = body.split(b'"')[-2]
    body = body.replace(b'"el":[', b'"el":["' + one + b'",')
    scene.served.session(ASKER).service._post(paths.EVALUATIONS, body, paths.JSON_TYPE)


def _question(scene: Scene, *, ep: int = 1, held: int = 1, signed: bool = True) -> None:
    """Ask for a token that nobody has."""
    token = AskedToken(ep=ep, c="T0", t=bytes(range(16)))
    body = build_question(held=held, asking=Asking.LOOKUP, purpose=bytes(32), tokens=[token])
    service = scene.served.session(ASKER).service if signed else Service(scene.served.transport)
    service.match(body)


def _replay(scene: Scene, path: str) -> None:
    """Send the newest request to a path once more, to the byte."""
    request: Request = [one for one in scene.served.transport.answered if one.path == path][-1]
    Service(scene.served.transport)._send(request, 10**6)


def _submit(scene: Scene, iss: str, statement: SealedStatement) -> None:
    """Send a batch of one statement, signed as any other."""
    stand = scene.served.session(iss).stand()
    stand.session.service.submit_batch(make_batch(stand, [statement]).body)


def _grant(scene: Scene, iss: str, *, use: Use = Use.MATCH) -> SealedStatement:
    """Return a grant for token epoch 1, or of an agency's first epoch, with a key that was never announced."""
    stand = scene.served.session(iss).stand()
    signing, size = stand.signing_key(Role.SIGN), stand.view.checkpoint.size
    newest = stand.authority.membership.newest
    return seal_grant(
        signer=signing.signer,
        kid=signing.kid,
        iat=1,
        use=use,
        ep=1,
        level=Level.UNCLASSIFIED if use is Use.MATCH else Level.RESTRICTED,
        epoch_key=b"\x07" * 32,
        recipients={
            name: newest(name, Role.RECOVERY if name == iss else Role.HPKE, size).public_key for name in AGENCIES
        },
    )


def _message(scene: Scene, to: str) -> SealedStatement:
    """Return a message to somebody that is sealed to the asker's own key."""
    stand = scene.served.session(ASKER).stand()
    signing, size = stand.signing_key(Role.SIGN), stand.view.checkpoint.size
    own = stand.authority.membership.newest(ASKER, Role.HPKE, size).public_key
    body = {"of": ["AAAAAAAAAAAAAAAAAAAAAA"]}
    inner = Inner(kind=Kind.RECEIPT, to=to, thread=bytes(16), re=None, part=1, parts=1, body=body)
    return seal_message(signer=signing.signer, kid=signing.kid, iat=1, inner=inner, recipient_key=own, own_key=own)

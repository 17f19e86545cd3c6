"""Call the charter's auditors to an entry of the access log that this agency holds an opening of (docs/protocol.md, 6.21).

Nothing is sent that does not hold: an opening is held against the access log first, and one that the log does not bear
out is the service's doing and no matter for a complaint by the service's own record.
"""

from clients.errors import ListError
from clients.matching.accessing import AccessLog
from clients.matching.noticing import asked_by
from clients.session import Standing
from ledger.complaints import Own, OwnQuestion, OwnResult, build_complaint, parse_complaint
from ledger.identifiers import access_origin
from ledger.kinds import Role
from ledger.notices import AskedStands, Matched


def of_notice(standing: Standing, number: int) -> Own:
    """Return the opening that came with a notice, by the notice's number here."""
    for stored in standing.session.book.notices():
        if stored.number == number and isinstance(stored.notice, Matched):
            return OwnResult(result=stored.notice.result, opening=stored.notice.opening)
    raise ListError("no notice of that number says that somebody asked", next_step="see `sealtrace notices`")


def of_question(standing: Standing, q: bytes) -> Own:
    """Return the opening of a question of this home, by its hash, once a notice has said where it stands."""
    for stored in standing.session.book.notices():
        notice = stored.notice
        if isinstance(notice, AskedStands) and notice.body_hash == q:
            asked = asked_by(standing, notice)
            if asked is not None:
                return OwnQuestion(index=notice.index, asked=asked, salt=notice.salt)
    raise ListError(
        "no answered question of that name is known to stand in the access log",
        next_step="see `sealtrace match --asked`; `sealtrace notices` fetches where it stands, ten minutes after",
    )


def complain(standing: Standing, own: Own) -> int:
    """Send a signed complaint; return the index of the entry that the auditors are called to."""
    signing = standing.signing_key(Role.SIGN)
    origin = access_origin(standing.view.charter.origin)
    raw = build_complaint(
        signer=signing.signer,
        kid=signing.kid,
        iat=standing.now(),
        held=standing.view.checkpoint.size,
        origin=origin,
        own=own,
    )
    parse_complaint(raw).check(AccessLog(standing).entry(own.index), origin=origin)
    standing.session.service.complain(raw)
    return own.index

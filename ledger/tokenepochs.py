"""Token epochs: which matching key a charter may name (docs/protocol.md, 6.4).

Who has left knows Kc, and knows which tokens the others made with it. So a charter that removes an agency names another
key, or none; and no key ever comes back.
"""

from collections.abc import Sequence

from ledger.charterpayload import Charter
from ledger.checks import refuse, require
from ledger.errors import DuplicateError, LedgerError, MalformedError
from ledger.terms import Match

LIVE_DAYS = 30


def check_match(charter: Charter, *, earlier: Sequence[Charter]) -> None:
    """Raise unless the matching key of `charter` may follow those of all earlier charters, the newest last."""
    match = charter.match
    if match is None or not earlier:
        return
    previous = earlier[-1]
    kept = previous.match is not None and _key(match) == _key(previous.match)
    left = {agency.id for agency in previous.agencies} - {agency.id for agency in charter.agencies}
    if kept and left:
        raise refuse(
            "charter/match-kept",
            expected="another matching key, or none",
            found=match.kcid,
            refusal=MalformedError("a charter that removes an agency names a matching key that it does not know"),
        )
    if not kept:
        _check_new(match, [one.match for one in earlier if one.match is not None])


def epochs_of(charters: Sequence[Charter]) -> tuple[Match, ...]:
    """Return the token epochs that these charters name, in order, each once."""
    found = {charter.match.ep: charter.match for charter in charters if charter.match is not None}
    return tuple(found[ep] for ep in sorted(found))


def _check_new(match: Match, used: Sequence[Match]) -> None:
    newest = max((one.ep for one in used), default=0)
    refusal: LedgerError = MalformedError("a new matching key opens a token epoch above every earlier one")
    require("charter/match-ep", expected=True, found=match.ep > newest, refusal=refusal)
    if match.kcid in {one.kcid for one in used} or match.pk in {one.pk for one in used}:
        raise DuplicateError("a new token epoch under a key that an earlier one had")


def _key(match: Match) -> tuple[int, bytes, bytes]:
    return match.ep, match.kcid, match.pk

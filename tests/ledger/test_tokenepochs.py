"""Which matching key a charter may name, judged by server and auditor alike (docs/protocol.md, 6.4)."""

from dataclasses import replace

import pytest

from ledger.charter import Charter
from ledger.errors import DuplicateError, MalformedError
from ledger.kinds import Role
from ledger.renewals import build_renewal
from ledger.slips import Hit, SlipDraft, build_slip
from ledger.terms import Match
from ledger.tokenepochs import check_match, epochs_of
from tests.support.consortium import NOW, first_charter, make_consortium, sign_by

A, B, C = "xaa-arms", "xab-arms", "xac-arms"
FIRST = Match(ep=3, by=A, kcid=b"1" * 32, pk=b"a" * 32)
SECOND = Match(ep=4, by=A, kcid=b"2" * 32, pk=b"b" * 32)


def naming(match: Match | None, *, without: str = "") -> Charter:
    """Return a charter that names a matching key, with one agency left out."""
    charter = first_charter(3)[0]
    kept = tuple(agency for agency in charter.agencies if agency.id != without)
    return replace(charter, match=match, agencies=kept, threshold=len(kept) // 2 + 1)


@pytest.mark.parametrize(
    ("match", "earlier"),
    [
        (None, [FIRST]),
        (FIRST, []),
        (FIRST, [None]),
        (FIRST, [FIRST]),
        (replace(FIRST, by=B), [FIRST]),
        (SECOND, [FIRST]),
        (SECOND, [FIRST, None]),
    ],
)
def test_a_charter_may_keep_change_or_drop_the_key(match: Match | None, earlier: list[Match | None]) -> None:
    """The same key goes on, also in other hands; a new one opens an epoch above; none ends matching."""
    check_match(naming(match), earlier=[naming(one) for one in earlier])


@pytest.mark.parametrize(
    ("match", "earlier", "refusal"),
    [
        (replace(SECOND, ep=3), [FIRST], MalformedError),
        (replace(SECOND, ep=2), [FIRST], MalformedError),
        (FIRST, [FIRST, SECOND], MalformedError),
        (FIRST, [FIRST, None], MalformedError),
        (replace(SECOND, pk=FIRST.pk), [FIRST], DuplicateError),
        (replace(SECOND, kcid=FIRST.kcid), [FIRST], DuplicateError),
        (replace(FIRST, ep=5), [FIRST, SECOND], DuplicateError),
    ],
)
def test_no_epoch_and_no_key_comes_back(match: Match, earlier: list[Match | None], refusal: type[Exception]) -> None:
    """A lower or equal epoch, either half of an older key: each is refused."""
    with pytest.raises(refusal):
        check_match(naming(match), earlier=[naming(one) for one in earlier])


def test_who_leaves_takes_no_key_along() -> None:
    """A charter without an agency names a key that this agency has not, or none."""
    with pytest.raises(MalformedError, match="removes an agency"):
        check_match(naming(FIRST, without=C), earlier=[naming(FIRST)])
    check_match(naming(SECOND, without=C), earlier=[naming(FIRST)])
    check_match(naming(None, without=C), earlier=[naming(FIRST)])


def test_the_epochs_of_a_log_are_told_in_order() -> None:
    """Each once, whatever charters repeat it."""
    assert epochs_of([naming(one) for one in (None, FIRST, FIRST, SECOND)]) == (FIRST, SECOND)


def test_the_judge_of_the_log_asks_it() -> None:
    """A charter that keeps the key of a member it removes is refused wherever the log is judged."""
    consortium = make_consortium(3)
    previous = consortium.current
    consortium.submit_charter(sign_by(consortium.next_charter(match=FIRST), previous.agencies, previous=previous))
    previous = consortium.current
    following = consortium.next_charter()
    removing = replace(following, agencies=following.agencies[:2], threshold=2)

    with pytest.raises(MalformedError, match="removes an agency"):
        consortium.submit_charter(sign_by(removing, previous.agencies[:2], previous=previous))


def test_a_renewal_is_of_an_earlier_batch() -> None:
    """The judge takes new slips for a batch that is logged, and none for one that is still to come."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    record = consortium.record(A)
    consortium.submit(A, [record])
    signer, kid = consortium.signing(A, Role.SIGN)
    slips = [build_slip(SlipDraft(hit=Hit.OFF), of=record.name.jti)]
    later, earlier = (build_renewal(signer=signer, kid=kid, iat=NOW, batch=seq, slips=slips) for seq in (3, 2))

    with pytest.raises(MalformedError, match="has not logged"):
        consortium.submit(A, [later])
    consortium.submit(A, [earlier])

"""Epochs: which grants may stand, when an epoch ends by force, which epoch a record must name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from crypto.digests import sha256
from ledger.charter import Agency, Charter, Match
from ledger.epochs import MAX_KEYS_AN_EPOCH, Epochs, IssuerEpochs
from ledger.errors import AboveCeilingError, LedgerError, MalformedError, NotAMemberError, StaleEpochError
from ledger.grants import Use, parse_grant, seal_grant
from ledger.identifiers import KeyId
from ledger.keys import of_role
from ledger.kinds import Role
from ledger.labels import Level
from ledger.records import SealedStatement
from tests.support.consortium import (
    NOW,
    Consortium,
    agency_ids,
    epoch_key,
    make_agency,
    make_consortium,
    make_keys,
    matching,
    sign_by,
)

A, B, C = agency_ids(3)
D = agency_ids(4)[3]


def _epochs(consortium: Consortium, iss: str = A) -> IssuerEpochs:
    return consortium.state.epochs.current(iss)


def _charter(consortium: Consortium, charter: Charter, *also: str) -> int:
    previous = consortium.current
    signers = [*previous.agencies, *(agency for agency in charter.agencies if agency.id in also)]
    return consortium.submit_charter(sign_by(charter, signers, previous=previous)).index


def _changed(consortium: Consortium, agency: str, **changes: object) -> Charter:
    kept = consortium.next_charter().agencies
    agencies: Sequence[Agency] = [
        replace(item, **changes) if item.id == agency else item  # type: ignore[arg-type]  # members by name
        for item in kept
    ]
    return consortium.next_charter(agencies=tuple(agencies))


def _sealed(consortium: Consortium, recipients: Mapping[str, bytes], *, ep: int = 1) -> SealedStatement:
    sign, kid = consortium.signing(A, Role.SIGN)
    return seal_grant(
        signer=sign,
        kid=kid,
        iat=NOW,
        use=Use.EPOCH,
        ep=ep,
        level=Level.RESTRICTED,
        epoch_key=epoch_key("x"),
        recipients=recipients,
    )


def test_grants_open_an_epoch() -> None:
    """After its first grants an issuer's epoch 1 is open and known by its keys."""
    consortium = make_consortium(3)
    judged = consortium.open_epoch(A)
    found = _epochs(consortium)

    assert (found.ep, found.opened, found.is_open) == (1, judged.first, True)
    assert {key.level for key in found.current().values()} == {Level.RESTRICTED, Level.SECRET}
    assert not _epochs(consortium, B).is_open


def test_a_record_names_the_newest_epoch() -> None:
    """Records go under the newest epoch only: neither an older one nor one that is to come."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    consortium.open_epoch(A, ep=2)

    consortium.state.epochs.current(A).check_record(2)
    for ep in (0, 1, 3):
        with pytest.raises(StaleEpochError, match="newest"):
            consortium.state.epochs.current(A).check_record(ep)


def test_a_record_before_any_epoch_is_refused() -> None:
    """Who never granted a key has no epoch to seal under, whatever number a record names."""
    consortium = make_consortium(3)

    with pytest.raises(StaleEpochError, match="newest"):
        consortium.submit(A, [consortium.record(A, ep=1)])
    with pytest.raises(StaleEpochError, match="ended"):
        consortium.state.epochs.current(A).check_record(0)


def test_a_record_in_the_batch_that_opens_its_epoch_is_good() -> None:
    """Grants count for the records after them, in the same batch too."""
    consortium = make_consortium(3)

    consortium.submit(A, [consortium.grant(A, [B]), consortium.record(A)])


def test_a_record_before_its_grant_in_one_batch_is_refused() -> None:
    """Order within a batch is order in the log."""
    consortium = make_consortium(3)

    with pytest.raises(StaleEpochError):
        consortium.submit(A, [consortium.record(A), consortium.grant(A, [B])])


def test_a_record_of_the_old_epoch_after_the_new_grants_is_refused() -> None:
    """A batch cannot open an epoch and still seal under the old one."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)

    with pytest.raises(StaleEpochError, match="newest"):
        consortium.submit(A, [consortium.grant(A, [B], ep=2), consortium.record(A, ep=1)])


@pytest.mark.parametrize("ep", [2, 7])
def test_epochs_ascend_by_one(ep: int) -> None:
    """No epoch is left out: the first is 1, each next is one more."""
    consortium = make_consortium(3)

    with pytest.raises(StaleEpochError, match="next epoch"):
        consortium.submit(A, [consortium.grant(A, [B], ep=ep)])


def test_an_epoch_that_an_earlier_batch_opened_gets_no_new_key() -> None:
    """All audiences of an epoch are granted at once, so that which record uses which stays unknown."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)

    with pytest.raises(StaleEpochError, match="earlier batch"):
        consortium.submit(A, [consortium.grant(A, [B])])


def test_an_older_epoch_gets_no_new_key() -> None:
    """What is over stays over."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    consortium.open_epoch(A, ep=2)

    with pytest.raises(StaleEpochError):
        consortium.submit(A, [consortium.grant(A, [C], ep=1)])


def test_one_audience_has_one_key_an_epoch() -> None:
    """Two keys for the same level and recipients would split an audience by a hidden mark."""
    consortium = make_consortium(3)
    grants = [consortium.grant(A, [B], key=epoch_key(name)) for name in ("one", "two")]

    with pytest.raises(MalformedError, match="one key for an audience"):
        consortium.submit(A, grants)


def test_an_audience_is_level_and_recipients() -> None:
    """The same recipients at another level are another audience."""
    consortium = make_consortium(3)
    consortium.submit(A, [consortium.grant(A, [B], level=level) for level in Level])

    assert len(_epochs(consortium).current()) == len(Level)


def test_an_epoch_has_at_most_24_keys() -> None:
    """Twenty-four audiences are granted, a twenty-fifth is refused."""
    consortium = make_consortium(7)
    ids = consortium.ids
    pairs = [[ids[1 + number % 6]] if number < 6 else [ids[1], ids[2 + number % 5]] for number in range(11)]
    audiences = [(level, to) for level in Level for to in pairs[:7]]
    grants = [consortium.grant(A, sorted(set(to)), level=level) for level, to in audiences[: MAX_KEYS_AN_EPOCH + 1]]

    with pytest.raises(MalformedError, match="at most 24"):
        consortium.submit(A, grants)
    consortium.submit(A, grants[:MAX_KEYS_AN_EPOCH])
    assert len(_epochs(consortium).current()) == MAX_KEYS_AN_EPOCH


def test_a_repeat_serves_a_recipients_new_key() -> None:
    """After a planned rotation the same key is wrapped again, to the new key; nothing else changes."""
    consortium = make_consortium(3)
    grant = consortium.grant(A, [B])
    consortium.submit(A, [grant])
    before = _epochs(consortium)
    new = make_keys(B, roles=(Role.HPKE,), start=11)
    consortium.submit_key_entry(consortium.key_entry(B, add=new, end=[KeyId(B, 7)]))
    consortium.submit(A, [consortium.grant(A, [B])])
    after = _epochs(consortium)

    assert (after.ep, after.opened, after.ended) == (before.ep, before.opened, before.ended)
    (key,) = after.current().values()
    assert sha256(new[0].public_key) in key.hashes
    assert key.audience == (Level.RESTRICTED, frozenset({A, B}))


def test_a_repeat_of_an_older_epoch_is_good() -> None:
    """A recipient's new key may need old epochs too; that opens nothing."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    consortium.open_epoch(A, ep=2)
    consortium.submit(A, [consortium.grant(A, consortium.ids, ep=1)])

    assert (_epochs(consortium).ep, _epochs(consortium).is_open) == (2, True)


@pytest.mark.parametrize(
    "change",
    [
        {"ep": 2},
        {"level": Level.UNCLASSIFIED},
        {"to": [B, C]},
        {"to": []},
    ],
)
def test_a_repeat_that_changes_anything_is_refused(change: dict[str, object]) -> None:
    """One key keeps one epoch, level and recipients: nobody is let in by a repeat."""
    consortium = make_consortium(3)
    consortium.submit(A, [consortium.grant(A, [B], key=epoch_key("k"))])
    parts = {"to": [B], "ep": 1, "level": Level.RESTRICTED, **change}
    to = parts.pop("to")

    with pytest.raises(MalformedError, match="repeated grant"):
        consortium.submit(A, [consortium.grant(A, to, key=epoch_key("k"), **parts)])  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("level", [Level.CONFIDENTIAL, Level.SECRET])
def test_a_grant_above_a_ceiling_is_refused(level: Level) -> None:
    """The charter's ceiling binds every recipient."""
    consortium = make_consortium(3)
    _charter(consortium, _changed(consortium, B, ceiling=Level.RESTRICTED))

    with pytest.raises(AboveCeilingError):
        consortium.submit(A, [consortium.grant(A, [B, C], level=level)])
    assert _epochs(consortium).ep == 0


def test_a_ceiling_does_not_bind_the_issuer() -> None:
    """An agency may seal to itself whatever it likes."""
    consortium = make_consortium(3)
    _charter(consortium, _changed(consortium, A, ceiling=Level.UNCLASSIFIED))

    consortium.submit(A, [consortium.grant(A, [B], level=Level.SECRET)])


def test_a_grant_to_a_stranger_is_refused() -> None:
    """Only members are given keys."""
    consortium = make_consortium(3)
    stranger = make_agency(D)
    recipients = {**consortium.recipients(A, [B]), D: stranger.keys[-1].public_key}

    with pytest.raises(NotAMemberError):
        consortium.submit(A, [_sealed(consortium, recipients)])


def test_a_box_to_an_ended_key_is_refused() -> None:
    """A box to a key that was ended before this grant is a box to whoever holds that key now."""
    consortium = make_consortium(3)
    grant = consortium.grant(A, [B])
    new = make_keys(B, roles=(Role.HPKE,), start=11)
    consortium.submit_key_entry(consortium.key_entry(B, add=new, end=[KeyId(B, 7)]))

    with pytest.raises(MalformedError, match="not in force"):
        consortium.submit(A, [grant])


def test_a_box_to_any_key_in_force_is_good() -> None:
    """While a recipient has two keys in force, a box to either may stand."""
    consortium = make_consortium(3)
    grant = consortium.grant(A, [B])
    consortium.submit_key_entry(consortium.key_entry(B, add=make_keys(B, roles=(Role.HPKE,), start=11)))

    consortium.submit(A, [grant])


def test_the_issuers_own_box_goes_to_its_recovery_key() -> None:
    """A box to the issuer's working key would be lost with its keystore."""
    consortium = make_consortium(3)
    recipients = {**consortium.recipients(A, [B]), A: consortium.newest(A, Role.HPKE).public_key}

    with pytest.raises(MalformedError, match="not in force"):
        consortium.submit(A, [_sealed(consortium, recipients)])


def test_a_box_to_anothers_key_is_refused() -> None:
    """Wrapping B's box to C's key would hand C what the grant says is B's."""
    consortium = make_consortium(3)
    recipients = {**consortium.recipients(A, [B]), B: consortium.newest(C, Role.HPKE).public_key}

    with pytest.raises(MalformedError, match="not in force"):
        consortium.submit(A, [_sealed(consortium, recipients)])


def test_a_charter_that_removes_an_agency_ends_every_epoch() -> None:
    """Who left may keep old keys: from there on everybody seals under new ones."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    consortium.submit(B, [consortium.grant(B, [A])])
    rest = tuple(agency for agency in consortium.next_charter().agencies if agency.id != C)
    index = _charter(consortium, consortium.next_charter(agencies=rest))

    for iss in (A, B):
        assert _epochs(consortium, iss).ended == index
        with pytest.raises(StaleEpochError, match="ended by a change"):
            consortium.submit(iss, [consortium.record(iss)])


def test_after_a_forced_end_a_new_epoch_goes_on() -> None:
    """The next grants open the next epoch and records are taken again."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    rest = tuple(agency for agency in consortium.next_charter().agencies if agency.id != C)
    _charter(consortium, consortium.next_charter(agencies=rest))
    consortium.submit(A, [consortium.grant(A, [B], ep=2), consortium.record(A, ep=2)])

    assert _epochs(consortium).is_open


def test_a_repeat_does_not_reopen_an_ended_epoch() -> None:
    """A grant that repeats an old key after the end leaves the epoch ended."""
    consortium = make_consortium(3)
    consortium.submit(A, [consortium.grant(A, [B])])
    rest = tuple(agency for agency in consortium.next_charter().agencies if agency.id != C)
    _charter(consortium, consortium.next_charter(agencies=rest))

    with pytest.raises(StaleEpochError, match="ended by a change"):
        consortium.submit(A, [consortium.grant(A, [B]), consortium.record(A)])


def test_a_lowered_ceiling_ends_the_epochs_above_it() -> None:
    """An epoch whose grant is above the new ceiling is over; one below it goes on."""
    consortium = make_consortium(3)
    consortium.submit(A, [consortium.grant(A, [C], level=Level.SECRET)])
    consortium.submit(B, [consortium.grant(B, [C], level=Level.RESTRICTED)])
    index = _charter(consortium, _changed(consortium, C, ceiling=Level.CONFIDENTIAL))

    assert (_epochs(consortium, A).ended, _epochs(consortium, B).is_open) == (index, True)


def test_an_issuers_own_ceiling_ends_nothing() -> None:
    """What binds recipients does not bind the issuer, then as now."""
    consortium = make_consortium(3)
    consortium.submit(A, [consortium.grant(A, [B], level=Level.SECRET)])
    _charter(consortium, _changed(consortium, A, ceiling=Level.UNCLASSIFIED))

    assert _epochs(consortium).is_open


@pytest.mark.parametrize("agency", [A, C])
def test_a_replaced_root_ends_the_epochs_that_name_its_agency(agency: str) -> None:
    """Where roots change keys may be lost: epochs that name the agency end, others go on."""
    consortium = make_consortium(3)
    consortium.submit(A, [consortium.grant(A, [C])])
    consortium.submit(B, [consortium.grant(B, [])])
    charter = _changed(consortium, agency, keys=make_keys(agency, start=11))
    index = _charter(consortium, charter, agency)

    assert (_epochs(consortium, A).ended, _epochs(consortium, B).is_open) == (index, True)


def test_a_harmless_charter_ends_nothing() -> None:
    """A newcomer, another address or a raised ceiling leaves all epochs open."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    kept = consortium.next_charter().agencies
    charter = consortium.next_charter(url="https://log.test", agencies=(*kept, make_agency(D)), threshold=3)
    _charter(consortium, charter, D)

    assert _epochs(consortium).is_open
    consortium.submit(A, [consortium.record(A)])


def test_a_new_recovery_key_ends_nothing() -> None:
    """A recovery key changes by charter and needs nothing else."""
    consortium = make_consortium(3)
    consortium.open_epoch(A)
    agency = next(item for item in consortium.next_charter().agencies if item.id == A)
    keys = (*of_role(agency.keys, Role.ROOT), *make_keys(A, roles=(Role.RECOVERY,), start=13))
    _charter(consortium, _changed(consortium, A, keys=keys))

    assert _epochs(consortium).is_open


def test_a_lost_key_for_boxes_ends_the_epochs_that_name_it() -> None:
    """A key entry with `since` says that somebody else may hold the key: epochs wrapped to it are over."""
    consortium = make_consortium(3)
    consortium.submit(A, [consortium.grant(A, [B])])
    consortium.submit(C, [consortium.grant(C, [])])
    new = make_keys(B, roles=(Role.HPKE,), start=11)
    index = consortium.submit_key_entry(consortium.key_entry(B, add=new, end=[KeyId(B, 7)], since=0)).index

    assert (_epochs(consortium, A).ended, _epochs(consortium, C).is_open) == (index, True)
    with pytest.raises(StaleEpochError):
        consortium.submit(A, [consortium.record(A)])


def test_a_planned_rotation_ends_nothing() -> None:
    """Without `since` an ended key is merely old."""
    consortium = make_consortium(3)
    consortium.submit(A, [consortium.grant(A, [B])])
    new = make_keys(B, roles=(Role.HPKE,), start=11)
    consortium.submit_key_entry(consortium.key_entry(B, add=new, end=[KeyId(B, 7)]))

    assert _epochs(consortium).is_open


def test_a_lost_signing_key_ends_no_epoch() -> None:
    """A stolen signing key opens no box."""
    consortium = make_consortium(3)
    consortium.submit(A, [consortium.grant(A, [B])])
    new = make_keys(B, roles=(Role.SIGN,), start=11)
    consortium.submit_key_entry(consortium.key_entry(B, add=new, end=[KeyId(B, 4)], since=0))

    assert _epochs(consortium).is_open


def test_a_lost_key_of_an_older_epoch_ends_nothing_now() -> None:
    """Only the newest epoch can be ended: what was sealed under older ones is in the past."""
    consortium = make_consortium(3)
    consortium.submit(A, [consortium.grant(A, [B])])
    consortium.submit(A, [consortium.grant(A, [C], ep=2)])
    new = make_keys(B, roles=(Role.HPKE,), start=11)
    consortium.submit_key_entry(consortium.key_entry(B, add=new, end=[KeyId(B, 7)], since=0))

    assert _epochs(consortium).is_open


def test_an_ended_epoch_stays_ended_through_later_charters() -> None:
    """A charter after the end meets epochs that name agencies which are gone, and changes nothing about them."""
    consortium = make_consortium(3)
    consortium.submit(A, [consortium.grant(A, [C])])
    rest = tuple(agency for agency in consortium.next_charter().agencies if agency.id != C)
    index = _charter(consortium, consortium.next_charter(agencies=rest))
    _charter(consortium, consortium.next_charter())

    assert _epochs(consortium).ended == index


def _with_match(consortium: Consortium, match: Match) -> None:
    _charter(consortium, consortium.next_charter(match=match))


def test_the_matching_key_comes_from_its_keeper() -> None:
    """The grant that the charter announces may stand, and is no epoch of its issuer."""
    consortium = make_consortium(3)
    key = epoch_key("match")
    _with_match(consortium, matching(B, key=key, ep=4))
    grant = consortium.grant(B, [A, C], ep=4, key=key, use=Use.MATCH, level=Level.UNCLASSIFIED)
    consortium.submit(B, [grant])

    assert _epochs(consortium, B) == IssuerEpochs()


@pytest.mark.parametrize(("iss", "ep", "key"), [(A, 4, "match"), (B, 3, "match"), (B, 4, "other")])
def test_another_matching_key_is_refused(iss: str, ep: int, key: str) -> None:
    """Another agency, token epoch or key than the charter names would split the matches."""
    consortium = make_consortium(3)
    _with_match(consortium, matching(B, key=epoch_key("match"), ep=4))
    grant = consortium.grant(iss, [C], ep=ep, key=epoch_key(key), use=Use.MATCH, level=Level.UNCLASSIFIED)

    with pytest.raises(MalformedError, match="matching key"):
        consortium.submit(iss, [grant])


def test_without_matching_there_is_no_matching_key() -> None:
    """While the charter names none, none is granted."""
    consortium = make_consortium(3)
    grant = consortium.grant(A, [B], key=epoch_key("match"), use=Use.MATCH, level=Level.UNCLASSIFIED)

    with pytest.raises(MalformedError, match="matching key"):
        consortium.submit(A, [grant])


def test_a_refused_grant_changes_nothing() -> None:
    """Applying directly is all or nothing too."""
    consortium = make_consortium(3)
    epochs, membership = Epochs(), consortium.state.membership
    good, bad = (parse_grant(consortium.grant(A, [B], ep=ep).entry) for ep in (1, 3))
    epochs.apply_grant(good, index=1, batch=1, membership=membership)
    before = epochs.current(A)

    with pytest.raises(LedgerError):
        epochs.apply_grant(bad, index=2, batch=2, membership=membership)
    assert epochs.current(A) is before

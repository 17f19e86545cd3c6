"""Who may sign with which key: learned from the log, judged whole, kept only when it holds."""

from dataclasses import replace

import pytest

from clients.authority import Authority, members_of
from clients.errors import StaleError
from clients.replica import Replica
from clients.trust import LoggedCharter
from crypto.signing import Algorithm
from ledger.errors import LedgerError, ProofError
from ledger.identifiers import KeyId
from ledger.kinds import Role
from ledger.labels import Level
from tests.support.consortium import Consortium, agency_ids, make_consortium, make_key, sign_by
from tests.support.logfiles import publish_log
from tests.support.views import LogTransport, view_of

A, B = agency_ids(2)


def rotated(times: int) -> Consortium:
    """Return a consortium whose first agency has added a sign key so many times."""
    found = make_consortium(2)
    for number in range(times):
        key = make_key(KeyId(A, 20 + number), Role.SIGN, Algorithm.ED25519)
        found.submit_key_entry(found.key_entry(A, add=[key]))
    return found


def over(consortium: Consortium, replica: Replica) -> tuple[Authority, LogTransport]:
    """Return who is a member, as far as is known, and the service that may be asked."""
    files = publish_log(consortium)
    transport = LogTransport(consortium, files)
    return Authority(view_of(consortium, files), service=transport.service(), replica=replica), transport


def newest(authority: Authority, consortium: Consortium) -> KeyId:
    """Return the key that the agency signs with."""
    return authority.membership.newest(A, Role.SIGN, consortium.state.size).kid


def test_at_first_only_the_charter_is_known(replica: Replica) -> None:
    """Nothing is asked for before it is needed."""
    consortium = rotated(1)
    authority, transport = over(consortium, replica)

    assert newest(authority, consortium).number < 20
    assert transport.asked == []


@pytest.mark.parametrize("times", [1, 3])
def test_a_chain_of_key_entries_is_followed_to_its_beginning(replica: Replica, times: int) -> None:
    """Each names the one before; all of them are fetched, proved, judged and kept."""
    consortium = rotated(times)
    authority, transport = over(consortium, replica)
    authority.catch_up(A)

    assert newest(authority, consortium) == KeyId(A, 19 + times)
    assert len(replica.key_entries()) == times
    assert len(transport.asked) == 1 + times


def test_what_is_kept_is_not_fetched_again(replica: Replica) -> None:
    """The next home's start knows it from the replica; another catch-up asks for the head alone."""
    consortium = rotated(2)
    over(consortium, replica)[0].catch_up(A)
    authority, transport = over(consortium, replica)
    authority.catch_up(A)

    assert newest(authority, consortium) == KeyId(A, 21)
    assert len(transport.asked) == 1


def test_an_agency_without_key_entries_needs_none(replica: Replica) -> None:
    """Its head names the charter."""
    authority, transport = over(rotated(1), replica)
    authority.catch_up(B)

    assert len(transport.asked) == 1
    assert replica.key_entries() == {}


def test_a_key_entry_that_is_not_in_the_log(replica: Replica) -> None:
    """Another entry served for the index is refused, and nothing is kept."""
    consortium = rotated(2)
    authority, transport = over(consortium, replica)
    transport.entries[2] = transport.entries[1]

    with pytest.raises(ProofError, match="not the one in the log"):
        authority.catch_up(A)
    assert replica.key_entries() == {}


def test_a_key_entry_beyond_the_checkpoint(replica: Replica) -> None:
    """A head may name what waits for its witnesses; if that never ends, the service shows two states."""
    authority, transport = over(rotated(1), replica)
    transport.heads[A] = replace(transport.heads[A], keys=99)

    with pytest.raises(StaleError, match="beyond") as caught:
        authority.catch_up(A)
    assert "different states" in caught.value.next_step


def one_more(consortium: Consortium, transport: LogTransport) -> None:
    """Log and publish one more key entry, which the view does not know."""
    key = make_key(KeyId(A, 30), Role.SIGN, Algorithm.ED25519)
    consortium.submit_key_entry(consortium.key_entry(A, add=[key]))
    later = LogTransport(consortium, publish_log(consortium))
    transport.entries, transport.heads, transport.files = later.entries, later.heads, later.files


def test_a_key_entry_that_was_published_since_the_view_stops_nobody(replica: Replica) -> None:
    """What it names as the one before is learnt, and proved; the newer one is for the next view."""
    consortium = rotated(2)
    authority, transport = over(consortium, replica)
    one_more(consortium, transport)

    authority.catch_up(A)

    assert authority.membership.newest(A, Role.SIGN, 3).kid == KeyId(A, 21)
    assert set(replica.key_entries()) == {1, 2}


def test_a_key_entry_beyond_the_view_is_followed_to_earlier_ones_alone(replica: Replica) -> None:
    """One that leads forward could be followed for ever."""
    consortium = rotated(2)
    authority, transport = over(consortium, replica)
    one_more(consortium, transport)
    key = make_key(KeyId(A, 40), Role.SIGN, Algorithm.ED25519)
    transport.entries[3] = rotated(5).key_entry(A, add=[key])

    with pytest.raises(ProofError, match="names a later one"):
        authority.catch_up(A)
    assert replica.key_entries() == {}


def test_attack_a_chain_of_key_entries_beyond_the_view_that_does_not_end(replica: Replica) -> None:
    """A service that names ever more entries which nobody can prove keeps a home busy for a few requests, not for ever."""
    authority, transport = over(rotated(1), replica)
    longer = rotated(70)
    later = LogTransport(longer, publish_log(longer))
    transport.entries, transport.files = later.entries, later.files
    transport.heads[A] = replace(transport.heads[A], keys=70)

    with pytest.raises(StaleError, match="at 70 is named, beyond the 2"):
        authority.catch_up(A)
    assert len(transport.asked) == 1 + 64
    assert replica.key_entries() == {}


def test_a_head_that_names_an_entry_of_another_kind(replica: Replica) -> None:
    """A batch or statement in place of a key entry."""
    consortium = rotated(1)
    consortium.open_epoch(A)
    authority, transport = over(consortium, replica)
    transport.heads[A] = replace(transport.heads[A], keys=2)

    with pytest.raises(LedgerError):
        authority.catch_up(A)
    assert replica.key_entries() == {}


def test_key_entries_before_a_later_charter_are_found(replica: Replica) -> None:
    """A batch after a new charter names that charter: who joins then still learns the keys that were added before it."""
    consortium = rotated(2)
    file = sign_by(consortium.next_charter(), consortium.current.agencies, previous=consortium.current)
    charter = consortium.submit_charter(file).index
    files = publish_log(consortium)
    transport = LogTransport(consortium, files)
    view = view_of(consortium, files)
    second = LoggedCharter(charter=consortium.current, file=file, index=charter)
    view = replace(view, charters=(*view.charters, second))
    authority = Authority(view, service=transport.service(), replica=replica)
    authority.learn(A, charter)
    authority.learn(A, charter)

    assert newest(authority, consortium) == KeyId(A, 21)
    assert len(transport.asked) == 3


def test_the_charter_that_first_lists_an_agency_needs_no_question(replica: Replica) -> None:
    """Before it there can be no key entry: a first sync asks nobody for heads."""
    authority, transport = over(rotated(2), replica)
    authority.learn(B, 0)
    authority.learn("xzz-nobody", 0)

    assert transport.asked == []


def test_members_are_those_of_every_charter() -> None:
    """Versions by number, ceilings as they are now."""
    consortium = make_consortium(2)
    first = consortium.current
    members = members_of([first, replace(first, ver=2, agencies=first.agencies[:1], threshold=1, prev=b"\1" * 32)])

    assert {version: len(found) for version, found in members.versions.items()} == {1: 2, 2: 1}
    assert dict(members.ceilings) == {A: Level.SECRET}


def test_the_view_s_members_are_those_of_its_charters(replica: Replica) -> None:
    """What labels are judged by."""
    authority, _ = over(make_consortium(2), replica)

    assert authority.members().versions[1] == frozenset({A, B})

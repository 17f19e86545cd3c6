"""The matching key from the charter's proposal to every member, and who may not hand one out."""

from pathlib import Path

import pytest

from clients import charters
from clients.errors import HomeError
from clients.matching.evaluating import _parts
from clients.matching.keys import asking_keys, current_key, hand_out
from crypto.portionkeys import matching_key_id
from tests.support.commands import command
from tests.support.loopback import Walk, found_consortium
from tests.support.matched import newest_charter, share_key, start_epoch

BY, OTHER, THIRD = "xar-arms", "xbe-cib", "xco-npa"


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Give three agencies without a matching key, closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("keys"), BY, OTHER, THIRD, auditor="xau-dit")
    found.close()
    return found


def propose(walk: Walk, *options: str, home: str = BY) -> tuple[int, str, Path]:
    """Propose the next charter by command; return code, notes and the file."""
    previous, output = walk.folder / "charter.json", walk.folder / "next.proposal"
    previous.write_bytes(newest_charter(walk))
    done = command(walk, "charter", "propose", "--previous", str(previous), "-o", str(output), *options, home=home)
    return done.code, done.notes, output


def test_a_charter_names_a_key_that_its_keeper_has_drawn(walk: Walk) -> None:
    """The key is in the keystore before the proposal names it, and the proposal names the service's own key too."""
    code, _, output = propose(walk, "--match-by", BY, "--service", str(walk.config.service))
    match = charters.read(output.read_bytes()).match
    assert match is not None
    held = walk.keyring(BY).matching_keys()

    assert (code, match.ep, match.by) == (0, 1, BY)
    assert matching_key_id(held[match.kcid]) == match.kcid
    assert match.pk == charters.parse_service(walk.config.service.read_bytes()).match_pk
    shown = command(walk, "charter", "show", str(output))
    assert f"token epoch 1, key by {BY}" in shown.output


def test_another_home_cannot_draw_the_key(walk: Walk) -> None:
    """Whoever proposes for another agency would hold a key that this agency does not."""
    code, notes, output = propose(walk, "--match-by", OTHER, "--service", str(walk.config.service))

    assert (code, output.exists()) == (1, False)
    assert f"propose at {OTHER}" in notes
    assert walk.keyring(BY).matching_keys() == {}


def test_a_token_epoch_needs_the_services_key(walk: Walk) -> None:
    """Without the service's own key there is nothing that a proof could be checked against."""
    code, notes, _ = propose(walk, "--match-by", BY)

    assert code == 1
    assert "--service" in notes


def test_whoever_leaves_takes_the_key_along_so_another_is_needed(walk: Walk) -> None:
    """A charter that removes an agency keeps no matching key: it names a new one, or none."""
    start_epoch(walk, ep=1, by=BY)
    kept, _, _ = propose(walk)
    removed, notes, _ = propose(walk, "--remove", THIRD)
    ended, _, output = propose(walk, "--remove", THIRD, "--no-match")

    assert (kept, removed, ended) == (0, 1, 0)
    assert "--match-by" in notes
    assert charters.read(output.read_bytes()).match is None


def test_the_next_epoch_has_the_next_number(walk: Walk) -> None:
    """A token epoch's number is above every earlier one, also after a charter that named none."""
    start_epoch(walk, ep=1, by=BY)
    _, _, output = propose(walk, "--match-by", BY, "--service", str(walk.config.service))
    match = charters.read(output.read_bytes()).match

    assert match is not None
    assert match.ep == 2


def test_every_member_gets_the_key_by_a_sync(walk: Walk) -> None:
    """The keeper hands it out once; the others take it, and all hold the same."""
    kcid = start_epoch(walk, ep=1, by=BY)
    first = command(walk, "sync", home=BY)
    again = command(walk, "sync", home=BY)
    share_key(walk, by=BY)
    keys = [walk.keyring(agency).matching_keys()[kcid] for agency in (BY, OTHER, THIRD)]

    assert "handed out   the matching key" in first.output
    assert "handed out" not in again.output
    assert len(set(keys)) == 1
    assert matching_key_id(keys[0]) == kcid


def test_only_the_keeper_hands_out(walk: Walk) -> None:
    """Another member, and a keeper that lost the key, log no grant."""
    start_epoch(walk, ep=1, by=BY)
    other = walk.session(OTHER).stand()

    assert not hand_out(other)
    assert walk.transport.requests[-1].path != "/v1/batches"


def test_without_the_key_nothing_is_asked(walk: Walk) -> None:
    """A home says that it lacks the key, and who has to hand it out."""
    start_epoch(walk, ep=1, by=BY)
    with pytest.raises(HomeError) as refused:
        current_key(walk.session(OTHER).stand())

    assert BY in refused.value.next_step


def test_without_a_charter_that_names_one_there_is_no_key(walk: Walk) -> None:
    """Slips are off and a question is refused until the members agree on a key."""
    standing = walk.session(OTHER).stand()

    assert current_key(standing) is None
    with pytest.raises(HomeError, match="no matching key yet"):
        asking_keys(standing)


def test_requests_for_evaluations_hold_whole_records_up_to_a_thousand_elements() -> None:
    """Each input goes once, records stay whole, empty ones are not counted."""
    records = [[b"%d-%d" % (record, place) for place in range(8)] for record in range(260)]
    parts = list(_parts([*records, [], records[0], [b"x", b"x"]]))

    assert [sum(map(len, part)) for part in parts] == [1_000, 1_000, 81]
    assert [len(part) for part in parts] == [125, 125, 11]
    assert sorted(given for part in parts for one in part for given in one) == sorted(
        [given for one in records for given in one] + [b"x"]
    )

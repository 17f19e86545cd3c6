"""How a consortium gets its witnesses: keys, the charter that names them, the one that leaves the unwitnessed state."""

from dataclasses import replace
from pathlib import Path

import pytest

from clients import charters, newroot
from clients.agency import Identity, Passphrase, create_agency, parse_enrolment, witness_request
from clients.charters import Terms
from clients.cli.exits import Exit
from clients.errors import ListError
from clients.keyring import Keyring
from clients.witnesskeys import WitnessKeys, draw_witness_keys, parse_witness_keys
from clients.witnesspolicy import witness_policy
from crypto.errors import KeystoreError
from ledger import jsontext
from ledger.agencies import Agency, Contact
from ledger.charter import Charter, verify_next_charter
from ledger.errors import LedgerError
from ledger.fingerprints import of_file
from ledger.keys import of_role
from ledger.kinds import Role
from ledger.terms import WitnessPolicy
from ledger.witnesses import witness_vkeys
from tests.support.charterlife import root
from tests.support.commands import command
from tests.support.consortium import make_keys
from tests.support.loopback import PHRASE, WEAK, Walk, found_consortium

A, B, C = AGENCIES = ("xar-arms", "xbe-cib", "xco-npa")


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Three agencies around a real service, unwitnessed, closed: a template to copy."""
    found = found_consortium(tmp_path_factory.mktemp("founded"), *AGENCIES)
    found.close()
    return found


@pytest.fixture
def walk(walk: Walk) -> Walk:
    """Give a copy of it, open, and its charter as a file."""
    (walk.folder / "charter.1").write_bytes(walk.charter_file)
    return walk


def keys_of(walk: Walk, agency: str) -> WitnessKeys:
    """Draw witness keys for a member, by command."""
    path = walk.folder / f"{agency}.witness"
    result = command(walk, "witness", "keys", "-o", str(path), home=agency)
    assert result.code == Exit.DONE, result.notes
    request = parse_enrolment(path.read_bytes())
    assert isinstance(request, WitnessKeys)
    return request


def policy(n: int, **terms: object) -> tuple[int, int]:
    """Return k and f for n witnesses."""
    names = tuple(f"x{chr(97 + place)}a-arms" for place in range(n))
    found = witness_policy(WitnessPolicy(), Terms(witnesses=names, **terms))  # type: ignore[arg-type]  # members by name
    return found.k, found.f


@pytest.mark.parametrize(
    ("n", "expected"),
    [(1, (1, 0)), (2, (2, 0)), (3, (2, 0)), (4, (3, 1)), (5, (4, 1)), (6, (4, 1)), (7, (5, 2)), (10, (7, 3))],
)
def test_how_many_must_cosign_follows_from_how_many_there_are(n: int, expected: tuple[int, int]) -> None:
    """3 of 4, 4 of 5, 5 of 7: the least quorum for the most that may fail."""
    assert policy(n) == expected


def test_quorum_and_dishonest_may_be_said() -> None:
    """And one follows from the other."""
    assert policy(7, dishonest=1) == (5, 1)
    assert policy(5, quorum=3, dishonest=0) == (3, 0)
    assert policy(0) == (0, 0)


@pytest.mark.parametrize("terms", [{"quorum": 2}, {"quorum": 4}, {"dishonest": 2}, {"quorum": 9}])
def test_what_is_no_policy_is_refused_with_the_rule(terms: dict[str, int]) -> None:
    """Before anybody signs it."""
    with pytest.raises(ListError, match="2k > n"):
        policy(4, **terms)


def test_an_agency_may_begin_as_a_witness(tmp_path: Path) -> None:
    """Its enrolment has nine keys, and the witness pair lies in a keystore of its own."""
    identity = Identity(
        id=A, name="Arms", country="XAR", contact=Contact(name="Desk", hours="24/7", languages=("en",)), witness=True
    )
    home, request = create_agency(
        str(tmp_path / "home"), {}, identity, passphrases=Passphrase(working=PHRASE, root=PHRASE), cost=WEAK
    )
    enrolled = parse_enrolment(request)
    keyring = Keyring.open(home.witness_keystore, passphrase=PHRASE, allow_weak=True)

    assert isinstance(enrolled, Agency)
    assert [key.kid.number for key in enrolled.keys] == list(range(1, 10))
    assert keyring.public_keys() == of_role(enrolled.keys, Role.WITNESS)
    assert not Keyring.open(home.keystore, passphrase=PHRASE, allow_weak=True).signing_keys(Role.WITNESS)


def test_a_first_charter_with_witnesses(tmp_path: Path, walk: Walk) -> None:
    """A consortium starts witnessed; who is not named gets no witness keys into the charter."""
    requests = []
    for name in AGENCIES:
        contact = Contact(name="Desk", hours="24/7", languages=("en",))
        identity = Identity(id=name, name=name, country=name[:3].upper(), contact=contact, witness=True)
        phrases = Passphrase(working=PHRASE, root=PHRASE)
        _, raw = create_agency(str(tmp_path / name), {}, identity, passphrases=phrases, cost=WEAK)
        requests.append(parse_enrolment(raw))
    service = charters.parse_service(walk.config.service.read_bytes())
    charter = charters.read(charters.propose_charter(service, requests, Terms(witnesses=(A, B))))
    bare = charters.read(charters.propose_charter(service, requests, Terms()))

    assert charter.witness == WitnessPolicy(agencies=(A, B), k=2, f=0)
    assert len(witness_vkeys(charter, A)) == 2
    assert [len(of_role(agency.keys, Role.WITNESS)) for agency in charter.agencies] == [2, 2, 0]
    assert not bare.is_witnessed


def test_a_consortium_leaves_the_unwitnessed_state(walk: Walk) -> None:
    """By commands: each member draws keys, one proposes, all sign; and the charter follows the one in force."""
    requests = []
    for agency in AGENCIES:
        keys = keys_of(walk, agency)
        assert [key.kid.number for key in keys.keys] == [8, 9]
        requests.append(str(walk.folder / f"{agency}.witness"))
    proposal, before = str(walk.folder / "charter.2"), str(walk.folder / "charter.1")
    names = [word for agency in AGENCIES for word in ("--witness", agency)]
    proposed = command(walk, "charter", "propose", *requests, *names, "--previous", before, "-o", proposal)
    for agency in AGENCIES[:2]:
        assert command(walk, "charter", "sign", proposal, "--previous", before, home=agency).code == Exit.DONE
    shown = command(walk, "charter", "show", proposal)
    charter = follow(walk, walk.charter_file, Path(proposal).read_bytes())

    assert "witnesses    2 of 3, 0 may be dishonest: xar-arms, xbe-cib, xco-npa" in proposed.output
    assert "f = 0 is for demonstrations" in proposed.output
    assert "f = 0 is for demonstrations" in shown.output
    assert command(walk, "charter", "show", "--json", proposal).json["quorum"] == 2
    assert charter.witness == WitnessPolicy(agencies=AGENCIES, k=2, f=0)


def follow(walk: Walk, before: bytes, file: bytes) -> Charter:
    """Return the next charter, verified."""
    del walk
    return verify_next_charter(file, previous=charters.read(before), previous_hash=of_file(before))


def test_lost_witness_keys_are_replaced(walk: Walk) -> None:
    """A new pair beside the old, under new numbers; the other witnesses stay as they are."""
    first = [keys_of(walk, agency) for agency in AGENCIES]
    witnessed = charters.propose_next(walk.charter_file, first, Terms(witnesses=AGENCIES))
    again = keys_of(walk, A)
    signed = charters.sign(
        charters.sign(witnessed, root(walk, A), previous=walk.charter_file), root(walk, B), previous=walk.charter_file
    )
    after = charters.read(charters.propose_next(signed, [again], Terms()))

    assert [key.kid.number for key in again.keys] == [10, 11]
    assert after.witness == WitnessPolicy(agencies=AGENCIES, k=2, f=0)
    assert of_role(_member(after, A).keys, Role.WITNESS) == again.keys
    assert of_role(_member(after, B).keys, Role.WITNESS) == first[1].keys
    kept = Keyring.open(walk.homes[A].witness_keystore, passphrase=PHRASE, allow_weak=True)
    assert kept.public_keys() == (*first[0].keys, *again.keys)


def test_a_witness_that_leaves_is_replaced(walk: Walk) -> None:
    """Removed from the members, it is removed from the witnesses; the quorum follows."""
    first = [keys_of(walk, agency) for agency in AGENCIES]
    witnessed = charters.propose_next(walk.charter_file, first, Terms(witnesses=AGENCIES))
    file = charters.sign(witnessed, root(walk, A), root(walk, B), previous=walk.charter_file)
    after = charters.read(charters.propose_next(file, [], Terms(removed=frozenset({C}))))

    assert after.witness == WitnessPolicy(agencies=(A, B), k=2, f=0)


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        (Terms(witnesses=(A, B)), "xbe-cib has no witness keys"),
        (Terms(witnesses=(A, "xzz-none")), "no member of that id: xzz-none"),
        (Terms(), "witness keys of who is no witness: xar-arms"),
    ],
)
def test_a_proposal_that_would_be_no_charter_says_why(walk: Walk, terms: Terms, text: str) -> None:
    """In words, with the next step, instead of a refusal by the charter's own rules."""
    with pytest.raises(ListError, match=text):
        charters.propose_next(walk.charter_file, [keys_of(walk, A)], terms)


def test_a_new_root_of_a_witness_brings_new_witness_keys(walk: Walk) -> None:
    """All keys change with the root: the new pair waits beside the old one, which the next charter's first needs."""
    requests = [keys_of(walk, agency) for agency in AGENCIES]
    charter = charters.read(charters.propose_next(walk.charter_file, requests, Terms(witnesses=AGENCIES)))
    standing = walk.session(A).stand()
    logged = replace(standing.view.charters[-1], charter=charter)
    witnessing = replace(standing, view=replace(standing.view, charters=(logged,)))
    enrolled = [
        parse_enrolment(newroot.draw(one, passphrase=PHRASE, working=PHRASE, cost=WEAK))
        for one in (standing, witnessing)
    ]
    kept = Keyring.open(walk.homes[A].witness_keystore, passphrase=PHRASE, allow_weak=True).public_keys()

    for agency, expected in zip(enrolled, ((), kept[2:]), strict=True):
        assert isinstance(agency, Agency)
        assert of_role(agency.keys, Role.WITNESS) == expected
    assert kept[:2] == requests[0].keys
    assert [key.kid.number for key in kept[2:]] == [15, 16]


def test_a_wrong_passphrase_draws_no_keys(walk: Walk) -> None:
    """The keystore that is there is opened first."""
    keys_of(walk, A)

    with pytest.raises(KeystoreError):
        draw_witness_keys(walk.homes[A], first=8, passphrase=b"a wrong passphrase", cost=WEAK)


def test_a_request_has_one_spelling() -> None:
    """Round trip; and one key, two of one kind, or a key of another role are no pair."""
    pair = make_keys(A, roles=(Role.WITNESS,), start=8)
    request = WitnessKeys(id=A, keys=pair)

    assert parse_enrolment(witness_request(request)) == request
    for keys in (pair[:1], pair[::-1], (pair[0], *make_keys(A, roles=(Role.SIGN,), start=9)), ()):
        value = jsontext.load(jsontext.dump({"id": A, "keys": [key.to_json() for key in keys]}))
        with pytest.raises(LedgerError):
            parse_witness_keys(value)


def _member(charter: Charter, agency: str) -> Agency:
    found = charter.agency(agency)
    assert found is not None
    return found

"""Trust policies as files (C2SP tlog-policy)."""

import hashlib
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.signing import Algorithm, SeedSigner
from ledger import policy
from ledger.checkpoints import cosigner_vkey, vkey
from ledger.errors import MalformedError, TooLargeError
from ledger.notes import VerifierKey
from ledger.policy import Policy, PolicyGroup, PolicyLog, PolicyWitness, parse_policy

ED, ML = Algorithm.ED25519, Algorithm.ML_DSA_44
AGENCIES = ("xar-arms", "xbo-police", "xco-customs", "xde-judge")


@lru_cache
def log_key(name: str, algorithm: Algorithm = ED) -> VerifierKey:
    """Return the key of a log."""
    return vkey(name, _signer(f"log {name}", algorithm).public_key)


@lru_cache
def witness_key(name: str, algorithm: Algorithm = ED) -> VerifierKey:
    """Return the key of a witness."""
    return cosigner_vkey(name, _signer(f"witness {name}", algorithm).public_key)


def _signer(seed: str, algorithm: Algorithm) -> SeedSigner:
    return SeedSigner(algorithm, hashlib.sha256(seed.encode()).digest())


def w(name: str) -> str:
    """Return the vkey text of a witness."""
    return witness_key(name).format()


LOG = f"log {log_key('log.example').format()}\n"
X1, X2, X3, Y1 = (f"witness {name} {w(name)}\n" for name in ("X1", "X2", "X3", "Y1"))


def parse(*lines: str) -> Policy:
    """Parse the lines of a policy."""
    return parse_policy("".join(lines).encode())


def agencies(k: int) -> Policy:
    """Return the policy of a charter: each agency one group of its two keys, the quorum k of the groups."""
    witnesses = [
        PolicyWitness(name=f"{name}/{short}", key=witness_key(name, algorithm), url=f"https://{name}.example/")
        for name in AGENCIES
        for short, algorithm in (("ed25519", ED), ("ml-dsa-44", ML))
    ]
    groups = [PolicyGroup(name=name, k=2, members=(f"{name}/ed25519", f"{name}/ml-dsa-44")) for name in AGENCIES]
    return Policy(
        logs=(PolicyLog(key=log_key("log.example")), PolicyLog(key=log_key("log.example", ML), url="https://log/")),
        witnesses=tuple(witnesses),
        groups=(*groups, PolicyGroup(name="agencies", k=k, members=AGENCIES)),
        quorum="agencies",
    )


def test_the_policy_of_a_charter_is_written_and_read_back() -> None:
    """Two log keys, eight witness keys, four groups of all, a quorum of three: to the file and back."""
    raw = agencies(3).format()

    assert agencies(3) == parse_policy(raw)
    assert b"\ngroup xar-arms all xar-arms/ed25519 xar-arms/ml-dsa-44\n" in raw
    assert raw.endswith(b"\ngroup agencies 3 xar-arms xbo-police xco-customs xde-judge\nquorum agencies\n")


def test_no_witness_yet_is_quorum_none() -> None:
    """A log under a charter without witnesses has this policy, and it says so."""
    bare = Policy(logs=(PolicyLog(key=log_key("log.example")),), quorum=None)

    assert (LOG + "quorum none\n").encode() == bare.format()
    assert bare == parse(LOG, "quorum none\n")


def test_the_specifications_example_is_read() -> None:
    """Two levels of groups, thresholds as number, any and all."""
    found = parse(
        LOG,
        "\n",
        X1,
        X2,
        X3,
        "group X 2 X1 X2 X3\n",
        "\n",
        Y1,
        "group Y any Y1\n",
        "group both all X Y\n",
        "quorum both\n",
    )

    assert [(group.name, group.k) for group in found.groups] == [("X", 2), ("Y", 1), ("both", 2)]
    assert found.groups[2].members == ("X", "Y")
    assert found.quorum == "both"
    assert found == parse_policy(found.format())


def test_one_witness_may_be_the_quorum() -> None:
    """The simplest quorum is a witness's name."""
    assert parse(X1, "quorum X1\n").quorum == "X1"


def test_the_threshold_has_one_spelling_when_written() -> None:
    """All where every member counts, any for one of several, else the number."""
    written = parse(X1, X2, X3, Y1, "group a 1 X1\n", "group b 1 X2 X3\n", "quorum a\n").format().decode()

    assert "\ngroup a all X1\ngroup b any X2 X3\n" in written


def test_comments_spacing_and_urls_are_read_as_people_write_them() -> None:
    """Tabs, spaces around, empty lines, comments: as the specification allows; the last word of a line is a URL."""
    found = parse(
        "# a policy\n",
        " \t\n",
        "  #indented\n",
        f"\tlog\t{log_key('log.example').format()}  https://log.example/ \n",
        X1,
        "quorum\tX1\n",
    )

    assert found.logs[0].url == "https://log.example/"
    assert found.witnesses[0].url is None
    assert b"#" not in found.format()


def test_names_are_opaque_octets() -> None:
    """A Kelvin sign is not a K, a no-break space is part of a name, and bytes that are no UTF-8 come back as they were."""
    raw = b"".join(
        b"witness %s %s\n" % (name, w(f"w{number}").encode())
        for number, name in enumerate([b"K", b"\xe2\x84\xaa", b"a\xc2\xa0b", b"\xff\xfe", b"all"])
    )
    found = parse_policy(raw + b"group g 5 K \xe2\x84\xaa a\xc2\xa0b \xff\xfe all\nquorum g\n")

    assert len({witness.name for witness in found.witnesses}) == 5
    assert raw + b"group g all K \xe2\x84\xaa a\xc2\xa0b \xff\xfe all\nquorum g\n" == found.format()


def test_thirty_two_of_everything_are_supported() -> None:
    """The specification asks for at least 32 logs, witnesses and groups; a consortium of fifty has more."""
    count = 50
    lines = [f"log {log_key(f'l{number}').format()}\n" for number in range(count)]
    lines += [f"witness w{number} {w(f'w{number}')}\n" for number in range(count)]
    lines += [f"group g{number} all w{number}\n" for number in range(count)]
    found = parse(
        *lines, f"group all-of-us 26 {' '.join(f'g{number}' for number in range(count))}\n", "quorum all-of-us\n"
    )

    assert (count, count, count + 1) == (len(found.logs), len(found.witnesses), len(found.groups))


REFUSED = {
    "no quorum": [LOG, X1],
    "two quorums": [X1, "quorum X1\n", "quorum X1\n"],
    "unknown quorum": [X1, "quorum X2\n"],
    "quorum before its witness": ["quorum X1\n", X1],
    "quorum of nothing": ["quorum\n"],
    "quorum of two": [X1, X2, "quorum X1 X2\n"],
    "unknown word": ["witnesses X1\n", "quorum none\n"],
    "log without key": ["log\n", "quorum none\n"],
    "log with two urls": [LOG[:-1] + " a b\n", "quorum none\n"],
    "witness without key": ["witness X1\n", "quorum none\n"],
    "witness with two urls": [X1[:-1] + " a b\n", "quorum none\n"],
    "a bare hex key as old files have": [f"log {'ab' * 32}\n", "quorum none\n"],
    "witness called none": [f"witness none {w('X1')}\n", "quorum none\n"],
    "group called none": [X1, "group none all X1\n", "quorum none\n"],
    "none as member": [X1, "group g any X1 none\n", "quorum g\n"],
    "name twice": [X1, f"witness X1 {w('X2')}\n", "quorum X1\n"],
    "group named as a witness": [X1, X2, "group X2 all X1\n", "quorum X1\n"],
    "group of nothing": ["group g any\n", "quorum none\n"],
    "group of itself": [X1, "group g any X1 g\n", "quorum g\n"],
    "group before its witness": ["group g all X1\n", X1, "quorum g\n"],
    "member twice in one group": [X1, X2, "group g 2 X1 X1\n", "quorum g\n"],
    "member of two groups": [X1, X2, "group g all X1\n", "group h all X1 X2\n", "quorum h\n"],
    "threshold zero": [X1, "group g 0 X1\n", "quorum g\n"],
    "threshold above its members": [X1, "group g 2 X1\n", "quorum g\n"],
    "threshold with a zero before": [X1, "group g 01 X1\n", "quorum g\n"],
    "threshold in other digits": [X1, "group g \u0661 X1\n", "quorum g\n"],
    "threshold in words": [X1, "group g one X1\n", "quorum g\n"],
    "a log key twice": [LOG, LOG, "quorum none\n"],
    "a witness key twice": [X1, f"witness X9 {w('X1')}\n", "quorum X1\n"],
    "a cosigning key as log": [f"log {w('X1')}\n", "quorum none\n"],
    "a log key as witness": [f"witness X1 {log_key('X1').format()}\n", "quorum X1\n"],
    "carriage return": [X1, "quorum X1\r\n"],
    "delete": [X1, "# \x7f\n", "quorum X1\n"],
    "no last line feed": [X1, "quorum X1"],
    "nothing": [],
}


@pytest.mark.parametrize("lines", REFUSED.values(), ids=REFUSED)
def test_what_the_specification_refuses_is_refused(lines: list[str]) -> None:
    """Each rule of the specification, broken alone."""
    with pytest.raises(MalformedError):
        parse(*lines)


def test_a_log_cannot_be_its_own_witness() -> None:
    """One ML-DSA-44 key as log and as witness: the log's own line would count towards the quorum."""
    key = log_key("log.example", ML).format()

    with pytest.raises(MalformedError):
        parse(f"log {key}\n", f"witness W {key}\n", "quorum W\n")


@pytest.mark.parametrize(
    ("name", "url"), [("a b", None), ("", None), ("a\tb", None), ("a\x7f", None), ("a", "u v"), ("a", "")]
)
def test_a_policy_that_would_not_be_read_back_is_not_made(name: str, url: str | None) -> None:
    """A name or URL with a space in it would be two words in the file."""
    with pytest.raises(MalformedError):
        Policy(witnesses=(PolicyWitness(name=name, key=witness_key("X1"), url=url),), quorum=None)


@pytest.mark.parametrize("quorum", ["w9", "none", ""])
def test_a_quorum_that_nobody_can_reach_is_not_made(quorum: str) -> None:
    """A policy whose quorum names no witness or group would refuse every checkpoint, or none of them."""
    with pytest.raises(MalformedError):
        Policy(witnesses=(PolicyWitness(name="w", key=witness_key("w")),), quorum=quorum)


def test_a_key_name_that_the_file_cannot_spell_is_refused() -> None:
    """Notes allow DEL in a name, policies do not."""
    with pytest.raises(MalformedError):
        Policy(logs=(PolicyLog(key=log_key("log\x7f.example")),), quorum=None)


def test_a_policy_above_its_limit_is_refused_unread() -> None:
    """The cap comes before parsing."""
    with pytest.raises(TooLargeError):
        parse_policy(b"#" * policy.MAX_POLICY_BYTES + b"\n")


@given(raw=st.binary(max_size=100) | st.text(alphabet="logquorumnegup any1 \t\n#", max_size=80).map(str.encode))
def test_arbitrary_policies_are_refused_with_our_error(raw: bytes) -> None:
    """A parser of policies raises MalformedError, or gives one that is read back from what it writes."""
    try:
        found = parse_policy(raw)
    except MalformedError:
        return

    assert found == parse_policy(found.format())


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw a policy: some witnesses, dealt out to some groups, one quorum."""
    names = draw(st.lists(st.sampled_from([f"w{number}" for number in range(8)]), unique=True, max_size=8))
    free, groups = list(names), list[PolicyGroup]()
    for number in range(draw(st.integers(min_value=0, max_value=3))):
        members = draw(st.lists(st.sampled_from(free), unique=True, min_size=1)) if free else []
        if members:
            k = draw(st.integers(min_value=1, max_value=len(members)))
            groups.append(PolicyGroup(name=f"g{number}", k=k, members=tuple(members)))
            free = [name for name in free if name not in members] + [f"g{number}"]
    urls = st.none() | st.text(alphabet="ab:/.é", min_size=1, max_size=9)
    return Policy(
        logs=tuple(PolicyLog(key=log_key(f"l{n}"), url=draw(urls)) for n in range(draw(st.integers(0, 2)))),
        witnesses=tuple(PolicyWitness(name=name, key=witness_key(name), url=draw(urls)) for name in names),
        groups=tuple(groups),
        quorum=draw(st.sampled_from([None, *names, *(group.name for group in groups)])),
    )


@given(found=policies())
def test_every_policy_is_read_back(found: Policy) -> None:
    """What the formatter writes, the parser reads."""
    assert found == parse_policy(found.format())

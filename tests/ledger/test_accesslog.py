"""The access log and the notices, as values (docs/protocol.md, 6.11 and 6.12)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.digests import sha256
from crypto.encoding import lp
from crypto.signing import Algorithm
from ledger import jsontext
from ledger.accessaudit import audit_access
from ledger.accesslog import (
    FILL,
    LIST_HASHES,
    AccessEntry,
    Asked,
    Drawn,
    OutcomeOpening,
    Result,
    ToldHit,
    arrange,
    draw,
    parse_access_entry,
    verify_asked,
    verify_told,
)
from ledger.answers import Slot
from ledger.checkpoints import Checkpoint, sign_checkpoint
from ledger.errors import BadSignatureError, LedgerError, MalformedError, NotFoundError, ProofError
from ledger.identifiers import StatementName, access_origin
from ledger.merkle import leaf_hash
from ledger.notices import (
    AskedStands,
    Audited,
    Matched,
    Notice,
    WatchFired,
    fitting,
    parse_notice,
    parse_page,
    spell_notice,
    spell_page,
)
from ledger.padding import PADDED_BYTES, pad
from ledger.slips import Hit
from ledger.tiles import TilePath, encode_entry_bundle, entry_bundle_path
from ledger.treestate import TreeState
from ledger.witnesses import LogName
from tests.support.consortium import NOW, ORIGIN, agency_ids, first_charter, signer
from tests.support.witnessing import cosigned_note, witnessed_charter

A, B = "xaa-arms", "xab-arms"
ASKED = Asked(iss=B, body_hash=b"h" * 32, signature_input="sealtrace=(…)", signature="sealtrace=:…:")


def result(to: str = A, *, hit: Hit = Hit.OPEN) -> Result:
    """Return what an originator is told."""
    return Result(to=to, asker=B, at=1_800_000_000, hits=(ToldHit(index=7, jti=bytes(16), c="T0", hit=hit),))


def drawn(*results: Result) -> Drawn:
    """Return the secrets of one entry."""
    (one,) = draw(ASKED, results)
    return one


def opening_of(one: Drawn, place: int = 0) -> tuple[Result, OutcomeOpening]:
    """Return a result of an entry and what shows that it stands there."""
    told, at, salt = one.told[place]
    return told, OutcomeOpening(index=0, outcome=one.outcome, place=at, salt=salt)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_an_entry_reads_as_it_is_written(q: bytes, o: bytes) -> None:
    """Two commitments and nothing else."""
    entry = AccessEntry(q=q, o=o)

    assert parse_access_entry(entry.format()) == entry


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_entry(raw: bytes) -> None:
    """Only an error of ours comes out."""
    with pytest.raises(LedgerError):
        parse_access_entry(raw)


def test_an_entry_commits_to_who_signed_what() -> None:
    """Q is H(salt ‖ lp(iss, H(body), Signature-Input, Signature)), byte for byte."""
    one = drawn()
    expected = sha256(one.salt + lp(B, b"h" * 32, ASKED.signature_input, ASKED.signature))

    assert one.entry().q == expected
    verify_asked(one.entry(), asked=ASKED, salt=one.salt)
    with pytest.raises(ProofError):
        verify_asked(one.entry(), asked=ASKED, salt=bytes(32))


def test_an_outcome_opens_for_each_originator_alone() -> None:
    """Each finds its own result in the list; another's result, place or list does not fit."""
    one = drawn(result(A), result("xac-arms"))
    mine, opening = opening_of(one)
    other, _ = opening_of(one, 1)

    verify_told(one.entry(), result=mine, opening=opening)
    with pytest.raises(ProofError):
        verify_told(one.entry(), result=other, opening=opening)
    with pytest.raises(ProofError):
        verify_told(drawn(mine).entry(), result=mine, opening=opening)


def test_a_list_tells_not_how_many_were_told() -> None:
    """Sixteen different hashes, whether nobody or everybody was told."""
    for results in ([], [result(f"xaa-{number:02}") for number in range(LIST_HASHES)]):
        assert len(set(drawn(*results).outcome.hashes)) == LIST_HASHES


def test_a_request_that_tells_seventeen_takes_two_entries() -> None:
    """The list has one length; whoever finds no place in it stands in a further entry of the same request."""
    two = draw(ASKED, [result(f"xaa-{number:02}") for number in range(17)])

    assert [len(one.told) for one in two] == [16, 1]
    assert len({one.entry().q for one in two}) == 2


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (1, 8), (8, 8), (9, 16)])
def test_entries_are_filled_to_eights(count: int, expected: int) -> None:
    """How much was asked shows in eights, and nothing shows when nothing was asked."""
    placed = arrange([drawn() for _ in range(count)])

    assert len(placed) == expected
    assert sum(one is not None for _, one in placed) == count


def test_entries_stand_in_random_order() -> None:
    """The place of an entry says nothing of when its request came."""
    many = [drawn() for _ in range(64)]

    assert [one for _, one in arrange(many)] != many


def test_a_field_that_is_no_signature_is_refused() -> None:
    """What stands beside the log of a request is bounded."""
    with pytest.raises(MalformedError):
        Asked(iss=B, body_hash=bytes(32), signature_input="x" * 1_025, signature="")


def test_nothing_secret_is_in_a_representation() -> None:
    """Salts are not printed by mistake."""
    assert "salt" not in repr(drawn(result()))


def notices() -> list[Notice]:
    """Return a notice of every kind."""
    one = drawn(result(hit=Hit.SILENT))
    told, opening = opening_of(one)
    return [
        WatchFired(q=bytes(32), slot=Slot(index=3, name=StatementName(A, bytes(16)), c="T2")),
        Matched(id=bytes(16), result=told, opening=opening),
        AskedStands(body_hash=bytes(32), index=5, salt=bytes(32)),
        Audited(index=9, asked=ASKED, salt=bytes(32), outcome=one.outcome),
    ]


@pytest.mark.parametrize("kind", range(4))
def test_a_notice_reads_as_it_is_written(kind: int) -> None:
    """One spelling for each kind."""
    notice = notices()[kind]

    assert parse_notice(spell_notice(notice)) == notice


def test_a_page_holds_what_fits_in_one_length() -> None:
    """However many wait, a page is 16,384 bytes and says whether there is more."""
    spelled = [spell_notice(notice) for notice in notices()] * 10
    count = fitting(spelled)
    page = spell_page(spelled[:count], following=count, more=True)

    assert 0 < count < len(spelled)
    assert len(page) == PADDED_BYTES
    assert parse_page(page).items == tuple((notices_of(spelled))[:count])
    assert (parse_page(page).next, parse_page(page).more) == (count, True)
    assert fitting(spelled[:1]) == 1
    assert parse_page(spell_page([], following=0, more=False)).items == ()


def notices_of(spelled: list[bytes]) -> list[Notice]:
    """Return notices as they are read one by one."""
    return [parse_notice(one) for one in spelled]


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_page(text: bytes) -> None:
    """Padded or not, only an error of ours comes out."""
    for body in (text, text.ljust(PADDED_BYTES, b"\n")):
        with pytest.raises(LedgerError):
            parse_page(body)


@pytest.mark.parametrize(
    "change",
    [{"kind": "gossip"}, {"kind": None}, {"q": "short"}, {"slot": None}, {"more": 1}],
)
def test_other_forms_of_notices_are_refused(change: dict[str, jsontext.JsonValue]) -> None:
    """An unknown kind, a missing or added member, a value of the wrong kind."""
    value = jsontext.load(spell_notice(notices()[0]))
    assert isinstance(value, dict)

    with pytest.raises(MalformedError):
        parse_notice(jsontext.dump({**value, **change}))
    with pytest.raises(MalformedError):
        parse_page(pad(jsontext.dump({"next": 0, "more": 0, "items": []})))


class _Access:
    """An access log of some entries, signed by its keys."""

    def __init__(self, entries: list[bytes]) -> None:
        self.entries = entries
        self.tree, _ = TreeState.empty().append([leaf_hash(entry) for entry in entries])
        checkpoint = Checkpoint(origin=access_origin(ORIGIN), size=self.tree.size, root=self.tree.root())
        self.checkpoint = checkpoint
        self.note = sign_checkpoint(
            checkpoint, ed25519=signer("access", Algorithm.ED25519), ml_dsa_44=signer("access", Algorithm.ML_DSA_44)
        )

    def read(self, path: TilePath) -> bytes:
        """Return a tile or bundle."""
        if path.level is None:
            return encode_entry_bundle(self.entries)
        return self.tree.tile(path)


def entries(count: int) -> list[bytes]:
    """Return entries of an access log."""
    return [entry.format() for entry, _ in arrange([], least=count)]


def test_an_access_log_is_audited_by_anybody() -> None:
    """Whole, in eights, grown from what was seen before."""
    charters = [first_charter(2)[0]]
    before = _Access(entries(FILL))
    after = _Access([*before.entries, *entries(FILL)])

    found = audit_access(after.note, charters=charters, read=after.read, known=before.checkpoint)

    assert found.checkpoint == after.checkpoint
    assert entry_bundle_path(index=0, size=after.tree.size).width == 2 * FILL


def test_an_access_log_that_its_quorum_has_not_cosigned_is_said_to_be_so() -> None:
    """An auditor is told who vouches that others see the same one: the quorum of the charter in force, or nobody."""
    charter = witnessed_charter(4, k=3, f=1)
    shown = _Access(entries(FILL))
    for cosigners, told in ((3, agency_ids(3)), (2, ()), (0, ())):
        times = dict.fromkeys(agency_ids(4)[:cosigners], NOW)
        note = cosigned_note(shown.checkpoint, charter, times, log=LogName.ACCESS)

        assert audit_access(note, charters=[charter], read=shown.read).witnesses == tuple(told)
    assert audit_access(shown.note, charters=[first_charter(2)[0]], read=shown.read).witnesses == ()


def test_an_access_log_that_lost_an_entry_is_found() -> None:
    """Taken out, rewritten, not in eights, of other bytes, by other keys: each is refused."""
    charters = [first_charter(2)[0]]
    before = _Access(entries(2 * FILL))
    shorter, other = _Access(before.entries[:FILL]), _Access(entries(2 * FILL))
    uneven, junk = _Access(before.entries[:7]), _Access([b"{}"] * FILL)

    def swapped(path: TilePath) -> bytes:
        return other.read(path) if path.level is None else before.read(path)

    for case, read, known in (
        (shorter, shorter.read, before.checkpoint),
        (other, other.read, before.checkpoint),
        (uneven, uneven.read, None),
        (before, swapped, None),
        (junk, junk.read, None),
    ):
        with pytest.raises((ProofError, MalformedError)):
            audit_access(case.note, charters=charters, read=read, known=known)
    with pytest.raises((BadSignatureError, NotFoundError)):
        audit_access(before.note, charters=[], read=before.read)

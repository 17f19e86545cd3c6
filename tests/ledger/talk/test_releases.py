"""Releases: checked against the record or grant itself, and permitted for exactly what went to exactly whom."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.portionkeys import TAG_BYTES
from ledger.decision import Denied, Permit, Reader, Reason, permit
from ledger.disclosures import spell_value
from ledger.errors import LedgerError, MalformedError, ProofError
from ledger.expunges import Why
from ledger.grants import Use, parse_grant, seal_grant
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.kinds import Role
from ledger.labels import Compartment, Label, Level, Purpose, Terms, label_from_json
from ledger.messages import Kind
from ledger.opening import which_key
from ledger.recordform import PORTIONS, parse_record
from ledger.sealing import PortionDraft, seal_record
from ledger.statements import SealedStatement
from ledger.talk.bodies import parse_body
from ledger.talk.notices import Recall
from ledger.talk.releases import (
    Release,
    ReleasedEpoch,
    ReleasedFields,
    ReleasedPortion,
    carried,
    check_epoch,
    check_shown,
    open_released,
    why_two,
)
from ledger.talk.state import Thread
from ledger.talk.thread import listen
from tests.support.consortium import make_consortium
from tests.support.records import FIELDS, IAT, ISS, KID, OFF, SIGNER, make_disclosure, open_portion, seed
from tests.support.talks import TERMS, Talking

READERS = ("xbe-cib", "xco-npa", "xdu-moi")
LABEL: dict[str, JsonValue] = {
    "level": "SECRET",
    "rel": [],
    "comp": ["SRC"],
    "purp": ["CRIM", "TRACE"],
    "cav": ["ORCON"],
}
EK = seed("an epoch key")


def sealed() -> SealedStatement:
    """Return a record whose three portions stand under a label for nobody else."""
    drafts = {
        portion: PortionDraft(label=spell_value(f"{portion}.label", LABEL), fields=FIELDS[portion], epoch_key=EK)
        for portion in PORTIONS
    }
    return seal_record(signer=SIGNER, kid=KID, iat=IAT, ep=1, portions=drafts, slip=OFF)


STATEMENT = sealed()
RECORD = parse_record(STATEMENT.entry)
BLOBS = dict(zip(("slip", *PORTIONS), STATEMENT.blobs, strict=True))


def released(portion: str = "case") -> ReleasedPortion:
    """Return a portion of the record as its originator releases it."""
    keys = which_key(RECORD.name, portion, RECORD.portions[portion].kc, [EK])
    assert keys is not None
    return ReleasedPortion(of=RECORD.name.jti, portion=portion, kr=keys.record_key, ct=BLOBS[portion])


def disclosures(portion: str = "case") -> dict[str, str]:
    """Return the disclosures of a portion, its label's among them, by name."""
    opened = open_portion(RECORD, portion, epoch_keys=[EK], ciphertext=BLOBS[portion])
    return dict(zip((f"{portion}.label", *opened.fields), opened.disclosures, strict=True))


def fields(*names: str) -> ReleasedFields:
    """Return single fields of the record as their originator releases them."""
    return ReleasedFields(of=RECORD.name.jti, shown=tuple(disclosures()[name] for name in sorted(names)))


@pytest.mark.parametrize("portion", PORTIONS)
def test_a_released_portion_opens_with_its_own_key_and_ciphertext(portion: str) -> None:
    """Nothing is fetched for it, and its label comes with it."""
    opened = open_released(RECORD, released(portion))

    assert (dict(opened.fields), opened.label_json) == (dict(FIELDS[portion]), LABEL)


@pytest.mark.parametrize(
    "spoiled",
    [{"kr": bytes(32)}, {"ct": bytes(4_096 + TAG_BYTES)}, {"of": bytes(16)}, {"portion": "item"}],
)
def test_attack_a_release_that_is_not_what_the_record_commits_to(spoiled: dict[str, object]) -> None:
    """Another key, another ciphertext, another record: nothing of it is shown."""
    with pytest.raises(ProofError):
        open_released(RECORD, replace(released(), **spoiled))  # type: ignore[arg-type]  # members by name


def test_attack_another_record_of_the_same_key_passed_off() -> None:
    """A key and a ciphertext that fit each other, but not this record."""
    other = sealed()
    record = parse_record(other.entry)

    with pytest.raises(ProofError):
        open_released(record, replace(released(), of=record.name.jti))


def test_single_fields_consume_the_records_digests() -> None:
    """What is shown is what was signed, and nothing else is."""
    shown = check_shown(RECORD, fields("case.offence", "item.description"))

    assert dict(shown) == {name: FIELDS["case"][name] for name in ("case.offence", "item.description")}


def test_attack_a_field_the_originator_did_not_sign_for() -> None:
    """A made-up disclosure, and one of another record, are no evidence."""
    for of, shown in (
        (RECORD.name.jti, make_disclosure(salt=bytes(16), name="case.offence", value="murder")),
        (bytes(16), disclosures()["case.offence"]),
    ):
        with pytest.raises(ProofError):
            check_shown(RECORD, ReleasedFields(of=of, shown=(shown,)))


def test_attack_a_label_learned_from_a_released_field() -> None:
    """Single fields come without the label: not as a disclosure, not as a level; and a parser takes none."""
    release = Release(terms=TERMS, disclosures=(fields("case.offence"),))
    spelled = str(release.to_json())
    labels = disclosures()["case.label"]

    assert labels not in spelled
    assert not {"SECRET", "SRC"} & set(spelled.replace("'", " ").split())
    smuggled = {**release.to_json(), "disclosures": [{"of": fields("case.offence").to_json()["of"], "shown": [labels]}]}  # type: ignore[index,call-overload]  # an object of ours
    with pytest.raises(MalformedError, match="label"):
        parse_body(Kind.RELEASE, smuggled)


def grant(level: Level = Level.RESTRICTED, ep: int = 1, key: bytes = EK) -> ReleasedEpoch:
    """Return the release of an epoch key."""
    return ReleasedEpoch(ep=ep, level=level, ek=key, first=3, last=9)


def test_an_epoch_key_is_the_one_of_a_grant() -> None:
    """The key id is computed again; another key, level or epoch is refused."""
    consortium = make_consortium()
    sign, kid = consortium.signing("xaa-arms", Role.SIGN)
    statement = seal_grant(
        signer=sign,
        kid=kid,
        iat=1,
        use=Use.EPOCH,
        ep=1,
        level=Level.RESTRICTED,
        epoch_key=EK,
        recipients=consortium.recipients("xaa-arms", ["xab-arms"]),
    )
    logged = parse_grant(statement.entry)

    check_epoch(logged, grant())
    for other in (grant(level=Level.SECRET), grant(ep=2), grant(key=bytes(32))):
        with pytest.raises(ProofError):
            check_epoch(logged, other)


def test_two_officers_above_confidential_and_below_a_label() -> None:
    """SECRET needs two, and so does every term that is looser than the label's; what is as strict needs one."""
    label = label_from_json(LABEL)
    low = label_from_json({**LABEL, "level": "CONFIDENTIAL"})

    assert why_two(low.terms, [low]) == ()
    assert why_two(label.terms, [label]) == ("it is released as SECRET", "a label is SECRET")
    assert why_two(replace(label.terms, level=Level.RESTRICTED), [low]) == ("it is released below its label in level",)
    for name, value in (("comp", frozenset()), ("purp", frozenset(Purpose)), ("cav", ())):
        (reason,) = why_two(replace(low.terms, **{name: value}), [low])  # type: ignore[arg-type]  # one of its members
        assert reason == f"it is released below its label in {name}"


def test_terms_have_one_json_form() -> None:
    """What a release says in place of a label reads back as it was."""
    assert list(TERMS.to_json()) == ["level", "comp", "purp", "cav"]
    with pytest.raises(LedgerError):
        replace(TERMS, purp=frozenset())


LEVELS, SETS = st.sampled_from(Level), st.sets(st.sampled_from(Compartment), max_size=2).map(frozenset)
PURPOSES = st.sets(st.sampled_from(Purpose), min_size=1, max_size=3).map(frozenset)
ALL_TERMS = st.builds(Terms, level=LEVELS, comp=SETS, purp=PURPOSES, cav=st.just(()))


@settings(max_examples=200)
@given(data=st.data())
def test_permit_is_true_for_exactly_what_was_released_to_exactly_whom(data: st.DataObject) -> None:
    """Random releases of fields to random agencies, some recalled: a field is permitted if and only if one shows it."""
    names = ("case.case_number", "case.offence", "item.description")
    talking = Talking()
    given_: list[tuple[StatementName, str, tuple[str, ...], Terms]] = []
    for _ in range(data.draw(st.integers(0, 4))):
        to, terms = data.draw(st.sampled_from(READERS)), data.draw(ALL_TERMS)
        shown = tuple(data.draw(st.sets(st.sampled_from(names), min_size=1)))
        name = talking.say(ISS, to, Release(terms=terms, disclosures=(fields(*shown),)))
        given_.append((name, to, shown, terms))
    recalled = {name for name, *_ in given_ if data.draw(st.booleans())}
    for name, to, *_ in given_:
        if name in recalled:
            talking.say(ISS, to, Recall(why=Why.ERROR), name)
    reader = Reader(
        agency=data.draw(st.sampled_from(READERS)), clearance=data.draw(LEVELS), compartments=data.draw(SETS)
    )
    purpose, ceiling = data.draw(st.sampled_from(Purpose)), data.draw(LEVELS)

    for field in names:
        expected = any(
            to == reader.agency
            and field in shown
            and name not in recalled
            and terms.level <= min(ceiling, reader.clearance or Level.UNCLASSIFIED)
            and terms.comp <= reader.compartments
            and purpose in terms.purp
            for name, to, shown, terms in given_
        )
        assert expected == is_permitted(talking.thread, reader, field, purpose=purpose, ceiling=ceiling)


def is_permitted(thread: Thread, reader: Reader, field: str, *, purpose: Purpose, ceiling: Level) -> bool:
    """Say whether any release of the thread lets a reader see a field of the record."""
    return any(
        field in check_shown(RECORD, shown)
        and isinstance(
            permit(
                reader,
                carried(body, originator=ISS, to=one.said.to, recalled=one.recalled is not None),
                purpose=purpose,
                charter_ceiling=ceiling,
                today=date(2030, 1, 1),
            ),
            Permit,
        )
        for one in thread.releases.values()
        if isinstance(body := one.said.body, Release)
        for shown in body.disclosures
    )


def test_an_expiry_of_the_label_still_counts() -> None:
    """A portion brings it in its label, single fields in the release; the earlier one ends it."""
    reader = Reader(agency="xbe-cib", clearance=Level.SECRET, compartments=frozenset())
    label = Label(level=Level.RESTRICTED, rel=(), purp=frozenset({Purpose.TRACE}), expires=date(2030, 1, 1))
    for release, with_label in (
        (Release(terms=TERMS, expires=date(2030, 1, 1), portions=(released(),)), None),
        (Release(terms=TERMS, portions=(released(),)), label),
        (Release(terms=TERMS, expires=date(2031, 1, 1), portions=(released(),)), label),
    ):
        weighed = carried(release, originator=ISS, to="xbe-cib", recalled=False, label=with_label)
        for today, reason in ((date(2030, 1, 1), None), (date(2030, 1, 2), Reason.EXPIRED)):
            found = permit(reader, weighed, purpose=Purpose.TRACE, charter_ceiling=Level.SECRET, today=today)
            assert (found.reason if isinstance(found, Denied) else None) is reason


def test_a_release_round_trips_with_everything_in_it() -> None:
    """Portions, fields and epochs in one body, each list in its order."""
    release = Release(
        terms=TERMS,
        expires=date(2031, 1, 1),
        portions=(released("item"), released("case")),
        disclosures=(fields("case.offence", "case.case_number"),),
        epochs=(grant(), grant(ep=2)),
    )

    assert parse_body(Kind.RELEASE, release.to_json()) == release
    assert release.records == {RECORD.name.jti}
    for member in ("portions", "epochs"):
        value = release.to_json()
        items = value[member]
        assert isinstance(items, list)
        for spoiled in ([*reversed(items)], [items[0], items[0]]):
            with pytest.raises(MalformedError):
                parse_body(Kind.RELEASE, {**value, member: spoiled})


def test_nothing_is_released_that_counts_for_another_agency() -> None:
    """A thread of releases keeps each to whom it was said."""
    talking = Talking()
    for to in READERS:
        talking.say(ISS, to, Release(terms=TERMS, portions=(released(),)))

    assert [one.said.to for one in listen(talking.said).releases.values()] == list(READERS)

"""The preview against the keys: what each agency can then open is what each was shown to be able to read."""

import csv
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.digests import sha256
from crypto.signing import Algorithm, SeedSigner
from ledger.errors import LedgerError
from ledger.identifiers import KeyId
from ledger.jsontext import JsonValue
from ledger.labels import Compartment, Level, MembersAt, label_from_json
from ledger.opening import OpenedPortion
from ledger.plan import Plan, Planner, describe
from ledger.profiles import ANY, Audience, FieldRule, Profile, RecordClass, Stricter, audiences, default_profile
from ledger.recordform import PORTIONS, parse_record
from ledger.sealing import PortionDraft, seal_record
from ledger.slips import Hit, SlipDraft
from ledger.statements import SealedStatement
from tests.support.fields import EVERYBODY, MEMBERS, PARTNERS, PISTOL, US, label, labels
from tests.support.records import open_portion
from tests.support.reference import data

SIGNER = SeedSigner(Algorithm.ED25519, sha256(b"a sign key"))


def _epoch_key(audience: Audience) -> bytes:
    return sha256(f"{audience.level.value}/{sorted(audience.recipients)}".encode())


def _held_by(agency: str, granted: Iterable[Audience]) -> list[bytes]:
    """Return the epoch keys that an agency's grants give it."""
    return [_epoch_key(audience) for audience in granted if agency in audience.recipients]


def _seal(planned: Plan) -> SealedStatement:
    drafts = {
        name: PortionDraft(label=portion.spelled, fields=portion.fields, epoch_key=_epoch_key(portion.audience))
        for name, portion in planned.portions.items()
    }
    slip = SlipDraft(hit=Hit.OFF)
    return seal_record(signer=SIGNER, kid=KeyId(US, 4), iat=1, ep=1, portions=drafts, slip=slip)


def _open(sealed: SealedStatement, portion: str, keys: list[bytes]) -> OpenedPortion | None:
    record = parse_record(sealed.entry)
    ciphertext = sealed.blobs[1 + PORTIONS.index(portion)]
    try:
        return open_portion(record, portion, epoch_keys=keys, ciphertext=ciphertext)
    except LedgerError:
        return None


def _profiles() -> st.SearchStrategy[Profile]:
    unmarked = labels().filter(lambda drawn: drawn.native is None)
    rules = st.builds(FieldRule, label=unmarked, stricter=st.just(Stricter.MOVE))
    classes = st.builds(
        RecordClass,
        name=st.just("all"),
        events=st.just(frozenset({ANY})),
        compartments=st.just(frozenset[Compartment]()),
        labels=st.fixed_dictionaries(dict.fromkeys(PORTIONS, unmarked)),
        hit=st.just({ANY: Hit.OFF}),
        fields=st.dictionaries(st.sampled_from(["item.serials", "event.date", "item.make"]), rules, max_size=1),
    )
    return st.builds(
        Profile,
        agency=st.just(US),
        classes=classes.map(lambda one: (one,)),
        markings=st.just({}),
        ceilings=st.dictionaries(st.sampled_from([*PARTNERS, ANY]), st.sampled_from(Level)),
    )


@settings(max_examples=60)
@given(_profiles())
def test_each_agency_opens_exactly_what_the_preview_showed(ours: Profile) -> None:
    """For any profile, with the keys its grants give, every agency opens the rows that name it and no other."""
    try:
        planned = Planner(ours, MEMBERS).plan(event_kind="recovery", fields=PISTOL)
    except LedgerError:
        return
    sealed = _seal(planned)
    granted = audiences(ours, MEMBERS)

    for row in describe(planned):
        for agency in EVERYBODY:
            opened = _open(sealed, row.portion, _held_by(agency, granted))
            assert (agency in row.readers) == (opened is not None)
            assert opened is None or row.fields == tuple(opened.fields)


def test_the_label_that_is_opened_is_the_label_that_was_planned() -> None:
    """A reader decides by the very label the preview was made from."""
    planned = Planner(default_profile(US, PARTNERS), MEMBERS).plan(event_kind="recovery", fields=PISTOL)
    sealed = _seal(planned)

    for name, portion in planned.portions.items():
        opened = _open(sealed, name, [_epoch_key(portion.audience)])
        assert opened is not None
        assert portion.label == label_from_json(opened.label_json)
        assert portion.fields == opened.fields


@pytest.mark.parametrize("circumstances", [None, "x" * 1_100], ids=["empty case", "full case"])
def test_a_partner_cannot_tell_an_empty_case_from_a_full_one(circumstances: str | None) -> None:
    """What a partner holds of a record has one size, whatever its case says."""
    fields = {name: value for name, value in PISTOL.items() if not name.startswith("case.")}
    if circumstances is not None:
        fields["case.circumstances"] = circumstances
    ours = default_profile(US, PARTNERS)
    sealed = _seal(Planner(ours, MEMBERS).plan(event_kind="recovery", fields=fields))
    empty = _seal(Planner(ours, MEMBERS).plan(event_kind="recovery", fields=dict(PISTOL) | {"item.model": "x"}))

    assert _open(sealed, "case", _held_by("xbe-cib", audiences(ours, MEMBERS))) is None
    assert len(sealed.entry) == len(empty.entry)
    assert [len(blob) for blob in empty.blobs[1:]] == [len(blob) for blob in sealed.blobs[1:]]


def test_a_moved_field_is_opened_by_the_originator_alone() -> None:
    """A serial kept back by its own label is in nobody's item and in the originator's case."""
    base = default_profile(US, MembersAt(version=2))
    rule = FieldRule(label=label(Level.SECRET), stricter=Stricter.MOVE)
    first = base.classes[0]
    kept = RecordClass(
        name=first.name,
        events=first.events,
        compartments=first.compartments,
        labels=first.labels,
        hit=first.hit,
        fields={"item.serials": rule},
    )
    ours = Profile(agency=US, classes=(kept,), markings={}, ceilings=base.ceilings)
    sealed = _seal(Planner(ours, MEMBERS).plan(event_kind="recovery", fields=PISTOL))
    granted = audiences(ours, MEMBERS)

    theirs = _open(sealed, "item", _held_by("xbe-cib", granted))
    own = _open(sealed, "case", _held_by(US, granted))
    assert theirs is not None
    assert own is not None
    assert "item.serials" not in theirs.fields
    assert PISTOL["item.serials"] == own.fields["item.serials"]


def test_every_real_trace_that_names_a_weapon_can_be_planned() -> None:
    """Each real row with a make or serial becomes a sale and a recovery that fit their portions."""
    planner = Planner(default_profile(US, PARTNERS), MEMBERS)
    with data("us_de_gunstat_traces.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["manufacturer_name"] or row["firearm_serial"]]

    for row in rows:
        for kind, extra in (("sale", _sale(row)), ("recovery", _recovery(row))):
            fields = _item(row) | {"event.kind": kind, "event.country": "USA"} | extra
            assert planner.plan(event_kind=kind, fields=fields).record_class == "general"
    assert len(rows) > 500


def _item(row: dict[str, str]) -> dict[str, JsonValue]:
    fields: dict[str, JsonValue] = {"item.kind": "small_arm"}
    if row["manufacturer_name"]:
        fields |= {"item.make": "ZZZ", "item.make_text": row["manufacturer_name"]}
    if row["firearm_caliber"]:
        fields["item.calibre"] = row["firearm_caliber"]
    if row["firearm_serial"]:
        fields["item.serials"] = [{"as_marked": row["firearm_serial"], "condition": "legible"}]
    return fields


def _sale(row: dict[str, str]) -> dict[str, JsonValue]:
    fields: dict[str, JsonValue] = {"event.sale": "first_retail"}
    place = ", ".join(part for part in (row["dealer_city"], row["dealer_state"]) if part)
    return fields | {name: value for name, value in _dated(row["sale_date"], place).items() if value}


def _recovery(row: dict[str, str]) -> dict[str, JsonValue]:
    dated = _dated(row["crime_date"], row["jurisdiction_city"])
    return {name: value for name, value in dated.items() if value}


def _dated(when: str, place: str) -> dict[str, JsonValue]:
    return {"event.date": when, "event.place": place}

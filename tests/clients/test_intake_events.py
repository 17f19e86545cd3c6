"""One event from a form: the same draft, plan and fingerprint as a row of a list."""

from hypothesis import given
from hypothesis import strategies as st

from clients.importing import Means, prepare
from clients.intake.events import Event, TypedSerial, parse_event, prepare_event, typed_fields
from clients.lists.maps import parse_map
from clients.lists.report import is_refused
from clients.lists.values import Tables
from ledger import calibres, makes
from ledger.labels import Compartment, Level, Members, MembersAt
from ledger.plan import Planner
from ledger.profiles import default_profile
from tests.support.lists import MAP, TODAY

MEMBERS = Members(
    versions={1: frozenset({"xar-arms", "xbe-cib"})}, ceilings={"xar-arms": Level.SECRET, "xbe-cib": Level.SECRET}
)
PROFILE = default_profile("xar-arms", MembersAt(version=1))
MEANS = Means(
    tables=Tables(makes=makes.BUILT_IN, calibres=calibres.BUILT_IN),
    planner=Planner(PROFILE, MEMBERS),
    row_key=bytes(32),
    today=TODAY,
)
FIELDS = {
    "item.kind": "small_arm",
    "item.make": "Taurus",
    "item.model": "PT 92",
    "item.calibre": "9x19",
    "item.country_of_manufacture": "Brazil",
    "event.kind": "recovery",
    "event.date": "2026-03",
}
SERIAL = TypedSerial(as_marked="ABE 573528", location="frame", condition="legible")


def event(**changed: object) -> Event:
    """Return an event with some of it changed."""
    whole: dict[str, object] = {"fields": FIELDS, "serials": (SERIAL,), "record_class": "general", **changed}
    return Event(**whole)  # type: ignore[arg-type]


def drafted(one: Event) -> dict[str, object]:
    """Return the fields of the one record that an event gives."""
    (row,) = prepare_event(one, MEANS, PROFILE).rows
    (draft,) = row.drafts
    return dict(draft.fields)


def test_an_event_is_read_as_a_row_is() -> None:
    """Make, calibre and country looked up, the date with its precision, serials as they were said."""
    fields = drafted(event())

    assert fields["item.make"] == "TAS"
    assert fields["item.country_of_manufacture"] == "BRA"
    assert fields["event.date"] == "2026-03"
    assert fields["item.condition"] == "legible"


def test_the_same_words_in_a_list_are_the_same_row() -> None:
    """An event typed after its list went in is known by its fingerprint: there is one way to a seal."""
    typed = event(
        fields={
            "item.kind": "small_arm",
            "item.make": "Taurus",
            "item.country_of_manufacture": "BRA",
            "event.kind": "recovery",
        },
        unknown=frozenset({"item.model", "item.calibre"}),
        serials=(TypedSerial(as_marked="ABE 573528"),),
    )
    text = MAP + '"item.country_of_manufacture" = { value = "BRA" }\n'
    (row,) = prepare(b"make,serial\nTaurus,ABE 573528\n", parse_map(text), MEANS).rows

    assert prepare_event(typed, MEANS, PROFILE).rows[0].fingerprint == row.fingerprint


def test_several_numbers_keep_what_was_said_of_each() -> None:
    """Where each stands and its condition; the first's is the weapon's unless another was chosen."""
    more = TypedSerial(as_marked="77 1234", location="slide", kind="property", condition="worn")
    fields = drafted(event(serials=(more, SERIAL)))

    assert [(one["location"], one["kind"], one["condition"]) for one in fields["item.serials"]] == [
        ("slide", "property", "worn"),
        ("frame", "maker", "legible"),
    ]
    assert fields["item.condition"] == "worn"
    assert drafted(event(fields={**FIELDS, "item.condition": "altered"}))["item.condition"] == "altered"


def test_unknown_leaves_the_field_out() -> None:
    """A country that is unknown has a code; of the rest nothing is said, and nothing is made up."""
    five = frozenset({"item.make", "item.model", "item.calibre", "item.serials", "item.country_of_manufacture"})
    fields = drafted(
        event(
            fields={"item.kind": "small_arm", "item.description": "rusty", "event.kind": "loss"},
            serials=(),
            unknown=five,
        )
    )

    assert fields == {
        "item.kind": "small_arm",
        "item.description": "rusty",
        "item.country_of_manufacture": "ZZZ",
        "event.kind": "loss",
    }


def test_too_many_serials_are_said_to_be() -> None:
    """Nothing of what was typed is dropped without a word."""
    found = prepare_event(event(serials=(SERIAL,) * 9), MEANS, PROFILE)

    assert [(one.column, "at most 8" in one.cause) for one in found.problems] == [("item.serials", True)]


def test_a_compartment_that_no_class_takes_is_said_at_the_class() -> None:
    """The profile decides, and says what to add."""
    general = default_profile("xar-arms", MembersAt(version=1))
    alone = type(general)(agency=general.agency, classes=general.classes[:1], markings={}, ceilings=general.ceilings)
    found = prepare_event(event(compartments=frozenset({Compartment.CT})), MEANS, alone)

    assert [one.column for one in found.problems] == ["record_class"]


@given(
    st.dictionaries(st.sampled_from(typed_fields()), st.text(max_size=30), max_size=12),
    st.lists(st.builds(TypedSerial, as_marked=st.text(max_size=30), location=st.text(max_size=6)), max_size=10),
    st.frozensets(st.sampled_from(["item.make", "item.model", "item.calibre", "item.serials"]), max_size=4),
    st.frozensets(st.sampled_from(Compartment), max_size=2),
)
def test_whatever_is_typed_gives_a_record_or_problems(
    fields: dict[str, str], serials: list[TypedSerial], unknown: frozenset[str], compartments: frozenset[Compartment]
) -> None:
    """Never a defect: a row that can be sealed, or at least one problem; and what is kept comes back as it was."""
    one = Event(
        fields=fields, serials=tuple(serials), unknown=unknown, record_class="general", compartments=compartments
    )
    found = prepare_event(one, MEANS, PROFILE)

    assert bool(found.rows) is not is_refused(found.problems)
    try:
        assert parse_event(one.to_json()) == one
    except UnicodeEncodeError:
        assert any("\ud800" <= character <= "\udfff" for text in fields.values() for character in text)

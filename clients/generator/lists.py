"""From lives to lists: what each agency saw, in its own words, and the truth that joins the rows again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from clients.generator import spelling
from clients.generator.cases import case_of
from clients.generator.lives import Happening, Weapon, live_all
from clients.generator.options import Options

COLUMNS = (
    "date",
    "event",
    "kind",
    "type",
    "make",
    "model",
    "calibre",
    "country_of_manufacture",
    "serial",
    "owner_class",
    "place_country",
    "place",
    "licence",
    "end_user",
    "force",
    "recovery",
    "offer",
    "platform",
    "listing_id",
    "method",
    "certificate",
    "case_number",
    "offence",
    "circumstances",
    "officer",
    "source",
    "evaluation",
    "from_group",
    "to_group",
    "alias",
)
CASE_COLUMNS = COLUMNS[COLUMNS.index("case_number") :]

# What a row seen a second time is: an inspection of a weapon in hand, or a count of those in store.
_SEEN_AGAIN = {"recovery": "observation", "issue_to_force": "stockpile_inventory", "receipt": "stockpile_inventory"}
_PLATFORMS = ("kiosk-nine.invalid", "souk.invalid", "the-yard.invalid", "channel 4471")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a row does not say: which weapon it is, its right number, and what the officer made of it.

    `serial` is usable, wording or other; `make` is name, alias or missing.
    """

    weapon: str
    true_make: str
    true_serial: str
    serial: str
    make: str
    slip: bool
    repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of an agency's list, and the truth about it. The repr shows neither."""

    cells: Mapping[str, str] = field(repr=False)
    truth: Truth = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """A generated world: what every agency would hand in, by the agency's id, each list in the order of time."""

    rows: Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sighting:
    happening: Happening
    reading: str
    repeat: bool = False
    slip: bool = False


def generate(options: Options) -> Lives:
    """Return the world that `options` describe, the same for the same options."""
    random = Random(options.seed)  # noqa: S311 - a made-up world has to be the same again, and guards nothing
    sightings = list(_sightings(random, options))
    sightings += _repeats(random, options, sightings)
    sightings.sort(key=lambda one: (one.happening.day, one.happening.weapon.id, one.repeat))
    sightings = _with_slips(random, options, sightings)
    rows = [(one.happening.seen_by, _row(random, options, one)) for one in sightings]
    return Lives(rows={agency: tuple(row for of, row in rows if of == agency) for agency in options.agencies})


def _sightings(random: Random, options: Options) -> Iterator[_Sighting]:
    """Yield each happening with how its agency reads that weapon's number: an agency reads one weapon one way."""
    for life in live_all(random, options):
        readings: dict[str, str] = {}
        for happening in life:
            reading = readings.setdefault(happening.seen_by, _reading(random, options))
            yield _Sighting(happening=happening, reading=reading)


def _reading(random: Random, options: Options) -> str:
    chance = random.random()
    if chance < options.usable_serials:
        return "usable"
    return "wording" if chance < options.usable_serials + options.wordings else "other"


def _repeats(random: Random, options: Options, sightings: Sequence[_Sighting]) -> Iterator[_Sighting]:
    """Yield rows for weapons that an agency looks at again, so many that they are the wanted share of all rows."""
    again = [one for one in sightings if one.happening.event in _SEEN_AGAIN]
    wanted = round(len(sightings) * options.repeats / (1 - options.repeats))
    for one in random.choices(again, k=wanted) if again else []:
        first = one.happening
        event, day = (
            _SEEN_AGAIN[first.event],
            min(first.day + timedelta(days=random.randint(0, 50)), date(options.last_year, 12, 31)),
        )
        yield replace(one, happening=replace(first, event=event, day=day), repeat=True)


def _with_slips(random: Random, options: Options, sightings: Sequence[_Sighting]) -> list[_Sighting]:
    """Return the sightings with the wanted share of usable numbers marked for a confusion of O and 0."""
    usable = [index for index, one in enumerate(sightings) if one.reading == "usable"]
    can_slip = [index for index in usable if set(sightings[index].happening.weapon.serial) & set("0O")]
    chosen = frozenset(random.sample(can_slip, min(len(can_slip), round(len(usable) * options.letter_digit_slips))))
    return [replace(one, slip=index in chosen) for index, one in enumerate(sightings)]


def _row(random: Random, options: Options, sighting: _Sighting) -> Row:
    happening, weapon = sighting.happening, sighting.happening.weapon
    agency, model = happening.seen_by, weapon.model
    made = _make_spelling(random, options)
    cells = {
        "date": str(weapon.made) if happening.event == "manufacture" else happening.day.isoformat(),
        "event": happening.event,
        "kind": model.kind,
        "type": spelling.weapon_type(random, agency, model),
        "make": "" if made == "missing" else spelling.make(random, agency, model.make, alias=made == "alias"),
        "model": model.name,
        "calibre": spelling.calibre(random, agency, model.calibre),
        "country_of_manufacture": model.country,
        "serial": _serial_cell(random, sighting),
        "owner_class": happening.owner_class,
        "place_country": happening.country,
        "place": happening.place,
    }
    told = cells | _details(random, happening) | case_of(random, happening)
    return Row(cells={column: told.get(column, "") for column in COLUMNS}, truth=_truth(weapon, sighting, made))


def _make_spelling(random: Random, options: Options) -> str:
    chance = random.random()
    if chance < options.makes_missing:
        return "missing"
    return "alias" if chance < options.makes_missing + options.make_aliases else "name"


def _serial_cell(random: Random, sighting: _Sighting) -> str:
    happening, serial = sighting.happening, sighting.happening.weapon.serial
    if sighting.reading == "wording":
        return spelling.wording(random, happening.seen_by, diverted=happening.diverted)
    if sighting.reading == "other":
        return spelling.unusable(random, serial)
    return spelling.number(random, happening.seen_by, spelling.slipped(random, serial) if sighting.slip else serial)


def _details(random: Random, happening: Happening) -> dict[str, str]:
    """Return the columns that only some events have."""
    number = f"{happening.seen_by[:3].upper()}/{happening.day.year}/{random.randrange(10**6):06}"
    match happening.event:
        case "export":
            return {
                "licence": f"L-{number}",
                "end_user": random.choice(("ministry of defence", "national police", "gendarmerie")),
            }
        case "issue_to_force":
            return {
                "force": f"{random.randint(1, 40)}. {random.choice(('battalion', 'brigade', 'precinct', 'border post'))}"
            }
        case "recovery":
            return {"recovery": random.choice(("seized", "seized", "seized", "found", "surrendered"))}
        case "offer":
            return {
                "offer": "online",
                "platform": random.choice(_PLATFORMS),
                "listing_id": f"{random.randrange(10**9):09}",
            }
        case "destruction":
            return {"method": random.choice(("smelting", "shredding", "cutting")), "certificate": f"D-{number}"}
        case _:
            return {}


def _truth(weapon: Weapon, sighting: _Sighting, made: str) -> Truth:
    return Truth(
        weapon=weapon.id,
        true_make=weapon.model.make,
        true_serial=weapon.serial,
        serial=sighting.reading,
        make=made,
        slip=sighting.slip,
        repeat=sighting.repeat,
    )


def canaries(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return the values of `rows` that only readers of the sealed portions may ever see, each once, in order.

    Short ones are left out: a value of five letters is found by chance in any megabyte of ciphertext.
    """
    values = (row.cells[column].strip() for row in rows for column in _secret_columns(row))
    return tuple(dict.fromkeys(value for value in values if len(value.encode()) >= 8))


def _secret_columns(row: Row) -> tuple[str, ...]:
    # a wording is left out: "not found" stands in many a log, and says nothing about a weapon
    serial = ("serial",) if row.truth.serial == "usable" else ()
    return (*serial, "place", "licence", "listing_id", "certificate", *CASE_COLUMNS)

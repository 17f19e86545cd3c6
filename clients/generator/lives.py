# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""A weapon's one life, from its maker to its end: what happened, when, where, and which agency saw it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from clients.generator.options import Options
from clients.generator.world import Model, models_between, state_of, towns_of

_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
_LOOK_ALIKES = "АВЕКМНРСТУХ"
_DIGITS = "0123456789"

_LOSSES = ("loss", "theft", "theft", "capture", "capture", "abandonment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weapon:
    """One weapon, with the number its maker gave it."""

    id: str
    model: Model
    serial: str
    made: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event of a life, as it was: `seen_by` writes it down."""

    weapon: Weapon
    event: str
    day: date
    country: str
    place: str
    seen_by: str
    owner_class: str
    diverted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roles:
    """Who supplied a weapon, who held it, where it turned up."""

    supplier: str
    holder: str
    finder: str
    onlooker: str


class _Step(NamedTuple):
    """The next event of a life: who writes it down, whose the weapon then is, how many days after the one before."""

    event: str
    seen_by: str
    owner_class: str
    days: tuple[int, int]
    diverted: bool


def live_all(random: Random, options: Options) -> tuple[tuple[Happening, ...], ...]:
    """Return the lives of all weapons, each in the order of time."""
    made = [make_weapon(random, options, f"w{number:06}") for number in range(options.weapons)]
    weapons = _share_serials(random, options, made)
    return tuple(tuple(_live(random, options, weapon)) for weapon in weapons)


def make_weapon(random: Random, options: Options, name: str) -> Weapon:
    """Return a new weapon: a model as common as it was in those years, with a number after its maker's pattern."""
    models = models_between(options.first_year - 15, options.last_year - 10)
    (model,) = random.choices(models, weights=[one.weight for one in models])
    latest = min(model.last_year, options.last_year - 10)
    made = random.randint(min(model.first_year, latest), latest)
    return Weapon(id=name, model=model, serial=_serial(random, model.pattern), made=made)


def _serial(random: Random, pattern: str) -> str:
    drawn = {"A": _LETTERS, "9": _DIGITS, "Я": _LOOK_ALIKES}
    serial = "".join(random.choice(drawn.get(sign, sign)) for sign in pattern)
    return serial if serial.strip("0-") else _serial(random, pattern)


def _share_serials(random: Random, options: Options, weapons: list[Weapon]) -> Sequence[Weapon]:
    """Give some weapons the number of a weapon of another maker: makers number independently."""
    for index in random.sample(range(len(weapons)), round(options.shared_serials * len(weapons))):
        own = weapons[index]
        others = [other for other in random.choices(weapons, k=8) if other.model.make != own.model.make]
        if others:
            weapons[index] = Weapon(id=own.id, model=own.model, serial=others[0].serial, made=own.made)
    return weapons


def _live(random: Random, options: Options, weapon: Weapon) -> Iterator[Happening]:
    roles = _cast(random, options.agencies)
    day = date(weapon.made, random.randint(1, 12), random.randint(1, 28))
    yield Happening(
        weapon=weapon,
        event="manufacture",
        day=day,
        country=weapon.model.country,
        place="",
        seen_by=roles.supplier,
        owner_class="maker",
        diverted=False,
    )
    day = max(day, date(options.first_year, 1, 1))
    for step in _course(random, roles):
        day += timedelta(days=random.randint(*step.days))
        if day.year > options.last_year:
            return
        yield _happening(random, weapon, step, day)


def _happening(random: Random, weapon: Weapon, step: _Step, day: date) -> Happening:
    return Happening(
        weapon=weapon,
        event=step.event,
        day=day,
        country=state_of(step.seen_by),
        place=random.choice(towns_of(step.seen_by)),
        seen_by=step.seen_by,
        owner_class=step.owner_class,
        diverted=step.diverted,
    )


def _cast(random: Random, agencies: Sequence[str]) -> _Roles:
    drawn = random.sample(agencies, min(4, len(agencies)))
    supplier, holder, finder, onlooker = (drawn * 4)[:4]
    return _Roles(supplier=supplier, holder=holder, finder=finder, onlooker=onlooker)


def _course(random: Random, roles: _Roles) -> Iterator[_Step]:
    """Yield the steps of one life as far as it goes: seven of ten are lost, most of these turn up, a third are destroyed."""
    force = random.choice(("state_force", "state_force", "police"))
    yield _Step("export", roles.supplier, force, (30, 900), diverted=False)
    yield _Step("receipt", roles.holder, force, (20, 200), diverted=False)
    yield _Step("issue_to_force", roles.holder, force, (5, 700), diverted=False)
    if random.random() > 0.7:
        return
    yield _Step(random.choice(_LOSSES), roles.holder, force, (60, 3_500), diverted=False)
    if random.random() < 0.3:
        yield _Step("illicit_transfer", roles.onlooker, "illicit", (10, 700), diverted=True)
    if random.random() < 0.2:
        yield _Step("offer", roles.onlooker, "illicit", (5, 400), diverted=True)
    if random.random() > 0.85:
        return
    yield _Step("recovery", roles.finder, "illicit", (10, 1_500), diverted=True)
    if random.random() < 0.35:
        yield _Step("destruction", roles.finder, "police", (60, 900), diverted=True)

"""Two agencies' lists of weapons, made by the generator, and what blind matching makes of them.

The lists share some weapons, each written down twice by officers who err at the generator's rates; and some of their
weapons bear one number by accident. What is joined are the inputs of tokens: two tokens are equal exactly where their
class, group and form are. A question is answered once a record, with its best class, as the service answers.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import TypeAlias

from clients.generator import Options, spelling
from clients.generator.lives import Weapon, make_weapon
from clients.lists.values import Reading, Tables, read_cell
from ledger import calibres, makes, weapontypes
from ledger.forms import Form
from ledger.jsontext import JsonValue
from ledger.tokens import inputs_of

OFFICES = (
    ("xar-arms", "xbe-cib"),
    ("xco-npa", "xfa-mvd"),
    ("xdu-moi", "xgo-pn"),
    ("xha-moi", "xju-npu"),
    ("xim-fia", "xbe-cib"),
)
BOTH_KNOWN, ONE_MISSING, BOTH_MISSING = "both makes known", "one make missing", "both makes missing"
ONE_MAKER = "one maker's two models"
ONE_GROUP = "a maker and its licensee or copyist"
OTHER_MAKERS = "makers that have nothing to do with each other"
CONTRADICTED = "contradicted by calibre or type"
HIT, NOTHING = "T0", "nothing"
Stratum: TypeAlias = tuple[str, str, str]
_READING = Reading(dates=(), tables=Tables(makes=makes.BUILT_IN, calibres=calibres.BUILT_IN))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How long the lists are, and what they have in common; the rates of officers' errors are the generator's.

    `zeros` and `letters` are shares of the true pairs whose number one of the two wrote without its leading zero, or
    without the letters inside it.
    """

    rows: int = 30_000
    pairs: int = 1_000
    accidents: int = 200
    other_make: float = 0.88
    zeros: float = 0.01
    letters: float = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a list: the weapon, how its maker was written, which error its number got, and what tokens are made from."""

    weapon: Weapon
    make: str
    slip: str
    forms: frozenset[Form]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the one asks and the other answers: a pair of lines that share a token, and the best class they share."""

    asked: Line
    found: Line
    best: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often what came of it.

    `true` counts pairs of lines of one weapon by (makes known, slip, class or "nothing"). `wrong` counts answers
    that name another weapon by (makers, looks, class).
    """

    asked: int
    true: Counter[Stratum]
    wrong: Counter[Stratum]

    def pairs(self, place: int, value: str) -> Counter[str]:
        """Return what came of the true pairs of one stratum, by class."""
        return _by_class(self.true, place, value)

    def others(self, place: int, value: str) -> Counter[str]:
        """Return which wrong answers one stratum was given, by class."""
        return _by_class(self.wrong, place, value)

    @property
    def found(self) -> float:
        """Return the share of true pairs that were answered, hit or possible, where both officers wrote a make."""
        both = self.pairs(0, BOTH_KNOWN)
        return 1 - both[NOTHING] / both.total()

    @property
    def wrong_hits(self) -> int:
        """Return how many answers call another weapon a hit."""
        return sum(many for (_, _, best), many in self.wrong.items() if best == HIT)

    @property
    def hits(self) -> int:
        """Return how many answers say hit, right or wrong."""
        return self.wrong_hits + sum(many for (_, _, best), many in self.true.items() if best == HIT)


def _by_class(counted: Counter[Stratum], place: int, value: str) -> Counter[str]:
    chosen = Counter[str]()
    for stratum, many in counted.items():
        if stratum[place] == value:
            chosen[stratum[2]] += many
    return chosen


def two_lists(
    seed: int, offices: tuple[str, str], *, options: Options, shares: Shares
) -> tuple[list[Line], list[Line]]:
    """Return the lists of two offices; each weapon stands once in a list, and in both if it is a true pair."""
    random = Random(seed)  # noqa: S311  a made-up world has to be the same again, and guards nothing
    slips = _slips(options, shares)
    common = [_with_room_for(random, options, f"c{number:06}", slip) for number, slip in enumerate(slips)]
    accidents = list(_accidents(random, options, shares))
    first = [_line(random, options, offices[0], weapon) for weapon in (*common, *(one for one, _ in accidents))]
    second = [_line(random, options, offices[1], weapon, slip=slip) for weapon, slip in zip(common, slips, strict=True)]
    second += [_line(random, options, offices[1], weapon) for _, weapon in accidents]
    # Whoever shares a weapon or a number with the other list has read it; the rest is read as often as anywhere.
    for lines, office in ((first, offices[0]), (second, offices[1])):
        names = (f"{office}{number:06}" for number in range(shares.rows - len(lines)))
        lines += [_any_line(random, options, office, make_weapon(random, options, name)) for name in names]
    return first, second


def join(asking: Sequence[Line], logged: Sequence[Line]) -> Iterator[Answer]:
    """Yield what each line of the one list is answered from the other: every line that shares a token, once."""
    by_form: dict[Form, list[int]] = defaultdict(list)
    for index, line in enumerate(logged):
        for form in line.forms:
            by_form[form].append(index)
    for line in asking:
        best: dict[int, str] = {}
        for form in line.forms:
            for index in by_form.get(form, ()):
                best[index] = min(form.token_class.value, best.get(index, form.token_class.value))
        yield from (Answer(asked=line, found=logged[index], best=one) for index, one in best.items())


def count(asking: Sequence[Line], logged: Sequence[Line]) -> Tally:
    """Return what came of every true pair and of every answer that named another weapon."""
    answers = list(join(asking, logged))
    lines = {line.weapon.id: line for line in logged}
    right = {one.asked.weapon.id: one.best for one in answers if one.asked.weapon.id == one.found.weapon.id}
    true, wrong = Counter[Stratum](), Counter[Stratum]()
    for asked in asking:
        if twin := lines.get(asked.weapon.id):
            true[_makes_known(asked, twin), twin.slip, right.get(asked.weapon.id, NOTHING)] += 1
    for one in answers:
        if one.asked.weapon.id != one.found.weapon.id:
            wrong[
                _makers(one.asked.weapon, one.found.weapon), _looks(one.asked.weapon, one.found.weapon), one.best
            ] += 1
    return Tally(asked=len(asking), true=true, wrong=wrong)


def _makes_known(one: Line, other: Line) -> str:
    return (BOTH_KNOWN, ONE_MISSING, BOTH_MISSING)[[one.make, other.make].count("missing")]


def _makers(one: Weapon, other: Weapon) -> str:
    if one.model.make == other.model.make:
        return ONE_MAKER
    return ONE_GROUP if _group_of(one) == _group_of(other) else OTHER_MAKERS


def _looks(one: Weapon, other: Weapon) -> str:
    """Return whether whoever may read both records sees that these are two weapons."""
    found = [calibres.BUILT_IN.find(weapon.model.calibre) for weapon in (one, other)]
    families = {calibre.family for calibre in found if calibre}
    types = {kind.type_class for weapon in (one, other) if (kind := weapontypes.by_code(weapon.model.type_code))}
    return CONTRADICTED if len(families) > 1 or len(types) > 1 else "alike"


def _group_of(weapon: Weapon) -> str:
    found = makes.BUILT_IN.find(weapon.model.make)
    return found.group if found else weapon.model.make


def _slips(options: Options, shares: Shares) -> list[str]:
    counts = {"O/0": options.letter_digit_slips, "zero": shares.zeros, "letter": shares.letters}
    slips = [slip for slip, share in counts.items() for _ in range(round(share * shares.pairs))]
    return [*slips, *("" for _ in range(shares.pairs - len(slips)))]


def _with_room_for(random: Random, options: Options, name: str, slip: str) -> Weapon:
    """Return a weapon whose number can get that error."""
    while True:
        weapon = make_weapon(random, options, name)
        if slip == "zero" and weapon.serial[0].isdigit():
            weapon = replace(weapon, serial=f"0{weapon.serial[1:]}")
        if not slip or _can(weapon.serial, slip):
            return weapon


def _can(serial: str, slip: str) -> bool:
    return bool(set(serial) & set("0O")) if slip == "O/0" else _err(serial, slip) != serial


def _err(serial: str, slip: str) -> str:
    if slip == "zero":
        return serial.lstrip("0")
    kept = [
        sign
        for place, sign in enumerate(serial)
        if not (sign.isalpha() and any(map(str.isdigit, serial[:place])) and any(map(str.isdigit, serial[place:])))
    ]
    return "".join(kept)


def _accidents(random: Random, options: Options, shares: Shares) -> Iterator[tuple[Weapon, Weapon]]:
    """Yield pairs of weapons with one number: most of two makers, some of one.

    One maker gives one number twice to two models; to two weapons of one model, never.
    """
    same = shares.accidents - round(shares.other_make * shares.accidents)
    for place in range(shares.accidents):
        while True:
            first, second = (make_weapon(random, options, f"{list_}{place:06}") for list_ in "ab")
            one, two = first.model, second.model
            if one.name != two.name and (one.make == two.make) == (place < same):
                break
        yield first, replace(second, serial=first.serial)


def _any_line(random: Random, options: Options, office: str, weapon: Weapon) -> Line:
    chance = random.random()
    if chance < options.usable_serials:
        return _line(random, options, office, weapon)
    if chance < options.usable_serials + options.wordings:
        return _line(random, options, office, weapon, box=spelling.wording(random, office, diverted=chance < 0.8))
    return _line(random, options, office, weapon, box=spelling.unusable(random, weapon.serial))


def _line(
    random: Random, options: Options, office: str, weapon: Weapon, *, slip: str = "", box: str | None = None
) -> Line:
    model, chance = weapon.model, random.random()
    serial = spelling.slipped(random, weapon.serial) if slip == "O/0" else _err(weapon.serial, slip) if slip else ""
    known = "missing" if chance < options.makes_missing else "name"
    known = "alias" if options.makes_missing <= chance < options.makes_missing + options.make_aliases else known
    cells = {
        "item.type": spelling.weapon_type(random, office, model),
        "item.make": "" if known == "missing" else spelling.make(random, office, model.make, alias=known == "alias"),
        "item.calibre": spelling.calibre(random, office, model.calibre),
        "item.serials": spelling.number(random, office, serial or weapon.serial) if box is None else box,
    }
    fields: dict[str, JsonValue] = {"item.kind": model.kind}
    for name, text in cells.items():
        if text:
            fields |= read_cell(name, text, _READING) if name == "item.serials" else _read(name, text)
    rows = inputs_of(fields, makes=makes.BUILT_IN, calibres=calibres.BUILT_IN)
    forms = frozenset(form for row in rows for form in row if form is not None)
    return Line(weapon=weapon, make=known, slip=slip, forms=forms)


@cache
def _read(name: str, text: str) -> dict[str, JsonValue]:
    return read_cell(name, text, _READING)

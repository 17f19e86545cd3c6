# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""Invented case files: numbers, officers, groups, and the words in which an officer tells what happened.

This is what a partner must never see and a server must never hold, so every value is one of a kind: a test can look
for each of them on the wrong side.
"""

from collections.abc import Mapping
from random import Random

from clients.generator.lives import Happening
from clients.generator.world import language_of

_FIRST = "Ademar Beatriz Carlo Dunya Elvin Farida Goran Hela Ivo Jamila Kasimir Leila Marek Nadja Omar Petra Rashid Sanna Tomé Ursa Viktor Wanda Yusuf Zora"
_LAST = "Ardan Belmor Corvane Dastur Elmquist Farwick Garrido Halvorsen Istrana Jorvik Kettering Lormand Marrash Novikar Orsini Pellegra Quarles Rendova Sarkhan Tolvane Urbanek Varrick Westrop Zardoz"
_GROUPS = "the Salt Road men; the Quay Eleven; Red Heron cell; the Orchard network; Bluff Street crew; the Lantern brothers; North Ferry group; the Tannery circle"
_CARS = "grey Lada; white Hilux; blue Gol; green Transit; black Passat; red pick-up"

_TOLD: Mapping[str, str] = {
    "en": "Patrol {unit} found it {where}. Driver {person}, plate {plate}, said {other} had paid {price}. Call {phone}; exhibit {exhibit}.",
    "pt": "Equipe {unit} localizou a arma {where}. Condutor {person}, placa {plate}, declarou que {other} pagou {price}. Contato {phone}; lacre {exhibit}.",
    "es": "La patrulla {unit} halló el arma {where}. Conductor {person}, placa {plate}, declaró que {other} pagó {price}. Contacto {phone}; indicio {exhibit}.",
    "fr": "La patrouille {unit} l'a trouvée {where}. Conducteur {person}, plaque {plate}, dit que {other} a payé {price}. Contact {phone}; scellé {exhibit}.",
    "ar": "عثرت الدورية {unit} على السلاح {where}. السائق {person} لوحة {plate} أفاد بأن {other} دفع {price}. هاتف {phone}؛ حرز {exhibit}.",
    "prs": "گزمه {unit} سلاح را {where} یافت. راننده {person} پلیت {plate} گفت که {other} {price} پرداخته است. تماس {phone}؛ سند {exhibit}.",
    "ur": "گشتی ٹیم {unit} کو اسلحہ {where} ملا۔ ڈرائیور {person} پلیٹ {plate} نے کہا کہ {other} نے {price} ادا کیے۔ رابطہ {phone}؛ نمونہ {exhibit}۔",
    "ru": "Патруль {unit} обнаружил оружие {where}. Водитель {person}, номер {plate}, сообщил, что {other} заплатил {price}. Тел. {phone}; улика {exhibit}.",
    "uk": "Патруль {unit} виявив зброю {where}. Водій {person}, номер {plate}, повідомив, що {other} заплатив {price}. Тел. {phone}; доказ {exhibit}.",
}
_OFFENCES = "unlawful possession; trafficking in firearms; armed robbery; terrorist financing; smuggling; membership of an armed group"
_NOT_YET_OPENED = 0.12
_NO_CASE = frozenset({"manufacture", "export", "receipt", "issue_to_force", "stockpile_inventory"})


def case_of(random: Random, happening: Happening) -> dict[str, str]:
    """Return the case columns of one row; deliveries and stock-taking have no case, and some files are not yet opened."""
    if happening.event in _NO_CASE or random.random() < _NOT_YET_OPENED:
        return {}
    officer = _person(random)
    case = {
        "case_number": f"{happening.day.year}-{happening.seen_by[:3].upper()}-{random.randrange(10**7):07}",
        "circumstances": _told(random, happening),
        "officer": f"{officer}, {_phone(random)}, {officer.split()[0].lower()}.{random.randrange(10**5)}@{happening.seen_by}.invalid",
    }
    if happening.diverted:
        case["offence"] = random.choice(_OFFENCES.split("; "))
        case["source"] = f"source {random.choice('ABCDEFGH')}{random.randrange(10**5):05}, handled by {_person(random)}"
        case["evaluation"] = f"{random.choice('ABCDEF')}{random.randint(1, 6)}"
    if happening.event == "illicit_transfer":
        case["from_group"], case["to_group"] = random.sample(_GROUPS.split("; "), 2)
    if happening.event == "offer":
        case["alias"] = f"{random.choice(_LAST.split()).lower()}_{random.randrange(10**4):04}"
    return case


def _told(random: Random, happening: Happening) -> str:
    return _TOLD[language_of(happening.seen_by)].format(
        unit=f"{random.choice('KLMPRT')}{random.randrange(100, 999)}",
        where=f"({random.choice(_CARS.split('; '))}, {happening.place}, {random.randint(1, 320)})",
        person=_person(random),
        other=_person(random),
        plate=f"{happening.seen_by[:3].upper()} {random.randrange(10**5):05}",
        price=f"{random.randrange(200, 9000)} USD",
        phone=_phone(random),
        exhibit=f"E-{random.randrange(10**8):08}",
    )


def _person(random: Random) -> str:
    return f"{random.choice(_FIRST.split())} {random.choice(_LAST.split())}"


def _phone(random: Random) -> str:
    return f"+999 {random.randrange(10**3):03} {random.randrange(10**6):06}"

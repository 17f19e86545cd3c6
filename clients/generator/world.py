"""The invented States with their agencies, and the real makers whose weapons pass through them. Data and look-ups.

States and places do not exist (ISO 3166 leaves XAA to XZZ to its users). Makes, models, calibres and countries of
manufacture are real, so that code lists apply; the serial numbers follow the makers' patterns and are drawn at random.
"""

from dataclasses import dataclass
from functools import cache
from random import Random

# language of the officers of each State; any other State writes English
LANGUAGES = {
    "xar": "pt",
    "xbe": "en",
    "xco": "es",
    "xdu": "ar",
    "xfa": "ru",
    "xgo": "fr",
    "xha": "prs",
    "xim": "ur",
    "xju": "uk",
}

# make | country | model | NCIC type | calibre | kind | serial pattern (A letter, 9 digit, Я Cyrillic look-alike) | years | weight
_MODELS = """
Glock | AUT | 17 | PI | 9 mm Luger | small_arm | AAA999 | 1988-2020 | 8
Glock | AUT | 19 | PI | 9 mm Luger | small_arm | AAAA999 | 1995-2022 | 8
Taurus | BRA | PT 92 | PI | 9 mm Luger | small_arm | AAA99999 | 1986-2018 | 6
Taurus | BRA | 85 | PR | 38 Special | small_arm | AA999999 | 1985-2016 | 6
Taurus | BRA | G2C | PI | 9 mm Luger | small_arm | AAA999999 | 2014-2022 | 5
Rossi | BRA | 27 | PR | 38 Special | small_arm | A999999 | 1976-2008 | 3
Imbel | BRA | M964 FAL | RA | 7.62 x 51 | small_arm | 999999 | 1970-2005 | 3
Imbel | BRA | M973 | PI | 9 mm Luger | small_arm | AAA99999 | 1985-2010 | 2
Boito | BRA | Reuna | SS | 12 gauge | small_arm | 999999 | 1975-2005 | 2
Colt | USA | M1911A1 | PI | 45 Auto | small_arm | 9999999 | 1960-1985 | 2
Colt | USA | M16A1 | RA | 5.56 x 45 | small_arm | 9999999 | 1967-1985 | 3
Smith & Wesson | USA | 10 | PR | 38 Special | small_arm | AAA9999 | 1975-2010 | 5
Smith & Wesson | USA | M&P 9 Shield | PI | 9 mm Luger | small_arm | AAA9999 | 2012-2022 | 4
Ruger | USA | LCP | PI | 380 Auto | small_arm | 999-99999 | 2008-2022 | 3
Mossberg | USA | 500 | SP | 12 gauge | small_arm | A999999 | 1975-2020 | 2
Remington | USA | 870 | SP | 12 gauge | small_arm | A999999A | 1970-2018 | 2
Barrett | USA | M82A1 | RI | 50 Browning | small_arm | AA999999 | 1995-2020 | 1
FN | BEL | FAL | RA | 7.62 x 51 | small_arm | 9999999 | 1960-1988 | 3
FN | BEL | MAG | M | 7.62 x 51 | light_weapon | 999999 | 1965-2010 | 1
Browning | BEL | Hi-Power | PI | 9 mm Luger | small_arm | 245PA99999 | 1975-2005 | 2
Heckler & Koch | DEU | G3A3 | RA | 7.62 x 51 | small_arm | 99999999 | 1965-1990 | 3
Heckler & Koch | DEU | MP5A3 | B | 9 mm Luger | small_arm | A999999 | 1975-2015 | 2
Walther | DEU | PPK | PI | 32 Auto | small_arm | 999999A | 1960-1999 | 2
Pakistan Ordnance Factories | PAK | G3P4 | RA | 7.62 x 51 | small_arm | 999999 | 1975-2005 | 2
MKE | TUR | G3A7 | RA | 7.62 x 51 | small_arm | 999999 | 1975-2005 | 1
Canik | TUR | TP9 | PI | 9 mm Luger | small_arm | 99AA99999 | 2012-2022 | 3
Sarsilmaz | TUR | Kilinc 2000 | PI | 9 mm Luger | small_arm | A999999999 | 2000-2020 | 1
Beretta | ITA | 92FS | PI | 9 mm Luger | small_arm | A99999A | 1985-2018 | 4
Beretta | ITA | AR 70/90 | RA | 5.56 x 45 | small_arm | A99999A | 1985-2005 | 1
SIG Sauer | CHE | P226 | PI | 9 mm Luger | small_arm | U999999 | 1985-2010 | 2
Steyr | AUT | AUG A1 | RA | 5.56 x 45 | small_arm | 999AAA | 1978-2005 | 1
Česká zbrojovka | CZE | 75 B | PI | 9 mm Luger | small_arm | A999999 | 1994-2018 | 3
Česká zbrojovka | CSK | Sa vz. 58 | RA | 7.62 x 39 | small_arm | 99999A | 1960-1983 | 2
Izhevsk | SUN | AKM | RA | 7.62 x 39 | small_arm | ЯЯ999999 | 1960-1977 | 7
Izhevsk | SUN | PM | PI | 9 mm Makarov | small_arm | ЯЯ9999 | 1960-1990 | 4
Tula | SUN | AKMS | RA | 7.62 x 39 | small_arm | ЯЯ999999 | 1961-1977 | 4
Izhevsk | RUS | AK-103 | RA | 7.62 x 39 | small_arm | 999999999 | 1995-2015 | 2
Degtyaryov Plant | SUN | RPG-7 | KN | 40 mm PG-7 | light_weapon | ЯЯ9999 | 1965-1990 | 1
Zastava | YUG | M70 AB2 | RA | 7.62 x 39 | small_arm | 999999 | 1970-1991 | 5
Zastava | SRB | M92 | RA | 7.62 x 39 | small_arm | 999999 | 2006-2020 | 2
Norinco | CHN | Type 56-1 | RA | 7.62 x 39 | small_arm | 99999999 | 1966-1995 | 6
Romarm | ROU | AIM | RA | 7.62 x 39 | small_arm | AA9999 | 1968-1990 | 3
Radom | POL | kbk AKM | RA | 7.62 x 39 | small_arm | AA99999 | 1966-1985 | 2
FEG | HUN | AMD-65 | RA | 7.62 x 39 | small_arm | AA9999 | 1967-1985 | 1
Arsenal Bulgaria | BGR | AR-M1 | RA | 7.62 x 39 | small_arm | AA999999 | 1985-2015 | 2
Maadi | EGY | Misr | RA | 7.62 x 39 | small_arm | 9999999 | 1975-2000 | 2
IMI | ISR | Galil | RA | 5.56 x 45 | small_arm | 9999999 | 1975-1998 | 2
Uzi | ISR | Uzi | B | 9 mm Luger | small_arm | 999999 | 1965-1990 | 2
Star | ESP | B | PI | 9 mm Luger | small_arm | 999999 | 1960-1990 | 2
Llama | COL | Cassidy | PR | 38 Special | small_arm | IM9999A | 1985-2012 | 2
Bersa | ARG | Thunder 380 | PI | 380 Auto | small_arm | 999999 | 1990-2018 | 2
FMAP | ARG | FAL | RA | 7.62 x 51 | small_arm | 99999 | 1965-1990 | 1
Hi-Point | USA | C9 | PI | 9 mm Luger | small_arm | P999999 | 1998-2020 | 2
Pindad | IDN | SS1 | RA | 5.56 x 45 | small_arm | 99999999 | 1991-2010 | 1
"""

_TOWNS = (
    "Vila Ardente, Porto Lembre, Sarrada, Monte Cavo, Alverim, Tresquinas, Boa Ferra, Candeiros, Outeiro Seco, Maravas, "
    "Harrowgate Quay, Stell Marsh, Dunmoor, Kelby Cross, Ostrey, Branwick, Fallow End, Tarn Bridge, Merrow, Quillan Head, "
    "San Umbrio, Las Tarajas, Puerto Velmar, Cerro Pardo, Aguaviva Baja, Tolmera, Quebrada Honda, Santa Ilaria, "
    "Qasr al-Rimal, Wadi Safra, Bir Hamoud, Tell Zarqan, Ain Merjan, Dar Salwan, Krasnobor, Verkhny Log, Zelyony Yar, "
    "Petit-Marais, Roche-Aubin, Valmourant, Deh Sabzan, Kotal-e Safed, Chashma Pul, Nurgarh, Lal Mandi, Yasny Hai"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A weapon as it left its maker, but for the number."""

    make: str
    country: str
    name: str
    type_code: str
    calibre: str
    kind: str
    pattern: str
    first_year: int
    last_year: int
    weight: int


def state_of(agency: str) -> str:
    """Return the invented State's alpha-3 code."""
    return agency[:3].upper()


def language_of(agency: str) -> str:
    """Return the language an agency writes."""
    return LANGUAGES.get(agency[:3], "en")


@cache
def towns_of(agency: str) -> tuple[str, ...]:
    """Return the eight towns of an agency's State, the same in every world."""
    towns = [town.strip() for town in _TOWNS.split(",")]
    return tuple(Random(f"towns of {agency[:3]}").sample(towns, 8))  # noqa: S311 - invents names, guards nothing


@cache
def models_between(first_year: int, last_year: int) -> tuple[Model, ...]:
    """Return the models that were made in those years; all of them if none was."""
    models = tuple(_model(line) for line in _MODELS.strip().splitlines())
    fitting = tuple(one for one in models if one.first_year <= last_year and one.last_year >= first_year)
    return fitting or models


def _model(line: str) -> Model:
    make, country, name, type_code, calibre, kind, pattern, years, weight = (part.strip() for part in line.split("|"))
    first, _, last = years.partition("-")
    return Model(
        make=make,
        country=country,
        name=name,
        type_code=type_code,
        calibre=calibre,
        kind=kind,
        pattern=pattern,
        first_year=int(first),
        last_year=int(last),
        weight=int(weight),
    )

# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""Print `tokens.json`: pairs of items with the best class in which they must meet, and tokens from end to end.

Nothing here imports the package. The rules are implemented a second time from docs/protocol.md, 6.3, on `unicodedata`
instead of the frozen table, with makes, calibres and types typed in again; the function comes from another library.
The pairs of `token_pairs.txt` were judged by hand and are taken over as they are. It was run once; the file is frozen:

    python tests/vectors/make_tokens.py > tests/vectors/tokens.json
"""

import hmac
import json
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import TypeAlias

from voprf import ristretto

Side: TypeAlias = list[str]
Pair: TypeAlias = tuple[str, Side, Side]

NONE = "-"
HAND = Path(__file__).with_name("token_pairs.txt")

HOMOGLYPHS = dict(zip("АВЕКМНОРСТУХІЈЅ", "ABEKMHOPCTYXIJS", strict=True)) | dict(
    zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)
)
TO_CYRILLIC = {latin: other for other, latin in HOMOGLYPHS.items() if "А" <= other <= "Х"}
LOSSY = "БГДЖЗЛПФЦШЮЯ"
DIGITS = ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")

# group: how clerks of three alphabets write the make
MAKES = {
    "GLC": ("Glock", "GLOCK", "Glok", "Глок", "جلوك", "گلوک"),
    "TAS": ("Taurus", "Forjas Taurus", "Таурус", "تاوروس", "ٹورس"),
    "BER": ("Beretta", "Pietro Beretta", "Беретта", "بيريتا", "بریٹا"),
    "SW": ("Smith & Wesson", "S&W", "Smith and Wesson", "Смит и Вессон"),
    "SR": ("Ruger", "Sturm Ruger", "Ругер", "روجر", "روگر"),
    "COLT-FN": ("Colt", "IMBEL", "FN Herstal", "Browning", "Кольт", "كولت"),
    "AK-PATTERN": ("Kalashnikov", "AKM", "Norinco", "Ижмаш", "Калашников", "كلاشنكوف", "کلاشنکوف", "Zastava"),
    "HK": ("Heckler & Koch", "H&K", "MKE", "Хеклер и Кох"),
    "WALTHER": ("Walther", "Carl Walther", "Вальтер", "والتر"),
    "MAUSER": ("Mauser", "Маузер", "ماوزر"),
    "CZ": ("CZ", "Česká zbrojovka", "Brno"),
    "MOS": ("Mossberg", "Моссберг"),
    "WIN": ("Winchester", "Винчестер"),
    "AMR": ("Rossi", "Amadeo Rossi", "Росси"),
}
# family: how a calibre is written
CALIBRES = {
    "9MM": ("9 mm Luger", "9x19", "9 Para", "380 ACP", "9x18"),
    "38": (".38 Special", "38 Spl", "357 Magnum"),
    "762": ("7.62x39", "7.62x51", "308 Win", "7.62x54R"),
    "45": (".45 ACP", "45 Auto"),
    "12GA": ("12 gauge", "12/76"),
}
# class: how a type is written
TYPES = {
    "HANDGUN": ("pistol", "revolver", "pistola", "пистолет", "مسدس"),
    "LONG": ("rifle", "fuzil", "автомат", "بندقيه", "shotgun"),
}
LETTERS = "ABCEHKMPTXRSVWZ"


def canonical(text: str) -> str:
    """Return the canonical form by the rule in words: NFKD, upper case, look-alikes, digits, O as 0, I as 1."""
    upper = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).upper())
    western = "".join(HOMOGLYPHS.get(one, one) for one in upper)
    ascii_digits = "".join(str(unicodedata.digit(one)) if one in "".join(DIGITS) else one for one in western)
    kept = "".join(one for one in ascii_digits if one.isascii() and one.isalnum())
    return kept.replace("O", "0").replace("I", "1")


def forms(group: str, serial: str, family: str, type_class: str) -> set[tuple[str, str, str]]:
    """Return (class, group, form) of one mark of a weapon."""
    whole = canonical(serial)
    marked = whole if any(unicodedata.digit(one, -1) >= 0 for one in serial) else ""
    lost = any(one.isalpha() and not canonical(one) for one in serial)
    found = {
        ("T0", group, "" if lost else marked),
        ("T1", group, without_embedded(marked)),
        ("T2", group, marked.lstrip("0")),
    }
    usable = {one for one in found if group and len(one[2]) >= 4}
    if family and type_class and len(marked) >= 7:
        usable.add(("T3", f"{family}/{type_class}", marked))
    return usable


def without_embedded(form: str) -> str:
    """Return `form` without the letters that stand between two digits."""
    places = [index for index, one in enumerate(form) if one.isdigit()]
    if not places:
        return form
    first, last = places[0], places[-1]
    return form[:first] + "".join(one for one in form[first : last + 1] if one.isdigit()) + form[last + 1 :]


def best(one: set[tuple[str, str, str]], other: set[tuple[str, str, str]]) -> str:
    """Return the best class in which two marks meet."""
    return min((shared[0] for shared in one & other), default=NONE)


class Weapons:
    """Pairs of weapons drawn from a fixed seed, each judged by the rules above."""

    def __init__(self, seed: int) -> None:
        """Start from a seed."""
        self._random = Random(seed)  # noqa: S311  chance that repeats itself

    def pairs(self, count: int) -> Iterator[Pair]:
        """Yield weapons as two officers write them: the same, with a slip of the pen, or another one nearby."""
        for index in range(count):
            serial = self.serial()
            other = (self.same, self.slip, self.neighbour, self.same)[index % 4](serial)
            group, calibre, of_type = (self._random.choice(tuple(table)) for table in (MAKES, CALIBRES, TYPES))
            other_group = group if self._random.random() < 0.85 else self._random.choice(tuple(MAKES))
            known = self._random.random() < 0.9
            yield (
                best(
                    forms(group if known else "", serial, calibre, of_type),
                    forms(other_group, other, calibre, of_type),
                ),
                self.side(group if known else "", self.written(serial), calibre, of_type),
                self.side(other_group, self.written(other), calibre, of_type),
            )

    def serial(self) -> str:
        """Return a number in one of the makers' patterns."""
        pattern = self._random.choice(
            (
                "LLLDDDDDD",
                "LLDDDDD",
                "DDDDDDDD",
                "LDDDDDD",
                "DDLDDDDD",
                "DDDDDL",
                "00DDDDD",
                "DDDDDDD",
                "DDDDD",
                "JDDDD",
            )
        )
        return "".join(self._sign(one) for one in pattern)

    def _sign(self, one: str) -> str:
        signs = {"L": LETTERS, "D": "0123456789", "J": LOSSY}.get(one, one)
        return self._random.choice(signs)

    def same(self, serial: str) -> str:
        """Return the same number."""
        return serial

    def slip(self, serial: str) -> str:
        """Return the number as it is miswritten: O for 0, zeros lost, a letter between digits dropped."""
        slips = (
            serial.replace("0", "O", 1),
            serial.lstrip("0"),
            without_embedded(serial),
            "0" + serial,
            serial.replace("0", "О", 1),
        )
        return self._random.choice(slips)

    def neighbour(self, serial: str) -> str:
        """Return another weapon's number, one sign away."""
        place = self._random.randrange(len(serial))
        signs = LETTERS if serial[place].isalpha() else "0123456789"
        other = self._random.choice([one for one in signs if one != serial[place]])
        if self._random.random() < 0.3:
            return serial[:place] + serial[place + 1 :]
        return serial[:place] + other + serial[place + 1 :]

    def written(self, serial: str) -> str:
        """Return the number in some alphabet and spacing, nothing that the rules do not undo."""
        text = serial
        script = self._random.random()
        if script < 0.2:
            text = "".join(TO_CYRILLIC.get(one, one) for one in text)
        elif script < 0.4:
            digits = self._random.choice(DIGITS)
            text = "".join(digits[int(one)] if one.isascii() and one.isdigit() else one for one in text)
        if self._random.random() < 0.3:
            place = self._random.randrange(1, len(text)) if len(text) > 1 else 0
            text = f"{text[:place]}{self._random.choice((' ', '-'))}{text[place:]}"
        return text.lower() if self._random.random() < 0.15 else text

    def side(self, group: str, serial: str, family: str, type_class: str) -> Side:
        """Return one item: make, number, calibre and type in some spelling."""
        make = self._random.choice(MAKES[group]) if group else ""
        return [
            "small_arm",
            make,
            serial,
            self._random.choice(CALIBRES[family]),
            self._random.choice(TYPES[type_class]),
        ]


def by_hand() -> Iterator[Pair]:
    """Yield the pairs that were judged by hand."""
    for line in HAND.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            expected, one, other = line.split(" | ")
            yield expected, hand_side(one), hand_side(other)


def hand_side(text: str) -> Side:
    """Return one item of a line."""
    kind, _, rest = text.rpartition("> ")
    parts = [part.removesuffix("\n").strip() for part in rest.split("; ")]
    return [kind or "small_arm", *("" if part == "·" else part for part in parts)]


def lp(*parts: str | int) -> bytes:
    """Return each part behind its length."""
    encoded = [str(part).encode() for part in parts]
    return b"".join(len(one).to_bytes(4, "big") + one for one in encoded)


def tokens() -> Iterator[dict[str, str | int]]:
    """Yield tokens from end to end, the oblivious function by another library."""
    random, seed = Random(9497), bytes(range(32))  # noqa: S311  chance that repeats itself
    evaluator = ristretto.Evaluator.from_seed(seed, b"sealtrace")
    for of_class, group, form in (
        ("T0", "GLC", "ABE573528"),
        ("T1", "COLT-FN", "7012345"),
        ("T2", "AK-PATTERN", "12345"),
        ("T3", "9MM/HANDGUN", "1234567"),
        ("T0", "VIN", "1HGCM82633A004352"),
        ("T0", "CBC/9MM/19", "AB1234"),
        ("T0", "5855-01-432-0524", "AB12345"),
        ("T3", "design", "FGC9"),
    ):
        kc, epoch = random.randbytes(32), random.randrange(1, 9)
        x = hmac.digest(kc, b"sealtrace/v1/token" + lp(of_class, 1, epoch, group, form), "sha256")
        y = evaluator.evaluate_known_input(x)
        token = hmac.digest(y, b"sealtrace/v1/token\x01", "sha256")[:16]
        yield {
            "class": of_class,
            "group": group,
            "form": form,
            "ep": epoch,
            "kc": kc.hex(),
            "x": x.hex(),
            "y": y.hex(),
            "token": token.hex(),
            "pk": evaluator.public_key.serialize().hex(),
        }


def lines(items: Sequence[object]) -> str:
    """Return a JSON list with one item a line."""
    return ",\n".join(json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in items)


def main() -> None:
    """Print the file."""
    hand, drawn = list(by_hand()), list(Weapons(20_260_101).pairs(4_500))
    sys.stdout.write(
        f'{{"table":1,\n"by_hand":[\n{lines(hand)}\n],\n"drawn":[\n{lines(drawn)}\n],\n"tokens":[\n{lines(list(tokens()))}\n]}}\n'
    )


if __name__ == "__main__":
    main()

# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""Print the frozen table of the canonical form, as `ledger/canonicaltable.py` holds it.

It was run once. Running it again under another Python must print the same: Unicode promises that compatibility
mappings of assigned characters never change, and the blocks below were full when the table was frozen. The table is
nevertheless committed, so that no release of Python or Unicode can ever move a token.
"""

import sys
import unicodedata

HOMOGLYPHS = dict(
    zip(
        "АВЕКМНОРСТУХІЈЅԚԜҮҺӀ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "ABEKMHOPCTYXIJSQWYHI" + "ABEZHIKMNOPTYX",
        strict=True,
    )
)
DIGITS = {chr(base + value): str(value) for base in (0x0660, 0x06F0) for value in range(10)}
BLOCKS = (
    (0x00A0, 0x024F),  # Latin-1 Supplement, Latin Extended-A and -B
    (0x0386, 0x052F),  # Greek and Coptic, Cyrillic, Cyrillic Supplement
    (0x0660, 0x0669),  # Arabic-Indic digits
    (0x06F0, 0x06F9),  # Persian digits
    (0x1E00, 0x1EFF),  # Latin Extended Additional
    (0x2070, 0x209C),  # superscripts and subscripts
    (0x2100, 0x2188),  # letter-like symbols, number forms
    (0x2460, 0x24EA),  # enclosed alphanumerics
    (0xFB00, 0xFB06),  # Latin ligatures
    (0xFF01, 0xFF5E),  # full-width forms
    (0x1D400, 0x1D7FF),  # mathematical alphanumerics
)
ASCII = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def form(character: str) -> str:
    """Return what one character becomes: accents off, compatibility forms resolved, upper case, homoglyphs, digits."""
    upper = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).upper())
    return "".join(letter for one in upper if (letter := HOMOGLYPHS.get(one) or DIGITS.get(one) or one) in ASCII)


def runs() -> list[tuple[int, str]]:
    """Return (first code point, one letter each) of stretches with a one-letter form; `.` stands for none."""
    found: list[tuple[int, str]] = []
    for first, last in BLOCKS:
        letters = "".join(one if len(one := form(chr(point))) == 1 else "." for point in range(first, last + 1))
        start = None
        for offset in range(len(letters) + 1):
            rest = letters[offset : offset + 8].strip(".")
            if start is None and letters[offset : offset + 1] not in {"", "."}:
                start = offset
            elif start is not None and not rest:
                found.append((first + start, letters[start:offset]))
                start = None
    return found


def several() -> list[tuple[int, list[str]]]:
    """Return (first code point, one word each) of stretches whose characters become more than one letter."""
    found: list[tuple[int, list[str]]] = []
    for first, last in BLOCKS:
        for point in range(first, last + 1):
            if len(word := form(chr(point))) < 2:
                continue
            if found and found[-1][0] + len(found[-1][1]) == point:
                found[-1][1].append(word)
            else:
                found.append((point, [word]))
    return found


def main() -> None:
    """Print both tables as Python."""
    out = sys.stdout.write
    out("ONE = (\n")
    for start, letters in runs():
        for cut in range(0, len(letters), 88):
            out(f'    (0x{start + cut:04X}, "{letters[cut : cut + 88]}"),\n')
    out(")\nSEVERAL = (\n")
    for start, words in several():
        out(f'    (0x{start:04X}, "{" ".join(words)}"),\n')
    out(")\n")


if __name__ == "__main__":
    main()

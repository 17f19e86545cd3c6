"""What spreadsheets do to a cell: wrappers that keep a number a text, formulas, numbers that became floats.

Lists of serial numbers come out of spreadsheets. A wrapper is not part of what was marked and is taken off; a
formula is never evaluated; a number that went through a float has lost digits, and is damaged, not a number.
"""

import re

_STRING = r'"(?:[^"]|"")*"'
_WRAPPER = re.compile(
    rf"=\s*(?:(?:CONCATENATE|CONCAT|T|TEXT|TRIM|CLEAN|UPPER)\s*\(\s*)?({_STRING}(?:\s*[&,;]\s*{_STRING})*)\s*(?:\)\s*)?",
    re.IGNORECASE,
)
_PIECE = re.compile(_STRING)
_FORMULA = re.compile(r"\s*(?:=|[@+-]\s*[A-Z]\w*\s*[(!|])", re.IGNORECASE)

# 1.23E+11, 1,23457E+15, 1E+11; never 52E029294, which is a real number of a real maker.
_FLOAT = re.compile(r"[+-]?(?:\d+[.,]\d*E[+-]?\d{1,3}|\d+E[+]\d{1,3})", re.IGNORECASE)
_WHOLE_FLOAT = re.compile(r"(\d+)[.,]0")


def unwrap(cell: str) -> str:
    """Return the text inside `="…"`, `=CONCATENATE("…")`, `'…` and of `123.0`; any other cell as it is."""
    text = cell.strip()
    if match := _WRAPPER.fullmatch(text):
        return "".join(one[1:-1].replace('""', '"') for one in _PIECE.findall(match[1]))
    if text.startswith("'") and len(text) > 1:
        return text[1:].strip()
    if match := _WHOLE_FLOAT.fullmatch(text):
        return match[1]
    return text


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet would run `text`: no number is read from it."""
    return _FORMULA.match(text) is not None


def is_damaged_number(text: str) -> bool:
    """Return whether a long number was turned into a float here: the digits after its first few are lost."""
    return _FLOAT.fullmatch(text.strip()) is not None

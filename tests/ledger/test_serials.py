"""Serial boxes: several numbers, headings, labels and damage are told apart, and nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.headings import headed, without_label
from ledger.jsontext import dump
from ledger.serials import MAX_BOX_CHARACTERS, MAX_MARK_BYTES, MAX_MARKS, Condition, Kind, Location, Mark, read_marks

NUMBERS = st.from_regex(r"[A-Z]{1,3}[2-9]{4,6}", fullmatch=True)


def seen(box: str) -> list[tuple[str, str, str]]:
    """Return (number, location, condition) of each mark in a box."""
    return [(mark.number, mark.location.value, mark.condition.value) for mark in read_marks(box)]


@pytest.mark.parametrize(
    ("box", "numbers"),
    [
        ("ABE573528", ["ABE573528"]),
        ("12345; 67890", ["12345", "67890"]),
        ("12345;67890;", ["12345", "67890"]),
        ("AB1234\nCD5678", ["AB1234", "CD5678"]),
        ("AB1234\r\nCD5678", ["AB1234", "CD5678"]),
        ("AB1234 | CD5678", ["AB1234", "CD5678"]),
        ("ABC123/DEF456", ["ABC123", "DEF456"]),
        ("AB12 / CD34", ["AB12", "CD34"]),
        ("ABC123, DEF456", ["ABC123", "DEF456"]),
        ("12345, 67890 and 13579", ["12345", "67890", "13579"]),
        ("12345 e 67890", ["12345", "67890"]),
        ("12345 y 67890", ["12345", "67890"]),
        ("12345 et 67890", ["12345", "67890"]),
        ("12345 и 67890", ["12345", "67890"]),
        ("١٢٣٤٥، ٦٧٨٩٠", ["١٢٣٤٥", "٦٧٨٩٠"]),
        ("١٢٣٤٥؛ ٦٧٨٩٠", ["١٢٣٤٥", "٦٧٨٩٠"]),
        ("12345/67", ["12345/67"]),
        ("1,234,567", ["1,234,567"]),
        ("AB/1234", ["AB/1234"]),
        ("1234/79", ["1234/79"]),
        ("AB 1234 / 5", ["AB 1234 / 5"]),
        ("12345 / no serial", ["12345", ""]),
        ("obliterated / AB12345", ["", "AB12345"]),
        ("12345,", ["12345"]),
        ("", []),
        ("   ", []),
        (";;", []),
        ("12345, , 67890", ["12345", "67890"]),
    ],
)
def test_several_numbers_in_one_box_are_split(box: str, numbers: list[str]) -> None:
    """A box gives every number in it, and a separator that belongs to a number stays in it."""
    assert [mark.number for mark in read_marks(box)] == numbers


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ("slide: AB1234 frame: CD5678", [("AB1234", "slide", "legible"), ("CD5678", "frame", "legible")]),
        ("frame 12345 / slide 67890", [("12345", "frame", "legible"), ("67890", "slide", "legible")]),
        ("slide:123456/frame:987654", [("123456", "slide", "legible"), ("987654", "frame", "legible")]),
        ("12345 (slide)", [("12345", "slide", "legible")]),
        ("12345 on slide, 67890 on frame", [("12345", "slide", "legible"), ("67890", "frame", "legible")]),
        ("12345 frame 678", [("12345", "frame", "legible"), ("678", "other", "legible")]),
        ("Barrel 1234", [("1234", "barrel", "legible")]),
        ("S/N frame: 12345", [("12345", "frame", "legible")]),
        ("armação: 123AB; ferrolho: 456CD", [("123AB", "frame", "legible"), ("456CD", "slide", "legible")]),
        ("cano: raspado; quadro: 12345", [("", "barrel", "obliterated"), ("12345", "frame", "legible")]),
        ("12345 raspado no cano", [("12345", "barrel", "partial")]),
        ("armazón 12345 cañón 67890", [("12345", "frame", "legible"), ("67890", "barrel", "legible")]),
        ("carcasse: 12345, culasse: 67890", [("12345", "frame", "legible"), ("67890", "bolt", "legible")]),
        ("рамка АБ 1234, затвор ВГ 5678", [("АБ 1234", "frame", "legible"), ("ВГ 5678", "bolt", "legible")]),
        ("ствольна коробка 123456", [("123456", "frame", "legible")]),
        ("السبطانة ١٢٣٤٥", [("١٢٣٤٥", "barrel", "legible")]),
        ("بیرل 12345", [("12345", "barrel", "legible")]),
        ("میل ۱۲۳۴۵", [("۱۲۳۴۵", "barrel", "legible")]),
        ("cylinder 123", [("123", "other", "legible")]),
        ("slide", [("", "other", "not_recorded")]),
        ("S/N: 00000", [("", "other", "not_recorded")]),
        ("barrel: S/N 0000", [("", "barrel", "not_recorded")]),
        ("frame and slide obliterated", [("", "other", "obliterated")]),
    ],
)
def test_locations_are_read_in_nine_languages(box: str, expected: list[tuple[str, str, str]]) -> None:
    """The place on the weapon goes with its number, before it or after it."""
    assert seen(box) == expected


@pytest.mark.parametrize(
    ("box", "kind"),
    [
        ("import: 12345", Kind.IMPORT),
        ("property tag 7788", Kind.PROPERTY),
        ("patrimônio 4455", Kind.PROPERTY),
        ("инв. 778899", Kind.PROPERTY),
        ("rack no 45", Kind.UNIT),
        ("restored AB1234", Kind.RESTORED),
        ("AB1234", Kind.MAKER),
    ],
)
def test_numbers_that_are_not_the_makers_are_told(box: str, kind: Kind) -> None:
    """A police inventory number must not pass for a serial number of the maker."""
    assert [mark.kind for mark in read_marks(box)] == [kind]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("S/N 1234", "1234"),
        ("SN: 12345", "12345"),
        ("s/n: AB12", "AB12"),
        ("No. 123", "123"),
        ("Nº 5566-77", "5566-77"),
        ("N° 12345", "12345"),
        ("n.º 4455AB", "4455AB"),
        ("№123456", "123456"),
        ("# 9912", "9912"),
        ("serial number 998877", "998877"),
        ("Serial No: S/N 998877", "998877"),
        ("nº de série ABC 1234", "ABC 1234"),
        ("numéro de série: 4455", "4455"),
        ("رقم السلاح ١٢٣٤٥٦", "١٢٣٤٥٦"),
        ("заводской номер АБ 12", "АБ 12"),
        ("серійний номер 12", "12"),
        ("NO 12345", "NO 12345"),
        ("SN12345", "SN12345"),
        ("SN 12345", "SN 12345"),
        ("N 12345", "N 12345"),
        ("serial", "serial"),
        ("S/N", "S/N"),
    ],
)
def test_labels_come_off_and_letters_of_a_number_stay(text: str, number: str) -> None:
    """A label is "S/N", a number is "SN12345"; what could be either stays."""
    assert without_label(text) == number


@pytest.mark.parametrize("box", ["12?45", "AB**12", "12__34", "A…123", "12..45", "1234#5", "AB_123"])
def test_a_number_with_unreadable_places_is_partial(box: str) -> None:
    """What is not all there makes no token: it would name other weapons."""
    assert [mark.condition for mark in read_marks(box)] == [Condition.PARTIAL]


@pytest.mark.parametrize("box", ["1.23E+11", "1,23457E+15", "1E+11", "-2.5E+08", "1.5E11"])
def test_a_number_turned_into_a_float_is_damaged(box: str) -> None:
    """Digits lost by a spreadsheet are never guessed, and what is left makes no token."""
    assert [(mark.number, mark.condition) for mark in read_marks(box)] == [("", Condition.PARTIAL)]


@pytest.mark.parametrize("box", ["=1+1", "=HYPERLINK(1)", "@SUM(A1)", "+cmd|' /C calc'!A0", "-A1(2)", "=A1"])
def test_a_formula_gives_no_number(box: str) -> None:
    """A formula is kept as text, never evaluated, and nothing is read from it."""
    (mark,) = read_marks(box)

    assert (mark.number, mark.condition, mark.as_marked) == ("", Condition.NOT_RECORDED, box)


@pytest.mark.parametrize(
    ("box", "number"),
    [
        ('=CONCATENATE("0012","34")', "001234"),
        ('="00123"', "00123"),
        ("'00123", "00123"),
        ("123456.0", "123456"),
        ("0012345", "0012345"),
        ("-12345", "12345"),
        ("  AB12 ", "AB12"),
    ],
)
def test_wrappers_come_off_and_leading_zeros_stay(box: str, number: str) -> None:
    """What a spreadsheet put around a number is not part of it; what was marked is, zeros first of all."""
    assert [mark.number for mark in read_marks(box)] == [number]


def test_the_text_of_a_mark_is_kept_as_it_was() -> None:
    """`as_marked` is the officer's text to the letter, heading and wording included, where the box holds one number."""
    (mark,) = read_marks(" S/N: ab-12 34 (worn) ")

    assert mark == Mark(
        as_marked="S/N: ab-12 34 (worn)",
        number="ab-12 34",
        script="Latn",
        location=Location.OTHER,
        kind=Kind.MAKER,
        condition=Condition.WORN,
    )
    assert mark.to_json() == {
        "as_marked": "S/N: ab-12 34 (worn)",
        "script": "Latn",
        "location": "other",
        "kind": "maker",
        "condition": "worn",
    }


def test_more_numbers_than_a_record_holds_stay_together() -> None:
    """The ninth number makes no error and is not lost: it stays in the last mark, which makes no token."""
    box = "; ".join(f"AB123{number}" for number in range(12))
    marks = read_marks(box)

    assert len(marks) == MAX_MARKS
    assert [mark.number for mark in marks[:7]] == [f"AB123{number}" for number in range(7)]
    assert marks[7].as_marked == "; ".join(f"AB123{number}" for number in range(7, 12))
    assert (marks[7].number, marks[7].condition) == ("", Condition.PARTIAL)


@pytest.mark.parametrize(
    ("box", "condition"), [("7" * 300, "partial"), ("ЁЖ" * 150, "not_recorded"), ("worn " * 60, "worn")]
)
def test_a_box_longer_than_a_mark_is_cut_and_makes_no_token(box: str, condition: str) -> None:
    """A page of text in the box is no error: its beginning is kept, and no number is read from it."""
    (mark,) = read_marks(box)

    assert 190 < len(mark.as_marked.encode()) <= MAX_MARK_BYTES
    assert box.startswith(mark.as_marked.removesuffix("…"))
    assert (mark.number, mark.condition.value) == ("", condition)


def test_what_no_record_can_hold_is_shown_as_such() -> None:
    """A control character in a box is no error: its place is kept, and the number is read."""
    (mark,) = read_marks("AB\x0012\ud80034")

    assert mark.as_marked == "AB\ufffd12\ufffd34"
    assert dump(dict(mark.to_json()))


def test_a_mark_does_not_show_its_number() -> None:
    """A mark that slips into a log or a traceback tells no serial number."""
    (mark,) = read_marks("AB123456")

    assert "123456" not in repr(mark)
    assert repr(mark) == "Mark(other, maker, legible)"


@given(
    numbers=st.lists(NUMBERS, min_size=1, max_size=5), separator=st.sampled_from([";", "; ", "\n", " / ", ", ", " | "])
)
def test_what_was_joined_is_split_again(numbers: list[str], separator: str) -> None:
    """Numbers joined by any separator that officers use come back one by one, in their order."""
    assert [mark.number for mark in read_marks(separator.join(numbers))] == numbers


@given(first=NUMBERS, second=NUMBERS, place=st.sampled_from(["slide", "frame", "cano", "ствол", "السبطانة"]))
def test_headed_numbers_are_split_without_any_separator(first: str, second: str, place: str) -> None:
    """A heading alone divides two numbers."""
    assert [mark.number for mark in read_marks(f"frame {first} {place} {second}")] == [first, second]


@given(box=st.text(max_size=80))
def test_any_box_is_read_and_read_again(box: str) -> None:
    """No box is an error, and every logged `as_marked` can be read again."""
    for mark in read_marks(box):
        assert mark.as_marked
        assert read_marks(mark.as_marked)
        assert not (mark.condition is Condition.NOT_RECORDED and mark.number)


@given(number=NUMBERS)
def test_the_number_of_a_logged_mark_is_found_again(number: str) -> None:
    """Tokens are made anew from the log after a change of epoch: labels and headings come off as they did at first."""
    for as_marked, found in ((f"S/N: {number}", number), (f"frame {number} (worn)", number), ("obliterated", "")):
        assert [mark.number for mark in read_marks(as_marked)] == [found]
    assert read_marks("") == ()


def test_headings_that_hold_nothing_are_left_out() -> None:
    """A heading without a number is no mark of its own where another one has a number."""
    assert [one.text for one in headed("slide: frame: 12345")] == ["", "12345"]
    assert seen("slide: frame: 12345") == [("12345", "frame", "legible")]


@pytest.mark.parametrize(
    "box",
    [
        pytest.param("1/" * 16_000, id="numbers that are none"),
        pytest.param("12345/" * 5_000, id="numbers"),
        pytest.param("SN:" * 10_000 + "1", id="labels"),
        pytest.param("№ " * 10_000 + "1", id="signs"),
        pytest.param("12345 " + "on " * 10_000 + "slide", id="prepositions"),
        pytest.param("1" + " " * 30_000 + "1", id="blanks"),
        pytest.param("frame 12345 slide " * 1_800, id="headings"),
        pytest.param("obliterated " * 2_700 + "1", id="wordings"),
        pytest.param('="a"' + ' & "b"' * 5_000 + "x", id="a wrapper that is none"),
        pytest.param('="a"' + " " * 30_000 + "x", id="blanks behind a wrapper"),
        pytest.param("+" + "A" * 30_000, id="a formula that is none"),
    ],
)
def test_attack_a_serial_box_made_to_be_read_slowly(box: str) -> None:
    """As much as a cell holds is read in no time: some of these took hours, and one ended the program."""
    marks = read_marks(box)

    assert 1 <= len(marks) <= MAX_MARKS
    assert [mark.number for mark in marks] == [""]


def test_of_a_box_that_is_too_long_whole_numbers_are_read() -> None:
    """What stands before its bound counts as ever; the number that the bound would cut, and all behind, make no token."""
    numbers = [f"ABC{number:05}" for number in range(200)]
    marks = read_marks("; ".join(numbers))
    few = read_marks("; ".join([*numbers[:3], "x" * MAX_BOX_CHARACTERS]))

    assert [mark.number for mark in marks] == [*numbers[: MAX_MARKS - 1], ""]
    assert [mark.number for mark in few] == [*numbers[:3], ""]
    assert few[-1].condition is Condition.PARTIAL


def test_a_heading_behind_very_many_words_is_found() -> None:
    """However many words say where, none of them is read by a call within a call."""
    (found,) = headed("12345 " + "on " * 5_000 + "slide")

    assert (found.text, found.location) == ("12345", Location.SLIDE)

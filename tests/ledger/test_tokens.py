# ruff: noqa: RUF001 - letters of other scripts that look like ours are what this file is about
"""Tokens: the frozen pairs, the rules of every kind of item, and what must never become a token."""

import ast
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import oprf
from ledger import calibres, makes
from ledger.errors import MalformedError
from ledger.forms import Form
from ledger.itemfields import KINDS
from ledger.jsontext import JsonValue
from ledger.serials import read_marks
from ledger.tokens import NOTHING, Inputs, TokenClass, inputs_of, prf_input, token
from ledger.wordings import PHRASES

FILE = Path(__file__).parents[1] / "vectors" / "tokens.json"
NONE = "-"
KC = bytes(range(32))
GLOCK: Mapping[str, JsonValue] = {
    "item.kind": "small_arm",
    "item.make": "GLC",
    "item.calibre": "9 mm Luger",
    "item.type": "PI",
}


@cache
def frozen() -> Any:
    """Return the vector file."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def fields_of(kind: str, *parts: str) -> dict[str, JsonValue]:
    """Return the fields of one side of a pair, its serial box read as an import reads it."""
    first, second, third, fourth, *_ = *parts, "", "", "", ""
    named: dict[str, JsonValue]
    match kind:
        case "ammunition":
            stamp: dict[str, JsonValue] = {"maker": first, "calibre": second, "year": third}
            named = {"item.headstamp": {name: text for name, text in stamp.items() if text}, "item.lot": fourth}
        case "explosive":
            named = {"item.make_text": first, "item.lot": second}
        case "vehicle":
            named = {"item.serials": boxed(first)}
        case "design":
            named = {"item.method": "printed", "item.design_family": first}
        case "small_arm":
            named = {
                "item.make_text": first,
                "item.serials": boxed(second),
                "item.calibre": third,
                "item.type_text": fourth,
            }
        case _:
            named = {"item.make_text": first, "item.serials": boxed(second), "item.nsn": third}
    present = {name: value for name, value in named.items() if value}
    return {"item.kind": "small_arm" if kind == "design" else kind, **present}


def boxed(box: str) -> JsonValue:
    """Return `item.serials` of one box."""
    return [dict(mark.to_json()) for mark in read_marks(box)]


def inputs(fields: Mapping[str, JsonValue]) -> Inputs:
    """Return the inputs under the built-in tables."""
    return inputs_of(fields, makes=makes.BUILT_IN, calibres=calibres.BUILT_IN)


def marked(*serials: Mapping[str, JsonValue], **more: JsonValue) -> dict[str, JsonValue]:
    """Return a Glock with these serials."""
    return {**GLOCK, "item.serials": [{"condition": "legible", **one} for one in serials], **more}


@cache
def judged(part: str) -> list[tuple[str, str, Any]]:
    """Return (class expected, class found, pair) of each pair of a part of the file."""
    return [(pair[0], meeting(*pair[1:]), pair) for pair in frozen()[part]]


def meeting(one: Sequence[str], other: Sequence[str]) -> str:
    """Return the best class in which two sides of a pair meet."""
    sides = [{form for row in inputs(fields_of(*side)) for form in row if form is not None} for side in (one, other)]
    return min((form.token_class.value for form in sides[0] & sides[1]), default=NONE)


def forms(fields: Mapping[str, JsonValue]) -> list[tuple[str, str, str]]:
    """Return (class, group, form) of all inputs in slip order."""
    return [(one.token_class.value, one.group, one.form) for row in inputs(fields) for one in row if one is not None]


def test_there_are_as_many_pairs_as_promised() -> None:
    """At least 5,000 pairs, at least 500 of them judged by hand, in four ways of writing digits and letters."""
    pairs = frozen()["by_hand"] + frozen()["drawn"]
    text = FILE.read_text(encoding="utf-8")

    assert len(pairs) >= 5_000
    assert len(frozen()["by_hand"]) >= 500
    assert Counter(expected for expected, *_ in pairs).keys() == {"T0", "T1", "T2", "T3", NONE}
    assert all(sign in text for sign in "АЖ٣۴")


def test_the_pairs_were_made_without_what_they_judge() -> None:
    """The script imports nothing of ours, and the pairs judged by hand are those of the file that people wrote."""
    folder = FILE.parent
    script = (folder / "make_tokens.py").read_text(encoding="utf-8")
    nodes = [node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {
        name
        for node in nodes
        for name in ([one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or "."])
    }
    written = (folder / "token_pairs.txt").read_text(encoding="utf-8").splitlines()

    assert {name.partition(".")[0] for name in imported}.isdisjoint(
        {"", "ledger", "crypto", "clients", "server", "tests"}
    )
    assert [line.split("|")[0].strip() for line in written if line and not line.startswith("#")] == [
        expected for expected, *_ in frozen()["by_hand"]
    ]
    assert len({json.dumps(pair) for pair in frozen()["by_hand"]}) >= 500


@pytest.mark.parametrize("part", ["by_hand", "drawn"])
def test_every_pair_meets_in_its_class_or_not_at_all(part: str) -> None:
    """No pair is missed, none joined that must not be, and none in another class than the best it should have."""
    assert [(found, pair) for expected, found, pair in judged(part) if found != expected] == []


def test_misses_and_false_joins_are_within_the_numbers() -> None:
    """0 false misses and at most 0.1 % false joins over all pairs."""
    pairs = [(expected, found) for part in ("by_hand", "drawn") for expected, found, _ in judged(part)]
    apart = [found for expected, found in pairs if expected == NONE]

    assert [found for expected, found in pairs if expected != NONE and found == NONE] == []
    assert sum(found != NONE for found in apart) <= len(apart) * 0.001


@pytest.mark.parametrize("case", range(8))
def test_a_token_from_end_to_end(case: int) -> None:
    """Input and token are those that another implementation and another library made."""
    vector = frozen()["tokens"][case]
    form = Form(token_class=TokenClass(vector["class"]), group=vector["group"], form=vector["form"])

    assert prf_input(kc=bytes.fromhex(vector["kc"]), token_epoch=vector["ep"], form=form).hex() == vector["x"]
    assert token(bytes.fromhex(vector["y"])).hex() == vector["token"]


def test_the_whole_way_blind() -> None:
    """Blinded, evaluated, proved and finalised, two agencies come to one token for one weapon."""
    key = oprf.generate_key()
    one, other = forms_of_glock("ABE 573528"), forms_of_glock("АВЕ-573528")

    assert _tokens(key, one) == _tokens(key, other)
    assert _tokens(key, one) != _tokens(oprf.generate_key(), other)
    assert {len(one) for one in _tokens(key, one)} == {16}


def forms_of_glock(number: str) -> list[Form]:
    """Return the inputs of a Glock with this number."""
    return [form for form in inputs(marked({"as_marked": number}))[0] if form]


def _tokens(key: bytes, given: Sequence[Form]) -> list[bytes]:
    blinded = oprf.blind([prf_input(kc=KC, token_epoch=1, form=form) for form in given])
    evaluation = oprf.evaluate(key=key, elements=[one.element for one in blinded])
    return [
        token(output)
        for output in oprf.finalize(blinded=blinded, evaluation=evaluation, public_key=oprf.public_key(key))
    ]


def test_an_input_names_class_epoch_group_and_form() -> None:
    """Another class, epoch, group, form or key is another token: nothing meets across them."""
    base = Form(token_class=TokenClass.T0, group="GLC", form="12345")
    others = {
        prf_input(kc=KC, token_epoch=1, form=base),
        prf_input(kc=KC, token_epoch=2, form=base),
        prf_input(kc=bytes(32), token_epoch=1, form=base),
        prf_input(kc=KC, token_epoch=1, form=Form(token_class=TokenClass.T1, group="GLC", form="12345")),
        prf_input(kc=KC, token_epoch=1, form=Form(token_class=TokenClass.T0, group="GL", form="C12345")),
        prf_input(kc=KC, token_epoch=1, form=Form(token_class=TokenClass.T0, group="GLC1", form="2345")),
    }

    assert len(others) == 6


@pytest.mark.parametrize("kc", [b"", bytes(31), bytes(33)])
def test_a_matching_key_of_another_length_is_refused(kc: bytes) -> None:
    """HMAC takes any key; a cut one must not make tokens that nobody else makes."""
    with pytest.raises(MalformedError, match="32 bytes"):
        prf_input(kc=kc, token_epoch=1, form=Form(token_class=TokenClass.T0, group="GLC", form="12345"))


def test_marks_count_in_their_order() -> None:
    """Frame or receiver, slide, import, barrel, other: the first two that give something."""
    listed = [
        {"as_marked": "55555", "location": "other"},
        {"as_marked": "44444", "location": "barrel"},
        {"as_marked": "33333", "location": "frame", "kind": "import"},
        {"as_marked": "22222", "location": "slide"},
        {"as_marked": "11111", "location": "frame"},
    ]

    found = [[row[0].form if row[0] else "" for row in inputs(marked(*listed[:count]))] for count in range(1, 6)]

    assert found == [["55555", ""], ["44444", "55555"], ["33333", "44444"], ["22222", "33333"], ["11111", "22222"]]


def test_property_and_unit_numbers_come_last_wherever_they_stand() -> None:
    """An armoury's own number on the frame does not take the place of the maker's."""
    found = inputs(
        marked(
            {"as_marked": "99991", "location": "frame", "kind": "property"},
            {"as_marked": "99992", "location": "frame", "kind": "unit"},
            {"as_marked": "12345", "location": "barrel", "kind": "maker"},
        )
    )

    assert [row[0].form for row in found if row[0]] == ["12345", "99991"]


def test_a_mark_that_gives_nothing_takes_no_place() -> None:
    """An obliterated frame leaves both places to the numbers that can be read."""
    found = inputs(
        marked(
            {"as_marked": "filed off", "location": "frame", "condition": "obliterated"},
            {"as_marked": "12345", "location": "slide"},
            {"as_marked": "67890", "location": "barrel"},
        )
    )

    assert [row[0].form for row in found if row[0]] == ["12345", "67890"]


def test_a_number_marked_twice_takes_one_place() -> None:
    """Frame and slide with one number leave a place to the barrel's."""
    found = inputs(
        marked(
            {"as_marked": "12345", "location": "frame"},
            {"as_marked": "12 345", "location": "slide"},
            {"as_marked": "67890", "location": "barrel"},
        )
    )

    assert [row[0].form for row in found if row[0]] == ["12345", "67890"]


@pytest.mark.parametrize("said", ["partial", "obliterated", "never_marked", "not_recorded"])
def test_what_the_officer_calls_unreadable_makes_no_token(said: str) -> None:
    """The logged condition decides too, though the text alone looks like a number."""
    assert inputs(marked({"as_marked": "ABE573528", "condition": said})) == (NOTHING, NOTHING)


@pytest.mark.parametrize("said", ["legible", "worn", "altered", "restored"])
def test_what_was_read_makes_tokens(said: str) -> None:
    """A worn, altered or restored number that was read is looked for."""
    assert forms(marked({"as_marked": "ABE573528", "condition": said}))[0] == ("T0", "GLC", "ABE573528")


@pytest.mark.parametrize("text", ["obliterated", "ABE573???", "123 partial", "=1+1", "N/A", "1.23E+08"])
def test_what_the_text_says_decides_although_it_was_logged_as_legible(text: str) -> None:
    """A wording, half a number or a formula stays out whatever condition was logged beside it."""
    assert inputs(marked({"as_marked": text})) == (NOTHING, NOTHING)


def test_attack_every_wording_of_every_language_makes_no_token() -> None:
    """A wording that became a token would link every weapon without a number to every other."""
    phrases = [
        phrase.strip().replace("*", "")
        for language in PHRASES.values()
        for listed in language.values()
        for phrase in listed.split(";")
    ]

    assert len(phrases) > 800
    assert [phrase for phrase in phrases if inputs(marked({"as_marked": phrase})) != (NOTHING, NOTHING)] == []


def test_classes_and_groups_of_a_weapon() -> None:
    """T0 to T2 stand on the make group, T3 on calibre family and class of type."""
    assert forms(marked({"as_marked": "00 12A34567"})) == [
        ("T0", "GLC", "0012A34567"),
        ("T1", "GLC", "001234567"),
        ("T2", "GLC", "12A34567"),
        ("T3", "9MM/HANDGUN", "0012A34567"),
    ]


def test_a_lost_letter_makes_no_hit() -> None:
    """Two numbers that differ only in letters the table does not know may be compared by a person, no more."""
    assert [name for name, *_ in forms(marked({"as_marked": "ЛБ 12345"}))] == ["T1", "T2"]


@pytest.mark.parametrize("kind", ["light_weapon", "part_or_component", "small_arm"])
def test_weapons_and_their_parts_are_matched_alike(kind: str) -> None:
    """What one agency calls a part another calls the weapon: their tokens are the same."""
    assert inputs({**marked({"as_marked": "12345"}), "item.kind": kind}) == inputs(marked({"as_marked": "12345"}))


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"small_arm", "light_weapon", "part_or_component"}))
def test_other_kinds_use_t0_alone(kind: str) -> None:
    """Whatever is no weapon has one class: the same maker's number, or nothing."""
    full = marked(
        {"as_marked": "1HGCM82633A004352"},
        **{
            "item.kind": kind,
            "item.lot": "AB12345",
            "item.nsn": "5855-01-432-0524",
            "item.headstamp": {"maker": "CBC", "year": "19", "calibre": "9 mm"},
        },
    )

    assert {name for name, *_ in forms(full)} == {"T0"}


def test_a_stock_number_stands_beside_the_make() -> None:
    """A device is found by an agency that knows its make and by one that knows its stock number."""
    device = marked({"as_marked": "AB12345"}, **{"item.kind": "night_vision", "item.nsn": "5855-01-432-0524"})

    assert forms(device) == [("T0", "GLC", "AB12345"), ("T0", "5855-01-432-0524", "AB12345")]


def test_a_design_is_possible_and_never_a_hit() -> None:
    """Two printed pistols of one design meet in T3 alone; the number, where there is one, comes first."""
    printed = marked({"as_marked": "12345"}, **{"item.method": "printed", "item.design_family": "FGC-9"})
    found = inputs(printed)

    assert forms(printed)[-1] == ("T3", "design", "FGC9")
    assert [one is not None and one.group == "design" for one in found[1]] == [False, False, False, True]
    assert not any(one.group == "design" for one in found[0] if one)


def test_a_design_without_a_method_is_only_a_word() -> None:
    """The design counts where the weapon was privately made."""
    assert forms({**GLOCK, "item.design_family": "FGC-9"}) == []


def test_an_item_of_no_known_kind_makes_no_token() -> None:
    """A newer agency's kind is shown as text and never matched by rules that were made for another."""
    assert inputs({**marked({"as_marked": "12345"}), "item.kind": "hovercraft"}) == (NOTHING, NOTHING)
    assert inputs({}) == (NOTHING, NOTHING)


values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=12), inner), max_leaves=5)  # fmt: skip
names = st.sampled_from(
    [
        "item.make",
        "item.make_text",
        "item.serials",
        "item.lot",
        "item.headstamp",
        "item.nsn",
        "item.type",
        "item.method",
    ]
)


@settings(max_examples=40, deadline=None)
@given(kind=st.sampled_from(KINDS), fields=st.dictionaries(names, values))
def test_fields_of_any_form_never_raise(kind: str, fields: dict[str, JsonValue]) -> None:
    """A record that a newer program sealed makes fewer tokens, not an error."""
    assert len(inputs({**fields, "item.kind": kind})) == 2


@given(text=st.text(max_size=40))
def test_whatever_is_marked_no_token_is_made_of_less_than_four_characters(text: str) -> None:
    """Three characters are nobody's, in whatever alphabet."""
    assert all(len(form) >= 4 for _, _, form in forms(marked({"as_marked": text})))


def test_no_repr_shows_a_number() -> None:
    """Inputs in a log tell no serial number."""
    assert "573528" not in repr(inputs(marked({"as_marked": "ABE573528"})))

"""Every code that a record or a message may hold has words on the pages, so that translators find all of them."""

from collections.abc import Iterator

import pytest

from clients.desk import chain, talkwords, vocabulary
from clients.desk.fieldwords import FIELD_WORDS
from clients.desk.vocabulary import term
from ledger.custody import Custody
from ledger.decision import Reason
from ledger.expunges import Why
from ledger.itemfields import NCIC_TYPES
from ledger.labels import CAVEATS
from ledger.messages import Kind
from ledger.recordform import PORTIONS
from ledger.shapes import Group, Leaf, Many, Shape
from ledger.talk.answers import Ground, RefusalKind
from ledger.talk.clocks import Task
from ledger.talk.requests import Onward
from ledger.talk.state import Fault
from ledger.traces import Outcome
from ledger.vocabulary import FIELDS
from ledger.weapontypes import listed
from tests.support.desks import Desk

SYSTEMS = {"IBIN", "NIBIN"}  # names, the same in every language


def words_of(shape: Shape) -> Iterator[str]:
    """Yield the codes of a shape and the names of its members."""
    match shape:
        case Leaf():
            yield from shape.codes
        case Many():
            yield from words_of(shape.item)
        case Group():
            for name, inner in {**shape.required, **shape.optional}.items():
                yield name
                yield from words_of(inner)


def test_every_field_has_a_name() -> None:
    """The table has the fields of the ledger and the class of a record, and no other."""
    assert set(FIELD_WORDS) == {*FIELDS, "record_class"}


@pytest.mark.parametrize("name", FIELDS)
def test_every_code_of_a_field_has_words(name: str) -> None:
    """What a record may hold as a code, and the members of what it may hold, are in the table of codes."""
    codes = {code.replace("_", " ") for code in words_of(FIELDS[name])} - SYSTEMS

    assert codes - set(vocabulary.CODE_WORDS) == set()


def test_every_type_of_weapon_has_words() -> None:
    """The types that a list may name, and the kinds that NCIC has alone, are in the table of types."""
    types = {one.text for one, _words in listed()} | set(NCIC_TYPES.values())

    assert types - set(vocabulary.TYPE_WORDS) - set(vocabulary.CODE_WORDS) == set()


@pytest.mark.parametrize("enum", [Reason, RefusalKind, Ground, Onward, Why])
def test_every_reason_has_words(
    enum: type[Reason] | type[RefusalKind] | type[Ground] | type[Onward] | type[Why],
) -> None:
    """Why something is withheld or refused, to whom it may go on and why it was deleted is said in words."""
    assert {one.value for one in enum} - set(vocabulary.TERMS) == set()


def test_no_code_stands_for_two_things() -> None:
    """One word is looked up for a code, so no two tables may hold it."""
    tables = (
        vocabulary.CODE_WORDS,
        vocabulary.TYPE_WORDS,
        vocabulary.REASON_WORDS,
        vocabulary.REFUSAL_WORDS,
        vocabulary.ONWARD_WORDS,
        vocabulary.WHY_WORDS,
    )

    assert sum(map(len, tables)) == len(vocabulary.TERMS)


def test_every_word_of_a_conversation_and_a_trace_is_there() -> None:
    """Kinds of messages, what is owed, why a message counts for nothing, what custody and outcome a trace shows."""
    assert set(talkwords.KIND_WORDS) == {one.value for one in Kind}
    assert set(talkwords.TASK_WORDS) == set(Task)
    assert set(talkwords.FAULT_WORDS) == set(Fault)
    assert len(talkwords.OUTCOME_WORDS) == len(Outcome)
    assert set(chain.OUTCOME_WORDS) == set(Outcome)
    assert set(chain.CUSTODY_WORDS) == set(Custody)
    assert set(vocabulary.CAVEAT_WORDS) == set(CAVEATS)
    assert set(vocabulary.PORTION_WORDS) == set(PORTIONS)


def test_the_key_of_a_table_is_its_english_text(kept_desk: Desk) -> None:
    """In English a code's words are the code, so a slip in a table cannot make it another."""
    with kept_desk.app.test_request_context("/"):
        tables = (vocabulary.CODE_WORDS, vocabulary.TYPE_WORDS, vocabulary.REASON_WORDS, vocabulary.ALERT_WORDS)
        assert [(code, str(words)) for table in tables for code, words in table.items() if code != str(words)] == []
        assert {fault.value: str(talkwords.FAULT_WORDS[fault]) for fault in Fault} == {
            fault.value: fault.value for fault in Fault
        }


def test_an_unknown_code_is_shown_as_it_came(kept_desk: Desk) -> None:
    """A newer agency may send a code that this desk does not know."""
    with kept_desk.app.test_request_context("/"):
        assert term("rail_gun") == "rail gun"
        assert term("small_arm") == "small arm"

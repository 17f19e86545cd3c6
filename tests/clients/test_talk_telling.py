"""A thread in words: every kind of message, what counts, what is owed; and nothing that acts on a terminal."""

import json

import pytest

from clients.talk.answering import unasked
from clients.talk.releasing import Offer
from clients.talk.telling import duty_text, offer_lines, summary, talk_json, tell, terms_text
from clients.talk.threads import Talk
from ledger.expunges import Why
from ledger.labels import Level
from ledger.talk.answers import Acknowledgement, Ground, Question, Refusal, RefusalKind
from ledger.talk.bodies import Body
from ledger.talk.clocks import Duty, Task, duties
from ledger.talk.notices import Recall
from ledger.talk.state import Said
from tests.support.consortium import first_charter
from tests.support.talks import ASKER, BODIES, OWNER, RECORD, TERMS, Talking, epoch_release, hours, trace

CHARTER, _ = first_charter(3)
NOW = 40 * 3_600


def talk_of(talking: Talking) -> Talk:
    """Return a thread as a home knows it."""
    thread = talking.thread
    times = {one.index: one.index * 3_600 for one in talking.said}
    return Talk(id=bytes(16), thread=thread, damaged=(), duties=duties(thread, hours(1)), times=times)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_every_kind_is_told_within_80_columns(body: Body) -> None:
    """No message is without words, in text and as JSON."""
    talking = Talking()
    talking.say(ASKER, OWNER, body)
    told = tell(talk_of(talking), CHARTER, OWNER, now=NOW)

    assert max(map(len, told)) <= 80
    assert json.loads(json.dumps(talk_json(talk_of(talking), now=NOW)))["messages"][0]["from"] == ASKER
    assert summary(talk_of(talking), OWNER, now=NOW)


def test_no_key_and_no_ciphertext_is_shown() -> None:
    """A release is told by what it shows; the key stays in the replica."""
    talking = Talking()
    talking.say(OWNER, ASKER, epoch_release())

    assert "ek" not in json.dumps(talk_json(talk_of(talking), now=NOW)["messages"])
    assert "epoch 1" in "\n".join(tell(talk_of(talking), CHARTER, ASKER, now=NOW))


def test_what_counts_for_nothing_says_why() -> None:
    """Beside it, in words."""
    talking = Talking()
    request = talking.say(ASKER, OWNER, trace())
    for _ in range(2):
        talking.say(OWNER, ASKER, Refusal(kind=RefusalKind.REFUSE, ground=Ground.LAW), request)

    assert "the request was decided before" in "\n".join(tell(talk_of(talking), CHARTER, ASKER, now=NOW))


def test_the_next_steps_and_the_states_are_told() -> None:
    """An open request offers its answers; a recalled release says what cannot be undone."""
    talking = Talking()
    request = talking.say(ASKER, OWNER, trace())
    told = "\n".join(tell(talk_of(talking), CHARTER, OWNER, now=NOW))
    assert "acknowledgement" in told
    assert "not confirmed" in told
    release = talking.say(OWNER, ASKER, epoch_release(), request)
    talking.say(OWNER, ASKER, Recall(why=Why.ERROR), release)

    assert "cannot be taken back" in " ".join("\n".join(tell(talk_of(talking), CHARTER, ASKER, now=NOW)).split())


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (None, "no time yet"),
        (NOW - 1, "overdue by less than a minute"),
        (NOW - 7_200, "overdue by 2 hours"),
        (NOW + 86_400, "1 day left"),
        (NOW + 120, "2 minutes left"),
    ],
)
def test_a_clock_is_told_in_words(due: int | None, words: str) -> None:
    """Time left or overdue, the same on both sides."""
    duty = Duty(task=Task.DECIDE, who=OWNER, to=ASKER, about=RECORD, due=due)

    assert duty_text(duty, now=NOW).endswith(words)


def test_attack_words_that_act_on_a_terminal() -> None:
    """Direction marks and the like are spelled out."""
    talking = Talking()
    request = talking.say(ASKER, OWNER, trace())
    talking.say(OWNER, ASKER, Question(asks="evil\u202etxt"), request)
    talking.say(OWNER, ASKER, Acknowledgement(note="a\u2066b"), request)

    told = "\n".join(tell(talk_of(talking), CHARTER, ASKER, now=NOW))

    assert "<U+202E>" in told
    assert not {"\u202e", "\u2066"} & set(told)


def test_a_release_says_first_what_cannot_be_undone() -> None:
    """How many records, under which terms, the reader's law, and that it is for ever."""
    reader = CHARTER.agencies[1].id
    offer = Offer(address=unasked(reader), release=epoch_release(), labels=(), records=1_234)
    told = " ".join(" ".join(offer_lines(offer, CHARTER, None)).split())

    assert "opens 1,234 records" in told
    assert "COURT: Courts may order disclosure." in told
    assert "cannot be taken back, and can be proved to be your words to anyone" in told
    assert terms_text(TERMS) == "RESTRICTED · for TRACE · ORCON"
    assert Level.SECRET.value not in told


def test_said_knows_its_sides() -> None:
    """The two agencies of a message."""
    said = Said(index=1, name=RECORD, to=ASKER, re=None, body=trace())

    assert said.sides == {ASKER, OWNER}

"""The desk's worker asks what an officer decided to ask: a part at a time, what was told kept after each."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from clients.cli.exits import next_step
from clients.desk.inquiries import FURTHER, Inquiries, Inquiry, Kind
from clients.desk.parts import Parts
from clients.errors import ClientError
from clients.lists.values import Tables
from clients.matching.asking import Asker, Told, spelled
from clients.matching.keys import standing_of
from clients.matching.weapons import listed_weapons
from clients.session import Session
from crypto.errors import CryptoError
from ledger.errors import LedgerError
from ledger.identifiers import statement_name
from ledger.jsontext import JsonValue
from ledger.questions import BEFORE_ALL, Asking

PART = 20


def begin(made: Parts) -> None:
    """Say of whatever an earlier run of the program had in hand that it was cut off: asking it again would charge it again."""
    Inquiries(made.engine, clock=made.clock).interrupt()


def soon(made: Parts, number: int) -> None:
    """Let the worker ask an inquiry that was decided."""
    made.working.soon(partial(run, made, number), name=f"inquiry {number}")


def run(made: Parts, number: int) -> None:
    """Ask an inquiry that waits; whatever ends it early is kept with it, and raised."""
    inquiries = Inquiries(made.engine, clock=made.clock)
    one = inquiries.begin(number)
    if one is None:
        return
    try:
        with made.office.session() as session:
            for told, left in _answers(session, one, made.office.tables):
                inquiries.tell(number, told, left=left)
                if made.working.is_ending and len(told) < len(one.asked):
                    inquiries.interrupt(number)
                    return
        inquiries.finish(number)
    except (ClientError, LedgerError, CryptoError) as error:
        inquiries.fail(number, what=str(error), fix=next_step(error))
        raise
    except Exception as error:
        # What a defect says may hold content.
        inquiries.fail(number, what=type(error).__name__, fix="")
        raise


def _answers(session: Session, one: Inquiry, tables: Tables) -> Iterator[tuple[list[Mapping[str, JsonValue]], int]]:
    """Yield all that was told after each part, and what is left of the day's limit; ask nothing if that is too little."""
    asker = Asker(standing_of(session), purpose=one.why)
    asking = asking_of(one.kind, watch=one.watch)
    if one.further is not None:
        yield _further(asker, one, one.further, tables), asker.quota(asking).left
        return
    require_enough(one.questions, asker.quota(asking).left)
    told: list[Mapping[str, JsonValue]] = []
    for at in range(0, len(one.asked), PART):
        told += map(told_json, _ask(asker, one, one.asked[at : at + PART], tables))
        yield told, asker.quota(asking).left


def _further(asker: Asker, one: Inquiry, at: int, tables: Tables) -> list[Mapping[str, JsonValue]]:
    """Return all that was told, one of it with the matches that follow those it had."""
    before = one.told[at]
    after = before["found"][-1]["index"]
    (more,) = map(told_json, _ask(asker, one, one.asked[at : at + 1], tables, after=after))
    grown = {**before, "found": [*before["found"], *more["found"]], "more": more["more"], FURTHER: False}
    return [*one.told[:at], grown, *one.told[at + 1 :]]


def _ask(
    asker: Asker, one: Inquiry, part: Sequence[JsonValue], tables: Tables, *, after: int = BEFORE_ALL
) -> Sequence[Told]:
    if one.kind is Kind.OWN:
        return asker.ask_own([(str(name), statement_name(str(name)).jti) for name in part], after=after)
    items = [item for item in part if isinstance(item, dict)]
    return asker.ask(listed_weapons(items, tables), watch=one.watch, after=after)


def require_enough(questions: int, left: int) -> None:
    """Raise ClientError where the day's limit does not allow all of it."""
    if questions > left:
        raise ClientError(
            f"{questions:,} questions are more than the {left:,} that are left today",
            next_step="ask about fewer, or tomorrow: nothing was asked",
        )


def asking_of(kind: Kind, *, watch: bool) -> Asking:
    """Return how a question of an inquiry is charged."""
    return Asking.OWN if kind is Kind.OWN else Asking.WATCH if watch else Asking.LOOKUP


def told_json(told: Told) -> dict[str, Any]:
    """Return what came of a question as it is kept."""
    return {
        "what": told.what,
        "question": spelled(told.q) if told.q else "",
        "found": [
            {"record": str(one.name), "index": one.index, "class": one.c, "certainty": one.certainty.value}
            for one in told.found
        ],
        "more": told.more,
        "note": told.note,
    }

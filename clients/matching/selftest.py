"""The alarm self-test: does the service still match this agency's records, by means it cannot tell from ordinary ones.

Two records of an invented weapon are logged like any others and one is asked about by `own`, which is the only question
that shows an agency its own records. The answer has to name the other one. Afterwards both slips are off
(docs/commands.md). The service sees one batch of two records, one question and one slips statement, as on any day; if it
left out a hit it would have to know for whom it may.
"""

import secrets
from dataclasses import dataclass

from clients.discarding import not_shown_yet
from clients.epochs import sealing_keys
from clients.errors import TrustError
from clients.matching.asking import Asker
from clients.matching.renewing import Renewer
from clients.session import Session
from clients.submitting import send_records
from clients.syncing import Sync
from ledger.identifiers import StatementName
from ledger.jsontext import JsonValue
from ledger.plan import Plan, Planner
from ledger.profiles import Profile
from ledger.slips import Hit

# Sixteen random digits under a stock number that NATO gives to nothing: no weapon is ever met by it.
_NUMBER_BYTES = 8
_EVENTS = ("recovery", "loss", "theft", "sale", "export", "observation")
PURPOSE = "alarm self-test"
_TRIES = 30
_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """The two planted records, which are off by now, and the question that found the second by the first."""

    planted: tuple[StatementName, ...]
    q: bytes


def self_test(session: Session, profile: Profile) -> Tested:
    """Plant, ask, and put the planted records out of the way; raise TrustError if the planted one was not found."""
    standing = session.stand()
    plan = _plan(Planner(profile, standing.authority.members()))
    planted = send_records(standing, sealing_keys(standing, profile), [plan, plan])
    _await_shown(session, planted.index)
    sync = Sync(session, progress=lambda _done, _total: None)
    sync.by_feed()
    standing = session.stand()
    try:
        (told,) = Asker(standing, purpose=PURPOSE).ask_own([(PURPOSE, planted.names[0].jti)])
    finally:
        Renewer(session.stand(), profile, to=Hit.OFF).renew([planted.index])
    if planted.names[1] not in {one.name for one in told.found}:
        raise TrustError(
            "the service did not find a record that was planted for this test",
            next_step="do not rely on its answers: tell the other members, and keep the folder of this home",
        )
    return Tested(planted=planted.names, q=told.q)


def _await_shown(session: Session, index: int) -> None:
    """Wait until the log shows what was planted; raise StaleError if it does not: no question would be about it before."""
    for _ in range(_TRIES):
        if session.refresh().checkpoint.size > index:
            return
        session.world.sleep(_SECONDS)
    raise not_shown_yet()


def _plan(planner: Planner) -> Plan:
    """Return the plan of an invented weapon, of the first kind of event that the profile answers openly."""
    number = "".join(secrets.choice("0123456789") for _ in range(_NUMBER_BYTES * 2))
    for event in _EVENTS:
        fields: dict[str, JsonValue] = {
            "item.kind": "other",
            "item.nsn": "9999-99-999-9999",
            "item.serials": [{"as_marked": f"T{number}", "condition": "legible"}],
            "item.description": "Alarm self-test: there is no such item.",
            "event.kind": event,
        }
        plan = planner.plan(event_kind=event, fields=fields)
        if plan.hit is Hit.OPEN:
            return plan
    raise TrustError(
        "the profile answers no kind of event openly, so there is nothing that a question could find",
        next_step="give a class the hit policy open in profile.toml",
    )

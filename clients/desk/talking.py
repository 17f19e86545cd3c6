"""Conversations at the desk: who may read which words, under which marking, and what still waits to go out.

A message carries no label. Its words are read as RESTRICTED, and those of a trace request about a record that is here as
what is highest of that record's item and event: so says one rule, and the one decision function weighs it (docs/adr/0072).
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from clients.desk.office import Office
from clients.desk.people.person import SignedIn
from clients.errors import NotPermittedError
from clients.outbox import Outbox
from clients.outboxrows import Letter
from clients.replica import Replica
from clients.talk.releasing import Offer
from clients.talk.threads import Talk
from clients.views import Viewer
from ledger.decision import Permit, UnderLabel, UnderRelease, permit
from ledger.identifiers import StatementName
from ledger.labels import Compartment, Label, Level, Purpose, Terms, label_from_json, readers
from ledger.markings import Marking, join, marking
from ledger.talk.requests import TraceRequest
from ledger.talk.state import Said

# Requests carry case words, agencies and weapons; RESTRICTED is the lowest level at which any of that is sealed by default.
WORDS_LEVEL = Level.RESTRICTED
_TOLD = ("item", "event")


@contextmanager
def outbox_of(office: Office) -> Iterator[Outbox]:
    """Give the outbox, offline and beside other programs, and close it."""
    with closing(Outbox(office.home.outbox, key=office.database_key)) as found:
        yield found


def waiting_letters(office: Office) -> tuple[Letter, ...]:
    """Return what was written and is not in the replica yet."""
    with outbox_of(office) as outbox:
        return outbox.unfiled()


def viewer_of(office: Office, signed_in: SignedIn) -> Viewer:
    """Return whoever is signed in, as the one decision function weighs them."""
    return office.viewer(signed_in.person, signed_in.purpose)


def terms_of(said: Said, replica: Replica) -> Terms:
    """Return the terms under which the words of a message are read at this desk."""
    labels = _told_labels(said.re, replica) if isinstance(said.body, TraceRequest) and said.re is not None else ()
    return Terms(
        level=max((WORDS_LEVEL, *(one.level for one in labels))),
        comp=frozenset[Compartment]().union(*(one.comp for one in labels)),
        purp=frozenset(Purpose),
        cav=(),
    )


def is_read(terms: Terms, viewer: Viewer) -> bool:
    """Say whether a person may read words under these terms: whatever was said to the agency, or by it, is the agency's."""
    me = viewer.reader.agency
    carried = UnderRelease(terms=terms, originator=me, to=frozenset({me}), bound=None, expires=None, recalled=False)
    answer = permit(viewer.reader, carried, purpose=viewer.purpose, charter_ceiling=None, today=viewer.today)
    return isinstance(answer, Permit)


def marking_of(shown: Sequence[Terms], talk: Talk) -> Marking | None:
    """Return the marking of a page that shows words under these terms; None where it shows none."""
    if not shown:
        return None
    return Marking(
        originators=talk.others,
        readers=talk.others,
        level=max(one.level for one in shown),
        comp=frozenset[Compartment]().union(*(one.comp for one in shown)),
        purp=frozenset(Purpose),
        cav=frozenset(),
        review_by=None,
        expires=None,
    )


def require_sight(offer: Offer, viewer: Viewer) -> None:
    """Raise NotPermittedError unless a person may read all that a release would show: nobody releases unseen."""
    me = viewer.reader.agency
    for label in offer.labels:
        carried = UnderLabel(
            label=label,
            originator=me,
            readers=readers(label, originator=me, members=viewer.members),
            bound=None,
        )
        answer = permit(
            viewer.reader,
            carried,
            purpose=viewer.purpose,
            charter_ceiling=viewer.members.ceilings.get(me),
            today=viewer.today,
        )
        if not isinstance(answer, Permit):
            raise NotPermittedError(
                f"you may not read all that this would release: {answer.reason.value}",
                next_step="leave it to an officer who may, or work for another purpose",
            )


def offers_marking(offers: Sequence[Offer], office: Office) -> Marking | None:
    """Return the marking of a page that says what releases would show: the names of fields are as secret as they are."""
    members = office.members()
    found = [marking(label, originator=office.me, members=members) for one in offers for label in one.labels]
    return join(found[0], *found[1:]) if found else None


def _told_labels(name: StatementName, replica: Replica) -> Sequence[Label]:
    """Return the labels of what a trace request takes over from a record, as far as this agency holds them."""
    record = replica.find(name)
    if record is None:
        return ()
    stored = [record.portions[portion].label for portion in _TOLD if portion in record.portions]
    stored += [one.label for one in record.released if one.portion in _TOLD and one.label is not None]
    return [label_from_json(one) for one in stored]

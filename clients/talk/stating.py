"""From what a person says on the command line to releases that are ready to be shown and confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clients.entries import Entries
from clients.errors import ListError
from clients.logged import LoggedBatches
from clients.session import Standing
from clients.talk.answering import Asked, asked, unasked
from clients.talk.history import Where, offer_epochs, parse_where
from clients.talk.releasing import Address, Choice, Offer, offer_records
from ledger.identifiers import statement_name
from ledger.jsontext import JsonValue
from ledger.labels import Terms, terms_from_json
from ledger.officers import PlannedRelease


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be released: a request's or a record's name, to whom, and how much of it."""

    name: str | None = None
    to: str | None = None
    portions: Sequence[str] | None = None
    fields: Sequence[str] | None = None
    where: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidTerms:
    """The terms of the release that were said; what was not is as the labels have it."""

    level: str | None = None
    purp: Sequence[str] | None = None
    comp: Sequence[str] | None = None
    cav: Sequence[str] | None = None

    def over(self, own: Terms) -> Terms:
        """Return the labels' terms with what was said in their place."""
        spelled = own.to_json()
        said: dict[str, JsonValue] = {} if self.level is None else {"level": self.level}
        said |= {
            name: [*sorted(set(values))]
            for name, values in (("purp", self.purp), ("comp", self.comp), ("cav", self.cav))
            if values is not None
        }
        return terms_from_json({name: said.get(name, value) for name, value in spelled.items()})


def offers_of(standing: Standing, wanted: Wanted, said: SaidTerms) -> tuple[Asked | None, tuple[Offer, ...]]:
    """Return the request that is answered, if one is, and the releases; raise ListError where it is not said what."""
    found = None if wanted.name is None else asked(standing.session, statement_name(wanted.name))
    offers = _offers(standing, wanted, found)
    terms = [said.over(one.release.terms) for one in offers]
    return found, tuple(
        replace(one, release=replace(one.release, terms=stated)) for one, stated in zip(offers, terms, strict=True)
    )


def epochs_of(standing: Standing, planned: PlannedRelease) -> tuple[Offer, ...]:
    """Return the releases of closed epochs that a proposal names, as they would be made now."""
    if not planned.epochs:
        return ()
    address = Address(to=planned.to, thread=planned.thread, re=planned.re)
    where = Where(ekids=frozenset(planned.epochs))
    return offer_epochs(standing.session, address, _batches(standing), where, planned.terms)


def _offers(standing: Standing, wanted: Wanted, found: Asked | None) -> tuple[Offer, ...]:
    session, portions, fields = standing.session, tuple(wanted.portions or ()), tuple(wanted.fields or ())
    if found is not None and found.wants_history:
        return offer_epochs(session, found.address, _batches(standing), parse_where(wanted.where or ()), None)
    if found is not None:
        return (offer_records(session, found.address, [found.choice(portions, fields)], None),)
    if wanted.to is not None and wanted.name is None and wanted.where is not None:
        return offer_epochs(session, unasked(wanted.to), _batches(standing), parse_where(wanted.where), None)
    if wanted.to is not None and wanted.name is not None and (portions or fields):
        choice = Choice(name=statement_name(wanted.name), portions=portions, fields=fields)
        return (offer_records(session, unasked(wanted.to), [choice], None),)
    raise ListError(
        "it is not said what to release to whom",
        next_step="name a request, or a record with --to and --portion or --field, or --to with --where",
    )


def _batches(standing: Standing) -> LoggedBatches:
    entries = Entries(standing.view, standing.session.service)
    return LoggedBatches(standing.session, standing.view, standing.authority, entries)

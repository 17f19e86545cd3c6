"""Make releases out of this agency's own records, and say first what each will open (docs/protocol.md, 5 and 6.18)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from clients.errors import ListError, NotPermittedError
from clients.opening import agency_reader
from clients.replica import StoredPortion, StoredRecord
from clients.session import Session, load_profile
from crypto.portionkeys import PortionKeys
from ledger import decision
from ledger.decision import require_permit
from ledger.disclosures import parse_disclosures
from ledger.errors import NotFoundError, ProofError
from ledger.identifiers import StatementName
from ledger.labels import Label, Members, Terms, label_from_json
from ledger.officers import ApprovalError, PlannedRelease, body_hash
from ledger.opening import which_key
from ledger.recordform import PORTIONS, parse_record
from ledger.talk.releases import Release, ReleasedEpoch, ReleasedFields, ReleasedPortion, under_release, why_two
from ledger.wire.schemas import BlobName


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is to be released of one own record."""

    name: StatementName
    portions: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """To whom, in which thread, in answer to what."""

    to: str
    thread: bytes
    re: StatementName | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A release that is ready, and what has to be said about it before anybody confirms it.

    `corrected` names the records that stand today in the place of those it shows: what these say was corrected since.
    """

    address: Address
    release: Release = field(repr=False)
    labels: tuple[Label, ...]
    records: int
    corrected: tuple[StatementName, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why two officers must agree to it; nothing where one may."""
        return why_two(self.release.terms, self.labels)

    def plan(self) -> PlannedRelease:
        """Return what officers sign: every part by name, and the hash of all of it."""
        release = self.release
        return PlannedRelease(
            to=self.address.to,
            thread=self.address.thread,
            re=self.address.re,
            terms=release.terms,
            portions=tuple((one.of, one.portion) for one in release.portions),
            fields=tuple((one.of, one.names) for one in release.disclosures),
            epochs=tuple(one.ekid for one in release.epochs),
            h=body_hash(release.to_json()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A portion of an own record, with its key."""

    record: StoredRecord
    stored: StoredPortion
    keys: PortionKeys = field(repr=False)

    @property
    def label(self) -> Label:
        return label_from_json(self.stored.label)

    @property
    def names(self) -> Sequence[str]:
        return [one.name for one in parse_disclosures(self.stored.disclosures)]


def offer_records(session: Session, address: Address, choices: Sequence[Choice], terms: Terms | None) -> Offer:
    """Return the release of portions and fields of own records; `terms` are the labels' own where None."""
    whole: list[_Part] = []
    single: list[tuple[_Part, tuple[str, ...]]] = []
    for choice in choices:
        parts = _parts(session, choice.name)
        whole += [_part(parts, portion) for portion in choice.portions]
        single += _holding(parts, choice.fields)
    labels = tuple(part.label for part in (*whole, *(part for part, _ in single)))
    release = Release(
        terms=terms or join_terms(labels),
        expires=min((label.expires for label in labels if label.expires), default=None),
        portions=_released_portions(session, whole),
        disclosures=_released_fields(single),
    )
    names = sorted({choice.name for choice in choices})
    standing = tuple(name for one in names if (name := _standing(session, one)) != one)
    return Offer(address=address, release=release, labels=labels, records=len(names), corrected=standing)


def rebuild(session: Session, planned: PlannedRelease, epochs: Sequence[Offer]) -> Offer:
    """Return the very release that officers agreed on; raise ApprovalError if it would be another one by now.

    `epochs` are the offers of closed epochs as they stand now, for a plan that names some.
    """
    me = session.config.id
    address = Address(to=planned.to, thread=planned.thread, re=planned.re)
    names = sorted({of for of, _ in planned.portions} | {of for of, _ in planned.fields})
    choices = [
        Choice(
            name=StatementName(me, of),
            portions=tuple(portion for jti, portion in planned.portions if jti == of),
            fields=tuple(name for jti, shown in planned.fields if jti == of for name in shown),
        )
        for of in names
    ]
    if planned.epochs:
        offer = next((one for one in epochs if one.plan().epochs == planned.epochs), None)
    else:
        offer = offer_records(session, address, choices, planned.terms)
    if offer is None or offer.plan() != planned:
        raise ApprovalError("what would be released is not what the officers agreed on: propose it again")
    return offer


def check_may(session: Session, offer: Offer, members: Members, *, today: date) -> None:
    """Raise NotPermittedError unless charter and profile let the reader have it: the decision that the reader takes, too."""
    to, terms = offer.address.to, offer.release.terms
    profile = load_profile(session.home, session.trust.charters()[-1])
    weighed = under_release(
        terms, originator=session.config.id, to=to, expires=(offer.release.expires,), recalled=False
    )
    weighed = decision.UnderRelease(
        terms=weighed.terms,
        originator=weighed.originator,
        to=weighed.to,
        bound=profile.ceiling(to),
        expires=weighed.expires,
        recalled=False,
    )
    try:
        require_permit(
            agency_reader(to),
            weighed,
            purpose=next(iter(terms.purp)),
            charter_ceiling=members.ceilings.get(to),
            today=today,
        )
    except decision.NotPermittedError as error:
        raise NotPermittedError(
            f"{to} may not be shown this as {terms.level.value}: {error}",
            next_step="see the ceilings of the charter and of `sealtrace profile show`, or release it as --level lower",
        ) from error


def join_terms(labels: Iterable[Label]) -> Terms:
    """Return terms as strict as each label's: what a release says when nobody says otherwise."""
    found = [label.terms for label in labels]
    if not found:
        raise ListError("nothing was chosen to be released", next_step="say --portion, --field or --where")
    purposes = frozenset.intersection(*(one.purp for one in found))
    if not purposes:
        raise ListError("these labels have no purpose in common", next_step="release them one by one")
    return Terms(
        level=max(one.level for one in found),
        comp=frozenset().union(*(one.comp for one in found)),
        purp=purposes,
        cav=tuple(sorted({caveat for one in found for caveat in one.cav})),
    )


def epoch_release(epochs: Sequence[ReleasedEpoch], labels: Sequence[Label], terms: Terms | None) -> Release:
    """Return the release of closed epochs."""
    return Release(
        terms=terms or join_terms(labels),
        expires=min((label.expires for label in labels if label.expires), default=None),
        epochs=tuple(sorted(epochs, key=lambda one: (one.ep, one.ekid))),
    )


def _parts(session: Session, name: StatementName) -> Mapping[str, _Part]:
    if name.iss != session.config.id:
        raise NotPermittedError("only its originator releases a record", next_step=f"ask {name.iss}")
    record = session.replica.find(name)
    if record is None:
        raise NotFoundError("no own record of that name is in the replica: run `sealtrace sync`")
    parsed = parse_record(record.entry)
    held = session.keyring.epoch_keys()
    keys = [held[grant.ek] for grant in session.replica.grants(name.iss, record.ep) if grant.ek in held]
    found = {portion: which_key(name, portion, parsed.portions[portion].kc, keys) for portion in PORTIONS}
    return {
        portion: _Part(record=record, stored=record.portions[portion], keys=key)
        for portion, key in found.items()
        if key is not None and portion in record.portions
    }


def _standing(session: Session, name: StatementName) -> StatementName:
    """Return the record that stands in the place of an own one: its last correction, or itself."""
    found = session.replica.find(name)
    while found is not None and found.superseded_by is not None:
        name = StatementName(name.iss, found.superseded_by)
        found = session.replica.find(name)
    return name


def _part(parts: Mapping[str, _Part], portion: str) -> _Part:
    try:
        return parts[portion]
    except KeyError as error:
        raise ProofError(f"{portion}: this home has lost the key of its own record") from error


def _holding(parts: Mapping[str, _Part], names: Sequence[str]) -> Iterator[tuple[_Part, tuple[str, ...]]]:
    """Yield the portions that hold the fields, each with the fields' disclosures; a field may have been moved."""
    found = {name: part for part in parts.values() for name in part.names[1:]}
    missing = [name for name in names if name not in found]
    if missing:
        raise NotFoundError(f"{missing[0]}: the record has no such field")
    for portion in parts.values():
        texts = zip(portion.names, portion.stored.disclosures, strict=True)
        chosen = tuple(text for name, text in texts if name in names and found[name] is portion)
        if chosen:
            yield portion, chosen


def _released_portions(session: Session, parts: Sequence[_Part]) -> tuple[ReleasedPortion, ...]:
    names = [
        BlobName(iss=part.record.name.iss, jti=part.record.name.jti, place=part.stored.portion, tag=part.keys.fetch_tag)
        for part in parts
    ]
    blobs = session.service.blobs(names) if names else ()
    if not all(blobs):
        raise ProofError("a ciphertext is no longer kept: it cannot be released")
    found = [
        ReleasedPortion(of=part.record.name.jti, portion=part.stored.portion, kr=part.keys.record_key, ct=blob)
        for part, blob in zip(parts, blobs, strict=True)
    ]
    return tuple(sorted(found, key=lambda one: (one.of, PORTIONS.index(one.portion))))


def _released_fields(single: Sequence[tuple[_Part, tuple[str, ...]]]) -> tuple[ReleasedFields, ...]:
    by_record: dict[bytes, list[str]] = {}
    for part, texts in single:
        by_record.setdefault(part.record.name.jti, []).extend(texts)
    return tuple(
        ReleasedFields(
            of=of, shown=tuple(one.text for one in sorted(parse_disclosures(texts), key=lambda one: one.name))
        )
        for of, texts in sorted(by_record.items())
    )

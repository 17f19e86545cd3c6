"""Send what is to be said: sealed at the full minute, in the agency's own batches (docs/protocol.md, 6.19 and 7).

A letter is in the outbox before anything is sent, and stays there until it stands in the log. The log shows everybody when
a message was sent, so what is written at odd seconds leaves together at the full minute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clients.chain import Logged, make_batch, send_waiting
from clients.discarding import settle
from clients.errors import ListError, NotPermittedError, TrustError
from clients.outboxrows import Letter, Posted
from clients.session import Session, Standing, World
from ledger import jsontext
from ledger.batches import MAX_STATEMENTS
from ledger.errors import LedgerError, MalformedError, NotAMemberError, StaleEpochError
from ledger.identifiers import StatementName
from ledger.kinds import Role
from ledger.merkle import leaf_hash
from ledger.messages import Inner, Kind, seal_message
from ledger.statements import SealedStatement
from ledger.talk.bodies import Body, kind_of, parse_body
from ledger.talk.parts import MAX_BODY_BYTES, Arrived, cut
from ledger.talk.reading import BODY_LEVELS

TICK_SECONDS = 60
MAX_ATTEMPTS = 3
# A key or a charter changed between sealing and logging: what the log proves not to hold is sealed again. That a recipient
# was removed comes from the service as that something is not permitted.
_CHANGED = (StaleEpochError, MalformedError, NotAMemberError, NotPermittedError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a sending did: its batches, how many letters they hold, and to whom a letter could not be sent any more."""

    batches: tuple[Logged, ...] = ()
    letters: int = 0
    undeliverable: tuple[str, ...] = ()


def letter(body: Body, *, to: str, thread: bytes, re: StatementName | None, approval: bytes | None = None) -> Letter:
    """Return a message as it waits in the outbox; raise ListError for words that nobody could read out of it again."""
    value = body.to_json()
    try:
        parse_body(kind_of(body), value)
    except LedgerError as error:
        raise ListError(f"this cannot be said so: {error}", next_step="see the command's --help") from error
    inner = Inner(kind=kind_of(body), to=to, thread=thread, re=re, part=1, parts=1, body=value)
    cut(inner)
    spelled = jsontext.dump(value, levels=BODY_LEVELS)
    return Letter(to=to, kind=kind_of(body).value, thread=thread, re=re, body=spelled, approval=approval)


def write(session: Session, letters: Sequence[Letter], *, act: bytes | None = None) -> None:
    """Put letters into the outbox, as what the `act` did; raise NotPermittedError for one to whoever is no other member."""
    charter = session.trust.charters()[-1]
    others = {agency.id for agency in charter.agencies} - {session.config.id}
    for one in letters:
        if one.to not in others:
            raise NotPermittedError(
                f"{one.to} is no other agency of the charter in force", next_step="see `sealtrace charter show`"
            )
    session.outbox.write_letters(letters, act=act)


def send_letters(session: Session, *, at_once: bool = False) -> Sent:
    """Send every letter that waits, at the full minute, until it is proved to be logged; file those that are.

    `at_once` is for whoever calls at the full minute: what is written until the next one waits for that.
    """
    resumed = _resume(session)
    batches = [] if resumed is None else [resumed]
    if session.outbox.letters() and not at_once:
        wait_for_tick(session.world)
    count, gone, attempts = 0, set[str](), 0
    while letters := session.outbox.letters():
        standing = session.stand()
        gone |= _drop_undeliverable(standing, letters)
        chosen = _chosen(standing, session.outbox.letters())
        if not chosen:
            break
        try:
            batches.append(_send(standing, chosen))
            count += len(chosen)
        except _CHANGED:
            attempts += 1
            if attempts >= MAX_ATTEMPTS:
                raise
            _take_back(session)
    file_sent(session)
    if batches:
        _prove_kept(session, batches)
    return Sent(batches=tuple(batches), letters=count, undeliverable=tuple(sorted(gone)))


def _resume(session: Session) -> Logged | None:
    """Send what an earlier sending left, if anything; letters that nobody will log any more are free to be sealed again."""
    if not session.outbox.letters_wait():
        return send_waiting(session)
    try:
        return send_waiting(session)
    except _CHANGED:
        _take_back(session)
        return None


def _prove_kept(session: Session, batches: Sequence[Logged]) -> None:
    """Look at the published log once more: what it shows by now holds every batch where its receipt promised."""
    view = session.refresh()
    for batch in batches:
        shown = batch.index < view.checkpoint.size
        if shown and view.tree.leaf_hashes(batch.index, batch.index + 1) != (leaf_hash(batch.entry),):
            raise TrustError("the published log holds another entry where a receipt promised a batch")


def wait_for_tick(world: World) -> None:
    """Wait until the next full minute."""
    world.sleep(TICK_SECONDS - world.clock() % TICK_SECONDS)


def file_sent(session: Session) -> None:
    """Copy letters that stand in the log into the replica, under the indices that their receipt proved."""
    sent = session.outbox.sent_letters()
    arrived = [
        Arrived(index=one.index + place, name=name, inner=part)
        for one in sent
        for place, (name, part) in enumerate(zip(one.names, cut(_inner(one.letter)), strict=True))
    ]
    session.replica.talk.add_messages(arrived)
    session.outbox.filed([one.number for one in sent])


def body_of(one: Letter) -> Body:
    """Return what a letter says."""
    return parse_body(Kind(one.kind), jsontext.load(one.body, limit=MAX_BODY_BYTES, levels=BODY_LEVELS))


def _inner(one: Letter) -> Inner:
    body = jsontext.load(one.body, limit=MAX_BODY_BYTES, levels=BODY_LEVELS)
    return Inner(kind=Kind(one.kind), to=one.to, thread=one.thread, re=one.re, part=1, parts=1, body=body)


def _drop_undeliverable(standing: Standing, letters: Mapping[int, Letter]) -> set[str]:
    """Take out letters to agencies that are members no longer: they would keep all others waiting."""
    members = {agency.id for agency in standing.view.charter.agencies}
    lost = {number: one.to for number, one in letters.items() if one.to not in members}
    standing.session.outbox.filed([*lost])
    return set(lost.values())


def _chosen(standing: Standing, letters: Mapping[int, Letter]) -> dict[int, tuple[SealedStatement, ...]]:
    """Return letters sealed for one batch; the parts of each stand together."""
    standing.authority.catch_up(standing.me)
    for agency in sorted({one.to for one in letters.values()}):
        standing.authority.catch_up(agency)
    chosen: dict[int, tuple[SealedStatement, ...]] = {}
    for number, one in letters.items():
        parts = cut(_inner(one))
        if sum(map(len, chosen.values())) + len(parts) > MAX_STATEMENTS:
            break
        chosen[number] = tuple(_seal(standing, part) for part in parts)
    return chosen


def _seal(standing: Standing, inner: Inner) -> SealedStatement:
    size, membership = standing.view.checkpoint.size, standing.authority.membership
    signing = standing.signing_key(Role.SIGN)
    return seal_message(
        signer=signing.signer,
        kid=signing.kid,
        iat=standing.now(),
        inner=inner,
        recipient_key=membership.newest(inner.to, Role.HPKE, size).public_key,
        own_key=membership.newest(standing.me, Role.HPKE, size).public_key,
    )


def _send(standing: Standing, chosen: Mapping[int, tuple[SealedStatement, ...]]) -> Logged:
    posted: list[Posted] = []
    statements: list[SealedStatement] = []
    for number, parts in chosen.items():
        posted.append(Posted(number=number, place=len(statements), names=tuple(part.name for part in parts)))
        statements += parts
    standing.session.outbox.put(make_batch(standing, statements), letters=posted)
    logged = send_waiting(standing.session)
    if logged is None:
        raise MalformedError("the outbox lost a batch that was just written to it")
    return logged


def _take_back(session: Session) -> None:
    """Free the letters of a batch that was refused, once the log is proved not to hold it; else they are sent."""
    batch = session.outbox.waiting()
    if batch is not None:
        settle(session.stand(), batch)

"""Release: choose, look at what it would do, then send it, grant it, or propose it to a second officer.

What was looked at is what is sent: the form carries the hash of the very release, and it is made anew and compared.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types

from clients import approvals, expunging
from clients.approvals import Hand
from clients.desk.doing import doing
from clients.desk.importing import once, signer_of
from clients.desk.once import once_only
from clients.desk.pages.deciding import require_read
from clients.desk.parts import office, parts
from clients.desk.people.current import me
from clients.desk.proposals import Proposals, Waits
from clients.desk.rendering import page
from clients.desk.sentences import TERM_NAMES, in_words
from clients.desk.talking import offers_marking, require_sight, viewer_of
from clients.desk.talkwords import release_text
from clients.errors import ListError, NotPermittedError
from clients.intake.store import ChangedError
from clients.officers import enrolled
from clients.session import Session
from clients.talk.agreeing import permitted_offers
from clients.talk.answering import grant_of, letters_of
from clients.talk.releasing import Offer
from clients.talk.replying import check_fit, check_new
from clients.talk.sending import letter, write
from clients.talk.stating import SaidTerms, Wanted
from clients.talk.threads import spelled, talk_of
from clients.views import RecordView, view_record
from crypto.digests import sha256
from crypto.encoding import b64u
from ledger.agencies import Law
from ledger.errors import LedgerError, NotFoundError
from ledger.expunges import Why
from ledger.identifiers import StatementName, statement_name
from ledger.labels import Compartment, Level, Purpose
from ledger.officers import Plan
from ledger.recordform import PORTIONS
from ledger.talk.requests import Declared, DisclosureRequest

bp = Blueprint("releasing", __name__, url_prefix="/inbox/release")

_CARRIED = ("re", "record", "to", "portion", "field", "epochs", "key-level", "level", "purp", "comp", "cav")


@bp.get("")
def choose() -> str:
    """Show what may be chosen where nobody asked: of an own record, or closed epochs."""
    return _choose(re="", record=request.args.get("record", ""))


@bp.get("/of/<iss>/<jti>")
def of(iss: str, jti: str) -> str:
    """Show what may be chosen of an own record."""
    return _choose(re="", record=f"{iss}/{jti}")


@bp.get("/for/<iss>/<jti>")
def answer(iss: str, jti: str) -> str:
    """Show what may be chosen of what a request asks for. In the path: who has to prove who they are comes back to it."""
    return _choose(re=f"{iss}/{jti}", record="")


@bp.post("/look")
def look() -> Any:
    """Say what the release would do, before anybody confirms it; nothing is sent."""
    try:
        with office().session() as session:
            offers, declared = _offers(session)
    except (ListError, NotPermittedError, LedgerError) as error:
        shown = _choose(re=request.form.get("re", ""), record=request.form.get("record", ""), problem=in_words(error))
        return shown, HTTPStatus.UNPROCESSABLE_ENTITY
    return page(
        "release-look.html",
        marking=offers_marking(offers, office()),
        offers=offers,
        declared=declared,
        law=law_of(offers[0].address.to),
        to=offers[0].address.to,
        text=release_text,
        below={number: downgrades(one) for number, one in enumerate(offers)},
        two=any(one.reasons for one in offers),
        h=_digest(offers),
        carried=[(name, value) for name in _CARRIED for value in request.form.getlist(name)],
        officer=me().person.name if me().person.name in enrolled(office().home) else "",
        once=once(),
    )


@bp.post("/send")
def send() -> Any:
    """Send a release that one officer may decide alone."""
    once_only(_send)
    return _to_inbox()


@bp.post("/grant")
def grant() -> Any:
    """Say that it is granted; the release itself comes later."""
    once_only(_grant)
    return _to_inbox()


@bp.post("/propose")
def propose() -> Any:
    """Sign a release with one's own officer's key, and let it wait for a second officer."""
    made: list[Waits] = []
    once_only(lambda: _propose(made))
    return redirect(url_for("proposals.show", number=made[0].number), HTTPStatus.SEE_OTHER)


@bp.get("/expunge")
def expunge() -> str:
    """Show the form that proposes to expunge an own record."""
    return page(
        "expunge.html",
        record=request.args.get("record", ""),
        whys=tuple(Why),
        officer=me().person.name if me().person.name in enrolled(office().home) else "",
        once=once(),
    )


@bp.post("/expunge")
def propose_expunge() -> Any:
    """Sign an order to expunge an own record, and let it wait for a second officer."""
    made: list[Waits] = []
    once_only(lambda: _propose_expunge(made))
    return redirect(url_for("proposals.show", number=made[0].number), HTTPStatus.SEE_OTHER)


def law_of(agency: str) -> Sequence[Law]:
    """Return what an agency's law may make of an answer, as the charter says."""
    found = office().charter().agency(agency)
    return found.law if found else ()


def downgrades(offer: Offer) -> Sequence[str]:
    """Return in what a release is below the labels of what it shows."""
    below = {name for label in offer.labels for name in offer.release.terms.below(label.terms)}
    return [_(TERM_NAMES[name]) for name in sorted(below)]


def _send() -> str:
    with office().session() as session:
        offers, _declared = _same_offers(session)
        if any(one.reasons for one in offers):
            raise NotPermittedError(_("two officers must agree to it"), next_step=_("propose it"))
        letters = letters_of(session, offers)
        for one in offers:
            check_new(session, one)
        if offers[0].address.re is not None:
            check_fit(session, talk_of(session.replica, offers[0].address.re), letters)
        with doing("released", [about(one) for one in offers]) as act:
            write(session, letters, act=act)
    return str(_("the release to %(agency)s waits to be sent at the full minute", agency=offers[0].address.to))


def _grant() -> str:
    with office().session() as session:
        offers, _declared = _same_offers(session)
        address = offers[0].address
        if address.re is None:
            raise ListError(_("nobody asked for it"), next_step=_("release it, or propose it"))
        said = letter(grant_of(offers), to=address.to, thread=address.thread, re=address.re)
        check_fit(session, talk_of(session.replica, address.re), [said])
        with doing("granted", [str(address.re)]) as act:
            write(session, [said], act=act)
    return str(_("the decision for %(agency)s waits to be sent at the full minute", agency=address.to))


def _propose(made: list[Waits]) -> str:
    signer = signer_of(me(), request.form.get("passphrase", ""))
    with office().session() as session:
        offers, _declared = _same_offers(session)
        if len(offers) != 1:
            raise ListError(_("one proposal is about one release"), next_step=_("choose the epochs of one level"))
        check_new(session, offers[0])
        return _keep(session, offers[0].plan(), Hand(officer=me().person.name, signer=signer), about(offers[0]), made)


def _propose_expunge(made: list[Waits]) -> str:
    signer = signer_of(me(), request.form.get("passphrase", ""))
    name = statement_name(request.form.get("record", "").strip())
    with office().session() as session:
        order = expunging.plan_expunge(session, name, why=request.form.get("why", ""))
        if session.replica.find(name) is None:
            raise NotFoundError("no own record of that name is in the replica")
        hand = Hand(officer=me().person.name, signer=signer)
        return _keep(session, order, hand, f"expunge {name}", made)


def _keep(session: Session, do: Plan, hand: Hand, of: str, made: list[Waits]) -> str:
    """Keep a proposal that was just signed, and note it: both, or neither."""
    file = approvals.make_proposal(session, do, hand)
    found = approvals.check_proposal(session, file)
    with parts().use.together() as act:
        made.append(Proposals(parts().engine, clock=parts().clock).within(act.connection).add(file, found))
        act.note(me().person.name, "proposed", of)
    return str(_("proposal %(number)s waits for a second officer", number=made[0].number))


def about(offer: Offer) -> str:
    """Return what a release is about, for the record of use: to whom, of which records; never a value of a field."""
    release, address = offer.release, offer.address
    names = sorted({str(StatementName(office().me, jti)) for jti in release.records})
    shown = ", ".join(names) if names else f"{len(release.epochs)} epoch keys"
    return f"{shown[:2_000]} to {address.to}, thread {spelled(address.thread)}"


def _same_offers(session: Session) -> tuple[Sequence[Offer], Declared | None]:
    """Return the releases that the page showed; raise ChangedError if they would be others by now."""
    offers, declared = _offers(session)
    if _digest(offers) != request.form.get("h", ""):
        raise ChangedError(
            _("what would be released is no longer what that page showed"),
            next_step=_("look at it again, and confirm what you then see"),
        )
    return offers, declared


def _offers(session: Session) -> tuple[Sequence[Offer], Declared | None]:
    form = request.form
    re, record = form.get("re", ""), form.get("record", "").strip()
    if re:
        require_read(statement_name(re))
    name = re or record or None
    wanted = Wanted(
        name=name,
        to=None if re else form.get("to", ""),
        portions=form.getlist("portion"),
        fields=form.getlist("field"),
        where=_where() if not record else None,
    )
    offers, declared = permitted_offers(session, wanted, _terms(), today=office().today())
    for one in offers:
        require_sight(one, viewer_of(office(), me()))
    return offers, declared


def _where() -> list[str]:
    form = request.form
    found = [f"epochs={form['epochs']}"] if form.get("epochs", "").strip() else []
    return [*found, f"level={form['key-level']}"] if form.get("key-level") else found


def _terms() -> SaidTerms:
    form = request.form
    return SaidTerms(
        level=form.get("level") or None,
        purp=form.getlist("purp") or None,
        comp=form.getlist("comp") or None,
        cav=form.getlist("cav") or None,
    )


def _digest(offers: Sequence[Offer]) -> str:
    return b64u(sha256(b"".join(one.plan().h for one in offers)))


def _choose(*, re: str, record: str, problem: str = "") -> str:
    said = require_read(statement_name(re)) if re else None
    body = said.body if said is not None else None
    asked = body if isinstance(body, DisclosureRequest) else None
    name = said.re if said is not None and asked is not None else statement_name(record) if record.strip() else None
    view = _own(name) if name is not None else None
    form = request.form
    return page(
        "release.html",
        marking=view.marking if view else None,
        re=re if asked is not None else "",
        to=form.get("to") or (said.name.iss if said is not None else ""),
        said=said,
        asked=asked,
        law=law_of(said.name.iss) if said is not None else (),
        record=name,
        view=view,
        portions=_preset("portion", asked.what.portions if asked else ()),
        fields=_preset("field", asked.what.fields if asked else ()),
        form=form,
        problem=problem,
        agencies=[one for one in office().charter().agencies if one.id != office().me],
        all_portions=PORTIONS,
        levels=tuple(Level),
        purposes=tuple(Purpose),
        compartments=tuple(Compartment),
    )


def _preset(name: str, asked: Sequence[str]) -> Sequence[str]:
    return request.form.getlist(name) if request.method == "POST" else asked


def _own(name: StatementName) -> RecordView:
    """Return an own record as whoever is signed in may see it."""
    if name.iss != office().me:
        raise NotPermittedError("only its originator releases a record", next_step=f"ask {name.iss}")
    with office().replica() as replica:
        found = replica.find(name)
    if found is None:
        raise NotFoundError("no own record of that name is in the replica")
    return view_record(found, viewer_of(office(), me()))


def _to_inbox() -> Any:
    return redirect(url_for("inbox.inbox"), HTTPStatus.SEE_OTHER)

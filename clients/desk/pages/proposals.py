"""What waits for a second officer: exactly what was proposed, approved with another officer's own key, refused or taken back."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types

from clients import approvals, expunging
from clients.approvals import Approved, Hand
from clients.desk.doing import doing
from clients.desk.importing import once, signer_of
from clients.desk.leaving import saved, taken
from clients.desk.once import once_only
from clients.desk.pages.releasing import about, downgrades, law_of
from clients.desk.parts import office, parts
from clients.desk.people.current import me
from clients.desk.proposals import Proposals, State, Waits
from clients.desk.rendering import page
from clients.desk.talking import offers_marking, require_sight, viewer_of
from clients.desk.talkwords import release_text
from clients.errors import ListError, NotPermittedError
from clients.officers import enrolled
from clients.session import Session
from clients.syncing import Sync
from clients.talk.agreeing import agreed_letters, declared_of, rebuilt
from clients.talk.releasing import Offer
from clients.talk.replying import check_fit
from clients.talk.sending import write
from clients.talk.threads import spelled, talk_of
from ledger.identifiers import StatementName
from ledger.officers import MAX_FILE_BYTES, Plan, PlannedExpunge, PlannedRelease, PlannedSubmission, parse_proposal
from ledger.talk.requests import Declared

bp = Blueprint("proposals", __name__, url_prefix="/inbox/proposals")


@bp.get("/<int:number>")
def show(number: int) -> str:
    """Show exactly what is proposed: the release is made anew, and must be the one that was signed."""
    found = _proposals().get(number)
    offer: Offer | None = None
    declared: Declared | None = None
    do: PlannedRelease | PlannedExpunge | None = None
    if found.state is State.WAITING and found.until > parts().clock():
        with office().session() as session:
            do = _plan(approvals.check_proposal(session, found.file).proposal.do)
            if isinstance(do, PlannedRelease):
                offer, declared = _seen(session, do), declared_of(session, do)
    return page(
        "proposal.html",
        marking=offers_marking([offer] if offer else [], office()),
        opened=[f"proposal {number}"],
        one=found,
        thread=_thread(found),
        offer=offer,
        declared=declared,
        law=law_of(found.to) if found.to else (),
        text=release_text,
        below=downgrades(offer) if offer else (),
        expunge=_own(do) if isinstance(do, PlannedExpunge) else None,
        why=do.why.value if isinstance(do, PlannedExpunge) else "",
        is_mine=found.officer.casefold() == me().person.name.casefold(),
        officer=me().person.name if me().person.name in enrolled(office().home) else "",
        once=once(),
    )


@bp.get("/<int:number>/file")
def file(number: int) -> Response:
    """Return the signed file, to be approved at another desk of the agency or with `sealtrace approve`."""
    found = _proposals().get(number)
    mark = taken([f"proposal {number}"], marking=None)
    return saved(found.file, name=f"proposal-{number}", suffix="json", mark=mark)


@bp.get("/upload")
def upload() -> str:
    """Show the form that takes a proposal from a file."""
    return page("proposal-upload.html")


@bp.post("/upload")
def uploaded() -> Any:
    """Take a proposal from a file, if an officer of this agency signed it and it has not run out."""
    sent = request.files.get("file")
    raw = sent.read(MAX_FILE_BYTES + 1) if sent is not None else b""
    if not raw or len(raw) > MAX_FILE_BYTES:
        raise ListError(_("this is no proposal"), next_step=_("choose the file that the other officer saved"))
    with office().session() as session:
        found = approvals.check_proposal(session, raw)
        _plan(found.proposal.do)
        if len(found.officers) != 1 or session.outbox.is_used(found.proposal.id):
            raise ListError(
                _("this proposal was approved already"), next_step=_("propose it again if it is meant twice")
            )
    with parts().use.together() as act:
        number = _proposals().within(act.connection).add(raw, found).number
        act.note(me().person.name, "took over", f"a proposal of {found.officers[0]}")
    return _to(number)


@bp.post("/<int:number>/approve")
def approve(number: int) -> Any:
    """Approve it as the second officer, and carry it out, once."""
    once_only(lambda: _approve(number))
    return _to(number)


@bp.post("/<int:number>/<any(refuse, withdraw):what>")
def end(number: int, what: str) -> Any:
    """Refuse what another proposed, or take back what one proposed oneself."""
    found = _proposals().require_waiting(number)
    is_mine = found.officer.casefold() == me().person.name.casefold()
    if is_mine != (what == "withdraw"):
        raise NotPermittedError(
            "a proposal is withdrawn by whoever made it, and refused by another officer", next_step="open it again"
        )
    with parts().use.together() as act:
        state = State.WITHDRAWN if is_mine else State.REFUSED
        _proposals().within(act.connection).end(number, state, second=me().person.name)
        act.note(me().person.name, "withdrew" if is_mine else "refused", f"proposal {number}")
    return _to(number)


def _approve(number: int) -> str:
    signer = signer_of(me(), request.form.get("passphrase", ""))
    with office().session() as session:
        # Alone with the home: of two officers who approve at once the second finds it done.
        found = _proposals().require_waiting(number)
        _require_unused(session, found)
        do = _plan(approvals.check_proposal(session, found.file).proposal.do)
        of = about(_seen(session, do)) if isinstance(do, PlannedRelease) else f"expunge {_own(do)}"
        signed = approvals.approve_file(session, found.file, Hand(officer=me().person.name, signer=signer))
        with doing("approved", [f"proposal {number}: {of}"], act=found.id):
            told = _carry_out(session, approvals.keep_approval(session, signed))
        _proposals().end(number, State.DONE, second=me().person.name)
    return told


def _carry_out(session: Session, approved: Approved) -> str:
    """Do what two officers agreed on; what they signed is kept before, and the outbox takes it once."""
    do = _plan(approved.proposal.do)
    if isinstance(do, PlannedExpunge):
        logged = expunging.expunge(session, do, approved)
        Sync(session, progress=lambda _done, _total: None).by_feed()
        return str(_("the record is expunged: entry %(index)s", index=logged.first))
    letters = agreed_letters(session, do, approved, today=office().today())
    if do.re is not None:
        check_fit(session, talk_of(session.replica, do.re), letters)
    write(session, letters)
    return str(_("the release to %(agency)s waits to be sent at the full minute", agency=do.to))


def _require_unused(session: Session, found: Waits) -> None:
    """Put right what a killed desk left behind: the outbox took the approval, and the proposal still waits."""
    if session.outbox.is_used(found.id):
        _proposals().end(found.number, State.DONE, second=_("a second officer"))
        raise ListError(_("this proposal was carried out before"), next_step=_("look at the conversation"))


def _seen(session: Session, do: PlannedRelease) -> Offer:
    offer = rebuilt(session, do, today=office().today())
    require_sight(offer, viewer_of(office(), me()))
    return offer


def _plan(do: Plan) -> PlannedRelease | PlannedExpunge:
    """Return what officers agree on here; raise NotPermittedError for a list."""
    if isinstance(do, PlannedSubmission):
        raise NotPermittedError(
            "a list is approved where it can be seen", next_step="open the import at the desk that it was proposed at"
        )
    return do


def _thread(found: Waits) -> str:
    """Return the conversation that a release belongs to, once one is here: where to look at what became of it."""
    do = parse_proposal(found.file).proposal.do
    if not isinstance(do, PlannedRelease):
        return ""
    with office().replica() as replica:
        return spelled(do.thread) if replica.talk.messages(do.thread) else ""


def _own(do: PlannedExpunge) -> StatementName:
    return StatementName(office().me, do.of)


def _proposals() -> Proposals:
    return Proposals(parts().engine, clock=parts().clock)


def _to(number: int) -> Any:
    return redirect(url_for("proposals.show", number=number), HTTPStatus.SEE_OTHER)

"""One message and every answer that fits it. The asker's declared use and law stand above the forms, not behind them."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext as _  # type: ignore[import-untyped]  # it has no types

from clients.desk.doing import doing
from clients.desk.gate import RefusedError
from clients.desk.importing import once
from clients.desk.once import once_only
from clients.desk.pages.inbox import conversation, steps
from clients.desk.parts import office
from clients.desk.people.current import me
from clients.desk.people.person import Role
from clients.desk.rendering import page
from clients.desk.sentences import in_words
from clients.desk.talking import is_read, marking_of, terms_of, viewer_of
from clients.desk.talkwords import KIND_WORDS, OUTCOME_WORDS
from clients.errors import ListError, NotPermittedError
from clients.talk.replying import recalled, referral, refusal, reply_letter
from clients.talk.sending import write
from clients.talk.threads import message as message_of
from clients.talk.threads import spelled, talk_of
from ledger.errors import LedgerError
from ledger.expunges import Why
from ledger.identifiers import StatementName, statement_name
from ledger.messages import Kind
from ledger.talk.answers import Acknowledgement, Ground, Question, RefusalKind, Reply, Response
from ledger.talk.bodies import Body
from ledger.talk.state import Said

bp = Blueprint("deciding", __name__, url_prefix="/inbox/messages/<iss>/<jti>")

# What the record of use says that was done, in English: it is read by the agency's auditor.
_DEEDS: Mapping[str, str] = {
    "acknowledge": "acknowledged",
    "ask": "asked back about",
    "refer": "referred",
    "respond": "said what came of",
    "refuse": "refused",
    "recall": "recalled",
    "tell": "answered the question",
    "report": "said how it ended",
}


@bp.get("")
def message(iss: str, jti: str) -> str:
    """Show a message with the forms of what may be said to it now, by whoever is signed in."""
    return _shown(_name(iss, jti))


@bp.post("/decide")
def decide(iss: str, jti: str) -> Any:
    """Say what the agency decides: received, asked back, sent on, traced or not, refused, recalled."""
    return _say(_name(iss, jti), _DECISIONS)


@bp.post("/tell")
def tell(iss: str, jti: str) -> Any:
    """Answer what was asked back, or tell how a trace of one's own ended."""
    return _say(_name(iss, jti), _TELLINGS)


def _say(name: StatementName, bodies: Mapping[str, Callable[[], Body]]) -> Any:
    make = bodies.get(request.form.get("say", ""))
    if make is None:
        raise RefusedError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            _("The form does not say what is to be said."),
            next_step=_("Open the message again and choose an answer."),
        )
    try:
        once_only(lambda: _write(name, make()))
    except (ListError, LedgerError) as error:
        return _shown(name, problem=in_words(error)), HTTPStatus.UNPROCESSABLE_ENTITY
    with office().replica() as replica:
        ident = spelled(talk_of(replica, name).id)
    return redirect(url_for("inbox.thread", thread=ident), HTTPStatus.SEE_OTHER)


def _write(name: StatementName, body: Body) -> str:
    """Put an answer into the outbox, if it still changes anything."""
    require_read(name)
    with office().session() as session:
        reply = reply_letter(session, name, body)
        _check_way(session.config.id, message_of(talk_of(session.replica, name), name), body)
        with doing(_DEEDS[request.form["say"]], [str(name)]) as act:
            write(session, [reply], act=act)
    return str(_("%(what)s: it waits to be sent at the full minute", what=KIND_WORDS[reply.kind]))


def require_read(name: StatementName) -> Said:
    """Return a message that counts; raise NotPermittedError for one whose words whoever is signed in may not read."""
    with office().replica() as replica:
        said = message_of(talk_of(replica, name), name)
        terms = terms_of(said, replica)
    if not is_read(terms, viewer_of(office(), me())):
        raise NotPermittedError(
            "you are not cleared for these words, or not for this purpose",
            next_step="leave it to an officer who is",
        )
    return said


def _check_way(agency: str, said: Said, body: Body) -> None:
    """Raise NotPermittedError for a decision that went the way of a telling, or the other way round."""
    is_telling = request.form["say"] in _TELLINGS
    is_ours = isinstance(body, Reply) or (isinstance(body, Response) and said.name.iss == agency)
    if is_telling != is_ours:
        raise NotPermittedError("this is not said in answer to that", next_step="open the message again")


def _shown(name: StatementName, *, problem: str = "") -> str:
    with office().replica() as replica:
        talk = talk_of(replica, name)
    _talk, lines, _all = conversation(spelled(talk.id))
    line = next((one for one in lines if one.heard.said.name == name), None)
    if line is None:
        raise ListError(_("this message is damaged: it says nothing"), next_step=_("ask its sender to say it again"))
    with office().replica() as replica:
        terms = [] if line.facts is None else [terms_of(line.heard.said, replica)]
    kinds = steps(talk).get(name, frozenset()) if line.facts is not None else frozenset[Kind]()
    said = line.heard.said
    return page(
        "message.html",
        marking=marking_of(terms, talk),
        opened=[f"message {name}"] if terms else (),
        line=line,
        said=said,
        ident=spelled(talk.id),
        says=_says(said, kinds),
        may_release=bool(kinds & {Kind.RELEASE, Kind.DISCLOSURE_DECISION}) and Role.RELEASING in me().person.roles,
        problem=problem,
        form=request.form,
        once=request.form.get("once") or once(),
        outcomes=OUTCOME_WORDS,
        grounds=tuple(Ground),
        hows=tuple(RefusalKind),
        whys=tuple(Why),
    )


def _says(said: Said, kinds: frozenset[Kind]) -> frozenset[str]:
    """Return which forms whoever is signed in is offered: a releasing officer's, and those of everybody who talks."""
    ours = said.name.iss == office().me
    told = {"tell"} if Kind.MORE_INFORMATION in kinds and said.kind is Kind.MORE_INFORMATION else set()
    told |= {"report"} if Kind.RESPONSE in kinds and ours else set()
    if Role.RELEASING not in me().person.roles:
        return frozenset(told)
    decided = {word for word, kind in _KINDS.items() if kind in kinds}
    if ours:
        decided -= {"respond"}
    if said.kind is Kind.MORE_INFORMATION:
        decided -= {"ask"}
    return frozenset(told | decided)


def _name(iss: str, jti: str) -> StatementName:
    return statement_name(f"{iss}/{jti}")


def _typed(name: str) -> str | None:
    return request.form.get(name, "").replace("\r\n", "\n").strip() or None


def _response() -> Response:
    outcome = request.form.get("outcome", "")
    if outcome not in {"0", "1", "2", "3", "4", "5"}:
        raise ListError(_("no outcome was chosen"), next_step=_("choose how far the trace came"))
    records = (_typed("records") or "").replace(",", " ").split()
    return Response(
        outcome=int(outcome),
        final="interim" not in request.form,
        reason=_typed("reason"),
        custodian=_typed("custodian"),
        date=_typed("date"),
        records=tuple(sorted(statement_name(one) for one in records)),
        note=_typed("note"),
    )


_KINDS: Mapping[str, Kind] = {
    "acknowledge": Kind.ACKNOWLEDGEMENT,
    "ask": Kind.MORE_INFORMATION,
    "refer": Kind.REFERRAL,
    "respond": Kind.RESPONSE,
    "refuse": Kind.REFUSAL,
    "recall": Kind.RECALL,
}
_DECISIONS: Mapping[str, Callable[[], Body]] = {
    "acknowledge": lambda: Acknowledgement(reference=_typed("reference"), note=_typed("note")),
    "ask": lambda: Question(asks=_typed("asks") or ""),
    "refer": lambda: referral(_typed("refer") or "", contact=_typed("contact"), note=_typed("note")),
    "respond": _response,
    "refuse": lambda: refusal(
        kind=request.form.get("how", ""),
        ground=request.form.get("ground", ""),
        until=_typed("until"),
        reason=_typed("reason"),
    ),
    "recall": lambda: recalled(request.form.get("why", ""), reason=_typed("reason")),
}
_TELLINGS: Mapping[str, Callable[[], Body]] = {
    "tell": lambda: Reply(answers=_typed("answers") or ""),
    "report": _response,
}

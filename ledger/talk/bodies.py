"""Every kind of message and what its body may be (docs/protocol.md, 6.14)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from ledger import jsontext
from ledger.errors import MalformedError
from ledger.jsontext import JsonValue
from ledger.messages import Kind
from ledger.talk.answers import (
    Acknowledgement,
    Decision,
    Question,
    Referral,
    Refusal,
    Reply,
    Response,
    parse_acknowledgement,
    parse_decision,
    parse_more_information,
    parse_referral,
    parse_refusal,
    parse_response,
)
from ledger.talk.notices import Opened, Recall, Receipt, parse_opened, parse_recall, parse_receipt
from ledger.talk.releases import Release, parse_release
from ledger.talk.requests import DisclosureRequest, TraceRequest, parse_disclosure_request, parse_trace_request

Body: TypeAlias = (
    TraceRequest
    | DisclosureRequest
    | Acknowledgement
    | Question
    | Reply
    | Referral
    | Response
    | Refusal
    | Decision
    | Release
    | Receipt
    | Opened
    | Recall
)

KINDS: Mapping[type[Body], Kind] = MappingProxyType(
    {
        TraceRequest: Kind.TRACE_REQUEST,
        DisclosureRequest: Kind.DISCLOSURE_REQUEST,
        Acknowledgement: Kind.ACKNOWLEDGEMENT,
        Question: Kind.MORE_INFORMATION,
        Reply: Kind.MORE_INFORMATION,
        Referral: Kind.REFERRAL,
        Response: Kind.RESPONSE,
        Refusal: Kind.REFUSAL,
        Decision: Kind.DISCLOSURE_DECISION,
        Release: Kind.RELEASE,
        Receipt: Kind.RECEIPT,
        Opened: Kind.OPENED,
        Recall: Kind.RECALL,
    }
)

_PARSERS: Mapping[Kind, Callable[[JsonValue], Body]] = MappingProxyType(
    {
        Kind.TRACE_REQUEST: parse_trace_request,
        Kind.DISCLOSURE_REQUEST: parse_disclosure_request,
        Kind.ACKNOWLEDGEMENT: parse_acknowledgement,
        Kind.MORE_INFORMATION: parse_more_information,
        Kind.REFERRAL: parse_referral,
        Kind.RESPONSE: parse_response,
        Kind.REFUSAL: parse_refusal,
        Kind.DISCLOSURE_DECISION: parse_decision,
        Kind.RELEASE: parse_release,
        Kind.RECEIPT: parse_receipt,
        Kind.OPENED: parse_opened,
        Kind.RECALL: parse_recall,
    }
)


def kind_of(body: Body) -> Kind:
    """Return the kind of message that carries a body."""
    return KINDS[type(body)]


def parse_body(kind: Kind, value: JsonValue) -> Body:
    """Return what a message of `kind` says; raise MalformedError, or LabelError for terms that are none."""
    body = _PARSERS[kind](value)
    # Written again and compared: an optional member that is null would otherwise be a second spelling of its absence.
    if jsontext.dump(body.to_json()) != jsontext.dump(value):
        raise MalformedError("a body that is not in its one spelling")
    return body

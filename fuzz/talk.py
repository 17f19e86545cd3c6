"""Parsers of the conversation: bodies of every kind, releases held against a record, files of officers."""

import json
from collections.abc import Callable
from functools import cache, partial

from clients.talk import history
from crypto.encoding import b64u
from crypto.signing import Algorithm
from fuzz.parsers import Feed
from fuzz.samples import sample
from ledger import officers, opening, recordform
from ledger.errors import MalformedError
from ledger.expunges import Why
from ledger.identifiers import KeyId
from ledger.jsontext import JsonValue, dump, load
from ledger.messages import Kind
from ledger.talk import answers, bodies, notices, releases, requests
from tests.support.consortium import epoch_key, signer
from tests.support.dossiers import ISS
from tests.support.talks import BODIES, RECORD, TERMS


def table() -> dict[str, tuple[Feed, tuple[bytes, ...]]]:
    """Return every parser by its full name, with valid input."""
    found: dict[str, tuple[Feed, tuple[bytes, ...]]] = {
        f"{parse.__module__}.{parse.__name__}": (partial(_parse, parse), seeds(*kinds))
        for parse, kinds in (
            (requests.parse_trace_request, (requests.TraceRequest,)),
            (requests.parse_disclosure_request, (requests.DisclosureRequest,)),
            (answers.parse_acknowledgement, (answers.Acknowledgement,)),
            (answers.parse_more_information, (answers.Question, answers.Reply)),
            (answers.parse_referral, (answers.Referral,)),
            (answers.parse_response, (answers.Response,)),
            (answers.parse_refusal, (answers.Refusal,)),
            (answers.parse_decision, (answers.Decision,)),
            (notices.parse_receipt, (notices.Receipt,)),
            (notices.parse_opened, (notices.Opened,)),
            (notices.parse_recall, (notices.Recall,)),
        )
    }
    return {
        **found,
        "ledger.talk.releases.parse_release": (partial(_parse, releases.parse_release), (release(),)),
        "ledger.talk.releases.open_released": (_open_released, (release(),)),
        "ledger.talk.requests.parse_what": (_what, (b'[["case"],[],false]',)),
        "ledger.talk.bodies.parse_body": (_any_body, tuple(dump(one.to_json()) for one in BODIES)),
        "ledger.officers.parse_proposal": (officers.parse_proposal, (proposal(),)),
        "ledger.officers.parse_kept": (officers.parse_kept, (kept(),)),
    }


def where(raw: bytes) -> object:
    """Read a line as what `--where` says."""
    return history.parse_where(raw.decode("utf-8", "replace").split())


def seeds(*kinds: type[bodies.Body]) -> tuple[bytes, ...]:
    """Return bodies of these kinds."""
    return tuple(dump(one.to_json()) for one in BODIES if isinstance(one, kinds))


@cache
def release() -> bytes:
    """Return the release of the portion that the sample's record seals."""
    record = recordform.parse_record(sample().record)
    keys = opening.which_key(record.name, "item", record.portions["item"].kc, [epoch_key(f"{ISS} 1")])
    if keys is None:
        raise MalformedError("the sample's key does not fit")
    shown: JsonValue = {"of": b64u(record.name.jti), "shown": [sample().disclosure.decode()]}
    portion: JsonValue = {
        "of": b64u(record.name.jti),
        "portion": "item",
        "kr": b64u(keys.record_key),
        "ct": b64u(sample().portion),
    }
    epoch: JsonValue = {"ep": 1, "lvl": "RESTRICTED", "ek": b64u(bytes(32)), "first": 1, "last": 2}
    body: JsonValue = {"as": TERMS.to_json(), "portions": [portion], "disclosures": [shown], "epochs": [epoch]}
    return dump(body)


@cache
def proposal() -> bytes:
    """Return a proposal of an officer."""
    plan = officers.PlannedExpunge(of=RECORD.jti, why=Why.LAW)
    key = signer("ann", Algorithm.ED25519)
    return officers.propose(plan, agency=ISS, officer="Ann", signer=key, now=1)


def kept() -> bytes:
    """Return what an agency keeps of an approval."""
    key = signer("ann", Algorithm.ED25519)
    return officers.keep(proposal(), agency=ISS, signer=key, kid=KeyId(ISS, 4))


def _parse(parse: Callable[[JsonValue], object], raw: bytes) -> object:
    return parse(load(raw))


def _any_body(raw: bytes) -> object:
    """Read a body as each kind: one of them takes it, or the last refusal is raised."""
    value = load(raw)
    for kind in Kind:
        try:
            return bodies.parse_body(kind, value)
        except MalformedError:
            continue
    raise MalformedError("a body of no kind")


def _what(raw: bytes) -> object:
    value = load(raw)
    if not isinstance(value, list) or len(value) != 3:
        raise MalformedError("not three members")
    return requests.parse_what(*value)


def _open_released(raw: bytes) -> object:
    record = recordform.parse_record(sample().record)
    found = releases.parse_release(load(raw))
    return [releases.open_released(record, one) for one in found.portions]


def terms_seed() -> bytes:
    """Return terms as a release states them."""
    return json.dumps(TERMS.to_json(), separators=(",", ":")).encode()

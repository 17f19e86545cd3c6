"""The JSON of matching: evaluations, reviews, usage (docs/protocol.md, 6.6, 6.10 and 6.11).

Questions, answers and notices are no schemas: they are hashed, signed or padded, and have modules of their own.
"""

import re
from dataclasses import dataclass, field

from marshmallow import Schema, fields, validate

from ledger import jsontext
from ledger.b64lists import SPELLED_32, read_list, spell_list
from ledger.errors import MalformedError, TooLargeError
from ledger.wire import limits
from ledger.wire.schemas import Shape
from ledger.wire.strict import Raw, Strict, agency, whole

ELEMENT_BYTES = 32
PROOF_BYTES = 64
ID_BYTES = 16
ELEMENTS_EACH = 16
LEAST_OVERDUE = 5
# 9999-12-31, in days since 1970: whoever shows a day has no name for a later one.
LAST_DAY = 2_932_896
USES = ("submission", "lookup", "own")

_COUNT = "(0|[1-9][0-9]{0,15})"
# Not possessive: before 3.11.5, Python lost its way in such a repeat of what itself repeats (Debian 12 has 3.11.2).
_LIST = rf'\["((?:{SPELLED_32}",")*{SPELLED_32})"\]'
_REQUEST = re.compile(rf'\{{"for":"({"|".join(USES)})","ep":{_COUNT},"n":{_COUNT},"el":{_LIST}\}}'.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest:
    """Blinded elements to be evaluated under the key of token epoch `ep`, for `n` records or weapons."""

    use: str
    ep: int
    n: int
    elements: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationAnswer:
    """The evaluated elements, in order, and one proof over all of them."""

    ep: int
    el: tuple[bytes, ...] = field(repr=False)
    proof: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """The notices of silent hits that an originator has looked into."""

    ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCount:
    """How much of one counter an agency used on one day (days from 1970, UTC)."""

    agency: str
    day: int
    kind: str
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OverdueCount:
    """How many silent hits of a month (like 2026-10) were overdue; fewer than five are not told from none."""

    agency: str
    month: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the charter's auditors may compare."""

    uses: tuple[UseCount, ...]
    overdue: tuple[OverdueCount, ...]


def _elements() -> "fields.List[bytes]":
    most = limits.MAX_ELEMENTS
    return fields.List(Raw(size=ELEMENT_BYTES), required=True, validate=validate.Length(min=1, max=most))


_Named = Schema.from_dict({"for": fields.String(required=True, validate=validate.OneOf(USES))})


class EvaluationRequestSchema(_Named, Strict):  # type: ignore[misc, valid-type]  # "for" is no Python name
    """Blinded elements."""

    ep = whole(required=True, low=1)
    n = whole(required=True, low=1, high=limits.MAX_ELEMENTS)
    el = _elements()


class EvaluationAnswerSchema(Strict):
    """Evaluated elements."""

    ep = whole(required=True, low=1)
    el = _elements()
    proof = Raw(size=PROOF_BYTES, required=True)


class ReviewsSchema(Strict):
    """Reviewed notices."""

    ids = fields.List(Raw(size=ID_BYTES), required=True, validate=validate.Length(min=1, max=limits.MAX_REVIEWED))


class UseCountSchema(Strict):
    """One counter of one agency on one day."""

    agency = fields.String(required=True, validate=agency)
    day = whole(required=True, high=LAST_DAY)
    kind = fields.String(required=True, validate=validate.Regexp(r"[a-z]{1,16}(/evaluated)?\Z"))
    used = whole(required=True)


class OverdueCountSchema(Strict):
    """Overdue silent hits of one month."""

    agency = fields.String(required=True, validate=agency)
    month = fields.String(required=True, validate=validate.Regexp(r"[0-9]{4}-(0[1-9]|1[0-2])\Z"))
    n = whole(required=True, low=LEAST_OVERDUE)


class UsageSchema(Strict):
    """Counters by agency and day, overdue silent hits by agency and month."""

    uses = fields.List(fields.Nested(UseCountSchema), required=True)
    overdue = fields.List(fields.Nested(OverdueCountSchema), required=True)


class _EvaluationRequestShape(Shape[EvaluationRequest]):
    """A thousand elements, read by one pattern: a schema would take a tenth of the time that evaluating them takes."""

    def read(self, raw: bytes, *, limit: int = limits.MAX_EVALUATION_BYTES) -> EvaluationRequest:
        if len(raw) > limit:
            raise TooLargeError(f"an evaluation request of more than {limit:,} bytes")
        found = _REQUEST.fullmatch(raw)
        if found is None:
            raise MalformedError("not the form of an evaluation request")
        elements = read_list(found[4].split(b'","'), size=ELEMENT_BYTES)
        request = EvaluationRequest(use=found[1].decode(), ep=int(found[2]), n=int(found[3]), elements=tuple(elements))
        _check_request(request)
        return request

    def write(self, value: EvaluationRequest) -> bytes:
        _check_request(value)
        listed = '","'.join(spell_list(value.elements, size=ELEMENT_BYTES))
        return f'{{"for":"{value.use}","ep":{value.ep},"n":{value.n},"el":["{listed}"]}}'.encode("ascii")


class _EvaluationAnswerShape(Shape[EvaluationAnswer]):
    """The same list back."""

    def write(self, value: EvaluationAnswer) -> bytes:
        listed: list[jsontext.JsonValue] = [*spell_list(value.el, size=ELEMENT_BYTES)]
        return jsontext.dump({"ep": value.ep, "el": listed, "proof": spell_list([value.proof], size=PROOF_BYTES)[0]})


def _check_request(request: EvaluationRequest) -> None:
    jsontext.integer(request.ep, low=1)
    jsontext.integer(request.n, low=1, high=limits.MAX_ELEMENTS)
    most = min(limits.MAX_ELEMENTS, ELEMENTS_EACH * request.n)
    if request.use not in USES or not 1 <= len(request.elements) <= most:
        raise TooLargeError(f"at most {ELEMENTS_EACH} elements for each record or weapon, and {limits.MAX_ELEMENTS}")
    if any(len(element) != ELEMENT_BYTES for element in request.elements):
        raise MalformedError(f"a blinded element is {ELEMENT_BYTES} bytes")


EVALUATION_REQUEST = _EvaluationRequestShape(EvaluationRequestSchema(), EvaluationRequest)
EVALUATION_ANSWER = _EvaluationAnswerShape(EvaluationAnswerSchema(), EvaluationAnswer)
REVIEWS = Shape(ReviewsSchema(), Reviews)
USAGE = Shape(UsageSchema(), Usage, uses=UseCount, overdue=OverdueCount)

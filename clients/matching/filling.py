"""Fill the slips of records on their way, by the profile's hit policy (docs/protocol.md, 6.2 and 6.3)."""

from collections.abc import Mapping, Sequence

from clients.codes import load_tables
from clients.matching.evaluating import tokens_of
from clients.matching.keys import TokenKey, current_key
from clients.session import Session, Standing
from ledger.errors import LabelError
from ledger.forms import Form
from ledger.jsontext import JsonValue
from ledger.plan import Plan
from ledger.slips import Hit, SlipDraft
from ledger.tokens import Inputs, inputs_of

_ITEM = "item."
UNMATCHED = SlipDraft(hit=Hit.OFF)
"""While the charter names no matching key there is no token epoch, so every slip is off (docs/protocol.md, 6.2)."""


def drafts_for(standing: Standing, plans: Sequence[Plan]) -> tuple[SlipDraft, ...]:
    """Return what the slip of each planned record shall say; evaluates what is to be matched, nothing else."""
    key = current_key(standing)
    if key is None:
        return (UNMATCHED,) * len(plans)
    for plan in plans:
        check_silent(plan.hit, originator_only=plan.portions["item"].label.originator_only)
    policies = [plan.hit for plan in plans]
    return drafts(standing.session, [item_fields(plan) for plan in plans], policies, key, use="submission")


def drafts(
    session: Session, items: Sequence[Mapping[str, JsonValue]], policies: Sequence[Hit], key: TokenKey, *, use: str
) -> tuple[SlipDraft, ...]:
    """Return the slips of items under their policies; one that is off costs no evaluation."""
    tables = load_tables(session.home)
    inputs = [
        inputs_of(fields, makes=tables.makes, calibres=tables.calibres) if hit is not Hit.OFF else None
        for fields, hit in zip(items, policies, strict=True)
    ]
    wanted = [forms_in(one) if one is not None else () for one in inputs]
    tokens = tokens_of(session, wanted, key, use=use)
    return tuple(
        SlipDraft(hit=hit, token_epoch=key.ep, tokens=None if one is None else _placed(one, found))
        for hit, one, found in zip(policies, inputs, tokens, strict=True)
    )


def forms_in(inputs: Inputs) -> tuple[Form, ...]:
    """Return what there is to be evaluated of an item."""
    return tuple(form for row in inputs for form in row if form is not None)


def item_fields(plan: Plan) -> dict[str, JsonValue]:
    """Return the item's fields of a planned record, those too that went to the case for their label."""
    held = (portion.fields for portion in plan.portions.values())
    return {name: value for fields in held for name, value in fields.items() if name.startswith(_ITEM)}


def check_silent(hit: Hit, *, originator_only: bool) -> None:
    """Raise LabelError for a silent record whose item others read: they would know the weapon and miss the hit."""
    if hit is Hit.SILENT and not originator_only:
        raise LabelError("slip: silent needs an item portion sealed to the originator only; it can be off")


def _placed(inputs: Inputs, tokens: Mapping[Form, bytes]) -> tuple[bytes | None, ...]:
    return tuple(None if form is None else tokens[form] for row in inputs for form in row)

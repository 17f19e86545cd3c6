"""Match slips: what the matching service alone sees of a record (docs/protocol.md, 6).

The leaf holds only the slip's salted hash, so tokens and hit policy stay out of the public log.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from secrets import token_bytes
from typing import NamedTuple

from crypto.encoding import b64u_ascii, cut
from ledger import jsontext
from ledger.b64lists import SPELLED_16, SPELLED_32, read_list, spell_ascii
from ledger.errors import LabelError, MalformedError, TooLargeError

TOKENS = 8
TOKEN_BYTES = 16
SALT_BYTES = 32
MAX_SLIP_BYTES = 512

_FORM = b'{"s":"%%b","of":"%%b","ep":%%d,"hit":"%%b","tok":["%b"]}' % b'","'.join([b"%b"] * TOKENS)
# One fixed grammar, as for a record (`recordform`): the service reads a slip with every record.
_LISTED = '","'.join([f"({SPELLED_16})"] * TOKENS)
_SLIP = re.compile(
    (
        rf'\{{"s":"{SPELLED_32}","of":"({SPELLED_16})","ep":(0|[1-9][0-9]{{0,15}}),"hit":"(open|silent|off)",'
        rf'"tok":\["{_LISTED}"\]\}}'
    ).encode()
)


class Hit(Enum):
    """What an asker whose token matches is told: owner and record, nothing (the owner is told), or no match is made."""

    OPEN = "open"
    SILENT = "silent"
    OFF = "off"


_HITS = {hit.value.encode(): hit for hit in Hit}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipDraft:
    """What a record's slip shall say; a token that is None, or all of them, is drawn at random."""

    hit: Hit
    token_epoch: int = 0
    tokens: tuple[bytes | None, ...] | None = field(default=None, repr=False)


class HitPolicy(NamedTuple):
    """What a slip asks of the service: to match the record it spells, in this token epoch, in this way."""

    spelled: bytes
    ep: int
    hit: Hit


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A match slip: T0 to T3 for each of two marks; which of them are random cannot be told."""

    of: bytes
    ep: int
    hit: Hit
    tokens: tuple[bytes, ...] = field(repr=False)


def build_slip(draft: SlipDraft, *, of: bytes) -> bytes:
    """Return the slip of the record whose jti is `of`, with a fresh salt; its commitment is its SHA-256."""
    _check_draft(draft)
    drawn = token_bytes(SALT_BYTES + TOKENS * TOKEN_BYTES)
    tokens = _filled(draft, cut(drawn[SALT_BYTES:], size=TOKEN_BYTES))
    spelled, *listed = spell_ascii([of, *tokens], size=TOKEN_BYTES)
    salt, hit = b64u_ascii(drawn[:SALT_BYTES]), draft.hit.value.encode()
    return _FORM % (salt, spelled, draft.token_epoch, hit, *listed)


def parse_slip(raw: bytes) -> Slip:
    """Return what a slip says; raise MalformedError for any other spelling."""
    policy, listed = _read(raw)
    of, *tokens = read_list([policy.spelled, *listed], size=TOKEN_BYTES)
    return Slip(of=of, ep=policy.ep, hit=policy.hit, tokens=tuple(tokens))


def parse_hit_policy(raw: bytes) -> HitPolicy:
    """Return what a slip says but for its tokens: read as strictly as `parse_slip` does, and not decoded."""
    policy, _ = _read(raw)
    return policy


def _read(raw: bytes) -> tuple[HitPolicy, Sequence[bytes]]:
    """Return a slip's policy, and its tokens as they are spelled, every rule of the form checked."""
    if len(raw) > MAX_SLIP_BYTES:
        raise TooLargeError(f"a slip of more than {MAX_SLIP_BYTES} bytes")
    found = _SLIP.fullmatch(raw)
    if found is None:
        raise MalformedError("not the form of a slip")
    spelled, digits, hit, *tokens = found.groups()
    policy = HitPolicy(spelled=spelled, ep=jsontext.integer(int(digits)), hit=_HITS[hit])
    if _matches_nothing(policy.hit, policy.ep):
        raise MalformedError("a slip that claims to match without a token epoch")
    return policy, tokens


def _matches_nothing(hit: Hit, epoch: int) -> bool:
    """Return whether a slip claims to match where no key exists yet that a token could come from (epoch 0)."""
    return epoch == 0 and hit is not Hit.OFF


def _filled(draft: SlipDraft, spare: Sequence[bytes]) -> Sequence[bytes]:
    """Return the tokens of a draft, one drawn at random where it gives none."""
    if draft.tokens is None:
        return spare
    return [token or random for token, random in zip(draft.tokens, spare, strict=True)]


def _check_draft(draft: SlipDraft) -> None:
    jsontext.integer(draft.token_epoch)
    if _matches_nothing(draft.hit, draft.token_epoch):
        raise LabelError("slip: token epoch 0 means that nothing is matched yet, so the slip must be off")
    if draft.tokens is not None:
        _check_tokens(draft.hit, draft.tokens)


def _check_tokens(hit: Hit, tokens: Sequence[bytes | None]) -> None:
    given = [token for token in tokens if token is not None]
    if hit is Hit.OFF and given:
        raise LabelError("slip: a record that is not matched carries no token of its own")
    if len(tokens) != TOKENS or any(len(token) != TOKEN_BYTES for token in given):
        raise LabelError(f"slip: exactly {TOKENS} tokens of {TOKEN_BYTES} bytes, or None in their place")

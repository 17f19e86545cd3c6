"""The operator as an adversary: one lying server over the real service, and every way to bend one of its answers.

A bent answer differs from the true one in a single thing. What a client makes of it must be a refusal with an error of
ours, or what it would have made of the true answer.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from clients.transport import Request, Response, Transport
from ledger.checkpoints import Checkpoint
from ledger.merkle import leaf_hash, proof_ranges, root_of
from ledger.notes import parse_note
from ledger.witnessing import AddCheckpoint
from server.publishing.link import Answer
from tests.support.consortium import ORIGIN
from tests.support.cosigners import TEXT, Cosigner
from tests.support.witnessing import signed_note

Lie = Callable[[Request, Response], Response]
Bend = Callable[[Response], Response]

# Which call a request is, by method and path; the first that fits.
CALLS: Mapping[str, str] = {
    "checkpoint": "GET /checkpoint",
    "bundle": "GET /tile/entries/.*",
    "tile": "GET /tile/.*",
    "access checkpoint": "GET /access/checkpoint",
    "access bundle": "GET /access/tile/entries/.*",
    "access tile": "GET /access/tile/.*",
    "charters": "GET /v1/charters",
    "charter": "GET /v1/charters/.*",
    "handover": "GET /v1/checkpoints",
    "entry": "GET /v1/entries/.*",
    "statement": "GET /v1/statements/.*",
    "head": "GET /v1/agencies/.*/head",
    "feed": "GET /v1/feed",
    "blobs": "POST /v1/blobs",
    "batches": "POST /v1/batches",
    "evaluations": "POST /v1/evaluations",
    "matches": "POST /v1/matches",
    "notices": "GET /v1/notices",
    "pending": "GET /v1/witness/pending",
}


def call_of(request: Request) -> str:
    """Return the name of the call that a request makes."""
    line = f"{request.method} {request.path}"
    return next(name for name, pattern in CALLS.items() if re.fullmatch(pattern, line))


@dataclass
class LyingServer:
    """Hands requests on to the real service, keeps its true answers, and tells the lie about one call."""

    inner: Transport
    lies: Mapping[str, Lie] = field(default_factory=dict)
    heard: dict[str, list[Response]] = field(default_factory=dict)

    def send(self, request: Request, *, limit: int) -> Response:
        """Return the answer, true or not; as every transport, none above the limit."""
        call = call_of(request)
        answer = self.inner.send(request, limit=limit)
        self.heard.setdefault(call, []).append(answer)
        if call in self.lies:
            answer = self.lies[call](request, answer)
        return replace(answer, body=answer.body[:limit])

    def lying(self, call: str, bend: Bend) -> "LyingServer":
        """Return the same server, which bends every answer to one call."""
        return LyingServer(self.inner, {call: lambda _request, answer: bend(answer)})


@dataclass(frozen=True)
class Bent:
    """One way in which an answer is not the true one."""

    name: str
    bend: Bend = field(repr=False)


def bends(answer: Response, *, others: Sequence[bytes], seed: str, count: int) -> Iterator[Bent]:
    """Yield `count` different ways to bend an answer, the same for the same seed; `others` are true answers elsewhere."""
    chance = random.Random(seed)  # noqa: S311 - the same mutations in every run
    statuses = [(f"status {status}", replace(answer, status=status)) for status in (404, 500)]
    for name, bent in statuses[:count]:
        yield Bent(name, lambda _true, bent=bent: bent)  # type: ignore[misc]  # bound early
    seen = {answer.body}
    found = len(statuses)
    while found < count:
        name, body = _bytes_bent(answer.body, others, chance)
        if body in seen:
            continue
        seen.add(body)
        found += 1
        yield Bent(name, lambda true, body=body: replace(true, body=body))  # type: ignore[misc]  # bound early


def bodies(true: bytes, *, others: Sequence[bytes], seed: str, count: int) -> dict[str, bytes]:
    """Return `count` different bent bodies by name."""
    answer = Response(status=200, content_type="", body=true)
    made = bends(answer, others=others, seed=seed, count=count + 2)
    return {
        f"{place} {bent.name}": bent.bend(answer).body
        for place, bent in enumerate(made)
        if not bent.name.startswith("status")
    }


def _bytes_bent(raw: bytes, others: Sequence[bytes], chance: random.Random) -> tuple[str, bytes]:
    ways: list[Callable[[bytes, random.Random], bytes]] = [_flip, _flip, _truncate, _extend, _line_dropped, _line_moved]
    ways += [_line_twice, _member_bent, _member_bent, _member_bent] if _json(raw) is not None else [_flip, _frame_cut]
    way = chance.choice([*ways, _swap] if others else ways)
    bent = chance.choice(others) if way is _swap else way(raw, chance)
    return way.__name__.strip("_"), bent


def _swap(raw: bytes, _chance: random.Random) -> bytes:
    return raw  # replaced by another true answer


def _flip(raw: bytes, chance: random.Random) -> bytes:
    if not raw:
        return b"\0"
    # Padding would take nearly every flip; both halves of what is said are wanted.
    place = chance.randrange(len(raw.rstrip(b"\n")) + 1) % len(raw)
    return raw[:place] + bytes([raw[place] ^ 1 << chance.randrange(8)]) + raw[place + 1 :]


def _truncate(raw: bytes, chance: random.Random) -> bytes:
    return raw[: chance.choice([0, 1, len(raw) // 2, len(raw) - 1, chance.randrange(len(raw) + 1)])]


def _extend(raw: bytes, chance: random.Random) -> bytes:
    return raw + chance.choice([b"\n", b" ", b"\0", b"}", raw, chance.randbytes(1 + chance.randrange(40))])


def _line_dropped(raw: bytes, chance: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True)
    place = chance.randrange(len(lines) or 1)
    return b"".join([*lines[:place], *lines[place + 1 :]])


def _line_moved(raw: bytes, chance: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines)


def _line_twice(raw: bytes, chance: random.Random) -> bytes:
    lines = raw.splitlines(keepends=True)
    place = chance.randrange(len(lines) or 1)
    return b"".join([*lines[: place + 1], *lines[place:]])


def _frame_cut(raw: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(raw) + 1)
    return raw[:start] + raw[start + 1 + chance.randrange(64) :]


def _json(raw: bytes) -> Any:
    try:
        value = json.loads(raw)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _member_bent(raw: bytes, chance: random.Random) -> bytes:
    """Drop, null, change or move one member anywhere in a JSON document; padding stays as long as it was."""
    value = _json(raw)
    holders = list(_holders(value))
    holder, key = chance.choice(holders)
    match chance.randrange(5):
        case 0:
            del holder[key]
        case 1:
            holder[key] = None
        case 2:
            holder[key] = _other(holder[key], chance)
        case 3 if isinstance(holder, dict):
            holder[key] = holder.pop(key)
        case 3:
            holder.reverse()
        case _ if isinstance(holder, dict):
            holder["more_than_asked"] = 1
        case _:
            holder.append(holder[key])
    said = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return said.ljust(len(raw), b"\n") if raw.endswith(b"\n") else said


def _holders(value: Any) -> Iterator[tuple[Any, Any]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in list(inside):
        yield value, key
        yield from _holders(one)


def _other(value: Any, chance: random.Random) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + chance.choice([-1, 1, 2**40])
        case str():
            return value[1:] + value[:1] if chance.randrange(2) else value[:-1]
        case _:
            return []


class Byzantine(Cosigner):
    """A witness that cosigns whatever it is sent, twice the same size if need be, at whatever time its clock tells."""

    def _answer(self, body: bytes) -> Answer:
        self.bodies.append(body)
        text = parse_note(AddCheckpoint.parse(body).checkpoint).text
        return Answer(status=200, content_type=TEXT, body=self.lines(Checkpoint.parse(text)))


@dataclass(frozen=True)
class ForkedLog:
    """Two histories under one log's keys, alike in their first `common` entries."""

    common: int

    def checkpoint(self, side: str, size: int) -> Checkpoint:
        """Return a checkpoint of one side."""
        return Checkpoint(origin=ORIGIN, size=size, root=root_of(self._leaves(side, size)))

    def note(self, side: str, size: int) -> bytes:
        """Return it as the log signs it."""
        return signed_note(self.checkpoint(side, size))

    def add(self, side: str, old: int, new: int) -> bytes:
        """Return the request to cosign a side, with the best proof there is from `old`."""
        return AddCheckpoint(old=old, proof=self._proof(side, old, new), checkpoint=self.note(side, new)).format()

    def begins(self, side: str, first: Checkpoint, second: Checkpoint) -> tuple[bytes, tuple[bytes, ...]]:
        """Return with which root the larger checkpoint's side begins, and the proof of it: its tiles show that."""
        return root_of(self._leaves(side, first.size)), self._proof(side, first.size, second.size)

    def _proof(self, side: str, old: int, new: int) -> tuple[bytes, ...]:
        leaves = self._leaves(side, new)
        ranges = proof_ranges(start=0, end=old, size=new) if 0 < old < new else ()
        return tuple(root_of(leaves[part.start : part.stop]) for part in ranges)

    def _leaves(self, side: str, size: int) -> list[bytes]:
        return [leaf_hash(f"{side if at >= self.common else ''}{at}".encode()) for at in range(size)]

"""Check a proof of fraud without Sealtrace.

    python3 fraud_check.py PROOF CHARTER…

Needs Python 3.11 and the packages cryptography and PyNaCl. It shares no line with Sealtrace, so that the two can be
held against each other. CHARTER are charter files of the log that you believe, from a source of your own; their
SHA-256 is printed for you to compare. Exit 0: proved, and whom it convicts is printed. Exit 1: it proves nothing.
The format is docs/protocol.md, 9.12.
"""

import base64
import binascii
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign_open
from nacl.exceptions import BadSignatureError

LEVELS = ["UNCLASSIFIED", "RESTRICTED", "CONFIDENTIAL", "SECRET"]
CLASSES = ["T0", "T1", "T2", "T3"]
MEMBERS = {
    "fork": ["first", "second", "root", "path"],
    "cosignature": ["first", "second", "root", "path", "by"],
    "batches": ["checkpoint", "batches"],
    "ceiling": ["checkpoint", "r", "grant", "charter", "next"],
    "denied": ["checkpoint", "question", "answer", "record", "slip"],
}
CHECKPOINT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([^\n]+)\n")
LINE = re.compile("— ([^ \n]+) ([^ \n]+)")
PLAIN, ED25519_COSIGNATURE, ML_DSA_44 = 1, 4, 6


class RefusedError(Exception):
    """The file proves nothing; the text says why."""


class NoteKey(NamedTuple):
    """A key that signs notes: its name, the type of its signatures, its bytes."""

    name: str
    kind: int
    raw: bytes

    @property
    def identity(self) -> tuple[str, bytes]:
        """Return the name and the key id by which a signature line names the key."""
        typed = bytes([self.kind]) + self.raw
        return self.name, hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:4]


class Checkpoint(NamedTuple):
    """A checkpoint whose log signed it, and the witnesses' keys that cosigned it."""

    origin: str
    size: int
    root: bytes
    signed_by: set[NoteKey]


def main(arguments: list[str]) -> int:
    """Check the proof that the arguments name, against the charters that they name."""
    if len(arguments) < 2:
        print(__doc__)
        return 2
    proof, *charters = (Path(name).read_bytes() for name in arguments)
    for name, charter in zip(arguments[1:], charters, strict=True):
        print(f"believed     {name}\n             SHA-256 {b64u(hashlib.sha256(charter).digest())}")
    try:
        kind, who = check(proof, charters)
    except RefusedError as error:
        print(f"✗ proves nothing: {error}")
        return 1
    print(f"✓ proved     {kind}")
    print(f"convicts     {', '.join(who)}")
    return 0


def check(proof: bytes, charters: list[bytes]) -> tuple[str, tuple[str, ...]]:
    """Return the kind of a proof and whom it convicts: the log by its origin, a witness by its agency's id."""
    try:
        return judge(proof, charters)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise RefusedError("not of the form that a proof and its parts have") from error


def judge(proof: bytes, charters: list[bytes]) -> tuple[str, tuple[str, ...]]:
    """Do what `check` promises; whatever is not of the right form may raise what Python raises."""
    value = strict_json(proof)
    kind = value.get("kind") if isinstance(value, dict) else None
    if kind not in MEMBERS:
        raise RefusedError("not a proof of a kind that this script knows")
    members(value, ["typ", "kind", *MEMBERS[kind]])
    require(value["typ"] == "sealtrace/v1/fraud", "not a proof of fraud")
    believed = [(charter_of(file), file) for file in charters]
    require(len({charter["origin"] for charter, _ in believed}) == 1, "charters of one log are needed")
    require(len({charter["ver"] for charter, _ in believed}) == len(believed), "a charter is named twice")
    checks = {"batches": two_batches, "ceiling": above_ceiling, "denied": denied_hit}
    return kind, checks.get(kind, fork)(value, believed)


def fork(value: Any, believed: list[Any]) -> tuple[str, ...]:
    """Two checkpoints of one log that cannot both be true; a witness, if one is named, that cosigned both."""
    first, second = (open_note(text(value[name]), believed) for name in ("first", "second"))
    require(first.origin == second.origin, "two different logs")
    path = hashes(value["path"])
    if first.size == second.size:
        require(value["root"] is None and not path, "trees of one size need no path")
        began = second.root
    else:
        require(0 < first.size < second.size, "the smaller tree stands first, and is not empty")
        began = unb64u(value["root"], 32)
        consistency(first.size, second.size, began, second.root, path)
    require(began != first.root, "the two checkpoints agree")
    if "by" not in value:
        return (first.origin,)
    for found in (first, second):
        cosigners = {key.kind for key in found.signed_by if key.name.endswith(f"/witness/{value['by']}")}
        require(cosigners == {ED25519_COSIGNATURE, ML_DSA_44}, "the witness has not cosigned both with both keys")
    return (first.origin, value["by"])


def two_batches(value: Any, believed: list[Any]) -> tuple[str, ...]:
    """Two batches of one issuer and sequence number, both in the log."""
    checkpoint = open_note(text(value["checkpoint"]), believed)
    require(isinstance(value["batches"], list) and len(value["batches"]) == 2, "a pair of batches is needed")
    found = []
    for one in value["batches"]:
        members(one, ["entry", "index", "path"])
        logged(text(one["entry"]).encode(), one, checkpoint)
        general = strict_json(text(one["entry"]).encode())
        payload = unb64u(general["payload"])
        found.append((payload, strict_json(payload)))
    (payload1, first), (payload2, second) = found
    for batch in (first, second):
        require(batch.get("typ") == "sealtrace/v1/batch" and batch["log"] == checkpoint.origin, "no batch of this log")
    require((first["iss"], first["seq"]) == (second["iss"], second["seq"]), "two different names")
    require(payload1 != payload2, "one batch, signed twice")
    return (checkpoint.origin,)


def above_ceiling(value: Any, believed: list[Any]) -> tuple[str, ...]:
    """A grant to a recipient above the ceiling that the charter in force sets it."""
    checkpoint = open_note(text(value["checkpoint"]), believed)
    files = {charter["ver"]: (charter, file) for charter, file in believed}
    members(value["charter"], ["ver", "index", "path"])
    members(value["grant"], ["entry", "index", "path"])
    ver, grant = value["charter"]["ver"], value["grant"]
    require(ver in files, f"charter {ver} is needed")
    charter, file = files[ver]
    logged(charter_entry(charter, file), value["charter"], checkpoint)
    entry = text(grant["entry"]).encode()
    logged(entry, grant, checkpoint)
    require(value["charter"]["index"] < grant["index"], "this charter was not in force yet")
    if value["next"] is None:
        require(ver + 1 not in files, "the next charter exists, and where it stands is not shown")
    else:
        require(ver + 1 in files, f"charter {ver + 1} is needed")
        members(value["next"], ["index", "path"])
        logged(charter_entry(*files[ver + 1]), value["next"], checkpoint)
        require(value["next"]["index"] > grant["index"], "another charter was in force")
    header, encoded, _ = entry.decode().split(".")
    require(strict_json(unb64u(header)).get("typ") == "sealtrace-grant+jws", "no grant")
    payload = strict_json(unb64u(encoded))
    require(value["r"] != payload["iss"] and value["r"] in [to["r"] for to in payload["to"]], "no bound recipient")
    ceiling = next((agency["ceiling"] for agency in charter["agencies"] if agency["id"] == value["r"]), None)
    above = ceiling is None or LEVELS.index(payload["lvl"]) > LEVELS.index(ceiling)
    require(above, "the grant is within the ceiling")
    return (checkpoint.origin,)


def denied_hit(value: Any, believed: list[Any]) -> tuple[str, ...]:
    """A record whose owner shows its open slip, and a signed answer that leaves it out."""
    checkpoint = open_note(text(value["checkpoint"]), believed)
    members(value["record"], ["entry", "index", "path"])
    entry, index = text(value["record"]["entry"]), value["record"]["index"]
    logged(entry.encode(), value["record"], checkpoint)
    question_raw, slip_raw = text(value["question"]).encode(), text(value["slip"]).encode()
    question, slip = strict_json(question_raw), strict_json(slip_raw)
    matching = [pair for pair in believed if (pair[0]["match"] or {}).get("ep") == slip["ep"]]
    answer = open_answer(text(value["answer"]), matching)
    require(answer["q"] == b64u(hashlib.sha256(question_raw).digest()), "the answer to another question")
    header, encoded, _ = entry.split(".")
    require(strict_json(unb64u(header)).get("typ") == "sealtrace-record+sd-jwt", "no record")
    record = strict_json(unb64u(encoded))
    require(record["slip"] == b64u(hashlib.sha256(slip_raw).digest()), "the slip of another record")
    asked = {(one["ep"], one["c"], one["t"]) for one in question["tok"]}
    tokens = {(slip["ep"], CLASSES[place % 4], token) for place, token in enumerate(slip["tok"])}
    require(slip["hit"] == "open" and bool(asked & tokens), "the slip does not match openly")
    places = [slot["i"] for slot in answer["slots"] if slot is not None]
    covered = question["after"] < index < answer["n"] and (not answer["more"] or index < places[-1])
    require(covered and index not in places and record["iss"] != answer["to"], "the answer denies nothing")
    return (checkpoint.origin,)


def open_answer(compact: str, believed: list[Any]) -> Any:
    """Return the payload of an answer that the answer key of a charter signed, of those with the slip's token epoch."""
    header, encoded, signature = parts(compact)
    for charter, _ in believed:
        kid, raw = charter["log"]["answer"]["kid"], unb64u(charter["log"]["answer"]["pk"], 32)
        expected = b64u(f'{{"alg":"Ed25519","kid":"{kid}","typ":"sealtrace-answer+jws"}}'.encode())
        if header == expected and ed25519(raw, f"{header}.{encoded}".encode(), unb64u(signature)):
            return strict_json(unb64u(encoded))
    raise RefusedError("no charter has the key that signed this answer")


def open_note(note: str, believed: list[Any]) -> Checkpoint:
    """Return a checkpoint that both log keys of one charter signed (C2SP signed-note, tlog-checkpoint)."""
    body, empty, lines = note.rpartition("\n\n")
    found = CHECKPOINT.fullmatch(body + "\n")
    require(bool(empty) and found is not None and lines.endswith("\n"), "not a checkpoint")
    origin, size, root = found[1], int(found[2]), unb64(found[3], 32)  # type: ignore[index]  # required above
    signatures = [signature_line(line) for line in lines[:-1].split("\n")]
    for charter, _ in sorted(believed, key=lambda pair: -int(pair[0]["ver"])):
        logs = {charter["origin"]: "vkeys", f"{charter['origin']}/access": "access"}
        if origin not in logs:
            continue
        own = [vkey(word) for word in charter["log"][logs[origin]]]
        known = {key.identity: key for key in (*own, *witness_keys(charter))}
        claimed = [(known[identity], raw) for identity, raw in signatures if identity in known]
        good = {key for key, raw in claimed if note_signature(key, raw, body + "\n", (origin, size, root))}
        if len(good) == len(claimed) and set(own) <= good:
            return Checkpoint(origin, size, root, good)
    raise RefusedError("no charter has the keys that signed this checkpoint")


def note_signature(key: NoteKey, raw: bytes, body: str, tree: tuple[str, int, bytes]) -> bool:
    """Say whether a signature line is good (C2SP tlog-cosignature)."""
    origin, size, root = tree
    if key.kind == PLAIN:
        return ed25519(key.raw, body.encode(), raw)
    time, bare = int.from_bytes(raw[:8], "big"), raw[8:]
    if key.kind == ED25519_COSIGNATURE:
        return ed25519(key.raw, f"cosignature/v1\ntime {time}\n{body}".encode(), bare)
    name, log = key.name.encode(), origin.encode()
    message = b"subtree/v1\n\0" + bytes([len(name)]) + name + raw[:8] + bytes([len(log)]) + log
    message += bytes(8) + size.to_bytes(8, "big") + root
    return ml_dsa(key.raw, message, bare)


def signature_line(line: str) -> tuple[tuple[str, bytes], bytes]:
    """Return by whom a signature line claims to be, and its signature."""
    found = LINE.fullmatch(line)
    if found is None:
        raise RefusedError("not a signature line")
    raw = unb64(found[2])
    return (found[1], raw[:4]), raw[4:]


def vkey(word: str) -> NoteKey:
    """Return the key of a vkey."""
    name, _, raw = word.split("+", 2)
    decoded = unb64(raw)
    return NoteKey(name, decoded[0], decoded[1:])


def witness_keys(charter: Any) -> list[NoteKey]:
    """Return the keys that the charter's witnesses cosign with."""
    agencies = {agency["id"]: agency for agency in charter["agencies"]}
    found = []
    for one in charter["witness"]["agencies"]:
        first, second = (unb64u(key["pk"]) for key in agencies[one]["keys"] if key["role"] == "witness")
        name = f"{charter['origin']}/witness/{one}"
        found += [NoteKey(name, ED25519_COSIGNATURE, first), NoteKey(name, ML_DSA_44, second)]
    return found


def logged(entry: bytes, place: Any, checkpoint: Checkpoint) -> None:
    """Require that an entry is in the tree (RFC 9162, 2.1.3.2)."""
    index, path = place["index"], hashes(place["path"])
    require(type(index) is int and 0 <= index < checkpoint.size, "not an index of this tree")
    fn, sn, node = index, checkpoint.size - 1, hashlib.sha256(b"\0" + entry).digest()
    for sibling in path:
        require(sn > 0, "a path that is too long")
        if fn & 1 or fn == sn:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0 and node == checkpoint.root, "the entry is not in the signed tree")


def consistency(size1: int, size2: int, root1: bytes, root2: bytes, path: list[bytes]) -> None:
    """Require that the tree of `size2` leaves under `root2` begins with `root1` (RFC 9162, 2.1.4.2)."""
    whole = size1 & (size1 - 1) == 0
    proof = [root1, *path] if whole else path
    require(len(proof) > 0, "an empty consistency proof")
    fn, sn = size1 - 1, size2 - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = proof[0]
    for sibling in proof[1:]:
        require(sn > 0, "a consistency proof that is too long")
        if fn & 1 or fn == sn:
            first = hashlib.sha256(b"\1" + sibling + first).digest()
            second = hashlib.sha256(b"\1" + sibling + second).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = hashlib.sha256(b"\1" + second + sibling).digest()
        fn, sn = fn >> 1, sn >> 1
    require(sn == 0 and first == root1 and second == root2, "the consistency proof does not hold")


def charter_of(file: bytes) -> Any:
    """Return what a charter file says. Its signatures are not asked for: it is yours, and you believe it."""
    charter = strict_json(unb64u(strict_json(file)["payload"]))
    require(charter.get("typ") == "sealtrace/v1/charter-file", "not a charter file")
    return charter


def charter_entry(charter: Any, file: bytes) -> bytes:
    """Return the log's entry for a charter file."""
    digest = b64u(hashlib.sha256(file).digest())
    head = f'"typ":"sealtrace/v1/charter","ver":{charter["ver"]},"origin":"{charter["origin"]}"'
    return f'{{{head},"h":"{digest}"}}'.encode()


def ed25519(key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether an Ed25519 signature is good, by a canonical key of prime order."""
    if len(key) != 32 or len(signature) != 64 or not crypto_core_ed25519_is_valid_point(key):
        return False
    try:
        crypto_sign_open(signature + message, key)
    except BadSignatureError:
        return False
    return True


def ml_dsa(key: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether an ML-DSA-44 signature is good (empty context)."""
    try:
        MLDSA44PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def strict_json(raw: bytes) -> Any:
    """Return the value of a JSON text in its one spelling."""
    try:
        value = json.loads(raw)
        again = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError) as error:
        raise RefusedError("not JSON") from error
    require(again == raw, "not the one spelling of JSON")
    return value


def members(value: Any, names: list[str]) -> None:
    """Require an object of exactly these members, in this order."""
    require(isinstance(value, dict) and list(value) == names, f"an object needs the members {names}")


def parts(compact: str) -> list[str]:
    """Return the three parts of a compact JWS."""
    found = compact.split(".")
    require(len(found) == 3, "not a compact JWS")
    return found


def text(value: Any) -> str:
    """Return a text."""
    require(isinstance(value, str), "a text is needed")
    return str(value)


def hashes(value: Any) -> list[bytes]:
    """Return a list of at most 63 hashes."""
    require(isinstance(value, list) and len(value) <= 63, "a list of hashes is needed")
    return [unb64u(one, 32) for one in value]


def b64u(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64u(word: Any, size: int | None = None) -> bytes:
    """Return the bytes of base64url in its one spelling."""
    return decode(text(word), "-_", size)


def unb64(word: str, size: int | None = None) -> bytes:
    """Return the bytes of padded base64 in its one spelling."""
    return decode(word, "+/", size)


def decode(word: str, alphabet: str, size: int | None) -> bytes:
    """Return the bytes of a base64 text, if encoding them gives the same text again."""
    padding = "=" * (-len(word) % 4) if alphabet == "-_" else ""
    try:
        raw = base64.b64decode(word + padding, altchars=alphabet.encode(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError("not base64") from error
    again = base64.b64encode(raw, altchars=alphabet.encode()).decode()
    require((again.rstrip("=") if padding or alphabet == "-_" else again) == word, "a second spelling of base64")
    require(size is None or len(raw) == size, "not of the length it must have")
    return raw


def require(holds: bool, why: str) -> None:  # noqa: FBT001 - the condition is the whole argument
    """Raise RefusedError unless something holds."""
    if not holds:
        raise RefusedError(why)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A proof that travels: an entry's place in the log, with the checkpoint it stands under (C2SP tlog-proof@v1)."""

import re
from dataclasses import dataclass

from crypto.encoding import HASH_BYTES, b64, unb64
from crypto.errors import EncodingError
from ledger.errors import MalformedError, TooLargeError
from ledger.merkle import MAX_HASHES, MAX_SIZE
from ledger.notes import MAX_NOTE_BYTES

HEADER = "c2sp.org/tlog-proof@v1"
MAX_EXTRA_BYTES = 65_535
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 2**17

_HEAD = re.compile(
    rf"{re.escape(HEADER)}\n(?:extra (?P<extra>[^\n]+)\n)?index (?P<index>0|[1-9][0-9]{{0,18}})\n"
    rf"(?P<hashes>(?:[^\n]+\n){{0,{MAX_HASHES}}})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """The place `index`, the hashes from the leaf's sibling upwards, and the signed checkpoint as received.

    `extra` is carried, never authenticated; nothing in this project reads it.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse what has no spelling."""
        if not 0 <= self.index <= MAX_SIZE or len(self.hashes) > MAX_HASHES:
            raise MalformedError("no proof has this index or this many hashes")
        if not self.checkpoint or not {HASH_BYTES}.issuperset(map(len, self.hashes)):
            raise MalformedError("a proof without a checkpoint, or a hash that has not 32 bytes")
        if self.extra is not None and not 1 <= len(self.extra) <= MAX_EXTRA_BYTES:
            raise MalformedError("extra data of a size that no proof carries")

    def format(self) -> bytes:
        """Return the content of a `.tlog-proof` file."""
        extra = [] if self.extra is None else [f"extra {b64(self.extra)}"]
        lines = [HEADER, *extra, f"index {self.index}", *map(b64, self.hashes), "\n"]
        return "\n".join(lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, raw: bytes) -> "TlogProof":
        """Return the proof that `raw` spells; raise TooLargeError or MalformedError. Verifies nothing."""
        if len(raw) > MAX_PROOF_BYTES:
            raise TooLargeError(f"a proof of more than {MAX_PROOF_BYTES} bytes")
        head, _, checkpoint = raw.partition(b"\n\n")
        try:
            match = _HEAD.fullmatch(head.decode("ascii") + "\n")
            if match is None:
                raise MalformedError("not a tlog-proof@v1")
            hashes = tuple(unb64(line, size=HASH_BYTES) for line in match["hashes"].split("\n")[:-1])
            extra = None if match["extra"] is None else unb64(match["extra"])
        except (EncodingError, UnicodeDecodeError) as error:
            raise MalformedError("a proof that is not in ASCII and base64") from error
        return cls(index=int(match["index"]), hashes=hashes, checkpoint=checkpoint, extra=extra)

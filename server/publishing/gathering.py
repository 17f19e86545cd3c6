"""The cosignatures under one checkpoint as they come in. Nothing is merged that was not verified."""

from collections.abc import Sequence

from ledger.checkpoints import open_cosigned
from ledger.errors import BadSignatureError, LedgerError, MalformedError, TooLargeError
from ledger.notes import NoteSignature, VerifierKey, format_note, parse_note, parse_signature
from ledger.witnesses import open_published
from server.publishing.target import Target

MAX_LINES = 16
MAX_LINES_BYTES = 65_536


class Gathering:
    """One target, and who has cosigned it. Only the publisher's thread adds; any thread may verify."""

    def __init__(self, target: Target) -> None:
        """Begin with the log's own signatures."""
        self.target = target
        note = parse_note(target.note)
        self.text = note.text
        # What was restored from a mirror brings the cosignatures of its day.
        self._own = tuple(line for line in note.signatures if line.name == target.log.origin(target.charter))
        self._lines: dict[str, tuple[NoteSignature, ...]] = {}

    def verify(self, agency: str, answer: bytes) -> tuple[NoteSignature, ...]:
        """Return the lines of a witness's answer that count: by its keys, and good; raise a LedgerError.

        Lines by other names and keys are left out. A bad one by its own keys refuses the whole answer, and so does
        one algorithm without the other, or a time that claims nothing.
        """
        pairs = self.target.keys_of(agency)
        keys = {(key.name, key.key_id): key for pair in pairs for key in pair}
        lines = [line for line in _parse(answer) if (line.name, line.key_id) in keys]
        verified = self._verified(lines, list(keys.values()))
        if not any(verified.issuperset(pair) for pair in pairs):
            raise BadSignatureError("not both of the witness's keys have cosigned")
        return tuple(lines)

    def add(self, agency: str, lines: tuple[NoteSignature, ...]) -> None:
        """Take lines in that `verify` returned; newer ones take the place of older."""
        self._lines[agency] = lines

    def holds(self, agency: str) -> bool:
        """Say whether an agency has cosigned."""
        return agency in self._lines

    @property
    def count(self) -> int:
        """Return how many agencies have cosigned."""
        return len(self._lines)

    def note(self) -> bytes:
        """Return the checkpoint with what was gathered, the agencies in their order."""
        lines = [line for agency in sorted(self._lines) for line in self._lines[agency]]
        return format_note(self.text, [*self._own, *lines])

    def published(self) -> bytes | None:
        """Return the note once it may be published, judged as every reader will judge it; else None."""
        target = self.target
        note = self.note()
        try:
            open_published(
                note,
                charter=target.charter,
                previous=target.previous,
                log=target.log,
                old_quorum_lost=target.old_quorum_lost,
            )
        except LedgerError:
            return None
        return note

    def _verified(self, lines: Sequence[NoteSignature], keys: list[VerifierKey]) -> frozenset[VerifierKey]:
        target = self.target
        opened = open_cosigned(
            format_note(self.text, [*self._own, *lines]),
            origin=target.log.origin(target.charter),
            vkeys=target.log.vkeys(target.charter),
            witnesses=keys,
        )
        return frozenset(item.key for item in opened.cosignatures if item.timestamp)


def _parse(answer: bytes) -> list[NoteSignature]:
    if len(answer) > MAX_LINES_BYTES:
        raise TooLargeError(f"cosignatures of more than {MAX_LINES_BYTES:,} bytes")
    try:
        text = answer.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("cosignatures are UTF-8") from error
    if not text.endswith("\n") or text.count("\n") > MAX_LINES:
        raise MalformedError(f"not one to {MAX_LINES} signature lines")
    return [parse_signature(line) for line in text[:-1].split("\n")]

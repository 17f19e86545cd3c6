"""The states of an import, and which may follow which. Whatever is not listed here cannot happen."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class State(Enum):
    """Where an import stands. Until `sending` nothing of it is sealed; from `sending` on it is only ever finished."""

    UPLOADED = "uploaded"
    MAPPED = "mapped"
    CHECKED = "checked"
    PROPOSED = "proposed"
    APPROVED = "approved"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    ENDED = "ended"

    @property
    def is_over(self) -> bool:
        """Say whether nothing can follow: what was uploaded is deleted."""
        return not FOLLOWING[self]

    @property
    def is_worked_on(self) -> bool:
        """Say whether the next step is the program's, not a person's; an upload's is until its columns are known."""
        return self in {State.MAPPED, State.APPROVED, State.SENDING}


FOLLOWING: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        # Uploaded again: read anew as another sheet or encoding.
        State.UPLOADED: frozenset({State.UPLOADED, State.MAPPED, State.REFUSED, State.ENDED}),
        # Back to the columns: the map does not fit them.
        State.MAPPED: frozenset({State.CHECKED, State.UPLOADED, State.ENDED}),
        State.CHECKED: frozenset({State.UPLOADED, State.MAPPED, State.PROPOSED, State.APPROVED, State.ENDED}),
        # Back to be looked at: the proposal ran out, or was for something else than would be sealed now.
        State.PROPOSED: frozenset({State.APPROVED, State.CHECKED, State.REFUSED, State.ENDED}),
        State.APPROVED: frozenset({State.SENDING, State.CHECKED, State.ENDED}),
        # Back to be looked at: profile or charter changed who would read the rest. What is logged stays logged.
        State.SENDING: frozenset({State.DONE, State.CHECKED}),
        State.DONE: frozenset(),
        State.REFUSED: frozenset(),
        State.ENDED: frozenset(),
    }
)

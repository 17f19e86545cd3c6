"""What the record of use says that people did about people. In English: it is read by the agency's auditor, and kept."""

from clients.desk.people.mandates import Mandate

ADMITTED = "came in by a link"
SIGNED_IN = "signed in"
SIGNED_OUT = "signed out"
SIGNED_OUT_EVERYWHERE = "signed out everywhere"
CONFIRMED = "confirmed who they are"
HALTED = "used a passkey whose counter went back"
ADDED_PASSKEY = "added a passkey"
REMOVED_PASSKEY = "removed a passkey"
CHANGED_PASSWORD = "set a password and an app"  # noqa: S105 - words of the record of use, not a password
INVITED = "made a link"
APPROVED = "approved"
WITHDREW = "withdrew"
CHANGED = "changed what somebody may do"
ENDED = "ended"
ASKED_TO_CHANGE = "proposed to change what somebody may do"
ASKED_TO_END = "proposed to end"
SENT_AWAY = "ended the sessions of"

BY_PASSKEY = "with a passkey"
BY_PASSWORD = "with a password and a code"  # noqa: S105 - words of the record of use, not a password


def given(name: str, mandate: Mandate | None) -> str:
    """Return whom something was done to, and what they then may do."""
    return name if mandate is None else f"{name}: {mandate.in_words()}"

"""What is refused about people and about proving who one is. No text quotes a name, a password, a code or a link."""

from clients.errors import ClientError


class PeopleError(ClientError):
    """A change of who may do what that is not allowed, or not any more."""


class IdentityError(PeopleError):
    """Whoever asks has not proved who they are. The words are the same whatever was wrong: they must teach nothing."""


class AttemptsError(IdentityError):
    """Too many attempts; the next one is looked at in `retry_after_seconds`."""

    def __init__(self, *, retry_after_seconds: int) -> None:
        """Hold how long to wait."""
        super().__init__(
            "there were too many attempts to sign in",
            next_step=f"wait {retry_after_seconds} seconds, or use a passkey",
        )
        self.retry_after_seconds = retry_after_seconds

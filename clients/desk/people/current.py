"""Whom a request comes from: flask-login's current user, which here is a row of sessions and nothing in a cookie."""

from flask_login import UserMixin, current_user  # type: ignore[import-untyped]  # it has no types

from clients.desk.people.person import SignedIn


class User(UserMixin):  # type: ignore[misc]  # flask-login has no types
    """What flask-login knows of whoever asks."""

    def __init__(self, signed_in: SignedIn) -> None:
        """Hold the session; its person goes with it."""
        self.signed_in = signed_in
        self.id = str(signed_in.person.id)


def me() -> SignedIn:
    """Return who is signed in; only where the rule of the page has let somebody in."""
    signed_in: SignedIn = current_user.signed_in
    return signed_in


def somebody() -> SignedIn | None:
    """Return who is signed in, or None: for what comes before the rule, and for pages that strangers see too."""
    return me() if current_user.is_authenticated else None

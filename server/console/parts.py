"""What a console is made of, so that a test may hand in its own clock and cost."""

from collections.abc import Callable
from dataclasses import dataclass

from server.accounts import Accounts
from server.console.facts import Facts
from server.console.place import Place
from server.console.signingin import SigningIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one console."""

    place: Place
    facts: Facts
    accounts: Accounts
    signing_in: SigningIn
    clock: Callable[[], int]

    def close(self) -> None:
        """Close what reads and writes."""
        self.facts.close()
        self.accounts.close()

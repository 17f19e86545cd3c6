"""Checking a name and a password: at one speed for every name, a few at a time, and not too often."""

import threading
from collections.abc import Callable
from http import HTTPStatus

from crypto.errors import PasswordError
from crypto.keystore import STRONG, Cost
from crypto.passwords import MOST_BYTES, hash_password, one_time_password, verify_password
from ledger.errors import BusyError
from server.accounts import Account, Accounts
from server.console.gate import RefusedError
from server.ratelimit import RateLimit

_AN_ADDRESS = {"most": 20, "seconds": 5 * 60}
_A_NAME = {"most": 10, "seconds": 15 * 60}
# Each check takes 64 MiB: more at once would let anybody fill the machine's memory with wrong passwords.
_AT_ONCE = 2
_WAIT_SECONDS = 5.0


class SigningIn:
    """The one place where a password is compared."""

    def __init__(self, accounts: Accounts, *, clock: Callable[[], int], cost: Cost = STRONG) -> None:
        """Take the accounts; `cost` is that of new hashes, and of the one that stands in for an unknown name."""
        self._accounts = accounts
        self._cost = cost
        self._addresses = RateLimit(**_AN_ADDRESS, clock=clock)
        self._names = RateLimit(**_A_NAME, clock=clock)
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._decoy = hash_password(one_time_password().encode(), cost=cost)

    def check(self, *, name: str, password: str, address: str) -> Account | None:
        """Return the account, or None: whether there is one of that name shows neither in words nor in time."""
        self._take(name, address)
        account = self._accounts.find(name)
        try:
            with _Place(self._places):
                verify_password(password.encode()[: MOST_BYTES + 1], kept=account.password if account else self._decoy)
        except PasswordError:
            return None
        return account

    def hash(self, password: bytes) -> str:
        """Return what is kept of a new password."""
        with _Place(self._places):
            return hash_password(password, cost=self._cost)

    def _take(self, name: str, address: str) -> None:
        try:
            self._addresses.take(address)
            self._names.take(name)
        except BusyError as error:
            raise RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "Too many attempts to sign in.",
                next_step=f"Wait {error.retry_after_seconds} seconds and try again.",
            ) from error


class _Place:
    def __init__(self, places: threading.BoundedSemaphore) -> None:
        self._places = places

    def __enter__(self) -> None:
        if not self._places.acquire(timeout=_WAIT_SECONDS):
            raise RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE, "Others are signing in.", next_step="Try again in a moment."
            )

    def __exit__(self, *_error: object) -> None:
        self._places.release()

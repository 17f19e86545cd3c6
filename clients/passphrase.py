"""Where a passphrase comes from: a file descriptor, a service credential or a prompt, and never an argument.

Arguments and environment variables are shown by `ps` and `/proc` to others on the machine; a descriptor number
and a credential folder (systemd, LoadCredentialEncrypted=) tell nothing.
"""

import os
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path

from clients.errors import PassphraseError

MAX_PASSPHRASE_BYTES = 1024
MIN_NEW_CHARACTERS = 12


class Purpose(Enum):
    """Which keystore a passphrase opens; the value is the end of its descriptor's and credential's name."""

    KEYSTORE = ""
    ROOT = "root"
    OFFICER = "officer"

    @property
    def variable(self) -> str:
        """Return the environment variable that holds the descriptor's number."""
        return f"SEALTRACE_{self.value.upper()}_PASSPHRASE_FD" if self.value else "SEALTRACE_PASSPHRASE_FD"

    @property
    def credential(self) -> str:
        """Return the name of the service credential."""
        return f"sealtrace-{self.value}-passphrase" if self.value else "sealtrace-passphrase"

    @property
    def title(self) -> str:
        """Return how a prompt names the keystore."""
        return _TITLES[self]


_TITLES = {
    Purpose.KEYSTORE: "keystore",
    Purpose.ROOT: "root keystore (kept offline)",
    Purpose.OFFICER: "officer's own key",
}


class Passphrases:
    """The passphrases of one run; a descriptor is read once, however often it is asked for."""

    def __init__(self, environ: Mapping[str, str], *, ask: Callable[[str], str] | None) -> None:
        """Take the environment, and the prompt (None where nobody sits at the terminal)."""
        self._environ = environ
        self._ask = ask
        self._known: dict[Purpose, bytes] = {}

    def of(self, purpose: Purpose, *, new: bool = False) -> bytes:
        """Return the passphrase for `purpose`; a `new` one is asked for twice and must be long enough."""
        if purpose not in self._known:
            self._known[purpose] = self._find(purpose, new=new)
        return self._known[purpose]

    def _find(self, purpose: Purpose, *, new: bool) -> bytes:
        found = self._from_descriptor(purpose) or self._from_credential(purpose)
        if found is None and self._ask is not None:
            found = _prompt(self._ask, purpose, twice=new).encode()
        if found is None:
            raise PassphraseError(
                f"no passphrase for the {purpose.title}",
                next_step=f"run in a terminal, or pass a file descriptor: {purpose.variable}=3 … 3<FILE",
            )
        if not 0 < len(found) <= MAX_PASSPHRASE_BYTES:
            raise PassphraseError(f"the passphrase for the {purpose.title} is empty or too long")
        if new and len(found.decode(errors="replace")) < MIN_NEW_CHARACTERS:
            raise PassphraseError(
                f"a new passphrase needs at least {MIN_NEW_CHARACTERS} characters",
                next_step="take five words drawn by dice",
            )
        return found

    def _from_descriptor(self, purpose: Purpose) -> bytes | None:
        number = self._environ.get(purpose.variable)
        if number is None:
            return None
        try:
            with os.fdopen(int(number), "rb", closefd=False) as file:
                return _first_line(file.read(MAX_PASSPHRASE_BYTES + 2))
        except (ValueError, OSError) as error:
            raise PassphraseError(
                f"{purpose.variable} names no descriptor that can be read",
                next_step=f"open one for this command: {purpose.variable}=3 … 3<FILE",
            ) from error

    def _from_credential(self, purpose: Purpose) -> bytes | None:
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        path = Path(folder) / purpose.credential if folder else None
        try:
            return _first_line(path.read_bytes()) if path is not None and path.is_file() else None
        except OSError as error:
            raise PassphraseError(f"the service credential {purpose.credential} cannot be read") from error


def _prompt(ask: Callable[[str], str], purpose: Purpose, *, twice: bool) -> str:
    first = ask(f"Passphrase of the {purpose.title}: ")
    if twice and ask("The same once more: ") != first:
        raise PassphraseError("the two passphrases differ", next_step="try again")
    return first


def _first_line(raw: bytes) -> bytes:
    return raw.split(b"\n", 1)[0].rstrip(b"\r")

"""Where the service's passphrase comes from: a descriptor, systemd, a person. Never an argument, never the environment.

Arguments and environments are shown by `ps` and inherited by children; what a descriptor held is gone once read.
"""

import getpass
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from server.errors import ConfigError

DESCRIPTOR = "SEALTRACE_PASSPHRASE_FD"
CREDENTIALS = "CREDENTIALS_DIRECTORY"
CREDENTIAL = "sealtrace-passphrase"

_MOST_BYTES = 4_096


def read_passphrase(environ: Mapping[str, str], *, prompt: Callable[[str], str] | None) -> bytes:
    """Return the passphrase; `prompt` asks a person, None is no terminal. Raises ConfigError."""
    if DESCRIPTOR in environ:
        return _checked(_from_descriptor(environ[DESCRIPTOR]))
    credential = _from_credential(Path(environ.get(CREDENTIALS, "/nonexistent")) / CREDENTIAL)
    if credential is not None:
        return _checked(credential)
    if prompt is None:
        raise ConfigError(f"no passphrase: set {DESCRIPTOR} to an open descriptor, or start from a terminal")
    return _checked(prompt("Passphrase of the service's keystore: ").encode())


def ask_passphrase() -> bytes:
    """Return the passphrase from where the process was given it, or from its terminal."""
    return read_passphrase(os.environ, prompt=getpass.getpass if sys.stdin.isatty() else None)


def _from_descriptor(text: str) -> bytes:
    try:
        with os.fdopen(int(text), "rb") as file:
            return file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{DESCRIPTOR} is not a descriptor that can be read") from error


def _from_credential(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise ConfigError(f"the service credential {CREDENTIAL} cannot be read: {error.strerror}") from error


def _checked(raw: bytes) -> bytes:
    passphrase = raw.removesuffix(b"\n")
    if not passphrase or len(passphrase) > _MOST_BYTES:
        raise ConfigError(f"a passphrase has 1 to {_MOST_BYTES} bytes")
    return passphrase

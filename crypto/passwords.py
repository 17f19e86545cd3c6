"""Passwords of people, kept as what a guess costs: Argon2id in its PHC spelling (RFC 9106).

`cryptography` has Argon2id and already is the one package that `crypto/` stands on; argon2-cffi would be a second C
library for the same primitive.
"""

import re
import secrets as chance

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from crypto.errors import PasswordError
from crypto.keystore import STRONG, Cost

LEAST_CHARACTERS = 12
MOST_BYTES = 1_024

_SALT_BYTES = 16
_HASH_BYTES = 32
_MOST_MEMORY_KIB = 524_288
_MOST_PASSES = 16
_PHC = re.compile(r"\$argon2id\$v=19\$m=([1-9][0-9]{0,8}),t=([1-9][0-9]?),p=[1-9][0-9]?\$[^$]{1,64}\$[^$]{1,128}")
# Without letters and digits that are mistaken for others when somebody reads them aloud.
_ONE_TIME_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def check_password(password: str) -> bytes:
    """Return the bytes of a password that is long enough to be kept; raise PasswordError."""
    raw = password.encode()
    if len(password) < LEAST_CHARACTERS or len(raw) > MOST_BYTES:
        raise PasswordError(f"a password has at least {LEAST_CHARACTERS} characters, and at most {MOST_BYTES:,} bytes")
    return raw


def hash_password(password: bytes, *, cost: Cost = STRONG) -> str:
    """Return what may be kept of a password: salted, and as slow to guess as `cost` says."""
    kdf = Argon2id(
        salt=chance.token_bytes(_SALT_BYTES),
        length=_HASH_BYTES,
        iterations=cost.passes,
        lanes=cost.lanes,
        memory_cost=cost.memory_kib,
    )
    return kdf.derive_phc_encoded(password)


def verify_password(password: bytes, *, kept: str) -> None:
    """Raise PasswordError unless `password` is the one that `kept` was made of."""
    found = _PHC.fullmatch(kept)
    # Whoever can write the table must not be able to make one sign-in ask for terabytes.
    if found is None or int(found[1]) > _MOST_MEMORY_KIB or int(found[2]) > _MOST_PASSES:
        raise PasswordError("what was kept is not the hash of a password")
    try:
        Argon2id.verify_phc_encoded(password[: MOST_BYTES + 1], kept)
    except InvalidKey as error:
        raise PasswordError("the password is another one") from error


def one_time_password() -> str:
    """Return a password to be shown once and changed at the first sign-in: 98 bits, in groups to be read aloud."""
    letters = [chance.choice(_ONE_TIME_LETTERS) for _ in range(20)]
    return "-".join("".join(letters[at : at + 5]) for at in range(0, 20, 5))

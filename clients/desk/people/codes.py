"""Codes from an app (TOTP, RFC 6238): the second proof beside a password. The code itself is used once."""

import base64
import re
import secrets
from dataclasses import dataclass, field

import pyotp
import segno
from pyotp.exceptions import OTPVerificationError

SECRET_BYTES = 20
STEPS_EITHER_WAY = 1

_CODE = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A secret as a page shows it, once: a picture for an app that can see, and letters for one that cannot."""

    picture: str = field(repr=False)
    letters: str = field(repr=False)


def new_secret() -> bytes:
    """Return a secret as long as RFC 4226 recommends."""
    return secrets.token_bytes(SECRET_BYTES)


def counter_of(code: str, *, secret: bytes, now: int) -> int | None:
    """Return which step of time a code belongs to, at most one before or after now; None for any other code."""
    typed = code.replace(" ", "")
    # What is no code at all is compared like one, so that it takes as long.
    tried = typed if _CODE.fullmatch(typed) else "------"
    try:
        return _totp(secret).verify_and_get_timecode(tried, for_time=now, valid_window=STEPS_EITHER_WAY)
    except OTPVerificationError:
        return None


def shown(secret: bytes, *, name: str, desk: str) -> Shown:
    """Return how a page shows a secret."""
    return Shown(picture=picture(secret, name=name, desk=desk), letters=in_letters(secret))


def in_letters(secret: bytes) -> str:
    """Return a secret as a person types it into an app that cannot see."""
    letters = base64.b32encode(secret).decode()
    return " ".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def picture(secret: bytes, *, name: str, desk: str) -> str:
    """Return the QR code for an app, as an SVG in a `data:` address: nothing is fetched, nothing is stored."""
    address = _totp(secret).provisioning_uri(name=name, issuer_name=desk)
    return segno.make(address, error="m", micro=False).svg_data_uri(scale=4, border=4, dark="#000", light="#fff")


def _totp(secret: bytes) -> pyotp.TOTP:
    return pyotp.TOTP(base64.b32encode(secret).decode())

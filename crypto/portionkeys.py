"""The keys of one portion of one record, and its sealing (docs/protocol.md, 4 and 5).

Everything comes from the epoch key and the context lp(iss, rid, portion), so nothing is stored per record. AES-GCM
alone does not commit to its key: one ciphertext can be made to open under two keys to two texts. The commitment kc
is signed with the record and checked before anything is decrypted.
"""

import hmac
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crypto.digests import expand, expand_each
from crypto.encoding import lp
from crypto.errors import EncodingError, OpenError

KEY_BYTES = 32
TAG_BYTES = 16

# A key seals one plaintext: the record id in the context is a hash of random bytes and of the plaintexts themselves,
# so that repeated randomness repeats no key under another text (docs/protocol.md, 4). A constant nonce is then safe.
_NONCE = bytes(12)

_RECORD = b"sealtrace/v1/record"
_AEAD = b"sealtrace/v1/aead"
_COMMIT = b"sealtrace/v1/commit"
_FETCH = b"sealtrace/v1/fetch"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortionKeys:
    """What follows from a record key, but for the AEAD key: that one is made where it is used and kept nowhere."""

    record_key: bytes = field(repr=False)
    commitment: bytes

    @property
    def fetch_tag(self) -> bytes:
        """Return the tag that fetches the ciphertext: made when it is asked for, most keys that are tried fit nothing."""
        return expand(self.record_key, _FETCH)


class SealedPortion(NamedTuple):
    """What sealing a portion leaves: kc, the fetch tag and the ciphertext. The keys themselves are kept nowhere."""

    commitment: bytes
    fetch_tag: bytes
    ciphertext: bytes

    def __repr__(self) -> str:
        """Return nothing that only readers may know."""
        return "SealedPortion()"


def derive(*, epoch_key: bytes, context: bytes) -> PortionKeys:
    """Return the keys under `epoch_key` (32 bytes) of the portion that `context` = lp(iss, rid, portion) names."""
    record_key = expand(_key(epoch_key), _RECORD + context)
    return PortionKeys(record_key=record_key, commitment=expand(record_key, _COMMIT))


def from_record_key(record_key: bytes) -> PortionKeys:
    """Return the keys that follow from kr, as a release hands it over; raise EncodingError unless it has 32 bytes."""
    return PortionKeys(record_key=_key(record_key), commitment=expand(record_key, _COMMIT))


def seal(*, epoch_key: bytes, context: bytes, plaintext: bytes) -> SealedPortion:
    """Return `plaintext` sealed by AES-256-GCM, 16 bytes longer, with what the record says of its keys.

    Never seal two texts under one epoch key in one context: they would share key and nonce.
    """
    record_key = expand(_key(epoch_key), _RECORD + context)
    aead_key, commitment, fetch_tag = expand_each(record_key, _AEAD, _COMMIT, _FETCH)
    ciphertext = AESGCM(aead_key).encrypt(_NONCE, plaintext, _associated(context, commitment))
    return SealedPortion(commitment, fetch_tag, ciphertext)


def open_sealed(keys: PortionKeys, *, context: bytes, commitment: bytes, ciphertext: bytes) -> bytes:
    """Return the plaintext; raise OpenError unless `commitment` is these keys' and the ciphertext opens in `context`."""
    if not hmac.compare_digest(keys.commitment, commitment):
        raise OpenError("the key is not the one this portion commits to")
    try:
        return AESGCM(expand(keys.record_key, _AEAD)).decrypt(_NONCE, ciphertext, _associated(context, commitment))
    except InvalidTag as error:
        raise OpenError("the portion does not open: its ciphertext is not the one that was sealed") from error


def epoch_key_id(epoch_key: bytes) -> bytes:
    """Return ekid, by which a grant names an epoch key without showing it (docs/protocol.md, 5)."""
    return expand(_key(epoch_key), b"sealtrace/v1/ekid")


def matching_key_id(matching_key: bytes) -> bytes:
    """Return kcid, by which the charter names the matching key without showing it (docs/protocol.md, 6)."""
    return expand(_key(matching_key), b"sealtrace/v1/kcid")


def _associated(context: bytes, commitment: bytes) -> bytes:
    # lp is a concatenation, so lp(iss, rid, portion, kc) = lp(iss, rid, portion) ‖ lp(kc).
    return b"sealtrace/v1/portion" + context + lp(commitment)


def _key(raw: bytes) -> bytes:
    if len(raw) != KEY_BYTES:
        raise EncodingError("a key of the wrong length")
    return raw

"""Whether a portion's fields fit, known before anything is sealed (docs/protocol.md, 4).

Portions have one size, full or empty. A disclosure's length follows from its name and value alone, since the salt
has a constant one, so the answer here is exact and a preview never promises what sealing then refuses.
"""

import json
from collections.abc import Mapping

from crypto.encoding import b64u
from ledger.disclosures import SALT_BYTES
from ledger.errors import LabelError
from ledger.jsontext import JsonValue
from ledger.portions import label_name
from ledger.recordform import SIZES

_LENGTH_BYTES = 4
_SALT_CHARACTERS = len(b64u(bytes(SALT_BYTES)))
_PUNCTUATION = len('["","",]')

# The spelling of `ledger.jsontext`, without reading it back: only a length is wanted, once for every field of a list.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def disclosure_bytes(name: str, value: JsonValue) -> int:
    """Return the length of the disclosure of one field: base64url of `[salt, name, value]`."""
    return _disclosure_bytes(name, _ENCODER.encode(value).encode(errors="surrogatepass"))


def free_bytes(portion: str, *, label: bytes, fields: Mapping[str, JsonValue]) -> int:
    """Return the bytes that stay free in `portion` beside its spelled label.

    Raises LabelError naming the first field that does not fit.
    """
    free = SIZES[portion] - _LENGTH_BYTES + 1
    sizes = {name: disclosure_bytes(name, value) for name, value in fields.items()}
    for name, size in {label_name(portion): _disclosure_bytes(label_name(portion), label), **sizes}.items():
        free -= size + 1
        if free < 0:
            raise LabelError(f"{name}: no room left in the {portion} portion; put it in a further record")
    return free


def _disclosure_bytes(name: str, spelled: bytes) -> int:
    raw = _PUNCTUATION + _SALT_CHARACTERS + len(name) + len(spelled)
    return -(-raw * 4 // 3)

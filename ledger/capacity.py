"""Whether a portion's fields fit, known before anything is sealed (docs/protocol.md, 4).

Portions have one size, full or empty. A disclosure's length follows from its name and value alone, since the salt
has a constant one, so the answer here is exact and a preview never promises what sealing then refuses.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType

from ledger.errors import LabelError
from ledger.jsontext import JsonValue

PORTION_BYTES: Mapping[str, int] = MappingProxyType({"item": 2_048, "event": 2_048, "case": 4_096})

_LENGTH_BYTES = 4
_SALT_CHARACTERS = 22
_PUNCTUATION = len('["","",]')

# The spelling of `ledger.jsontext`, without reading it back: only a length is wanted, once for every field of a list.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def disclosure_bytes(name: str, value: JsonValue) -> int:
    """Return the length of the disclosure of one field: base64url of `[salt, name, value]`."""
    raw = _PUNCTUATION + _SALT_CHARACTERS + len(name) + len(_ENCODER.encode(value).encode(errors="surrogatepass"))
    return -(-raw * 4 // 3)


def free_bytes(portion: str, *, label_json: JsonValue, fields: Mapping[str, JsonValue]) -> int:
    """Return the bytes that stay free in `portion`; raise LabelError naming the first field that does not fit."""
    free = PORTION_BYTES[portion] - _LENGTH_BYTES + 1
    disclosures: Mapping[str, JsonValue] = {f"{portion}.label": label_json, **fields}
    for name, value in disclosures.items():
        free -= disclosure_bytes(name, value) + 1
        if free < 0:
            raise LabelError(f"{name}: no room left in the {portion} portion; put it in a further record")
    return free

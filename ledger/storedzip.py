"""A ZIP of stored members in one spelling (APPNOTE.TXT 6.3.9, 4.3; docs/adr/0050).

Every tool opens it, and there is one way to write given members down: nothing compressed, no comment, no extra field,
one time, one mode. A reader therefore takes the members out, writes them again and compares. A ZIP read by its two
directories separately can say two things to two readers; this one cannot.
"""

import re
import struct
from collections.abc import Mapping
from types import MappingProxyType
from zlib import crc32

from ledger.checks import refuse
from ledger.errors import LedgerError, MalformedError, TooLargeError

MAX_MEMBERS = 4_096

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_VERSION = 20
_MADE_ON_UNIX = 3 << 8 | _VERSION
# 1 January 1980, the first day a ZIP knows: when it was packed is nobody's business and no part of the evidence.
_DATE = 1 << 5 | 1
_MODE = 0o100644 << 16
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")


def write_stored(members: Mapping[str, bytes]) -> bytes:
    """Return the ZIP of `members`, in their order; raise MalformedError for names that no reader takes."""
    if len(members) > MAX_MEMBERS or not all(_NAME.fullmatch(name) for name in members):
        raise _refusal("names that no bundle has")
    body, directory = bytearray(), bytearray()
    for name, data in members.items():
        shared = (0, 0, 0, _DATE, crc32(data), len(data), len(data), len(name), 0)
        directory += _CENTRAL.pack(b"PK\1\2", _MADE_ON_UNIX, _VERSION, *shared, 0, 0, 0, _MODE, len(body))
        directory += name.encode()
        body += _LOCAL.pack(b"PK\3\4", _VERSION, *shared) + name.encode() + data
    count = len(members)
    return bytes(body + directory + _END.pack(b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0))


def read_stored(raw: bytes, *, limit: int) -> Mapping[str, bytes]:
    """Return the members of a ZIP that `write_stored` wrote, in their order; raise TooLargeError or MalformedError."""
    if len(raw) > limit:
        raise TooLargeError(f"a bundle of more than {limit} bytes")
    members: dict[str, bytes] = {}
    at = 0
    while raw.startswith(b"PK\3\4", at) and len(members) <= MAX_MEMBERS:
        name, data, at = _member(raw, at)
        if name in members:
            # It would show in the bytes like all else, but after millions of members that count as one.
            raise _refusal("a name that is used twice")
        members[name] = data
    # Sums, sizes, directory, order: whatever is not as written shows in the bytes.
    if write_stored(members) != raw:
        raise _refusal("a damaged file, or packed by another tool")
    return MappingProxyType(members)


def _member(raw: bytes, at: int) -> tuple[str, bytes, int]:
    """Return the name and data of the member at `at`, and where it ends; a size beyond the file ends with the file."""
    start = at + _LOCAL.size
    if start > len(raw):
        raise _refusal("a file that ends in the middle of a member")
    size, name_bytes = _LOCAL.unpack_from(raw, at)[8:10]
    name = raw[start : start + name_bytes].decode("latin-1")
    end = start + name_bytes + size
    return name, raw[start + name_bytes : end], end


def _refusal(found: str) -> LedgerError:
    refusal = MalformedError("not a ZIP in the one spelling that bundles have")
    return refuse("bundle/container", expected="stored members, written in one way", found=found, refusal=refusal)

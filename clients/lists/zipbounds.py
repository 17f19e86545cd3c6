"""What a workbook's ZIP says of itself, judged before a byte of it is unpacked.

A ZIP of a few kilobytes can name gigabytes. `zipfile` never unpacks more than a member's stated size, so it is
enough to bound what is stated. The central directory itself is counted first: to list a million members takes memory.
"""

import struct
import zipfile
from typing import BinaryIO

MAX_MEMBERS = 1_000
MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
MAX_RATIO = 100
FREE_BYTES = 1024 * 1024
"""A member this small may be packed as tightly as it likes: a sheet of equal rows is."""

_END = b"PK\x05\x06"
_END_BYTES = 22
_MAX_COMMENT_BYTES = 65_535
_ENCRYPTED = 0x1


class ZipRefusedError(Exception):
    """A ZIP that no spreadsheet program writes; the text is one of the reasons of `workbooks.REASONS`."""


def check_zip(file: BinaryIO) -> None:
    """Raise ZipRefusedError unless the members of a ZIP are few, small and not packed beyond what lists are."""
    if _stated_members(file) > MAX_MEMBERS:
        raise ZipRefusedError("members")
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    if len(members) > MAX_MEMBERS or len({one.filename for one in members}) < len(members):
        raise ZipRefusedError("members")
    if any(one.flag_bits & _ENCRYPTED for one in members):
        raise ZipRefusedError("password")
    if sum(one.file_size for one in members) > MAX_UNPACKED_BYTES:
        raise ZipRefusedError("unpacked")
    if any(one.file_size > max(FREE_BYTES, MAX_RATIO * one.compress_size) for one in members):
        raise ZipRefusedError("ratio")


def check_kind(file: BinaryIO) -> None:
    """Raise ZipRefusedError for a ZIP, passed by `check_zip`, that is no XLSX workbook, whatever its name says."""
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
    if "xl/workbook.bin" in names:
        raise ZipRefusedError("binary")
    if {"mimetype", "content.xml"} <= names:
        raise ZipRefusedError("opendocument")
    if not any(name.casefold().endswith("workbook.xml") for name in names):
        raise ZipRefusedError("other")


def _stated_members(file: BinaryIO) -> int:
    """Return how many members the end of the central directory states, or could list: 46 bytes are the least each."""
    size = file.seek(0, 2)
    start = file.seek(max(0, size - _END_BYTES - _MAX_COMMENT_BYTES))
    tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + _END_BYTES:
        raise ZipRefusedError("damaged")
    members, directory_bytes = struct.unpack_from("<HI", tail, at + 10)
    if directory_bytes > start + at:
        raise ZipRefusedError("damaged")
    return max(int(members), int(directory_bytes) // 4_096)

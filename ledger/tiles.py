"""The tiled log as files: paths, hash tiles and entry bundles (C2SP tlog-tiles).

A tile holds up to 256 hashes of one level; only full tiles are hashed into the level above. A tile of fewer is
partial and belongs to trees of one size; once its full tile exists, that one stands in for it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from crypto.encoding import HASH_BYTES
from ledger.errors import MalformedError, NotFoundError, ProofError, TooLargeError
from ledger.jsontext import MAX_ENTRY_BYTES
from ledger.merkle import MAX_SIZE

TILE_WIDTH = 256
TILE_BYTES = TILE_WIDTH * HASH_BYTES
MAX_LEVEL = 63
MAX_INDEX = 10**18 - 1
MAX_ENTRY_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_ENTRY_BYTES)

_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9]{1,2})/(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[0-9]{1,3}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TilePath:
    """The name of one hash tile, or with level None of one bundle of entries; `width` 256 is a full one."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        """Refuse what no log can hold."""
        inside = (self.level is None or 0 <= self.level <= MAX_LEVEL) and 0 <= self.index <= MAX_INDEX
        if not inside or not 1 <= self.width <= TILE_WIDTH:
            raise MalformedError("no tile has this level, index or width")

    @property
    def is_partial(self) -> bool:
        """Return whether the tile holds fewer than 256 hashes or entries."""
        return self.width < TILE_WIDTH

    @property
    def end(self) -> int:
        """Return how many leaves the smallest tree has that has this tile, or bundle, as wide as it is named."""
        return self.index * TILE_WIDTH + self.width << 8 * (self.level or 0)

    def full(self) -> "TilePath":
        """Return the full tile that replaces this one as the log grows."""
        return TilePath(level=self.level, index=self.index)

    def format(self) -> str:
        """Return `tile/<L>/<N>[.p/<W>]` as it stands below the log's prefix."""
        level = "entries" if self.level is None else self.level
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        return f"tile/{level}/{name}" + (f".p/{self.width}" if self.is_partial else "")

    @classmethod
    def parse(cls, path: str) -> "TilePath":
        """Return the tile that `path` names; raise MalformedError for any but its one spelling."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise MalformedError("not the path of a tile")
        level, width = match["level"], match["width"]
        found = cls(
            level=None if level == "entries" else int(level),
            index=int(re.sub("[x/]", "", match["index"])),
            width=TILE_WIDTH if width is None else int(width),
        )
        if found.format() != path:
            raise MalformedError("not the path of a tile in its one spelling")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class FullTile:
    """A hash tile that will never change again: 256 hashes, 8,192 bytes."""

    level: int
    index: int
    data: bytes

    @property
    def path(self) -> TilePath:
        """Return where a client finds it."""
        return TilePath(level=self.level, index=self.index)


ReadTile: TypeAlias = Callable[[TilePath], bytes]
"""Returns the bytes of a tile, or raises NotFoundError. Nothing it returns is believed before it is checked."""


def tile_path(*, level: int, index: int, size: int) -> TilePath:
    """Return hash tile `index` of `level` as a tree of `size` leaves has it."""
    return _clipped(level=level, index=index, items=size >> 8 * level)


def entry_bundle_path(*, index: int, size: int) -> TilePath:
    """Return entry bundle `index` as a tree of `size` leaves has it."""
    return _clipped(level=None, index=index, items=size)


def tile_paths(size: int) -> Iterator[TilePath]:
    """Yield every hash tile of a tree of `size` leaves, the lowest level first; raise ProofError for a size of no tree."""
    if not 0 <= size <= MAX_SIZE:
        raise ProofError("no tree has this size")
    level = 0
    while size >> 8 * level:
        for index in range(-(-(size >> 8 * level) // TILE_WIDTH)):
            yield tile_path(level=level, index=index, size=size)
        level += 1


def read_hashes(path: TilePath, read: ReadTile) -> bytes:
    """Return the hashes of a tile, from its full tile where the log keeps the partial one no longer.

    The length is checked here (ProofError), the hashes are not. Raises NotFoundError where the log has neither.
    """
    try:
        data = read(path)
    except NotFoundError:
        if not path.is_partial:
            raise
        data = _of_width(read(path.full()), TILE_WIDTH)[: path.width * HASH_BYTES]
    return _of_width(data, path.width)


def encode_entry_bundle(entries: Sequence[bytes]) -> bytes:
    """Return 1 to 256 entries, each behind its uint16 big-endian length; raise TooLargeError for more."""
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise TooLargeError("an entry bundle holds 1 to 256 entries")
    if max(map(len, entries)) > MAX_ENTRY_BYTES:
        raise TooLargeError(f"an entry of more than {MAX_ENTRY_BYTES} bytes")
    return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])


def parse_entry_bundle(raw: bytes, *, width: int) -> tuple[bytes, ...]:
    """Return the `width` entries of a bundle; raise MalformedError if it holds more, fewer or half of one."""
    if len(raw) > MAX_ENTRY_BUNDLE_BYTES:
        raise TooLargeError(f"an entry bundle of more than {MAX_ENTRY_BUNDLE_BYTES} bytes")
    entries: list[bytes] = []
    at = 0
    # Two numbers taken from the bytes: an object made of each pair of them was a sixth of the cutting.
    while at + 1 < len(raw) and len(entries) < width:
        start = at + 2
        at = start + (raw[at] << 8 | raw[at + 1])
        entries.append(raw[start:at])
    # A length cut off leaves `at` before the last byte, one that reaches beyond the end behind it.
    if at != len(raw) or len(entries) != width:
        raise MalformedError("not a bundle of this many entries")
    return tuple(entries)


def _clipped(*, level: int | None, index: int, items: int) -> TilePath:
    width = min(TILE_WIDTH, items - index * TILE_WIDTH)
    if index < 0 or width < 1:
        raise ProofError("a tree of this size has no such tile")
    return TilePath(level=level, index=index, width=width)


def _of_width(data: bytes, width: int) -> bytes:
    if len(data) != width * HASH_BYTES:
        raise ProofError("a tile that has not the length its path says")
    return data

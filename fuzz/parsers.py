"""What a fuzzer feeds: bytes, made into what a parser takes."""

import json
from collections.abc import Callable
from typing import Any

Feed = Callable[[bytes], object]


def as_text(parse: Callable[[str], object]) -> Feed:
    """Return a feed for a parser of text: bytes that are no UTF-8 become lone surrogates, which a text may hold too."""
    return lambda raw: parse(raw.decode("utf-8", "surrogateescape"))


def as_value(parse: Callable[[Any], object]) -> Feed:
    """Return a feed for a parser of values: whatever Python's own reader makes of the bytes, floats and all."""

    def feed(raw: bytes) -> object:
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            value = raw.decode("latin-1")
        return parse(value)

    return feed

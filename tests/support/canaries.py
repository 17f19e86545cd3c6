"""Planted words, in every spelling in which they could leak, and the search for them wherever an operator has bytes."""

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

from ledger.canonical import canonical
from tests.support.memory import chunks_of, found_in
from tests.support.processes import Running
from tests.support.served import Served

# Shorter ones stand in megabytes of ciphertext by chance.
MIN_BYTES = 8


def spellings(word: str) -> frozenset[bytes]:
    """Return a word as a program may come to hold it: in other letters, encoded, escaped, or within something encoded."""
    texts = {word, word.upper(), word.lower(), canonical(word)}
    raws = {text.encode() for text in texts}
    raws |= {text.encode(code, "ignore") for text in texts for code in ("utf-16-le", "latin-1")}
    escaped = {
        spelled.encode()
        for text in texts
        for spelled in (quote(text, safe=""), quote_plus(text), text.encode("unicode_escape").decode())
    }
    return _searchable(raws | escaped | {spelled for raw in raws for spelled in encodings(raw)})


def encodings(raw: bytes) -> frozenset[bytes]:
    """Return bytes in hexadecimal, and in base64 however they are placed within what was encoded."""
    return frozenset({raw.hex().encode(), raw.hex().upper().encode(), *_base64(raw)})


def secret_spellings(secret: bytes) -> frozenset[bytes]:
    """Return a secret's bytes, as far as a line of patterns can hold them, and their encodings."""
    return _searchable({*re.split(b"[\n\r]", secret), *encodings(secret)})


def _base64(raw: bytes) -> Iterator[bytes]:
    """Yield the characters that depend on no neighbour, for each place of the first byte within a group of three."""
    for before in range(3):
        first, last = -(-8 * before // 6), 8 * (before + len(raw)) // 6
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(bytes(before) + raw)[first:last]


def _searchable(values: Iterable[bytes]) -> frozenset[bytes]:
    return frozenset(one for one in values if len(one) >= MIN_BYTES and b"\n" not in one)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Bytes that an operator has, and what must be found among them, so that a blind search does not pass for a clean one."""

    name: str
    chunks: Iterable[bytes] = field(repr=False)
    known: frozenset[bytes] = frozenset()


@dataclass
class Search:
    """A search for all that was planted; `patterns` is a file of its own."""

    patterns: Path
    planted: dict[bytes, str] = field(default_factory=dict)

    def plant(self, words: Iterable[str]) -> None:
        """Search for words in every spelling from now on."""
        self.planted |= {spelled: word for word in words for spelled in spellings(word)}

    def plant_plain(self, words: Iterable[str]) -> None:
        """Search for very many words from now on, as they stand in a file and in the memory of a Python program."""
        self.planted |= {
            spelled: word
            for word in words
            for spelled in _searchable(word.encode(code, "ignore") for code in ("utf-8", "latin-1", "utf-16-le"))
        }

    def plant_secrets(self, secrets: Mapping[str, bytes]) -> None:
        """Search for secrets from now on; what is found is told by their names."""
        self.planted |= {spelled: name for name, value in secrets.items() for spelled in secret_spellings(value)}

    def leaks(self, place: Place) -> list[str]:
        """Return what was planted and is there; raise AssertionError if what must be there is not found."""
        found = found_in(place.chunks, {*self.planted, *place.known}, patterns=self.patterns)
        missing = place.known - found
        if missing:
            raise AssertionError(f"{place.name}: the search does not see {sorted(missing)}")
        return [f"{place.name}: {self.planted[one]} as {one!r}" for one in sorted(found & self.planted.keys())]


def places_of(served: Served, *, origin: bytes, known: frozenset[bytes]) -> Iterator[Place]:
    """Yield all that the operator of a running service has; `known` is what its database must hold."""
    running = served.running
    beside = {path.name for path in running.data.iterdir()}
    if not {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"} <= beside:
        raise AssertionError("the database has no write-ahead log that could be searched")
    yield Place(name="files", chunks=files_of(running.data), known=known)
    yield Place(name="log", chunks=[running.log.read_bytes()], known=frozenset({b'"event": "request"'}))
    metrics = running.get("/metrics", port=running.metrics_port)[1]
    yield Place(name="metrics", chunks=[metrics], known=frozenset({b"sealtrace_requests"}))
    yield Place(name="requests", chunks=served.transport.take_sent(), known=frozenset({b"HTTP/1.1"}))
    yield Place(name="answers", chunks=served.transport.take_answers(), known=frozenset({b"HTTP/1.1"}))
    yield from memory_of(running, origin=origin)


def memory_of(running: Running, *, origin: bytes) -> Iterator[Place]:
    """Yield the memory of every process: each holds the program, and each but the first, which starts them, the log."""
    first, *workers = running.workers()
    program = frozenset({b"server.cli"})
    yield Place(name=f"memory of {first}", chunks=chunks_of(first), known=program)
    if not workers:
        raise AssertionError("the service has no worker")
    for pid in workers:
        yield Place(name=f"memory of {pid}", chunks=chunks_of(pid), known=program | {origin})


def files_of(folder: Path) -> Iterator[bytes]:
    """Yield the bytes of every file below a folder: databases, their write-ahead logs and shared memory, all else."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.read_bytes()

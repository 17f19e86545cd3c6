"""Fingerprints as words: both ways, one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.digests import sha256
from ledger.errors import MalformedError
from ledger.fingerprints import of_file, parse, to_text, to_words

_HASHES = st.binary(min_size=32, max_size=32)
# Wilkerson's own examples, https://arxiv.org/html/0901.4016: dotted quads and their proquints.
_PUBLISHED = [
    ("7f000001", "lusab-babad"),
    ("3f54dcc1", "gutih-tugad"),
    ("3f760723", "gutuk-bisog"),
    ("8c62c18d", "mudof-sakat"),
    ("40ff06c8", "haguz-biram"),
    ("801e342d", "mabiv-gibot"),
    ("93437702", "natag-lisaf"),
    ("d43afd44", "tibup-zujah"),
]


@pytest.mark.parametrize(("quad", "words"), _PUBLISHED)
def test_words_are_proquints_as_published(quad: str, words: str) -> None:
    """The words are the proquints of the published proposal."""
    raw = bytes.fromhex(quad)

    assert to_words(raw) == words


def test_a_fingerprint_is_the_hash_of_the_file() -> None:
    """The fingerprint of a charter file is its SHA-256."""
    assert of_file(b"file") == sha256(b"file")


@given(_HASHES)
def test_words_come_back(digest: bytes) -> None:
    """Sixteen words spell the fingerprint and nothing else does."""
    words = to_words(digest)

    assert len(words.split("-")) == 16
    assert parse(words) == digest


@given(_HASHES)
def test_base64url_comes_back(digest: bytes) -> None:
    """The short spelling is read by the same function."""
    assert parse(to_text(digest)) == digest


@given(_HASHES, _HASHES)
def test_two_fingerprints_have_different_words(one: bytes, other: bytes) -> None:
    """Different fingerprints never sound the same."""
    assert (to_words(one) == to_words(other)) == (one == other)


@given(st.text())
def test_other_text_is_refused(text: str) -> None:
    """Text that is no fingerprint raises our error and none other."""
    with pytest.raises(MalformedError):
        parse(text)


@pytest.mark.parametrize(
    "spoil",
    [
        str.upper,
        lambda words: words.replace("-", " "),
        lambda words: words[:-1] + "c",
        lambda words: words[:-1] + "a",
        lambda words: words[1:] + words[0],
        lambda words: words.replace("-", "_", 1),
        lambda words: words.replace("-", "", 1) + "-",
        lambda words: words[:5] + words[6:] + "b",
        lambda words: "-" * len(words),
    ],
)
def test_misheard_words_are_refused(spoil: object) -> None:
    """A slip of the tongue is refused, not guessed at."""
    assert callable(spoil)
    words = spoil(to_words(sha256(b"charter")))

    with pytest.raises(MalformedError):
        parse(words)

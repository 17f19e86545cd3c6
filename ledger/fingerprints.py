"""The fingerprint of a charter file, as text and as words to read over the telephone (docs/protocol.md, 8).

The words are proquints (Wilkerson, "A Proposal for Proquints", 2009): five letters for 16 bits, consonant, vowel,
consonant, vowel, consonant. They are pronounceable in most languages and need no word list on either side.
"""

from crypto.digests import sha256
from crypto.encoding import HASH_BYTES, b64u
from ledger.errors import MalformedError
from ledger.identifiers import hash_of

_CONSONANTS = "bdfghjklmnprstvz"
_VOWELS = "aiou"
# From the lowest bits up: four for a consonant, two for a vowel.
_LETTERS = (_CONSONANTS, _VOWELS, _CONSONANTS, _VOWELS, _CONSONANTS)


def of_file(file: bytes) -> bytes:
    """Return H(file): for charter 1 the one thing that has to be compared by other means."""
    return sha256(file)


def to_text(digest: bytes) -> str:
    """Return the fingerprint in base64url."""
    return b64u(digest)


def to_words(digest: bytes) -> str:
    """Return the fingerprint as 16 words joined by hyphens."""
    pairs = (digest[start : start + 2] for start in range(0, len(digest), 2))
    return "-".join(_word(int.from_bytes(pair, "big")) for pair in pairs)


def parse(text: str) -> bytes:
    """Return the 32 bytes that words or base64url spell; raise MalformedError for anything else."""
    return _from_words(text) if len(text) == len(to_words(bytes(HASH_BYTES))) else hash_of(text)


def _from_words(text: str) -> bytes:
    words = text.split("-")
    if len(words) != HASH_BYTES // 2:
        raise MalformedError("a fingerprint is 16 words")
    return b"".join(_number(word).to_bytes(2, "big") for word in words)


def _word(number: int) -> str:
    letters = []
    for alphabet in _LETTERS:
        number, place = divmod(number, len(alphabet))
        letters.append(alphabet[place])
    return "".join(reversed(letters))


def _number(word: str) -> int:
    if len(word) != len(_LETTERS):
        raise MalformedError("a word of a fingerprint has five letters")
    number = 0
    for letter, alphabet in zip(word, _LETTERS, strict=True):
        place = alphabet.find(letter)
        if place < 0:
            raise MalformedError("a word of a fingerprint is consonants and vowels in turn")
        number = number * len(alphabet) + place
    return number

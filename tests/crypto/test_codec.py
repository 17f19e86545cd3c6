"""Both base64 decoders say the same of everything, so that an outsider without pybase64 gets the same verdict."""

import json
import random
import subprocess
import sys
from pathlib import Path

from crypto.encoding import b64, b64u, unb64, unb64u
from crypto.errors import EncodingError

ROOT = Path(__file__).resolve().parents[2]
ALPHABET = b"ABCxyz059+/-_== \n\xff"
READ = """
import json, sys
sys.modules["pybase64"] = None
from crypto.encoding import b64, b64u, unb64, unb64u
from crypto.errors import EncodingError
def read(decode, raw):
    try:
        return decode(raw).hex()
    except EncodingError:
        return None
texts = [bytes.fromhex(one) for one in json.load(sys.stdin)]
print(json.dumps([[read(unb64, raw), read(unb64u, raw), b64(raw), b64u(raw)] for raw in texts]))
"""


def drawn() -> list[bytes]:
    """Return texts near and far from base64, in both alphabets."""
    source = random.Random(20_826)  # noqa: S311 - a fixed draw, no secret
    noise = [bytes(source.choices(ALPHABET, k=source.randrange(24))) for _ in range(3_000)]
    good = [b64(source.randbytes(size)).encode() for size in range(80)]
    good += [b64u(source.randbytes(size)).encode() for size in range(80)]
    bent = [one[:at] + b"B" + one[at + 1 :] for one in good for at in (0, len(one) // 2, len(one) - 1)]
    return [*noise, *good, *bent, b"A" * 4_000, b"A" * 4_001]


def read(raw: bytes) -> list[str | None]:
    """Return what this process says of a text."""
    found: list[str | None] = []
    for decode in (unb64, unb64u):
        try:
            found.append(decode(raw).hex())
        except EncodingError:
            found.append(None)
    return [*found, b64(raw), b64u(raw)]


def test_without_pybase64_every_text_reads_the_same() -> None:
    """Accepted and refused alike, to the byte: which library is installed decides nothing."""
    texts = drawn()
    done = subprocess.run(  # noqa: S603 - this interpreter, fixed words
        [sys.executable, "-c", READ],
        input=json.dumps([one.hex() for one in texts]),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )

    assert json.loads(done.stdout) == [read(raw) for raw in texts]
    assert sum(read(raw)[0] is not None for raw in texts) > 100
    assert sum(read(raw)[1] is None for raw in texts) > 1_000

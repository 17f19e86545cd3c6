"""Write cosignatures.json: cosignatures with a time, of both types, and what must not pass for them.

No published ML-DSA-44 cosignature has a time other than 0. ML-DSA signatures differ at every run, so the file is
made once and kept: `python -m tests.vectors.make_cosignatures > tests/vectors/cosignatures.json`.
"""

import hashlib
import json
import sys

from crypto.encoding import b64
from crypto.signing import Algorithm, SeedSigner
from ledger.checkpoints import Checkpoint, cosign, cosigner_vkey
from ledger.cosignatures import checkpoint_message, subtree_message

ORIGIN, WITNESS, TIME = "log.example/sealtrace", "witness.example/w1", 1_790_000_000
ROOT = hashlib.sha256(b"root").digest()


def _case(algorithm: Algorithm) -> dict[str, object]:
    signer = SeedSigner(algorithm, hashlib.sha256(b"sealtrace cosignature vector").digest())
    checkpoint = Checkpoint(origin=ORIGIN, size=1_234_567, root=ROOT)
    line = cosign(checkpoint, name=WITNESS, signer=signer, timestamp=TIME)
    text = checkpoint.format()
    message = (
        checkpoint_message(text, timestamp=TIME)
        if algorithm is Algorithm.ED25519
        else subtree_message(cosigner=WITNESS, timestamp=TIME, origin=ORIGIN, start=0, end=checkpoint.size, root=ROOT)
    )
    return {
        "algorithm": algorithm.value,
        "vkey": cosigner_vkey(WITNESS, signer.public_key).format(),
        "checkpoint": text,
        "timestamp": TIME,
        "message_hex": message.hex(),
        "line": line.format(),
        "refused": _refused(text, line.format(), line.key_id + line.signature),
    }


def _refused(text: str, line: str, raw: bytes) -> list[dict[str, str]]:
    other_time = f"— {WITNESS} {b64(raw[:4] + (TIME + 1).to_bytes(8, 'big') + raw[12:])}\n"
    no_time = f"— {WITNESS} {b64(raw[:4] + bytes(8) + raw[12:])}\n"
    return [
        {"why": "a later time", "checkpoint": text, "line": other_time},
        {"why": "time 0", "checkpoint": text, "line": no_time},
        {"why": "without its time", "checkpoint": text, "line": f"— {WITNESS} {b64(raw[:4] + raw[12:])}\n"},
        {"why": "a larger tree", "checkpoint": text.replace("1234567", "1234568"), "line": line},
        {"why": "another log", "checkpoint": text.replace(ORIGIN, "log.example/access"), "line": line},
        {"why": "another root", "checkpoint": text.replace(b64(ROOT), b64(bytes(32))), "line": line},
    ]


if __name__ == "__main__":
    json.dump([_case(Algorithm.ED25519), _case(Algorithm.ML_DSA_44)], sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")

"""The service's own keys: made once, kept in the keystore, named by the charter (docs/protocol.md, 2).

What a charter must name is written to service.json. At a start the keys are compared with the charter in force: a
service that cannot sign what its members expect must not sign at all.
"""

import secrets as chance
from dataclasses import dataclass
from pathlib import Path

from crypto.errors import KeystoreError
from crypto.keystore import STRONG, Cost, Keystore, Secret
from crypto.signing import SEED_BYTES, Algorithm, SeedSigner, Signer
from ledger import jsontext
from ledger.charter import Charter
from ledger.checkpoints import vkey
from ledger.identifiers import LOG_ID, KeyId
from ledger.terms import LogKeys
from server.errors import StartError

_ANSWER_KID = KeyId(LOG_ID, 1)
_SEEDS = {
    "log/Ed25519": Algorithm.ED25519,
    "log/ML-DSA-44": Algorithm.ML_DSA_44,
    "access/Ed25519": Algorithm.ED25519,
    "access/ML-DSA-44": Algorithm.ML_DSA_44,
    str(_ANSWER_KID): Algorithm.ED25519,
}
_ROLE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKeys:
    """The signers of one service."""

    ed25519: Signer
    ml_dsa_44: Signer
    access_ed25519: Signer
    access_ml_dsa_44: Signer
    answer: Signer

    def named(self, origin: str) -> LogKeys:
        """Return the keys as the charter of the log `origin` names them."""
        access = f"{origin}/access"
        return LogKeys(
            vkeys=(vkey(origin, self.ed25519.public_key), vkey(origin, self.ml_dsa_44.public_key)),
            access=(vkey(access, self.access_ed25519.public_key), vkey(access, self.access_ml_dsa_44.public_key)),
            answer_kid=_ANSWER_KID,
            answer_key=self.answer.public_key.raw,
        )

    def require_named_by(self, charter: Charter) -> None:
        """Raise StartError unless the charter names exactly these keys."""
        if charter.log != self.named(charter.origin):
            raise StartError("the charter in force names other keys of the service than the keystore holds")


def create_keys(path: Path, *, passphrase: bytes, cost: Cost = STRONG) -> ServiceKeys:
    """Make the service's keys in a new keystore at `path`."""
    store = Keystore.create(path, passphrase=passphrase, cost=cost)
    store.put(*(Secret(name=name, role=_ROLE, value=chance.token_bytes(SEED_BYTES)) for name in _SEEDS))
    return _from(store)


def open_keys(path: Path, *, passphrase: bytes, allow_weak: bool = False) -> ServiceKeys:
    """Return the keys of the keystore at `path`; raise KeystoreError."""
    return _from(Keystore.open(path, passphrase=passphrase, allow_weak=allow_weak))


def service_json(keys: ServiceKeys, *, origin: str, url: str) -> bytes:
    """Return what the charter must name: origin, url and `log`, in the charter's own spelling."""
    return jsontext.dump({"origin": origin, "url": url, "log": keys.named(origin).to_json()}) + b"\n"


def _from(store: Keystore) -> ServiceKeys:
    try:
        signers = [SeedSigner(algorithm, store.secrets[name].value) for name, algorithm in _SEEDS.items()]
    except KeyError as error:
        raise KeystoreError("this is not the keystore of a service") from error
    ed25519, ml_dsa_44, access_ed25519, access_ml_dsa_44, answer = signers
    return ServiceKeys(
        ed25519=ed25519,
        ml_dsa_44=ml_dsa_44,
        access_ed25519=access_ed25519,
        access_ml_dsa_44=access_ml_dsa_44,
        answer=answer,
    )

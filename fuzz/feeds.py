"""Ways to feed a parser that wants more than bytes: a file, a record that names what it is given, a key that fits."""

import tempfile
from dataclasses import replace
from pathlib import Path

from crypto import hpke, keystore, privatefile
from crypto.digests import sha256
from fuzz.samples import sample, spoken_message
from ledger import grants, messages, opening, recordform, submissions
from ledger.kinds import Role
from tests.support import keystores
from tests.support.consortium import decapsulator, epoch_key, make_consortium
from tests.support.dossiers import ISS, READER


def key_for_boxes(agency: str) -> hpke.SeedDecapsulator:
    """Return the opener of an agency's boxes."""
    return decapsulator(str(make_consortium().newest(agency, Role.HPKE).kid))


def opener() -> hpke.SeedDecapsulator:
    """Return a key that boxes are opened with."""
    return decapsulator("fuzz")


def keystore_of(raw: bytes) -> object:
    """Open `raw` as a keystore file. A header may ask for half a gigabyte before it is found to be false: not here."""
    if len(raw) > 32 and int.from_bytes(raw[18:22], "big") > 2**10:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "keystore"
        path.touch(mode=0o600)
        path.write_bytes(raw)
        return keystore.Keystore.open(path, passphrase=keystores.PASSPHRASE, allow_weak=True)


def private_file(raw: bytes) -> object:
    """Read `raw` back from a private file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.touch(mode=0o600)
        path.write_bytes(raw)
        return privatefile.read(path, limit=1_000)


def portion_with_keys(raw: bytes) -> object:
    """Open `raw` as the ciphertext that the record names, with the portion's own keys."""
    record = recordform.parse_record(sample().record)
    named = replace(record, portions={**record.portions, "item": record.portions["item"]._replace(ct=sha256(raw))})
    keys_ = opening.which_key(record.name, "item", record.portions["item"].kc, [epoch_key(f"{ISS} 1")])
    return keys_ and opening.open_with_keys(named, "item", keys=keys_, ciphertext=raw)


def grant_box(raw: bytes) -> object:
    """Open `raw` as the box that the grant names."""
    grant = grants.parse_grant(sample().grant)
    named = tuple(replace(to, g=sha256(raw)) if to.r == READER else to for to in grant.to)
    return grants.open_box(replace(grant, to=named), me=READER, decapsulator=key_for_boxes(READER), box=raw)


def message_box(raw: bytes) -> object:
    """Open `raw` as the box that the message names."""
    message = messages.parse_message(spoken_message().entry)
    named = replace(message, box=(sha256(raw), sha256(raw)))
    return messages.open_message(named, me=ISS, decapsulator=key_for_boxes(ISS), box=raw)


def submission(raw: bytes) -> object:
    """Read `raw` as a batch and its statements, cut at the first newline."""
    entry, *found = raw.split(b"\n")
    return submissions.read_submission(entry, found)

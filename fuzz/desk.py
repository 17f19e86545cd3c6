"""Feeds for what comes to the desk, and to whoever audits or watches: forms, lists, the record of use, addresses."""

import datetime as dt

from clients.desk.people.mandates import mandate_from_words
from clients.desk.place import parse_place
from clients.desk.use.entries import Entry, leaf_of, parse_entry
from clients.desk.use.exports import Export, parse_export
from clients.errors import ClientError
from clients.lists.reading import read_table
from clients.lists.values import Tables
from clients.matching.lists import read_items
from clients.witnesslinks import read_witnesses
from crypto.signing import Algorithm
from fuzz.files import in_file
from fuzz.parsers import Feed, as_text
from ledger import calibres, makes
from ledger.checkpoints import Checkpoint, sign_checkpoint, vkey
from ledger.errors import LedgerError
from ledger.merkle import root_of
from tests.support.consortium import signer

_TABLE = b"make;serial;calibre;date\nTaurus;ABE 573528;9x19;01.02.2020\nColt;;;\n"
_WITNESSES = b'lost = [2]\n[witness]\nxaa-arms = "https://witness.example/prefix"\n'
_CODES = Tables(makes=makes.BUILT_IN, calibres=calibres.BUILT_IN)
_USED = Entry(at=1, who="Officer One", did="opened", of="xaa-arms/AAAAAAAAAAAAAAAAAAAAAA").format()
_DESK = "xaa-arms/use"


def feeds() -> dict[str, tuple[Feed, tuple[type[Exception], ...], bytes]]:
    """Return every parser with what it may raise, and input that it takes."""
    client, ledger = (ClientError,), (LedgerError,)
    return {
        "clients.desk.people.mandates.mandate_from_words": (
            as_text(_mandate),
            client,
            b"analyst auditor\nSECRET\nCT\nTRACE",
        ),
        "clients.desk.place.parse_place": (as_text(parse_place), client, b"https://desk.agency.example"),
        "clients.desk.use.entries.parse_entry": (parse_entry, ledger, _USED),
        "clients.desk.use.exports.parse_export": (parse_export, ledger, _export()),
        "clients.matching.lists.read_items": (_items, client, _TABLE),
        "clients.witnesslinks.read_witnesses": (in_file("witnesses.toml", read_witnesses), client, _WITNESSES),
    }


def _mandate(text: str) -> object:
    """Read the four answers of a form out of four lines."""
    roles, clearance, compartments, purposes = (*text.split("\n"), "", "", "")[:4]
    return mandate_from_words(
        roles=roles.split(" "), clearance=clearance, compartments=compartments.split(), purposes=purposes.split(" ")
    )


def _items(raw: bytes) -> object:
    """Ask about whatever list the bytes are."""
    return read_items(read_table(raw), tables=_CODES, today=dt.date(2026, 1, 1))


def _export() -> bytes:
    """Return a record of use of one entry, as an auditor is given it."""
    ed25519, ml_dsa_44 = (signer("use", algorithm) for algorithm in (Algorithm.ED25519, Algorithm.ML_DSA_44))
    checkpoint = Checkpoint(origin=_DESK, size=1, root=root_of([leaf_of(_USED)]))
    note = sign_checkpoint(checkpoint, ed25519=ed25519, ml_dsa_44=ml_dsa_44)
    return Export(key=vkey(_DESK, ed25519.public_key), checkpoint=note, entries=(_USED,)).format()

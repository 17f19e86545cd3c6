"""Every parser of the product in one table: how to feed it bytes, what it may raise.

`tests/attacks/test_parsers.py` refuses a parser that is not here. Seeds are valid input, made from the consortium of
the tests: from there a fuzzer gets behind the first check.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey

from clients.errors import ClientError, ListError
from clients.lists import csvtext, datecells, jsonlines, maps, reading, values
from clients.lists.cells import CellError
from clients.lists.tables import Format
from clients.lists.values import Reading, Tables
from clients.witness.heads import HeadReader, RefusedError
from crypto import encoding, hpke, mldsa, portionkeys
from crypto.encoding import b64u
from crypto.errors import CryptoError
from fuzz import desk, evidence, files, matching, talk
from fuzz.feeds import (
    grant_box,
    keystore_of,
    message_box,
    opener,
    portion_with_keys,
    private_file,
    submission,
)
from fuzz.parsers import Feed, as_text, as_value
from fuzz.samples import charter_part, small_keystore, valid
from ledger import (
    agencies,
    batches,
    calibres,
    charterpayload,
    checkpoints,
    codelists,
    conditions,
    dates,
    disclosures,
    expunges,
    fingerprints,
    grants,
    identifiers,
    jsontext,
    jws,
    keyentries,
    keys,
    labels,
    makes,
    messages,
    notes,
    portions,
    presentation,
    profiletoml,
    proofs,
    recordform,
    renewals,
    serials,
    slips,
    statements,
    submissions,
    terms,
    tiles,
    treestate,
    witnessaddresses,
    witnesses,
    witnessing,
)
from ledger.errors import LedgerError
from ledger.kinds import Typ
from ledger.wire import frames, requests, rows, schemas
from server.named import parse_statement
from tests.support.consortium import ORIGIN, first_charter, log_keys
from tests.support.dossiers import ISS
from tests.support.lists import MAP

_STATEMENTS = ("record", "grant", "message", "renewal", "expunge")
_CRYPTO, _LEDGER, _LIST = (CryptoError,), (LedgerError,), (ListError,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A parser, fed with any bytes; `raises` is all that may come out of it but a value."""

    feed: Feed
    raises: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]

    def __call__(self, raw: bytes) -> None:
        """Feed it; whatever leaves this call is a bug."""
        try:
            self.feed(raw)
        except self.raises:
            return


def _lists() -> dict[str, Target]:
    code_tables = Tables(makes=makes.BUILT_IN, calibres=calibres.BUILT_IN)
    cell = Reading(dates=("DD.MM.YYYY",), tables=code_tables)
    table = b"date;make;serial\n01.02.2020;Taurus;ABE 573528\n"
    names = ("item.make", "item.serials", "event.date", "item.year_mark", "event.price.amount", "event.country")

    def cells(text: str) -> None:
        for name in names:
            with suppress(CellError):
                values.read_cell(name, text, cell)

    return {
        "clients.lists.csvtext.read_csv": _target(partial(csvtext.read_csv, form=Format(), columns=()), _LIST, table),
        "clients.lists.csvtext.decode": _target(partial(csvtext.decode, encoding=None), _LIST, table),
        "clients.lists.datecells.read_date": _target(
            as_text(partial(datecells.read_date, patterns=("DD.MM.YYYY", "EDTF"))), (CellError,), b"01.02.2020"
        ),
        "clients.lists.jsonlines.read_json_lines": _target(
            partial(jsonlines.read_json_lines, form=Format()), _LIST, b'{"make":"Taurus","serial":"ABE 573528"}\n'
        ),
        "clients.lists.maps.parse_map": _target(as_text(maps.parse_map), _LIST, MAP.encode()),
        "clients.lists.reading.read_table": _target(reading.read_table, _LIST, table),
        "clients.lists.values.read_cell": _target(as_text(cells), (), b"ABE 573528", b"1990", b"12,50"),
    }


def _target(feed: Feed, raises: tuple[type[Exception], ...], *seeds: bytes) -> Target:
    return Target(feed=feed, raises=raises, seeds=seeds)


def _crypto() -> dict[str, Target]:
    context = encoding.lp("xar-arms", bytes(16), "item")
    keys_ = portionkeys.derive(epoch_key=bytes(32), context=context)
    return {
        "crypto.encoding.unlp": _target(encoding.unlp, _CRYPTO, encoding.lp(b"one", b"", b"two")),
        "crypto.encoding.unb64": _target(encoding.unb64, _CRYPTO, b"AAAA", b"AA=="),
        "crypto.encoding.unb64u": _target(encoding.unb64u, _CRYPTO, b"AAAA", b"AA"),
        "crypto.hpke.SeedDecapsulator.open": _target(
            lambda raw: opener().open(box=raw, info=b""),
            _CRYPTO,
            hpke.seal(public_key=opener().public_key, info=b"", plaintext=b"x"),
        ),
        "crypto.keystore.Keystore.open": _target(keystore_of, _CRYPTO, small_keystore()),
        "crypto.mldsa.load_public_key": _target(
            partial(mldsa.load_public_key, MLDSA65PublicKey), _CRYPTO, bytes(1_952)
        ),
        "crypto.portionkeys.from_record_key": _target(portionkeys.from_record_key, _CRYPTO, bytes(32)),
        "crypto.portionkeys.open_sealed": _target(
            lambda raw: portionkeys.open_sealed(keys_, context=context, commitment=keys_.commitment, ciphertext=raw),
            _CRYPTO,
            portionkeys.seal(epoch_key=bytes(32), context=context, plaintext=b"x").ciphertext,
        ),
        "crypto.privatefile.read": _target(private_file, _CRYPTO, b"x"),
    }


def _entries() -> dict[str, Target]:
    found = valid()

    def of(module: str, name: str, parse: Feed, *seeds: str) -> tuple[str, Target]:
        return f"ledger.{module}.{name}", _target(parse, _LEDGER, *(found[seed] for seed in seeds))

    return dict(
        (
            of("batches", "parse_batch", batches.parse_batch, "batch"),
            of("charterpayload", "parse_charter", charterpayload.parse_charter, "charter"),
            of("charterpayload", "parse_payload", charterpayload.parse_payload, "charter payload"),
            of("charterpayload", "parse_charter_entry", charterpayload.parse_charter_entry, "charter entry"),
            of("expunges", "parse_expunge", expunges.parse_expunge, "expunge"),
            of("grants", "parse_grant", grants.parse_grant, "grant"),
            of("grants", "open_box", grant_box, "box"),
            of("jsontext", "load", jsontext.load, "charter entry", "label"),
            of("jws", "parse_header", jws.parse_header, "header"),
            of("jws", "parse_compact", jws.parse_compact, "record"),
            of("jws", "parse_general", jws.parse_general, "batch", "key"),
            of("keyentries", "parse_key_entry", keyentries.parse_key_entry, "key"),
            of("messages", "parse_message", messages.parse_message, "message"),
            of("messages", "parse_route", messages.parse_route, "route"),
            of("messages", "open_message", message_box, "message box"),
            of("opening", "open_with_keys", portion_with_keys, "portion"),
            of("portions", "unpack", partial(portions.unpack, "item"), "plaintext"),
            of("presentation", "parse_presentation", presentation.parse_presentation, "presentation"),
            of("recordform", "parse_record", recordform.parse_record, "record"),
            of("recordform", "parse_head", recordform.parse_head, "record"),
            of("renewals", "parse_renewal", renewals.parse_renewal, "renewal"),
            of("slips", "parse_hit_policy", slips.parse_hit_policy, "slip"),
            of("slips", "parse_slip", slips.parse_slip, "slip"),
            of("statements", "parse_signed", lambda raw: statements.parse_signed(raw, Typ.RECORD), "record"),
            of("submissions", "parse_statement", lambda raw: submissions.parse_statement(raw, Typ.GRANT), "grant"),
            of("submissions", "read_submission", submission, "submission"),
        ),
        **{"server.named.parse_statement": _target(parse_statement, _LEDGER, *(found[one] for one in _STATEMENTS))},
    )


def _tree() -> dict[str, Target]:
    found, vkeys = valid(), log_keys().vkeys
    checkpoint = found["checkpoint"]
    return {
        "ledger.checkpoints.Checkpoint.parse": _target(
            as_text(checkpoints.Checkpoint.parse), _LEDGER, checkpoint.partition(b"\n\n")[0] + b"\n"
        ),
        "ledger.checkpoints.open_checkpoint": _target(
            partial(checkpoints.open_checkpoint, origin=ORIGIN, vkeys=vkeys), _LEDGER, checkpoint
        ),
        "ledger.checkpoints.open_cosigned": _target(
            partial(checkpoints.open_cosigned, origin=ORIGIN, vkeys=vkeys, witnesses=()), _LEDGER, checkpoint
        ),
        "ledger.checkpoints.open_any": _target(partial(checkpoints.open_any, keys=vkeys[1:]), _LEDGER, checkpoint),
        "ledger.witnesses.open_published": _target(
            partial(witnesses.open_published, charter=first_charter(3)[0]), _LEDGER, checkpoint
        ),
        "ledger.witnessing.AddCheckpoint.parse": _target(
            witnessing.AddCheckpoint.parse,
            _LEDGER,
            b"old 3\n" + encoding.b64(bytes(32)).encode() + b"\n\n" + checkpoint,
        ),
        "ledger.witnessing.SignSubtree.parse": _target(
            witnessing.SignSubtree.parse,
            _LEDGER,
            b"subtree 0 2\n" + encoding.b64(bytes(32)).encode() + b"\n\n" + checkpoint,
        ),
        "ledger.notes.VerifierKey.parse": _target(as_text(notes.VerifierKey.parse), _LEDGER, found["vkey"]),
        "ledger.notes.parse_note": _target(notes.parse_note, _LEDGER, checkpoint),
        "ledger.notes.parse_signature": _target(as_text(notes.parse_signature), _LEDGER, checkpoint.splitlines()[-1]),
        "ledger.notes.open_note": _target(partial(notes.open_note, keys=vkeys[:1]), _LEDGER, checkpoint),
        "ledger.proofs.TlogProof.parse": _target(proofs.TlogProof.parse, _LEDGER, found["tlog-proof"]),
        "ledger.tiles.TilePath.parse": _target(as_text(tiles.TilePath.parse), _LEDGER, b"tile/0/x001/067.p/3"),
        "ledger.tiles.parse_entry_bundle": _target(partial(tiles.parse_entry_bundle, width=2), _LEDGER, b"\0\1a\0\1b"),
        "ledger.treestate.TreeState.decode": _target(treestate.TreeState.decode, _LEDGER, found["tree"]),
    }


def _values() -> dict[str, Target]:
    found = valid()
    return {
        "ledger.agencies.parse_agencies": _target(as_value(agencies.parse_agencies), _LEDGER, charter_part("agencies")),
        "ledger.agencies.parse_auditors": _target(as_value(agencies.parse_auditors), _LEDGER, charter_part("auditors")),
        "ledger.keys.parse_keys": _target(
            as_value(partial(keys.parse_keys, owner=ISS)),
            _LEDGER,
            json.dumps(json.loads(charter_part("agencies"))[0]["keys"]).encode(),
        ),
        "ledger.labels.label_from_json": _target(as_value(labels.label_from_json), _LEDGER, found["label"]),
        "ledger.labels.terms_from_json": _target(as_value(labels.terms_from_json), _LEDGER, talk.terms_seed()),
        "ledger.terms.parse_log_keys": _target(
            as_value(partial(terms.parse_log_keys, origin=ORIGIN)), _LEDGER, charter_part("log")
        ),
        "ledger.terms.parse_witness_policy": _target(
            as_value(terms.parse_witness_policy), _LEDGER, charter_part("witness")
        ),
        "ledger.terms.parse_match": _target(as_value(terms.parse_match), _LEDGER, b"null"),
        "ledger.terms.parse_limits": _target(as_value(terms.parse_limits), _LEDGER, charter_part("limits")),
    }


def _texts() -> dict[str, Target]:
    found = valid()
    shown = found["disclosure"]
    return {
        "ledger.codelists.parse_code_list": _target(
            as_text(codelists.parse_code_list), _LEDGER, b"code,description\nTAU,Taurus\n"
        ),
        "ledger.conditions.read": _target(as_text(conditions.read), (), "numeração raspada".encode()),
        "ledger.dates.parse_date": _target(as_text(dates.parse_date), _LEDGER, b"2021-03-14", b"2021~/2022-01"),
        "ledger.disclosures.parse_disclosure": _target(as_text(disclosures.parse_disclosure), _LEDGER, shown),
        "ledger.disclosures.parse_disclosures": _target(
            as_text(lambda text: disclosures.parse_disclosures(text.split("~"))), _LEDGER, shown
        ),
        "ledger.fingerprints.parse": _target(
            as_text(fingerprints.parse), _LEDGER, fingerprints.to_words(bytes(32)).encode()
        ),
        "ledger.identifiers.agency_id": _target(as_text(identifiers.agency_id), _LEDGER, b"xar-arms"),
        "ledger.identifiers.key_id": _target(as_text(identifiers.key_id), _LEDGER, b"xar-arms#4"),
        "ledger.identifiers.origin_name": _target(as_text(identifiers.origin_name), _LEDGER, ORIGIN.encode()),
        "ledger.identifiers.hash_of": _target(as_text(identifiers.hash_of), _LEDGER, b64u(bytes(32)).encode()),
        "ledger.identifiers.jti_of": _target(as_text(identifiers.jti_of), _LEDGER, b64u(bytes(16)).encode()),
        "ledger.identifiers.statement_name": _target(
            as_text(identifiers.statement_name), _LEDGER, f"xar-arms/{b64u(bytes(16))}".encode()
        ),
        "ledger.profiletoml.profile_from_toml": _target(
            as_text(profiletoml.profile_from_toml), _LEDGER, found["profile"]
        ),
        "ledger.witnessaddresses.parse_addresses": _target(
            witnessaddresses.parse_addresses, _LEDGER, b'lost = [2]\n[witness]\nxaa-arms = "https://witness.example"\n'
        ),
        "ledger.serials.read_marks": _target(as_text(serials.read_marks), (), b"ABE 573528 / slide 12345"),
    }


def _wire() -> dict[str, Target]:
    question = b'{"get":[{"iss":"xar-arms","jti":"AAAAAAAAAAAAAAAAAAAAAA","place":"box"}]}'
    signature = requests.Parameters(created=1, keyid=identifiers.KeyId(ISS, 5), nonce=bytes(16)).format(has_body=False)

    def shapes(raw: bytes) -> None:
        for shape in (
            schemas.RECEIPT,
            schemas.LOGGED_ENTRY,
            schemas.AGENCY_HEAD,
            schemas.CHARTER_LIST,
            schemas.PROBLEM,
        ):
            with suppress(LedgerError):
                shape.read(raw)

    return {
        "ledger.wire.frames.parse_frames": _target(
            partial(frames.parse_frames, most=9), _LEDGER, encoding.lp(b"one", b"")
        ),
        "ledger.wire.requests.parse_signature": _target(
            as_text(requests.parse_signature), _LEDGER, f"sealtrace=:{encoding.b64(bytes(64))}:".encode()
        ),
        "ledger.wire.requests.parse_signature_input": _target(
            as_text(partial(requests.parse_signature_input, has_body=False)), _LEDGER, signature.encode()
        ),
        "ledger.wire.rows.read_feed": _target(
            partial(rows.read_feed, limit=2**20), _LEDGER, b'{"items":[],"next":-1,"size":0}'
        ),
        "ledger.wire.rows.read_blob_names": _target(partial(rows.read_blob_names, limit=2**20), _LEDGER, question),
        "ledger.wire.schemas.Shape.read": _target(shapes, (), b'{"seq":0,"prev":"","index":null,"kx":0,"keys":0}'),
    }


def _files() -> dict[str, Target]:
    """Return what the programs read; where no seed is named, it is the signed thing that they read."""
    signed = {"clients.charters.read": valid()["charter"]}
    return {
        **{
            name: _target(feed, files.REFUSALS, seed or valid()["checkpoint"])
            for name, (feed, seed) in files.SERVER.items()
        },
        **{
            name: _target(feed, (LedgerError, ClientError), seed or signed[name])
            for name, (feed, seed) in files.CLIENTS.items()
        },
        "clients.witness.heads.HeadReader.read": _target(
            lambda raw: HeadReader(most_bytes=2**14).read(raw),
            (RefusedError,),
            b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nold 0",
        ),
    }


def _talk() -> dict[str, Target]:
    return {
        **{name: _target(feed, _LEDGER, *seeds) for name, (feed, seeds) in talk.table().items()},
        "clients.talk.history.parse_where": _target(talk.where, _LIST, b"epochs=1-5 level=RESTRICTED", b"epochs=all"),
    }


TARGETS: dict[str, Target] = {
    **_crypto(),
    **_entries(),
    **_tree(),
    **_values(),
    **_texts(),
    **_wire(),
    **_lists(),
    **_talk(),
    **_files(),
    **{name: _target(feed, raises, seed) for name, (feed, raises, seed) in desk.feeds().items()},
    **{name: _target(feed, _LEDGER, seed) for name, (feed, seed) in evidence.feeds().items()},
    **{name: _target(feed, (LedgerError, ClientError), seed) for name, (feed, seed) in matching.feeds().items()},
}

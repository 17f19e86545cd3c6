"""Sealed reports: what would take plaintext to prove, for the charter's auditors alone (docs/protocol.md, 9.13).

kr opens the portion to whoever holds it, so that a public proof would publish what it complains about. A portion that
does not open to signed disclosures convicts its issuer before an auditor; a label above its grant is reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from crypto import hpke, portionkeys
from crypto.digests import sha256
from crypto.encoding import b64u, lp, unb64u
from crypto.errors import CryptoError, EncodingError
from crypto.hpke import Decapsulator
from ledger import jsontext
from ledger.charterpayload import Charter
from ledger.checks import refuse
from ledger.errors import LabelError, LedgerError, MalformedError, NotFoundError, ProofError
from ledger.identifiers import agency_id, hash_of, origin_name
from ledger.keys import of_role
from ledger.kinds import Role
from ledger.labels import Level, label_from_json
from ledger.opening import open_with_keys
from ledger.recordform import PORTIONS, parse_record
from ledger.statements import SUITE

TYP = "sealtrace/v1/report"
PLAINTEXT_BYTES = 16_384
MAX_REPORT_BYTES = 2**20
_MAX_AUDITORS = 32


class PortionFault(Enum):
    """What is wrong with a portion that this agency holds the key of."""

    PORTION = "portion"
    LABEL = "label"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A portion as its reader found it; `level` is that of the grant it came by. Never public: kr opens the portion."""

    fault: PortionFault
    entry: bytes
    index: int
    portion: str
    record_key: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Upheld:
    """A report that is true: who issued the record, and what an auditor may say of it."""

    iss: str
    fault: PortionFault
    what: str


def seal_report(report: Report, charter: Charter) -> bytes:
    """Return the report sealed to every auditor of the charter; raise NotFoundError where there is none."""
    verify_report(report)
    keys = {one.id: of_role(one.keys, Role.HPKE)[-1].public_key for one in charter.auditors}
    if not keys:
        raise NotFoundError("this charter has no auditor to report to")
    plaintext = _pad(_spell(report))
    to: list[jsontext.JsonValue] = [
        {
            "r": r,
            "h": b64u(sha256(key)),
            "box": b64u(hpke.seal(public_key=key, info=_info(charter.origin, r, key), plaintext=plaintext)),
        }
        for r, key in sorted(keys.items())
    ]
    return jsontext.dump({"typ": TYP, "origin": charter.origin, "to": to})


def open_report(raw: bytes, *, me: str, decapsulators: Mapping[bytes, Decapsulator]) -> Report:
    """Return the report in the box of auditor `me`; `decapsulators` are its own, by the hash of their public keys.

    Raises NotFoundError if it is sealed to none of them, ProofError if the box does not open, else MalformedError.
    """
    typ, origin, to = jsontext.members(jsontext.load(raw, limit=MAX_REPORT_BYTES), "typ", "origin", "to")
    if typ != TYP:
        raise MalformedError("not a sealed report")
    rows = [jsontext.members(row, "r", "h", "box") for row in jsontext.array(to, low=1, high=_MAX_AUDITORS)]
    mine = next((row for row in rows if agency_id(row[0]) == me), None)
    decapsulator = decapsulators.get(hash_of(mine[1])) if mine is not None else None
    if mine is None or decapsulator is None:
        raise NotFoundError("this report is not sealed to a key that is held here")
    try:
        box = unb64u(jsontext.text(mine[2]))
        info = _info(origin_name(origin), me, decapsulator.public_key)
        plaintext = decapsulator.open(box=box, info=info)
    except CryptoError as error:
        raise ProofError("the box of this report does not open") from error
    return _parse(_unpad(plaintext))


def verify_report(report: Report) -> Upheld:
    """Return what is true of a report; raise ProofError if kr is another key, or the portion is as it should be.

    That the record is logged at `index`, signed and closed by a batch, is for the auditor's own copy of the log.
    """
    record = parse_record(report.entry)
    keys = portionkeys.from_record_key(report.record_key)
    sealed = record.portions[report.portion]
    if keys.commitment != sealed.kc or sha256(report.ciphertext) != sealed.ct:
        refusal = ProofError("the key or the ciphertext is not the one that the record commits to")
        raise refuse("report/commitment", expected=sealed.kc, found=keys.commitment, refusal=refusal)
    try:
        opened = open_with_keys(record, report.portion, keys=keys, ciphertext=report.ciphertext)
    except LedgerError as error:
        return _upheld(report, record.name.iss, PortionFault.PORTION, f"does not open to signed disclosures: {error}")
    try:
        level = label_from_json(opened.label_json).level
    except LabelError as error:
        return _upheld(report, record.name.iss, PortionFault.LABEL, f"has a label that nobody can read: {error}")
    if level <= report.level:
        raise ProofError("this portion opens to signed disclosures, under a label within its grant")
    what = f"is labelled {level.name} and said to have come by a grant of {report.level.name}"
    return _upheld(report, record.name.iss, PortionFault.LABEL, what)


def _upheld(report: Report, iss: str, fault: PortionFault, what: str) -> Upheld:
    if fault is not report.fault:
        raise ProofError("the report complains of something else than what is wrong")
    return Upheld(iss=iss, fault=fault, what=f"the {report.portion} portion of entry {report.index:,} {what}")


def _spell(report: Report) -> bytes:
    return jsontext.dump(
        {
            "kind": report.fault.value,
            "entry": report.entry.decode(),
            "index": report.index,
            "portion": report.portion,
            "kr": b64u(report.record_key),
            "ct": b64u(report.ciphertext),
            "lvl": report.level.name,
        }
    )


def _parse(raw: bytes) -> Report:
    kind, entry, index, portion, kr, ct, lvl = jsontext.members(
        jsontext.load(raw), "kind", "entry", "index", "portion", "kr", "ct", "lvl"
    )
    if portion not in PORTIONS:
        raise MalformedError("a report of no portion")
    try:
        return Report(
            fault=PortionFault(kind),
            entry=jsontext.text(entry).encode(),
            index=jsontext.integer(index),
            portion=jsontext.text(portion),
            record_key=hash_of(kr),
            ciphertext=unb64u(jsontext.text(ct)),
            level=Level[jsontext.text(lvl)],
        )
    except (ValueError, KeyError, EncodingError) as error:
        raise MalformedError("a report of a kind or level that we do not know") from error


def _pad(inner: bytes) -> bytes:
    if len(inner) + 4 > PLAINTEXT_BYTES:
        raise MalformedError("more than a report holds")
    return (len(inner).to_bytes(4, "big") + inner).ljust(PLAINTEXT_BYTES, b"\0")


def _unpad(plaintext: bytes) -> bytes:
    end = 4 + int.from_bytes(plaintext[:4], "big")
    if len(plaintext) != PLAINTEXT_BYTES or end > len(plaintext) or any(plaintext[end:]):
        raise MalformedError("a report that is not filled with zeros")
    return plaintext[4:end]


def _info(origin: str, r: str, key: bytes) -> bytes:
    return TYP.encode() + lp(SUITE, origin, r, sha256(key))

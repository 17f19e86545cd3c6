"""Reports to the charter's auditors, kept in the home until somebody hands them over (docs/protocol.md, 9.13)."""

from dataclasses import replace
from pathlib import Path

from clients.durable import make_folder, write_file
from clients.home import Home
from clients.keyring import Keyring
from crypto.digests import sha256
from crypto.encoding import b64u
from ledger.charter import Charter
from ledger.errors import LedgerError
from ledger.reports import PortionFault, Report, Upheld, open_report, seal_report, verify_report


def keep_report(home: Home, charter: Charter, report: Report) -> Path | None:
    """Write down what is wrong with a portion, sealed; None if nothing is, or nobody is named to report to.

    A portion that is met again at the next sync is reported once: the name comes from record and portion.
    """
    path = home.reports / f"report-{b64u(sha256(report.entry + report.portion.encode()))[:16]}.json"
    if path.exists():
        return path
    for fault in PortionFault:
        try:
            raw = seal_report(replace(report, fault=fault), charter)
        except LedgerError:
            continue
        make_folder(home.reports)
        write_file(path, raw)
        return path
    return None


def read_report(raw: bytes, *, me: str, keyring: Keyring) -> Upheld:
    """Return what is true of a report that was sealed to this auditor; raise a LedgerError if nothing is."""
    decapsulators = {sha256(one.public_key): one for one in keyring.decapsulators()}
    return verify_report(open_report(raw, me=me, decapsulators=decapsulators))

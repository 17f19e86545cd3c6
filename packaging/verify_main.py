"""The `__main__` of sealtrace-verify.pyz: evidence bundles and proofs of fraud, checked with no network, account or home.

It holds the parts of crypto/ and ledger/ that verify, and nothing else of Sealtrace. The two packages that it needs,
cryptography and PyNaCl, come from the Python that runs it: from its site-packages, or from PYTHONPATH.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

MISSING = """\
sealtrace-verify needs {need}. It takes packages from the Python that runs it, which is
  {python}
Install them there, for example in an environment of their own:
  python3 -m venv verify && verify/bin/pip install cryptography PyNaCl
or without a network from the wheels of the offline archive of Sealtrace:
  verify/bin/pip install --no-index --find-links sealtrace-…-offline/wheels cryptography PyNaCl
and run it with that Python: verify/bin/python sealtrace-verify.pyz …
"""

try:
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever is handed this file has any Python
        raise ImportError("Python 3.11 or newer")  # noqa: TRY301 - told like a missing package, in one place
    from ledger import fingerprints
    from ledger.bundle import verify_bundle
    from ledger.bundleform import MAX_BUNDLE_BYTES
    from ledger.bundlewords import refusal_lines, verdict_json, verdict_lines
    from ledger.charterpayload import parse_charter
    from ledger.errors import LedgerError
    from ledger.fraud import verify_fraud
except ImportError as error:
    sys.exit(MISSING.format(need=error.name or error, python=sys.executable))

DONE, REFUSED, STALE = 0, 1, 4


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments ask; return the exit code (docs/commands.md)."""
    options = _options(arguments)
    try:
        charters = [_read(path) for path in options.charter]
        return _bundle(options, charters) if options.what == "bundle" else _fraud(options, charters)
    except LedgerError as error:
        print("\n".join(refusal_lines(error)), file=sys.stderr)
    except OSError as error:
        print(f"✗ {error.filename} cannot be read: {error.strerror}", file=sys.stderr)
    return REFUSED


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sealtrace-verify", description="Verify what Sealtrace's members hand out.")
    commands = parser.add_subparsers(dest="what", required=True)
    bundle = commands.add_parser("bundle", help="an evidence bundle")
    bundle.add_argument("--anchor", help="the fingerprint of charter 1, from your own source")
    bundle.add_argument("--allow-unwitnessed", action="store_true", help="exit 0 though only the operator vouches")
    bundle.add_argument("--json", action="store_true", help="one JSON document, with every field that is shown")
    fraud = commands.add_parser("fraud", help="a proof of fraud")
    for command in (bundle, fraud):
        command.add_argument("file", type=Path)
        command.add_argument(
            "--charter", type=Path, action="append", default=[], help="a charter file that you believe"
        )
    return parser.parse_args(_joined(arguments))


def _joined(arguments: Sequence[str]) -> list[str]:
    """Write the anchor and its value as one word: a fingerprint may begin with a hyphen, like an option."""
    words = list(arguments)
    if "--anchor" in words[:-1]:
        at = words.index("--anchor")
        words[at : at + 2] = [f"--anchor={words[at + 1]}"]
    return words


def _bundle(options: argparse.Namespace, charters: Sequence[bytes]) -> int:
    held = {fingerprints.of_file(file): file for file in charters}
    anchor = fingerprints.parse(options.anchor) if options.anchor else None
    verdict = verify_bundle(_read(options.file), anchor=anchor, held=held)
    if options.json:
        print(json.dumps(verdict_json(verdict), ensure_ascii=False, indent=2))
    else:
        print(f"{'✓ verified' if verdict.is_complete else '! consistent'}   {options.file.name}")
        print("\n".join(verdict_lines(verdict)))
    witnessed = verdict.is_witnessed or options.allow_unwitnessed
    return DONE if verdict.anchored and witnessed else STALE


def _fraud(options: argparse.Namespace, charters: Sequence[bytes]) -> int:
    conviction = verify_fraud(_read(options.file), charters=charters)
    print("\n".join(conviction.lines()))
    for file in charters:
        print(f"believed     charter {parse_charter(file).ver}: {fingerprints.to_text(fingerprints.of_file(file))}")
    return DONE


def _read(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(MAX_BUNDLE_BYTES + 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

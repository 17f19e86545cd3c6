"""Official code lists: imported once into the home, used for every list after (docs/commands.md)."""

from pathlib import Path

from clients.durable import make_folder, write_file
from clients.errors import ListError
from clients.home import Home
from clients.lists.values import Tables
from ledger import calibres, makes
from ledger.codelists import CodeList, parse_code_list
from ledger.errors import LedgerError

KINDS = ("makes", "calibres")
MAX_CODE_BYTES = 16 * 1024 * 1024


def import_codes(home: Home, raw: bytes, *, kind: str) -> CodeList:
    """Check an official list and keep it; return what was taken and what was not."""
    if kind not in KINDS:
        raise ListError("no such code list", next_step=f"say --kind {' or --kind '.join(KINDS)}")
    found = _parse(raw)
    if not found.rows:
        raise ListError("the list holds no code that can be used", next_step="see the report by line")
    make_folder(home.codes)
    write_file(_path(home, kind), raw)
    return found


def load_tables(home: Home) -> Tables:
    """Return the code tables of a home: the built-in ones, with the official lists that were imported."""
    return Tables(
        makes=makes.BUILT_IN.with_codes(_imported(home, "makes").rows),
        calibres=calibres.BUILT_IN.with_codes(_imported(home, "calibres").rows),
    )


def _imported(home: Home, kind: str) -> CodeList:
    path = _path(home, kind)
    return _parse(path.read_bytes()) if path.exists() else CodeList(rows=(), problems=())


def _parse(raw: bytes) -> CodeList:
    if len(raw) > MAX_CODE_BYTES:
        raise ListError("the code list is too large")
    try:
        return parse_code_list(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, LedgerError) as error:
        raise ListError(
            f"not a code list: {error if isinstance(error, LedgerError) else 'not text in UTF-8'}",
            next_step="give a CSV with the columns code and description",
        ) from error


def _path(home: Home, kind: str) -> Path:
    return home.codes / f"{kind}.csv"

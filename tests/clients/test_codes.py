"""Official code lists: checked before they are kept, used from then on."""

from pathlib import Path

import pytest

from clients import codes
from clients.codes import import_codes, load_tables
from clients.errors import ListError
from clients.home import Home, HomeConfig, create_home

MAKES = b"code,description\nUOW,Unheard-of Works\nTAU,Taurus\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Give a new home."""
    return create_home(str(tmp_path / "home"), {}, HomeConfig(id="xar-arms", name="Arms", country="XAR"))


def test_the_built_in_tables_are_there_before_any_import(home: Home) -> None:
    """A new home knows the makes and calibres that come with the program."""
    tables = load_tables(home)
    found = tables.makes.find("Taurus")

    assert found is not None
    assert tables.calibres.find("9 mm") is not None
    assert tables.makes.find("Unheard-of Works") is None


def test_an_imported_make_is_known_by_code_and_name(home: Home) -> None:
    """What the list says is found by both, and what was built in is found still."""
    assert len(import_codes(home, MAKES, kind="makes").rows) == 2
    tables = load_tables(home)
    by_name, by_code = tables.makes.find("unheard-of works"), tables.makes.find("UOW")

    assert by_name is not None
    assert by_code is not None
    assert (by_name.code, by_code.code) == ("UOW", "UOW")
    assert tables.makes.find("Glock") is not None


def test_lines_that_cannot_be_used_are_told_and_the_others_kept(home: Home) -> None:
    """A list of thousands is not refused for one line."""
    found = import_codes(home, MAKES + b"x!,bad\n", kind="makes")

    assert (len(found.rows), len(found.problems)) == (2, 1)


def test_a_list_is_kept_to_the_byte_and_privately(home: Home) -> None:
    """So that a later version of the program reads the official text again, not ours."""
    import_codes(home, MAKES, kind="makes")

    assert (home.codes / "makes.csv").read_bytes() == MAKES
    assert (home.codes / "makes.csv").stat().st_mode & 0o777 == 0o600
    assert home.codes.stat().st_mode & 0o777 == 0o700


def test_a_newer_list_replaces_the_older(home: Home) -> None:
    """A code that is gone from it is gone."""
    import_codes(home, MAKES, kind="makes")
    import_codes(home, b"code,description\nZOW,Another Works\n", kind="makes")
    tables = load_tables(home)

    assert tables.makes.find("Unheard-of Works") is None
    assert tables.makes.find("Another Works") is not None


def test_calibres_are_a_list_of_their_own(home: Home) -> None:
    """Importing one kind changes nothing of the other."""
    before = load_tables(home).makes
    import_codes(home, b"code,description\n9X99,9x99 Unheard\n", kind="calibres")

    assert load_tables(home).makes == before
    assert (home.codes / "calibres.csv").exists()


@pytest.mark.parametrize(
    ("raw", "kind", "message"),
    [
        (MAKES, "colours", "no such code list"),
        (b"\xff\xfe\x00", "makes", "not text in UTF-8"),
        (b"", "makes", "not a code list|no code"),
        (b"a,b\n1,2\n", "makes", "not a code list"),
        (b"code,description\nx!,bad\n", "makes", "no code that can be used"),
    ],
)
def test_what_is_no_code_list_is_refused_and_not_kept(home: Home, raw: bytes, kind: str, message: str) -> None:
    """Nothing of it reaches the home, and the list before stays in use."""
    import_codes(home, MAKES, kind="makes")
    with pytest.raises(ListError, match=message):
        import_codes(home, raw, kind=kind)

    assert (home.codes / "makes.csv").read_bytes() == MAKES
    assert sorted(path.name for path in home.codes.iterdir() if path.suffix == ".csv") == ["makes.csv"]


def test_a_list_beyond_the_limit_is_refused(home: Home) -> None:
    """Before it is parsed."""
    with pytest.raises(ListError, match="too large"):
        import_codes(home, b"x" * (codes.MAX_CODE_BYTES + 1), kind="makes")

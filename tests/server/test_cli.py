"""`sealtrace-server`: what the operator types, what comes out, and with which exit code."""

import json
import os
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger import fingerprints
from server import schema
from server.cli import app
from server.passphrase import DESCRIPTOR

RUNNER = CliRunner()
ORIGIN = "ledger.example/weapons"
URL = "https://ledger.example"


def _env(passphrase: bytes) -> dict[str, str]:
    reader, writer = os.pipe()
    os.write(writer, passphrase)
    os.close(writer)
    return {DESCRIPTOR: str(reader)}


def _create(data: Path, *, origin: str = ORIGIN, url: str = URL) -> "tuple[int, str, str]":
    arguments = ["create", "--data", str(data), "--origin", origin, "--url", url]
    result = RUNNER.invoke(app, arguments, env=_env(b"a long passphrase"))
    return result.exit_code, result.stdout, result.stderr


def test_create_makes_keys_and_says_what_the_charter_must_name(tmp_path: Path) -> None:
    """The output is JSON, the folder is the owner's alone, the passphrase appears nowhere."""
    code, out, err = _create(tmp_path / "service")

    named = json.loads(out)
    assert code == 0
    assert (named["origin"], named["url"]) == (ORIGIN, URL)
    assert [len(named["log"]["vkeys"]), len(named["log"]["access"])] == [2, 2]
    assert named["log"]["answer"]["kid"] == "log#1"
    assert (tmp_path / "service" / "service.json").read_text() == out
    assert [
        path.name for path in (tmp_path / "service", *(tmp_path / "service").iterdir()) if path.stat().st_mode & 0o077
    ] == []
    assert "passphrase" not in out + err


def test_an_origin_with_a_scheme_is_refused(tmp_path: Path) -> None:
    """The name stands in every checkpoint for ever; a slip in it is told before anything is made."""
    code, _, err = _create(tmp_path / "service", origin="https://log.test/weapons")

    assert code == 2
    assert "without its scheme" in err
    assert not (tmp_path / "service").exists()


def test_what_cannot_be_used_is_named_with_what_to_check(tmp_path: Path) -> None:
    """A folder that is a file, one that is not there, a service that never ran: path and next step, no number."""
    (tmp_path / "file").write_text("")
    (tmp_path / "service").mkdir(mode=0o700)
    _, _, file = _create(tmp_path / "file")
    missing = RUNNER.invoke(app, ["migrate", "--data", str(tmp_path / "none")]).stderr
    backup = RUNNER.invoke(app, ["backup", "--data", str(tmp_path / "service"), "--output", str(tmp_path / "b")]).stderr
    fsck = RUNNER.invoke(app, ["fsck", "--data", str(tmp_path / "service")]).stderr

    assert f"{tmp_path / 'file'} cannot be used: File exists; check the path" in file
    assert "cannot be used: No such file or directory; check the path" in missing
    assert "[Errno" not in file + missing
    assert "ledger.sqlite is missing: start the service once" in backup
    assert "ledger.sqlite is missing: start the service once" in fsck


def test_create_never_destroys_keys(tmp_path: Path) -> None:
    """A second time it fails, and the first keys stay."""
    _create(tmp_path)
    before = (tmp_path / "service.json").read_bytes()

    code, _, err = _create(tmp_path)

    assert code == 1
    assert "keys already, which are never replaced: name another folder" in err
    assert (tmp_path / "service.json").read_bytes() == before


@pytest.mark.parametrize(
    ("origin", "url"), [("with space", URL), ("a+b", URL), (ORIGIN, "ledger.example"), (ORIGIN, "https://x/path")]
)
def test_create_refuses_names_the_log_could_not_have(tmp_path: Path, origin: str, url: str) -> None:
    """An origin or url that cannot be signed is refused before keys are made."""
    code, out, _ = _create(tmp_path / "service", origin=origin, url=url)

    assert (code, out) == (1, "")
    assert not (tmp_path / "service").exists()


def test_create_without_a_passphrase_is_a_usage_error(tmp_path: Path) -> None:
    """No descriptor, no credential, no terminal."""
    arguments = ["create", "--data", str(tmp_path), "--origin", ORIGIN, "--url", URL]

    result = RUNNER.invoke(app, arguments)

    assert result.exit_code == 2
    assert DESCRIPTOR in result.stderr


def test_serve_refuses_a_fingerprint_that_is_none(tmp_path: Path) -> None:
    """Exit 2, before the keystore is opened."""
    result = RUNNER.invoke(app, ["serve", "--data", str(tmp_path), "--charter", "x"])

    assert result.exit_code == 2
    assert "SEALTRACE_CHARTER" in result.stderr


def test_serve_refuses_a_wrong_passphrase(tmp_path: Path) -> None:
    """Exit 1, and no word of the passphrase."""
    _create(tmp_path)
    arguments = ["serve", "--data", str(tmp_path), "--charter", fingerprints.to_words(bytes(32))]

    result = RUNNER.invoke(app, arguments, env=_env(b"another one"))

    assert result.exit_code == 1
    assert "another one" not in result.stderr


def test_migrate_makes_the_tables(tmp_path: Path) -> None:
    """It needs no passphrase: it touches no key."""
    result = RUNNER.invoke(app, ["migrate", "--data", str(tmp_path)])

    assert result.exit_code == 0
    assert (tmp_path / "ledger.sqlite").exists()


def test_migrate_says_where_it_failed(tmp_path: Path) -> None:
    """A folder that is not there is an error with a message."""
    result = RUNNER.invoke(app, ["migrate", "--data", str(tmp_path / "nowhere")])

    assert result.exit_code == 1
    assert "nowhere" in result.stderr


@pytest.mark.parametrize("command", ["create", "serve", "migrate"])
def test_every_command_shows_an_example(command: str) -> None:
    """--help teaches by example and offers no way to type a secret."""
    result = RUNNER.invoke(app, [command, "--help"])

    assert "Example: sealtrace-server" in result.stdout
    assert "--passphrase" not in result.stdout


def test_create_and_migrate_answer_machines_with_one_object_and_no_word_beside_it(tmp_path: Path) -> None:
    """What is printed is the service's file as it was written, then the schema's newest revision."""
    arguments = ["create", "--data", str(tmp_path / "service"), "--origin", ORIGIN, "--url", URL, "--json"]
    made = RUNNER.invoke(app, arguments, env=_env(b"a long passphrase"))
    migrated = RUNNER.invoke(app, ["migrate", "--data", str(tmp_path / "service"), "--json"])

    assert (made.exit_code, made.stderr) == (0, "")
    assert json.loads(made.stdout) == json.loads((tmp_path / "service" / "service.json").read_bytes())
    assert json.loads(migrated.stdout) == {"schema": schema.newest()}


def test_the_program_says_its_version() -> None:
    """As the installed package has it."""
    said = RUNNER.invoke(app, ["--version"])

    assert (said.exit_code, said.stdout) == (0, f"sealtrace-server {version('sealtrace')}\n")

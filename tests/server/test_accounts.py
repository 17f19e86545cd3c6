"""`sealtrace-server account`: the only way to an account, and what the table keeps of it."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from crypto.errors import PasswordError
from crypto.passwords import verify_password
from server import schema
from server.accounts import Accounts, Role
from server.cli import app
from server.config import Config
from server.errors import ConfigError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a service's folder with a database of the newest schema."""
    schema.migrate(Config(data=tmp_path, fingerprint=b"").database)
    return tmp_path


@pytest.fixture
def accounts(data: Path) -> Iterator[Accounts]:
    """Return the accounts of that folder."""
    accounts = Accounts(Config(data=data, fingerprint=b"").database)
    yield accounts
    accounts.close()


def _run(data: Path, *arguments: str, password: bytes | None = None) -> Result:
    environ: dict[str, str] = {}
    if password is not None:
        reading, writing = os.pipe()
        os.write(writing, password)
        os.close(writing)
        environ["SEALTRACE_PASSPHRASE_FD"] = str(reading)
    return CliRunner().invoke(app, ["account", *arguments, "--data", str(data)], env=environ)


def test_a_one_time_password_is_shown_once_and_kept_nowhere(data: Path, accounts: Accounts) -> None:
    """It stands alone on stdout; the table has its hash, and that it must be changed."""
    made = _run(data, "create", "ana", "--role", "operator")

    password = made.stdout.strip()
    account = accounts.find("ana")
    assert (made.exit_code, len(password)) == (0, 23)
    assert account is not None
    assert (account.role, account.must_change, account.signed_in) == (Role.OPERATOR, True, None)
    verify_password(password.encode(), kept=account.password)
    assert password.encode() not in (data / "ledger.sqlite").read_bytes()
    assert password not in repr(account)
    assert account.password not in repr(account)


def test_an_own_password_comes_through_a_descriptor(data: Path, accounts: Accounts) -> None:
    """Never an argument, never the environment; then it need not be changed."""
    made = _run(data, "create", "ana", "--role", "auditor", "--password", password=b"a long enough one\n")

    account = accounts.find("ana")
    assert made.exit_code == 0
    assert account is not None
    assert not account.must_change
    verify_password(b"a long enough one", kept=account.password)
    assert "a long enough one" not in made.output


@pytest.mark.parametrize("password", [b"short\n", b"\xff" * 20, b""])
def test_a_bad_password_makes_no_account(data: Path, accounts: Accounts, password: bytes) -> None:
    """Too short, no text, nothing: refused in one line that does not repeat it."""
    made = _run(data, "create", "ana", "--role", "auditor", "--password", password=password)

    assert made.exit_code in {1, 2}
    assert "short\n" not in made.output
    assert accounts.find("ana") is None


def test_without_a_terminal_or_a_descriptor_nobody_is_asked(data: Path) -> None:
    """A script that forgot the descriptor is told so instead of waiting for ever."""
    made = _run(data, "create", "ana", "--role", "auditor", "--password")

    assert made.exit_code == 2
    assert "SEALTRACE_PASSPHRASE_FD" in made.output


def test_the_services_own_credential_becomes_nobodys_password(data: Path, accounts: Accounts) -> None:
    """Under systemd the keystore's passphrase lies ready: it must not be taken for an account's."""
    (data / "sealtrace-passphrase").write_bytes(b"the passphrase of the keystore")

    made = CliRunner().invoke(
        app,
        ["account", "create", "ana", "--role", "auditor", "--password", "--data", str(data)],
        env={"CREDENTIALS_DIRECTORY": str(data)},
    )

    assert made.exit_code == 2
    assert accounts.all() == []


@pytest.mark.parametrize("name", ["", "A", "ana maria", "é", "-x", "a", "x" * 33, "a\n"])
def test_a_name_has_one_form(data: Path, accounts: Accounts, name: str) -> None:
    """What is shown on pages and written to logs is plain."""
    made = _run(data, "create", "--role", "auditor", "--", name) if name.startswith("-") else None
    with pytest.raises(ConfigError, match="an account's name"):
        accounts.create(name=name, role=Role.AUDITOR, password="x", must_change=False, now=0)

    assert made is None or made.exit_code == 2
    assert accounts.all() == []


def test_a_name_is_given_once(data: Path) -> None:
    """A second account of a name is refused, and the first keeps its password."""
    first = _run(data, "create", "ana", "--role", "auditor")
    second = _run(data, "create", "ana", "--role", "operator")

    assert [first.exit_code, second.exit_code] == [0, 2]
    assert "there is an account ana already" in second.output


def test_accounts_are_listed_and_removed(data: Path) -> None:
    """Name, role, last sign-in; a removed one is gone."""
    _run(data, "create", "ana", "--role", "operator")
    _run(data, "create", "oto", "--role", "auditor")
    listed = _run(data, "list").stdout.splitlines()
    removed = _run(data, "remove", "ana")
    again = _run(data, "remove", "ana")

    assert [line.split()[:2] for line in listed] == [["ana", "operator"], ["oto", "auditor"]]
    assert "never signed in" in listed[0]
    assert [removed.exit_code, again.exit_code] == [0, 2]
    assert len(_run(data, "list").stdout.splitlines()) == 1


def test_a_new_password_ends_the_old_one(data: Path, accounts: Accounts) -> None:
    """Given by the operator on the machine: the old one is dead, and so is every session."""
    old = _run(data, "create", "ana", "--role", "operator").stdout.strip()
    token = accounts.sign_in("ana", now=100)
    new = _run(data, "password", "ana").stdout.strip()
    listed = _run(data, "list").stdout

    account = accounts.find("ana")
    assert account is not None
    verify_password(new.encode(), kept=account.password)
    with pytest.raises(PasswordError):
        verify_password(old.encode(), kept=account.password)
    assert accounts.session(token, now=101) is None
    assert "1970-01-01T00:01Z" in listed
    assert _run(data, "password", "nobody").exit_code == 2


def test_a_database_that_is_missing_or_old_is_named(tmp_path: Path, data: Path) -> None:
    """No account is made in a file that was never a service's; an old one is migrated first."""
    with sqlite3.connect(data / "ledger.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
    connection.close()
    old = _run(data, "list")
    missing = _run(tmp_path / "nowhere", "list")

    assert [old.exit_code, missing.exit_code] == [2, 2]
    assert "sealtrace-server migrate" in old.output
    assert "sealtrace-server migrate" in missing.output
    assert not (tmp_path / "nowhere").exists()


def test_a_session_is_forgotten_when_it_is_over(accounts: Accounts) -> None:
    """The table does not grow with every sign-in for ever."""
    accounts.create(name="ana", role=Role.AUDITOR, password="x", must_change=False, now=0)
    for hour in range(5):
        accounts.sign_in("ana", now=hour * 3_600)

    with accounts._reader.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar() == 1


def test_only_two_roles_are_kept(accounts: Accounts) -> None:
    """The table itself refuses a role that no page knows."""
    with pytest.raises(Exception, match="CHECK constraint"), accounts._writer.begin() as connection:
        connection.exec_driver_sql("INSERT INTO accounts VALUES ('eve', 'root', 'x', 0, 0, NULL)")

"""`sealtrace-server account`: who may sign in to the console. There is no other way to make one, and no default."""

import getpass
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from crypto.passwords import check_password, hash_password, one_time_password
from server import exits
from server.accounts import Account, Accounts, Role
from server.config import Config
from server.errors import ConfigError
from server.folder import DataOption
from server.passphrase import DESCRIPTOR, read_passphrase
from server.upkeep import JsonOption
from server.wording import WordedGroup

app = typer.Typer(cls=WordedGroup, no_args_is_help=True, help="Who may sign in to the console.")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The account's name: a-z 0-9 . -")]
OwnOption = Annotated[
    bool, typer.Option("--password", help="Ask for the password, or read it from SEALTRACE_PASSPHRASE_FD.")
]


@app.command(short_help="add an account, with a one-time password")
def create(
    name: NameArgument,
    data: DataOption,
    role: Annotated[
        Role,
        typer.Option(
            metavar="operator|auditor", help="An auditor sees the log, an operator the machine and the accounts too."
        ),
    ],
    *,
    own: OwnOption = False,
    as_json: JsonOption = False,
) -> None:
    """Add an account. Without --password a one-time password is shown here, once, to be changed at the first sign-in.

    Example: sealtrace-server account create ana --role auditor --data /srv/log
    """
    with _accounts(data) as accounts:
        password = _password(own=own)
        accounts.create(name=name, role=role, password=_hashed(password), must_change=not own, now=int(time.time()))
        _show(name, None if own else password, as_json=as_json)


@app.command(short_help="give an account another password")
def password(name: NameArgument, data: DataOption, *, own: OwnOption = False, as_json: JsonOption = False) -> None:
    """Give an account another password, and end all its sessions.

    Example: sealtrace-server account password ana --data /srv/ledger
    """
    with _accounts(data) as accounts:
        fresh = _password(own=own)
        accounts.set_password(name, password=_hashed(fresh), must_change=not own)
        _show(name, None if own else fresh, as_json=as_json)


@app.command(short_help="remove an account, and end its sessions")
def remove(name: NameArgument, data: DataOption, *, as_json: JsonOption = False) -> None:
    """Remove an account, and end all its sessions.

    Example: sealtrace-server account remove ana --data /srv/ledger
    """
    with _accounts(data) as accounts:
        accounts.remove(name)
        typer.echo(json.dumps({"removed": name}) if as_json else f"{name} may no longer sign in")


@app.command("list", short_help="list the accounts")
def list_accounts(data: DataOption, *, as_json: JsonOption = False) -> None:
    """List the accounts: name, role, last sign-in.

    Example: sealtrace-server account list --data /srv/ledger
    """
    with _accounts(data) as accounts:
        found = accounts.all()
        if as_json:
            typer.echo(json.dumps([_shown(account) for account in found]))
            return
        for account in found:
            seen = "never signed in" if account.signed_in is None else _date(account.signed_in)
            typer.echo(f"{account.name:<32} {account.role.value:<9} {seen}")


@contextmanager
def _accounts(data: DataOption) -> Iterator[Accounts]:
    try:
        accounts = Accounts(Config(data=data, fingerprint=b"").database)
        try:
            yield accounts
        finally:
            accounts.close()
    except exits.EXPECTED as error:
        exits.fail(error)


def _password(*, own: bool) -> str:
    if not own:
        return one_time_password()
    prompt = getpass.getpass if sys.stdin.isatty() else None
    ask = None if prompt is None else lambda _: prompt("Password of the account: ")
    # Only the descriptor: the service's own credential must not become somebody's password.
    given = {name: value for name, value in os.environ.items() if name == DESCRIPTOR}
    try:
        return read_passphrase(given, prompt=ask).decode()
    except UnicodeDecodeError as error:
        raise ConfigError("a password is text in UTF-8") from error


def _hashed(text: str) -> str:
    return hash_password(check_password(text))


def _show(name: str, one_time: str | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"name": name, "one_time_password": one_time}))
        return
    if one_time is None:
        typer.echo(f"{name} may sign in")
        return
    typer.echo(f"The one-time password of {name}, shown only now, to be changed at the first sign-in:", err=True)
    typer.echo(one_time)


def _shown(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "role": account.role.value,
        "created": account.created,
        "signed_in": account.signed_in,
        "must_change": account.must_change,
    }


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")

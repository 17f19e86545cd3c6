"""The folder of a service, as its operator's commands are told of it: they run as the user that it belongs to.

A file that root leaves there, a keystore or a database, is one that the service cannot open; and what belongs to
another user is not believed, so that root would be told of damage that there is none of.
"""

import os
import pwd
from pathlib import Path
from typing import Annotated

import typer

from server import exits
from server.errors import ConfigError


def require_own(data: Path | None) -> Path | None:
    """Return the folder; end the command if it is there and belongs to another user than the one who runs this."""
    if data is not None and data.is_dir() and data.stat().st_uid != os.geteuid():
        name = _name(data.stat().st_uid)
        exits.fail(
            ConfigError(f"{data} belongs to {name}: run this as that user, with `runuser --user={name} --` before it")
        )
    return data


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


_OPTION = typer.Option(
    "--data", metavar="DIR", help="The service's folder.", envvar="SEALTRACE_DATA", callback=require_own
)

DataOption = Annotated[Path, _OPTION]
OptionalDataOption = Annotated[Path | None, _OPTION]

"""Start the two programs, and only with the packages that came with them (docs/adr/0027).

`crypto`, `ledger`, `server`, `clients` and `migrations` are short names that another distribution may bring as well.
Whichever of the two lay first on the path would run, so nothing of ours is imported before its place is known.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("crypto", "ledger", "server", "clients", "migrations")


def agency() -> None:
    """Run `sealtrace`, the agency's program."""
    _start()
    from clients.cli.app import main  # noqa: PLC0415 - not before _start has found it to be ours

    main()


def service() -> None:
    """Run `sealtrace-server`, the operator's program."""
    _start()
    from server.cli import main  # noqa: PLC0415 - not before _start has found it to be ours

    main()


def _start() -> None:
    strangers = foreign_packages(Path(__file__).parent)
    if strangers:
        sys.exit(
            f"refused: {', '.join(strangers)} would be loaded from another distribution.\n"
            "Sealtrace runs in an environment of its own: use install.sh, or a new virtual environment."
        )
    if sys.prefix == sys.base_prefix:
        print(
            "warning: this Python is shared with other programs, and another one's `crypto` or `server` could\n"
            "take the place of ours; install.sh makes an environment of its own.",
            file=sys.stderr,
        )


def foreign_packages(home: Path) -> tuple[str, ...]:
    """Return our packages' names that Python would not load from `home`."""
    return tuple(name for name in PACKAGES if not _is_in(home, name))


def _is_in(home: Path, name: str) -> bool:
    spec = find_spec(name)
    return spec is not None and spec.origin is not None and Path(spec.origin) == home / name / "__init__.py"


if __name__ == "__main__":
    agency()

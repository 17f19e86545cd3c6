"""The maps that come with the program, by name."""

from importlib import resources

from clients.errors import ListError
from clients.lists.maps import ListMap, parse_map
from clients.lists.tables import Table

_FOLDER = resources.files("clients") / "maps"


def names() -> tuple[str, ...]:
    """Return the names of the shipped maps."""
    return tuple(sorted(path.name.removesuffix(".toml") for path in _FOLDER.iterdir() if path.name.endswith(".toml")))


def load(name: str) -> ListMap:
    """Return a shipped map; raise ListError for an unknown name."""
    return parse_map(text(name))


def text(name: str) -> str:
    """Return a shipped map as its file says it; raise ListError for an unknown name."""
    if name not in names():
        raise ListError(f"no map {name!r} comes with the program", next_step=f"there are: {', '.join(names())}")
    return (_FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def fitting(table: Table) -> tuple[str, ...]:
    """Return the shipped maps that know every column of `table` and miss none."""
    return tuple(
        name
        for name in names()
        if not (found := load(name)).missing_columns(table.header) and not found.unknown_columns(table.header)
    )

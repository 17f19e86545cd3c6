"""The source that the desk stands on, parsed: its modules, and what names in them stand for.

Nothing here runs while the desk does: `make words` and a test read off the source what the library can say.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("clients", "ledger", "crypto")
# Where the service refuses a request: its words reach a page as what it answered. Its source is read, never imported.
ANSWERING = tuple(
    f"server.{name}"
    for name in (
        "accessstore", "app", "burials", "charges", "complaining", "errors", "matching", "questionrows", "ratelimit",
        "reading", "sequencer", "signatures", "slipchecks", "slips", "state", "store", "submitting", "telling", "turns",
        "views",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A function of a module, or a module's own lines where there is none."""

    module: "Module"
    function: ast.FunctionDef | None = None


@dataclass(eq=False)
class Module:
    """One parsed file, by the name it is imported under."""

    name: str
    tree: ast.Module
    inside: Mapping[ast.AST, ast.FunctionDef | None] = field(init=False)

    def __post_init__(self) -> None:
        """Note of everything in which function it stands."""
        inside: dict[ast.AST, ast.FunctionDef | None] = {self.tree: None}
        for node in _walk_down(self.tree):
            for child in ast.iter_child_nodes(node):
                inside[child] = node if isinstance(node, ast.FunctionDef) else inside[node]
        self.inside = inside

    @cached_property
    def functions(self) -> Mapping[str, Sequence[ast.FunctionDef]]:
        """Return the functions and methods by their names."""
        found: dict[str, list[ast.FunctionDef]] = defaultdict(list)
        for node in self.inside:
            if isinstance(node, ast.FunctionDef):
                found[node.name].append(node)
        return found

    @cached_property
    def imported(self) -> Mapping[str, tuple[str, str]]:
        """Return from which module a name comes, and what it is called there."""
        return {
            one.asname or one.name: (node.module or "", one.name)
            for node in self.inside
            if isinstance(node, ast.ImportFrom)
            for one in node.names
        }

    @cached_property
    def calls(self) -> Mapping[tuple[str, str], Sequence[ast.Call]]:
        """Return the calls by the module and the name of what they call."""
        found: dict[tuple[str, str], list[ast.Call]] = defaultdict(list)
        for node in self.inside:
            if isinstance(node, ast.Call):
                found[self.origin(node)].append(node)
        return found

    def origin(self, call: ast.Call) -> tuple[str, str]:
        """Return in which module what is called stands, and under which name: here, unless it was imported."""
        match call.func:
            case ast.Name(id=name):
                return self.imported.get(name, (self.name, name))
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in self.imported:
                return ".".join(self.imported[module]), name
        return self.name, called(call)

    def place(self, node: ast.AST) -> Place:
        """Return where something stands."""
        return Place(self, self.inside[node])

    def assigned(self, name: str, function: ast.FunctionDef | None) -> Sequence[ast.expr]:
        """Return whatever a name is given in a function, or in the module's own lines."""
        return self._given.get((function, name), ())

    @cached_property
    def _given(self) -> Mapping[tuple[ast.FunctionDef | None, str], Sequence[ast.expr]]:
        found: dict[tuple[ast.FunctionDef | None, str], list[ast.expr]] = defaultdict(list)
        for node, function in self.inside.items():
            for target, value in _given(node):
                for one in ast.walk(target):
                    if isinstance(one, ast.Name):
                        found[function, one.id].append(value)
        return found


def called(call: ast.Call) -> str:
    """Return the last name of what is called; nothing for what has no name."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def reachable(root: Path = ROOT) -> dict[str, Module]:
    """Return the desk's modules, all of ours that they import, directly or not, and those in which the service answers."""
    found: dict[str, Module] = {}
    waiting = [*ANSWERING, *(_name(path, root) for path in sorted((root / "clients" / "desk").rglob("*.py")))]
    while waiting:
        name = waiting.pop()
        path = _file(name, root)
        if name in found or path is None:
            continue
        found[name] = Module(name, ast.parse(path.read_text(encoding="utf-8")))
        waiting += [] if name in ANSWERING else _imports(found[name])
    return found


def _walk_down(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield a node before what stands in it."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += ast.iter_child_nodes(node)


def _given(node: ast.AST) -> Iterable[tuple[ast.expr, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            return [(target, value) for target in targets]
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return [(target, value)]
        case ast.AugAssign(target=target, op=ast.Add(), value=ast.JoinedStr() | ast.Constant() as value):
            return [(target, ast.BinOp(left=target, op=ast.Add(), right=value))]
        case (
            ast.AugAssign(target=target, value=value)
            | ast.NamedExpr(target=target, value=value)
            | ast.For(target=target, iter=value)
            | ast.comprehension(target=target, iter=value)
        ):
            return [(target, value)]
        case ast.Call(func=ast.Attribute(value=ast.Name() as target, attr="append"), args=[value]):
            return [(target, value)]
        case _:
            return []


def _imports(module: Module) -> Iterator[str]:
    for node in module.inside:
        match node:
            case ast.Import(names=names):
                yield from (one.name for one in names)
            case ast.ImportFrom(module=str() as name, names=names):
                yield name
                yield from (f"{name}.{one.name}" for one in names)


def _name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _file(name: str, root: Path) -> Path | None:
    parts = name.split(".")
    if parts[0] not in PACKAGES and name not in ANSWERING:
        return None
    path = root.joinpath(*parts)
    return next((one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()), None)

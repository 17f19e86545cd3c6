"""What the library can say to a person, read off its source: every error's words and what to do, every problem of a list.

The library speaks English, to programs, logs and terminals as to people, and knows no reader. Its sentences are found
where they are handed over (the calls and functions named below), and followed back to the words that they are made of:
through names, parameters, tables and the functions that return them. What stands in braces becomes `%(name)s`.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product

from babel.messages import Catalog

from clients.desk.nextsteps import STEPS
from clients.desk.sdksource import Module, Place, called, reachable
from clients.desk.sentences import JOINTS

# By what is called, the parameters in which it takes words for people; what an error of ours takes is below.
TAKING: Mapping[str, frozenset[str]] = {
    "Problem": frozenset({"cause", "fix"}),
    "Told": frozenset({"what", "fix", "note"}),
    "ProfileFinding": frozenset({"what"}),
    "Correction": frozenset({"obstacle"}),
    "_Verdict": frozenset({"why"}),
    "Whole": frozenset({"damage"}),
    "Exported": frozenset({"caveats"}),
    "Kind": frozenset({"next"}),
    "Leaf": frozenset({"rule"}),
    "Table": frozenset({"source"}),
}
# Functions that return words for people.
SAYING: Mapping[str, frozenset[str]] = {
    "clients.auditreport": frozenset({"verdict_in_words"}),
    "clients.bundles": frozenset({"check_now"}),
    "clients.cli.exits": frozenset({"next_step"}),
    "clients.intake.agreeing": frozenset({"why_two"}),
    "ledger.shapes": frozenset({"rule"}),
    "ledger.talk.releases": frozenset({"why_two"}),
    "ledger.witnesswords": frozenset({"witnessed_by"}),
}
# What only whoever starts a program reads, on a terminal, and what a witness answers to a log.
ELSEWHERE = frozenset(
    {"clients.desk.catalogues", "clients.desk.place", "clients.desk.program", "crypto.startup", "ledger.witnessing"}
)

_TRANSLATED = frozenset({"_", "_l"})
# Python's own, and one whose texts the desk's catalogue holds.
_OTHERS = frozenset(
    {"NotImplementedError", "OSError", "RefusedError", "RuntimeError", "SystemError", "TypeError", "ValueError"}
)
_PASSING = frozenset({"filter", "format", "get", "join", "map", "next", "sorted", "tuple", "MappingProxyType"})
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_FIELD = re.compile(r"\{(\w+)(?:![rs])?\}")
_WORD = re.compile(r"[a-z]{2,}")
_MOST_WAYS = 64


@dataclass
class Reader:
    """Follows words through modules; `lost` are the expressions that hand something over of which nothing was found."""

    modules: Mapping[str, Module]
    lost: set[str] = field(default_factory=set)
    _parts: set[str] = field(default_factory=set)
    _known: dict[tuple[object, ...], set[str]] = field(default_factory=dict)

    def everything(self) -> set[str]:
        """Return all that can be said: the sentences, and those of which a part of another is made."""
        spoken = [module for name, module in self.modules.items() if name not in ELSEWHERE]
        found = {text for module in spoken for value, place in handed_over(module) for text in self._top(value, place)}
        return {text for text in found | {part for part in self._parts if " " in part} if _is_words(text)}

    def _top(self, value: ast.expr, place: Place) -> set[str]:
        found = self.texts(value, place)
        if not found and not _is_repeated(value):
            self.lost.add(f"{place.module.name}: {ast.unparse(value)}")
        return found

    def texts(self, value: ast.expr, place: Place) -> set[str]:
        """Return the texts that an expression can be, with `%(name)s` for what only a run can tell."""
        match value:
            case ast.Constant(value=str() as text):
                return {_FIELD.sub(r"%(\1)s", text)}
            case ast.JoinedStr(values=parts):
                return _joined([self._part(part, place) for part in parts])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return _joined([self._part(left, place), self._part(right, place)])
            case ast.Name(id=name):
                return self._once((place, name), lambda: self._named(name, place))
            case ast.Call():
                return self._called(value, place)
        return {text for one in _alternatives(value) for text in self.texts(one, place)}

    def _part(self, part: ast.expr, place: Place) -> set[str]:
        """Return what a part of a text can be: its words where they stand there, or else a placeholder for them."""
        value = part.value if isinstance(part, ast.FormattedValue) else part
        inner = self.texts(value, place)
        if isinstance(value, ast.Constant | ast.IfExp | ast.JoinedStr) and inner:
            return inner
        self._parts |= inner
        return {f"%({_name(value)})s"}

    def _named(self, name: str, place: Place) -> set[str]:
        given = place.module.assigned(name, place.function) if place.function else []
        if given:
            return {text for value in given for text in self.texts(value, place)}
        if place.function is not None and name in _parameters(place.function):
            return self._parameter(name, place.function, place.module)
        return self._constant(name, place.module)

    def _constant(self, name: str, module: Module) -> set[str]:
        if name in module.imported:
            origin, original = module.imported[name]
            return self._constant(original, self.modules[origin]) if origin in self.modules else set()
        return {text for value in module.assigned(name, None) for text in self.texts(value, Place(module))}

    def _parameter(self, name: str, function: ast.FunctionDef, module: Module) -> set[str]:
        """Return what a parameter is given by whoever calls."""
        at = _parameters(function).index(name)
        calls = [
            (call, one.place(call))
            for one in self.modules.values()
            for call in one.calls.get((module.name, function.name), ())
        ]
        return {
            text for call, place in calls for value in _argument(call, name, at) for text in self.texts(value, place)
        }

    def _called(self, call: ast.Call, place: Place) -> set[str]:
        """Return what a call can be: what a function returns, or for one that only passes words on, these."""
        name = called(call)
        if name in _TRANSLATED:
            return set()
        if name in _PASSING:
            owner = [call.func.value] if isinstance(call.func, ast.Attribute) and name != "join" else []
            return {text for one in [*owner, *call.args] for text in self.texts(one, place)}
        origin, original = place.module.origin(call)
        if origin not in self.modules:
            return set()
        return self._once((origin, original, "returns"), lambda: self._returned(original, self.modules[origin]))

    def _returned(self, name: str, module: Module) -> set[str]:
        return {
            text
            for function in module.functions.get(name, ())
            for value in returned(function)
            for text in self.texts(value, Place(module, function))
        }

    def _once(self, key: tuple[object, ...], follow: Callable[[], set[str]]) -> set[str]:
        """Return what is found, once; nothing for what is being followed already, as a function may call itself."""
        if key not in self._known:
            self._known[key] = set()
            self._known[key] = follow()
        return self._known[key]


def extracted(modules: Mapping[str, Module] | None = None) -> Catalog:
    """Return a catalogue of all that the library can say at the desk, with nothing translated.

    In the stead of what speaks of the shell stand the desk's own words, in its own catalogue.
    """
    made = Catalog(fuzzy=False)
    for text in (*JOINTS, *(Reader(reachable() if modules is None else modules).everything() - STEPS.keys())):
        made.add(text)
    return made


def handed_over(module: Module) -> Iterator[tuple[ast.expr, Place]]:
    """Yield what a module hands over for people to read, and where it does."""
    for node in list(module.inside):
        if isinstance(node, ast.Call):
            yield from ((value, module.place(node)) for value in _taken(node, _class_around(node, module)))
    for function in (one for name in SAYING.get(module.name, ()) for one in module.functions[name]):
        yield from ((value, Place(module, function)) for value in returned(function))


def returned(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Yield what a function may return or yield."""
    for node in ast.walk(function):
        match node:
            case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
                yield value


def _class_around(call: ast.Call, module: Module) -> str:
    """Return the name of the class that an `__init__` calls in its base's stead; else that of what is called."""
    name = called(call)
    if name != "__init__":
        return name
    classes = (one for one in module.inside if isinstance(one, ast.ClassDef))
    return next((one.name for one in classes if call in ast.walk(one)), "")


def _taken(call: ast.Call, name: str) -> Iterator[ast.expr]:
    taking = TAKING.get(name, frozenset())
    if name == "add_note" or (name.endswith("Error") and name not in _OTHERS):
        taking |= {"next_step"}
        yield from call.args
    yield from (one.value for one in call.keywords if one.arg in taking)


def _is_words(text: str) -> bool:
    """Say whether a text says something beside what is put into it."""
    return _WORD.search(_PLACEHOLDER.sub(" ", text)) is not None


def _is_repeated(value: ast.expr) -> bool:
    """Say whether an expression repeats what another error said, or says what the desk's own catalogue holds."""
    match value:
        case ast.Call(func=ast.Name(id="str"), args=[ast.Name(), *_]):
            return True
        case ast.Constant(value=""):
            return True
        case _:
            return isinstance(value, ast.Call) and called(value) in _TRANSLATED


def _joined(parts: Sequence[set[str]]) -> set[str]:
    return {_numbered("".join(one)) for one in islice(product(*map(sorted, parts)), _MOST_WAYS)}


def _numbered(text: str) -> str:
    """Return a text in which no two placeholders have one name."""
    seen: dict[str, int] = {}

    def named(found: re.Match[str]) -> str:
        name = re.sub(r"_\d+$", "", found[1])
        seen[name] = seen.get(name, 0) + 1
        return f"%({name})s" if seen[name] == 1 else f"%({name}_{seen[name]})s"

    return _PLACEHOLDER.sub(named, text)


def _name(value: ast.expr) -> str:
    """Return what a placeholder is called: after what fills it."""
    match value:
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id=name), attr="value" | "name"):
            return name.strip("_").lower()
        case ast.Attribute(attr=name):
            return name.strip("_").lower()
        case ast.Call(args=[first, *_]):
            return _name(first)
        case ast.Call(func=inner) | ast.Subscript(value=inner) | ast.GeneratorExp(elt=inner) | ast.BinOp(left=inner):
            return _name(inner)
        case _:
            return "value"


def _parameters(function: ast.FunctionDef) -> list[str]:
    """Return the names of a function's parameters, without the object that it is a method of."""
    found = [one.arg for one in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return found[1:] if found[:1] in (["self"], ["cls"]) else found


def _argument(call: ast.Call, name: str, at: int) -> Iterator[ast.expr]:
    yield from (one.value for one in call.keywords if one.arg == name)
    yield from call.args[at : at + 1]


def _alternatives(value: ast.expr) -> Sequence[ast.expr]:
    match value:
        case ast.IfExp(body=one, orelse=other):
            return [one, other]
        case ast.BoolOp(values=found) | ast.Dict(values=found):
            return found
        case ast.Tuple(elts=found) | ast.List(elts=found) | ast.Set(elts=found):
            return found
        case ast.Subscript(value=one) | ast.Starred(value=one):
            return [one]
        case ast.GeneratorExp(elt=one) | ast.ListComp(elt=one) | ast.SetComp(elt=one):
            return [one]
        case _:
            return []

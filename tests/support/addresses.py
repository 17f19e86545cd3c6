"""What werkzeug makes of a rule, kept for every further app of the same process.

Of each of its 170 rules a desk has two functions written and compiled that put an address together, and the suite opens
hundreds of desks. They depend on the rule alone: the rule that one belongs to is its first argument.
"""

from collections.abc import Callable

from werkzeug.routing import Rule

_compile: Callable[..., Callable[..., tuple[str, str]]] = Rule._compile_builder
_kept: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}


def keep_compiled() -> None:
    """Compile each rule once a process from now on."""
    Rule._compile_builder = _builder  # type: ignore[method-assign]  # werkzeug has no place for it


def _builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT001, FBT002 - as werkzeug's
    if rule.defaults:
        return _compile(rule, append_unknown)
    key = (rule.rule, tuple(rule._trace), append_unknown)
    if key not in _kept:
        _kept[key] = _compile(rule, append_unknown)
    return _kept[key]

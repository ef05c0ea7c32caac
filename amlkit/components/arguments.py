"""Does a script take what its step gives it? Reads its argparse calls without running it. Called by `component`.

A script without any `add_argument` call, or with names that are computed, is left alone: nothing can be said about it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from ..errors import Problem


@dataclass(frozen=True)
class Option:
    """One option with all its spellings; `required`: the script stops without it."""

    names: tuple[str, ...]
    required: bool


@dataclass(frozen=True)
class Arguments:
    """What a script declares: its options, and the positional arguments that it insists on."""

    options: tuple[Option, ...]
    positional: tuple[str, ...]


def read(source: str) -> Arguments | None:
    """What a script declares, or None if it declares nothing, takes unknown options, or computes their names.

    Raises:
        SyntaxError: it is not Python.
    """
    calls = list(_calls(ast.parse(source)))
    added = [call for name, call in calls if name == "add_argument"]
    is_open = any(name in ("parse_known_args", "parse_known_intermixed_args", "add_subparsers") for name, _ in calls)
    if is_open or not added or not all(_is_constant(call) for call in added):
        return None
    options: list[Option] = []
    positional: list[str] = []
    for call in added:
        names = tuple(str(item.value) for item in call.args if isinstance(item, ast.Constant))
        if names and names[0].startswith("-"):
            options.append(Option(names, _keyword(call, "required") is True))
        elif names and _keyword(call, "nargs") not in ("?", "*"):
            positional += names
    return Arguments(tuple(options), tuple(positional))


def problems_with(arguments: Arguments, ports: tuple[str, ...], where: str, script: str) -> Iterator[Problem]:
    """Ports that the script does not take, and what it insists on that no port gives."""
    given = {f"--{port}" for port in ports}
    taken = {name for option in arguments.options for name in option.names}
    for option in sorted(given - taken):
        near = get_close_matches(option, sorted(taken - given), n=1)
        hint = f"it has `{near[0]}`" if near else f'add `parser.add_argument("{option}", …)`'
        yield Problem(f"{where}.{option[2:]}", f"`{script}` takes no `{option}`", hint)
    for needed in arguments.options:
        if needed.required and not given.intersection(needed.names):
            hint = "declare an input or an output of that name"
            yield Problem(where, f"`{script}` insists on `{needed.names[-1]}`, and no port is called so", hint)
    for name in arguments.positional:
        yield Problem(where, f"`{script}` insists on the positional argument `{name}`", "steps give options only")


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def _keyword(call: ast.Call, name: str) -> object:
    value = next((item.value for item in call.keywords if item.arg == name), None)
    return value.value if isinstance(value, ast.Constant) else value


def _is_constant(call: ast.Call) -> bool:
    return all(isinstance(item, ast.Constant) for item in call.args) and all(item.arg for item in call.keywords)

"""Does a script take what its step gives it? Reads its argparse calls without running it. Called by `component`.

A script without any `add_argument` call, or with names that are computed, is left alone: nothing can be said about it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import Problem
from .definition import NO_DEFAULT, InputPort, OutputPort, StepDefinition, did_you_mean
from .ports import PortType

_WITHOUT_VALUE = ("store_true", "store_false", "store_const", "append_const", "count", "help", "version")
_OPEN = ("parse_known_args", "parse_known_intermixed_args")
_READS = {  # the types of argparse that cannot read every value of a port
    PortType.STRING: ("int", "float"),
    PortType.NUMBER: ("int",),
    PortType.BOOLEAN: ("int", "float", "bool"),
}


@dataclass(frozen=True)
class Option:
    """One option with all its spellings; `required`: the script stops without it.

    `type` is the name of its type if it is a plain name; `choices` are its legal values as text, if they are listed.
    """

    names: tuple[str, ...]
    required: bool = False
    takes_value: bool = True
    type: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arguments:
    """What a script declares: options, positional arguments that it insists on; `open`: it bears unknown options."""

    options: tuple[Option, ...]
    positional: tuple[str, ...]
    open: bool = False


def read(source: str) -> Arguments | None:
    """What a script declares, or None if it declares nothing, has commands below it, or computes its names.

    Raises:
        SyntaxError: it is not Python.
    """
    calls = list(_calls(ast.parse(source)))
    added = [call for name, call in calls if name == "add_argument"]
    names = {name for name, _ in calls}
    if "add_subparsers" in names or not added or not all(_is_constant(call) for call in added):
        return None
    options: list[Option] = []
    positional: list[str] = []
    for call in added:
        spellings = tuple(str(item.value) for item in call.args if isinstance(item, ast.Constant))
        if spellings and spellings[0].startswith("-"):
            options.append(_option(spellings, call))
        elif spellings and _keyword(call, "nargs") not in ("?", "*"):
            positional += spellings
    return Arguments(tuple(options), tuple(positional), not names.isdisjoint(_OPEN))


def problems_with(arguments: Arguments, step: StepDefinition, given: tuple[str, ...] | None) -> Iterator[Problem]:
    """Ports that the script does not take, or not so, and what it insists on that no port gives.

    Args:
        arguments: what the script declares.
        step: the step that calls it.
        given: the names of the ports that it gets as options; None: all.
    """
    where, script = step.name, step.script
    every: list[InputPort | OutputPort] = [*step.inputs, *step.outputs]
    ports = [port for port in every if given is None or port.name in given]
    spelt = {name: option for option in arguments.options for name in option.names}
    names = {f"--{port.name}" for port in ports}
    for port in ports:
        option = spelt.get(f"--{port.name}")
        if option is not None:
            yield from _value_problems(option, port, f"{where}.{port.name}", script)
        elif not arguments.open:
            name = f"--{port.name}"
            near = did_you_mean(name, spelt.keys() - names).replace("did you mean", "it has").removesuffix("?")
            hint = near or f'add `parser.add_argument("{name}", …)`'
            yield Problem(f"{where}.{port.name}", f"`{script}` takes no `{name}`", hint)
    for needed in arguments.options:
        if needed.required and names.isdisjoint(needed.names):
            hint = "declare an input or an output of that name"
            yield Problem(where, f"`{script}` insists on `{needed.names[-1]}`, and no port is called so", hint)
    for positional in arguments.positional:
        what = f"`{script}` insists on the positional argument `{positional}`"
        yield Problem(where, what, "steps give options only")


def _value_problems(option: Option, port: InputPort | OutputPort, where: str, script: str) -> Iterator[Problem]:
    name = f"--{port.name}"
    if not option.takes_value:
        hint = f'let it take a text: `parser.add_argument("{name}", choices=["True", "False"])`'
        yield Problem(where, f"`{name}` of `{script}` takes no value, a step gives it one", hint)
        return
    if option.type in _READS.get(port.type, ()):
        hint = "`bool` of any text is True: compare it with `True`" if option.type == "bool" else ""
        what = f"`{name}` of `{script}` is read by `{option.type}`, the port is of type {port.type}"
        yield Problem(where, what, hint)
    if isinstance(port, OutputPort):
        return
    if port.optional and option.required:
        hint = "drop `required=True`, or the port's `| None`"
        yield Problem(where, f"`{script}` insists on `{name}`, which is optional", hint)
    possible = port.enum or (() if port.default is NO_DEFAULT else (str(port.default),))
    strange = [value for value in possible if option.choices and value not in option.choices]
    if strange:
        what = f"`{name}` of `{script}` does not take {', '.join(strange)}"
        yield Problem(where, what, f"its choices are {', '.join(option.choices)}")


def _option(spellings: tuple[str, ...], call: ast.Call) -> Option:
    action = _keyword(call, "action")
    plain = action.attr if isinstance(action, ast.Attribute) else action.id if isinstance(action, ast.Name) else action
    type_ = _keyword(call, "type")
    choices = _keyword(call, "choices")
    listed = choices.elts if isinstance(choices, ast.List | ast.Tuple | ast.Set) else []
    return Option(
        spellings,
        required=_keyword(call, "required") is True,
        takes_value=plain not in (*_WITHOUT_VALUE, "BooleanOptionalAction"),
        type=type_.id if isinstance(type_, ast.Name) else "",
        choices=tuple(str(item.value) for item in listed if isinstance(item, ast.Constant)),
    )


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def _keyword(call: ast.Call, name: str) -> object:
    value = next((item.value for item in call.keywords if item.arg == name), None)
    return value.value if isinstance(value, ast.Constant) else value


def _is_constant(call: ast.Call) -> bool:
    return all(isinstance(item, ast.Constant) for item in call.args) and all(item.arg for item in call.keywords)

"""What a pipeline can be given, and reading it from the command line: names, types, values, all problems at once.

Used by `run` and `invoke`, and by `submit` for values that come from Python.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from amlkit.errors import DefinitionError, Problem, near
from amlkit.manifest import DEFAULT_PROPERTY

LITERALS = ("number", "integer", "boolean", "string")
_WORDS = {"number": "a number", "integer": "an integer", "boolean": "`true` or `false`", "string": "a string"}


@dataclass(frozen=True)
class Parameter:
    """An input of a pipeline: a literal or data, by Azure ML's name for its type. `default` None: there is none."""

    name: str
    type: str
    default: Any = None
    optional: bool = False
    enum: tuple[str, ...] = ()

    @property
    def is_data(self) -> bool:
        """Files, as against a literal."""
        return self.type not in LITERALS

    @property
    def is_required(self) -> bool:
        """Has it to be given?"""
        return self.default is None and not self.optional

    @property
    def option(self) -> str:
        """The option that gives it."""
        return f"--input {self.name}=PATH" if self.is_data else f"--param {self.name}=VALUE"


@dataclass(frozen=True)
class Given:
    """What a run is given: literals as text, data as local paths or URIs."""

    literals: Mapping[str, str]
    data: Mapping[str, str]


def declared(component: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """The inputs that a component declares, from its properties as registered.

    The defaults of data are properties of it: Azure ML keeps none.
    """
    places: Mapping[str, str] = component.get("properties") or {}
    inputs: Mapping[str, Any] = component["componentSpec"].get("inputs") or {}
    return tuple(
        Parameter(
            name,
            str(item.get("type") or "string"),
            item.get("default", places.get(DEFAULT_PROPERTY + name)),
            str(item.get("optional", False)).lower() == "true",
            tuple(str(each) for each in item.get("enum") or ()),
        )
        for name, item in inputs.items()
    )


def split(options: Sequence[str], option: str) -> tuple[dict[str, str], list[Problem]]:
    """`("learning_rate=0.5",)` → `{"learning_rate": "0.5"}`, and those without a `=` or given twice as problems."""
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for text in options:
        name, mark, value = text.partition("=")
        if not mark or not name:
            problems.append(Problem(text, "not a name with a value", f"write `{option} name=value`"))
        elif name in found:
            problems.append(Problem(name, "given twice", f"one `{option}` a name"))
        else:
            found[name] = value
    return found, problems


def read(known: Sequence[Parameter], literals: Sequence[str], data: Sequence[str] = (), place: str = "") -> Given:
    """What the options `--param` and `--input` give, checked against what there is.

    Raises:
        DefinitionError: unknown names, values of a wrong type, what is missing; all of them.
    """
    texts, wrong = split(literals, "--param")
    uris, also_wrong = split(data, "--input")
    problems = [*wrong, *also_wrong, *_problems(known, texts, uris)]
    if problems:
        raise DefinitionError(
            Problem(f"{place}.{each.where}" if place else each.where, each.what, each.hint) for each in problems
        )
    return Given(texts, uris)


def checked(known: Sequence[Parameter], values: Mapping[str, Any], place: str = "") -> Given:
    """The same for plain Python values: numbers, booleans and texts, and paths or URIs for data."""
    kinds = {each.name: each for each in known}
    texts = {name: str(value) for name, value in values.items() if name not in kinds or not kinds[name].is_data}
    uris = {name: str(value) for name, value in values.items() if name in kinds and kinds[name].is_data}
    problems = [
        Problem(f"{place}.{each.where}", each.what, _in_python(each, kinds)) for each in _problems(known, texts, uris)
    ]
    if problems:
        raise DefinitionError(problems)
    return Given(texts, uris)


def _in_python(problem: Problem, kinds: Mapping[str, Parameter]) -> str:
    """A hint that names an option of the command line, as an argument."""
    parameter = kinds.get(problem.where)
    if parameter is None or problem.hint != f"`{parameter.option}`":
        return problem.hint
    return f"give it by its name: `{parameter.name}={'PATH' if parameter.is_data else 'VALUE'}`"


def value_of(parameter: Parameter, text: str) -> Any:
    """The value that a text means for a literal.

    Raises:
        ValueError: it means none.
    """
    match parameter.type:
        case "integer":
            return int(text)
        case "number":
            number = float(text)
            if not math.isfinite(number):
                raise ValueError(text)
            return number
        case "boolean":
            if text.lower() not in ("true", "false"):
                raise ValueError(text)
            return text.lower() == "true"
    return text


def _problems(known: Sequence[Parameter], texts: Mapping[str, str], uris: Mapping[str, str]) -> Iterator[Problem]:
    kinds = {each.name: each for each in known}
    for name in sorted({*texts, *uris} - kinds.keys()):
        yield Problem(name, "no such parameter", meant(name, kinds))
    for name in sorted(texts.keys() & kinds.keys()):
        yield from _literal_problems(kinds[name], texts[name])
    for name in sorted(uris.keys() & kinds.keys()):
        if not kinds[name].is_data:
            yield Problem(name, f"it is {_WORDS[kinds[name].type]}, not data", f"`{kinds[name].option}`")
    for each in known:
        if each.is_required and each.name not in texts and each.name not in uris:
            yield Problem(each.name, f"no value for it: it is {_words(each)} without a default", f"`{each.option}`")


def _literal_problems(parameter: Parameter, text: str) -> Iterator[Problem]:
    if parameter.is_data:
        yield Problem(parameter.name, f"it is data ({parameter.type}), not a value", f"`{parameter.option}`")
        return
    try:
        value_of(parameter, text)
    except ValueError:
        yield Problem(parameter.name, f"not {_WORDS[parameter.type]}: {text}")
        return
    if parameter.enum and text not in parameter.enum:
        close = near(text, parameter.enum)
        hint = f"did you mean `{close[0]}`?" if close else ""
        yield Problem(parameter.name, f"not one of {', '.join(parameter.enum)}: {text}", hint)


def _words(parameter: Parameter) -> str:
    return f"data ({parameter.type})" if parameter.is_data else _WORDS[parameter.type]


def meant(name: str, known: Iterable[str]) -> str:
    """A hint for an input's name that there is not: the one that is meant, else all that there are."""
    names = list(known)
    if found := near(name, names):
        return f"did you mean `{found[0]}`?"
    return f"there is: {', '.join(names)}" if names else "it takes none"

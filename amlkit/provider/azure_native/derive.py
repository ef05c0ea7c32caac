"""Writes `shapes/`: what each type of the table takes and gives, read from the installed SDK's source as text.

Run by a developer after a new SDK (`python -m amlkit.provider.azure_native.derive`); importing the SDK would take
minutes. A test derives again and compares. The plugin calls `known` and `described` for types that are inert, which
have no shape file; of a module's source only the classes that a type is made of are parsed.

A shape file is one JSON object a module of the SDK, `{"resources": {type: {"in": …, "out": …}}, "types": {…}}`.
Properties map Pulumi's name to a type in one line: `s` text, `i` integer, `n` number, `b` boolean, `*` anything,
`=x` the constant x, `[T` list, `{T` map, `<T` a list that the service answers as a map, `#A` an object type,
`|A|B` one of several; `!` in front says required.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from amlkit.errors import EngineError

from .types import TYPES

SHAPES = Path(__file__).parent / "shapes"

_SCALARS = {"str": "s", "int": "i", "float": "n", "bool": "b", "Any": "*"}
Fields = dict[str, str]
Classes = Mapping[str, ast.ClassDef]


def main() -> None:
    """Write every shape file anew."""
    SHAPES.mkdir(exist_ok=True)
    for module in sorted({name.split(":")[0] for name in TYPES}):
        (SHAPES / f"{module}.json").write_text(derived(module))


def derived(module: str) -> str:
    """The text of one module's shape file."""
    reader = _reader(module)
    resources = {}
    for name in sorted(name for name in TYPES if name.split(":")[0] == module):
        resources[name.split(":")[1]] = reader.resource(_Classes(_text_of(name)), name.split(":")[1])
    return _text({"resources": resources, "types": dict(sorted(reader.types.items()))})


@dataclass(frozen=True)
class Described:
    """A type of the SDK: its api-version, its inputs and outputs, and the object types that they are made of."""

    version: str
    resource: Mapping[str, Fields]
    types: Mapping[str, Fields]


def known(name: str) -> bool:
    """Does the SDK have a type `network:Subnet`?"""
    return bool(_text_of(name))


@cache
def described(name: str) -> Described:
    """A type of the SDK (`network:Subnet`).

    Raises:
        EngineError: it has none of that name.
    """
    text, (module, _, noun) = _text_of(name), name.partition(":")
    version = re.search(r"Uses Azure REST API version ([\w-]+)\.", text)
    if not version:
        raise EngineError(f"Resource type azure-native:{name} not found")
    reader = _reader(module)
    resource = reader.resource(_Classes(text), noun)
    return Described(version[1], resource, reader.types)


def _folder(module: str) -> Path:
    spec = importlib.util.find_spec("pulumi_azure_native")
    if spec is None or spec.origin is None:
        raise EngineError("pulumi-azure-native is not installed")
    return Path(spec.origin).parent / module


def _reader(module: str) -> _Reader:
    return _Reader(_module(module))


@cache
def _module(module: str) -> _Classes:
    return _Classes("".join(_read(_folder(module) / name) for name in ("_inputs.py", "outputs.py")))


def _text_of(name: str) -> str:
    """The source of a type's own module; nothing if there is none. `PublicIPAddress` is in `public_ip_address.py`."""
    module, _, noun = name.partition(":")
    folder = _folder(module) if re.fullmatch(r"[a-z0-9]+", module) else Path()
    found = [file for file in folder.glob("*.py") if file.stem.replace("_", "") == noun.lower()] if module else []
    texts = [text for text in map(_read, found) if f"\nclass {_class_name(noun)}(pulumi.CustomResource):" in text]
    return texts[0] if texts else ""


def _class_name(noun: str) -> str:
    return noun[:1].upper() + noun[1:]


def _text(document: Mapping[str, Mapping[str, object]]) -> str:
    parts = []
    for key, entries in document.items():
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items())
        parts.append(f"{json.dumps(key)}: {{\n{lines}\n}}")
    return "{" + ",\n".join(parts) + "}\n"


def _read(file: Path) -> str:
    return file.read_text() if file.is_file() else ""


class _Classes(Mapping[str, ast.ClassDef]):
    """The classes at the top of a source text, each parsed when it is asked for."""

    def __init__(self, text: str) -> None:
        starts = [match.start() for match in re.finditer(r"^\S", text, re.MULTILINE)]
        ends = dict(zip(starts, [*starts[1:], len(text)], strict=True))
        heads = re.finditer(r"^class (\w+)", text, re.MULTILINE)
        self._texts = {match[1]: text[match.start() : ends[match.start()]] for match in heads}
        self._parsed: dict[str, ast.ClassDef] = {}

    def __getitem__(self, name: str) -> ast.ClassDef:
        if name not in self._parsed:
            node = ast.parse(self._texts[name]).body[0]
            assert isinstance(node, ast.ClassDef)  # noqa: S101  the text begins with `class`
            self._parsed[name] = node
        return self._parsed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


class _Reader:
    """Follows the classes of one module from the resources to everything that they are made of."""

    def __init__(self, classes: Classes) -> None:
        self._classes = classes
        self.types: dict[str, Fields] = {}

    def resource(self, classes: Classes, name: str) -> dict[str, Fields]:
        noun = _class_name(name)
        asked = (
            f"{noun}InitArgs" if f"{noun}InitArgs" in classes else f"{noun}Args"
        )  # where an object type has that name
        given = self._constructor(classes[asked])
        out: Fields = {}
        for wire, annotation in _getters(classes[noun]).items():
            out[wire] = self._output(annotation, given.get(wire, "*"))
        for field in given.values():
            self._follow(field)
        return {"in": given, "out": out}

    def _constructor(self, node: ast.ClassDef) -> Fields:
        """Fields of an Args or a Response class: types and what is required from its constructor."""
        init = next(item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")
        names = _wire_names(node)
        constants = _constants(init)
        fields: Fields = {}
        for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
            text = constants.get(argument.arg) or self._type(argument.annotation)
            fields[names[argument.arg]] = ("!" if default is None else "") + text
        self._mark_sets(node.name, fields)
        return fields

    def _mark_sets(self, name: str, fields: Fields) -> None:
        answer = self._classes.get(f"{name.removesuffix('Args')}Response")
        if not name.endswith("Args") or answer is None:
            return
        for wire, annotation in _getters(answer).items():
            if fields.get(wire, "").lstrip("!") == "[s" and self._type(annotation).startswith("{"):
                fields[wire] = fields[wire].replace("[", "<")

    def _output(self, annotation: ast.expr | None, given: str) -> str:
        """The type of an output; where the SDK says Any, the answers to the input's union of the same name."""
        text = self._type(annotation)
        if text == "*":
            text = _answers(given, self._classes)
        self._follow(text)
        return text

    def _follow(self, text: str) -> None:
        for name in _names_in(text):
            if name in self.types:
                continue
            self.types[name] = fields = self._constructor(self._classes[name])
            asked = f"{name.removesuffix('Response')}Args"
            if name.endswith("Response") and asked in self._classes:
                given = self._constructor(self._classes[asked])
                for wire, kind in fields.items():
                    if kind.lstrip("!") == "*" and wire in given:
                        mark = "!" if kind.startswith("!") else ""
                        fields[wire] = mark + _answers(given[wire], self._classes)
            for kind in fields.values():
                self._follow(kind)

    def _type(self, node: ast.expr | None) -> str:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value.removeprefix("outputs.")
            return f"#{name}" if name in self._classes else "s"
        if isinstance(node, ast.Attribute):
            return _SCALARS.get(node.attr, "*")
        if isinstance(node, ast.Name):
            return _SCALARS.get(node.id, "*")
        if isinstance(node, ast.Subscript):
            return self._generic(node)
        return "*"

    def _generic(self, node: ast.Subscript) -> str:
        outer = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        if outer in ("Input", "Output", "Optional"):
            return self._type(node.slice)
        arguments = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if outer == "Sequence":
            return "[" + self._type(arguments[0])
        if outer == "Mapping":
            return "{" + self._type(arguments[1])
        if outer == "Union":
            kinds = [self._type(item) for item in arguments]
            objects = [kind for kind in kinds if kind.startswith("#")]
            return "".join(f"|{kind[1:]}" for kind in objects) if objects else kinds[0]
        return "*"


def _answers(given: str, classes: Classes) -> str:
    """The response types to an input's union; anything, where one of them is missing."""
    bare = given.lstrip("!")
    prefix = bare[: len(bare) - len(bare.lstrip("[{"))]
    names = [f"{name.removesuffix('Args')}Response" for name in bare.lstrip("[{").split("|")[1:]]
    if not names or any(name not in classes for name in names):
        return "*"
    return prefix + "".join(f"|{name}" for name in names)


def _names_in(text: str) -> Iterable[str]:
    bare = text.lstrip("![{")
    if bare.startswith("#"):
        return [bare[1:]]
    return bare.split("|")[1:] if bare.startswith("|") else []


def _constants(init: ast.FunctionDef) -> Fields:
    """`pulumi.set(__self__, "compute_type", 'AmlCompute')`: the discriminators of unions."""
    found = {}
    for node in init.body:
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and len(node.value.args) == 3):
            continue
        name, value = node.value.args[1:]
        if isinstance(name, ast.Constant) and isinstance(value, ast.Constant) and isinstance(value.value, str):
            found[str(name.value)] = f"={value.value}"
    return found


def _getters(node: ast.ClassDef) -> dict[str, ast.expr | None]:
    """Pulumi's name and the annotation of every property of a class."""
    found = {}
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and any(_is_getter(mark) for mark in item.decorator_list):
            found[_wire_name(item)] = item.returns
    return found


def _wire_names(node: ast.ClassDef) -> dict[str, str]:
    functions = [item for item in node.body if isinstance(item, ast.FunctionDef)]
    return {item.name: _wire_name(item) for item in functions if any(_is_getter(mark) for mark in item.decorator_list)}


def _is_getter(mark: ast.expr) -> bool:
    function = mark.func if isinstance(mark, ast.Call) else mark
    return isinstance(function, ast.Attribute) and function.attr == "getter"


def _wire_name(item: ast.FunctionDef) -> str:
    for mark in item.decorator_list:
        if isinstance(mark, ast.Call) and mark.keywords and isinstance(mark.keywords[0].value, ast.Constant):
            return str(mark.keywords[0].value.value)
    return item.name


if __name__ == "__main__":
    main()

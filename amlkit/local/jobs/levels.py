"""Pipelines in pipelines, flattened: every step that is a process, with its bindings followed through all levels.

Called by `definition`. A nested pipeline's step `b` in its node `a` becomes the step `a.b`; what the levels between
said about data, literals, outputs and computes is worked out here, so that the scheduler knows one flat graph.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import nodes
from .assets import Assets
from .bindings import PARENT_INPUT
from .checks import check_graph
from .records import Component, Destination, EnvironmentSpec, Nested, Port, Source, Step
from .values import Problems, literal

_STEP_NAME = re.compile(r"[\w-]+")  # it becomes a part of file names
_BOUND = ("inputs", "outputs", "command", "component")  # of a node: bound when it runs, or nothing to bind
_MOST_LEVELS = 20
_MOST_STEPS = 20_000


@dataclass(frozen=True)
class Scope:
    """What a level sees of the one around it.

    `inputs` and `outputs` are the level's ports in the terms of the whole run; an input that has no value is None.
    `path` is its place in the request, `prefix` the beginning of its steps' names.
    """

    inputs: Mapping[str, Source | None]
    outputs: Mapping[str, Destination]
    compute: str
    path: str = ""
    prefix: str = ""
    above: tuple[str, ...] = ()


@dataclass
class Graph:
    """What is found while going down. `values` are the literals that the run itself gets."""

    assets: Assets
    problems: Problems
    values: Mapping[str, str]
    components: dict[str, Component] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    nested: list[Nested] = field(default_factory=list)

    def add_level(
        self, spec: Mapping[str, Any], inputs: tuple[Port, ...], outputs: tuple[Port, ...], scope: Scope
    ) -> dict[str, Source]:
        """Add all steps of a pipeline's spec, at any depth; the steps that write its outputs."""
        named = self.problems.mapping(spec.get("jobs"), f"{scope.path}jobs")
        if not named:
            self.problems.add(f"{scope.path}jobs", "the pipeline needs steps")
        local: list[Step] = []
        inner: dict[str, tuple[Mapping[str, Any], Component, str]] = {}
        for name, given in named.items():
            path = f"{scope.path}jobs.{name}"
            node = self._settled(self.problems.mapping(given, path), scope, path)
            if not _STEP_NAME.fullmatch(name):
                self.problems.add(path, "the name of a step has letters, digits, dashes and underscores")
            if node.get("type") == "pipeline":
                local.append(self._pipeline(name, path, node, inner))
            else:
                made = nodes.step(name, path, node, self.components, scope.compute, self.assets, self.problems)
                local.append(made)
        known = self.components | {f"pipeline {name}": shown for name, (_, shown, _) in inner.items()}
        check_graph(local, known, inputs, outputs, scope.path, self.problems)
        for found in local:
            if found.name in inner:
                self._descend(found, *inner[found.name], scope)
            else:
                self._add(found, scope)
        return {
            to.parent: Source("step", f"{scope.prefix}{found.name}", output)
            for found in local
            for output, to in found.outputs.items()
            if to.parent
        }

    def resolved(self) -> tuple[tuple[Step, ...], tuple[Nested, ...]]:
        """All steps and nested pipelines; what was bound to an output of a nested one is bound to who writes it."""
        if not self.nested:
            return tuple(self.steps), ()
        written = {(each.name, output): source for each in self.nested for output, source in each.outputs.items()}

        def follow(source: Source) -> Source:
            while source.kind == "step" and (source.text, source.output) in written:
                inner = written[source.text, source.output]
                source = replace(source, text=inner.text, output=inner.output)
            return source

        def followed(sources: Mapping[str, Source]) -> dict[str, Source]:
            return {name: follow(source) for name, source in sources.items()}

        steps = tuple(replace(step, inputs=followed(step.inputs)) for step in self.steps)
        nested = (replace(item, inputs=followed(item.inputs), outputs=followed(item.outputs)) for item in self.nested)
        return steps, tuple(nested)

    def _pipeline(
        self, name: str, path: str, node: Mapping[str, Any], inner: dict[str, tuple[Mapping[str, Any], Component, str]]
    ) -> Step:
        """A node that is a pipeline, as a step of a component with its ports; `inner` gets its spec and compute."""
        named = nodes.reference(node)
        spec = self.assets.component(named, f"{path}.componentId").get("componentSpec") or {}
        if spec and spec.get("type") != "pipeline":
            self.problems.add(path, f"a pipeline step takes no component of type {spec.get('type')}: {named}")
            spec = {}
        inputs = self.assets.ports(spec.get("inputs"), f"{path}.inputs")
        outputs = self.assets.ports(spec.get("outputs"), f"{path}.outputs", is_output=True)
        if spec:
            compute = str(node.get("computeId") or node.get("compute") or "")
            inner[name] = (spec, Component(named, "", "", EnvironmentSpec(), inputs, outputs), compute)
        takes, makes = ({port.name: port for port in side} for side in (inputs, outputs))
        given = node if spec else {}
        return Step(
            name,
            self.problems.text(node.get("display_name") or node.get("displayName"), f"{path}.display_name") or name,
            f"pipeline {name}" if spec else "",
            nodes.sources(given.get("inputs"), takes, f"{path}.inputs", self.assets, self.problems),
            nodes.destinations(given.get("outputs"), makes, f"{path}.outputs", self.assets, self.problems),
            tags=self.problems.texts(node.get("tags"), f"{path}.tags"),
        )

    def _descend(self, step: Step, spec: Mapping[str, Any], shown: Component, compute: str, scope: Scope) -> None:
        named, name, path = shown.name.lower(), f"{scope.prefix}{step.name}", f"{scope.path}jobs.{step.name}"
        if named in scope.above or len(scope.above) >= _MOST_LEVELS:
            what = "it contains itself" if named in scope.above else f"more than {_MOST_LEVELS} pipelines in each other"
            self.problems.add(path, what)
            self.problems.refuse()
        inputs = {port.name: self._input(step, port, scope, f"{path}.inputs.{port.name}") for port in shown.inputs}
        inside = Scope(
            inputs,
            {port.name: _outer(step.outputs.get(port.name, Destination()), scope) for port in shown.outputs},
            compute or scope.compute,
            f"{path}.",
            f"{name}.",
            (*scope.above, named),
        )
        position = len(self.nested)
        written = self.add_level(spec, shown.inputs, shown.outputs, inside)
        given = {key: source for key, source in inputs.items() if source is not None}
        made = Nested(name, step.display_name, shown.name, shown.inputs, given, written, step.tags)
        self.nested.insert(position, made)

    def _settled(self, node: Mapping[str, Any], scope: Scope, path: str) -> Mapping[str, Any]:
        """A node whose settings (compute, limits, resources, …) have the values of the inputs they are bound to."""
        if str(node.get("type") or "command") not in nodes.KINDS:
            return node  # it is refused
        if not any("${{" in str(value) for name, value in node.items() if name not in _BOUND):
            return node

        def text(match: re.Match[str]) -> str:
            source = scope.inputs.get(match[1])
            found = None if source is None else self.values.get(source.text)
            if source is not None and source.kind == "literal":
                found = PARENT_INPUT.sub(lambda inner: self.values.get(inner[1], ""), source.text)
            if found is None:
                self.problems.add(path, f"a setting is bound to an input that has no value: {match[0]}")
            return found or ""

        def settled(value: Any) -> Any:
            match value:
                case str():
                    return PARENT_INPUT.sub(text, value)
                case Mapping():
                    return {name: settled(item) for name, item in value.items()}
                case list():
                    return [settled(item) for item in value]
            return value

        return {name: value if name in _BOUND else settled(value) for name, value in node.items()}

    def _add(self, step: Step, scope: Scope) -> None:
        """A step that is a process joins the flat graph."""
        if len(self.steps) >= _MOST_STEPS:
            self.problems.add("jobs", f"more than {_MOST_STEPS} steps")
            self.problems.refuse()
        if not scope.prefix or step.component not in self.components:
            self.steps.append(step)
            return
        path = f"{scope.path}jobs.{step.name}.inputs"
        component = self.components[step.component]
        inputs = {
            port.name: source
            for port in component.inputs
            if (source := self._input(step, port, scope, f"{path}.{port.name}")) is not None
        }
        needed = {port.name for port in component.inputs if not port.optional and port.default is None}
        for name in sorted((needed & step.inputs.keys()) - inputs.keys()):
            self.problems.add(f"{path}.{name}", f"no value for it: `{step.inputs[name].text}` was given none")
        outputs = {name: _outer(item, scope) for name, item in step.outputs.items()}
        self.steps.append(replace(step, name=f"{scope.prefix}{step.name}", inputs=inputs, outputs=outputs))

    def _input(self, step: Step, port: Port, scope: Scope, place: str) -> Source | None:
        """What a port of a step gets, in the terms of the whole run; None: nothing."""
        source = step.inputs.get(port.name)
        found = None if source is None else self._outside(source, scope, place)
        if found is None and port.default is not None:
            return Source("literal" if port.is_literal else "data", port.default, "", port.mode)
        if found is not None and found.kind == "literal" and not PARENT_INPUT.search(found.text):
            try:
                return replace(found, text=literal(port, found.text))
            except ValueError as error:
                self.problems.add(place, str(error))
        return found

    def _outside(self, source: Source, scope: Scope, place: str) -> Source | None:
        match source.kind:
            case "parent":
                outer = scope.inputs.get(source.text)
                return None if outer is None else replace(outer, mode=source.mode or outer.mode)
            case "step":
                return replace(source, text=f"{scope.prefix}{source.text}")
            case "literal":

                def text(match: re.Match[str]) -> str:
                    outer = scope.inputs.get(match[1])
                    if outer is not None and outer.kind not in ("literal", "parent"):
                        self.problems.add(place, f"data cannot stand inside a text: {match[0]}")
                    if outer is None or outer.kind != "parent":
                        return "" if outer is None else outer.text
                    return f"${{{{parent.inputs.{outer.text}}}}}"

                return replace(source, text=PARENT_INPUT.sub(text, source.text))
        return source


def _outer(inner: Destination, scope: Scope) -> Destination:
    """Where an output goes in the terms of the whole run: what the outer levels say of it wins."""
    if not inner.parent:
        return inner
    outer = scope.outputs.get(inner.parent, Destination())
    if not outer.asset:
        outer = replace(outer, asset=inner.asset, version=inner.version)
    return replace(outer, mode=outer.mode or inner.mode)

"""From a pipeline to a manifest: plain, frozen data that everything downstream takes. Pure: no network, no credentials.

What a body depends on: `jobs` renders the nodes, `variants` what carries an order without data, `forms` the digests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..components.component import Component
from ..components.ports import Data
from ..components.render import assets, input_body
from ..errors import DefinitionError
from ..manifest import (
    BIND_PROPERTY,
    DEFAULT_PROPERTY,
    DEFINITION_PROPERTY,
    EXPERIMENT_PROPERTY,
    Asset,
    Manifest,
    reference,
)
from . import forms, jobs, needs
from .checks import Examined, examine
from .decorator import Pipeline
from .graph import FromOutput, Graph
from .locations import location, upload_name
from .signals import Signals, last
from .variants import PLAIN, Variant, of_step


def compile(pipeline: Pipeline[..., Any], *, local_data: bool = False) -> Manifest:  # noqa: A001  the word for it
    """Check a pipeline and make its manifest.

    Args:
        pipeline: what `@pipeline` made.
        local_data: local paths are legal and listed in the manifest's `uploads`. To run it, never to publish it.

    Raises:
        DefinitionError: every problem of the pipeline and its steps. What the function itself raised is the cause.
    """
    examined = examine(pipeline, local_data=local_data)
    if examined.problems:
        raise DefinitionError(examined.problems) from examined.failure
    graph = examined.graph
    builder = Builder(graph, examined.components)
    whole = builder.pipeline(graph, PLAIN)
    return Manifest(
        name=graph.name,
        definition=whole.definition,
        description=graph.description,
        assets=builder.assets(),
        computes=needs.computes(graph),
        datastores=needs.datastores(graph),
        settings=needs.settings(graph),
        tags=dict(graph.settings.tags),
        experiment=graph.settings.experiment,
        uploads=needs.uploads(graph),
    )


def definition_of(examined: Examined) -> str:
    """The definition digest of a pipeline."""
    steps = {name: component.definition for name, component in examined.components.items()}
    return forms.definitions(examined.graph, steps)[examined.graph.name]


class Builder:
    """Makes the assets of one pipeline: each once, and each after those that it refers to.

    A nested pipeline is an asset too. A variant is made where a node needs one, and the plain component only where a
    node uses it.
    """

    def __init__(self, graph: Graph, components: Mapping[str, Component]) -> None:
        self._outermost = graph
        self._components = components
        digests = {name: component.definition for name, component in components.items()}
        self._definitions = forms.definitions(graph, digests)
        self._signals = Signals()
        self._parts: dict[str, tuple[Asset, ...]] = {}
        self._made: dict[tuple[str, Variant], Asset] = {}

    def assets(self) -> tuple[Asset, ...]:
        """All that was made: what components consist of, components, pipelines; variants share what they consist of."""
        parts = ((*self._parts.get(name, ())[:-1], asset) for (name, _), asset in self._made.items())
        return tuple({asset.slot: asset for found in parts for asset in found}.values())

    def step(self, name: str, variant: Variant) -> Asset:
        """The component of a step."""
        if name not in self._parts:
            self._parts[name] = assets(self._components[name], self._outermost.name)
        if (name, variant) not in self._made:
            self._made[name, variant] = of_step(self._parts[name][-1], variant)
        return self._made[name, variant]

    def pipeline(self, graph: Graph, variant: Variant) -> Asset:
        """The component of a pipeline; those of its nodes are made before."""
        if (graph.name, variant) not in self._made:
            self._made[graph.name, variant] = self._pipeline(graph, variant)
        return self._made[graph.name, variant]

    def _pipeline(self, graph: Graph, variant: Variant) -> Asset:
        results = {result.source: result.name for result in graph.results if isinstance(result.source, FromOutput)}
        types = {name: port.type for name, port in graph.ports_out.items()}
        if variant.done:
            for item in self._signals.of_graph(graph):
                results.setdefault(item.source, item.signal.port)
                types.setdefault(item.signal.port, item.signal.type)
        by_node: dict[str, dict[str, str]] = {}
        for source, name in results.items():
            by_node.setdefault(source.node, {})[source.port] = name
        name = graph.name + variant.suffix
        spec = {
            "type": "pipeline",
            "name": name,
            "inputs": {**{item.name: input_body(item.port) for item in graph.parameters}, **variant.inputs()},
            "outputs": {port: {"type": str(types[port])} for port in results.values()},
            "jobs": dict(self._jobs(graph, variant, by_node)),
        }
        nested = graph is not self._outermost
        slot = f"{self._outermost.name}-{name}" if nested else name
        body: dict[str, Any] = {"componentSpec": spec, "description": graph.description, "isAnonymous": False}
        if graph.settings.tags:
            body["tags"] = dict(graph.settings.tags)
        body["properties"] = {DEFINITION_PROPERTY: self._definitions[graph.name], **self._properties(graph)}
        return Asset("component", name, slot, self._definitions[graph.name], body)

    def _jobs(
        self, graph: Graph, variant: Variant, results: Mapping[str, Mapping[str, str]]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        awaited = frozenset(name for node in graph.nodes for name in node.after)
        if variant.done:
            awaited = awaited.union(node.name for node in last(graph))
        default = graph.settings.default_compute or self._outermost.settings.default_compute
        for node in graph.nodes:
            waits = self._signals.waits(node, graph, variant.after)
            is_added = node.name in awaited and any(signal.is_added for signal in self._signals.of_node(node))
            wanted = Variant(tuple(wait.type for wait in waits), is_added)
            used = self.pipeline(node.nested, wanted) if node.nested else self.step(node.component, wanted)
            step = None if node.nested else self._components[node.component]
            outputs = results.get(node.name, {})
            yield (
                node.name,
                jobs.body(node, jobs.Place(graph, step, used.name, node.compute or default, waits, outputs)),
            )

    def _properties(self, graph: Graph) -> dict[str, str]:
        """Where the data of a parameter lies by default, what each need is bound to, where runs are recorded."""
        found = {
            f"{DEFAULT_PROPERTY}{item.name}": location(item.default, upload_name(graph.name, item.name))
            for item in graph.parameters
            if isinstance(item.default, Data)
        }
        for kind, names in (("compute", needs.computes(graph)), ("datastore", needs.datastores(graph))):
            found |= {f"{BIND_PROPERTY}{kind}.{name}": reference(kind, name) for name in names}
        return {**found, EXPERIMENT_PROPERTY: graph.settings.experiment} if graph.settings.experiment else found

"""How one step learns that another is done: which output of a node says so, and which nodes are given it.

Azure ML v2 knows no order without data (there is no `run_after`), so on the wire an order is a data binding. A step
with a command gets an output `amlkit_done` that holds one constant file, a waiting one an input `amlkit_after_1` that
nothing reads: the bytes are always the same, so that reuse by content is not disturbed. A step without a command (a
parallel one, a pipeline of YAML) is waited for by its first output. A nested pipeline is done when all of its last
steps are, and to wait means that its first steps do. Used by `variants`, `jobs` and `checks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from ..components.ports import PortType
from ..errors import Problem
from .graph import FromOutput, FromParameter, Graph, Node, with_nested

DONE = "amlkit_done"  # an output: a folder with one constant file
AFTER = "amlkit_after_"  # + number: an input that takes such an output
_NO_WAIT = "a pipeline that is read from YAML cannot wait without taking data"


@dataclass(frozen=True)
class Signal:
    """An output of a node that is there when the node is done."""

    port: str
    type: PortType

    @property
    def is_added(self) -> bool:
        """Is the port there for the order alone?"""
        return self.port.startswith(DONE)


@dataclass(frozen=True)
class Wait:
    """What a node is given to wait for: a signal of another node, or of what the pipeline itself waits for."""

    source: FromOutput | FromParameter
    type: PortType


@dataclass(frozen=True)
class Exposed:
    """A signal of a whole pipeline, and the output inside that it is."""

    signal: Signal
    source: FromOutput


@dataclass(frozen=True)
class Signals:
    """The signals of a pipeline's nodes, worked out once for each pipeline that is nested in it."""

    _exposed: dict[int, tuple[Exposed, ...]] = field(default_factory=dict)

    def of_node(self, node: Node) -> tuple[Signal, ...]:
        """The outputs that say that a node is done; none: it cannot be waited for."""
        if node.nested is not None:
            return tuple(item.signal for item in self.of_graph(node.nested))
        if wire_kind(node) in ("command", "sweep"):
            return (Signal(DONE, PortType.FOLDER),)
        return tuple(Signal(port.name, port.type) for port in list(node.ports_out.values())[:1])

    def of_graph(self, graph: Graph) -> tuple[Exposed, ...]:
        """The same for a whole pipeline: those of the nodes that no other node waits for."""
        if id(graph) not in self._exposed:
            self._exposed[id(graph)] = tuple(self._work_out(graph))
        return self._exposed[id(graph)]

    def waits(self, node: Node, graph: Graph, inherited: tuple[PortType, ...]) -> tuple[Wait, ...]:
        """What a node is given to wait for; `inherited`: the types of what its pipeline waits for."""
        found = [
            Wait(FromOutput(other, signal.port), signal.type)
            for other in node.after
            for signal in self.of_node(graph.by_name[other])
        ]
        if not node.waits_for:
            found += [Wait(FromParameter(f"{AFTER}{n}"), each) for n, each in enumerate(inherited, start=1)]
        return tuple(found)

    def _work_out(self, graph: Graph) -> Iterator[Exposed]:
        results = {result.source: result.name for result in graph.results}
        added = 0
        for node in last(graph):
            for signal in self.of_node(node):
                source = FromOutput(node.name, signal.port)
                if source in results:
                    yield Exposed(Signal(results[source], signal.type), source)
                else:
                    added += 1
                    yield Exposed(Signal(f"{DONE}_{added}", signal.type), source)


def wire_kind(node: Node) -> Literal["pipeline", "sweep", "command", "parallel", "other"]:
    """What a node is to Azure ML."""
    if node.nested is not None:
        return "pipeline"
    kind = node.step.spec.get("type", "command") if node.step and node.step.kind == "yaml" else ""
    if node.sweep is not None:
        return "sweep"
    if node.step is None or node.step.kind == "parallel" or kind == "parallel":
        return "parallel"
    return {"": "command", "command": "command", "pipeline": "pipeline"}.get(kind, "other")  # type: ignore[return-value]


def last(graph: Graph) -> tuple[Node, ...]:
    """The nodes that no other node waits for."""
    awaited = frozenset[str]().union(*(node.waits_for for node in graph.nodes))
    return tuple(node for node in graph.nodes if node.name not in awaited)


def problems_of(graph: Graph) -> Iterator[Problem]:
    """Orders that Azure ML cannot be told."""
    signals = Signals()
    for each in with_nested(graph):
        for node in each.nodes:
            where = f"{each.name}.{node.name}.after"
            for name in node.after:
                if name in each.by_name and not signals.of_node(each.by_name[name]):
                    yield Problem(where, f"nothing says when `{name}` is done: it has no output", "give it one")
            if node.after and not _can_wait(node):
                yield Problem(where, _NO_WAIT, "give it an output of what it waits for")


def _can_wait(node: Node) -> bool:
    if node.nested is not None:
        return all(_can_wait(inner) for inner in node.nested.nodes if not inner.waits_for)
    return wire_kind(node) in ("command", "sweep", "parallel")

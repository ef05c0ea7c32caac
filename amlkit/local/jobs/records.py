"""The records that jobs are made of: ports, components, steps, definitions and rows of the table of jobs.

A definition is what a run keeps: everything that submitting resolved, and nothing that differs between two runs of the
same pipeline. It is stored once, under its digest. Used by every module of `amlkit.local.jobs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal

LITERAL_TYPES = frozenset({"string", "number", "integer", "boolean"})
FILE_TYPES = frozenset({"uri_file"})
DATA_TYPES = frozenset({"uri_folder", "uri_file", "mltable", "custom_model", "mlflow_model", "triton_model"})


Kind = Literal["Pipeline", "Command", "Sweep", "Run"]  # Run: one that an MLflow client made; nothing runs for it
ComponentKind = Literal["command", "parallel", "sweep"]


class Status(StrEnum):
    """States of a job, as Azure ML names them."""

    NOT_STARTED = "NotStarted"
    PREPARING = "Preparing"
    QUEUED = "Queued"
    RUNNING = "Running"
    CANCEL_REQUESTED = "CancelRequested"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def is_final(self) -> bool:
        """Will it never change again?"""
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELED)


@dataclass(frozen=True)
class Port:
    """An input or output as a component declares it. `default` is a literal's text or a data URI, or None.

    A literal may be one of `enum` only, and lies between `least` and `most` (texts of numbers, None: no bound).
    """

    name: str
    type: str
    optional: bool = False
    default: str | None = None
    mode: str = ""
    enum: tuple[str, ...] = ()
    least: str | None = None
    most: str | None = None

    @property
    def is_literal(self) -> bool:
        """Is it a value, not data?"""
        return self.type in LITERAL_TYPES


@dataclass(frozen=True)
class EnvironmentSpec:
    """An environment version: its name for people, its image, and the text of its conda file (may be empty)."""

    name: str = ""
    image: str = ""
    conda: str = ""


@dataclass(frozen=True)
class Component:
    """What a step runs. `code` is the URI of the snapshot's folder, empty if the command needs no files.

    `options` are what `kinds/<kind>.py` read of the component and of the node: plain JSON. `hash_paths` are the parts
    of the snapshot that count for reuse (none: all of it), `hash_extra` is a digest of what counts besides.
    """

    name: str
    command: str
    code: str
    environment: EnvironmentSpec
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    variables: tuple[tuple[str, str], ...] = ()
    deterministic: bool = True
    kind: ComponentKind = "command"
    options: Mapping[str, Any] = field(default_factory=dict)
    hash_paths: tuple[str, ...] = ()
    hash_extra: str = ""

    @property
    def bound_elsewhere(self) -> frozenset[str]:
        """The inputs that a run of it gets from itself: those that a sweep searches."""
        return frozenset(self.options.get("search_space") or ()) if self.kind == "sweep" else frozenset()


@dataclass(frozen=True)
class Source:
    """Where the value of an input comes from.

    `literal`: `text` is the value (bindings to inputs of the pipeline may be in it); `data`: `text` is a URI;
    `parent`: `text` names an input of the pipeline; `step`: `text` names a step and `output` its output.
    """

    kind: Literal["literal", "data", "parent", "step"]
    text: str
    output: str = ""
    mode: str = ""


@dataclass(frozen=True)
class Destination:
    """Where an output goes: to an output of the pipeline, to a URI, or (both empty) to its default place.

    `asset`: the name that it is registered under when the step is over, empty: none; no `version` means the next one.
    """

    parent: str = ""
    uri: str = ""
    mode: str = ""
    asset: str = ""
    version: str = ""


@dataclass(frozen=True)
class Step:
    """One node. `component` is a key of the definition's components; `slots`: size of its cluster, 0: no limit.

    A component whose options differ from node to node has a key for each: its reference, `#` and a digest.
    `left_out` are members of the node that mean nothing on one machine: its log says so.
    """

    name: str
    display_name: str
    component: str
    inputs: Mapping[str, Source]
    outputs: Mapping[str, Destination]
    compute: str = ""
    slots: int = 0
    timeout_seconds: float = 0
    variables: tuple[tuple[str, str], ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """The reference of the component version, as it was sent."""
        return self.component.partition("#")[0]

    @property
    def group(self) -> str:
        """The path of the nested pipeline that it is in; empty: the run itself."""
        return self.name.rpartition(".")[0]

    @property
    def needs(self) -> frozenset[str]:
        """The names of the steps it waits for."""
        return frozenset(source.text for source in self.inputs.values() if source.kind == "step")


@dataclass(frozen=True)
class Nested:
    """A pipeline inside the pipeline. Its own steps are among the definition's, under names that begin with its own.

    `name` is its path (`outer`, `outer.inner`); `outputs` are those of steps that are its own.
    """

    name: str
    display_name: str
    component: str
    ports: tuple[Port, ...]
    inputs: Mapping[str, Source]
    outputs: Mapping[str, Source]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Definition:
    """A resolved pipeline, or a single command or sweep (one step of an empty name).

    Pipelines inside it are flattened: `a.b` is the step `b` of the pipeline that is its step `a`.
    """

    kind: Kind
    components: Mapping[str, Component]
    steps: tuple[Step, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    continue_on_step_failure: bool = False
    force_rerun: bool = False
    datastore: str = ""
    nested: tuple[Nested, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain data for storing; `from_json` takes it back."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Definition:
        """The record that `as_json` gave."""
        plain = {**data}
        plain["components"] = {key: _component(item) for key, item in data["components"].items()}
        plain["steps"] = tuple(_step(item) for item in data["steps"])
        plain["inputs"] = _ports(data["inputs"])
        plain["outputs"] = _ports(data["outputs"])
        plain["nested"] = tuple(_nested(item) for item in data.get("nested") or ())
        return cls(**plain)


@dataclass(frozen=True)
class Job:
    """A row of the table: a pipeline, one of its steps, a command, or an MLflow client's run.

    Times are RFC 3339, empty: not yet; `cancelled` is when somebody asked for its end.
    `inputs` and `outputs` are as they were asked for (`{"name": {"type", "value" or "uri", "mode"}}`); `produced` is
    what is there now (`{"name": {"uri", "digest", "type"}}`). `body` holds what the caller sent and only he reads.
    """

    name: str
    workspace: str
    kind: Kind
    status: Status
    root: str
    parent: str = ""
    step: str = ""
    position: int = 0
    display_name: str = ""
    experiment: str = "Default"
    endpoint: str = ""
    deployment: str = ""
    definition: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    produced: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    cancelled: str = ""
    created: str = ""
    started: str = ""
    ended: str = ""


def _component(data: Mapping[str, Any]) -> Component:
    plain = {**data}
    plain["environment"] = EnvironmentSpec(**data["environment"])
    plain["inputs"], plain["outputs"] = _ports(data["inputs"]), _ports(data["outputs"])
    plain["variables"] = _pairs(data["variables"])
    plain["hash_paths"] = tuple(data.get("hash_paths") or ())
    return Component(**plain)


def _step(data: Mapping[str, Any]) -> Step:
    plain = {**data}
    plain["inputs"] = {name: Source(**item) for name, item in data["inputs"].items()}
    plain["outputs"] = {name: Destination(**item) for name, item in data["outputs"].items()}
    plain["variables"] = _pairs(data["variables"])
    plain["left_out"] = tuple(data.get("left_out") or ())
    return Step(**plain)


def _nested(data: Mapping[str, Any]) -> Nested:
    plain = {**data, "ports": _ports(data["ports"])}
    for side in ("inputs", "outputs"):
        plain[side] = {name: Source(**item) for name, item in data[side].items()}
    return Nested(**plain)


def _ports(data: list[Mapping[str, Any]]) -> tuple[Port, ...]:
    return tuple(Port(**{**item, "enum": tuple(item.get("enum") or ())}) for item in data)


def _pairs(data: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in data)

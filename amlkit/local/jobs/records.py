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


Kind = Literal["Pipeline", "Command", "Run"]  # Run: one that an MLflow client made; nothing runs here for it


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
    """An input or output as a component declares it. `default` is a literal's text or a data URI, or None."""

    name: str
    type: str
    optional: bool = False
    default: str | None = None
    mode: str = ""

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
    """What a step runs. `code` is the URI of the snapshot's folder, empty if the command needs no files."""

    name: str
    command: str
    code: str
    environment: EnvironmentSpec
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    variables: tuple[tuple[str, str], ...] = ()
    deterministic: bool = True


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
    """Where an output goes: to an output of the pipeline, to a URI, or (both empty) to its default place."""

    parent: str = ""
    uri: str = ""


@dataclass(frozen=True)
class Step:
    """One node. `component` is a key of the definition's components; `slots`: size of its cluster, 0: no limit."""

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

    @property
    def needs(self) -> frozenset[str]:
        """The names of the steps it waits for."""
        return frozenset(source.text for source in self.inputs.values() if source.kind == "step")


@dataclass(frozen=True)
class Definition:
    """A resolved pipeline, or a single command (one step of an empty name)."""

    kind: Kind
    components: Mapping[str, Component]
    steps: tuple[Step, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    continue_on_step_failure: bool = False
    force_rerun: bool = False
    datastore: str = ""

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
    return Component(**plain)


def _step(data: Mapping[str, Any]) -> Step:
    plain = {**data}
    plain["inputs"] = {name: Source(**item) for name, item in data["inputs"].items()}
    plain["outputs"] = {name: Destination(**item) for name, item in data["outputs"].items()}
    plain["variables"] = _pairs(data["variables"])
    return Step(**plain)


def _ports(data: list[Mapping[str, Any]]) -> tuple[Port, ...]:
    return tuple(Port(**item) for item in data)


def _pairs(data: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in data)

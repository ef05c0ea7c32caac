"""Two runs side by side: parameters, inputs, code, environment, metrics, durations, outcome.

What is compared is what the service says of both; nothing is inferred. Used by `amlkit runs compare`, and by
`explanation` where a service gives no reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from amlkit.errors import ServiceError
from amlkit.manifest import DEFINITION_PROPERTY

from .runs import Run, all_metrics
from .stacks import MACHINE_LEARNING, Workspace

Topic = Literal["outcome", "parameters", "inputs", "code", "environment", "metrics", "duration"]
TOPICS: tuple[Topic, ...] = ("outcome", "parameters", "inputs", "code", "environment", "metrics", "duration")
ABSENT = "(none)"
_COMMIT = ("azureml.git.commit", "mlflow.source.git.commit")
_READERS = 8  # threads that read documents of steps


@dataclass(frozen=True)
class Fact:
    """One thing that both runs may have: the step it is about (empty: the run), its name, and both values as text."""

    topic: Topic
    step: str
    name: str
    first: str
    second: str

    @property
    def differs(self) -> bool:
        """Are the two values not the same?"""
        return self.first != self.second


def compare(workspace: Workspace, first: Run, second: Run) -> tuple[Fact, ...]:
    """All facts of two runs, equal ones among them: by topic, the run's before those of its steps.

    Steps are matched by their paths, trials of sweeps are left out: their names say nothing about them.
    """
    sides = [facts_of(workspace, run) for run in (first, second)]
    keys = dict.fromkeys(key for side in sides for key in side)
    found = [Fact(*key, *(side.get(key, ABSENT) for side in sides)) for key in keys]
    order = {topic: index for index, topic in enumerate(TOPICS)}
    return tuple(sorted(found, key=lambda fact: (order[fact.topic], fact.step != "")))


def facts_of(workspace: Workspace, run: Run) -> dict[tuple[Topic, str, str], str]:
    """What there is to compare of a run: (topic, path of the step or empty, name) → text."""
    steps = {path: step for path, step in run.walk() if step.kind != "trial"}
    found = dict(_of_run(run))
    for path, step in steps.items():
        ended = "ran" if step.status == "Completed" else step.status.lower()
        found["outcome", path, "result"] = "reused" if step.reused else ended
        if step.seconds is not None and not step.reused:
            found["duration", path, "seconds"] = f"{step.seconds:.1f}"
    with ThreadPoolExecutor(_READERS) as readers:
        plain = [(path, step) for path, step in steps.items() if step.kind != "pipeline"]
        documents = list(readers.map(lambda item: workspace.get(f"/jobs/{item[1].id}")["properties"], plain))
        components = _components(workspace, readers, documents)
    own = {run.id, *(each for step in steps.values() for each in (step.id, step.source) if each)}
    for (path, _), document in zip(plain, documents, strict=True):
        found |= _of_step(path, document, components, own)
    logged = all_metrics(workspace, run)
    for path, step in steps.items():
        found |= {("metrics", path, name): f"{value:.6g}" for name, value in sorted(logged.get(step.id, {}).items())}
    return found


def _of_run(run: Run) -> Iterator[tuple[tuple[Topic, str, str], str]]:
    yield ("outcome", "", "status"), run.status
    yield from ((("parameters", "", name), value) for name, value in run.parameters.items())
    yield from ((("inputs", "", name), uri) for name, uri in run.inputs.items())
    if definition := run.properties.get(DEFINITION_PROPERTY):
        yield ("code", "", "definition"), definition[:12]
    if commit := next((run.properties[name] for name in _COMMIT if run.properties.get(name)), ""):
        yield ("code", "", "commit"), commit[:12]
    if run.seconds is not None:
        yield ("duration", "", "seconds"), f"{run.seconds:.1f}"


def _of_step(
    path: str, document: Mapping[str, Any], components: Mapping[str, Mapping[str, Any]], own: Iterable[str]
) -> dict[tuple[Topic, str, str], str]:
    found: dict[tuple[Topic, str, str], str] = {}
    for name, item in (document.get("inputs") or {}).items():
        if item.get("value") is not None:
            found["parameters", path, name] = str(item["value"])
        elif (uri := str(item.get("uri") or "")) and not any(job in uri for job in own):  # what a step made is its own
            found["inputs", path, name] = uri
    component = components.get(str(document.get("componentId") or ""), {})
    if code := component.get("code") or document.get("codeId"):
        found["code", path, "code"] = short(str(code))
    if command := component.get("command") or document.get("command"):
        found["code", path, "command"] = " ".join(str(command).split())
    if environment := document.get("environmentId") or component.get("environment"):
        found["environment", path, "environment"] = short(str(environment))
    return found


def short(reference: str) -> str:
    """`…/environments/train/versions/9f31c0` → `train:9f31c0`; anything else as it is."""
    parts = reference.removeprefix("azureml:").rstrip("/").split("/")
    if len(parts) > 4 and parts[-2] == "versions":
        return f"{parts[-3]}:{parts[-1]}"
    return reference


def _components(
    workspace: Workspace, readers: ThreadPoolExecutor, documents: Iterable[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """The specs of the components in use by their ids; one that is gone, or stands in the job, is left out."""

    def spec(id_: str) -> Mapping[str, Any]:
        try:
            found = workspace.service.arm("GET", id_, MACHINE_LEARNING).json()["properties"]
        except ServiceError as error:
            if error.status not in (400, 404):
                raise
            return {}
        return dict(found.get("componentSpec") or {})

    ids = sorted({str(document.get("componentId") or "") for document in documents} - {""})
    known = [id_ for id_ in ids if id_.startswith("/subscriptions/")]
    return dict(zip(known, readers.map(spec, known), strict=True))

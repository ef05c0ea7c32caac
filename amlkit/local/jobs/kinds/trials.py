"""The trials of a sweep as rows of the table of jobs, and as work for the runner. Used by `sweeping`.

A trial is a job named `<sweep>_<n>`, as in Azure ML: a command below the sweep's own job, in no graph (its `step` is
empty). What it was given and where it writes is in its row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...clock import now
from .. import store
from ..bindings import Given
from ..locations import output_uri
from ..records import Job, Port, Status
from ..runner import Result, Work
from ..store import Store
from ..values import of_type

TRIAL = "amlkit.trial"  # property of a trial: its number


@dataclass(frozen=True)
class Trial:
    """One set of values, by the input's name."""

    number: int
    name: str
    values: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The values for people: `learning_rate 0.1, depth 3`."""
        return ", ".join(f"{name} {value!s}" for name, value in self.values.items())


def trial_name(sweep: str, number: int) -> str:
    """The name of a trial's job."""
    return f"{sweep}_{number}"


def is_trial(job: Job) -> bool:
    """Is the row one of a trial?"""
    return job.kind == "Command" and bool(job.parent) and not job.step


def work_of(sweep: Work, trial: Trial) -> Work:
    """What the runner needs to run a trial of a sweep."""
    component = sweep.component
    ports = {port.name: port for port in component.inputs}
    searched = {name: Given(ports[name], _text(ports[name], value), "") for name, value in trial.values.items()}
    inputs = (*(item for item in sweep.inputs if item.port.name not in searched), *searched.values())
    order = {name: index for index, name in enumerate(ports)}
    inputs = tuple(sorted(inputs, key=lambda item: order[item.port.name]))
    options = {name: component.options[name] for name in ("instances", "distribution") if name in component.options}
    literals = {item.port.name: item.text for item in inputs if item.port.is_literal}
    return replace(
        sweep,
        identity=replace(sweep.identity, job=trial.name, parameters=literals),
        label=f"trial `{trial.name}`",
        component=replace(component, kind="command", options=options),
        inputs=inputs,
        places={port.name: output_uri(sweep.datastore, trial.name, port.name, port.type) for port in component.outputs},
        kept=frozenset(),
        timeout_seconds=component.options["trial_timeout_seconds"],
    )


class Rows:
    """Writes the rows of one sweep's trials."""

    def __init__(self, keep: Store, sweep: str) -> None:
        self._store = keep
        self._sweep = sweep

    def known(self) -> dict[int, Job]:
        """Those that are there, by number."""
        return {int(job.properties[TRIAL]): job for job in self._store.children(self._sweep) if is_trial(job)}

    def add(self, trial: Trial, work: Work) -> None:
        """A trial that waits for its turn; one of a former life begins anew."""
        row = self._row(trial, work)
        with self._store.database.transaction() as connection:
            if self._store.get(trial.name) is None:
                store.add(connection, [(row, "")])
            else:
                store.update(connection, trial.name, status=Status.QUEUED, started="", ended="", error="", produced={})

    def begun(self, trial: Trial) -> None:
        """It runs."""
        with self._store.database.transaction() as connection:
            store.update(connection, trial.name, status=Status.RUNNING, started=now())

    def ended(self, trial: Trial, result: Result, why: str = "") -> Status:
        """It is over; `why` it was ended early."""
        status = Status.FAILED if result.error else Status.COMPLETED
        if result.stopped == "canceled":
            status = Status.CANCELED
        produced = {name: {**item, "job": trial.name} for name, item in result.produced.items()}
        with self._store.database.transaction() as connection:
            time = now()
            store.update(
                connection, trial.name, status=status, ended=time, produced=produced, error=why or result.error
            )
            store.end_client_runs(connection, [(status, time, trial.name)])
        return status

    def best(self, trial: Trial, score: float) -> None:
        """The sweep's own row names its best trial, as azure-ai-ml wants it."""
        found = self._store.get(self._sweep)
        if found is not None:
            properties = {**found.properties, "best_child_run_id": trial.name, "score": repr(score)}
            with self._store.database.transaction() as connection:
                store.update(connection, self._sweep, properties=properties)

    def _row(self, trial: Trial, work: Work) -> Job:
        sweep = self._store.get(self._sweep)
        if sweep is None:
            raise KeyError(self._sweep)
        return Job(
            name=trial.name,
            workspace=sweep.workspace,
            kind="Command",
            status=Status.QUEUED,
            root=sweep.root,
            parent=sweep.name,
            position=trial.number,
            display_name=f"{sweep.display_name}_{trial.number}",
            experiment=sweep.experiment,
            definition=sweep.definition,
            inputs={item.port.name: _shown(item) for item in work.inputs},
            outputs={port.name: {"type": port.type, "uri": work.places[port.name]} for port in work.component.outputs},
            properties={TRIAL: str(trial.number), "azureml.parentrunid": sweep.name},
            tags={"hyperparameters": json.dumps(trial.values)},
            body=_body(work, sweep.workspace),
            created=now(),
        )


def _text(port: Port, value: Any) -> str:
    return str(value) if port.type == "string" else of_type(port.type, value)


def _shown(item: Given) -> dict[str, str]:
    if item.port.is_literal:
        return {"type": item.port.type, "value": item.text}
    return {"type": item.port.type, "uri": item.text, "mode": item.mode}


def _body(work: Work, workspace: str) -> dict[str, Any]:
    name, _, version = work.component.environment.name.partition(":")
    return {
        "command": work.component.command,
        "environmentId": f"{workspace}/environments/{name}/versions/{version}",
        "computeId": work.cluster or None,
        "environmentVariables": dict(work.variables),
    }

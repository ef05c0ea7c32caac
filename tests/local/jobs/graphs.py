"""The real scheduler, tables and storage over a runner that computes instead of starting processes.

A step's output is one number: a function of its component, its parameter and its inputs, small enough that different
inputs often give equal bytes. So thousands of steps run in seconds, and a model can say what should have happened.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from amlkit.home import SUBSCRIPTION, Home
from amlkit.local.blobs import Blobs
from amlkit.local.clock import now
from amlkit.local.database import Database
from amlkit.local.documents import Documents
from amlkit.local.jobs import rules as rule_sets
from amlkit.local.jobs import store as tables
from amlkit.local.jobs.contents import Contents
from amlkit.local.jobs.downloads import Downloads
from amlkit.local.jobs.environments import Environment
from amlkit.local.jobs.forecast import Forecaster
from amlkit.local.jobs.gc import Collector
from amlkit.local.jobs.kinds.sweeping import Sweeps
from amlkit.local.jobs.metrics import Metrics
from amlkit.local.jobs.pins import Pins
from amlkit.local.jobs.records import (
    Component,
    Definition,
    Destination,
    EnvironmentSpec,
    Job,
    Port,
    Source,
    Status,
    Step,
)
from amlkit.local.jobs.registrations import Registrations
from amlkit.local.jobs.reuse import Reuse
from amlkit.local.jobs.runner import Result
from amlkit.local.jobs.scheduler import Scheduler
from amlkit.local.jobs.slots import Slots, host_limit
from amlkit.local.jobs.state import Run
from amlkit.local.jobs.submit import Submission

WS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/"
COLLISIONS = 3


@dataclass(frozen=True)
class Node:
    """One step of a graph: what it does, and which nodes it reads."""

    name: str
    needs: tuple[str, ...] = ()
    function: int = 0
    parameter: int = 0
    deterministic: bool = True


def value_of(node: Node, inputs: list[int]) -> int:
    return (node.function * 7 + node.parameter + sum(inputs)) % COLLISIONS


def key_of(node: Node, inputs: list[int]) -> tuple:
    return (node.function, node.deterministic, node.parameter, tuple(inputs))


class Calculator:
    """The runner: writes each step's number, and notes what it did in which order."""

    def __init__(self, blobs: Blobs, contents: Contents) -> None:
        self.blobs = blobs
        self._contents = contents
        self.failing: set[str] = set()
        self.failing_once: set[str] = set()
        self.slow: set[str] = set()
        self.gates: dict[str, threading.Event] = {}
        self.begun: list[str] = []
        self.events: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def run(self, work, handle) -> Result:
        job = work.identity.job
        step = job.rpartition("-")[2]
        with self._lock:
            self.begun.append(job)
            self.events.append(("begin", job))
        if step in self.slow:
            time.sleep(0.003)
        if gate := self.gates.get(job) or self.gates.get(step):
            while not gate.wait(0.002):
                if handle.stopped:
                    return Result("stopped", {}, handle.stopped)
        with self._lock:
            fails = step in self.failing or step in self.failing_once
            self.failing_once.discard(step)
        if fails:
            return Result(f"step `{step}` failed", {})
        function = json.loads(work.component.command)["function"]
        total = function * 7
        for item in work.inputs:
            text = item.text if item.port.is_literal else (self._path(work, item.text) / "x").read_text()
            total += int(text)
        uri = work.places["o"]
        folder = self._path(work, uri)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "x").write_text(str(total % COLLISIONS))
        with self._lock:
            self.events.append(("end", job))
        return Result("", {"o": {"uri": uri, "digest": self._contents.tree(folder).digest, "type": "uri_folder"}})

    def _path(self, work, uri: str) -> Path:
        return self.blobs.folder_of(uri, work.identity.workspace)


class NoEnvironments:
    """Every environment is there already."""

    def ready(self, spec: EnvironmentSpec) -> Environment:
        return Environment(Path("/"), ())


@dataclass
class Bench:
    """A scheduler of its own; `with bench.fresh(): …` gives an empty workspace."""

    root: Path
    rules: str = "content"
    workspace: str = ""
    counter: itertools.count = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.home = Home(self.root)
        self.database = Database(self.home.database, "NORMAL")
        self.documents = Documents(self.database)
        self.blobs = Blobs(self.home, self.database, self.documents)
        self.blobs.create_account("account", "/account")
        self.contents = Contents(self.database)
        self.store = tables.Store(self.database)
        self.runner = Calculator(self.blobs, self.contents)
        self.pins = Pins()
        chosen = rule_sets.of_name(self.rules)
        self.reuse = Reuse(self.store, chosen, self.pins)
        sweeps = Sweeps(self.runner, self.store, Metrics(self.database), Slots(host_limit()))
        others = (Registrations(self.database, self.documents), Downloads(self.blobs, {}), sweeps)
        self.scheduler = Scheduler(self.store, self.contents, self.reuse, NoEnvironments(), self.runner, *others)
        self.forecaster = Forecaster(self.store, None, self.blobs, self.contents, chosen)
        self.collector = Collector(self.home, self.database, self.blobs, self.pins, self.root / "environments")
        self.fresh()

    def fresh(self) -> None:
        """An empty workspace: nothing can be reused."""
        name = f"ws{next(self.counter)}"
        self.workspace = WS + name
        container = f"c-{name}"
        self.blobs.create_container("account", container)
        for store in ("data", "workspaceartifactstore"):
            properties = {"datastoreType": "AzureBlob", "accountName": "account", "containerName": container}
            self.documents.put(f"{self.workspace}/datastores/{store}", {"name": store, "properties": properties})
        self.runner.failing, self.runner.slow, self.runner.gates = set(), set(), {}
        self.runner.begun, self.runner.events = [], []

    def close(self) -> None:
        self.scheduler.stop()
        self.database.close()

    def definition(self, nodes: list[Node], **settings) -> Definition:
        components = {}
        for node in nodes:
            inputs = [Port(f"i{number}", "uri_folder") for number in range(len(node.needs))]
            key = f"component:{node.function}:{len(node.needs)}:{node.deterministic}"
            components[key] = Component(
                name=f"component{node.function}",
                command=json.dumps({"function": node.function}),
                code="",
                environment=EnvironmentSpec(),
                inputs=(Port("n", "integer"), *inputs),
                outputs=(Port("o", "uri_folder"),),
                deterministic=node.deterministic,
            )
        steps = tuple(
            Step(
                node.name,
                node.name,
                f"component:{node.function}:{len(node.needs)}:{node.deterministic}",
                {
                    "n": Source("literal", str(node.parameter)),
                    **{f"i{number}": Source("step", need, "o") for number, need in enumerate(node.needs)},
                },
                {"o": Destination()},
            )
            for node in nodes
        )
        return Definition("Pipeline", components, steps, (), (), datastore="data", **settings)

    def submission(self, nodes: list[Node], properties: dict | None = None, **settings) -> Submission:
        name = f"run{next(self.counter)}"
        job = Job(
            name,
            self.workspace,
            "Pipeline",
            Status.NOT_STARTED,
            root=name,
            experiment="tests",
            properties=properties or {},
            created=now(),
        )
        return Submission(job, self.definition(nodes, **settings))

    def start(self, made: Submission) -> str:
        with self.database.transaction() as connection:
            rows = made.rows(tables.add_definition(connection, made.definition))
            tables.add(connection, rows)
        children = [child for child, _ in rows[1:]]
        self.scheduler.add(Run.of(rows[0][0], made.definition, children))
        return made.job.name

    def wait(self, name: str, seconds: float = 60) -> Job:
        until = time.monotonic() + seconds
        while not (job := self.store.get(name)).status.is_final:
            assert time.monotonic() < until, self.states(name)
            time.sleep(0.0005)
        return job

    def run(self, nodes: list[Node], properties: dict | None = None, **settings) -> Job:
        return self.wait(self.start(self.submission(nodes, properties, **settings)))

    def forecast(self, nodes: list[Node], properties: dict | None = None, **settings) -> dict[str, str]:
        found = self.forecaster.of(self.submission(nodes, properties, **settings))
        return {each.step: each.outcome for each in found}

    def steps(self, name: str) -> dict[str, Job]:
        return {child.step: child for child in self.store.children(name)}

    def states(self, name: str) -> dict[str, str]:
        return {step: str(child.status) for step, child in self.steps(name).items()}

    def reasons(self, name: str) -> dict[str, str]:
        return {step: child.properties.get("amlkit.reason", "") for step, child in self.steps(name).items()}

    def ran(self, name: str) -> set[str]:
        """The steps of a run for which the runner was called."""
        return {job.removeprefix(f"{name}-") for job in self.runner.begun if job.startswith(f"{name}-")}

    def folder(self, job: Job) -> Path:
        return self.blobs.folder_of(job.produced["o"]["uri"], self.workspace)


def chain(length: int, **changes: int) -> list[Node]:
    return [Node(f"s{n}", (f"s{n - 1}",) if n else (), parameter=n, **changes) for n in range(length)]


def fan(width: int) -> list[Node]:
    spokes = [Node(f"s{n}", ("first",), parameter=n) for n in range(width)]
    return [Node("first"), *spokes, Node("last", tuple(node.name for node in spokes))]

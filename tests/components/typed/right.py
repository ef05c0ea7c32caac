"""What type checkers must accept of steps."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Literal

from amlkit import (
    CommandStep,
    Compute,
    Conda,
    Curated,
    CustomModel,
    Datastore,
    File,
    Folder,
    Image,
    Input,
    MLflowModel,
    MLTable,
    Output,
    ParallelRunStep,
    PythonScriptStep,
    Requirements,
    Step,
    output,
    search,
    sweep,
)
from amlkit.distribution import Mpi, PyTorch, TensorFlow

cpu, corpora = Compute("cpu"), Datastore("corpora")


class Solver(StrEnum):
    FAST = "fast"
    EXACT = "exact"


class Prepare(
    CommandStep,
    command="sort ${{inputs.raw}} > ${{outputs.rows}}",
    environment=Requirements("requirements.txt"),
    code=None,
    timeout=timedelta(minutes=3),
    retries=2,
):
    raw: Input[File]
    rows: Output[File] = output()


class Train(
    PythonScriptStep,
    script="train.py",
    environment=Conda("environment.yaml"),
    hash_paths=["train.py", "../shared"],
    additional_includes=("../shared",),
    environment_variables={"LEVEL": "2"},
    timeout=90.5,
    instances=2,
    distribution=PyTorch(processes_per_instance=2),
    shm_size="2g",
    modes={"features": "download"},
    tags={"team": "vision"},
    allow_reuse=False,
):
    features: Input[Folder]
    table: Input[MLTable] | None = None
    start: Input[MLflowModel] | None = None
    learning_rate: Input[float] = 0.1
    depth: Input[int] | None = None
    kind: Input[Literal["linear", "deep"]] = "linear"
    solver: Input[Solver] = Solver.FAST
    shuffle: Input[bool] = True
    model: Output[MLflowModel] = output(register="digits", version="3", mode="upload")
    notes: Output[CustomModel] = output()


class Deep(Train, script="deep.py", environment=Image("example.azurecr.io/deep:1"), distribution=Mpi(4)):
    layers: Input[int] = 3


class Score(
    ParallelRunStep,
    script="score.py",
    environment=Curated("sklearn-1.5"),
    input_data="rows",
    mini_batch_size="10kb",
    append_row_to="scores",
    processes=2,
    max_tries=2,
    invocation_timeout=60,
):
    rows: Input[Folder]
    model: Input[MLflowModel]
    scores: Output[File] = output()


class Legacy(PythonScriptStep, script="old.py", environment=Conda("c.yaml"), distribution=TensorFlow(workers=2)):
    pass


Existing = Step.from_yaml("existing.yml")

prepared = Prepare(raw=corpora.file("a.csv"), compute=cpu)
train = Train(
    features=Folder("azureml:features@latest"),
    table=MLTable("azureml:table:1"),
    start=None,
    depth=3,
    kind="deep",
    solver=Solver.EXACT,
    compute=cpu,
    name="slow",
    after=[prepared],
)
deep = Deep(features=Folder("https://example.com/a"), start=train.model, layers=2, learning_rate=1)
swept = sweep(
    Train(
        features=Folder("a"),
        learning_rate=search.uniform(0.01, 0.5),
        depth=search.randint(8),
        kind=search.choice(["linear", "deep"]),
        shuffle=search.choice([True, False]),
        compute=cpu,
    ),
    metric="accuracy",
    goal="maximize",
    max_total_trials=8,
    max_concurrent_trials=2,
    timeout=timedelta(hours=1),
    trial_timeout=600,
    early_termination=search.Bandit(slack_factor=0.1),
    seed=3,
)
best: Output[MLflowModel] = swept.model
scores: Output[File] = Score(rows=Folder("a"), model=swept.model, compute=cpu).scores
made = Existing(raw=prepared.rows, threshold=0.3, compute=cpu, after=[train])
Score(rows=made.features, model=train.model)
Train(features=train.model)  # a model is a folder

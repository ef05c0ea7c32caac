"""What type checkers must accept: every word that a definition is written with."""

# ruff: noqa: B008

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

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
    check,
    compile,
    output,
    pipeline,
    search,
    sequence,
    sweep,
)
from amlkit.distribution import Mpi, PyTorch, TensorFlow

cpu, corpora = Compute("cpu"), Datastore("corpora")


class Kind(StrEnum):
    LINEAR = "linear"
    DEEP = "deep"


class Extract(PythonScriptStep, script="extract.py", environment=Conda("environment.yaml")):
    raw: Input[Folder]
    features: Output[Folder] = output()


class Train(
    PythonScriptStep,
    script="train.py",
    environment=Requirements("requirements.txt", python="3.11"),
    allow_reuse=False,
    hash_paths=("train.py",),
    additional_includes=("../shared",),
    environment_variables={"OMP_NUM_THREADS": "1"},
    timeout=timedelta(hours=1),
    retries=2,
    instances=2,
    distribution=PyTorch(processes_per_instance=2),
    shm_size="2g",
    modes={"features": "download", "model": "upload"},
    tags={"team": "vision"},
):
    features: Input[Folder]
    extra: Input[File] | None = None
    learning_rate: Input[float] = 0.1
    depth: Input[int] = 3
    kind: Input[str] = "linear"
    how: Input[Kind] = Kind.LINEAR
    solver: Input[Literal["sgd", "adam"]] = "sgd"
    shuffle: Input[bool] = True
    limit: Input[int] | None = None
    model: Output[Folder] = output(register="digits", version="3", mode="upload")
    metrics: Output[File] = output()


class Convert(
    CommandStep,
    command="convert ${{inputs.table}} $[[--like ${{inputs.like}}]] ${{outputs.model}} ${{outputs.own}}",
    environment=Image("mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"),
    code=None,
    distribution=Mpi(2),
):
    table: Input[MLTable]
    like: Input[MLflowModel] | None = None
    model: Output[MLflowModel] = output(register="digits")
    own: Output[CustomModel] = output()


class Score(
    ParallelRunStep,
    script="score.py",
    environment=Curated("AzureML-sklearn-1.0"),
    mini_batch_size="1kb",
    error_threshold=10,
    append_row_to="scores",
    max_tries=2,
    invocation_timeout=600,
    processes=2,
    instances=2,
):
    rows: Input[MLTable]
    model: Input[MLflowModel]
    scores: Output[File] = output()


class Clean(CommandStep, command="true", environment=Conda("environment.yaml"), distribution=TensorFlow(workers=2)):
    """It takes nothing."""


Prepare = Step.from_yaml("prepare.yml")


class Results(NamedTuple):
    model: Output[Folder]
    metrics: Output[File]


@pipeline
def training(corpus: Input[Folder] = corpora.folder("digits/"), learning_rate: Input[float] = 0.1) -> Results:
    features = Extract(raw=corpus, compute=cpu).features
    Train(name="fast", features=features, learning_rate=1, compute=cpu)
    trained = Train(features=features, learning_rate=learning_rate, how=Kind.DEEP, solver="adam", compute=cpu)
    return Results(trained.model, metrics=trained.metrics)


@pipeline
def nothing_returned(corpus: Input[Folder]) -> None:
    Extract(raw=corpus, compute=cpu)


class Found(NamedTuple):
    model: Output[MLflowModel]
    best: Output[Folder]
    metrics: Output[File]


@pipeline(
    tags={"team": "vision"},
    experiment="digits",
    continue_on_step_failure=True,
    force_rerun=False,
    default_compute=cpu,
    default_datastore=corpora,
)
def everything(
    table: Input[MLTable],
    corpus: Input[Folder] = Folder("azureml:digits@latest"),
    extra: Input[File] | None = None,
    solver: Input[Literal["sgd", "adam"]] = "sgd",
    limit: Input[int] | None = None,
) -> Found:
    prepared = Prepare(raw=corpus, name="prepare")
    first = training(corpus=corpus)
    second = training.named("again", after=[prepared])(corpus, learning_rate=0.5)
    nothing_returned(first.model)
    converted = Convert(table=table)
    Score(rows=MLTable("https://example.org/rows/"), model=converted.model, after=[prepared])
    best = sweep(
        Train(
            features=prepared.features,
            extra=extra,
            solver=solver,
            limit=limit,
            learning_rate=search.uniform(0.01, 0.5),
            depth=search.choice([1, 2, 3]),
        ),
        metric="accuracy",
        goal="maximize",
        sampling="random",
        max_total_trials=8,
        max_concurrent_trials=2,
        timeout=timedelta(hours=2),
        trial_timeout=600,
        early_termination=search.Bandit(slack_factor=0.1),
        seed=1,
    )
    inner = sequence(Clean(name="one"), Clean(name="two"))
    sequence(prepared, [first, second, inner], best, second.metrics)
    return Found(converted.model, best.model, metrics=second.metrics)


step = Train(features=Folder("tests/data/features"), learning_rate=0.5)
name: str = step.name
manifest = compile(training)
whole = compile(everything, local_data=True)
problems = check(training) + check(nothing_returned) + check(everything)

"""Steps and pipelines of every kind, whose definition digests are in the golden file. A change of this folder's files
needs new golden entries for them."""

# ruff: noqa: B008

from __future__ import annotations

from typing import Literal, NamedTuple

from amlkit import (
    CommandStep,
    Compute,
    Conda,
    Datastore,
    File,
    Folder,
    Input,
    MLflowModel,
    MLTable,
    Output,
    ParallelRunStep,
    PythonScriptStep,
    output,
    pipeline,
    search,
    sequence,
    sweep,
)
from amlkit.distribution import PyTorch

cpu, gpu, lake = Compute("cpu"), Compute("gpu"), Datastore("lake")
here = Conda("environment.yaml")


class Split(
    PythonScriptStep,
    script="split.py",
    environment=here,
    modes={"corpus": "download", "left": "upload"},
    environment_variables={"OMP_NUM_THREADS": "1"},
):
    """Cut a table in two."""

    corpus: Input[MLTable]
    labels: Input[File] | None = None
    by: Input[Literal["rows", "columns"]] = "rows"
    share: Input[float] | None = None
    left: Output[Folder] = output()
    right: Output[Folder] = output()


class Fit(
    PythonScriptStep,
    script="fit.py",
    environment=here,
    timeout=3661,
    instances=2,
    shm_size="2g",
    distribution=PyTorch(2),
    tags={"kind": "fit"},
):
    """Fit a model."""

    rows: Input[Folder]
    rate: Input[float]
    depth: Input[int] = 3
    model: Output[MLflowModel] = output(register="digits", version="7")


class Merge(
    CommandStep,
    command="cat ${{inputs.one}}/* ${{inputs.two}}/* > ${{outputs.merged}}/all; ls",
    environment=here,
    code=None,
    retries=2,
):
    """Put two folders together."""

    one: Input[Folder]
    two: Input[Folder]
    merged: Output[Folder] = output()


class Score(
    ParallelRunStep,
    script="score.py",
    environment=here,
    input_data="rows",
    mini_batch_size=5,
    append_row_to="scores",
    hash_paths=("score.py",),
):
    """Score rows in mini batches."""

    rows: Input[Folder]
    model: Input[MLflowModel]
    scores: Output[File] = output()


class Clean(CommandStep, command="true", environment=here, code=None):
    """Clean up: it takes nothing and makes nothing."""


class Fitted(NamedTuple):
    best: Output[MLflowModel]
    rest: Output[Folder]


class Scored(NamedTuple):
    model: Output[MLflowModel]
    scores: Output[File]
    merged: Output[Folder]


@pipeline(default_compute=gpu, tags={"level": "inner"})
def fitting(
    corpus: Input[MLTable] = MLTable("corpus/", datastore="lake"),
    by: Input[Literal["rows", "columns"]] = "columns",
    share: Input[float] | None = None,
) -> Fitted:
    """Split, and search the rate of a model."""
    split = Split(corpus=corpus, by=by, share=share, compute=cpu)
    trained = sweep(
        Fit(rows=split.left, rate=search.uniform(0.1, 0.5), depth=4),
        metric="accuracy",
        goal="maximize",
        sampling="random",
        max_total_trials=4,
        max_concurrent_trials=2,
        early_termination=search.Bandit(slack_factor=0.1),
        seed=7,
    )
    return Fitted(trained.model, split.right)


@pipeline(
    tags={"level": "outer"},
    experiment="everything",
    continue_on_step_failure=True,
    default_compute=cpu,
    default_datastore=lake,
)
def scoring(corpus: Input[MLTable], share: Input[float] = 0.5) -> Scored:
    """Fit twice, score, and keep an order that no data tells."""
    first = fitting(corpus=corpus, share=share)
    before = Clean(name="before")
    second = fitting.named("again")(by="rows")
    scored = Score(rows=first.rest, model=first.best, compute=gpu)
    merged = Merge(one=first.rest, two=second.rest, after=[scored])
    last = Fit(rows=second.rest, rate=share, after=[merged, before])
    sequence(before, [first, second], merged, [Clean(name="one_more"), last])
    return Scored(last.model, scored.scores, merged.merged)

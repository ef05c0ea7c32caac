"""What both sides define: here with amlkit, in `theirs.py` with azure-ai-ml."""

from typing import Literal, NamedTuple

from amlkit import (
    CommandStep,
    Compute,
    Conda,
    Datastore,
    File,
    Folder,
    Input,
    Output,
    ParallelRunStep,
    PythonScriptStep,
    output,
    pipeline,
    search,
    sweep,
)
from amlkit.distribution import PyTorch

ENVIRONMENT = Conda("environment.yaml", image="example.azurecr.io/base:1")

cpu, corpora = Compute("cpu"), Datastore("corpora")


class Train(PythonScriptStep, script="train.py", environment=ENVIRONMENT):
    """Every kind of port."""

    features: Input[Folder]
    learning_rate: Input[float] = 0.1
    rounds: Input[int] = 10
    solver: Input[Literal["lbfgs", "sag"]] = "lbfgs"
    shuffle: Input[bool] = True
    extra: Input[Folder] | None = None
    model: Output[Folder] = output(mode="upload")


class Shell(
    CommandStep,
    command="python -c 'print(1)' ${{inputs.source}} > ${{outputs.echoed}}",
    environment=ENVIRONMENT,
    environment_variables={"LEVEL": "2"},
    timeout=120,
    instances=2,
    shm_size="2g",
    distribution=PyTorch(processes_per_instance=2),
    modes={"source": "download"},
    allow_reuse=False,
):
    """Every word about how a command runs."""

    source: Input[File]
    echoed: Output[File] = output()


class Score(
    ParallelRunStep,
    script="score.py",
    environment=ENVIRONMENT,
    mini_batch_size=5,
    error_threshold=3,
    mini_batch_error_threshold=2,
    append_row_to="rows",
    max_tries=4,
    invocation_timeout=30,
    processes=2,
):
    """Mini batches."""

    data: Input[Folder]
    rows: Output[File] = output()


class Inner(NamedTuple):
    """What the inner pipeline returns."""

    model: Output[Folder]


@pipeline
def inner(features: Input[Folder], learning_rate: Input[float] = 0.3) -> Inner:
    """A pipeline to nest."""
    return Inner(Train(name="one", features=features, learning_rate=learning_rate, compute=cpu).model)


class Outer(NamedTuple):
    """What the outer pipeline returns."""

    rows: Output[File]
    best: Output[Folder]
    echoed: Output[File]


@pipeline(tags={"team": "vision"}, experiment="wire", continue_on_step_failure=True)
def outer(features: Input[Folder], rate: Input[float] = 0.2) -> Outer:
    """Everything that a graph can hold."""
    nested = inner(features=features, learning_rate=rate)
    best = sweep(
        Train(name="best", features=features, learning_rate=search.uniform(0.1, 0.5), compute=cpu),
        metric="accuracy",
        goal="maximize",
        max_total_trials=4,
        max_concurrent_trials=2,
        timeout=600,
        early_termination=search.Bandit(slack_factor=0.1, evaluation_interval=1),
    )
    shell = Shell(name="shell", source=corpora.file("a/b.txt"), compute=cpu)
    rows = Score(name="scored", data=nested.model, compute=cpu).rows
    return Outer(rows, best.model, shell.echoed)

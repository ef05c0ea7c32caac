"""Mistakes in steps that type checkers must reject: every line with the mark, and no other."""

from __future__ import annotations

from typing import Literal

from amlkit import (
    CommandStep,
    Compute,
    Conda,
    File,
    Folder,
    Input,
    MLflowModel,
    Output,
    ParallelRunStep,
    PythonScriptStep,
    output,
    search,
    sweep,
)

cpu = Compute("cpu")
CONDA = Conda("environment.yaml")


class Train(PythonScriptStep, script="train.py", environment=CONDA):
    features: Input[Folder]
    learning_rate: Input[float] = 0.1
    kind: Input[Literal["linear", "deep"]] = "linear"
    start: Input[MLflowModel] | None = None
    model: Output[MLflowModel] = output(register="digits")


class Shell(CommandStep, command="ls ${{inputs.rows}}", environment=CONDA):
    rows: Input[File]


class NoScript(CommandStep, script="train.py", environment=CONDA):  # rejected
    rows: Input[File]


class NoCommand(PythonScriptStep, command="ls", environment=CONDA):  # rejected
    rows: Input[File]


class Slow(PythonScriptStep, script="train.py", environment=CONDA, timeout="1h"):  # rejected
    rows: Input[File]


class Loud(PythonScriptStep, script="train.py", environment=CONDA, environment_variables={"LEVEL": 2}):  # rejected
    rows: Input[File]


class Far(PythonScriptStep, script="train.py", environment=CONDA, distribution="pytorch"):  # rejected
    rows: Input[File]


class Spread(ParallelRunStep, script="score.py", environment=CONDA, distribution=None):  # rejected
    rows: Input[Folder]


class Deep(Train, script="deep.py", environment=CONDA):
    layers: Input[int] = 3


step = Train(features=Folder("a"))
Train(features=Folder("a"), kind="deeep")  # rejected
Train(features=Folder("a"), start=Folder("b"))  # rejected
Train(features=None)  # rejected
Train(features=File("a"))  # rejected
Train(features=Folder("a"), model=step.model)  # rejected
Train(features=Folder("a"), after=["prepare"])  # rejected
Train(features=Folder("a"), learning_rate=search.choice(["a", "b"]))  # rejected
Train(features=Folder("a"), kind=search.uniform(0, 1))  # rejected
Shell(rows=step.model)  # rejected
Deep(features=Folder("a"), layers="3")  # rejected
Deep(layers=3)  # rejected
sweep(step, metric="accuracy", goal="highest", max_total_trials=3)  # rejected
sweep(step, metric="accuracy", goal="maximize")  # rejected
print(sweep(step, metric="accuracy", goal="maximize", max_total_trials=3).modle)  # rejected
sweep(step, metric="accuracy", goal="maximize", max_total_trials=3, early_termination="bandit")  # rejected

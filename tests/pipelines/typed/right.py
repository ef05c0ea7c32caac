"""What type checkers must accept."""

# ruff: noqa: B008

from __future__ import annotations

from typing import NamedTuple

from amlkit import (
    Compute,
    Conda,
    Datastore,
    File,
    Folder,
    Input,
    Output,
    PythonScriptStep,
    check,
    compile,
    output,
    pipeline,
)

cpu, corpora = Compute("cpu"), Datastore("corpora")


class Extract(PythonScriptStep, script="extract.py", environment=Conda("environment.yaml")):
    raw: Input[Folder]
    features: Output[Folder] = output()


class Train(PythonScriptStep, script="train.py", environment=Conda("environment.yaml"), allow_reuse=False):
    features: Input[Folder]
    learning_rate: Input[float] = 0.1
    depth: Input[int] = 3
    kind: Input[str] = "linear"
    shuffle: Input[bool] = True
    model: Output[Folder] = output(register="digits")
    metrics: Output[File] = output()


class Results(NamedTuple):
    model: Output[Folder]
    metrics: Output[File]


@pipeline
def training(corpus: Input[Folder] = corpora.folder("digits/"), learning_rate: Input[float] = 0.1) -> Results:
    features = Extract(raw=corpus, compute=cpu).features
    Train(name="fast", features=features, learning_rate=1, compute=cpu)
    trained = Train(features=features, learning_rate=learning_rate, compute=cpu)
    return Results(trained.model, metrics=trained.metrics)


@pipeline
def nothing_returned(corpus: Input[Folder]) -> None:
    Extract(raw=corpus, compute=cpu)


step = Train(features=Folder("tests/data/features"), learning_rate=0.5)
name: str = step.name
manifest = compile(training)
problems = check(training) + check(nothing_returned)

"""Steps whose definition digests are in the golden file. A change of this folder's files needs a new golden file."""

from __future__ import annotations

from typing import NamedTuple

from amlkit import Compute, Conda, Datastore, File, Folder, Input, Output, PythonScriptStep, output, pipeline

cpu, corpora = Compute("cpu"), Datastore("corpora")
digits = corpora.folder("digits/")


class Extract(PythonScriptStep, script="extract.py", environment=Conda("environment.yaml")):
    """Take what counts."""

    raw: Input[Folder]
    features: Output[Folder] = output()


class Train(PythonScriptStep, script="train.py", environment=Conda("environment.yaml"), allow_reuse=False):
    """Fit."""

    features: Input[Folder]
    learning_rate: Input[float] = 0.1
    depth: Input[int] = 3
    kind: Input[str] = "linear"
    shuffle: Input[bool] = True
    model: Output[Folder] = output(register="digits")
    metrics: Output[File] = output()


class Results(NamedTuple):
    metrics: Output[File]


@pipeline
def sample(corpus: Input[Folder] = digits, learning_rate: Input[float] = 0.1) -> Results:
    """Extract and train."""
    features = Extract(raw=corpus, compute=cpu).features
    Train(name="fast", features=features, learning_rate=1, compute=cpu)
    Train(name="fixed", features=digits, kind="deep", shuffle=False, compute=cpu)
    return Results(Train(features=features, learning_rate=learning_rate, compute=cpu).metrics)

"""Mistakes that type checkers must reject: every line with the mark, and no other."""

from __future__ import annotations

from typing import NamedTuple

from amlkit import Compute, Conda, File, Folder, Input, Output, PythonScriptStep, compile, output, pipeline

cpu = Compute("cpu")


class Extract(PythonScriptStep, script="extract.py", environment=Conda("environment.yaml")):
    raw: Input[Folder]
    features: Output[Folder] = output()
    summary: Output[File] = output()


class Train(PythonScriptStep, script="train.py", environment=Conda("environment.yaml")):
    features: Input[Folder]
    learning_rate: Input[float] = 0.1
    model: Output[Folder] = output()


class Misspelt(PythonScriptStep, scirpt="train.py", environment=Conda("environment.yaml")):  # rejected
    raw: Input[Folder]


class Unlocked(PythonScriptStep, script="train.py", environment="environment.yaml"):  # rejected
    raw: Input[Folder]


class Report(NamedTuple):
    model: Output[Folder]


@pipeline
def training(corpus: Input[Folder], learning_rate: Input[float] = 0.1) -> Report:
    extract = Extract(raw=corpus, compute=cpu)
    Extract(rwa=corpus, compute=cpu)  # rejected
    Extract(compute=cpu)  # rejected
    Extract(corpus)  # rejected
    Extract(raw="data/digits", compute=cpu)  # rejected
    Extract(raw=corpus, features=extract.features, compute=cpu)  # rejected
    Extract(raw=corpus, compute="cpu")  # rejected
    Train(features=extract.featuers, compute=cpu)  # rejected
    Train(features=extract.summary, compute=cpu)  # rejected
    Train(features=extract, compute=cpu)  # rejected
    Train(features=extract.features, learning_rate="fast", compute=cpu)  # rejected
    Train(features=extract.features, learning_rate=corpus, compute=cpu)  # rejected
    if learning_rate > 0.5:  # rejected
        return Report(extract.features)
    step = Train(features=extract.features, learning_rate=learning_rate * 2, compute=cpu)  # rejected
    step.model = extract.features  # rejected
    return Report(extract.summary)  # rejected


compile(Train)  # rejected

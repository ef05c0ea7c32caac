"""Mistakes that type checkers must reject: every line with the mark, and no other."""

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
    compile,
    output,
    pipeline,
    search,
    sequence,
    sweep,
)

cpu, lake = Compute("cpu"), Datastore("lake")


class Extract(PythonScriptStep, script="extract.py", environment=Conda("environment.yaml")):
    raw: Input[Folder]
    features: Output[Folder] = output()
    summary: Output[File] = output()


class Train(PythonScriptStep, script="train.py", environment=Conda("environment.yaml")):
    features: Input[Folder]
    learning_rate: Input[float] = 0.1
    solver: Input[Literal["sgd", "adam"]] = "sgd"
    extra: Input[File] | None = None
    model: Output[Folder] = output()


class Convert(CommandStep, command="convert ${{inputs.table}} ${{outputs.model}}", environment=Conda("e.yaml")):
    table: Input[MLTable]
    model: Output[MLflowModel] = output()


class Misspelt(PythonScriptStep, scirpt="train.py", environment=Conda("environment.yaml")):  # rejected
    raw: Input[Folder]


class Unlocked(PythonScriptStep, script="train.py", environment="environment.yaml"):  # rejected
    raw: Input[Folder]


class Unlimited(PythonScriptStep, script="train.py", environment=Conda("e.yaml"), timeout="1h"):  # rejected
    raw: Input[Folder]


class Often(CommandStep, command="true", environment=Conda("e.yaml"), retries="twice"):  # rejected
    raw: Input[Folder]


class Batched(ParallelRunStep, script="score.py", environment=Conda("e.yaml"), mini_batch_size=1.5):  # rejected
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
    Train(features=extract.features, solver="newton", compute=cpu)  # rejected
    Train(features=extract.features, extra=extract.features, compute=cpu)  # rejected
    Train(features=None, compute=cpu)  # rejected
    Train(features=[extract.features], compute=cpu)  # rejected
    Train(features=extract.features, after=["extract"], compute=cpu)  # rejected
    Convert(table=extract.features, compute=cpu)  # rejected
    Convert(table=corpus, compute=cpu)  # rejected
    search.uniform("a", 1)  # rejected
    Train(features=extract.features, solver=search.choice(["newton"]), compute=cpu)  # rejected
    sweep(Train(features=extract.features), metric="a", goal="most", max_total_trials=2)  # rejected
    sweep(extract.features, metric="a", goal="maximize", max_total_trials=2)  # rejected
    sequence(extract, 3)  # rejected
    if learning_rate > 0.5:  # rejected
        return Report(extract.features)
    step = Train(features=extract.features, learning_rate=learning_rate * 2, compute=cpu)  # rejected
    step.model = extract.features  # rejected
    return Report(extract.summary)  # rejected


@pipeline(default_compute="cpu")  # rejected
def named() -> None: ...


@pipeline(default_compute=lake)  # rejected
def stored() -> None: ...


@pipeline(tags=["vision"])  # rejected
def tagged() -> None: ...


@pipeline(retry=True)  # rejected
def unknown() -> None: ...


@pipeline
def nesting(corpus: Input[Folder], table: Input[File], text: Input[str]) -> Report:
    inner = training(corpus)
    training()  # rejected
    training(corpus=table)  # rejected
    training(corpus=corpus, learning_rate=text)  # rejected
    training(corpus=corpus, rate=0.5)  # rejected
    training.named("other")(corpus=table)  # rejected
    training.named(2)  # rejected
    Train(features=inner, compute=cpu)  # rejected
    Train(features=inner.modle, compute=cpu)  # rejected
    return inner.model  # rejected


compile(Train)  # rejected

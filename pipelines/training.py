"""Train a classifier of handwritten digits twice and keep what is known of both."""

from typing import NamedTuple

from amlkit import Folder, Input, Output, pipeline
from components.compare.step import Compare
from components.extract.step import Extract
from components.train.step import Train
from pipelines.needs import corpora, cpu


class Report(NamedTuple):
    """What the pipeline returns."""

    report: Output[Folder]


@pipeline
def training(learning_rate: Input[float] = 0.1) -> Report:
    """Train two models and compare them."""
    features = Extract(raw=corpora.folder("digits/"), compute=cpu).features
    slow = Train(name="slow", features=features, learning_rate=learning_rate, compute=cpu)
    fast = Train(name="fast", features=features, learning_rate=0.5, compute=cpu)
    return Report(Compare(first=slow.model, second=fast.model, compute=cpu).report)

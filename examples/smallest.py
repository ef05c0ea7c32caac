"""The smallest step and pipeline: count the words of a text. The script and its environment lie beside this file."""

from typing import NamedTuple

from amlkit import Compute, Conda, Datastore, File, Input, Output, PythonScriptStep, output, pipeline

cpu, texts = Compute("cpu"), Datastore("texts")  # bound when the pipeline is published
hello = texts.file("hello.txt")


class Count(PythonScriptStep, script="count.py", environment=Conda("environment.yaml")):
    """Count the words that are long enough."""

    text: Input[File]
    at_least: Input[int] = 1
    counts: Output[File] = output()


class Counts(NamedTuple):
    """What the pipeline returns."""

    counts: Output[File]


@pipeline
def counting(text: Input[File] = hello) -> Counts:
    """Count the long words of a text."""
    return Counts(Count(text=text, at_least=5, compute=cpu).counts)

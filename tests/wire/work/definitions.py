"""Pipelines that run without a package: what another client is to read, build from and run."""

from typing import NamedTuple

from amlkit import (
    CommandStep,
    Compute,
    File,
    Folder,
    Image,
    Input,
    Output,
    ParallelRunStep,
    PythonScriptStep,
    output,
    pipeline,
    search,
    sequence,
    sweep,
)

PLAIN = Image("example.azurecr.io/plain@sha256:" + "0" * 64)
cpu = Compute("cpu")


class Words(PythonScriptStep, script="words.py", environment=PLAIN):
    """Make some files."""

    word: Input[str]
    times: Input[int] = 2
    seed: Input[str] | None = None
    words: Output[Folder] = output(register="words")


class Shout(ParallelRunStep, script="shout.py", environment=PLAIN, mini_batch_size=1, append_row_to="rows"):
    """A row for each file."""

    words: Input[Folder]
    rows: Output[File] = output()


class Tuned(PythonScriptStep, script="tuned.py", environment=PLAIN):
    """One trial."""

    rate: Input[float]
    best: Output[Folder] = output()


class Joined(
    CommandStep, command="cat ${{inputs.rows}} ${{inputs.best}}/rate > ${{outputs.text}}", environment=PLAIN, code=None
):
    """Both in one file."""

    rows: Input[File]
    best: Input[Folder]
    text: Output[File] = output()


class Spoken(NamedTuple):
    """What `speaking` returns."""

    rows: Output[File]


@pipeline
def speaking(word: Input[str], times: Input[int] = 3) -> Spoken:
    """A pipeline to nest."""
    words = Words(word=word, times=times, compute=cpu)
    return Spoken(Shout(words=words.words, compute=cpu).rows)


class Whole(NamedTuple):
    """What `whole` returns."""

    text: Output[File]


@pipeline
def whole(word: Input[str] = "hi") -> Whole:
    """Nested, swept, in mini batches, in an order without data."""
    spoken = speaking(word=word)
    tuned = sweep(
        Tuned(rate=search.choice([0.1, 0.4, 0.9]), compute=cpu),
        metric="score",
        goal="maximize",
        sampling="grid",
        max_total_trials=3,
    )
    sequence(spoken, tuned)
    return Whole(Joined(rows=spoken.rows, best=tuned.best, compute=cpu).text)

"""Steps that take no time: what the tests of runs, and of the fixtures, run."""

from typing import NamedTuple

from amlkit import CommandStep, Compute, Conda, File, Folder, Input, Output, PythonScriptStep, output, pipeline, sweep
from amlkit.search import uniform

cpu = Compute("cpu")
PLAIN = Conda("environment.yaml")


class Say(
    CommandStep,
    command="echo saying ${{inputs.word}}; echo ${{inputs.word}} > ${{outputs.said}}/word.txt",
    environment=PLAIN,
    code=None,
):
    """Write a word down."""

    word: Input[str] = "hello"
    said: Output[Folder] = output()


class Tell(CommandStep, command="echo telling; cat ${{inputs.heard}}/word.txt", environment=PLAIN, code=None):
    """Read it out."""

    heard: Input[Folder]


class Wait(
    CommandStep,
    command="echo waiting; for i in $(seq 600); do [ -e ${{inputs.flag}} ] && break; sleep 0.05; done; echo waited",
    environment=PLAIN,
    code=None,
):
    """Wait for a file, half a minute at most."""

    flag: Input[str]


class Count(PythonScriptStep, script="count.py", environment=PLAIN):
    """Count the words of a text; fail if there are none."""

    text: Input[File]
    at_least: Input[int] = 1
    words: Output[Folder] = output()


class Guess(PythonScriptStep, script="guess.py", environment=PLAIN):
    """Log how good a guess is."""

    guess: Input[float]
    kept: Output[Folder] = output()


class Noise(
    CommandStep,
    command=r"printf '\000\377\033[2J'; head -c 3000000 /dev/zero | tr '\000' a",
    environment=PLAIN,
    code=None,
):
    """Write bytes that no terminal should get, and no end of line."""


class Said(NamedTuple):
    """What the pipelines return."""

    said: Output[Folder]


@pipeline
def talk(word: Input[str] = "hello") -> Said:
    """Write a word down and read it out."""
    say = Say(word=word, compute=cpu)
    Tell(heard=say.said, compute=cpu)
    return Said(say.said)


@pipeline
def meeting(word: Input[str] = "hello") -> Said:
    """A talk in a pipeline, and three guesses."""
    heard = talk(word=word)
    Tell(name="after", heard=heard.said, compute=cpu)
    guess = Guess(guess=uniform(0.1, 0.9), compute=cpu)
    sweep(guess, metric="score", goal="maximize", max_total_trials=3, max_concurrent_trials=3, seed=7)
    return Said(guess.kept)


@pipeline
def waiting(flag: Input[str]) -> None:
    """A step that somebody has to let go."""
    Wait(flag=flag, compute=cpu)
    Say(compute=cpu)


@pipeline
def noises() -> None:
    """Only noise."""
    Noise(compute=cpu)

"""Thousands of steps, in a chain, in a fan, in an order: the work of compiling them grows with their number."""

from __future__ import annotations

import cProfile
from typing import NamedTuple

import pytest

from amlkit import CommandStep, Conda, Folder, Input, Output, compile, output, pipeline, sequence
from amlkit.components import snapshot
from tests.pipelines.sample.steps import Extract, cpu, digits

here = Conda("sample/environment.yaml")


class Made(NamedTuple):
    features: Output[Folder]


class Quiet(CommandStep, command="true", environment=here, code=None):
    """It takes nothing and makes nothing."""


class Gather(CommandStep, command="ls ${{inputs.one}} ${{outputs.all}}", environment=here, code=None):
    """It takes one folder."""

    one: Input[Folder]
    all: Output[Folder] = output()


def chain(count: int):
    @pipeline(default_compute=cpu)
    def long(corpus: Input[Folder] = digits) -> Made:
        last = corpus
        for number in range(count):
            last = Extract(name=f"step_{number}", raw=last).features
        return Made(last)

    return long


def fan(count: int):
    @pipeline(default_compute=cpu)
    def wide(corpus: Input[Folder] = digits) -> None:
        first = Extract(raw=corpus).features
        middle = [Gather(name=f"step_{number}", one=first) for number in range(count)]
        sequence(middle, Quiet())

    return wide


def line(count: int):
    @pipeline(default_compute=cpu)
    def ordered() -> None:
        sequence(*(Quiet(name=f"step_{number}") for number in range(count)))

    return ordered


def nested(count: int):
    @pipeline
    def leaf(corpus: Input[Folder]) -> Made:
        return Made(Extract(raw=corpus).features)

    @pipeline(default_compute=cpu)
    def outer(corpus: Input[Folder] = digits) -> Made:
        last = corpus
        for number in range(count):
            last = leaf.named(f"step_{number}")(last).features
        return Made(last)

    return outer


def compiled(of):
    """The manifest, and how many functions were called for it; a time would depend on the machine."""
    profile = cProfile.Profile()
    result = profile.runcall(compile, of)
    return result, sum(row.callcount for row in profile.getstats())


@pytest.mark.parametrize("shape", [chain, fan, line, nested])
def test_two_thousand_steps_compile_with_work_that_grows_with_their_number(shape):
    done = {}
    for count in (500, 2000):
        manifest, done[count] = compiled(shape(count))
        assert len(manifest.pipeline.body["componentSpec"]["jobs"]) >= count
    assert done[2000] < 5 * done[500]  # four times as many; sixteen times as much would be quadratic


def test_a_folder_is_read_once_for_each_class_of_steps(monkeypatch):
    taken = []
    take = snapshot.take

    def counted(folder, *rest, **more):
        taken.append(folder)
        return take(folder, *rest, **more)

    monkeypatch.setattr(snapshot, "take", counted)
    compile(chain(50))
    assert len(taken) == 1

"""What `compile` gives, run by the local Azure ML: nested pipelines, an order without data, optional inputs."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from amlkit import CommandStep, Compute, Folder, Image, Input, Output, compile, output, pipeline, sequence
from amlkit.manifest import Manifest, bind
from tests.local.jobs.lab import WORKSPACE, open_lab

here = Image("ubuntu:22.04")
NOW = "date +%s%N"


class Say(
    CommandStep,
    command=f"echo ${{{{inputs.word}}}} $[[and ${{{{inputs.more}}}}]] > ${{{{outputs.out}}}}/text; sleep 0.1;"
    f" {NOW} > ${{{{outputs.out}}}}/end",
    environment=here,
    code=None,
    allow_reuse=False,
):
    """Say a word, and when it was said."""

    word: Input[str]
    more: Input[str] | None = None
    out: Output[Folder] = output()


class Mark(
    CommandStep,
    command=f"{NOW} > ${{{{outputs.out}}}}/start; exit 0",
    environment=here,
    code=None,
    allow_reuse=False,
):
    """Say when it started, and end the shell."""

    out: Output[Folder] = output()


class Join(
    CommandStep,
    command="cat ${{inputs.one}}/text ${{inputs.two}}/text > ${{outputs.out}}/text",
    environment=here,
    code=None,
    retries=1,
):
    """Put two texts together."""

    one: Input[Folder]
    two: Input[Folder]
    out: Output[Folder] = output(register="joined")


class Joined(NamedTuple):
    out: Output[Folder]


@pipeline
def inner(word: Input[str] = "x", more: Input[str] | None = None) -> Joined:
    """Two steps in no order, a third after one of them, and what comes of the two."""
    first, second = Say(name="first", word=word, more=more), Say(name="second", word="b")
    Mark(after=[first])
    return Joined(Join(one=first.out, two=second.out).out)


@pipeline(default_compute=Compute("cpu"))
def outer() -> Joined:
    """One, then a mark, then the other."""
    one = inner.named("one")(word="hello", more="world")
    two = inner.named("two")()
    sequence(one, Mark(), two)
    return Joined(Join(one=one.out, two=two.out).out)


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.setenv("AMLKIT_CACHE", str(tmp_path / "cache"))
    made = open_lab(tmp_path)
    made.jobs.start()
    yield made
    made.jobs.stop()
    made.database.close()


def registered(lab, manifest: Manifest) -> dict[str, str]:
    known = {"compute:cpu": lab.compute("cpu", nodes=4)}
    for asset in manifest.assets:
        body = bind(asset.body, known)
        if asset.kind == "component":
            body["componentSpec"]["version"] = "1"
        known[asset.reference] = lab._version(f"{asset.kind}s", asset.name, "1", body)
    return known


def test_steps_run_in_the_order_that_was_said_through_nested_pipelines(lab):
    manifest = compile(outer)
    known = registered(lab, manifest)
    properties = {
        "jobType": "Pipeline",
        "componentId": known[manifest.pipeline.reference],
        "settings": bind(manifest.settings, known),
    }
    name = lab.jobs.submit(WORKSPACE, None, {"properties": properties})["name"]
    assert str(lab.wait(name).status) == "Completed"
    steps = lab.steps(name)
    found = {
        f"{each}.{step.partition('.')[2]}": job
        for each in ("one", "two")
        for step, job in lab.steps(steps[each].name).items()
    }

    def time(job, file: str) -> int:
        return int(lab.text(job, "out", file))

    assert time(found["one.first"], "end") < time(found["one.mark"], "start") < time(steps["mark"], "start")
    assert time(found["one.second"], "end") < time(steps["mark"], "start")
    assert time(steps["mark"], "start") < time(found["two.first"], "end") - 100_000_000
    assert time(steps["mark"], "start") < time(found["two.second"], "end") - 100_000_000
    assert lab.text(steps["join"], "out", "text") == "hello and world\nb\nx\nb\n"

"""Runs that need the same step at the same time: it runs once, and again only if the first one does not finish it."""

from __future__ import annotations

import threading
import time

import pytest

from amlkit.local.jobs.records import Status

from .graphs import Bench, Node, chain

GRAPH = [Node("a"), Node("b", ("a",), 1), Node("c", ("a",), 2)]


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.close()


def begun(bench, step):
    return [job for job in bench.runner.begun if job.endswith(f"-{step}")]


def wait_until(holds, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.002)


def test_many_runs_at_once_run_every_step_once(bench):
    names = [bench.start(bench.submission(chain(10))) for _ in range(30)]
    assert {bench.wait(name).status for name in names} == {Status.COMPLETED}
    assert len(bench.runner.begun) == 10
    outputs = {bench.steps(name)["s9"].produced["o"]["uri"] for name in names}
    assert len(outputs) == 1


@pytest.mark.parametrize("how", ["fails", "is cancelled"])
def test_when_the_first_does_not_finish_it_one_other_runs_it(bench, how):
    gate = bench.runner.gates["a"] = threading.Event()
    first = bench.start(bench.submission(GRAPH))
    wait_until(lambda: begun(bench, "a"))
    others = [bench.start(bench.submission(GRAPH)) for _ in range(5)]
    wait_until(lambda: all(bench.states(name)["a"] == "Queued" for name in others))
    if how == "fails":
        bench.runner.failing_once.add("a")
        gate.set()
    else:
        del bench.runner.gates["a"]
        bench.scheduler.cancel(first)
    assert bench.wait(first).status is (Status.FAILED if how == "fails" else Status.CANCELED)
    assert {bench.wait(name).status for name in others} == {Status.COMPLETED}
    assert [len(begun(bench, step)) for step in "abc"] == [2, 1, 1]


def test_a_waiting_run_that_is_cancelled_leaves_the_others_alone(bench):
    gate = bench.runner.gates["a"] = threading.Event()
    names = [bench.start(bench.submission(GRAPH)) for _ in range(3)]
    wait_until(lambda: begun(bench, "a"))
    runner = begun(bench, "a")[0].removesuffix("-a")
    waiting = [name for name in names if name != runner]
    wait_until(lambda: all(bench.states(name)["a"] == "Queued" for name in waiting))
    bench.scheduler.cancel(waiting[0])
    assert bench.wait(waiting[0]).status is Status.CANCELED
    gate.set()
    assert bench.wait(runner).status is Status.COMPLETED
    assert bench.wait(waiting[1]).status is Status.COMPLETED
    assert len(bench.runner.begun) == 3

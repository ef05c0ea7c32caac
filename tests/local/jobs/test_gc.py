"""Garbage collection: what goes first, what never goes, and that what is gone runs again."""

from __future__ import annotations

import os
import threading
import time

import pytest

from amlkit.local.jobs.gc import Collector
from amlkit.local.jobs.pins import Pins
from amlkit.local.jobs.records import Status
from amlkit.local.jobs.reuse import Seen
from amlkit.local.settings import Settings

from .graphs import Bench, Node, chain


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.close()


def size(bench: Bench, job) -> int:
    return len((bench.folder(job) / "x").read_text())


def test_the_least_recently_used_goes_first_and_runs_again(bench):
    old, young = [Node("a", parameter=1)], [Node("a", parameter=2)]
    first, second = bench.run(old), bench.run(young)
    again = bench.run(old)  # used again, so the second one is older now
    foreseen = bench.collector.collect(1, dry_run=True)
    assert [unit.name for unit in foreseen.removed] == [f"{second.name}-a"]
    assert (foreseen.before, foreseen.as_json()["after"]) == (2, 1)
    assert bench.folder(bench.steps(second.name)["a"]).is_dir()
    assert bench.collector.collect(1).removed == foreseen.removed
    assert not bench.folder(bench.steps(second.name)["a"]).exists()
    assert bench.reasons(bench.run(old).name) == {"a": "reused"}
    assert bench.store.get(second.name).status is Status.COMPLETED
    lost = f"cached output is gone or damaged: o of {second.name}-a"
    assert bench.reasons(bench.run(young).name) == {"a": lost}
    assert bench.steps(again.name)["a"].produced == bench.steps(first.name)["a"].produced


def test_what_a_run_under_way_uses_stays(bench):
    graph = [Node("a"), Node("b", ("a",), 1)]
    bench.run(graph)
    gate = bench.runner.gates["b"] = threading.Event()
    name = bench.start(bench.submission([Node("a"), Node("b", ("a",), 2)]))
    wait_until(lambda: f"{name}-b" in bench.runner.begun)
    removed = {unit.name for unit in bench.collector.collect(0).removed}
    assert removed == {"run1-b"}  # `a` of the first run was taken over by this one
    gate.set()
    assert bench.wait(name).status is Status.COMPLETED
    assert {unit.name for unit in bench.collector.collect(0).removed} == {"run1-a", f"{name}-b"}


def test_what_a_run_under_way_uses_is_known_from_the_tables_too(bench):
    """After a restart nothing is pinned in memory."""
    graph = [Node("a"), Node("b", ("a",), 1)]
    first = bench.run(graph)
    gate = bench.runner.gates["b"] = threading.Event()
    name = bench.start(bench.submission([Node("a"), Node("b", ("a",), 2)]))
    wait_until(lambda: f"{name}-b" in bench.runner.begun)
    restarted = Collector(bench.home, bench.database, bench.blobs, Pins(), bench.root / "environments")
    assert {unit.name for unit in restarted.collect(0).removed} == {f"{first.name}-b"}
    gate.set()
    assert bench.wait(name).status is Status.COMPLETED


def test_a_result_that_was_found_stays_until_the_run_that_found_it_is_over(bench):
    """Between the judgement of a step and the commit of its round, the tables say nothing of it yet."""
    first = bench.run([Node("a")])
    made = bench.submission([Node("a")])
    seen = Seen(bench.blobs, bench.contents, bench.workspace, bench.reuse.rules)
    found = bench.store.fingerprint(f"{first.name}-a")
    assert bench.reuse.judge(made.job, str, found, seen).hit is not None
    assert bench.collector.collect(0).removed == ()
    bench.reuse.release(made.job.name)
    assert [unit.name for unit in bench.collector.collect(0).removed] == [f"{first.name}-a"]


def test_registered_assets_and_what_a_caller_placed_stay(bench):
    job = bench.run([Node("a"), Node("b", parameter=1)])
    uri = bench.steps(job.name)["a"].produced["o"]["uri"]
    bench.documents.put(f"{bench.workspace}/data/kept/versions/1", {"properties": {"dataUri": f"{uri}x"}})
    mine = bench.blobs.folder_of("azureml://datastores/data/paths/azureml/mine/x", bench.workspace)
    mine.mkdir(parents=True)
    (mine / "file").write_text("mine")
    found = bench.collector.collect(0)
    assert [unit.name for unit in found.removed] == [f"{job.name}-b"]
    assert found.held == 1
    assert (mine / "file").exists()


def test_work_trees_of_steps_that_failed_go_too(bench):
    bench.runner.failing = {"a"}
    job = bench.run([Node("a")])
    tree = bench.home.runs / f"{job.name}-a"
    tree.mkdir(parents=True)
    (tree / "core").write_text("x" * 100)
    (bench.home.runs / "nobody").mkdir()
    found = bench.collector.collect(50)
    assert [(unit.kind, unit.bytes) for unit in found.removed] == [("work tree", 100)]
    assert not tree.exists()
    assert (bench.home.runs / "nobody").exists()


def test_environments_go_when_no_step_used_them_for_a_day(bench):
    cache = bench.root / "environments"
    for name in ("old", "new"):
        (cache / name / "bin").mkdir(parents=True)
        (cache / name / "bin" / "python").write_text("x")
    os.utime(cache / "old", (time.time() - 2 * 86400,) * 2)
    assert [(unit.kind, unit.name) for unit in bench.collector.collect(0).removed] == [("environment", "old")]
    assert (cache / "new").is_dir()


def test_it_collects_by_itself_when_a_kept_limit_is_passed(bench):
    bench.home.folder.mkdir(exist_ok=True)
    bench.collector.keep(3)
    assert Settings.read(bench.home).limit_bytes == 3
    job = bench.run([Node(f"s{n}", parameter=n) for n in range(10)])
    bench.collector.start()
    bench.collector.a_run_ended()
    steps = bench.steps(job.name).values()
    wait_until(lambda: sum(bench.folder(step).exists() for step in steps) == 3)
    bench.collector.stop()


def test_collecting_all_the_time_never_hurts_a_run(bench):
    """Runs of a chain, each reusing the one before where it can, while everything is collected again and again.

    What a run that has not ended may use is never collected, so between the groups of runs there is a time of none.
    """
    graph = chain(12)
    over = threading.Event()
    removed = []

    def collect():
        while not over.is_set():
            removed.extend(bench.collector.collect(0).removed)

    thread = threading.Thread(target=collect)
    thread.start()
    try:
        ended = []
        for _group in range(6):
            before, names = len(removed), []
            for number in range(5):
                edited = [Node(node.name, node.needs, parameter=node.parameter + number % 2) for node in graph]
                names.append(bench.start(bench.submission(edited)))
            ended += [bench.wait(name) for name in names]
            wait_until(lambda least=before: len(removed) > least)
    finally:
        over.set()
        thread.join()
    assert {job.status for job in ended} == {Status.COMPLETED}, [job.error for job in ended if job.error][:3]
    assert len({unit.name for unit in removed}) == len(removed)


def wait_until(holds, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.002)

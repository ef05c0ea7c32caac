"""Random graphs with failures, slow steps and cache states: order, once each, nothing lost, and the forecast holds."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amlkit.local.jobs.records import Status

from .graphs import Bench, Node, chain, fan, key_of, value_of

QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def azure(tmp_path_factory):
    made = Bench(tmp_path_factory.mktemp("bench"), "azure")
    yield made
    made.close()


@st.composite
def graphs(draw, most=60):
    """Nodes in an order in which they can run; few functions and parameters, so that equal steps are common."""
    count = draw(st.integers(1, most))
    chance = random.Random(draw(st.integers(0, 2**32)))
    off = draw(st.sampled_from([0.0, 0.0, 0.1]))
    nodes = []
    for number in range(count):
        needs = chance.sample(range(max(0, number - 8), number), min(number, chance.choice([0, 1, 1, 2, 3])))
        nodes.append(
            Node(
                f"s{number}",
                tuple(f"s{need}" for need in sorted(needs)),
                chance.randrange(3),
                chance.randrange(3),
                chance.random() >= off,
            )
        )
    return nodes


@st.composite
def changes(draw, nodes):
    """The graph after an edit: some parameters, functions and flags differ."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    share = draw(st.sampled_from([0.0, 0.05, 0.3]))

    def edited(node):
        if chance.random() >= share:
            return node
        return replace(node, **chance.choice([{"parameter": 3}, {"function": 1}, {"function": 4}]))

    return [edited(node) for node in nodes]


def below(nodes: list[Node], names: set[str]) -> set[str]:
    """These and all that need them."""
    found = set(names)
    for node in nodes:
        if found & set(node.needs):
            found.add(node.name)
    return found


def above(nodes: list[Node], node: Node) -> set[str]:
    """All that a node needs, directly or not."""
    found: set[str] = set()
    wanted = set(node.needs)
    for other in reversed(nodes):
        if other.name in wanted:
            found.add(other.name)
            wanted.update(other.needs)
    return found


def check_order(bench: Bench, name: str, nodes: list[Node]) -> None:
    """A step begins after everything it reads ended, and once."""
    assert max(Counter(bench.runner.begun).values(), default=1) == 1
    ended: set[str] = set()
    ran = bench.ran(name)
    needs = {f"{name}-{node.name}": [f"{name}-{need}" for need in node.needs if need in ran] for node in nodes}
    for what, job in bench.runner.events:
        if what == "end":
            ended.add(job)
        elif job in needs:
            assert ended.issuperset(needs[job]), job


@QUICK
@given(graphs(), st.data())
def test_failures_stop_what_needs_them_and_nothing_else(bench, nodes, data):
    bench.fresh()
    names = [node.name for node in nodes]
    bench.runner.failing = set(data.draw(st.lists(st.sampled_from(names), max_size=3)))
    bench.runner.slow = set(data.draw(st.lists(st.sampled_from(names), max_size=3)))
    job = bench.run(nodes, continue_on_step_failure=True)
    states = bench.states(job.name)
    check_order(bench, job.name, nodes)
    # an equal step that is reused from one that did not fail does not fail either
    failed = {name for name, state in states.items() if state == "Failed"}
    assert failed == bench.runner.failing & bench.ran(job.name)
    lost = below(nodes, failed) - failed
    assert {name for name, state in states.items() if state == "Canceled"} == lost - failed
    assert {name for name, state in states.items() if state == "Completed"} == set(names) - failed - lost
    assert job.status is (Status.FAILED if failed else Status.COMPLETED)


@QUICK
@given(graphs(), st.data())
def test_a_run_that_stops_at_a_failure_is_finished_by_resuming_it(bench, nodes, data):
    bench.fresh()
    names = [node.name for node in nodes]
    bench.runner.failing = set(data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3)))
    job = bench.run(nodes)
    states = bench.states(job.name)
    assert all(Status(state).is_final for state in states.values())
    check_order(bench, job.name, nodes)
    done = {name for name, state in states.items() if state == "Completed"}
    bench.runner.failing = set()
    bench.runner.begun, bench.runner.events = [], []
    resume = {"amlkit.resume": job.name}
    foreseen = bench.forecast(nodes, resume)
    again = bench.run(nodes, resume)
    assert again.status is Status.COMPLETED
    assert not done & bench.ran(again.name)
    assert {name for name, outcome in foreseen.items() if outcome == "reused"} >= done
    assert {name for name, reason in bench.reasons(again.name).items() if reason.startswith("resumed: ")} == done
    check_order(bench, again.name, nodes)


def outcome(nodes: list[Node], results: set[tuple]) -> tuple[Counter, dict[str, tuple]]:
    """What must run, by key, given the keys that have results: each key once; what is not deterministic always."""
    values: dict[str, int] = {}
    keys: dict[str, tuple] = {}
    runs: Counter = Counter()
    known = set(results)
    for node in nodes:
        inputs = [values[need] for need in node.needs]
        key = keys[node.name] = key_of(node, inputs)
        values[node.name] = value_of(node, inputs)
        if not node.deterministic:
            runs[key] += 1
        elif key not in known:
            runs[key] += 1
            known.add(key)
    return runs, keys


@QUICK
@given(graphs(), st.data())
def test_the_forecast_of_content_is_what_then_runs(bench, nodes, data):
    bench.fresh()
    first = bench.run(nodes)
    _, keys = outcome(nodes, set())
    results = {keys[node.name] for node in nodes if node.deterministic}
    hurt = data.draw(st.lists(st.sampled_from(nodes), max_size=3))
    steps = bench.steps(first.name)
    for node in hurt:
        (bench.folder(steps[node.name]) / "x").write_text("hurt")
        results.discard(keys[node.name])
    edited = data.draw(changes(nodes))
    bench.runner.begun, bench.runner.events = [], []
    foreseen = bench.forecast(edited)
    again = bench.run(edited)
    assert again.status is Status.COMPLETED
    expected, keys = outcome(edited, results)
    assert Counter(keys[name] for name in bench.ran(again.name)) == expected
    check_order(bench, again.name, edited)
    steps = bench.steps(again.name)
    values = {name: (bench.folder(job) / "x").read_text() for name, job in steps.items()}
    for node in edited:
        assert values[node.name] == str(value_of(node, [int(values[need]) for need in node.needs]))
        ran, key = expected[keys[node.name]] > 0, keys[node.name]
        match foreseen[node.name]:
            case "runs":
                assert ran, (node, bench.reasons(again.name)[node.name])
            case "reused":
                assert not ran or expected[key] == 1
                assert not ran or len([other for other in edited if keys[other.name] == key]) > 1
            case "depends":
                unsure = {keys[name] for name, what in foreseen.items() if what != "reused"}
                assert unsure & {keys[other] for other in above(edited, node)}


@QUICK
@given(graphs(most=30), st.data())
def test_the_forecast_of_azure_is_what_then_runs(azure, nodes, data):
    azure.fresh()
    azure.run(nodes)
    edited = data.draw(changes(nodes))
    azure.runner.begun, azure.runner.events = [], []
    foreseen = azure.forecast(edited)
    again = azure.run(edited)
    assert again.status is Status.COMPLETED
    check_order(azure, again.name, edited)
    assert "depends" not in foreseen.values()
    sure = {name for name, what in foreseen.items() if what == "runs"}
    # of steps that are equal by reference one runs, whichever comes first
    assert len(sure) == len(azure.ran(again.name))
    changed = below(edited, {new.name for old, new in zip(nodes, edited, strict=True) if old != new})
    assert azure.ran(again.name) <= changed | below(edited, {node.name for node in edited if not node.deterministic})


@pytest.mark.parametrize("graph", [chain(1000), fan(1000)], ids=["chain", "fan"])
def test_a_thousand_steps_run_once_and_then_not_at_all(bench, graph):
    bench.fresh()
    first = bench.wait(bench.start(bench.submission(graph)), 120)
    assert first.status is Status.COMPLETED
    bench.runner.begun = []
    assert set(bench.forecast(graph).values()) == {"reused"}
    again = bench.run(graph)
    assert again.status is Status.COMPLETED
    assert bench.runner.begun == []
    assert len(bench.steps(again.name)) == len(graph)


def test_a_small_change_in_a_thousand_steps_stops_at_equal_bytes(bench):
    bench.fresh()
    graph = chain(1000)
    bench.run(graph)
    bench.runner.begun = []
    edited = [replace(graph[0], parameter=3), *graph[1:]]  # 3 and 0 give the same number
    foreseen = bench.forecast(edited)
    assert foreseen["s0"] == "runs"
    assert {foreseen[node.name] for node in edited[1:]} == {"depends"}
    again = bench.run(edited)
    assert bench.ran(again.name) == {"s0"}

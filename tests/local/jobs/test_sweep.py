"""Sweeps: how trials are drawn, run, judged, ended early, cancelled, kept over a restart; the best one's outputs."""

import json
import math
import signal
import statistics
from itertools import islice

import pytest

from amlkit.local.jobs.kinds.search_space import points
from amlkit.local.jobs.kinds.termination import interval_of, is_hopeless
from amlkit.local.jobs.metrics import Metric
from amlkit.local.jobs.records import Status
from amlkit.local.web import AzureError

from .lab import WORKSPACE, is_alive, literal, open_lab, output_of
from .test_recovery import life

FOLDER = {"type": "uri_folder"}
OUT = {"o": FOLDER}
RATE = {"rate": {"type": "number"}}
CHOICE = {"rate": {"type": "choice", "values": [0.1, 0.4, 0.2]}}


@pytest.fixture
def world(tmp_path, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("AMLKIT_CACHE", str(tmp_path_factory.getbasetemp() / "environment-cache"))
    (tmp_path / "checkout").mkdir()
    return tmp_path / "checkout"


def node(lab, command="echo ${{inputs.rate}} > ${{outputs.o}}/x", inputs=None, **options):
    """A sweep over `rate`, whose trials run a command; their metrics are logged by `Scores`."""
    component = lab.component("trial", command, inputs=RATE | (inputs or {}), outputs=OUT, **options.pop("spec", {}))
    return {
        "type": "sweep",
        "trial": component,
        "search_space": options.pop("space", CHOICE),
        "sampling_algorithm": options.pop("sampling", "grid"),
        "objective": {"goal": options.pop("goal", "maximize"), "primary_metric": "accuracy"},
        "limits": {"max_total_trials": 4, "max_concurrent_trials": 2, **options.pop("limits", {})},
        **options,
    }


@pytest.fixture
def scores(lab, monkeypatch):
    """Lets trials log their rate as accuracy: a trial's end waits for the metric, as a script that logs it does."""
    watch = lab.jobs.metrics.watch

    def logged(trial, told):
        watch(trial, told)
        rate = float(lab.jobs.get(WORKSPACE, trial).inputs["rate"]["value"])
        lab.jobs.metrics.log(trial, [Metric("accuracy", rate, 1, 0)])

    monkeypatch.setattr(lab.jobs.metrics, "watch", logged)


def trials(lab, name):
    sweep = lab.steps(name)["s"]
    return list(lab.jobs.children(WORKSPACE, sweep.name))


def test_the_best_trial_s_outputs_are_the_step_s(lab, scores):
    read = lab.component("read", "cat ${{inputs.i}}/x > ${{outputs.o}}/y", inputs={"i": FOLDER}, outputs=OUT)
    after = {"type": "command", "componentId": read, "inputs": {"i": output_of("s", "o")}}
    job = lab.run({"s": node(lab), "after": after})
    assert (job.status, job.error) == (Status.COMPLETED, "")
    sweep = lab.steps(job.name)["s"]
    rows = trials(lab, job.name)
    assert [row.name for row in rows] == [f"{sweep.name}_{n}" for n in range(3)]
    assert {row.status for row in rows} == {Status.COMPLETED}
    assert [json.loads(row.tags["hyperparameters"]) for row in rows] == [{"rate": 0.1}, {"rate": 0.4}, {"rate": 0.2}]
    assert sweep.kind == "Sweep"
    assert (sweep.properties["best_child_run_id"], sweep.properties["score"]) == (f"{sweep.name}_1", "0.4")
    assert lab.text(sweep, "o", "x") == "0.4\n"
    assert lab.text(lab.steps(job.name)["after"], "o", "y") == "0.4\n"
    assert [item.value for item in lab.jobs.metrics.latest(sweep.name)] == [0.4]
    assert f"the best is {sweep.name}_1: accuracy 0.4 with rate 0.4" in lab.log(sweep, "azureml-logs/hyperdrive.txt")


def test_minimize_takes_the_least_and_a_sweep_is_reused_as_one_step(lab, scores):
    first = lab.run({"s": node(lab, goal="minimize")})
    assert lab.text(lab.steps(first.name)["s"], "o", "x") == "0.1\n"
    again = lab.run({"s": node(lab, goal="minimize")})
    assert lab.reasons(again.name) == {"s": "reused"}
    assert trials(lab, again.name) == []
    other = lab.run({"s": node(lab, goal="minimize", space={"rate": {"type": "choice", "values": [0.3]}})})
    assert lab.text(lab.steps(other.name)["s"], "o", "x") == "0.3\n"


def test_a_sweep_job_of_its_own(lab, scores):
    body = {
        "jobType": "Sweep",
        "searchSpace": {"rate": ["choice", [[0.1, 0.4]]]},
        "samplingAlgorithm": {"samplingAlgorithmType": "Grid"},
        "objective": {"goal": "Maximize", "primaryMetric": "accuracy"},
        "limits": {"jobLimitsType": "Sweep", "maxTotalTrials": 5, "timeout": "PT1M", "trialTimeout": "PT30S"},
        "trial": {
            "command": "echo ${{search_space.rate}} ${{inputs.word}} > ${{outputs.o}}/x",
            "environmentId": lab.environment(),
            "environmentVariables": {"RATE": "${{search_space.rate}}"},
        },
        "inputs": {"word": {"jobInputType": "literal", "value": "said"}},
        "outputs": {"o": {"jobOutputType": "uri_folder"}},
    }
    job = lab.wait(lab.jobs.submit(WORKSPACE, "mine", {"properties": body})["name"])
    assert (job.status, job.error, job.kind) == (Status.COMPLETED, "", "Sweep")
    assert [row.name for row in lab.jobs.children(WORKSPACE, "mine")] == ["mine_0", "mine_1"]
    assert lab.text(job, "o", "x") == "0.4 said\n"
    trial = lab.jobs.document(lab.jobs.get(WORKSPACE, "mine_1"))["properties"]
    assert (trial["jobType"], trial["parentJobName"], trial["inputs"]["rate"]["value"]) == ("Command", "mine", "0.4")


def test_failed_trials_do_not_fail_the_sweep_unless_all_do(lab, scores):
    some = "[ ${{inputs.rate}} != 0.4 ] || { echo the reason; exit 3; }; echo ${{inputs.rate}} > ${{outputs.o}}/x"
    job = lab.run({"s": node(lab, some)})
    assert job.status is Status.COMPLETED
    assert [str(row.status) for row in trials(lab, job.name)] == ["Completed", "Failed", "Completed"]
    assert lab.text(lab.steps(job.name)["s"], "o", "x") == "0.2\n"
    job = lab.run({"s": node(lab, "echo the reason; exit 3")})
    sweep = lab.steps(job.name)["s"].name
    assert job.error.startswith(f"step `s`: none of its 3 trials completed: trial `{sweep}_")
    assert "failed with exit code 3\nthe reason" in job.error


def test_a_metric_that_no_trial_logged_is_named(lab):
    job = lab.run({"s": node(lab)})
    assert job.error == "step `s`: none of its trials logged the metric `accuracy`; they logged none"


def test_so_many_trials_at_once_and_no_more(lab, scores, tmp_path):
    lab.compute("four", nodes=4)
    command = f"mkdir {tmp_path}/$$; ls {tmp_path} | wc -l >> {tmp_path}/seen.txt; sleep 0.1; rmdir {tmp_path}/$$"
    space = {"rate": {"type": "choice", "values": [n / 10 for n in range(6)]}}
    given = node(lab, command, space=space, limits={"max_total_trials": 6, "max_concurrent_trials": 2})
    job = lab.run({"s": {**given, "computeId": f"{WORKSPACE}/computes/four"}})
    assert job.status is Status.COMPLETED
    assert max(int(line) for line in (tmp_path / "seen.txt").read_text().split()) <= 3  # the file itself is one


def test_a_hopeless_trial_is_ended_while_it_runs(lab, tmp_path):
    """The trial of rate 0.4 reports well and ends; that of 0.1 reports badly and would run for ever."""
    command = f"[ ${{{{inputs.rate}}}} = 0.4 ] || sleep 600; while [ ! -e {tmp_path}/gate ]; do sleep 0.02; done; "
    command += "echo ${{inputs.rate}} > ${{outputs.o}}/x"
    policy = {"type": "bandit", "slack_factor": 0.5, "evaluation_interval": 2, "delay_evaluation": 4}
    space = {"rate": {"type": "choice", "values": [0.4, 0.1]}}
    name = lab.start({"s": node(lab, command, space=space, early_termination=policy)})
    lab.until(name, lambda _: "s" in lab.steps(name) and len(trials(lab, name)) == 2)
    good, bad = trials(lab, name)
    for step in range(4):
        lab.jobs.metrics.log(good.name, [Metric("accuracy", 0.9, step, step)])
    (tmp_path / "gate").touch()
    lab.until(name, lambda _: lab.jobs.get(WORKSPACE, bad.name).status is Status.RUNNING)
    for step in range(3):
        lab.jobs.metrics.log(bad.name, [Metric("accuracy", 0.5, step, step)])
    assert lab.jobs.get(WORKSPACE, bad.name).status is Status.RUNNING
    lab.jobs.metrics.log(bad.name, [Metric("accuracy", 0.5, 4, 4)])
    assert lab.wait(name).status is Status.COMPLETED
    ended = lab.jobs.get(WORKSPACE, bad.name)
    assert (ended.status, ended.error) == (Status.CANCELED, "ended early by bandit at interval 4")
    assert lab.steps(name)["s"].properties["best_child_run_id"] == good.name


def test_one_trial_is_cancelled_alone_and_a_sweep_with_all_of_them(lab, scores, tmp_path):
    command = f"echo $$ >> {tmp_path}/pids; setsid sleep 600 & echo $! >> {tmp_path}/pids; wait"
    name = lab.start({"s": node(lab, command, spec={"version": "2"})})
    pids = lambda: (tmp_path / "pids").read_text().split() if (tmp_path / "pids").exists() else []  # noqa: E731
    lab.until(name, lambda _: len(pids()) == 4)
    first = trials(lab, name)[0].name
    lab.jobs.cancel(WORKSPACE, first)
    lab.until(name, lambda _: lab.jobs.get(WORKSPACE, first).status is Status.CANCELED)
    lab.until(name, lambda _: len(pids()) == 6)
    lab.jobs.cancel(WORKSPACE, name)
    assert lab.wait(name).status is Status.CANCELED
    assert [str(row.status) for row in trials(lab, name)] == ["Canceled"] * 3
    lab.until(name, lambda _: not any(is_alive(pid) for pid in pids()), 5)


def test_time_limits_of_a_trial_and_of_the_whole(lab, scores):
    command = "[ ${{inputs.rate}} = 0.4 ] && sleep 600; echo ${{inputs.rate}} > ${{outputs.o}}/x"
    job = lab.run({"s": node(lab, command, limits={"trial_timeout": "PT1S"})})
    assert [str(row.status) for row in trials(lab, job.name)] == ["Completed", "Failed", "Completed"]
    assert "ran longer than its limit of 1 s" in trials(lab, job.name)[1].error
    job = lab.run({"s": node(lab, command, limits={"timeout": 1})})
    assert job.error == "step `s` ran longer than its limit of 1 s and was ended; 2 of 3 trials had completed"
    assert lab.steps(job.name)["s"].properties["best_child_run_id"].endswith("_2")


def test_kill_9_keeps_the_trials_that_were_over(world, tmp_path):
    lab = open_lab(world)
    lab.jobs.stop()
    gate, count = tmp_path / "gate", tmp_path / "count"
    command = f"echo ${{{{inputs.rate}}}} >> {count}; [ ${{{{inputs.rate}}}} = 0.1 ] || "
    command += f"while [ ! -e {gate} ]; do sleep 0.02; done; echo ${{{{inputs.rate}}}} > ${{{{outputs.o}}}}/x"
    name = lab.start({"s": node(lab, command, limits={"max_concurrent_trials": 1})})
    first = life(world)
    lab.until(name, lambda _: count.exists() and count.read_text().split() == ["0.1", "0.4"])
    first.send_signal(signal.SIGKILL)
    first.wait()
    for row in trials(lab, name):
        lab.jobs.metrics.log(row.name, [Metric("accuracy", float(row.inputs["rate"]["value"]), 1, 0)])
    gate.touch()
    second = life(world)
    job = lab.wait(name)
    second.stdin.close()
    assert second.wait(20) == 0
    assert (job.status, count.read_text().split()) == (Status.COMPLETED, ["0.1", "0.4", "0.4", "0.2"])
    assert lab.text(lab.steps(name)["s"], "o", "x") == "0.4\n"
    lab.database.close()


def test_what_is_wrong_with_a_sweep_is_said_at_submit(lab):
    given = node(
        lab,
        space={"rate": {"type": "uniform", "min_value": 2, "max_value": 1}, "x": {"type": "gamma"}},
        sampling="grid",
        goal="best",
        limits={"max_total_trials": 0},
        early_termination={"type": "bandit"},
    )
    with pytest.raises(AzureError) as refused:
        lab.start({"s": given})
    said = {item["target"]: item["message"] for item in refused.value.details}
    assert said["jobs.s.search_space.rate"] == "its smallest value is over its largest: 2, 1"
    assert said["jobs.s.search_space.x"].startswith("no such distribution: gamma; there is: choice, randint")
    assert said["jobs.s.objective.goal"] == "it must be maximize or minimize, not best"
    assert said["jobs.s.limits.max_total_trials"] == "it must be 1 or more, not 0"
    assert said["jobs.s.early_termination"] == "bandit needs either `slack_factor` or `slack_amount`"
    with pytest.raises(AzureError, match="grid sampling needs a choice for each input, but rate is uniform"):
        lab.start({"s": node(lab, space={"rate": {"type": "uniform", "min_value": 1, "max_value": 2}})})


def drawn(count, sampling=None, seed="a", **item):
    return [point["x"] for point in islice(points(sampling or {"type": "random"}, {"x": item}, seed), count)]


def test_every_distribution_draws_what_it_says():
    assert set(drawn(100, type="choice", values=["a", 2])) == {"a", 2}
    assert set(drawn(200, type="randint", upper=4)) == {0, 1, 2, 3}
    uniform = drawn(500, type="uniform", min_value=2, max_value=3)
    assert 2 <= min(uniform) < 2.05
    assert 2.95 < max(uniform) <= 3
    assert set(drawn(300, type="quniform", min_value=1, max_value=2, q=0.5)) == {1, 1.5, 2}
    logs = [math.log(value) for value in drawn(500, type="loguniform", min_value=-6, max_value=-1)]
    assert -6 <= min(logs) < max(logs) <= -1
    assert statistics.fmean(logs) == pytest.approx(-3.5, abs=0.2)
    normal = drawn(2000, type="normal", mu=5, sigma=2)
    assert (statistics.fmean(normal), statistics.stdev(normal)) == (
        pytest.approx(5, abs=0.2),
        pytest.approx(2, abs=0.2),
    )
    assert all(value > 0 for value in drawn(100, type="lognormal", mu=0, sigma=1))
    for kind in ("qnormal", "qlognormal"):
        assert all(value % 2 == 0 for value in drawn(100, type=kind, mu=1, sigma=1, q=2))
    assert all(value % 3 == 0 for value in drawn(100, type="qloguniform", min_value=0, max_value=3, q=3))


def test_draws_follow_their_seed_and_sobol_is_even():
    space = {"type": "uniform", "min_value": 0, "max_value": 1}
    assert drawn(5, **space) == drawn(5, **space)
    assert drawn(5, **space) != drawn(5, seed="b", **space)
    seeded = {"type": "random", "seed": 5}
    assert drawn(5, seeded, "a", **space) == drawn(5, seeded, "b", **space)
    even = {"type": "random", "rule": "sobol", "seed": 1}
    for name in ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"):
        many = dict.fromkeys("abcdefghij", space)
        values = sorted(point[name] for point in islice(points(even, many, ""), 64))
        assert [int(value * 64) for value in values] == list(range(64))


def test_each_input_of_a_trial_has_the_type_that_it_declares(lab):
    given = node(lab, space={"rate": {"type": "choice", "values": ["fast"]}}, rate=literal(1))
    with pytest.raises(AzureError, match="not a number: 'fast'"):
        lab.start({"s": given})


@pytest.mark.parametrize(
    ("policy", "goal", "bad", "good"),
    [
        ({"type": "bandit", "slack_factor": 0.2}, "maximize", 0.66, 0.67),
        ({"type": "bandit", "slack_factor": 0.2}, "minimize", 0.97, 0.95),
        ({"type": "bandit", "slack_amount": 0.1}, "maximize", 0.69, 0.71),
        ({"type": "bandit", "slack_amount": 0.1}, "minimize", 0.91, 0.89),
        ({"type": "medianstopping"}, "maximize", 0.59, 0.71),
        ({"type": "medianstopping"}, "minimize", 0.86, 0.59),
        ({"type": "truncationselection", "truncation_percentage": 34}, "maximize", 0.3, 0.7),
        ({"type": "truncationselection", "truncation_percentage": 34}, "minimize", 0.9, 0.7),
    ],
)
def test_policies_end_whom_they_should(policy, goal, bad, good):
    reports = {"a": [0.5, 0.8], "b": [0.7, 0.6]} if goal == "maximize" else {"a": [0.9, 0.8], "b": [0.7, 0.9]}
    if goal == "minimize" and policy["type"] == "bandit":
        reports["b"] = [0.9, 0.8]
    assert is_hopeless(policy, goal, "x", 2, {**reports, "x": [bad, bad]})
    assert not is_hopeless(policy, goal, "x", 2, {**reports, "x": [good, good]})


def test_a_policy_waits_for_its_delay_and_its_interval():
    policy = {"evaluation_interval": 3, "delay_evaluation": 5}
    assert [interval_of(policy, reports) for reports in (2, 3, 5, 6, 8, 9)] == [0, 0, 0, 6, 6, 9]

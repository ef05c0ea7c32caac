"""Commands of several processes: what each sees, whose failure counts, how many nodes they take."""

import json

import pytest

from amlkit.local.jobs.records import Status
from amlkit.local.web import AzureError

from .lab import WORKSPACE, is_alive

OUT = {"o": {"type": "uri_folder"}}
TELL = "env > told.$$; mv told.$$ ${{outputs.o}}/$$"


def step(lab, command, node=None, **spec):
    component = lab.component("many", command, outputs=OUT, **spec)
    return {"type": "command", "componentId": component, **(node or {})}


def seen(lab, job):
    """The variables of each process, by rank where they have one."""
    folder = lab.blobs.folder_of(lab.steps(job.name)["s"].produced["o"]["uri"], WORKSPACE)
    return [
        dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line) for file in folder.iterdir()
    ]


def names(lab, job):
    return sorted(name for name in lab.jobs.logs(lab.steps(job.name)["s"]) if name.startswith("user_logs"))


def test_pytorch(lab):
    spec = {"distribution": {"type": "pytorch", "process_count_per_instance": 2}, "resources": {"instance_count": 2}}
    job = lab.run({"s": step(lab, TELL, **spec)})
    assert job.error == ""
    ranks = sorted(seen(lab, job), key=lambda item: int(item["RANK"]))
    assert [item["RANK"] for item in ranks] == ["0", "1", "2", "3"]
    assert [item["LOCAL_RANK"] for item in ranks] == ["0", "1", "0", "1"]
    assert [item["NODE_RANK"] for item in ranks] == ["0", "0", "1", "1"]
    assert {item["WORLD_SIZE"] + item["LOCAL_WORLD_SIZE"] for item in ranks} == {"42"}
    assert {item["MASTER_ADDR"] for item in ranks} == {"127.0.0.1"}
    assert len({item["MASTER_PORT"] for item in ranks}) == 1
    assert names(lab, job) == [f"user_logs/std_log_process_0{rank}.txt" for rank in range(4)]


def test_mpi_of_a_node_wins_over_its_component(lab):
    node = {"distribution": {"distribution_type": "Mpi", "process_count_per_instance": 3}}
    job = lab.run({"s": step(lab, TELL, node, distribution={"type": "pytorch"})})
    ranks = seen(lab, job)
    assert sorted(item["OMPI_COMM_WORLD_RANK"] for item in ranks) == ["0", "1", "2"]
    assert {item["OMPI_COMM_WORLD_SIZE"] for item in ranks} == {"3"}


def test_tensorflow_ends_its_parameter_servers_when_the_workers_are_done(lab):
    serve = """case $TF_CONFIG in *'"ps", "index"'*) echo serving; sleep 600;; esac"""
    all_there = "until [ $(ls ${{outputs.o}} | wc -l) = 3 ]; do sleep 0.01; done"  # else nobody waits for the server
    command = f"{TELL}; {serve}; {all_there}"
    distribution = {"type": "tensorflow", "worker_count": 2, "parameter_server_count": 1}
    job = lab.run({"s": step(lab, command, distribution=distribution)})
    assert (job.status, job.error) == (Status.COMPLETED, "")
    tasks = [json.loads(item["TF_CONFIG"]) for item in seen(lab, job)]
    assert sorted((task["task"]["type"], task["task"]["index"]) for task in tasks) == [
        ("ps", 0),
        ("worker", 0),
        ("worker", 1),
    ]
    assert [len(tasks[0]["cluster"][kind]) for kind in ("worker", "ps")] == [2, 1]
    assert "user_logs/std_log_process_00_ps.txt" in names(lab, job)


def test_several_nodes_without_a_distribution_know_their_rank(lab):
    job = lab.run({"s": step(lab, TELL, {"resources": {"instance_count": 2}})})
    assert sorted(item["NODE_RANK"] for item in seen(lab, job)) == ["0", "1"]
    assert not any("RANK" in item for item in seen(lab, job))


def test_the_first_process_that_fails_ends_the_others_and_is_named(lab, tmp_path):
    command = f"echo $$ >> {tmp_path}/pids; while [ $(wc -l < {tmp_path}/pids) -lt 3 ]; do sleep 0.02; done; "
    command += "[ $RANK != 1 ] || { echo the reason; exit 5; }; sleep 600"
    job = lab.run({"s": step(lab, command, distribution={"type": "pytorch", "process_count_per_instance": 3})})
    assert job.error.splitlines() == ["process 1 of step `s` failed with exit code 5", "the reason"]
    assert not any(is_alive(pid) for pid in (tmp_path / "pids").read_text().split())


def test_a_step_takes_as_many_nodes_as_it_has(lab, tmp_path):
    lab.compute("two", nodes=2)
    on = {"computeId": f"{WORKSPACE}/computes/two"}
    alone = f"mkdir {tmp_path}/$NODE_RANK && sleep 0.1 && rmdir {tmp_path}/$NODE_RANK"
    wide = [step(lab, alone, {**on, "resources": {"instance_count": 2}}, environment_variables={"N": "1"})]
    wide.append(wide[0] | {"environment_variables": {"N": "2"}})
    assert lab.run({f"s{n}": each for n, each in enumerate(wide)}).error == ""
    with pytest.raises(AzureError, match="`instance_count` is 3, but its compute has at most 2 nodes"):
        lab.start({"s": step(lab, "true", {**on, "resources": {"instance_count": 3}})})


def test_more_nodes_than_this_machine_bears_still_run(lab):
    lab.compute("wide", nodes=20)
    node = {"computeId": f"{WORKSPACE}/computes/wide", "resources": {"instance_count": 20}}
    assert lab.run({"s": step(lab, "true", node), "t": step(lab, "true", node)}).status is Status.COMPLETED


def test_a_distribution_that_does_not_run_here_is_refused_by_name(lab):
    with pytest.raises(AzureError, match="a distribution of type ray does not run in the local Azure ML"):
        lab.start({"s": step(lab, "true", distribution={"type": "ray"})})

"""kill -9 of the engine in the middle of `up`: the old version serves meanwhile, the next `up` goes on from there."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from .gate import Gate, Hold
from .project import Project
from .rest import arm, call

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

UP = ("up", "--yes", "--skip-preview")
SCRIPT = "components/train/train.py"
GROUPS = "/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups"
GONE_SECONDS = 5

WORKSPACE = ("PUT", r"/workspaces/[^/]+\?")
UPLOAD = ("PUT", r"\.blob\..*/train\.py")
COMPONENT = ("PUT", r"/components/train/versions/")
DEPLOYMENT = ("PUT", r"/deployments/[^/]+\?")
SMOKE = ("GET", r"/components/training/versions/")
DEFAULT = ("PUT", r"/batchEndpoints/[^/]+\?")


@pytest.fixture(scope="module")
def gate(tmp_path_factory):
    copy = Project.copy_to(tmp_path_factory.mktemp("clone"))
    copy.edit(SCRIPT, "EPOCHS = 30", "EPOCHS = 2")
    made = Gate(copy)
    try:
        yield made
    finally:
        made.close()


def test_a_second_up_is_refused_and_the_first_killed_half_way_is_finished_with_nothing_made_twice(gate):
    engine, held = begun(gate, [WORKSPACE], "after")
    second = gate.project.amlkit(*UP)
    killed(engine, held)

    out = next_up(gate)

    assert second.code == 1
    assert "error: the stack is currently locked by 1 lock(s)" in second.stderr
    assert f"(pid {engine.pid})" in second.stderr
    assert "hint: " in second.stderr
    assert "Traceback" not in second.text
    assert "an earlier run was interrupted after it was made: taken over" in out
    assert platform(gate.project) == {
        "resourcegroups": 1,
        "Microsoft.Storage/storageAccounts": 1,
        "Microsoft.KeyVault/vaults": 1,
        "Microsoft.Insights/components": 1,
        "Microsoft.MachineLearningServices/workspaces": 1,
    }
    assert set(published(gate.project).values()) == {1}


@pytest.mark.parametrize(
    ("steps", "when"),
    [
        pytest.param([UPLOAD], "before", id="in the upload hook"),
        pytest.param([COMPONENT], "after", id="after the component's PUT"),
        pytest.param([DEPLOYMENT, SMOKE], "before", id="in the smoke hook"),
        pytest.param([DEPLOYMENT, DEFAULT], "after", id="after the default moved"),
    ],
)
def test_a_publish_that_is_killed_leaves_the_old_version_serving_and_the_next_up_finishes(gate, steps, when):
    project = gate.project
    old, before = serving(project), published(project)
    project.edit(SCRIPT, "SEED = 7", f"SEED = 7  # {steps[-1][1]}")
    has_moved = steps[-1] == DEFAULT

    engine, held = begun(gate, steps, when)
    assert (serving(project) == old) is not has_moved
    killed(engine, held)
    meanwhile = serving(project)
    assert (meanwhile == old) is not has_moved
    next_up(gate)

    new = serving(project)
    assert new != old
    assert meanwhile in (old, new)
    once_more = {"codes/train", "components/train", "components/training", "deployments"}
    assert Counter(published(project)) - Counter(before) == dict.fromkeys(once_more, 1)
    if has_moved:  # the last one stands for all: it takes long
        project.ok("preview", "--expect-no-changes")
        assert "accuracy" in project.ok("invoke", "training")


def begun(gate: Gate, steps: list[tuple[str, str]], when: str) -> tuple[subprocess.Popen[str], Hold]:
    """An `up` that came, by way of all these requests, to the last of them and is held there."""
    held = gate.hold(*steps[0], "before" if steps[1:] else when)
    engine = subprocess.Popen(
        [sys.executable, "-m", "amlkit", *UP],
        cwd=gate.project.root,
        env=gate.project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    held.wait()
    for step in steps[1:]:
        passed, held = held, gate.hold(*step, when)
        passed.release()
        held.wait()
    return engine, held


def killed(engine: subprocess.Popen[str], held: Hold) -> None:
    """kill -9 of an engine; the held request is lost, and all that the engine started must go too."""
    others = [os.pidfd_open(pid) for pid in descendants(engine.pid)]
    engine.kill()
    engine.wait()
    left = still_there(others)
    held.drop()
    assert len(others) >= 2, "a plugin and the program"
    assert left == 0, "processes outlive their engine"
    assert "Traceback" not in engine.communicate()[0]


def next_up(gate: Gate) -> str:
    """The `up` after a kill; what it printed."""
    out = gate.project.ok(*UP)
    assert "warning: removed the lock of a process that is gone" in out
    deployment = json.loads(gate.project.ok("stack", "export"))["deployment"]
    urns = [resource["urn"] for resource in deployment["resources"]]
    assert len(urns) == len(set(urns))
    assert not deployment.get("pending_operations")
    return out


def descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # gone meanwhile
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found: list[int] = []
    ahead = [pid]
    while ahead:
        below = children.get(ahead.pop(), [])
        found += below
        ahead += below
    return found


def still_there(pidfds: list[int]) -> int:
    """How many of these processes have not ended in time."""
    end = time.monotonic() + GONE_SECONDS
    left = set(pidfds)
    while left and time.monotonic() < end:
        ended, _, _ = select.select(left, [], [], end - time.monotonic())
        left -= set(ended)
    for each in pidfds:
        os.close(each)
    return len(left)


def serving(project: Project) -> str:
    """The deployment that the one endpoint serves."""
    (endpoint,) = arm(project, "/batchEndpoints")["value"]
    return endpoint["properties"]["defaults"]["deploymentName"]


def platform(project: Project) -> dict[str, int]:
    """How many there are of each type of resource."""
    groups = call(project, f"{GROUPS}?api-version=2022-09-01")["value"]
    counts = {"resourcegroups": len(groups)}
    for kind in (
        "Storage/storageAccounts",
        "KeyVault/vaults",
        "Insights/components",
        "MachineLearningServices/workspaces",
    ):
        listed = call(project, f"{groups[0]['id']}/providers/Microsoft.{kind}?api-version=2024-10-01")
        counts[f"Microsoft.{kind}"] = len(listed["value"])
    return counts


def published(project: Project) -> dict[str, int]:
    """How many versions there are of each asset, and how many endpoints and deployments."""
    counts = {}
    for kind in ("codes", "environments", "components", "data"):
        for container in arm(project, f"/{kind}")["value"]:
            name = f"{kind}/{container['name']}"
            counts[name] = len(arm(project, f"/{name}/versions")["value"])
    endpoints = arm(project, "/batchEndpoints")["value"]
    counts["endpoints"] = len(endpoints)
    counts["deployments"] = len(arm(project, f"/batchEndpoints/{endpoints[0]['name']}/deployments")["value"])
    return counts

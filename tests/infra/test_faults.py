"""Faults of the control plane on every kind of resource: retried or told, and the next `up` is whole; kills, two ups.

`make test` gives each kind one fault for each of its requests. AMLKIT_FAULTS=all gives each kind every fault, and kills
at more places.
"""

import json
import os
import random
import re
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from .faults import CAUSES, FAULTS, KINDS, LASTING, ROOT, add, clear, cloud, failures, held, met, shifted, spread, unmet
from .stack import ROOT as CHECKOUT
from .stack import living

ALL = os.environ.get("AMLKIT_FAULTS") == "all"
SHIFTS = range(len(FAULTS)) if ALL else (0,)
CHANCE = random.Random(6)
TURNS = [(CHANCE.randrange(1, 60), CHANCE.randrange(1, 200)) for _ in range(15 if ALL else 1)]
"""Changes of files of the state; there are some 400 in an `up` of everything, fewer where they are written together."""
SETTINGS = {"identity": "user", "grants": "true", "containerRegistry": "true", "purge": "true"}
UP = ("up", "--yes", "--skip-preview")
DESTROY = ("destroy", "--yes", "--skip-preview")
VAULTS = f"{ROOT}/providers/Microsoft.KeyVault/deletedVaults"
SOME = (
    "azure-native:resources:ResourceGroup",
    "azure-native:storage:StorageAccount",
    "azure-native:containerregistry:Registry",
    "azure-native:datafactory:Factory",
    "azure-native:managedidentity:UserAssignedIdentity",
    "azure-native:machinelearningservices:Compute",
)
"""Kinds that have each another one of the faults."""


@pytest.fixture(scope="module", params=["embedded", "official"] if ALL else ["embedded"])
def module_stack(request, tmp_path_factory, azure_forks):
    folder = tmp_path_factory.mktemp(request.param)
    with living(request, folder, azure_forks, main=CHECKOUT / "tests/infra/everything") as stack:
        stack.ok("config", "set", "azure-native:location", "westeurope")
        for key, value in SETTINGS.items():
            stack.ok("config", "set", f"small:{key}", value)
        stack.write("A")
        (folder / "table").mkdir()
        (folder / "table/a.csv").write_text("1,2\n")
        yield stack


@pytest.fixture
def stack(module_stack):
    """With nothing of ours in it, before and after."""
    module_stack.mark(hurry=None, team=None)
    yield module_stack
    clear(module_stack)
    module_stack.ok(*DESTROY)
    is_gone(module_stack)


def is_whole(stack, before=frozenset()):
    """The state is the cloud, nothing twice and nothing forgotten, and there is nothing to do. Gives what it holds.

    Of what it held `before`, versions and deployments stay.
    """
    ours, there = held(stack), cloud(stack)
    assert ours - there == set()
    assert there - ours == {each for each in before - ours if "/versions/" in each or "/deployments/" in each}
    stack.ok("preview", "--refresh", "--expect-no-changes")
    return ours


def is_gone(stack):
    assert (held(stack), cloud(stack)) == (set(), set())
    assert stack.arm("GET", VAULTS)["value"] == []


def has_every_kind(stack):
    """The table has every kind that a stack can have."""
    resources = json.loads(stack.ok("stack", "export").text)["deployment"]["resources"]
    kinds = {each["type"] for each in resources if each.get("custom")}
    pseudo = {"pulumi:providers:amlkit", "pulumi:providers:azure-native"}
    assert kinds - pseudo == {*KINDS, "amlkit:index:Publication", "amlkit:index:Purge"}


@pytest.mark.parametrize("shift", SHIFTS)
def test_what_passes_is_tried_again_and_nobody_notices(stack, shift):
    for method, offset in (("PUT", shift), ("GET", shift + 1)):
        for kind, fault in shifted(KINDS, offset).items():
            add(stack, method, KINDS[kind], FAULTS[fault])
    add(stack, "PUT", r"\.blob\.[^/]+/.+/a\.csv$", FAULTS["broken after"])
    add(stack, "PUT", r"\.blob\.[^/]+/.+/run\.py$", FAULTS["dropped before"])
    stack.ok(*UP)
    assert unmet(stack) == []
    clear(stack)
    has_every_kind(stack)
    before = is_whole(stack)

    stack.mark(team="b")
    stack.write("B")  # of the endpoint there is only the publication to do
    for kind, fault in shifted(KINDS, shift + 2).items():
        add(stack, "PUT", KINDS[kind], FAULTS[fault])
    stack.ok(*UP)
    assert [each for each in unmet(stack) if "Endpoints" in each or "computes" in each] == []
    clear(stack)
    is_whole(stack, before)

    faults = shifted([*KINDS, "purge", "deleted"], shift + 3)
    for kind, fault in faults.items():
        path = {"purge": "/purge$", "deleted": "/deletedVaults$"}.get(kind) or KINDS[kind]
        add(stack, {"purge": "POST", "deleted": "GET"}.get(kind, "DELETE"), path, FAULTS[fault])
    stack.ok(*DESTROY)
    kept = ("versions", "deployments")  # these go with what they are of
    assert [each for each in unmet(stack) if not any(word in each for word in kept)] == []
    is_gone(stack)


@pytest.mark.parametrize("shift", SHIFTS)
def test_what_lasts_fails_by_name_and_cause_and_the_next_up_goes_on_from_there(stack, shift):
    lasting = shifted(KINDS if ALL else SOME, shift)
    spread(stack, lasting)
    while (ended := stack.run(*UP)).code:
        said = failures(ended.text + ended.errors)
        assert "Traceback" not in ended.text + ended.errors
        assert said, ended.text + ended.errors
        settled = set()
        for (kind, name), message in said.items():
            kind = {"amlkit:index:Publication": "amlkit:index:Endpoint"}.get(kind, kind)
            assert re.search(CAUSES[lasting[kind]], message), (kind, name, message)
            settled.add(kind)
        lasting = {kind: fault for kind, fault in lasting.items() if kind not in settled}
        spread(stack, lasting)
    # our own plugin looks before it repeats, and so finds done what was done in spite of the answer
    healed = {kind for kind, fault in lasting.items() if "amlkit:" in kind and LASTING[fault]["when"] == "after"}
    assert lasting.keys() == healed
    spread(stack, {})
    is_whole(stack)

    add(stack, "DELETE", KINDS["azure-native:storage:StorageAccount"], FAULTS["dropped after"], count=0)
    add(stack, "DELETE", KINDS["azure-native:databricks:Workspace"], FAULTS["broken before"], count=0)
    ended = stack.run(*DESTROY)
    assert ended.code != 0
    assert "Traceback" not in ended.text + ended.errors
    kinds = {kind for kind, _ in failures(ended.text + ended.errors)}
    assert kinds <= {"azure-native:storage:StorageAccount", "azure-native:databricks:Workspace"}
    assert kinds


@pytest.mark.parametrize(("first", "second"), TURNS)
def test_killed_engines_leave_nothing_twice_and_nothing_forgotten(stack, first, second):
    if stack.warm is None:
        pytest.skip("the Pulumi CLI does not look for what it had begun")
    assert stack.kill(first, *UP) == -signal.SIGKILL
    assert stack.kill(second, *UP) in (-signal.SIGKILL, 0)
    stack.ok(*UP)
    is_whole(stack)


def test_of_two_ups_at_once_one_refuses_and_the_other_is_whole(stack):
    path = KINDS["azure-native:resources:ResourceGroup"]
    add(stack, "PUT", path, {"hang": 2, "when": "after"})
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(stack.run, *UP)
        met(stack, path)
        for command in (UP, DESTROY):
            second = stack.run(*command)
            assert second.code != 0
            assert "the stack is currently locked" in second.text + second.errors
            assert "Traceback" not in second.text + second.errors
        assert first.result().code == 0
    is_whole(stack)

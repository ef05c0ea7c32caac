"""A platform of the kind real teams have, and the program that publishes on it: both rehearsed, joined by outputs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from amlkit.home import Home

from .project import Project

STACK = ("--stack", "prod", "--local")
UP = ("up", "--yes", "--skip-preview", *STACK)
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
INERT = re.compile(r"^ \+ +azure-native:([\w:]+) [\w-]+ create \[inert\]$", re.MULTILINE)


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    copy = Project.copy_to(tmp_path_factory.mktemp("clone"))
    found = replace(copy, root=copy.root / "examples" / "teams" / "platform")
    found.ok("local", "start")
    try:
        yield found
    finally:
        found.ok("local", "stop")


@pytest.fixture(scope="module")
def pipelines(platform):
    return replace(platform, root=platform.root.parent / "pipelines")


def files(project: Project) -> dict[str, str]:
    """The tracked files of both programs."""
    folder = project.root.parent
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.glob("*/Pulumi*.yaml"))}


def test_a_preview_marks_and_counts_what_is_inert_and_changes_nothing(platform):
    before = files(platform)
    shown = platform.ok("preview", *STACK)
    assert "Rehearsal of stack `prod` on the local Azure ML\n" in shown
    kinds = Counter(INERT.findall(shown))
    assert kinds["network:PrivateEndpoint"] == kinds["network:PrivateDnsZoneGroup"] == 7
    assert kinds["privatedns:PrivateZone"] == kinds["privatedns:VirtualNetworkLink"] == 5
    assert kinds["network:Subnet"] == kinds["monitor:DiagnosticSetting"] == 3
    assert kinds["authorization:ManagementLockByScope"] == 5
    assert f"{kinds.total()} inert: kept as documents, with nothing behind them" in shown
    assert f"Previewing update (prod), {kinds.total()} resources inert:\n" in shown
    assert shown.count("machinelearningservices:Workspace ") == 3
    assert shown.count("machinelearningservices:Datastore ") == 8
    assert files(platform) == before


def test_what_is_not_listed_is_refused_by_name(platform):
    platform.edit("Pulumi.prod.yaml", "    - privatedns\n", "")
    try:
        refused = platform.amlkit("preview", *STACK)
    finally:
        platform.edit("Pulumi.prod.yaml", "    - network\n", "    - network\n    - privatedns\n")
    assert refused.code != 0
    assert "the local Azure ML has no behaviour for azure-native:privatedns:PrivateZone" in refused.text
    assert "hint: the stack may keep it as a document" in refused.text
    assert "`amlkit:inert: [privatedns:PrivateZone]`" in refused.text


def test_it_comes_up_under_its_own_subscription_and_stays_as_it_is(platform):
    platform.ok(*UP)
    platform.ok("preview", "--expect-no-changes", *STACK)
    platform.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes", *STACK)
    outputs = platform.ok("stack", "output", *STACK)
    assert outputs.count(f"/subscriptions/{SUBSCRIPTION}/resourceGroups/platform") == 3


def test_pipelines_are_published_on_it_by_another_program(platform, pipelines):
    assert Home.project(pipelines.root).folder == Home.project(platform.root).folder
    before = files(platform)
    pipelines.ok(*UP)
    pipelines.ok("preview", "--expect-no-changes", *STACK)
    workspace = platform.ok("stack", "output", "text-workspace-id", *STACK).strip()
    assert pipelines.ok("stack", "output", "workspace-id", *STACK).strip() == workspace
    assert "counting" in pipelines.amlkit("invoke", "zzz", *STACK).stderr
    assert not (pipelines.root / ".azureml").exists()
    assert files(platform) == before


def test_without_the_word_local_neither_goes_anywhere_else(platform, pipelines):
    for project in (platform, pipelines):
        for verb in ("preview", "up", "refresh", "destroy"):
            ended = project.amlkit(verb, "--stack", "prod", "--non-interactive", PATH="/none")
            assert ended.code == 1, ended.text
            assert "a stack on Azure needs the Pulumi CLI" in ended.stderr


def test_the_platform_outlives_what_is_published_and_goes_without_a_rest(platform, pipelines):
    pipelines.ok("destroy", "--yes", "--skip-preview", *STACK)
    platform.ok("preview", "--expect-no-changes", *STACK)
    assert "stack rm prod --local`" in platform.ok("destroy", "--yes", "--skip-preview", *STACK)
    for project in (pipelines, platform):
        project.ok("stack", "rm", "prod", "--yes", "--local")
        assert (project.root / "Pulumi.prod.yaml").exists()

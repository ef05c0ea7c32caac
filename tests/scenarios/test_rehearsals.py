"""Rehearsals of three stacks at once on one local Azure ML: each with names, state and secrets of its own."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from amlkit.engine.embedded.secrets import Passphrase
from amlkit.home import Home

from .project import Project
from .watch import attempts, environment

STACKS = ("dev", "test", "prod")
PASSPHRASE = "open sesame"
PROGRAM = """
import pulumi
from pulumi_azure_native import resources, storage
from amlkit.infra import program

with program():
    config = pulumi.Config()
    opts = pulumi.ResourceOptions(protect=pulumi.get_stack() == "prod")
    group = resources.ResourceGroup("same", resource_group_name="same", opts=opts)
    storage.StorageAccount(
        "store", resource_group_name=group.name, kind="StorageV2", sku={"name": config.require("sku")}, opts=opts
    )
    pulumi.export("group", group.id)
    pulumi.export("token", config.require_secret("token"))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rehearsed")
    kept = Passphrase.create(PASSPHRASE)
    (folder / "Pulumi.yaml").write_text(
        yaml.safe_dump({"name": "small", "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}})
    )
    (folder / "__main__.py").write_text(PROGRAM)
    for number, stack in enumerate(STACKS):
        config = {
            "amlkit:target": "azure",
            "azure-native:location": "westeurope",
            "azure-native:subscriptionId": f"{number + 1}" * 8 + "-1111-2222-3333-444444444444",
            "small:sku": "Standard_ZRS" if stack == "prod" else "Standard_LRS",
            "small:token": {"secure": kept.encrypt(f"t0ken-of-{stack}")},
        }
        document = {"encryptionsalt": kept.salt, "config": config}
        (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document))
    found = Project(folder, environment(tmp_path_factory.mktemp("watched")))
    found.ok("local", "start")
    try:
        yield found
        assert attempts(found.environment) == "", "nothing left loopback, in none of the tests"
    finally:
        found.ok("local", "stop")


def rehearsed(project: Project, stack: str, *words: str) -> str:
    return project.ok(*words, "--stack", stack, "--local")


def outputs(project: Project, stack: str) -> dict[str, str]:
    ended = project.amlkit("stack", "output", "--json", "--show-secrets", "--stack", stack, "--local")
    assert ended.code == 0, ended.text
    return json.loads(ended.stdout)


def files(project: Project) -> dict[str, str]:
    return {path.name: path.read_text() for path in project.root.glob("Pulumi*.yaml")}


def test_three_stacks_live_on_one_local_azure_ml_at_once(project):
    before = files(project)
    for stack in STACKS:
        shown = rehearsed(project, stack, "up", "--yes", "--skip-preview")
        assert "note: 1 secret is a placeholder, because the stack's passphrase is not given: small:token" in shown
    groups = {stack: outputs(project, stack)["group"] for stack in STACKS}
    assert len(set(groups.values())) == 3, "one name, three subscriptions"
    for stack in STACKS:
        rehearsed(project, stack, "preview", "--expect-no-changes")
        assert outputs(project, stack)["token"] == "placeholder-of-token"
    listed = project.ok("stack", "ls", "--local", "--json")
    assert {each["name"] for each in json.loads(listed)} == set(STACKS)
    assert files(project) == before


def test_with_the_passphrase_the_secrets_are_the_stacks_own_and_stay_secret(project):
    given = replace(project, environment={**project.environment, "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE})
    shown = rehearsed(given, "dev", "up", "--yes", "--skip-preview")
    assert "placeholder" not in shown
    assert outputs(given, "dev")["token"] == "t0ken-of-dev"
    kept = [path.read_text() for path in Home(project.root).rehearsals.rglob("*") if path.is_file()]
    assert kept
    assert not [text for text in kept if "t0ken" in text]
    assert "t0ken" not in shown


def test_a_stack_keeps_its_protection_and_a_rehearsal_that_is_removed_leaves_nothing(project):
    refused = project.amlkit("destroy", "--yes", "--skip-preview", "--stack", "prod", "--local")
    assert refused.code != 0
    assert "protect" in refused.text
    group = outputs(project, "prod")["group"]
    before = files(project)
    kept = project.amlkit("stack", "rm", "prod", "--yes", "--local")
    assert "destroy --stack prod --local` deletes them" in kept.text, "without `--local` that would be Azure's"
    assert "stack rm prod --force --local` forgets them" in kept.text
    project.ok("stack", "rm", "prod", "--yes", "--force", "--local")
    assert files(project) == before
    assert rehearsed(project, "test", "preview", "--expect-no-changes")
    rehearsed(project, "prod", "up", "--yes", "--skip-preview")
    assert outputs(project, "prod")["group"] == group, "the name was free again"


def test_what_is_apart_is_not_seen_by_stacks_that_are_local_by_themselves(project):
    path = project.root / "Pulumi.local.yaml"
    path.write_text("config:\n  amlkit:target: local\n")
    try:
        assert "prod" not in project.ok("stack", "ls")
    finally:
        path.unlink()
    assert Path(Home(project.root).rehearsals).is_dir()


def test_the_pulumi_cli_is_not_taken_for_a_rehearsal(project):
    given = replace(project, environment={**project.environment, "AMLKIT_ENGINE": "official"})
    ended = given.amlkit("preview", "--stack", "dev", "--local")
    assert ended.code == 1
    assert "a rehearsal runs on the embedded engine" in ended.stderr

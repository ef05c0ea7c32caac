"""Which stack is found, and that one which does not wholly say where it lives is never taken for one on Azure."""

from __future__ import annotations

import pytest

from amlkit.delivery.stacks import Stack
from amlkit.errors import SetupError
from amlkit.home import SUBSCRIPTION, Address, Home

OTHER = "11111111-2222-3333-4444-555555555555"
AZURE = f"config:\n  amlkit:target: azure\n  azure-native:subscriptionId: {OTHER}\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("PULUMI_STACK", "ARM_SUBSCRIPTION_ID", "ARM_METADATA_HOSTNAME", "PULUMI_BACKEND_URL", "AMLKIT_ENGINE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    return tmp_path


def settle(project, text, stack="prod"):
    (project / f"Pulumi.{stack}.yaml").write_text(text)


def refused(name="prod", **options):
    with pytest.raises(SetupError) as caught:
        Stack.find(name, **options)
    (problem,) = caught.value.problems
    assert problem.hint
    return str(caught.value)


def test_without_a_stack_named_local_the_others_are_named(project):
    settle(project, AZURE)
    assert "hint: `git restore Pulumi.local.yaml`, or name another stack: `--stack prod`" in refused(None)


def test_a_stack_on_azure_says_so_and_in_which_subscription(project):
    settle(project, AZURE)
    assert Stack.find("prod") == Stack(Home(project), "prod", is_local=False)


def test_the_subscription_may_come_from_the_environment(project, monkeypatch):
    settle(project, "config:\n  amlkit:target: azure\n")
    monkeypatch.setenv("ARM_SUBSCRIPTION_ID", OTHER)
    assert not Stack.find("prod").is_local


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "does not say where the stack lives: `amlkit:target`"),
        ("config:\n  azure-native:location: westeurope\n", "does not say where the stack lives"),
        ("config:\n  amlkit:target: Azure\n", "no such target: Azure"),
        ("config:\n  amlkit:target: azure\n", "does not say in which subscription the stack lives"),
        (AZURE.replace(OTHER, SUBSCRIPTION), "is on Azure, with the subscription of the local Azure ML"),
        (AZURE.replace(OTHER, "''"), "does not say in which subscription"),
    ],
)
def test_half_a_stack_on_azure_is_refused_and_can_be_rehearsed(project, text, what):
    settle(project, text)
    assert what in refused()
    assert "Pulumi.prod.yaml" in refused()
    assert Stack.find("prod", rehearse=True) == Stack(Home(project), "prod", is_local=True, is_rehearsal=True)


def test_a_stack_without_a_file_is_refused_with_the_near_name(project):
    settle(project, AZURE)
    assert "did you mean `prod`?" in refused("prd")
    assert "did you mean `prod`?" in refused("prd", rehearse=True)


def test_a_local_stack_rehearsed_is_itself(project):
    settle(project, "config:\n  amlkit:target: local\n", "mine")
    assert Stack.find("mine", rehearse=True) == Stack(Home(project), "mine", is_local=True)


def test_a_rehearsal_has_state_settings_and_plugins_apart(project):
    settle(project, AZURE)
    home = Home(project)
    home.write_address(Address(1, 2, "header"))
    environment = {"PULUMI_BACKEND_URL": "azblob://state", "PULUMI_HOME": "/home/me/.pulumi", "AZURE_TENANT_ID": "t"}
    Stack.find("prod", rehearse=True).enter(environment)
    assert environment["PULUMI_BACKEND_URL"] == home.rehearsals.as_uri() != home.stacks.as_uri()
    assert environment["PULUMI_HOME"] == str(home.pulumi_home)
    assert environment["AMLKIT_STACK_SETTINGS"] == str(home.rehearsed_settings)
    assert "AZURE_TENANT_ID" not in environment


@pytest.mark.parametrize("where", ["ARM_METADATA_HOSTNAME", "PULUMI_BACKEND_URL"])
def test_a_stack_on_azure_never_takes_the_cloud_or_the_state_of_the_local_one(project, where):
    settle(project, AZURE)
    home = Home(project)
    home.write_address(Address(1, 2, "header"))
    with pytest.raises(SetupError, match="the stack is on Azure, and the"):
        Stack.find("prod").enter({where: home.environment(Address(1, 2, "header"))[where]})


def test_a_rehearsal_runs_on_the_embedded_engine_alone(project, monkeypatch):
    settle(project, AZURE)
    stack = Stack.find("prod", rehearse=True)
    assert stack.engine == "embedded"
    monkeypatch.setenv("AMLKIT_ENGINE", "official")
    with pytest.raises(SetupError, match="a rehearsal runs on the embedded engine"):
        _ = stack.engine


def test_joined_programs_share_one_home(project):
    other = project / "pipelines"
    other.mkdir()
    (other / "Pulumi.yaml").write_text("name: q\nruntime: python\nconfig:\n  amlkit:home: ..\n")
    home = Home.project(other)
    assert home.root == other
    assert home.folder == Home(project).folder
    assert home.rehearsed_settings != Home(project).rehearsed_settings

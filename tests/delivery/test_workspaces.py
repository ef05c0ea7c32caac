"""Which workspace a stack has: that of `.azureml/config.json` only if the file is of this stack."""

from __future__ import annotations

import json

import pytest

from amlkit.delivery.stacks import Stack, remove_config, workspace_of, write_config
from amlkit.errors import SetupError
from amlkit.home import SUBSCRIPTION, Home

ML = "providers/Microsoft.MachineLearningServices/workspaces"
LOCAL = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g/{ML}/w"
AZURE = f"/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/g/{ML}/w"


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.setenv("PATH", "/none")  # no Pulumi CLI to ask for outputs
    (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    return Home(tmp_path)


def test_the_file_is_of_the_stack_that_it_names(home):
    write_config(home, AZURE, "dev")
    assert workspace_of(Stack(home, "dev", is_local=False)) == AZURE
    with pytest.raises(SetupError, match="no workspace of stack `test` is known yet"):
        workspace_of(Stack(home, "test", is_local=False))


def test_a_file_of_other_tools_is_of_a_local_stack_if_its_subscription_is(home):
    write_config(home, LOCAL)
    assert workspace_of(Stack(home, "local", is_local=True)) == LOCAL
    with pytest.raises(SetupError) as error:
        workspace_of(Stack(home, "dev", is_local=False))
    assert "hint: bring the stack up first: `amlkit up --stack dev`" in str(error.value)


def test_a_file_of_azure_is_not_of_a_local_stack(home):
    write_config(home, AZURE)
    with pytest.raises(SetupError, match="the local Azure ML was never started"):
        workspace_of(Stack(home, "local", is_local=True))


def test_other_tools_read_the_file_and_it_goes_with_its_workspace(home):
    path = write_config(home, LOCAL, "local")
    config = json.loads(path.read_text())
    assert {"subscription_id", "resource_group", "workspace_name"} <= config.keys()
    remove_config(home, AZURE)
    assert path.exists()
    remove_config(home, LOCAL)
    assert not path.exists()

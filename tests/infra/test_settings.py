"""The stack's configuration as settings: all that is wrong with it at once, each with a next move."""

import pulumi
import pytest
from pulumi.runtime import set_mocks
from pulumi.runtime.config import set_all_config
from pulumi.runtime.mocks import Mocks

from amlkit.errors import DefinitionError
from amlkit.infra import Settings, program


class Silent(Mocks):
    def new_resource(self, args):
        return ["id", args.inputs]

    def call(self, args):
        return {}


@pytest.fixture(autouse=True)
def project():
    set_mocks(Silent(), project="digits", stack="local")
    yield
    set_all_config({})


def load(**keys):
    set_all_config({"azure-native:location": "westeurope", **{f"digits:{key}": text for key, text in keys.items()}})
    return Settings.load()


def test_a_stack_without_settings_is_a_small_platform():
    settings = load()
    assert (settings.name, settings.min_nodes, settings.max_nodes) == ("digits", 0, 4)


def test_texts_become_what_the_fields_are():
    assert load(maxNodes="8", vmSize="Standard_NC6").max_nodes == 8


def test_everything_wrong_is_told_at_once_with_a_hint():
    set_all_config({"digits:maxNode": "8", "digits:minNodes": "few", "digits:colour": "red", "other:key": "x"})
    with pytest.raises(DefinitionError) as caught:
        Settings.load()
    assert [(problem.where, problem.hint) for problem in caught.value.problems] == [
        ("azure-native:location", "pulumi config set azure-native:location westeurope"),
        (
            "digits:colour",
            "there are: datastoreCredentials, idleMinutes, maxNodes, minNodes, name, vmSize",
        ),
        ("digits:maxNode", "did you mean `digits:maxNodes`?"),
        ("digits:minNodes", ""),
    ]


def test_a_project_name_that_cannot_name_a_platform_asks_for_one():
    set_mocks(Silent(), project="My_Project", stack="local")
    set_all_config({"azure-native:location": "westeurope"})
    with pytest.raises(DefinitionError, match="set `My_Project:name`"):
        Settings.load()


def test_a_program_shows_our_problems_without_a_traceback():
    set_all_config({})
    with pytest.raises(pulumi.RunError, match="is not set\n  hint: pulumi config set"), program():
        Settings.load()

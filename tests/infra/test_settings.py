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
            "there are: adopt, brought, containerRegistry, datastoreCredentials, grants, hbi, identity, idleMinutes, "
            "maxNodes, minNodes, name, names, network, priority, protect, purge, purgeProtection, retain, sharedKeys, "
            "storagePublicAccess, subnet, tags, vmSize, vmSizeCheck",
        ),
        ("digits:maxNode", "did you mean `digits:maxNodes`?"),
        ("digits:minNodes", ""),
    ]


def told():
    with pytest.raises(DefinitionError) as caught:
        Settings.load()
    return [str(problem) for problem in caught.value.problems]


def test_objects_are_settings_too():
    settings = load(network='{"isolation": "internet-outbound", "publicAccess": false}', tags='{"team": "vision"}')
    assert (settings.network.isolation, settings.network.public_access) == ("internet-outbound", False)
    assert settings.conventions().tags == {"team": "vision"}


def test_a_slip_inside_of_an_object_is_told_with_its_place():
    set_all_config({"azure-native:location": "westeurope", "digits:network": '{"isolated": true}'})
    assert told() == ["digits:network.isolated: no such setting\n  hint: did you mean `digits:network.isolation`?"]


def test_what_does_not_go_together_is_told_with_what_is_wrong_by_itself():
    keys = {"minNodes": "9", "vmSize": "Standard_DS3_v3", "protect": "some", "colour": "red"}
    set_all_config({"azure-native:location": "westeurope", **{f"digits:{key}": text for key, text in keys.items()}})
    problems = told()
    assert [line.partition(": ")[0] for line in problems] == [
        "digits",
        "digits:colour",
        "digits:protect",
        "digits:vmSize",
    ]
    assert problems[0] == "digits: min_nodes is above max_nodes: 9 > 4"
    assert "Standard_DS3_v2" in problems[3]


def test_pairs_that_exclude_each_other_are_told_with_a_way_out():
    set_all_config({"azure-native:location": "w", "digits:purge": "true", "digits:purgeProtection": "true"})
    assert told() == ["digits: purge and purge protection exclude each other\n  hint: take one of the two away"]


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("tags", '{"a<b": "x"}', "digits:tags.a<b.[key]: string should match pattern"),
        ("tags", '{"a": 1}', "digits:tags.a: input should be a valid string"),
        (
            "tags",
            str({f"t{n}": "x" for n in range(14)}).replace("'", '"'),
            "digits:tags: at most 13 tags beside the two of the stack, given: 14",
        ),
        ("adopt", '{"storage": "/x"}', "digits:adopt.storage.[key]: string should match pattern"),
        ("adopt", '{"Vault.digits": "kv"}', "digits:adopt.Vault.digits: string should match pattern"),
        ("names", "short", "digits:names: input should be 'random' or 'stable'"),
        ("retain", "all", "digits:retain: input should be 'none' or 'data'"),
        ("maxNodes", "0", "digits:maxNodes: input should be greater than or equal to 1"),
        ("subnet", "default", "digits: "),
    ],
)
def test_a_wrong_setting_is_told(key, text, message):
    set_all_config({"azure-native:location": "westeurope", f"digits:{key}": text})
    assert any(line.startswith(message) for line in told()), told()


def test_a_project_name_that_cannot_name_a_platform_asks_for_one():
    set_mocks(Silent(), project="My_Project", stack="local")
    set_all_config({"azure-native:location": "westeurope"})
    with pytest.raises(DefinitionError, match="set `My_Project:name`"):
        Settings.load()


def test_a_program_shows_our_problems_without_a_traceback():
    set_all_config({})
    with pytest.raises(pulumi.RunError, match="is not set\n  hint: pulumi config set"), program():
        Settings.load()

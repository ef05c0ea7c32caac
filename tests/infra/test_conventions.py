"""What holds for everything of a platform: tags, names, protection, adoption. And what is replaced, not updated."""

import pulumi
import pytest
from pulumi.runtime import set_mocks
from pulumi.runtime.config import set_all_config
from pulumi_azure_native import machinelearningservices as ml
from pulumi_azure_native import storage

from amlkit.infra import ClusterArgs, Conventions, Platform, PlatformArgs
from amlkit.infra.rules import RULES, with_rules

from .recorder import ACCOUNT, Recorder, run


@pytest.fixture
def recorder():
    recorder = Recorder()
    set_mocks(recorder, project="digits", stack="prod")
    yield recorder
    set_all_config({})
    pulumi.runtime.settings.set_root_resource(None)  # what holds for the whole stack ends with the test


@pytest.fixture
def options(mocker):
    """The options that every resource was registered with, by `Type name`."""
    seen = {}
    registered = pulumi.resource.register_resource

    def spy(resource, type_, name, custom, remote, new_dependency, props, opts, *rest):
        seen[f"{type_.rpartition(':')[2]} {name}"] = opts
        return registered(resource, type_, name, custom, remote, new_dependency, props, opts, *rest)

    mocker.patch("pulumi.resource.register_resource", spy)
    return seen


def platform(transform=None, **conventions):
    args = PlatformArgs(cluster=ClusterArgs(vm_size="Standard_DS3_v2"), conventions=Conventions(**conventions))
    return Platform("digits", args, transform=transform)


def test_everything_that_takes_tags_has_the_stacks_and_the_users(recorder):
    run(lambda: platform(tags={"team": "vision"}))
    tagged = [what for what in recorder.azure() if "tags" in recorder.inputs(what)]
    assert [what.partition(" ")[0] for what in tagged] == [
        "Component",
        "Compute",
        "ResourceGroup",
        "StorageAccount",
        "Vault",
        "Workspace",
    ]
    for what in tagged:
        assert recorder.inputs(what)["tags"] == {"project": "digits", "stack": "prod", "team": "vision"}


def test_tags_of_a_resource_itself_are_kept(recorder):
    def mark(args):
        if isinstance(args, storage.StorageAccountArgs):
            args.tags = {"stack": "mine", "cost": "7"}

    run(lambda: platform(transform=mark))
    assert recorder.inputs("StorageAccount digits")["tags"] == {"project": "digits", "stack": "mine", "cost": "7"}


def test_what_a_program_makes_beside_a_platform_can_have_the_stacks_too(recorder):
    def beside():
        Conventions(tags={"team": "vision"}).apply_to_stack()
        args = storage.StorageAccountArgs(resource_group_name="g", kind="StorageV2", sku={"name": "Standard_LRS"})
        storage.StorageAccount("lake", args)

    run(beside)
    assert recorder.inputs("StorageAccount lake")["tags"] == {"project": "digits", "stack": "prod", "team": "vision"}


def test_stable_names_are_the_same_in_every_update_and_differ_between_stacks(recorder):
    set_all_config({"azure-native:location": "westeurope", "azure-native:subscriptionId": "s"})
    run(lambda: platform(names="stable"))
    named = {
        what.partition(" ")[0]: recorder.inputs(what)[key]
        for what, key in (
            ("ResourceGroup digits", "resourceGroupName"),
            ("StorageAccount digits", "accountName"),
            ("Vault digits", "vaultName"),
            ("Component digits", "resourceName"),
            ("Workspace digits", "workspaceName"),
        )
    }
    suffix = named["Vault"].rpartition("-")[2]
    assert named == {
        "ResourceGroup": "digits-prod",
        "StorageAccount": f"digitsprod{suffix}",
        "Vault": f"digits-prod-{suffix}",
        "Component": "digits-prod",
        "Workspace": "digits-prod",
    }
    set_all_config({"azure-native:location": "northeurope", "azure-native:subscriptionId": "s"})
    run(lambda: platform(names="stable"))
    assert recorder.inputs("Vault digits")["vaultName"] != named["Vault"]


@pytest.mark.parametrize(
    ("conventions", "protected", "retained"),
    [
        ({}, set(), set()),
        ({"protect": "data"}, {"ResourceGroup", "StorageAccount", "BlobContainer", "Vault"}, set()),
        (
            {"retain": "data"},
            set(),
            {"ResourceGroup", "StorageAccount", "BlobContainer", "Vault"},
        ),
    ],
)
def test_data_is_protected_or_retained_where_a_stack_says_so(recorder, options, conventions, protected, retained):
    run(lambda: platform(**conventions))
    assert {what.partition(" ")[0] for what, opts in options.items() if opts.protect} == protected
    assert {what.partition(" ")[0] for what, opts in options.items() if opts.retain_on_delete} == retained


def test_all_is_protected_where_a_stack_says_so(recorder, options):
    run(lambda: platform(protect="all"))
    assert all(options[what].protect for what in recorder.azure())


def test_what_is_adopted_is_imported_and_keeps_its_tags(recorder, options):
    run(lambda: platform(adopt={"StorageAccount.digits": ACCOUNT}, tags={"team": "vision"}))
    assert options["StorageAccount digits"].import_ == ACCOUNT
    assert "tags" not in recorder.inputs("StorageAccount digits")
    assert options["Vault digits"].import_ is None


def test_what_azure_refuses_to_update_is_replaced(recorder, options):
    run(platform)
    compute = options["Compute cpu"]
    assert "properties.properties.vmSize" in compute.replace_on_changes
    assert compute.delete_before_replace is True
    workspace = options["Workspace digits"]
    assert workspace.replace_on_changes == ["storageAccount", "keyVault"]  # it sends no other that there is a rule of
    assert workspace.replacement_trigger == compute.replacement_trigger == []
    assert workspace.delete_before_replace is None


def test_rules_add_to_what_a_program_says_and_never_undo_it():
    said = pulumi.ResourceOptions(replace_on_changes=["tags"], delete_before_replace=False, protect=True)
    size = {"properties": {"properties": {"vmSize": "s"}}}
    merged = with_rules(ml.Compute.pulumi_type, size, said)
    assert {"tags", "properties.properties.vmSize"} <= set(merged.replace_on_changes)
    assert (merged.delete_before_replace, merged.protect) == (False, True)
    assert with_rules("azure-native:storage:BlobContainer", {}, said) is said


def test_every_rule_has_a_reason_and_names_an_input_that_there_is():
    kinds = {"Compute": ml.ComputeArgs, "Workspace": ml.WorkspaceArgs}
    for type_, rules in RULES.items():
        assert all(rule.reason for rule in rules)
        kind = kinds.get(type_.rpartition(":")[2])
        for rule in rules if kind else ():
            first = rule.path.partition(".")[0]
            assert first in {"properties", "location"} or any(
                first.lower() == name.replace("_", "") for name in dir(kind)
            ), rule.path

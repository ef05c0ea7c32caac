"""The plan's word on quotas of cores, and that nobody is asked who must not be."""

import pytest

from amlkit.errors import UnreachableError
from amlkit.infra import Cluster, ClusterArgs
from amlkit.infra.computes import quota
from amlkit.infra.computes.quota import Wish, shortage

from .asking import asked_of, run, workspace

REGION = "Total Cluster Dedicated Regional vCPUs"
LOW = "Total Cluster LowPriority Regional vCPUs"


def usage(name, limit, used=0, localized=None):
    names = {"value": name, "localizedValue": localized or name}
    return {"limit": limit, "currentValue": used, "unit": "Count", "name": names}


@pytest.mark.parametrize(
    "family",
    [
        usage("standardNCSv3Family", 12, 6, "Standard NCSv3 Family Cluster Dedicated vCPUs"),
        usage("Standard NCSv3 Family Cluster Dedicated vCPUs", 12, 6),
        usage("STANDARDNCSV3FAMILY", 12, 6, "Standard NCSv3 Family Cluster Dedicated vCPUs"),
    ],
    ids=["by key", "by text", "by another case"],
)
def test_a_cluster_that_its_family_has_no_cores_for_is_told_how_many_nodes_fit(family):
    text = shortage([usage(REGION, 100), family], Wish("Standard_NC6s_v3", 4, False), "westeurope")
    assert text == (
        "max_nodes is 4: that many Standard_NC6s_v3 need 24 cores, and the quota in westeurope is 12, 6 of them in use "
        "(Standard NCSv3 Family Cluster Dedicated vCPUs): 2 of them fit; ask for more quota, or lower max_nodes"
    )


def test_names_of_families_that_azure_writes_with_spaces_are_the_same():
    wish = Wish("Standard_NC4as_T4_v3", 1, False)
    assert "not one of them starts" in shortage([usage("Standard NCASv3_T4 Family", 0)], wish, "r")


@pytest.mark.parametrize(
    ("usages", "wish"),
    [
        ([usage(REGION, 24), usage("standardNCSv3Family", 24)], Wish("Standard_NC6s_v3", 4, False)),
        ([usage("standardDSv2Family", 0)], Wish("Standard_NC6s_v3", 4, False)),
        ([usage("standardNCSv3Family", 0), usage(REGION, 0), usage(LOW, 24)], Wish("Standard_NC6s_v3", 4, True)),
        ([usage("standardNCSv3Family", -1)], Wish("Standard_NC6s_v3", 4, False)),
        ([usage(REGION, 0)], Wish("Standard_Z9", 4, False)),
        ([], Wish("Standard_NC6s_v3", 4, False)),
    ],
    ids=["enough", "another family", "low priority has its own", "no limit", "unknown size", "nothing said"],
)
def test_what_no_quota_speaks_against_is_not_warned_of(usages, wish):
    assert shortage(usages, wish, "westeurope") == ""


def test_the_tightest_quota_is_the_one_that_is_told():
    wish = Wish("Standard_DS3_v2", 4, False)
    assert REGION in shortage([usage(REGION, 4), usage("standardDSv2Family", 8)], wish, "r")
    assert LOW in shortage([usage(REGION, 40), usage(LOW, 0)], Wish("Standard_DS3_v2", 4, True), "r")


def make(max_nodes=4):
    run(lambda: Cluster("cpu", ClusterArgs(vm_size="Standard_DS3_v2", max_nodes=max_nodes), workspace=workspace()))


@pytest.fixture
def service(mocker, monkeypatch):
    monkeypatch.delenv("ARM_METADATA_HOSTNAME", raising=False)
    return mocker.patch.object(quota, "_usages", return_value=[usage("standardDSv2Family", 8)])


def test_a_stack_on_azure_is_warned_in_its_region_and_subscription(mocker, service):
    asked = asked_of(mocker, target="azure")
    make()
    ((text, name),) = asked.warnings()
    assert (name, "16 cores, and the quota in westeurope is 8" in text) == ("cpu", True)
    service.assert_called_once_with("s1", "westeurope")


def test_the_local_azure_ml_is_asked_wherever_the_stack_belongs(mocker, service, monkeypatch):
    monkeypatch.setenv("ARM_METADATA_HOSTNAME", "127.0.0.1:4711")
    asked = asked_of(mocker, target="local")
    make()
    assert len(asked.warnings()) == 1


@pytest.mark.parametrize("config", [{}, {"target": "local"}])
def test_nobody_is_asked_who_is_not_named(mocker, service, config):
    asked = asked_of(mocker, **config)
    make()
    assert asked.warnings() == []
    service.assert_not_called()
    text = "the quota of cores was not checked: the stack does not say `amlkit:target: azure`"
    assert (text, "cpu") in asked.warnings("debug")


def test_a_plan_without_a_connection_goes_on_and_says_why_it_did_not_check(mocker, service):
    asked = asked_of(mocker, target="azure")
    service.side_effect = UnreachableError("management.azure.com", "no name")
    make()
    assert asked.warnings() == []
    text = "the quota of cores was not checked: no answer from management.azure.com: no name"
    assert (text, "cpu") in asked.warnings("debug")

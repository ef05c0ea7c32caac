"""What clusters, instances and attached machines ask azure-native for, what they refuse, what the plan says of them."""

import pulumi
import pytest

from amlkit.errors import DefinitionError
from amlkit.infra import (
    Cluster,
    ClusterArgs,
    ComputeInstance,
    ComputeInstanceArgs,
    Identity,
    InstanceTypeArgs,
    KubernetesArgs,
    KubernetesCompute,
    SshArgs,
    VirtualMachineArgs,
    VirtualMachineCompute,
)

from .asking import GROUP, WORKSPACE, asked_of, run, workspace

SMALL = {"vm_size": "Standard_DS3_v2"}
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
AKS = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/k"
ARC = f"{GROUP}/providers/Microsoft.Kubernetes/connectedClusters/k"
MACHINE = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/m"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA jo@home"
PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n"


@pytest.fixture
def asked(mocker):
    return asked_of(mocker, target="local")


def cluster(name="cpu", **args):
    return run(lambda: Cluster(name, ClusterArgs(**{**SMALL, **args}), workspace=workspace()))


def refused(kind, **args):
    """All that is said of wrong arguments."""
    with pytest.raises(DefinitionError) as caught:
        kind(**args)
    return str(caught.value).replace(kind.__name__, "it")


def test_a_small_cluster_asks_for_no_more_than_it_needs(asked):
    cluster()
    assert asked.inputs("Compute cpu") == {
        "resourceGroupName": "g1",
        "workspaceName": "ws1",
        "computeName": "cpu",
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "computeType": "AmlCompute",
            "properties": {
                "vmSize": "Standard_DS3_v2",
                "osType": "Linux",
                "enableNodePublicIp": True,
                "remoteLoginPortPublicAccess": "NotSpecified",
                "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4, "nodeIdleTimeBeforeScaleDown": "PT2M"},
            },
        },
    }
    assert asked.warnings() == []


def test_a_cluster_with_everything_asks_for_everything(asked):
    ssh = SshArgs(user="jo", public_key=KEY, password="open-sesame")
    given = {"priority": "low-priority", "max_nodes": 2, "idle_minutes": 30, "subnet": SUBNET, "node_public_ip": False}
    cluster(**given, ssh=ssh, identity=[IDENTITY], description="for training", tags={"team": "ml"}, local_auth=True)
    inputs = asked.inputs("Compute cpu")
    assert inputs["identity"] == {"type": "UserAssigned", "userAssignedIdentities": [IDENTITY]}
    assert inputs["tags"] == {"team": "ml"}
    properties = inputs["properties"]
    assert (properties["description"], properties["disableLocalAuth"]) == ("for training", False)
    assert properties["properties"] == {
        "vmSize": "Standard_DS3_v2",
        "vmPriority": "LowPriority",
        "osType": "Linux",
        "enableNodePublicIp": False,
        "remoteLoginPortPublicAccess": "Disabled",
        "subnet": {"id": SUBNET},
        "userAccountCredentials": {
            "adminUserName": "jo",
            "adminUserSshPublicKey": KEY,
            "adminUserPassword": "open-sesame",
        },
        "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 2, "nodeIdleTimeBeforeScaleDown": "PT30M"},
    }
    assert asked.is_secret("cpu")


def test_an_identity_may_be_a_component_of_ours_or_none_at_all(asked):
    def program():
        ours = Identity("mine", resource_group_name="g1")
        Cluster("cpu", ClusterArgs(**SMALL, identity=ours), workspace=workspace())
        Cluster("bare", ClusterArgs(**SMALL, identity="none"), workspace=workspace())

    run(program)
    assert asked.inputs("Compute cpu")["identity"]["userAssignedIdentities"][0].endswith("/mine")
    assert "identity" not in asked.inputs("Compute bare")


def test_the_transform_sees_a_compute_before_it_is_made(asked):
    def windows(args):
        args.properties.properties.os_type = "Windows"

    run(lambda: Cluster("cpu", ClusterArgs(**SMALL), workspace=workspace(), transform=windows))
    assert asked.compute("cpu")["properties"]["osType"] == "Windows"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"vm_size": "Standard_DS3v2"}, "it.vm_size: no VM size of Azure ML: Standard_DS3v2\n  hint: did you mean"),
        ({"vm_size": "nc6s_v3"}, "did you mean `Standard_NC6s_v3`"),
        ({"vm_size": ""}, "it.vm_size: no VM size of Azure ML: \n"),
        ({"vm_size": "Standard_Z9", "max_nodes": 0}, "it.max_nodes: Input should be greater than or equal to 1"),
        ({"vm_size": "Standard_Z9", "max_nodes": 0}, "it.vm_size: no VM size of Azure ML: Standard_Z9"),
        ({"min_nodes": 5}, "it: min_nodes is above max_nodes: 5 > 4"),
        ({"min_nodes": -1}, "it.min_nodes: Input should be greater than or equal to 0"),
        ({"idle_minutes": 0}, "it.idle_minutes: Input should be greater than or equal to 1"),
        ({"max_node": 3}, "it.max_node: Extra inputs are not permitted\n  hint: did you mean `max_nodes`?"),
        ({"priority": "spot"}, "it.priority: Input should be 'dedicated' or 'low-priority'"),
        ({"vm_size": "Standard_NC6_Promo", "priority": "low-priority"}, "there is no Standard_NC6_Promo of low prio"),
        ({"identity": "mine"}, "it.identity: no identity: mine\n  hint: `system`, `none`, or user-assigned"),
        ({"identity": []}, "it.identity: no identity in the list"),
        ({"identity": [SUBNET]}, "it.identity: not the ARM id of `Microsoft.ManagedIdentity/userAssignedIdentities`"),
        ({"identity": [3]}, "it.identity: neither an ARM id nor a resource: int"),
        ({"subnet": "default"}, "it.subnet: not the ARM id of `Microsoft.Network/virtualNetworks/subnets`: default"),
        ({"subnet": AKS}, "it looks like /subscriptions/00000000-…/resourceGroups/group/providers/Microsoft.Network/"),
        ({"ssh": {"user": "jo"}}, "it.ssh: neither public_key nor password"),
        ({"ssh": {"user": "Jo Doe", "public_key": KEY}}, "it.ssh.user: String should match pattern"),
        ({"ssh": {"user": "jo", "public_key": "AAAA"}}, "it.ssh.public_key: not a public key in OpenSSH's form"),
        ({"ssh": {"user": "jo", "public_key": PEM}}, "it.ssh.public_key: this is a private key"),
        ({"ssh": {"user": "jo", "password": "a b"}}, "it.ssh.password: a secret that is empty or holds white space"),
        ({"ssh": {"user": "jo", "password": 3}}, "it.ssh.password: a secret is a text or an Output, not a int"),
        ({"ssh": {"user": "jo", "public_key": KEY}, "local_auth": False}, "it: ssh and local_auth=False do not go"),
    ],
)
def test_wrong_arguments_of_a_cluster_are_told_with_their_place(args, said):
    text = refused(ClusterArgs, **{**SMALL, **args})
    assert said in text
    assert "a b" not in text
    assert "b3BlbnNzaA" not in text


def test_a_size_that_the_table_does_not_know_yet_may_pass(asked):
    cluster(vm_size="Standard_Z9", vm_size_check=False, min_nodes=1)
    assert asked.compute("cpu")["properties"]["vmSize"] == "Standard_Z9"
    assert "1 node of Standard_Z9 runs" in asked.warnings()[0][0]


@pytest.mark.parametrize("size", ["standard_ds3_v2", "STANDARD_DS3_V2"])
def test_a_size_stays_as_it_was_written(asked, size):
    cluster(vm_size=size)
    assert asked.compute("cpu")["properties"]["vmSize"] == size


@pytest.mark.parametrize("name", ["1cpu", "c", "cpu-1", "my_cpu", "c" * 25, ""])
def test_a_name_that_azure_ml_refuses_is_refused_before(asked, name):
    with pytest.raises(DefinitionError, match="cluster: not a name that Azure ML takes for a compute"):
        Cluster(name, ClusterArgs(**SMALL), workspace=workspace())


def test_the_plan_warns_of_nodes_that_never_go(asked):
    cluster(min_nodes=2)
    ((text, name),) = asked.warnings()
    assert text.startswith("min_nodes is 2: 2 nodes of Standard_DS3_v2 (8 cores) run, and cost, day and night")
    assert name == "cpu"


def test_a_cluster_tells_its_nodes_and_its_state_when_azure_ml_has_answered(asked):
    def program():
        made = Cluster("cpu", ClusterArgs(**SMALL), workspace=workspace())
        seen = []
        pulumi.Output.all(made.nodes, made.state, made.name).apply(seen.append)
        return seen

    assert run(program) == [[0, "", "cpu"]]


def test_a_compute_of_somebody_else_is_read_and_nothing_is_asked_of_it(asked):
    ids = []

    def program():
        Cluster.existing("theirs", workspace=workspace()).id.apply(ids.append)

    run(program)
    assert ids == [f"{WORKSPACE}/computes/theirs"]
    assert asked.made["Compute theirs"].resource_id == ids[0]
    assert asked.inputs("Compute theirs") == {}


def test_an_instance_is_for_one_person_and_stops_by_itself(asked):
    args = ComputeInstanceArgs(**SMALL, user="jo-id", tenant="t1", ssh_key=KEY, subnet=SUBNET, node_public_ip=False)
    run(lambda: ComputeInstance("jo-box", args, workspace=workspace()))
    assert asked.compute("jo-box") == {
        "computeType": "ComputeInstance",
        "properties": {
            "vmSize": "Standard_DS3_v2",
            "applicationSharingPolicy": "Personal",
            "computeInstanceAuthorizationType": "personal",
            "enableNodePublicIp": False,
            "enableSSO": True,
            "idleTimeBeforeShutdown": "PT60M",
            "personalComputeInstanceSettings": {"assignedUser": {"objectId": "jo-id", "tenantId": "t1"}},
            "sshSettings": {"adminPublicKey": KEY, "sshPublicAccess": "Enabled"},
            "subnet": {"id": SUBNET},
        },
    }
    assert asked.warnings() == []


def test_the_plan_warns_of_an_instance_that_never_stops(asked):
    args = ComputeInstanceArgs(**SMALL, idle_minutes=None, shared=True)
    run(lambda: ComputeInstance("box", args, workspace=workspace()))
    assert asked.warnings() == [
        ("idle_minutes is None: this Standard_DS3_v2 runs, and costs, until somebody stops it", "box")
    ]
    assert asked.compute("box")["properties"]["applicationSharingPolicy"] == "Shared"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"vm_size": "big"}, "it.vm_size: no VM size of Azure ML: big"),
        ({"idle_minutes": 5}, "it.idle_minutes: Input should be greater than or equal to 15"),
        ({"user": "jo-id"}, "it: user and tenant go together"),
        ({"identity": [IDENTITY, IDENTITY]}, "it: a compute instance has one identity\n  hint: given: 2"),
        ({"ssh_key": "x"}, "it.ssh_key: not a public key"),
    ],
)
def test_wrong_arguments_of_an_instance_are_told_with_their_place(args, said):
    assert said in refused(ComputeInstanceArgs, **{**SMALL, **args})


@pytest.mark.parametrize("where", [AKS, ARC])
def test_a_kubernetes_cluster_is_attached_with_what_a_step_may_ask_of_it(asked, where):
    gpu = InstanceTypeArgs(nodes={"pool": "gpu"}, limits={"nvidia.com/gpu": "1"})
    args = KubernetesArgs(cluster=where, namespace="ml", default_instance_type="gpu", instance_types={"gpu": gpu})
    run(lambda: KubernetesCompute("k8s", args, workspace=workspace()))
    assert asked.compute("k8s") == {
        "computeType": "Kubernetes",
        "resourceId": where,
        "properties": {
            "namespace": "ml",
            "defaultInstanceType": "gpu",
            "instanceTypes": {
                "gpu": {"nodeSelector": {"pool": "gpu"}, "resources": {"limits": {"nvidia.com/gpu": "1"}}}
            },
        },
    }
    assert asked.inputs("Compute k8s")["identity"] == {"type": "SystemAssigned"}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"cluster": MACHINE}, "not the ARM id of `Microsoft.ContainerService/managedClusters` or `Microsoft.Kuber"),
        ({"cluster": AKS, "namespace": "My_Space"}, "it.namespace: String should match pattern"),
        (
            {"cluster": AKS, "default_instance_type": "cpu", "instance_types": {"gpu": {}}},
            "it: default_instance_type is none of instance_types: cpu\n  hint: gpu",
        ),
        ({}, "it.cluster: Field required"),
    ],
)
def test_wrong_arguments_of_a_kubernetes_attachment_are_told_with_their_place(args, said):
    assert said in refused(KubernetesArgs, **args)


def test_a_virtual_machine_is_attached_by_a_key_that_stays_secret(asked):
    args = VirtualMachineArgs(machine=MACHINE, address="10.0.0.4", user="jo", private_key=PEM, ssh_port=2222)
    run(lambda: VirtualMachineCompute("box", args, workspace=workspace()))
    assert asked.compute("box") == {
        "computeType": "VirtualMachine",
        "resourceId": MACHINE,
        "properties": {
            "address": "10.0.0.4",
            "sshPort": 2222,
            "administratorAccount": {"username": "jo", "privateKeyData": PEM},
        },
    }
    assert asked.is_secret("box")
    assert "b3BlbnNzaA" not in repr(args)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({}, "it: either private_key or password"),
        ({"private_key": PEM, "password": "x"}, "it: either private_key or password"),
        ({"private_key": KEY}, "it.private_key: not a private key"),
        ({"machine": AKS, "password": "x"}, "it.machine: not the ARM id of `Microsoft.Compute/virtualMachines`"),
        ({"password": "x", "ssh_port": 0}, "it.ssh_port: Input should be greater than or equal to 1"),
    ],
)
def test_wrong_arguments_of_a_virtual_machine_are_told_with_their_place(args, said):
    assert said in refused(VirtualMachineArgs, **{"machine": MACHINE, "address": "10.0.0.4", "user": "jo", **args})

"""What the mocked engine was asked to make: for tests of components with real SDK classes and answers like ARM's."""

import pulumi
from pulumi.runtime.mocks import Mocks

from amlkit.propertyvalues import unsecret

SUBSCRIPTION = "/subscriptions/s"


class Recorder(Mocks):
    """Answers as ARM would, and remembers what was asked: `made["Type name"]`, `read["Type name"]`."""

    def __init__(self):
        self.made = {}
        self.read = {}

    def new_resource(self, args):
        what = f"{args.typ.rpartition(':')[2]} {args.name}"
        if args.resource_id and not args.inputs:  # with inputs it is adopted
            self.read[what] = args.resource_id
        elif not args.typ.startswith("amlkit:infra:"):  # components are made of what counts
            self.made[what] = args
        outputs = {"location": "westeurope", "name": args.name, **args.inputs, **_answers(args)}
        if args.inputs.get("identity"):
            outputs["identity"] = _identity(args)
        return [args.resource_id or f"{SUBSCRIPTION}/{args.name}", outputs]

    def call(self, args):
        if args.token.endswith("getClientConfig"):
            return {"tenantId": "tenant", "subscriptionId": "s"}
        if args.token.endswith("getResourceGroup"):
            return {"id": f"{SUBSCRIPTION}/resourceGroups/{args.args['resourceGroupName']}"}
        return {"keys": [{"keyName": "key1", "value": "the-key"}]}

    def inputs(self, what):
        return unsecret(self.made[what].inputs)

    def azure(self):
        """The azure-native resources that were made, in order of their names."""
        return sorted(what for what, args in self.made.items() if args.typ.startswith("azure-native"))


def _answers(args):
    kind = args.typ.rpartition(":")[2]
    if kind == "StorageAccount":
        return {"name": "digits1", "primaryEndpoints": {"blob": "https://digits1.blob.core.amlkit.test/"}}
    if kind == "Datastore" and args.resource_id:
        there = {"datastoreType": "AzureBlob", "accountName": "theirs", "containerName": "data"}
        return {"properties": {**there, "endpoint": "core.windows.net", "credentials": {"credentialsType": "None"}}}
    if kind == "UserAssignedIdentity":
        return {"principalId": f"principal-of-{args.name}", "clientId": f"client-of-{args.name}"}
    if kind == "Workspace":
        return {"workspaceId": "guid", "storageAccount": args.inputs.get("storageAccount") or ACCOUNT}
    if args.typ.startswith("amlkit:index:"):
        version = args.inputs.get("version")
        return {"armId": f"/arm/{args.name}/{version}", "scoringUri": "https://score", "serving": "v1"}
    return {}


def _identity(args):
    given = args.inputs["identity"]
    users = {each: {"principalId": "p", "clientId": "c"} for each in given.get("userAssignedIdentities") or ()}
    return {"type": given["type"], "principalId": f"principal-of-{args.name}", "userAssignedIdentities": users}


GROUP = "/subscriptions/s/resourceGroups/g"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/theirs"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/theirs"
INSIGHTS = f"{GROUP}/providers/Microsoft.Insights/components/theirs"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/theirs"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/theirs"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/theirs"


def run(program):
    """Run a program to its end, all of its resources made."""
    pulumi.runtime.test(program)()

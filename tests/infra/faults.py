"""Every kind of resource that the infrastructure layer makes, the faults that its requests may meet, and what is there.

The rows of `KINDS` are Pulumi's types with the path of their requests; those of `FAULTS` what happens to a request.
`cloud` asks by a client of its own, beside provider and engine.
"""

import json
import re
import ssl
import time
from contextlib import contextmanager

import httpx

from amlkit.home import SUBSCRIPTION

from .stack import GROUP

ROOT = f"/subscriptions/{SUBSCRIPTION}"
NATIVE = "azure-native:"
ML = f"{NATIVE}machinelearningservices:"
KINDS = {
    f"{NATIVE}resources:ResourceGroup": r"/resourceGroups/small[0-9a-f]{8}$",
    f"{NATIVE}managedidentity:UserAssignedIdentity": r"/userAssignedIdentities/[^/]+$",
    f"{NATIVE}storage:StorageAccount": r"/storageAccounts/[^/]+$",
    f"{NATIVE}storage:BlobContainer": r"/blobServices/default/containers/[^/]+$",
    f"{NATIVE}storage:FileShare": r"/fileServices/default/shares/[^/]+$",
    f"{NATIVE}keyvault:Vault": r"Microsoft.KeyVault/vaults/[^/]+$",
    f"{NATIVE}applicationinsights:Component": r"Microsoft.Insights/components/[^/]+$",
    f"{NATIVE}containerregistry:Registry": r"Microsoft.ContainerRegistry/registries/[^/]+$",
    f"{NATIVE}authorization:RoleAssignment": r"/roleAssignments/[^/]+$",
    f"{ML}Workspace": r"Microsoft.MachineLearningServices/workspaces/[^/]+$",
    f"{ML}Datastore": r"/datastores/[^/]+$",
    f"{ML}Compute": r"/computes/[^/]+$",
    f"{NATIVE}databricks:Workspace": r"Microsoft.Databricks/workspaces/[^/]+$",
    f"{NATIVE}datalakestore:Account": r"Microsoft.DataLakeStore/accounts/[^/]+$",
    f"{NATIVE}datalakeanalytics:Account": r"Microsoft.DataLakeAnalytics/accounts/[^/]+$",
    f"{NATIVE}datafactory:Factory": r"Microsoft.DataFactory/factories/[^/]+$",
    "amlkit:index:AssetVersion": r"/(codes|environments|components|data)/[^/]+/versions/[^/]+$",
    "amlkit:index:Endpoint": r"/batchEndpoints/[^/]+$",
    "amlkit:index:Deployment": r"/batchEndpoints/[^/]+/deployments/[^/]+$",
}
"""What has a PUT of its own. `Publication` is a second one of the endpoint's, `Purge` asks for a vault's and reads."""
FAULTS = {
    "busy": {"status": 429, "code": "TooManyRequests", "retryAfter": 1, "when": "before"},
    "broken before": {"status": 500, "when": "before"},
    "broken after": {"status": 500, "when": "after"},
    "dropped before": {"drop": True, "when": "before"},
    "dropped after": {"drop": True, "when": "after"},
    "silent": {"hang": 0.3, "when": "after"},
}
LASTING = {
    **FAULTS,
    "busy": {**FAULTS["busy"], "retryAfter": 600},
    "silent": {**FAULTS["silent"], "hang": 60},
}
CAUSES = {
    "busy": r"TooManyRequests",
    "broken before": r"InternalServerError",
    "broken after": r"InternalServerError",
    "dropped before": r"no answer from",
    "dropped after": r"no answer from",
    "silent": r"timed out|not done in time",
}
"""What a message must say."""
OF_WORKSPACE = ("azureml", "code-", "insights-logs")
"""How the names of containers and shares begin that a workspace makes by itself."""
CUT_OFF = "the program ended while its hook"
DEFAULT_STORES = ("workspaceartifactstore", "workspaceblobstore", "workspacefilestore", "workspaceworkingdirectory")


def shifted(kinds, shift):
    """Each kind with a fault: over all shifts each with every one."""
    names = list(FAULTS)
    return {kind: names[(place + shift) % len(names)] for place, kind in enumerate(kinds)}


def add(stack, method, path, fault, count=1):
    stack.arm("POST", "/control/faults", {"method": method, "path": path, "count": count, **fault})


def spread(stack, lasting):
    """These faults until further notice, and no others; what is silent for ever has two seconds."""
    clear(stack)
    for kind, fault in lasting.items():
        add(stack, "PUT", KINDS[kind], LASTING[fault], count=0)
    silent = [kind for kind, fault in lasting.items() if fault == "silent"]
    stack.mark(hurry="\n".join(silent) if silent else None)


def clear(stack):
    stack.arm("DELETE", "/control/faults")


def unmet(stack):
    """Faults that no request met."""
    return [each["method"] + " " + each["path"] for each in rules(stack) if each["hits"] == 0]


def rules(stack):
    return stack.arm("GET", "/control/faults")["value"]


def met(stack, path):
    """Wait until a request met the fault."""
    until = time.monotonic() + 60
    while not any(each["hits"] for each in rules(stack) if each["path"] == path):
        assert time.monotonic() < until, "nobody met it"
        time.sleep(0.02)


def failures(text):
    """The messages of the resources that failed, by type and name; not of those that a failure of others cut off."""
    found = re.findall(r"^ +([\w:-]+) \(([^)]+)\):\n((?:    .*\n|\n)*)", text + "\n", re.MULTILINE)
    return {(kind, name): said for kind, name, said in found if "error: " in said and CUT_OFF not in said}


def held(stack):
    """Ids that the state holds, of what has one in the cloud; everything in it is whole."""
    deployment = json.loads(stack.ok("stack", "export").text)["deployment"]
    assert not deployment.get("pending_operations")
    found = set()
    for each in deployment.get("resources", ()):
        assert not each.get("initErrors"), each["urn"]
        assert not each.get("delete"), each["urn"]
        id_ = each.get("outputs", {}).get("armId") or each.get("id") or ""
        if id_.startswith("/") and "#" not in id_ and not each.get("external"):
            assert id_.lower() not in found, id_
            found.add(id_.lower())
    return found


def cloud(stack):
    """Ids of all that there is beside what was there before the stack."""
    with asking(stack) as listed:
        groups = [id_ for id_ in listed(f"{ROOT}/resourceGroups") if id_ != GROUP]
        found = {*groups, *listed(f"{ROOT}/providers/Microsoft.Authorization/roleAssignments")}
        for id_ in (id_ for group in groups for id_ in listed(f"{group}/resources")):
            found |= {id_, *of_account(listed, id_), *of_workspace(listed, id_)}
    return {each.lower() for each in found}


@contextmanager
def asking(stack):
    """Lists the ids of a collection, over one connection."""
    address = stack.home.address()
    context = ssl.create_default_context(cafile=str(stack.home.ca / "ca.pem"))
    with httpx.Client(verify=context, base_url=address.url, trust_env=False) as client:
        who = {"api-version": "2019-08-01", "resource": address.url}
        token = client.get("/msi/token", params=who, headers={"X-IDENTITY-HEADER": address.identity_header}).json()
        head = {"Authorization": f"Bearer {token['access_token']}"}

        def listed(path):
            answer = client.get(path, params={"api-version": "2025-12-01"}, headers=head).raise_for_status().json()
            assert not answer.get("nextLink")
            return [each["id"] for each in answer["value"]]

        yield listed


def of_account(listed, id_):
    if not re.search(r"/storageAccounts/[^/]+$", id_):
        return
    places = listed(f"{id_}/blobServices/default/containers") + listed(f"{id_}/fileServices/default/shares")
    for place in places:
        if not place.rpartition("/")[2].startswith(OF_WORKSPACE):
            yield place


def of_workspace(listed, id_):
    if not re.search(r"/Microsoft.MachineLearningServices/workspaces/[^/]+$", id_):
        return
    yield from listed(f"{id_}/computes")
    yield from (each for each in listed(f"{id_}/datastores") if each.rpartition("/")[2] not in DEFAULT_STORES)
    for endpoint in listed(f"{id_}/batchEndpoints"):
        yield endpoint
        yield from listed(f"{endpoint}/deployments")
    for kind in ("codes", "environments", "components", "data"):
        for name in listed(f"{id_}/{kind}"):
            yield from listed(f"{name}/versions")

"""`amlkit stack orphans`: what carries the stack's tags and is not in its state is found and, asked, deleted."""

import json
import subprocess
import sys

import pytest

from amlkit.home import SUBSCRIPTION, TENANT, Home
from amlkit.local import process

from ..infra.stack import GROUP, Stack

OURS = {"project": "small", "stack": "local"}
LOST = GROUP.replace("small", "lost")
IDENTITY = "{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{}"
VAULT = "{}/providers/Microsoft.KeyVault/vaults/{}"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/lostdata"
PROPERTIES = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}
TYPE = "azure-native:managedidentity:UserAssignedIdentity"


@pytest.fixture(scope="module")
def stack(tmp_path_factory, azure_forks):
    folder = tmp_path_factory.mktemp("orphans")
    try:
        yield Stack.make(folder, "embedded", warm=azure_forks)
    finally:
        process.stop(Home(folder))


@pytest.fixture
def furnished(stack):
    """Owned, lost and others' things; the state knows `owned` only."""
    for path in (LOST, IDENTITY.format(GROUP, "owned"), IDENTITY.format(GROUP, "lost"), IDENTITY.format(LOST, "inner")):
        stack._put(path, tags=OURS)
    stack._put(IDENTITY.format(GROUP, "others"), tags={**OURS, "project": "another"})
    stack._put(IDENTITY.format(LOST, "plain"))
    stack._put(ACCOUNT, tags=OURS, kind="StorageV2", sku={"name": "Standard_LRS"})
    stack._put(VAULT.format(GROUP, "lost-vault"), tags=OURS, properties=PROPERTIES)
    stack._put(VAULT.format(GROUP, "gone-vault"), tags=OURS, properties=PROPERTIES)
    stack.arm("DELETE", VAULT.format(GROUP, "gone-vault"))
    keep(stack, IDENTITY.format(GROUP, "owned"))
    yield stack
    keep(stack)
    for path in (LOST, ACCOUNT, VAULT.format(GROUP, "lost-vault"), IDENTITY.format(GROUP, "lost")):
        stack.arm("DELETE", path)
    stack.arm("POST", "/control/purge", {"scope": GROUP})


def keep(stack, *ids):
    """Write the state: these resources, and nothing else."""
    urn = "urn:pulumi:local::small::"
    resources = [{"urn": f"{urn}pulumi:pulumi:Stack::small-local", "custom": False, "type": "pulumi:pulumi:Stack"}]
    provider = f"{urn}pulumi:providers:azure-native::default"
    known = {"urn": provider, "custom": True, "id": "1-2", "type": "pulumi:providers:azure-native", "inputs": {}}
    resources += [known] if ids else []
    for id_ in ids:
        name = id_.rpartition("/")[2]
        held = {"urn": f"{urn}{TYPE}::{name}", "custom": True, "id": id_.upper(), "type": TYPE, "inputs": {}}
        resources.append({**held, "provider": f"{provider}::1-2", "parent": resources[0]["urn"]})
    deployment = {"manifest": {"time": "2026-01-01T00:00:00Z", "magic": "", "version": ""}, "resources": resources}
    file = stack.home.root / "state.json"
    file.write_text(json.dumps({"version": 3, "deployment": deployment if ids else {**deployment, "resources": []}}))
    stack.ok("stack", "import", "--file", str(file), "--force")


def orphans(stack, *words, typed=None):
    command = [sys.executable, "-m", "amlkit", "stack", "orphans", *words]
    return subprocess.run(command, cwd=stack.home.root, capture_output=True, text=True, timeout=120, input=typed)


def listed(stack):
    ended = orphans(stack, "-o", "json")
    assert ended.returncode == 0, ended.stderr
    return {each["id"].rpartition("/")[2]: each for each in json.loads(ended.stdout)}


def test_they_are_listed_and_what_is_owned_or_others_is_not(furnished):
    found = listed(furnished)
    assert set(found) == {"lost", "inner", "lostdata", "lost-vault", "gone-vault"}
    assert {name for name, each in found.items() if each["holdsData"]} == {"lostdata", "lost-vault", "gone-vault"}
    assert found["gone-vault"]["keptUntil"]
    table = orphans(furnished).stdout
    assert f"{ACCOUNT} [data]" in table
    assert set(listed(furnished)) == set(found), "nothing was deleted"


def test_what_holds_data_and_a_group_with_others_things_stay(furnished):
    ended = orphans(furnished, "--delete", "--yes")
    assert "3 of them hold data and stay" in ended.stderr
    assert f"{LOST}  stays: it still holds plain" in ended.stderr
    assert ended.returncode == 1
    assert furnished.arm("GET", IDENTITY.format(LOST, "inner")) is None
    assert furnished.arm("GET", IDENTITY.format(GROUP, "lost")) is None
    for kept in (ACCOUNT, IDENTITY.format(LOST, "plain"), IDENTITY.format(GROUP, "others")):
        assert furnished.arm("GET", kept)
    assert furnished.arm("GET", IDENTITY.format(GROUP, "owned"))


def test_with_data_everything_goes_for_good_and_its_group_too(furnished):
    furnished.arm("DELETE", IDENTITY.format(LOST, "plain"))
    ended = orphans(furnished, "--delete", "--data", "--yes")
    assert ended.returncode == 0, ended.stderr
    assert listed(furnished) == {}
    assert furnished.arm("GET", LOST) is None
    deleted = furnished.arm("GET", f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/deletedVaults")["value"]
    assert deleted == []


def test_nobody_deletes_by_an_empty_state_without_being_asked(furnished):
    keep(furnished)
    ended = orphans(furnished, "--delete", "--data", "--yes", typed="local\n")
    assert ended.returncode == 1
    assert "the state of `local` is empty" in ended.stderr
    assert "nobody is there to ask" in ended.stderr
    assert furnished.arm("GET", IDENTITY.format(GROUP, "owned"))


def test_a_refusal_names_the_role_and_ends_nothing_else(furnished):
    scope = IDENTITY.format(GROUP, "lost")
    action = "Microsoft.ManagedIdentity/userAssignedIdentities/delete"
    message = f"The client 'x' with object id 'x' does not have authorization to perform action '{action}' over scope "
    fault = {"method": "DELETE", "path": "userAssignedIdentities/lost$", "status": 403, "count": 0}
    furnished.arm(
        "POST", "/control/faults", {**fault, "code": "AuthorizationFailed", "message": f"{message}'{scope}'."}
    )
    try:
        ended = orphans(furnished, "--delete", "--yes")
    finally:
        furnished.arm("DELETE", "/control/faults")
    assert f"hint: `{action}` needs the role `Contributor` on the identity `lost`" in ended.stderr
    assert furnished.arm("GET", IDENTITY.format(LOST, "inner")) is None


@pytest.mark.parametrize(("words", "said"), [(("--nothing",), "No such option"), (("--stack", "nostack"), "no stack")])
def test_a_wrong_command_line_exits_1(stack, words, said):
    ended = orphans(stack, *words)
    assert ended.returncode == 1
    assert said.lower() in ended.stderr.lower()

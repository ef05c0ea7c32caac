"""Tokens, passwords and keys of computes are planted, everything is done with them, and then they are looked for.

Searched is all that commands print and all files of the project: state, its backups and history, exports, event logs,
the stand-in's log. Not the stand-in's own database, which is the service that the secrets were given to; nobody but the
user may read that.
"""

import base64
import json
import re
import stat
import urllib.parse

import pytest

from amlkit.home import SUBSCRIPTION

from .stack import GROUP, ROOT, WORKSPACE, living

TOKENS = ["dapi5f0c3e8b9a7d4126c0ffee0123456789", "dapi77aa88bb99cc00dd11ee22ff33445566"]  # the second: rotated
FROM_CONFIG = "dapi1029384756afbecd1029384756afbecd"
PASSWORD = "Plantain-Orchard-4711"
KEY_BODY = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE"
PEM = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{KEY_BODY}\n-----END OPENSSH PRIVATE KEY-----\n"
PLANTED = [*TOKENS, FROM_CONFIG, PASSWORD, KEY_BODY]

CALLS = re.compile(r'^\{"time":"[^"]+","level":"INFO","msg":"(?:Unm|M)arshaling property for RPC.*$', re.MULTILINE)
"""What the Pulumi CLI logs with `-v 9` of each call that it makes or takes: all values, in clear. That is not ours."""
BRICKS = f"{GROUP}/providers/Microsoft.Databricks/workspaces/theirs"
PROGRAM = f"""
import os
DatabricksCompute(workspace=workspace)
DatabricksCompute("second", DatabricksArgs(databricks={BRICKS!r},
    access_token=pulumi.Config("test").require_secret("token")), workspace=workspace)
Cluster("own", ClusterArgs(vm_size="Standard_DS3_v2", ssh=SshArgs(user="jo", password={PASSWORD!r})),
    workspace=workspace)
VirtualMachineCompute("box", VirtualMachineArgs(machine="{GROUP}/providers/Microsoft.Compute/virtualMachines/m",
    address="10.0.0.4", user="jo", private_key={PEM!r}), workspace=workspace)
"""
MISSING = (
    PROGRAM
    + f"""
DatabricksCompute("third", DatabricksArgs(databricks="{BRICKS}-gone",
    access_token=os.environ["AML_DATABRICKS_ACCESS_TOKEN"]), workspace=workspace)
"""
)
WRONG = (
    PROGRAM
    + """
DatabricksArgs(databricks="nonsense", access_token=os.environ["AML_DATABRICKS_ACCESS_TOKEN"] + " ")
"""
)


@pytest.fixture(params=["embedded", "official"])
def stack(request, tmp_path, azure_forks):
    with living(request, tmp_path, azure_forks, main=ROOT / "tests/infra/declared") as stack:
        stack.environment.update(
            AML_DATABRICKS_COMPUTE_NAME="bricks",
            AML_DATABRICKS_WORKSPACE="theirs",
            AML_DATABRICKS_RESOURCE_GROUP="small",
            AML_DATABRICKS_ACCESS_TOKEN=TOKENS[0],
            PULUMI_DEBUG_COMMANDS="true",  # the CLI hides the flag of the event log
        )
        managed = {"managedResourceGroupId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/theirs-managed"}
        stack.arm("PUT", BRICKS, {"location": "westeurope", "properties": managed})
        stack.ok("config", "set", "azure-native:location", "westeurope")
        stack.ok("config", "set", "--secret", "test:token", FROM_CONFIG)
        yield stack


def forms(secret):
    """How a secret may lie in bytes: plain, as UTF-16, in hex, percent-encoded, and inside any Base64."""
    raw = secret.encode()
    yield from (raw, secret.encode("utf-16-le"), raw.hex().encode(), urllib.parse.quote(secret, safe="").encode())
    for shift in range(3):
        text = base64.b64encode(b"x" * shift + raw)
        yield text[4 if shift else 0 : len(text) // 4 * 4 - 4]


def found_in(content):
    return [secret for secret in PLANTED if any(form in content for form in forms(secret))]


def leaks(stack):
    """Files of the project that hold a planted secret."""
    ours = stack.home.root / "declared.py"  # where this test, against all advice, wrote some of them
    service = stack.home.folder.glob("local.db*")
    assert stat.S_IMODE(stack.home.folder.stat().st_mode) == 0o700
    apart = {ours, *service}
    files = [path for path in stack.home.root.rglob("*") if path.is_file() and path not in apart]
    assert len(files) > 20
    return {str(path.relative_to(stack.home.root)): found for path in files if (found := found_in(path.read_bytes()))}


def told(stack, *words, code=0):
    """A command that must tell no secret."""
    ended = stack.run(*words)
    assert ended.code == code, ended.text + ended.errors
    said = f"{ended.text}\0{ended.errors}"
    assert found_in(CALLS.sub("", said).encode()) == []
    return said


def every_view(stack, log):
    """Every way to look at a plan and a state, short of `--show-secrets`."""
    told(stack, "preview", "--logtostderr", "-v", "9")
    events = str(stack.home.root / f"{log}-preview.log")
    told(stack, "preview", "--diff", "--show-reads", "--show-sames", "--debug", "--event-log", events)
    json.loads(told(stack, "preview", "--json").partition("\0")[0])
    told(stack, "stack")
    told(stack, "stack", "output", "--json")
    told(stack, "stack", "export", "--file", str(stack.home.root / f"{log}-export.json"))
    assert "[secret]" in told(stack, "config") or "********" in told(stack, "config")
    return told(stack, "stack", "export")


def test_no_secret_of_a_compute_shows_anywhere(stack):
    declared = stack.home.root / "declared.py"
    declared.write_text(PROGRAM)
    every_view(stack, "new")
    assert "[secret]" in told(stack, "preview", "--diff")
    told(stack, "up", "--yes", "--diff", "--event-log", str(stack.home.root / "up.log"))
    held = json.loads(every_view(stack, "made").partition("\0")[0])["deployment"]["resources"]
    inputs = {each["urn"].rpartition("::")[2]: each.get("inputs") for each in held if "Compute" in each["type"]}
    for name in ("bricks", "second", "own", "box"):
        assert "ciphertext" in json.dumps(inputs[name]), name
    told(stack, "refresh", "--yes")

    stack.environment["AML_DATABRICKS_ACCESS_TOKEN"] = TOKENS[1]
    text = told(stack, "preview", "--diff")
    assert "databricksAccessToken: [secret] => [secret]" in text
    told(stack, "up", "--yes")
    told(stack, "preview", "--expect-no-changes")
    keys = stack.arm("POST", f"{WORKSPACE}/computes/bricks/listKeys")
    assert keys["databricksAccessToken"] == TOKENS[1]

    declared.write_text(MISSING)
    assert "does not exist" in told(stack, "up", "--yes", "--event-log", str(stack.home.root / "failed.log"), code=1)
    declared.write_text(WRONG)
    assert "holds white space" in told(stack, "up", "--yes", code=1)
    declared.write_text(PROGRAM)
    stack.environment["AML_DATABRICKS_ACCESS_TOKEN"] = TOKENS[0]
    for when in ("before", "after"):
        fault = {"path": "computes/bricks", "method": "PUT", "status": 400, "when": when, "count": 1}
        stack.arm("POST", "/control/faults", fault)
        told(stack, "up", "--yes", "--skip-preview", code=1)
    told(stack, "up", "--yes")
    assert stack.arm("POST", f"{WORKSPACE}/computes/bricks/listKeys")["databricksAccessToken"] == TOKENS[0]
    assert leaks(stack) == {}
    told(stack, "destroy", "--yes")
    assert leaks(stack) == {}


def test_the_search_itself_finds_what_is_there():
    for secret in PLANTED:
        for shift in range(3):
            assert found_in(base64.b64encode(b"x" * shift + secret.encode() + b"yz")) == [secret]
        assert found_in(json.dumps({"a": secret}).encode()) == [secret]

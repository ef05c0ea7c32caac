"""What to do about a refusal of Azure: which role, or which way through a network, is missing.

`target` asks it for every answer of 400 and above, `rest` where there is none, `transfer` for what storage refuses.
Roles are Azure's own that have the action (Microsoft's page "Azure built-in roles"), the smallest of those first that
a platform would give; how each service words its refusal is taken from its documentation, and was not tried on Azure.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

_ML = "microsoft.machinelearningservices/workspaces"
SCIENTIST, OPERATOR = "AzureML Data Scientist", "AzureML Compute Operator"
CONTRIBUTOR, READER = "Contributor", "Reader"
_ROLES: tuple[tuple[str, str], ...] = (
    (r"microsoft\.authorization/roleassignments/.*(write|delete)", "Role Based Access Control Administrator"),
    (r"microsoft\.authorization/.*(write|delete)", "User Access Administrator"),
    (r"microsoft\.managedidentity/.*/(assign/action)", "Managed Identity Operator"),
    (r"microsoft\.storage/storageaccounts/listkeys/action", "Storage Account Contributor"),
    (r"microsoft\.network/privatednszones/.*(write|delete|action)", "Private DNS Zone Contributor"),
    (r"microsoft\.network/.*(write|delete|action)", "Network Contributor"),
    (rf"{_ML}/(write|delete|listkeys/action)", CONTRIBUTOR),
    (rf"{_ML}/computes/.*(write|delete|action)", OPERATOR),
    (rf"{_ML}/.+/(write|delete|action)", SCIENTIST),
    (r".*/read", READER),
    (r".*", CONTRIBUTOR),
)
ROLES = frozenset(role for _, role in _ROLES) | {
    f"Storage {kind}" for kind in ("Blob Data Contributor", "Blob Data Reader", "File Data Privileged Contributor")
}
"""Every role that a hint can name."""

_ZONES = {
    "azurecr.io": "privatelink.azurecr.io",
    "azuredatabricks.net": "privatelink.azuredatabricks.net",
    "api.azureml.ms": "privatelink.api.azureml.ms",
    "vault.azure.net": "privatelink.vaultcore.azure.net",
    "blob.core.windows.net": "privatelink.blob.core.windows.net",
    "dfs.core.windows.net": "privatelink.dfs.core.windows.net",
    "file.core.windows.net": "privatelink.file.core.windows.net",
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_ACTION = re.compile(r"perform action '([^']+)'(?:[^']*? scope '([^']+)')?", re.IGNORECASE)
_LINKED = re.compile(r"perform action(?:\(s\))? '([^']+)' on the linked scope\(s\) '([^']+)'", re.IGNORECASE)
_NETWORK = re.compile(
    r"public (network )?access|firewall|network rules?|network acls?|private (endpoint|link)|virtual network"
    r"|using this network|client (ip )?address is not (authorized|allowed)|trusted service",
    re.IGNORECASE,
)
_NETWORK_CODES = ("AuthorizationFailure", "ForbiddenByFirewall", "PublicNetworkAccessDisabled")


def hint(method: str, url: str, status: int, code: str, message: str) -> str:
    """The next move after an answer of `status`, with the service's own code and message; empty if none is known."""
    if code == "KeyBasedAuthenticationNotPermitted":
        account = _account(url)
        return f"the account `{account}` takes no keys nor what is signed with them: give the datastore no credentials"
    if code == "RequestDisallowedByPolicy":
        return (
            "a policy of the subscription forbids it: who owns the policy can exempt the resource, or says what may be"
        )
    if status == 401 and urlsplit(url).hostname not in _LOOPBACK:
        return "the login is missing, over, or of another tenant: `az login`, or the variables AZURE_*"
    if status != 403:
        return ""
    if code in _NETWORK_CODES or _NETWORK.search(message):
        return by_network(urlsplit(url).hostname or "")
    service = _storage(url)
    if service:
        return _data_role(service, method, _account(url))
    return _role(method, url, message)


def by_network(host: str) -> str:
    """The way to a host that a network keeps us from."""
    name = _named(host)
    return (
        f"the network rules of {name} keep this machine out: add its address to them, or go through the private network"
    )


def silent(host: str) -> str:
    """What to do about a host that cannot be connected to."""
    return f"a firewall or proxy may be in the way, or {_named(host)} is only reached through a private network"


def unresolved(host: str) -> str:
    """What to do about a host whose name nothing resolves."""
    zone = next((zone for suffix, zone in _ZONES.items() if host.endswith(f".{suffix}")), "")
    if zone:
        return f"is `{host}` only known in a private network? Run it there, or link the DNS zone `{zone}` to this one"
    return f"is the name right, and is this machine online? `{host}` may only be known in a private network"


def storage_role(service: str, *, writes: bool) -> str:
    """The least role for data in storage. `service`: `blob`, `dfs` or `file`."""
    if service == "file":  # there is a reader's too, but clients with a token ask for more than it has
        return "Storage File Data Privileged Contributor"
    return f"Storage Blob Data {'Contributor' if writes else 'Reader'}"


def role_of(action: str) -> str:
    """The role for an action of Azure Resource Manager (`Microsoft.Storage/storageAccounts/write`)."""
    return next(role for pattern, role in _ROLES if re.fullmatch(pattern, action, re.IGNORECASE))


def _data_role(service: str, method: str, account: str) -> str:
    writes = method not in ("GET", "HEAD")
    doing = "uploading" if writes else "reading"
    return f"{doing} needs the role `{storage_role(service, writes=writes)}` on the account `{account}`"


def _role(method: str, url: str, message: str) -> str:
    """From the action and the scope that Azure names, else from what was asked."""
    said = _LINKED.search(message) or _ACTION.search(message)
    action, scope = (said[1], said[2] or "") if said else _asked(method, url)
    if not action:
        return ""
    where = f" on {_short(scope)}" if scope else ""
    return f"`{action}` needs the role `{role_of(action)}`{where}; a new grant takes some minutes"


def _asked(method: str, url: str) -> tuple[str, str]:
    """Action and scope of a request to Azure Resource Manager; nothing for another one."""
    path = unquote(urlsplit(url).path)
    before, mark, rest = path.rpartition("/providers/")
    start = path.lower().find("/subscriptions/")
    if start < 0:
        return "", ""
    if not mark:
        verb = _VERBS.get(method, "action")
        return f"Microsoft.Resources/subscriptions/resourceGroups/{verb}", path[start:]
    namespace, *parts = rest.strip("/").split("/")
    types = parts[::2]
    if method == "POST" and len(parts) % 2:
        return "/".join((namespace, *types, "action")), path[start:].rpartition("/")[0]
    return "/".join((namespace, *types, _VERBS.get(method, "action"))), path[start:] if start < len(before) else ""


def _short(scope: str) -> str:
    """A scope by its kind and name: `the workspace `digits``; else as it is."""
    parts = scope.strip("/").split("/")
    kinds = {
        "workspaces": "the workspace",
        "resourcegroups": "the resource group",
        "storageaccounts": "the storage account",
        "vaults": "the key vault",
        "userassignedidentities": "the identity",
        "virtualnetworks": "the virtual network",
        "subscriptions": "the subscription",
    }
    for kind, name in reversed(list(zip(parts[::2], parts[1::2], strict=False))):
        if kind.lower() in kinds:
            return f"{kinds[kind.lower()]} `{name}`"
    return f"`{scope}`"


def _storage(url: str) -> str:
    parts = (urlsplit(url).hostname or "").split(".")
    return parts[1] if len(parts) > 3 and parts[1] in ("blob", "dfs", "file") else ""


def _account(url: str) -> str:
    return (urlsplit(url).hostname or "").partition(".")[0]


def _named(host: str) -> str:
    return f"`{host.partition('.')[0]}` ({host})" if _storage(f"https://{host}") else f"`{host}`"

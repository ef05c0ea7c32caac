"""The datastores of a workspace: find one, look into it, and go into its storage.

We go in as who we are, or, where the datastore has credentials, by the short-lived SAS that the workspace gives out for
it; never by a key. Used by the command `data`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from amlkit import transfer
from amlkit.errors import DefinitionError, Problem, ServiceError, SetupError, near
from amlkit.identity import Credential
from amlkit.target import credential

from .stacks import MACHINE_LEARNING, Workspace

_T = TypeVar("_T")
_URI = re.compile(r"azureml://datastores/(?P<name>[^/]+)/paths(/(?P<path>.*))?", re.DOTALL)
_SERVICES = {
    "AzureBlob": ("blob", "containerName"),
    "AzureFile": ("file", "fileShareName"),
    "AzureDataLakeGen2": ("dfs", "filesystem"),
}
_HOURS = 1  # that a SAS lives
_KEYLESS = "KeyBasedAuthenticationNotPermitted"


@dataclass(frozen=True)
class Store:
    """A datastore. `container` is its container, share or file system; `url` its address, empty where it has none."""

    name: str
    type: str
    account: str
    container: str
    url: str
    credentials: str
    is_default: bool


def listed(workspace: Workspace) -> tuple[Store, ...]:
    """All of them, by name."""
    suffix = workspace.service.target.storage_suffix
    found = (_store(document, suffix) for document in workspace.listed("/datastores"))
    return tuple(sorted(found, key=lambda store: store.name))


def find(workspace: Workspace, name: str) -> Store:
    """The one of that name.

    Raises:
        DefinitionError: there is none.
    """
    try:
        document = workspace.get(f"/datastores/{name}")
    except ServiceError as error:
        if error.status not in (400, 404):
            raise
        names = [store.name for store in listed(workspace)]
        close = near(name, names)
        hint = f"did you mean `{close[0]}`?" if close else f"there are: {', '.join(names)}"
        raise DefinitionError([Problem(name, "no such datastore in the workspace", hint)]) from error
    return _store(document, workspace.service.target.storage_suffix)


def split(text: str, where: str) -> tuple[str, str]:
    """Name and path of `DATASTORE/path` or `azureml://datastores/DATASTORE/paths/path`.

    Raises:
        DefinitionError: neither, or a path that leads out of the datastore.
    """
    match = _URI.fullmatch(text)
    name, _, path = (match["name"], "", match["path"] or "") if match else text.partition("/")
    parts = [part for part in path.split("/") if part]
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        hint = "`DATASTORE/path`, such as `workspaceblobstore/digits`; a local path comes first"
        raise DefinitionError([Problem(where, f"not a datastore and a path in it: {text}", hint)])
    if any(part in (".", "..") or "\\" in part for part in parts):
        raise DefinitionError([Problem(where, f"not a path in a datastore: {path}", "without `.`, `..` and `\\`")])
    return name, "/".join(parts)


def entries(workspace: Workspace, store: Store, path: str, *, below: bool) -> tuple[transfer.Entry, ...]:
    """What lies at a path: the files and folders in it, or, with `below`, all files below it; of a file, itself.

    Raises:
        ServiceError: refused, or nothing is there.
    """
    goal = place(store, path)

    def look(who: Credential | str) -> list[transfer.Entry]:
        with transfer.opened(goal, who, writes=False) as opened:
            found = list(opened.files(path) if below else opened.children(path))
            one = opened.look(path) if path and not found else None
            return [one] if one else sorted(found, key=lambda entry: entry.name)

    found = going_in(workspace, store, look)
    if not found and path:
        advice = f"`amlkit data ls {store.name}` shows what there is"
        raise ServiceError(404, "PathNotFound", "there is nothing", where=f"{store.name}/{path}", hint=advice)
    return tuple(found)


def place(store: Store, path: str) -> transfer.Place:
    """Where a path of a datastore is.

    Raises:
        SetupError: a kind of datastore that files cannot be brought to, nor from.
    """
    if not store.url:
        what = f"a datastore of type {store.type} cannot be looked into"
        raise SetupError(what, where=store.name, hint=f"these can: {', '.join(_SERVICES)}")
    return transfer.Place.of(store.url).below(path)


def going_in(workspace: Workspace, store: Store, what: Callable[[Credential | str], _T]) -> _T:
    """Do something as whoever gets in: by the SAS of a datastore with credentials, else as who we are.

    An account that takes no shared keys takes no SAS of this kind either; then we go as who we are.
    """
    sas = _sas(workspace, store)
    if sas:
        try:
            return what(sas)
        except ServiceError as error:
            if error.code != _KEYLESS:
                raise
    return what(credential(workspace.service.target.is_local))


def _sas(workspace: Workspace, store: Store) -> str:
    """The one that the workspace gives out; empty if it does not, or has a key to give only."""
    if store.credentials not in ("AccountKey", "Sas"):
        return ""
    path = f"{workspace.id}/datastores/{store.name}/listSecrets"
    try:
        asked = {"expirableSecret": True, "expireAfterHours": _HOURS}
        answer = workspace.service.arm("POST", path, MACHINE_LEARNING, asked).json()
    except ServiceError as error:
        if error.status not in (400, 403, 404):
            raise
        return ""  # who may not ask may still be let in
    return str(answer.get("sasToken") or "")


def _store(document: Mapping[str, Any], suffix: str) -> Store:
    properties = document["properties"]
    kind, account = str(properties["datastoreType"]), str(properties.get("accountName") or "")
    service, key = _SERVICES.get(kind, ("", "storeName"))
    container = str(properties.get(key) or "")
    ends = properties.get("endpoint") or suffix
    url = f"https://{account}.{service}.{ends}/{container}" if service else ""
    credentials = str(properties["credentials"]["credentialsType"])
    is_default = bool(properties.get("isDefault"))
    return Store(document["name"], kind, account or container, container, url, credentials, is_default)

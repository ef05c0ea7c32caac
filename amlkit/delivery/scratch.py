"""Where a run goes: the workspace of a stack that is up, else a scratch workspace on the local Azure ML.

The scratch workspace has fixed names and is made through Resource Manager, as Pulumi would make one. Nothing but the
local Azure ML ever gets one. Used by the commands that run and look at runs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from amlkit.errors import ServiceError, SetupError
from amlkit.home import SUBSCRIPTION, TENANT, Home
from amlkit.target import Service

from .stacks import DEFAULT_STACK, MACHINE_LEARNING, Stack, Workspace, workspace_of

LOCATION = "westeurope"
GROUPS = "2024-03-01"  # api-version of resource groups
_GROUP, _ACCOUNT, _NAME = "amlkit-scratch", "amlkitscratch", "scratch"


def workspace_id(group: str, name: str) -> str:
    """The ARM id of a workspace of the local Azure ML's own subscription."""
    return f"{_group_id(group)}/providers/Microsoft.MachineLearningServices/workspaces/{name}"


def _group_id(group: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}"


ID = workspace_id(_GROUP, _NAME)


def put_workspace(service: Service, group: str, account: str, name: str) -> Workspace:
    """Make a workspace with a storage account and a vault in a resource group of its own. Raises `ServiceError`."""
    below = _group_id(group)
    storage = f"{below}/providers/Microsoft.Storage/storageAccounts/{account}"
    vault = f"{below}/providers/Microsoft.KeyVault/vaults/{group}"
    made_of = {"storageAccount": storage, "keyVault": vault}
    resources: tuple[tuple[str, str, dict[str, Any]], ...] = (
        (below, GROUPS, {}),
        (storage, "2023-05-01", {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}}),
        (vault, "2023-07-01", {"properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}}}),
        (workspace_id(group, name), MACHINE_LEARNING, {"identity": {"type": "SystemAssigned"}, "properties": made_of}),
    )
    for id_, version, body in resources:
        service.arm("PUT", id_, version, {"location": LOCATION, **body})
    return Workspace(workspace_id(group, name), service)


def is_scratch(workspace: Workspace) -> bool:
    """Is it the scratch workspace?"""
    return workspace.id == ID


def stack_here(name: str | None = None, start: Path | None = None, *, rehearse: bool = False) -> Stack:
    """The stack that is meant at `start` (default: the working directory): as `Stack.find`, else a local one.

    Without a project, or in one without a stack `local`, that one has no file and nothing but a scratch workspace.

    Raises:
        SetupError: a stack is named and there is no project, or its file is damaged.
    """
    home = Home.here(start)
    named = name or os.environ.get("PULUMI_STACK")
    if not named and not (home.is_project and (home.settings_folder / f"Pulumi.{DEFAULT_STACK}.yaml").exists()):
        return Stack(home, DEFAULT_STACK, is_local=True)
    return Stack.find(name, rehearse=rehearse)


def workspace_here(stack: Stack) -> Workspace:
    """The workspace of a stack that is up; of a local one that is not, the scratch workspace, made if it must be.

    Raises:
        SetupError: the stack is not local, or a rehearsal, and not up; or the local Azure ML is not running.
    """
    if not stack.home.is_project and stack.home.address() is None:
        what = "no Pulumi.yaml here or in a folder above, and nothing was run here"
        raise SetupError(what, where=str(stack.home.root), hint="go where it was run, or into a project")
    service = stack.service()
    try:
        return Workspace(workspace_of(stack), service) if stack.home.is_project else made(service)
    except SetupError:
        if not stack.is_local or stack.is_rehearsal:
            raise
    return made(service)


def made(service: Service) -> Workspace:
    """The scratch workspace of a local Azure ML.

    Raises:
        SetupError: the target is not local.
    """
    if not service.target.is_local:
        raise SetupError(f"a scratch workspace is for the local Azure ML only, not {service.target.resource_manager}")
    workspace = Workspace(ID, service)
    try:
        workspace.properties  # noqa: B018  read now, and kept for later
    except ServiceError as error:
        if error.status != 404:
            raise
        return put_workspace(service, _GROUP, _ACCOUNT, _NAME)
    return workspace

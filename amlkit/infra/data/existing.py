"""A datastore of a workspace that somebody else made: its name for pipelines, its address for uploads."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from ..workspace import Workspace
from .datastores import Datastore

_PLACES = {
    "AzureBlob": ("blob", "containerName"),
    "AzureFile": ("file", "fileShareName"),
    "AzureDataLakeGen2": ("dfs", "filesystem"),
}


class ExistingDatastore(Datastore):
    """Of any kind; it is read, and never changed or deleted. A preview fails if there is none of that name."""

    def __init__(self, name: str, *, workspace: Workspace, opts: pulumi.ResourceOptions | None = None) -> None:
        """`name` is its name in the workspace.

        Raises:
            DefinitionError: not a name of a datastore.
        """
        super().__init__("ExistingDatastore", name, workspace, opts)
        self._place = name
        id_ = pulumi.Output.concat(workspace.id, "/datastores/", name)
        self.datastore = ml.Datastore.get(name, id_, pulumi.ResourceOptions(parent=self))
        self.name: pulumi.Output[str] = self.datastore.name
        self.register_outputs({"name": self.name})

    @property
    def url(self) -> pulumi.Output[str]:  # type: ignore[override]  # asked for where something is uploaded, no sooner
        """The address of its container; the update fails if it is of a kind that nothing can be uploaded to."""
        return self.datastore.properties.apply(lambda known: _address(self._place, known))


def _address(name: str, properties: Any) -> str:
    kind = str(_of(properties, "datastoreType") or "")
    if kind not in _PLACES:
        raise pulumi.RunError(f"{name}: nothing can be uploaded to a datastore of the kind `{kind}`")
    service, container = _PLACES[kind]
    host = f"{_of(properties, 'accountName')}.{service}.{_of(properties, 'endpoint') or 'core.windows.net'}"
    return f"https://{host}/{_of(properties, container)}"


def _of(properties: Any, name: str) -> Any:
    """A property, which the SDK gives as a mapping or as an object with Python's names."""
    if isinstance(properties, dict):
        return properties.get(name)
    return getattr(properties, "".join(f"_{each.lower()}" if each.isupper() else each for each in name), None)

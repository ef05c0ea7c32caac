"""The resources of our own plugin, as a Pulumi program declares them; see `amlkit.provider.published`.

`PublishedPipeline` and `DataFolder` put them together; a program rarely needs them by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar

import pulumi

_T = TypeVar("_T")
Input: TypeAlias = "_T | pulumi.Output[_T]"


_NAMES = {"armId": "arm_id", "scoringUri": "scoring_uri"}


class _Published(pulumi.CustomResource):
    """Outputs by their Python names."""

    def translate_output_property(self, prop: str) -> str:
        """Pulumi's name as ours."""
        return _NAMES.get(prop, prop)


class AssetVersion(_Published):
    """A slot for one version of a `kind` (code, environment, component, data) called `name`.

    `uploaded_to` is where a hook puts the files that the version is of, if it has files. `arm_id` carries the version.
    """

    arm_id: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        workspace_id: Input[str],
        kind: str,
        name: str,
        definition: Input[str],
        version: Input[str],
        body: Input[Mapping[str, Any]],
        uploaded_to: Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "workspaceId": workspace_id,
            "kind": kind,
            "name": name,
            "definition": definition,
            "version": version,
            "body": body,
            "uploadedTo": uploaded_to,
            "arm_id": None,
        }
        super().__init__("amlkit:index:AssetVersion", resource_name, inputs, opts)


class Endpoint(_Published):
    """The stable address of a pipeline; edits keep its default deployment and the tags that are not the program's."""

    arm_id: pulumi.Output[str]
    name: pulumi.Output[str]
    scoring_uri: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        workspace_id: Input[str],
        name: Input[str],
        location: Input[str],
        description: Input[str] | None = None,
        tags: Input[Mapping[str, str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "workspaceId": workspace_id,
            "name": name,
            "location": location,
            "description": description,
            "tags": tags,
            "arm_id": None,
            "scoring_uri": None,
        }
        super().__init__("amlkit:index:Endpoint", resource_name, inputs, opts)


class Deployment(_Published):
    """A slot for what an endpoint can serve; at most `keep` (4 to 19) of ours stay on it.

    `digest` is the definition's, `version` that of what is deployed here, with this environment's bindings. `source`
    says from which code it was made (`amlkit.git`); it is written with a new deployment, and is never a change.
    """

    arm_id: pulumi.Output[str]
    name: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        endpoint_id: Input[str],
        location: Input[str],
        name: Input[str],
        component_id: Input[str],
        digest: Input[str],
        version: Input[str],
        settings: Input[Mapping[str, Any]] | None = None,
        description: Input[str] | None = None,
        keep: Input[int] | None = None,
        source: Input[Mapping[str, str]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "endpointId": endpoint_id,
            "location": location,
            "name": name,
            "componentId": component_id,
            "digest": digest,
            "version": version,
            "settings": settings,
            "description": description,
            "keep": keep,
            "source": source,
            "arm_id": None,
        }
        super().__init__("amlkit:index:Deployment", resource_name, inputs, opts)


class Purge(_Published):
    """Purges at a destroy what Azure keeps for a while of what this stack deleted in a resource group.

    Whatever can be purged is made after it (`depends_on`), and carries the tags `project` and `stack`.
    """

    def __init__(self, resource_name: str, *, group_id: Input[str], opts: pulumi.ResourceOptions | None = None) -> None:
        inputs = {"groupId": group_id, "project": pulumi.get_project(), "stack": pulumi.get_stack()}
        super().__init__("amlkit:index:Purge", resource_name, inputs, opts)


class Publication(_Published):
    """Says which deployment serves. `clears` is the time of the pin that a promote clears with it."""

    serving: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        endpoint_id: Input[str],
        deployment: Input[str],
        digest: Input[str],
        clears: Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "endpointId": endpoint_id,
            "deployment": deployment,
            "digest": digest,
            "clears": clears,
            "serving": None,
        }
        super().__init__("amlkit:index:Publication", resource_name, inputs, opts)

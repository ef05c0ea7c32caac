"""A compiled pipeline on an endpoint: what `compile` gave, as resources.

Order: the assets (code after its upload), endpoint, deployment, smoke check, and last the Publication that moves the
default. Names are stable and carry no digest, so that a publish is a handful of updates.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pulumi
from pydantic import Field

from amlkit import digest, git
from amlkit.errors import DefinitionError, Problem
from amlkit.manifest import PIPELINE_TAG, Asset, Manifest, bind, references

from .args import Args
from .names import deployment_name, endpoint_name
from .resources import AssetVersion, Deployment, Endpoint, Publication
from .smoke import Smoke, is_deployed, smoke_hook
from .uploads import upload_hook


class Need(Protocol):
    """What a definition needs, by name; `Compute` and `Datastore` of `amlkit.pipelines` are."""

    @property
    def name(self) -> str:
        """The name that the definitions use."""


class HasId(Protocol):
    """A compute: `Cluster`, or any azure-native `Compute`."""

    @property
    def id(self) -> pulumi.Output[str]:
        """Its ARM id."""


class HasName(Protocol):
    """A datastore: `BlobDatastore`, or any azure-native `Datastore`."""

    @property
    def name(self) -> pulumi.Output[str]:
        """Its name in Azure ML."""


class HasRoom(Protocol):
    """A workspace to publish on: `Workspace`, or three outputs of one that is not ours."""

    @property
    def id(self) -> pulumi.Output[str]:
        """Its ARM id."""

    @property
    def location(self) -> pulumi.Output[str]:
        """Its Azure location."""

    @property
    def snapshots(self) -> pulumi.Output[str]:
        """The address of the container that code is uploaded to."""


class PublishedPipelineArgs(Args):
    """The plain arguments of `PublishedPipeline`."""

    keep: int = Field(10, ge=4, le=19)
    tags: Mapping[str, str] = {}


class PublishedPipeline(pulumi.ComponentResource):
    """One pipeline, one endpoint; outputs: `endpoint_name`, `scoring_uri`, `serving` (a deployment)."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        workspace: HasRoom,
        compute: Mapping[Any, HasId | str],
        datastores: Mapping[Any, HasName | str],
        keep: int = 10,
        tags: Mapping[str, str] | None = None,
        smoke: Smoke = is_deployed,
        clears: str | None = None,
        source: Mapping[str, str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Publish `manifest` on `workspace`.

        Args:
            manifest: what `compile` gave.
            workspace: where.
            compute: what each compute that the pipeline needs is; keys are needs or their names.
            datastores: what each datastore that it needs is.
            keep: how many deployments stay on the endpoint, to go back to.
            tags: of the endpoint.
            smoke: what has to hold before the default moves.
            clears: the time of the pin that this publish clears (promote).
            source: which code it was made from, as properties of the deployment and of its runs; default: the git
                facts of the project.
            opts: Pulumi's.

        Raises:
            DefinitionError: needs that nothing is given for, or arguments out of range; all of them.
        """
        args = PublishedPipelineArgs.of(manifest.name, keep=keep, tags=tags or {})
        _refuse_unbound(manifest, compute, datastores)
        super().__init__("amlkit:infra:PublishedPipeline", manifest.name, None, opts)
        self.name = manifest.name
        self._workspace = workspace
        self._bindings = _bindings(manifest, workspace, compute, datastores)
        for asset in manifest.assets:
            self._bindings[asset.reference] = self._slot(asset).arm_id
        self._children = pulumi.ResourceOptions(parent=self)
        self.endpoint = self._endpoint(manifest, args)
        self.deployment = self._deployment(manifest, args, _project_source() if source is None else source)
        self.publication = Publication(
            manifest.name,
            endpoint_id=self.endpoint.arm_id,
            deployment=self.deployment.name,
            digest=manifest.definition,
            clears=clears,
            opts=pulumi.ResourceOptions(
                parent=self, deleted_with=self.endpoint, hooks=smoke_hook(f"{manifest.name}-smoke", smoke)
            ),
        )
        self.endpoint_name = self.endpoint.name
        self.scoring_uri = self.endpoint.scoring_uri
        self.serving = self.publication.serving
        self.register_outputs({"endpoint": self.endpoint_name, "serving": self.serving})

    def _slot(self, asset: Asset) -> AssetVersion:
        body = self._bound(asset.body)
        hooks = upload_hook(f"{asset.slot}-upload", asset.files, immutable=True) if asset.kind == "code" else None
        return AssetVersion(
            asset.slot,
            workspace_id=self._workspace.id,
            kind=asset.kind,
            name=asset.name,
            definition=asset.definition,
            version=body.apply(digest.version_of),
            body=body,
            uploaded_to=self._bindings[f"snapshot:{asset.name}"] if asset.kind == "code" else None,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True, hooks=hooks),
        )

    def _endpoint(self, manifest: Manifest, args: PublishedPipelineArgs) -> Endpoint:
        name = self._workspace.id.apply(lambda id_: endpoint_name(manifest.name, pulumi.get_stack(), id_))
        return Endpoint(
            manifest.name,
            workspace_id=self._workspace.id,
            name=name,
            location=self._workspace.location,
            description=manifest.description,
            tags={PIPELINE_TAG: manifest.name, **args.tags},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _deployment(self, manifest: Manifest, args: PublishedPipelineArgs, source: Mapping[str, str]) -> Deployment:
        component = self._bindings[manifest.pipeline.reference]
        settings = self._bound(manifest.settings)
        content = pulumi.Output.all(component=component, settings=settings)
        version = content.apply(digest.of)
        return Deployment(
            manifest.name,
            endpoint_id=self.endpoint.arm_id,
            location=self._workspace.location,
            name=version.apply(deployment_name),
            component_id=component,
            digest=manifest.definition,
            version=version,
            settings=settings,
            description=f"{manifest.name}, definition {digest.short(manifest.definition)}",
            keep=args.keep,
            source=source,
            opts=pulumi.ResourceOptions(parent=self, deleted_with=self.endpoint),
        )

    def _bound(self, body: Any) -> pulumi.Output[Any]:
        needed = {name: self._bindings[name] for name in sorted(references(body))}
        if not needed:
            return pulumi.Output.from_input(body)
        return pulumi.Output.all(**needed).apply(lambda known: bind(body, known))


def _project_source() -> Mapping[str, str]:
    return _source_of(Path(pulumi.get_root_directory()))


@cache
def _source_of(project: Path) -> Mapping[str, str]:
    """Asked of git once, however many pipelines are published."""
    return git.facts(project).properties()


def _bindings(
    manifest: Manifest,
    workspace: HasRoom,
    compute: Mapping[Any, HasId | str],
    datastores: Mapping[Any, HasName | str],
) -> dict[str, pulumi.Output[str]]:
    """What the references to this environment stand for; those to assets join them as the slots are made."""
    bound: dict[str, pulumi.Output[str]] = {}
    for need, given in compute.items():
        bound[f"compute:{_name(need)}"] = pulumi.Output.from_input(given if isinstance(given, str) else given.id)
    for need, store in datastores.items():
        bound[f"datastore:{_name(need)}"] = pulumi.Output.from_input(store if isinstance(store, str) else store.name)
    for asset in manifest.assets:
        if asset.kind == "code":
            snapshot = digest.of_tree((file.path, file.sha256) for file in asset.files)
            bound[f"snapshot:{asset.name}"] = pulumi.Output.concat(workspace.snapshots, "/", snapshot)
    return bound


def _refuse_unbound(manifest: Manifest, compute: Mapping[Any, Any], datastores: Mapping[Any, Any]) -> None:
    wanted = {"compute": (manifest.computes, compute), "datastores": (manifest.datastores, datastores)}
    problems = []
    for argument, (needs, given) in wanted.items():
        names = sorted(_name(need) for need in given)
        hint = f"PublishedPipeline(…, {argument}={{…}})"
        problems += [
            Problem(f"{manifest.name}.{argument}.{need}", f"nothing is given for it; given: {', '.join(names)}", hint)
            for need in needs
            if need not in names
        ]
    if problems:
        raise DefinitionError(problems)


def _name(need: Need | str) -> str:
    return need if isinstance(need, str) else need.name

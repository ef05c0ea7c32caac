"""Registering what a manifest holds in a workspace: snapshots uploaded, versions put, only what is not there yet.

A version is the digest of its body with this workspace's bindings, so the pipeline's own version being there says
that everything below it is. Used by `submission`; publishing does the same through Pulumi.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amlkit import digest, transfer
from amlkit.errors import AmlkitError, DefinitionError, Problem, ServiceError
from amlkit.manifest import DEFINITION_PROPERTY, Asset, Manifest, SnapshotFile, bind

from .stacks import MACHINE_LEARNING, Workspace

COLLECTIONS = {"code": "codes", "environment": "environments", "component": "components", "data": "data"}
SNAPSHOTS = "snapshots"  # the container that a platform of ours has for code
_LOCAL_DATA = "amlkit-local"  # the data asset whose versions are the digests of what was uploaded


@dataclass(frozen=True)
class Registered:
    """An asset with this workspace's values in its body. `place` is where the files of a snapshot go."""

    asset: Asset
    arm_id: str
    body: Mapping[str, Any]
    place: str = ""


def resolve(workspace: Workspace, manifest: Manifest, values: Mapping[str, str]) -> tuple[Registered, ...]:
    """The assets of a manifest in order, as they are to be registered; the last is the pipeline's component.

    Raises:
        DefinitionError: references without a value; all of them.
    """
    known = dict(values)
    found: list[Registered] = []
    for asset in manifest.assets:
        place = ""
        if asset.kind == "code":
            place = f"{snapshots(workspace)}/{digest.of_tree((file.path, file.sha256) for file in asset.files)}"
            known[f"snapshot:{asset.name}"] = place
        body = bind(asset.body, known)
        arm_id = f"{workspace.id}/{COLLECTIONS[asset.kind]}/{asset.name}/versions/{digest.version_of(body)}"
        known[asset.reference] = arm_id
        found.append(Registered(asset, arm_id, body, place))
    return tuple(found)


def register(workspace: Workspace, wanted: tuple[Registered, ...]) -> int:
    """Register what is missing; how many versions were.

    Raises:
        AmlkitError: a version is there and was not made from the same definition.
        DefinitionError: files that changed since the pipeline was compiled.
        ServiceError: refused.
    """
    if _is_there(workspace, wanted[-1]):
        return 0
    count = 0
    for each in wanted:
        if not _is_there(workspace, each):
            if each.asset.kind == "code":
                transfer.send(each.place, each.asset.files, immutable=True)
            count += _put(workspace, each)
    return count


def put(workspace: Workspace, wanted: Registered) -> bool:
    """Register one version, unless it is there; whether it was written. Raises as `register`."""
    return not _is_there(workspace, wanted) and bool(_put(workspace, wanted))


def upload(workspace: Workspace, path: Path, kind: str, where: str) -> str:
    """Bring a local file or folder to the workspace's default datastore, once for a content; its `azureml://` URI.

    Raises:
        DefinitionError: nothing is there, or a file is given for a folder, or the other way round.
    """
    files = _files(path, kind, where)
    content = digest.of([path.name, path.is_dir(), digest.of_tree((file.path, file.sha256) for file in files)])
    store = _default_datastore(workspace)
    below = f"amlkit/data/{content[: digest.VERSION_LENGTH]}"
    tail = f"{path.name}/" if path.is_dir() else path.name
    uri = f"azureml://datastores/{store['name']}/paths/{below}/{tail}"
    body = {
        "dataType": "uri_folder" if path.is_dir() else "uri_file",
        "dataUri": uri,
        "isAnonymous": True,
        "properties": {DEFINITION_PROPERTY: content},
    }
    version = content[: digest.VERSION_LENGTH]
    asset = Asset("data", _LOCAL_DATA, _LOCAL_DATA, content, body)
    wanted = Registered(asset, f"{workspace.id}/data/{_LOCAL_DATA}/versions/{version}", body)
    if not _is_there(workspace, wanted):
        inside = f"{_container(workspace, store)}/{below}" + (f"/{path.name}" if path.is_dir() else "")
        transfer.send(inside, files, immutable=True)
        _put(workspace, wanted)
    return uri


def snapshots(workspace: Workspace) -> str:
    """The address that code is uploaded below: a platform's own container, else the default datastore's."""
    account = str(workspace.properties["storageAccount"])
    try:
        workspace.service.arm("GET", f"{account}/blobServices/default/containers/{SNAPSHOTS}", "2023-05-01")
    except ServiceError as error:
        if error.status not in (403, 404):
            raise
        return f"{_container(workspace, _default_datastore(workspace))}/amlkit/{SNAPSHOTS}"
    suffix = workspace.service.target.storage_suffix
    return f"https://{account.rpartition('/')[2]}.blob.{suffix}/{SNAPSHOTS}"


def _default_datastore(workspace: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = workspace.get("/datastores?isDefault=true")["value"][0]
    return found


def _container(workspace: Workspace, store: Mapping[str, Any]) -> str:
    properties = store["properties"]
    suffix = workspace.service.target.storage_suffix
    return f"https://{properties['accountName']}.blob.{suffix}/{properties['containerName']}"


def _is_there(workspace: Workspace, wanted: Registered) -> bool:
    try:
        document = workspace.service.arm("GET", wanted.arm_id, MACHINE_LEARNING).json()
    except ServiceError as error:
        if error.status == 404:
            return False
        raise
    properties = document["properties"].get("properties") or {}
    if properties.get(DEFINITION_PROPERTY) != wanted.asset.definition:
        what = "this version exists, but was not made from this definition"
        hint = "versions are digests: somebody registered this one by hand; archive it under another name"
        raise AmlkitError(what, where=wanted.arm_id, hint=hint)
    return True


def _put(workspace: Workspace, wanted: Registered) -> int:
    """One if it was written; none if somebody else was faster with the same."""
    try:
        workspace.service.arm("PUT", wanted.arm_id, MACHINE_LEARNING, {"properties": wanted.body})
    except ServiceError as error:
        if error.status != 409 or not _is_there(workspace, wanted):
            raise
        return 0
    return 1


def _files(path: Path, kind: str, where: str) -> tuple[SnapshotFile, ...]:
    if kind == "uri_file" and path.is_dir():
        raise DefinitionError([Problem(where, f"a folder for a file: {path}", "name the file in it")])
    if kind in ("uri_folder", "mltable", "mlflow_model") and path.is_file():
        raise DefinitionError([Problem(where, f"a file for a folder: {path}", "name the folder that it is in")])
    if path.is_file():
        return (_file(path, path.name),)
    found = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else []
    if odd := [each for each in found if not each.name.isprintable()]:
        what = f"its name is not plain text: {str(odd[0])!r}"
        raise DefinitionError([Problem(where, what, "rename it, or take it out of the folder")])
    if not found:
        hint = "" if path.exists() else "paths start in the working directory; data in the workspace is `azureml:…`"
        what = f"no files in {path}" if path.exists() else f"no such file or folder: {path}"
        raise DefinitionError([Problem(where, what, hint)])
    return tuple(_file(each, each.relative_to(path).as_posix()) for each in found)


def _file(path: Path, name: str) -> SnapshotFile:
    found = path.stat()
    source = str(path.resolve())
    return SnapshotFile(name, found.st_size, digest.of_file(path), source=source, modified=found.st_mtime_ns)

"""Versioned assets: codes, environments, components, data and models, each a container of versions.

A version is written once: the same body again is accepted, another one refused. Descriptions, tags, properties and the
archive mark may change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ..arm import shown
from ..jobs.locations import long_uri
from ..versions import (
    LABELS,
    NAME,
    PROVIDER,
    VERSION,
    VERSION_LENGTH,
    container_document,
    curated,
    ensure_container,
    find,
    next_version,
    version_document,
)
from ..web import (
    WORKSPACE,
    AzureError,
    Handler,
    check_types,
    next_link,
    not_found,
    object_body,
    query_number,
    route,
    workspace_id,
    world,
)

_ANONYMOUS = ("azureml_anonymous", "CliV2AnonymousEnvironment")
_PAGE = 200  # items of one answer; `nextLink` leads to the next ones
_MUTABLE = ("description", "tags", "properties", "isArchived", "stage", "provisioningState")
_TYPES = {
    "properties": dict,
    "properties.tags": dict,
    "properties.properties": dict,
    "properties.componentSpec": dict,
    "properties.componentSpec.type": str,
    "properties.codeUri": str,
    "properties.image": str,
    "properties.condaFile": str,
}


@dataclass(frozen=True)
class Asset:
    """One kind of asset: its path segment, what a version needs, and what readers expect in any case."""

    segment: str
    needs: tuple[str, ...]
    defaults: dict[str, Any] = field(default_factory=dict)


ASSETS = (
    Asset("codes", ("codeUri",)),
    Asset("environments", (), {"environmentType": "UserCreated", "osType": "Linux", "autoRebuild": "Disabled"}),
    Asset("components", ("componentSpec",)),
    Asset("data", ("dataType", "dataUri")),
    Asset("models", ("modelUri",), {"flavors": {}}),
)


def put_version(asset: Asset, request: Request, body: Any) -> JSONResponse:
    """`PUT …/{name}/versions/{version}`: 201, or 200 if it is there.

    Raises:
        AzureError: 400: an illegal name or an incomplete body; 409: it exists with another body.
    """
    here, workspace = world(request), workspace_id(request)
    name, version = _name(request), request.path_params["version"]
    properties = _properties(body)
    _check_names(asset, name, version, properties)
    _follow(request, asset, properties)
    for needed in asset.needs:
        if not properties.get(needed):
            raise AzureError(400, "ValidationError", f"A version of {asset.segment} needs '{needed}'.")
    if asset.segment == "environments" and not (properties.get("image") or properties.get("build")):
        raise AzureError(400, "ValidationError", "A version of environments needs 'image' or 'build'.")
    if asset.segment == "components":
        properties["componentSpec"] = {**properties["componentSpec"], "name": name, "version": version}
    with here.database.transaction():
        container = ensure_container(here.documents, workspace, asset.segment, name)
        id_ = f"{container}/versions/{version}"
        before = here.documents.get(id_)
        if before is not None:
            _check_unchanged(before, properties)
        stored = here.documents.put(id_, version_document(asset.segment, version, asset.defaults | properties))
    return JSONResponse(shown(stored), 200 if before else 201)


def get_version(asset: Asset, request: Request, _: Any) -> dict[str, Any]:
    """`GET …/{name}/versions/{version}`; a label in the place of a version means the newest one.

    Raises:
        AzureError: 404.
    """
    name, version = _name(request), request.path_params["version"]
    document = find(world(request).documents, workspace_id(request), asset.segment, name, version)
    if document is None:
        type_ = f"{PROVIDER}/{asset.segment}/versions"
        raise not_found(type_, f"{name}/{version}", request.path_params["group"])
    return shown(document)


def list_versions(asset: Asset, request: Request, _: Any) -> dict[str, Any]:
    """`GET …/{name}/versions`, newest first, with `listViewType`, `$orderBy`, `$top` and `$skip`; `hash` looks through
    all names of the kind, because clients ask with a name of their own making.
    """
    here, workspace = world(request), workspace_id(request)
    wanted = request.query_params.get("hash")
    if wanted:
        all_ = here.documents.of_type(f"{workspace}/{asset.segment}", f"{PROVIDER}/{asset.segment}/versions")
        found = [each for each in all_ if (each["properties"].get("properties") or {}).get("hash_sha256") == wanted]
    else:
        found = here.documents.children(f"{workspace}/{asset.segment}/{_name(request)}", "versions")
        own = curated(workspace, _name(request), "latest") if asset.segment == "environments" and not found else None
        found = [own] if own else found
    return _listing(request, found)


def delete_version(asset: Asset, request: Request, _: Any) -> None:
    """`DELETE …/{name}/versions/{version}`."""
    name, version = _name(request), request.path_params["version"]
    world(request).documents.delete(f"{workspace_id(request)}/{asset.segment}/{name}/versions/{version}")


def put_container(asset: Asset, request: Request, body: Any) -> JSONResponse:
    """`PUT …/{name}`: description, tags and the archive mark of all versions."""
    here, workspace = world(request), workspace_id(request)
    name = _name(request)
    properties = _properties(body)
    _check_names(asset, name, "1", properties)
    id_ = f"{workspace}/{asset.segment}/{name}"
    with here.database.transaction():
        before = here.documents.get(id_)
        stored = here.documents.put(id_, container_document(asset.segment, name, properties))
    return JSONResponse(_with_versions(request, stored), 200 if before else 201)


def get_container(asset: Asset, request: Request, _: Any) -> dict[str, Any]:
    """`GET …/{name}`.

    Raises:
        AzureError: 404.
    """
    name = _name(request)
    workspace = workspace_id(request)
    document = world(request).documents.get(f"{workspace}/{asset.segment}/{name}")
    if document is None and asset.segment == "environments" and curated(workspace, name, "latest"):
        document = {**container_document(asset.segment, name, {}), "id": f"{workspace}/environments/{name}"}
        return document | {"properties": document["properties"] | {"latestVersion": "1", "nextVersion": "2"}}
    if document is None:
        raise not_found(f"{PROVIDER}/{asset.segment}", name, request.path_params["group"])
    return _with_versions(request, document)


def list_containers(asset: Asset, request: Request, _: Any) -> dict[str, Any]:
    """`GET …/{kind}`, with `listViewType`, `$top` and `$skip`; anonymous ones are left out."""
    found = world(request).documents.children(workspace_id(request), asset.segment)
    page = _listing(request, [each for each in found if each["name"] not in _ANONYMOUS])
    return page | {"value": [_with_versions(request, each) for each in page["value"]]}


def delete_container(asset: Asset, request: Request, _: Any) -> None:
    """`DELETE …/{name}`, with all versions."""
    world(request).documents.delete(f"{workspace_id(request)}/{asset.segment}/{_name(request)}")


def _listing(request: Request, found: list[dict[str, Any]]) -> dict[str, Any]:
    query = request.query_params
    view = query.get("listViewType", "ActiveOnly")
    if view != "All":
        wanted = view == "ArchivedOnly"
        found = [each for each in found if bool(each["properties"].get("isArchived")) is wanted]
    if "asc" not in query.get("$orderBy", "").lower().split():
        found = found[::-1]
    first, size = query_number(request, "$skip", 0), query_number(request, "$top", 0)
    page = found[first : first + (size or _PAGE)]
    answer: dict[str, Any] = {"value": [shown(each) for each in page]}
    if not size and len(found) > first + _PAGE:
        answer["nextLink"] = next_link(request, {"$skip": str(first + _PAGE)})
    return answer


def _name(request: Request) -> str:
    """The name in the path; azure-ai-ml puts the scheme of a reference before it where it follows a label."""
    return str(request.path_params["name"]).removeprefix("azureml:")


def _properties(body: Any) -> dict[str, Any]:
    check_types(object_body(body), _TYPES)
    sent = body.get("properties")
    return {key: value for key, value in object_body(sent).items() if value is not None}


def _check_names(asset: Asset, name: str, version: str, properties: dict[str, Any]) -> None:
    if not NAME.fullmatch(name):
        raise AzureError(400, "ValidationError", f"'{name}' is not a name for {asset.segment}: {NAME.pattern}")
    anonymous = properties.get("isAnonymous") or name in _ANONYMOUS
    if not VERSION.fullmatch(version) or (len(version) > VERSION_LENGTH and not anonymous) or version in LABELS:
        message = f"'{version}' is not a version for {asset.segment}: {VERSION.pattern}, at most {VERSION_LENGTH} long"
        raise AzureError(400, "ValidationError", message)


def _check_unchanged(before: dict[str, Any], properties: dict[str, Any]) -> None:
    old = {key: value for key, value in before["properties"].items() if key not in _MUTABLE}
    new = {key: value for key, value in properties.items() if key not in _MUTABLE}
    changed = sorted(key for key in new if _plain(old.get(key)) != _plain(new[key]))
    changed += sorted(key for key in old.keys() - new.keys() if key in ("condaFile", "image", "build", "hashVersion"))
    if changed:
        names = ", ".join(changed)
        message = f"Version '{before['name']}' exists and is immutable; changed: {names}. Register another version."
        raise AzureError(409, "Conflict", message)


def _plain(value: Any) -> Any:
    """A value without nulls, so that an omitted and a null member are the same."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _follow(request: Request, asset: Asset, properties: dict[str, Any]) -> None:
    """A model or data that a job made is kept under the place where it lies, with the name of the job.

    Raises:
        AzureError: 400: the job has made no such thing.
    """
    name = {"models": "modelUri", "data": "dataUri"}.get(asset.segment, "")
    uri = str(properties.get(name) or "")
    found = world(request).jobs.made(workspace_id(request), uri) if uri else None
    if found is None:
        return
    if not found.uri:
        raise AzureError(400, "UserError", f"Job '{found.job}' is not there, or has made no such output: '{uri}'.")
    properties[name] = long_uri(found.uri, workspace_id(request))
    if asset.segment == "models":
        properties["jobName"] = found.job


def _with_versions(request: Request, document: dict[str, Any]) -> dict[str, Any]:
    versions = world(request).documents.children(document["id"], "versions")
    living = [each["name"] for each in versions if not each["properties"].get("isArchived")]
    known = {"latestVersion": living[-1] if living else None, "nextVersion": next_version(versions)}
    return shown(document) | {"properties": document["properties"] | known}


def _bound(verb: Any, asset: Asset) -> Handler:
    return lambda request, body: verb(asset, request, body)


ROUTES = [
    route(f"{WORKSPACE}/{asset.segment}{path}", _bound(verb, asset), [method])
    for asset in ASSETS
    for path, method, verb in (
        ("", "GET", list_containers),
        ("/{name}", "GET", get_container),
        ("/{name}", "PUT", put_container),
        ("/{name}", "DELETE", delete_container),
        ("/{name}/versions", "GET", list_versions),
        ("/{name}/versions/{version}", "GET", get_version),
        ("/{name}/versions/{version}", "PUT", put_version),
        ("/{name}/versions/{version}", "DELETE", delete_version),
    )
]

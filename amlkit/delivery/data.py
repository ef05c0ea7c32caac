"""What is given for a data input, as the URI that a job takes: a local path is uploaded, an asset is looked up."""

from __future__ import annotations

import re
from pathlib import Path

from amlkit.errors import DefinitionError, Problem, ServiceError

from .registration import upload
from .stacks import Workspace

_ASSET = re.compile(r"azureml:(?!//)(?P<name>[^/:@]+)(?::(?P<version>[^/:@]+)|@(?P<label>[^/:@]+))")
_WITH_PASSWORD = re.compile(r"https?://[^/?#]*@", re.IGNORECASE)
_SIGNED = re.compile(r"https?://[^#]*[?&](sig|x-amz-signature|x-goog-signature)=", re.IGNORECASE)
_MODELS = ("mlflow_model", "custom_model", "triton_model")


def uri_of(workspace: Workspace, text: str, kind: str, where: str) -> str:
    """The URI of what somebody gave for an input of type `kind`.

    Takes local paths, `azureml:name:version`, `azureml:name@latest`, `azureml://…`, ARM ids and web addresses.

    Raises:
        DefinitionError: no such file, asset or version; a file for a folder; a secret in an address.
    """
    if match := _ASSET.fullmatch(text):
        return _asset(workspace, match, kind, where)
    if not text.strip():
        raise DefinitionError([Problem(where, "an empty path", "the working directory is `.`")])
    if wrong := with_secret(text):
        raise DefinitionError([Problem(where, *wrong)])
    if not is_local(text):
        return text
    return upload(workspace, Path(text).expanduser().absolute(), kind, where)


def with_secret(text: str) -> tuple[str, str] | None:
    """What is wrong with a web address that lets anybody in, and what to do: Azure ML shows what a run was given."""
    hint = "it would be kept with the run for all to see: download it and give the path, or give a datastore's URI"
    if _WITH_PASSWORD.match(text):
        return "a web address with a user or password in it", hint
    if _SIGNED.match(text):
        return "a web address with a signature in it, which is as good as a password", hint
    return None


def is_local(text: str) -> bool:
    """Is it a path on this machine?"""
    return "://" not in text and not text.startswith(("azureml:", "/subscriptions/"))


def is_asset(text: str) -> bool:
    """Is it a reference to a registered asset by its short name?"""
    return _ASSET.fullmatch(text) is not None


def _asset(workspace: Workspace, match: re.Match[str], kind: str, where: str) -> str:
    collection = "models" if kind in _MODELS else "data"
    name, version = match["name"], match["version"]
    try:
        if version is None:
            version = _labelled(workspace, collection, name, match["label"], where)
        workspace.get(f"/{collection}/{name}/versions/{version}")
    except ServiceError as error:
        if error.status != 404:
            raise
        raise DefinitionError([missing(match[0], kind, where)]) from error
    return f"azureml:{workspace.id}/{collection}/{name}/versions/{version}"


def _labelled(workspace: Workspace, collection: str, name: str, label: str, where: str) -> str:
    if label != "latest":
        raise DefinitionError([Problem(where, f"no such label: {label}", "`@latest` is the only one")])
    return str(workspace.get(f"/{collection}/{name}")["properties"]["latestVersion"])


def missing(reference: str, kind: str, where: str) -> Problem:
    """An asset that is not in the workspace, with the two ways to go on."""
    name = reference.removeprefix("azureml:").partition("@")[0].partition(":")[0]
    what = "model" if kind in _MODELS else "data asset"
    create = "model" if kind in _MODELS else "data"
    hint = (
        f"give a local path instead (`--input {where.rpartition('.')[2]}=PATH`), or register it: "
        f"`az ml {create} create --name {name} --version 1 --type {kind or 'uri_folder'} --path PATH`"
    )
    return Problem(where, f"no such {what} in the workspace: {reference}", hint)

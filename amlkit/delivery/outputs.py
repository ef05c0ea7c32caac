"""Where the data of a run lies, for a person: a path on this machine, or the URI in Azure."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from amlkit.errors import AmlkitError
from amlkit.home import Home

from .stacks import Workspace

_DATASTORE = re.compile(r"azureml://(?:.*/)?datastores/(?P<name>[^/]+)/paths/(?P<path>.*)")
_ASSET = re.compile(
    r"(?:azureml:)?(?:/.*/data/(?P<long>[^/]+)/versions/(?P<number>[^/]+)|(?P<name>[^/:]+):(?P<version>[^/:]+))"
)


def place(workspace: Workspace, uri: str) -> str:
    """The plain path behind the URI of a datastore's folder or of a data asset on the stand-in, else the URI itself."""
    path = path_of(workspace, uri) if workspace.service.target.is_local else None
    return uri if path is None else str(path)


def path_of(workspace: Workspace, uri: str, home: Home | None = None) -> Path | None:
    """Where the local Azure ML of a checkout (default: the one around) keeps what is at a URI; None: not its own."""
    match = _DATASTORE.fullmatch(uri)
    if match is None and (asset := _ASSET.fullmatch(uri)):
        match = _DATASTORE.fullmatch(_data_uri(workspace, asset))
    if match is None:
        return None
    folder = _folder(workspace, match["name"])
    return None if folder is None else (home or Home.find()).data / folder / match["path"]


def _data_uri(workspace: Workspace, asset: re.Match[str]) -> str:
    name, version = asset["long"] or asset["name"], asset["number"] or asset["version"]
    try:
        return str(workspace.get(f"/data/{name}/versions/{version}")["properties"].get("dataUri") or "")
    except AmlkitError:  # a model, or gone by now: what was given is shown
        return ""


@lru_cache(maxsize=64)
def _folder(workspace: Workspace, datastore: str) -> str | None:
    """Where the local Azure ML keeps what is in a datastore, below its data."""
    store = workspace.get(f"/datastores/{datastore}")["properties"]
    if store["datastoreType"] == "AzureFile":
        return f"{store['accountName']}.file/{store['fileShareName']}"
    container = store.get("containerName") or store.get("filesystem")
    return f"{store['accountName']}/{container}" if container else None

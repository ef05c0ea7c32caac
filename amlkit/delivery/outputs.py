"""Where the output of a run lies, for a person: a folder on this machine, or the URI in Azure."""

from __future__ import annotations

import re

from amlkit.home import Home

from .stacks import Workspace

_DATASTORE = re.compile(r"azureml://(?:.*/)?datastores/(?P<name>[^/]+)/paths/(?P<path>.*)")


def place(workspace: Workspace, uri: str) -> str:
    """The plain folder behind `azureml://datastores/<name>/paths/<path>` on the stand-in; elsewhere the URI itself."""
    match = _DATASTORE.fullmatch(uri)
    if match is None or not workspace.service.target.is_local:
        return uri
    store = workspace.get(f"/datastores/{match['name']}")["properties"]
    return str(Home.find().data / store["accountName"] / store["containerName"] / match["path"])

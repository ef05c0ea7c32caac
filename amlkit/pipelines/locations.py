"""Where data lies, and whether a run can reach it. Called by `feeding` and `checks`; rendered by `jobs`.

The addresses that Azure ML reads: Microsoft's "Access data in a job", table of supported paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..components.ports import CustomModel, Data, File, Folder
from ..errors import Problem
from ..manifest import reference

NEED_NAME = re.compile(r"[A-Za-z0-9_.-]+")  # what a reference in a body can hold
NEED_HINT = "letters, digits, `_`, `-` and `.`"
_SCHEMES = ("azureml", "https", "http", "wasbs", "wasb", "abfss", "abfs", "adl")
_ASSET = re.compile(r"azureml:[A-Za-z0-9][\w.-]*(:[\w.-]+|@[\w.-]+)|azureml:/subscriptions/.+")
_AZUREML = re.compile(r"azureml://(datastores/[\w-]+/paths(/.*)?|(subscriptions|registries|locations|jobs)/.+)")


def is_local(data: Data) -> bool:
    """Does it lie on this machine?"""
    return data.datastore is None and "://" not in data.path and not data.path.startswith("azureml:")


def problems_of(data: Data, where: str, *, local_data: bool) -> Iterator[Problem]:
    """What is wrong with an address; `local_data`: local paths are uploaded before the run."""
    if not isinstance(data.path, str):
        yield Problem(where, f"not a path or an address: {data.path!r}", 'write `Folder("azureml:digits:3")`')
    elif data.datastore is not None:
        if not NEED_NAME.fullmatch(data.datastore):
            yield Problem(where, f"not a legal name for a datastore: {data.datastore!r}", NEED_HINT)
        if data.path.startswith("/") or ".." in data.path.split("/"):
            yield Problem(where, f"not a path from the datastore's root: {data.path}", "no leading `/`, no `..`")
    elif is_local(data):
        yield from _local_problems(data, where) if local_data else _published_problems(data, where)
    elif data.path.startswith("azureml://"):
        if not _AZUREML.fullmatch(data.path):
            hint = "write `azureml://datastores/<name>/paths/<path>`, or take a `Datastore` as a need"
            yield Problem(where, f"not an address that Azure ML knows: {data.path}", hint)
    elif data.path.startswith("azureml:"):
        if not _ASSET.fullmatch(data.path):
            hint = "say which version: `azureml:digits:3` or `azureml:digits@latest`"
            yield Problem(where, f"not a version of registered data: {data.path}", hint)
    elif (scheme := data.path.partition("://")[0]) not in _SCHEMES:
        yield Problem(where, f"Azure ML reads no `{scheme}` address: {data.path}", f"it reads {', '.join(_SCHEMES)}")


def location(data: Data, upload: str) -> str:
    """The URI of data; references stand for a datastore's name, and for where local data (named `upload`) will lie."""
    if data.datastore is not None:
        return f"azureml://datastores/{reference('datastore', data.datastore)}/paths/{data.path}"
    return reference("upload", upload) if is_local(data) else data.path


def upload_name(*place: str) -> str:
    """What local data is called in references: where it is used, `training.extract.raw`."""
    return ".".join(place)


def _published_problems(data: Data, where: str) -> Iterator[Problem]:
    hint = 'put it into a datastore: `corpora.folder("digits/")`'
    yield Problem(where, f"a published pipeline cannot read a local path: {data.path}", hint)


def _local_problems(data: Data, where: str) -> Iterator[Problem]:
    path = Path(data.path)
    if not path.exists():
        yield Problem(where, f"no such file or folder: {data.path}", "paths start where the command runs")
    elif isinstance(data, File) and not path.is_file():
        yield Problem(where, f"a folder, not a file: {data.path}", f'write `Folder("{data.path}")`')
    elif isinstance(data, Folder) and type(data) is not CustomModel and not path.is_dir():
        yield Problem(where, f"a file, not a folder: {data.path}", f'write `File("{data.path}")`')

"""The transport of files to a blob container: only what is missing is sent, as who we are; no account key.

Called by the hooks of `infra.uploads` straight before the resource that says that the files are there, and by
`delivery` for a run's code and data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .errors import DefinitionError, Problem, ServiceError
from .identity import quiet
from .manifest import SnapshotFile
from .target import Target, credential

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties, ContainerClient

_AT_ONCE = 8
_RETRIES: dict[str, Any] = {"retry_total": 3, "initial_backoff": 1, "increment_base": 2}  # about ten seconds
_MARK = "amlkit_sha256"  # of the content, in a blob's metadata


def send(place: str, files: Sequence[SnapshotFile], *, immutable: bool) -> int:
    """Make the blobs below `place` (`https://<account>.blob.<suffix>/<container>/<path>`) those files.

    Returns:
        how many were sent; the others were there.

    Raises:
        DefinitionError: files that are no longer what was compiled.
        ServiceError: the storage refused, or nothing answers.
    """
    from concurrent.futures import ThreadPoolExecutor

    from azure.core.exceptions import AzureError, HttpResponseError
    from azure.storage.blob import ContainerClient

    quiet()
    parts = urlsplit(place)
    container, _, folder = parts.path.strip("/").partition("/")
    prefix = f"{folder.strip('/')}/" if folder else ""
    target = Target.from_environment()  # a local Azure ML that is down says so at once; the client below tries on
    identity: Any = credential(target.is_local)
    client = ContainerClient(f"{parts.scheme}://{parts.netloc}", container, credential=identity, **_RETRIES)
    try:
        with client, ThreadPoolExecutor(_AT_ONCE) as pool:
            found = {blob.name: blob for blob in client.list_blobs(name_starts_with=prefix, include=["metadata"])}
            missing = [file for file in files if not _is_there(found.get(prefix + file.path), file, immutable)]
            _refuse_changed(missing)
            list(pool.map(lambda file: _put(client, prefix, file), missing))
    except HttpResponseError as error:
        code = getattr(error, "error_code", None) or ""
        message = error.message.splitlines()[0]
        raise ServiceError(error.status_code or 0, code, message, where=place, hint=_hint(error.status_code)) from error
    except AzureError as error:
        raise ServiceError(0, "Unreachable", f"no answer from {parts.netloc}: {error.message}", where=place) from error
    return len(missing)


def _is_there(blob: BlobProperties | None, file: SnapshotFile, immutable: bool) -> bool:
    if blob is None or blob.size != file.size:
        return False
    return immutable or (blob.metadata or {}).get(_MARK) == file.sha256


def _refuse_changed(files: Sequence[SnapshotFile]) -> None:
    """Before anything is sent: what is uploaded must be what was compiled."""
    problems = [
        Problem(file.source, "changed since the pipeline was compiled", "run the command again")
        for file in files
        if hashlib.sha256(file.read()).hexdigest() != file.sha256
    ]
    if problems:
        raise DefinitionError(problems)


def _put(client: ContainerClient, prefix: str, file: SnapshotFile) -> None:
    client.upload_blob(prefix + file.path, file.read(), overwrite=True, metadata={_MARK: file.sha256})


def _hint(status: int | None) -> str:
    return "uploading needs the role `Storage Blob Data Contributor` on the account" if status == 403 else ""

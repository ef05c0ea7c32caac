"""Opens the store of a place, and says in our words what its service refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from amlkit import refusals
from amlkit.errors import AmlkitError, ServiceError, SetupError
from amlkit.identity import Credential, quiet
from amlkit.target import Target, credential

from .places import Place
from .stores import Store, code_of


@contextmanager
def opened(place: Place, identity: Credential | str | None = None, *, writes: bool = True) -> Iterator[Store]:
    """The store of a place, with what its service refuses as our errors.

    Args:
        place: where.
        identity: who asks, or the query of a SAS; else who we are.
        writes: what to advise if it is refused.

    Raises:
        ServiceError: refused, or nothing answers.
        SetupError: we are to talk to the local Azure ML, and the place is not of it.
    """
    from azure.core.exceptions import AzureError, HttpResponseError

    quiet()
    target = Target.from_environment()  # a local Azure ML that is down says so at once; the clients below try on
    if target.is_local and not place.host.endswith(f".{target.storage_suffix}"):
        raise SetupError("not storage of the local Azure ML", where=str(place), hint="name a stack that is on Azure")
    store = _made(place, identity or credential(target.is_local))
    try:
        yield store
    except HttpResponseError as error:
        status, code = error.status_code or 0, code_of(error)
        message = (error.message or "refused").splitlines()[0]
        advice = hint(place, status, code, writes, message)
        raise ServiceError(status, code, message, where=str(place), hint=advice) from error
    except AzureError as error:
        raise _unreachable(place, error) from error
    finally:
        store.close()


def hint(place: Place, status: int, code: str, writes: bool, message: str = "") -> str:
    """What to do about a refusal."""
    if code in ("ContainerNotFound", "ShareNotFound", "FilesystemNotFound"):
        return "make it, or name another datastore"
    return refusals.hint("PUT" if writes else "GET", str(place), status, code, message)


def _unreachable(place: Place, error: Any) -> AmlkitError:
    text = str(error.message)
    resolves = "Failed to resolve" not in text and "Name or service" not in text
    advice = refusals.silent(place.host) if resolves else refusals.unresolved(place.host)
    return ServiceError(0, "Unreachable", f"no answer from {place.host}: {text}", where=str(place), hint=advice)


def _made(place: Place, identity: Credential | str) -> Store:
    """Each client is imported where it is needed: one takes as long as the rest of a command."""
    if place.service == "file":
        from .shares import ShareStore

        return ShareStore(place, identity)
    if place.service == "dfs":
        from .lakes import LakeStore

        return LakeStore(place, identity)
    from .blobs import BlobStore

    return BlobStore(place, identity)

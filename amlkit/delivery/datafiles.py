"""Files of this machine to a datastore and back, and as versions of a data asset. Used by the command `data`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from amlkit import digest, transfer
from amlkit.errors import DefinitionError, Problem
from amlkit.home import HOME_FOLDER
from amlkit.manifest import DEFINITION_PROPERTY, Asset, SnapshotFile

from .datastores import Store, going_in, place
from .registration import Registered, put
from .stacks import Workspace

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
TYPES = ("uri_folder", "uri_file", "mltable")


@dataclass(frozen=True)
class Sent:
    """What an upload did. `uri` is where it lies; `asset` what it was registered as, empty if it was not."""

    uri: str
    files: int
    sent: int
    size: int
    asset: str = ""


def upload(workspace: Workspace, source: Path, store: Store, path: str, watcher: transfer.Watcher) -> Sent:
    """Send a file, or what is in a folder, to a path of a datastore; only what is not there yet.

    Raises:
        DefinitionError: nothing is there to send, or a link leads out of the folder.
        ServiceError: refused.
    """
    files = scan(source)
    return _upload(workspace, files, source.is_dir(), store, path, watcher)


def register(
    workspace: Workspace, source: Path, store: Store, path: str, name: str, kind: str, watcher: transfer.Watcher
) -> Sent:
    """As `upload`, to a folder of its own below the path, and registered as a version of a data asset.

    The folder is named by the content, so that what a version is of never changes; the same content at the same place
    is one version.

    Raises:
        DefinitionError: also an illegal name, or a type that does not fit what is sent.
    """
    files = scan(source)
    kind = kind or ("uri_folder" if source.is_dir() else "uri_file")
    _check(source, files, name, kind)
    content = digest.of([kind, digest.of_tree((file.path, file.sha256) for file in files)])
    goal = "/".join(filter(None, (path, content[: digest.VERSION_LENGTH])))
    sent = _upload(workspace, files, source.is_dir(), store, goal, watcher)
    properties = {DEFINITION_PROPERTY: content}
    body = {"dataType": kind, "dataUri": sent.uri, "isAnonymous": False, "properties": properties}
    version = digest.version_of(body)
    asset = Asset("data", name, name, content, body)
    put(workspace, Registered(asset, f"{workspace.id}/data/{name}/versions/{version}", body))
    return replace(sent, asset=f"azureml:{name}:{version}")


def download(
    workspace: Workspace, store: Store, path: str, folder: Path, watcher: transfer.Watcher
) -> transfer.Received:
    """Bring a file, or all below a path, into a folder; only what is not there yet. Raises as `transfer.receive`."""
    goal = str(place(store, path))
    return going_in(workspace, store, lambda who: transfer.receive(goal, folder, identity=who, watcher=watcher))


def scan(source: Path) -> tuple[SnapshotFile, ...]:
    """The files to send with their digests: of a folder all of them, by their paths in it, but not `.amlkit/`.

    Raises:
        DefinitionError: no files, or what cannot be sent: links that lead out of the folder or nowhere, names that are
            not UTF-8, what is neither a file nor a folder.
    """
    if not source.is_file() and not source.is_dir():
        here = source.exists()
        what = "neither a file nor a folder" if here else "no such file or folder"
        hint = "" if here else "the path on this machine comes first, then the datastore's"
        raise DefinitionError([Problem(_shown(source), what, hint)])
    root = source if source.is_dir() else source.parent
    files = _below(source) if source.is_dir() else [source]
    wrong = [Problem(_shown(path), *reason) for path in files if (reason := _reason(path, source))]
    if not files:
        wrong.append(Problem(_shown(source), "no files in the folder"))
    if wrong:
        raise DefinitionError(wrong)
    return tuple(_file(path, path.relative_to(root).as_posix()) for path in files)


def _below(source: Path) -> list[Path]:
    """What is in a folder and its folders: all but folders themselves; links to folders, which are not followed."""
    found = []
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if name != HOME_FOLDER)  # that one grows by what is sent
        links = (name for name in folders if Path(folder, name).is_symlink())
        found += [Path(folder, each) for each in (*sorted(names), *links)]
    return found


def _reason(path: Path, source: Path) -> tuple[str, str] | None:
    """Why something cannot be sent, and what to do."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return "its name is not UTF-8", "rename it"
    if path == source:
        return None
    if path.is_symlink():
        if not path.resolve().is_relative_to(source.resolve()):
            return "a link that leads out of the folder", "put the file there, or remove it"
        if path.is_dir():
            return "a link to a folder", "remove it: what is there goes once"
        if not path.exists():
            return "a link to nothing", "remove it"
    return None if path.is_file() else ("neither a file nor a folder", "remove it")


def _shown(path: Path) -> str:
    """A path for a message: names of files may be bytes that are no text."""
    return str(path).encode(errors="backslashreplace").decode()


def _file(path: Path, name: str) -> SnapshotFile:
    found = path.stat()
    source = str(path.resolve())
    return SnapshotFile(name, found.st_size, digest.of_file(path), source=source, modified=found.st_mtime_ns)


def _upload(
    workspace: Workspace,
    files: tuple[SnapshotFile, ...],
    is_folder: bool,
    store: Store,
    path: str,
    watcher: transfer.Watcher,
) -> Sent:
    tail = f"{path}/" if path else ""
    if not is_folder:
        tail = path if path.rpartition("/")[2] == files[0].path else f"{tail}{files[0].path}"
        path = tail.rpartition("/")[0]
    goal = str(place(store, path))
    count = going_in(
        workspace,
        store,
        lambda who: transfer.send(goal, files, immutable=False, identity=who, watcher=watcher, hashed_now=True),
    )
    uri = f"azureml://datastores/{store.name}/paths/{tail}"
    return Sent(uri, len(files), count, sum(file.size for file in files))


def _check(source: Path, files: tuple[SnapshotFile, ...], name: str, kind: str) -> None:
    wrong = []
    if not _NAME.fullmatch(name):
        wrong.append(Problem("--register", f"not a name for data: {name}", "letters, digits, `_` and `-`"))
    if (kind == "uri_file") is source.is_dir():
        fits = "`uri_folder` or `mltable`" if source.is_dir() else "`uri_file`"
        wrong.append(Problem("--type", f"{source} is not of type {kind}", fits))
    if kind == "mltable" and not any(file.path == "MLTable" for file in files):
        wrong.append(Problem("--type", f"no file `MLTable` in {source}", "it says how the table is read"))
    if wrong:
        raise DefinitionError(wrong)

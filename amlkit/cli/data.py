"""`amlkit data`: files to a datastore and back, what lies there, and versions of data assets."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from amlkit.delivery import datafiles, datastores
from amlkit.delivery.datafiles import TYPES
from amlkit.delivery.stacks import Workspace
from amlkit.errors import DefinitionError, Problem

from .printing import plain
from .ready import ready
from .sizes import files, human
from .stackoptions import stack_here, stack_option

if TYPE_CHECKING:
    from amlkit.transfer import Entry

STACK = stack_option("The stack of the workspace.")
OUTPUT = click.option("-o", "--output", "form", type=click.Choice(["table", "json"]), default="table", help="Form.")
_NAME_WIDTH = 40


@click.group()
def data() -> None:
    """Upload, download and list data in the datastores of the workspace."""


@data.command("ls", short_help="List datastores, or what lies in one")
@click.argument("place", metavar="[DATASTORE[/PATH]]", default="")
@click.option("--recursive", "-r", is_flag=True, help="Also what lies in its folders: all files.")
@STACK
@OUTPUT
def list_(place: str, recursive: bool, stack_name: str | None, form: str) -> None:
    """List the datastores, or what lies at DATASTORE/PATH."""
    wanted = datastores.split(place, "place") if place else None
    workspace = _workspace(stack_name)
    if wanted is None:
        _show_stores(datastores.listed(workspace), form)
        return
    store = datastores.find(workspace, wanted[0])
    found = datastores.entries(workspace, store, wanted[1], below=recursive)
    if form == "json":
        click.echo(json.dumps([_document(entry) for entry in found], indent=2, ensure_ascii=False))
        return
    start = len(wanted[1]) + 1 if wanted[1] and found and found[0].name != wanted[1] else 0
    for entry in found:
        size = "" if entry.is_folder else human(entry.size)
        click.echo(f"{size:>10}  {_time(entry):<20}  {plain(entry.name[start:])}{'/' if entry.is_folder else ''}")
    if not found:
        click.echo("nothing there yet", err=True)


@data.command(short_help="Send a file or folder to a datastore")
@click.argument("source", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@click.argument("place", metavar="DATASTORE[/PATH]")
@click.option(
    "--register", "name", default="", metavar="NAME", help="Also register it as a version of this data asset."
)
@click.option("--type", "kind", type=click.Choice(TYPES), help="Of the asset.  [default: uri_folder or uri_file]")
@STACK
@OUTPUT
def upload(source: Path, place: str, name: str, kind: str | None, stack_name: str | None, form: str) -> None:
    """Send FILE, or what is in FOLDER, to a path of a datastore: what is not there yet, or is not the same.

    What a broken upload has sent is not sent again. A FILE keeps its name. Registered data lies in a folder of its own
    below the path, named by its content.
    """
    if kind and not name:
        raise DefinitionError([Problem("--type", "is for what is registered", "`--register NAME`")])
    store_name, path = datastores.split(place, "place")
    workspace = _workspace(stack_name)
    store = datastores.find(workspace, store_name)
    with Bar("Uploading") as bar:
        if name:
            sent = datafiles.register(workspace, source, store, path, name, kind or "", bar)
        else:
            sent = datafiles.upload(workspace, source, store, path, bar)
    if form == "json":
        click.echo(json.dumps(asdict(sent), indent=2, ensure_ascii=False))
        return
    click.echo(f"{files(sent.sent)} sent, {sent.files - sent.sent:,} there already", err=True)
    click.echo(sent.uri)
    if sent.asset:
        click.echo(sent.asset)


@data.command(short_help="Bring a file or folder here")
@click.argument("place", metavar="DATASTORE[/PATH]")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@STACK
@OUTPUT
def download(place: str, folder: Path, stack_name: str | None, form: str) -> None:
    """Bring what lies at a path of a datastore into FOLDER: what is not here yet, or is not the same.

    A broken download goes on where it was. Nothing in FOLDER is removed.
    """
    store_name, path = datastores.split(place, "place")
    workspace = _workspace(stack_name)
    store = datastores.find(workspace, store_name)
    with Bar("Downloading") as bar:
        received = datafiles.download(workspace, store, path, folder, bar)
    if form == "json":
        click.echo(json.dumps(asdict(received), indent=2))
        return
    click.echo(f"{files(received.files)} ({human(received.size)}) fetched, {received.here:,} here already", err=True)


class Bar:
    """A progress bar on a terminal; nothing elsewhere. Also what the transport tells."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._lock = threading.Lock()
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> Bar:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
            from rich.progress import TransferSpeedColumn as Speed

            columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), Speed(), TimeRemainingColumn())
            self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
            self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._progress is not None:
            self._progress.stop()

    def planned(self, count: int, size: int) -> None:
        """So much is to be moved; said again if it is tried again."""
        if self._progress is not None:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(f"{self._title} {files(count)}", total=size)

    def moved(self, size: int) -> None:
        """So many bytes more are there."""
        if self._progress is not None:
            with self._lock:
                self._progress.advance(self._task, size)


def _workspace(stack_name: str | None) -> Workspace:
    return ready(stack_here(stack_name))


def _show_stores(found: tuple[datastores.Store, ...], form: str) -> None:
    if form == "json":
        click.echo(json.dumps([asdict(store) for store in found], indent=2))
        return
    width = min(max((len(store.name) for store in found), default=0), _NAME_WIDTH)
    kinds = max((len(store.type) for store in found), default=0)
    for store in found:
        place = "/".join(dict.fromkeys((store.account, store.container)))
        mark = "  (default)" if store.is_default else ""
        click.echo(f"{store.name:<{width}}  {store.type:<{kinds}}  {place}{mark}")


def _time(entry: Entry) -> str:
    """RFC 3339 in UTC; empty for a folder of blobs, which has none."""
    return f"{datetime.fromtimestamp(entry.modified, UTC):%Y-%m-%dT%H:%M:%SZ}" if entry.modified else ""


def _document(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "is_folder": entry.is_folder,
        "size": entry.size,
        "modified": _time(entry),
        "md5": entry.md5.hex(),
        "sha256": entry.sha256,
    }

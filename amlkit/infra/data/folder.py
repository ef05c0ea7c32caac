"""A folder of the checkout as data of the workspace: its files in a datastore, and a registered data asset."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pulumi
from pydantic import Field

from amlkit import digest
from amlkit.errors import DefinitionError, Problem
from amlkit.manifest import DEFINITION_PROPERTY, SnapshotFile

from ..args import Args
from ..resources import AssetVersion
from ..uploads import upload_hook
from .datastores import Datastore


class DataFolderArgs(Args):
    """The plain arguments of `DataFolder`."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$", examples=["digits"])
    path: str = Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]*/)+$", examples=["digits/"])
    type: Literal["uri_folder", "mltable"] = "uri_folder"


class DataFolder(pulumi.ComponentResource):
    """The files of `folder` (relative to the checkout) under `path` of a datastore, and a data asset of that name.

    The datastore may be of any kind that has a place. Changed and new files are uploaded by the next `up`, as who runs
    it. Files that are gone here stay there: they may be others'.
    """

    def __init__(
        self,
        name: str,
        *,
        folder: str | Path,
        datastore: Datastore,
        path: str,
        type: Literal["uri_folder", "mltable"] = "uri_folder",  # noqa: A002  as the service calls it
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Upload and register.

        Raises:
            DefinitionError: an illegal name or path (it ends with a slash), no files in the folder, no file `MLTable`
                in that of an `mltable`, or a datastore that nothing can be uploaded to.
        """
        args = DataFolderArgs.of(name, name=name, path=path, type=type)
        files = _files(name, Path(pulumi.get_root_directory()) / folder)
        if args.type == "mltable" and not any(file.path == "MLTable" for file in files):
            raise DefinitionError([Problem(f"{name}.folder", f"no file `MLTable` in {folder}", "or type `uri_folder`")])
        if datastore.url is None:
            raise DefinitionError([Problem(f"{name}.datastore", "nothing can be uploaded to a datastore of this kind")])
        super().__init__("amlkit:infra:DataFolder", name, None, opts)
        content = digest.of_tree((file.path, file.sha256) for file in files)
        uri = pulumi.Output.concat("azureml://datastores/", datastore.name, "/paths/", args.path)
        body = uri.apply(lambda known: _body(known, args.type, content))
        self.asset = AssetVersion(
            name,
            workspace_id=datastore.workspace_id,
            kind="data",
            name=name,
            definition=content,
            version=body.apply(digest.version_of),
            body=body,
            uploaded_to=pulumi.Output.concat(datastore.url, "/", args.path.rstrip("/")),
            opts=pulumi.ResourceOptions(
                parent=self,
                retain_on_delete=True,
                hooks=upload_hook(f"{name}-data-upload", files, immutable=False),
                depends_on=[datastore],
            ),
        )
        self.uri = uri
        self.register_outputs({"uri": uri})


def _body(uri: str, type_: str, content: str) -> dict[str, object]:
    return {
        "dataType": type_,
        "dataUri": uri,
        "isAnonymous": False,
        "properties": {DEFINITION_PROPERTY: content},
    }


def _files(name: str, folder: Path) -> tuple[SnapshotFile, ...]:
    found = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    if not found:
        raise DefinitionError([Problem(f"{name}.folder", f"no files in {folder}")])
    return tuple(
        SnapshotFile(path.relative_to(folder).as_posix(), path.stat().st_size, digest.of_file(path), source=str(path))
        for path in found
    )

"""Storage accounts and containers as plain folders: `data/<account>/<container>/<path>`.

Blobs are files and nothing else lies in these folders, so that data can be looked at and steps can work on it in place.
What HTTP says about a blob beyond its bytes is kept beside (`storage/records.py`). Used by the ARM resources, the
blob data plane and the jobs.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from ..home import STORAGE_SUFFIX, Home
from .database import Database
from .documents import Documents
from .web import AzureError

ACCOUNT_NAME = re.compile(r"[a-z0-9]{3,24}")
CONTAINER_NAME = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]|\$root|\$web|\$logs")
SHARE_NAME = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")

_LONGEST_NAME = 1024  # characters: "Naming and referencing containers, blobs, and metadata"
_LONGEST_PART = 255  # bytes, of the file systems below
_FILES = ".file"  # ends the folder of an account's file shares; no name of an account has a dot
_CONTAINERS = {"AzureBlob": "containerName", "AzureDataLakeGen2": "filesystem"}  # one folder behind both services
_SCHEMA = ("CREATE TABLE accounts (name TEXT PRIMARY KEY, id TEXT NOT NULL, key1 TEXT NOT NULL, key2 TEXT NOT NULL)",)
_DATASTORE_URI = re.compile(
    r"azureml://(?:(?P<workspace>subscriptions/[^/]+/resourcegroups/[^/]+"
    r"/(?:providers/Microsoft\.MachineLearningServices/)?workspaces/[^/]+)/)?datastores/(?P<datastore>[^/]+)"
    r"(?:/paths(?:/(?P<path>.*))?)?/?",
    re.IGNORECASE | re.DOTALL,
)


class Blobs:
    """The accounts, their keys and their containers."""

    def __init__(self, home: Home, database: Database, documents: Documents) -> None:
        self._root = home.data
        self._web = home.folder / "web"
        self._database = database
        self._documents = documents
        self._told: list[Callable[[str, str | None], None]] = []
        database.migrate("accounts", _SCHEMA)

    def when_removed(self, told: Callable[[str, str | None], None]) -> None:
        """Call `told` whenever a container, a share or all of an account is removed: with the name of the folder that
        it was in (`<account>` or `<account>.file`) and its own name, None for all in that folder.
        """
        self._told.append(told)

    def _tell(self, folder: str, name: str | None) -> None:
        for told in self._told:
            told(folder, name)

    def create_account(self, account: str, id: str) -> None:  # noqa: A002
        """Make an account for the resource `id`; nothing happens if it has it already.

        Raises:
            AzureError: 409: another resource has the name.
        """
        with self._database.transaction() as connection:
            row = connection.execute("SELECT id FROM accounts WHERE name = ?", (account,)).fetchone()
            if row is not None and row["id"].lower() != id.lower():
                message = f"The storage account named {account} is already taken."
                raise AzureError(409, "StorageAccountAlreadyTaken", message)
            keys = [base64.b64encode(secrets.token_bytes(64)).decode() for _ in range(2)]
            connection.execute("INSERT OR IGNORE INTO accounts VALUES (?, ?, ?, ?)", (account, id, *keys))
        (self._root / account).mkdir(parents=True, exist_ok=True)

    def delete_account(self, account: str) -> None:
        """Remove an account with all its data."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM accounts WHERE name = ?", (account,))
        for folder in (account, f"{account}{_FILES}"):
            shutil.rmtree(self._root / folder, ignore_errors=True)
            self._tell(folder, None)

    def keys(self, account: str) -> tuple[str, str]:
        """The two keys of an account, base64.

        Raises:
            AzureError: 404: no such account.
        """
        row = self._database.one("SELECT key1, key2 FROM accounts WHERE name = ?", (account,))
        if row is None:
            raise AzureError(404, "ResourceNotFound", f"There is no storage account '{account}'.")
        return row["key1"], row["key2"]

    def change_key(self, account: str, key: Literal["key1", "key2"]) -> None:
        """Make one of the two keys of an account anew."""
        value = base64.b64encode(secrets.token_bytes(64)).decode()
        with self._database.transaction() as connection:
            connection.execute(f"UPDATE accounts SET {key} = ? WHERE name = ?", (value, account))  # noqa: S608

    def has_account(self, account: str) -> bool:
        """Is there such an account?"""
        return self._database.one("SELECT 1 FROM accounts WHERE name = ?", (account,)) is not None

    def account_id(self, account: str) -> str:
        """The ARM id of an account; empty if there is none."""
        row = self._database.one("SELECT id FROM accounts WHERE name = ?", (account,))
        return str(row["id"]) if row else ""

    def container(self, account: str, container: str) -> Path:
        """The folder of a container, whether or not it exists.

        Raises:
            AzureError: 400: a name that Azure does not take.
        """
        if not ACCOUNT_NAME.fullmatch(account) or not CONTAINER_NAME.fullmatch(container):
            raise AzureError(400, "InvalidResourceName", "The specified resource name contains invalid characters.")
        return self._root / account / container

    def create_container(self, account: str, container: str) -> bool:
        """Make a container; False if it was there.

        Raises:
            AzureError: 404: no such account; 400: an illegal name.
        """
        return self._create(account, self.container(account, container))

    def containers(self, account: str) -> list[str]:
        """The names of the containers of an account, sorted."""
        return _folders(self._root / account)

    def share(self, account: str, share: str) -> Path:
        """The folder of a file share, `data/<account>.file/<share>`, whether or not it exists.

        Raises:
            AzureError: 400: a name that Azure does not take.
        """
        if not ACCOUNT_NAME.fullmatch(account) or not SHARE_NAME.fullmatch(share):
            raise AzureError(400, "InvalidResourceName", "The specified resource name contains invalid characters.")
        return self._root / f"{account}{_FILES}" / share

    def create_share(self, account: str, share: str) -> bool:
        """Make a file share; False if it was there.

        Raises:
            AzureError: 404: no such account; 400: an illegal name.
        """
        return self._create(account, self.share(account, share))

    def shares(self, account: str) -> list[str]:
        """The names of the file shares of an account, sorted."""
        return _folders(self._root / f"{account}{_FILES}")

    def delete_share(self, account: str, share: str) -> bool:
        """Remove a file share with all its files; False if it was not there."""
        return self._delete(self.share(account, share))

    def delete_container(self, account: str, container: str) -> bool:
        """Remove a container with all its blobs; False if it was not there."""
        return self._delete(self.container(account, container))

    def _create(self, account: str, folder: Path) -> bool:
        self.keys(account)
        if folder.is_dir():
            return False
        folder.mkdir(parents=True, exist_ok=True)
        return True

    def _delete(self, folder: Path) -> bool:
        if not folder.is_dir():
            return False
        shutil.rmtree(folder)
        self._tell(folder.parent.name, folder.name)
        return True

    def url(self, account: str, container: str, path: str = "") -> str:
        """The address of a container or blob for clients."""
        tail = f"/{path}" if path else ""
        return f"https://{account}.blob.{STORAGE_SUFFIX}/{container}{tail}"

    def web_file(self, uri: str) -> Path:
        """Where the file behind a web address is kept once it was fetched; it need not exist."""
        name = unquote(_split(uri).path).rpartition("/")[2]
        key = hashlib.sha256(uri.encode()).hexdigest()[:32]
        return self._web / key / (re.sub(r"[^\w.-]", "_", name)[-200:].strip(".") or "file")

    def folder_of(self, uri: str, workspace_id: str) -> Path:
        """The folder or file that a storage URI means; it need not exist.

        Takes `azureml://datastores/<d>/paths/<p>` (of `workspace_id`), its long form, `https://<account>.blob.…` or
        `.dfs.…` of this stand-in, `wasbs://` and `abfss://` of it, and web addresses (see `web_file`).

        Raises:
            AzureError: 400: not such a URI, or it leaves its container; 404: no such datastore; 501: a datastore whose
                data the stand-in does not keep.
        """
        match = _DATASTORE_URI.fullmatch(uri)
        if match:
            workspace = _workspace(match["workspace"]) or workspace_id
            return self._datastore(workspace, match["datastore"]).joinpath(*segments((match["path"] or "").strip("/")))
        if is_web(uri):
            return self.web_file(uri)
        parts = _split(uri)
        host = re.fullmatch(rf"([a-z0-9]+)\.(blob|dfs)\.{re.escape(STORAGE_SUFFIX)}", parts.hostname or "")
        if host and parts.scheme in ("wasbs", "abfss") and parts.username:
            return self.container(host[1], parts.username).joinpath(*segments(unquote(parts.path).strip("/")))
        if parts.scheme != "https" or not host:
            raise AzureError(400, "InvalidUri", f"Not a URI of a datastore or of this storage: '{shown(uri)}'.")
        container, _, path = unquote(parts.path).strip("/").partition("/")
        return self.container(host[1], container).joinpath(*segments(path.strip("/")))

    def _datastore(self, workspace: str, name: str) -> Path:
        document = self._documents.get(f"{workspace}/datastores/{name}")
        if document is None:
            raise AzureError(404, "UserError", f"Could not find datastore with name: '{name}'.")
        properties: dict[str, Any] = document["properties"]
        kind, account = properties.get("datastoreType"), str(properties.get("accountName"))
        if kind == "AzureFile":
            return self.share(account, str(properties["fileShareName"]))
        if kind in _CONTAINERS:
            return self.container(account, str(properties[_CONTAINERS[kind]]))
        raise AzureError(501, "NotImplemented", f"The local Azure ML keeps no data of {kind} datastores: '{name}'.")


def is_web(uri: str) -> bool:
    """Is it the address of something outside: `http` or `https`, and not of this storage?"""
    if not uri.lower().startswith(("http://", "https://")):
        return False
    return not (_split(uri).hostname or "").endswith(f".{STORAGE_SUFFIX}")


def shown(uri: str) -> str:
    """An address without what may be a secret in it."""
    plain = uri.partition("?")[0].partition("#")[0]
    scheme, _, rest = plain.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def segments(name: str) -> list[str]:
    """The parts of a name as a path below its container; none of an empty name.

    Raises:
        AzureError: 400: it cannot be one.
    """
    parts = name.split("/") if name else []
    wrong = any(
        part in ("", ".", "..") or "\\" in part or "\0" in part or len(part.encode()) > _LONGEST_PART for part in parts
    )
    if wrong or len(name) > _LONGEST_NAME:
        message = f"The local storage keeps blobs as files and cannot keep this name: '{name[:_LONGEST_NAME]}'."
        raise AzureError(400, "InvalidResourceName", message)
    return parts


def _folders(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir() if item.is_dir()) if folder.is_dir() else []


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError as error:
        raise AzureError(400, "InvalidUri", f"Not a URI: '{shown(uri)}'.") from error


def _workspace(path: str | None) -> str:
    if not path:
        return ""
    parts = path.split("/")
    provider = "providers/Microsoft.MachineLearningServices"
    return f"/subscriptions/{parts[1]}/resourceGroups/{parts[3]}/{provider}/workspaces/{parts[-1]}"

"""What the three storage services have in common, as the transport needs it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from amlkit.errors import DefinitionError, Problem
from amlkit.identity import Credential

if TYPE_CHECKING:
    from amlkit.manifest import SnapshotFile

MARK = "amlkit_sha256"  # of the content, in the metadata of a file
AT_ONCE = 8
CHUNK = 8 << 20  # bytes of one request where a file needs several
OPTIONS: dict[str, Any] = {"retry_total": 3, "initial_backoff": 1, "increment_base": 2}  # about ten seconds


@dataclass(frozen=True)
class Entry:
    """A file or folder. `name`: its path in the container. `md5` and `sha256` are empty where nobody knows them.

    `modified`: seconds since 1970.
    """

    name: str
    size: int = 0
    modified: float = 0.0
    etag: str = ""
    md5: bytes = b""
    sha256: str = ""
    is_folder: bool = False


class Watcher(Protocol):
    """Is told how a transfer goes on, from several threads."""

    def planned(self, files: int, size: int) -> None:
        """So much is to be moved."""

    def moved(self, size: int) -> None:
        """So many bytes more are there."""


class Silent:
    """A watcher that does not look."""

    def planned(self, files: int, size: int) -> None:
        """Nothing."""

    def moved(self, size: int) -> None:
        """Nothing."""


class Store(Protocol):
    """A container, share or file system. Names are paths in it."""

    def files(self, below: str) -> Iterator[Entry]:
        """All files below a folder (empty: the whole container), also of its folders."""

    def children(self, folder: str) -> Iterator[Entry]:
        """What lies in a folder itself, files and folders."""

    def look(self, name: str) -> Entry | None:
        """One file with all that is known of it; None if there is none."""

    def put(self, name: str, file: SnapshotFile, moved: Callable[[int], None]) -> None:
        """Write a file, marked with its digest when it is complete, not before."""

    def fetch(self, entry: Entry, offset: int, size: int, out: IO[bytes]) -> None:
        """Write `size` bytes of a file into a stream, if the file is still the same."""

    def close(self) -> None:
        """Let go of connections."""


def code_of(error: Any) -> str:
    """The service's own code of a refusal: `ContainerNotFound`."""
    code = getattr(error, "error_code", None)
    if code:
        return str(getattr(code, "value", code))
    return str(error.response.headers.get("x-ms-error-code", "")) if getattr(error, "response", None) else ""


def signed(credential: Credential | str) -> Any:
    """What the clients take: a token credential as it is, a SAS as theirs."""
    if not isinstance(credential, str):
        return credential
    from azure.core.credentials import AzureSasCredential

    return AzureSasCredential(credential.removeprefix("?"))


def holds(store: Store, entry: Entry, sha256: Callable[[], str], md5: Callable[[], bytes]) -> bool:
    """Has a stored file the content of these digests, by what its storage knows? Nobody's word is no."""
    known = entry if entry.sha256 or entry.md5 else store.look(entry.name)  # a listing may not show them
    if known is None:
        return False
    if known.sha256:
        return known.sha256 == sha256()
    return bool(known.md5) and known.md5 == md5()


def md5_of(stream: IO[bytes]) -> bytes:
    """The digest that storage keeps of a file."""
    return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).digest()  # type: ignore[arg-type]


@contextmanager
def content(file: SnapshotFile) -> Iterator[IO[bytes]]:
    """The bytes of a file as they are to be sent.

    Raises:
        DefinitionError: at the end: they are no longer those that its digest is of.
    """
    if file.is_text:
        from io import BytesIO

        yield BytesIO(file.read())
        return
    with Path(file.source).open("rb") as stream:
        try:
            yield stream
        finally:  # what fails in between fails because of that
            found = os.fstat(stream.fileno())
            if file.modified and (found.st_mtime_ns, found.st_size) != (file.modified, file.size):
                raise DefinitionError([Problem(file.source, "changed while it was sent", "run the command again")])

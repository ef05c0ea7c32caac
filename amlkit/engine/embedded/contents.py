"""Reading what assets and archives hold, one file after the other: from files, folders, `.tar`, `.tar.gz` and `.zip`.

`archives` calls it. Source of the rules (which files of a folder count, their names, their order): Pulumi's
`sdk/go/common/resource/{asset,archive}`.
"""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import IO, Any, Literal
from urllib.parse import unquote, urlsplit

from amlkit.engine.naming import USE_CLI
from amlkit.errors import EngineError
from amlkit.propertyvalues import ARCHIVE, ASSET, SIGNATURE

from .tarstream import clean, join

_GZIP, _ZIP = (".tgz", ".tar.gz"), (".zip", ".jar")
_PACKED = (".tar", *_GZIP, *_ZIP)
_FORMATS = "an archive is a folder, or a .tar, .tgz, .tar.gz, .zip or .jar file"
_BOOKKEEPING = ".pulumi"
_BLOCK = 1 << 20
_BROKEN = (OSError, EOFError, RuntimeError, ValueError, tarfile.TarError, zipfile.BadZipFile, zlib.error)
"""What reading raises; RuntimeError is zipfile's for a member with a password or an unknown compression."""


@dataclass(frozen=True)
class Member:
    """A file of an archive: its size in bytes and its content, to be read before the next one."""

    name: bytes
    size: int
    content: IO[bytes]

    def blocks(self) -> Iterator[bytes]:
        """The content, in pieces."""
        while block := self.content.read(_BLOCK):
            yield block


def kind_of(value: Any) -> str:
    """The mark of a value: ASSET, ARCHIVE, another one, or empty."""
    return str(value.get(SIGNATURE, "")) if isinstance(value, Mapping) else ""


@contextmanager
def reading(value: Mapping[str, Any]) -> Iterator[None]:
    """What goes wrong within becomes an EngineError that names the asset or archive and the file at fault."""
    try:
        yield
    except _BROKEN as error:
        kind = "asset" if kind_of(value) == ASSET else "archive"
        named = value.get("path") or value.get("uri")
        file = getattr(error, "filename", None)
        at = f" at `{file}`" if file and Path(file).name != Path(named or "").name else ""
        reason = getattr(error, "strerror", None) or error
        raise EngineError(f"{kind}{f' `{named}`' if named else ''} cannot be read{at}: {reason}") from error


@contextmanager
def blob(asset: Mapping[str, Any], folder: Path, name: bytes = b"") -> Iterator[Member]:
    """The content of an asset. Raises EngineError on an address that is not a file's, and on what is no file."""
    if place := _place(asset, folder):
        with _opened(place, name) as member:
            yield member
    else:
        text = str(asset.get("text", "")).encode()
        yield Member(name, len(text), io.BytesIO(text))


@contextmanager
def packed(archive: Mapping[str, Any], folder: Path) -> Iterator[Member | None]:
    """The file that an archive is; None if it has to be made. Raises EngineError as `blob` does."""
    place = _place(archive, folder)
    if place and place.name.endswith(_PACKED):
        with _opened(place) as member:
            yield member
    else:
        yield None


def members(archive: Mapping[str, Any], folder: Path) -> Iterator[Member]:
    """The files in an archive and in those inside it, in Pulumi's order; names may repeat.

    Raises:
        EngineError: as `blob` does, or a member is neither an asset nor an archive.
    """
    with reading(archive):
        if place := _place(archive, folder):
            yield from _of_file(place)
            return
    assets = archive.get("assets") or {}
    for key in sorted(assets, key=str.encode):
        name, item = key.encode(), assets[key]
        if kind_of(item) == ASSET:
            with reading(item), blob(item, folder, name) as member:
                yield member
        elif kind_of(item) == ARCHIVE:
            for inner in members(item, folder):
                yield Member(join(name, inner.name), inner.size, inner.content)
        else:
            raise EngineError(f"archive member `{key}` is neither an asset nor an archive")


def _of_file(place: Path) -> Iterator[Member]:
    if place.name.endswith(_ZIP):
        yield from _of_zip(place)
    elif place.name.endswith(_PACKED):
        yield from _of_tar(place)
    elif not S_ISDIR(place.stat().st_mode):
        raise EngineError(f"`{place}` is neither a folder nor an archive", hint=_FORMATS)
    else:
        for path in _walk(place):
            with _opened(path, os.fsencode(path.relative_to(place))) as member:
                yield member


def _walk(path: Path) -> Iterator[Path]:
    """The files below, without links to folders: of a folder that is itself given as a link nothing is left."""
    if path.name == _BOOKKEEPING:
        return
    if path.is_symlink():
        path.stat()  # raises where it leads nowhere
    if not path.is_dir():
        yield path
    elif not path.is_symlink():
        for each in sorted(path.iterdir(), key=os.fsencode):
            yield from _walk(each)


def _of_tar(place: Path) -> Iterator[Member]:
    mode: Literal["r:gz", "r:"] = "r:gz" if place.name.endswith(_GZIP) else "r:"
    with _opened(place) as file:
        if not file.size and mode == "r:":
            return
        with tarfile.open(fileobj=file.content, mode=mode, encoding="utf-8", errors="surrogateescape") as tar:
            for each in tar:
                if each.isdir():
                    continue
                content = tar.extractfile(each) if each.type in (tarfile.REGTYPE, tarfile.AREGTYPE) else None
                if content is None:
                    raise EngineError(f"archive `{place}` holds what is neither a file nor a folder: `{each.name}`")
                yield Member(clean(each.name.encode(errors="surrogateescape")), each.size, content)


def _of_zip(place: Path) -> Iterator[Member]:
    with _opened(place) as file, zipfile.ZipFile(file.content) as archive:
        for each in archive.infolist():
            if not each.is_dir():
                name = each.orig_filename.encode("utf-8" if each.flag_bits & 0x800 else "cp437")
                with archive.open(each) as content:
                    yield Member(clean(name), each.file_size, content)


@contextmanager
def _opened(place: Path, name: bytes = b"") -> Iterator[Member]:
    status = place.stat()
    if place.is_dir():
        raise EngineError(f"`{place}` is a folder, not a file")
    if not place.is_file():
        raise EngineError(f"`{place}` is neither a file nor a folder")
    with place.open("rb") as content:
        yield Member(name, status.st_size, content)


def _place(value: Mapping[str, Any], folder: Path) -> Path | None:
    """The file or folder that an asset or archive names; None if it has its content with it."""
    if path := str(value.get("path") or ""):
        if not Path(path).is_absolute():
            return Path(os.path.normpath(folder / path))
        return Path(path).resolve() if path.endswith("/") else Path(path)
    return _of_address(kind_of(value), str(value["uri"])) if value.get("uri") else None


def _of_address(kind: str, address: str) -> Path:
    parts = urlsplit(address)
    if parts.scheme != "file":
        raise EngineError(
            f"`{address}`: assets and archives by address are not supported by the embedded engine, other than file://",
            hint=f"{USE_CLI}, or a file",
        )
    path, hosts = unquote(parts.path), ("", "localhost") if kind == ASSET else ("",)
    if parts.netloc not in hosts or parts.query or parts.fragment or not path.startswith("/"):
        raise EngineError(f"not the address of a file: `{address}`", hint="file:///folder/file")
    if kind == ARCHIVE and not path.endswith(_PACKED):
        raise EngineError(f"`{address}` is not an archive", hint=_FORMATS)
    return Path(path)

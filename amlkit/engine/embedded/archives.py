"""The hashes that Pulumi keeps beside assets and archives: SHA-256 in hex of the content.

Of an archive in a file it is that of the file; of a folder, or of assets put together, that of a tar archive of them.
Contents stream through, whatever their size. `goal`, `transforms` and `monitor` call `hash_assets` with what a program
gives; `contents` reads, `tarstream` knows the archive's bytes. Source of the rules: Pulumi's
`sdk/go/common/resource/archive`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from amlkit.errors import EngineError
from amlkit.propertyvalues import ARCHIVE, ASSET

from . import tarstream
from .contents import Member, blob, kind_of, members, packed, reading


def hash_assets(value: Any, folder: Path) -> Any:
    """Values in which each asset and archive that has no hash yet gets it. Paths are relative to `folder`.

    Raises:
        EngineError: a file is missing or cannot be read, a member of an archive is not one, or an address is not that
            of a file: nothing is fetched.
    """
    if isinstance(value, list | tuple):
        return [hash_assets(item, folder) for item in value]
    if not isinstance(value, Mapping):
        return value
    kind = kind_of(value)
    if kind in (ASSET, ARCHIVE) and value.get("hash"):
        return value
    made = {key: hash_assets(item, folder) for key, item in value.items()}
    if kind == ASSET:
        return {**made, "hash": _asset_hash(made, folder)}
    return {**made, "hash": _archive_hash(made, folder)} if kind == ARCHIVE else made


def _asset_hash(asset: Mapping[str, Any], folder: Path) -> str:
    with reading(asset), blob(asset, folder) as member:
        return _digest(member.blocks())


def _archive_hash(archive: Mapping[str, Any], folder: Path) -> str:
    with reading(archive), packed(archive, folder) as file:
        return _digest(file.blocks() if file else _as_tar(members(archive, folder)))


def _digest(blocks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def _as_tar(given: Iterable[Member]) -> Iterator[bytes]:
    """The tar archive, in pieces; of members of one name the first counts."""
    seen = set()
    for member in given:
        if member.name in seen:
            continue
        seen.add(member.name)
        shown = member.name.decode(errors="replace")
        if b"\0" in member.name or (member.name.endswith(b"/") and member.size):
            raise EngineError(f"not a name for a file in an archive: `{shown}`")
        yield tarstream.header(member.name, member.size)
        done = 0
        for block in member.blocks():
            done += len(block)
            yield block
        if done != member.size:
            raise EngineError(f"file `{shown}` of an archive has {done} bytes where {member.size} were announced")
        yield tarstream.padding(member.size)
    yield tarstream.END

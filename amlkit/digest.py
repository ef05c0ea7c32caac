"""Digests of values, files and folders: canonical bytes with a type tag, hashed with SHA-256.

The same value has the same digest on every machine, in every order of keys and under every later amlkit.
Used for definition digests, registered versions, fingerprints and the content of data.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

VERSION_LENGTH = 24  # hex digits of a registered version: Azure ML allows 30 characters
SHORT_LENGTH = 6  # hex digits a person is shown


def of(value: Any) -> str:
    """Digest of plain data (None, bool, int, float, str, bytes, sequences, mappings): 64 hex digits.

    Raises:
        TypeError: a value, or something inside it, is of another type.
    """
    return hashlib.sha256(canonical(value)).hexdigest()


def canonical(value: Any) -> bytes:
    """Bytes that two values share only if they are equal and of one type: a tag, a length, the content."""
    if type(value) is str:  # most of everything, and slow below
        return _tagged(b"s", value.encode())
    match value:
        case None:
            return b"n"
        case bool():
            return b"b1" if value else b"b0"
        case int():
            return _tagged(b"i", str(value).encode())
        case float():
            return _tagged(b"f", _float_text(value).encode())
        case str():
            return _tagged(b"s", value.encode())
        case bytes():
            return _tagged(b"y", value)
        case list() | tuple():
            return _tagged(b"l", b"".join([canonical(item) for item in value]))
        case dict() | Mapping():
            pairs = sorted((canonical(key), canonical(item)) for key, item in value.items())
            return _tagged(b"m", b"".join([key + item for key, item in pairs]))
    raise TypeError(f"cannot digest a {type(value).__name__}")


def of_file(path: Path) -> str:
    """Digest of a file's bytes: plain SHA-256, so that any other tool gives the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_tree(files: Iterable[tuple[str, str]]) -> str:
    """Digest of a folder from its (relative posix path, digest of the bytes) pairs, in any order."""
    named = ((path.encode(), content.encode()) for path, content in dict(files).items())
    pairs = sorted(b"s%d:%bs%d:%b" % (len(path), path, len(content), content) for path, content in named)
    return hashlib.sha256(_tagged(b"m", b"".join(pairs))).hexdigest()  # that of the mapping, without a call a value


def of_folder(folder: Path) -> str:
    """Digest of everything below a folder, byte for byte; of one file, if that is what the path is."""
    if folder.is_file():
        return of_file(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return of_tree((path.relative_to(folder).as_posix(), of_file(path)) for path in files)


def version_of(body: Mapping[str, Any]) -> str:
    """The version under which a rendered body is registered (see `VERSION_LENGTH`)."""
    return of(body)[:VERSION_LENGTH]


def short(digest: str) -> str:
    """The first digits, for people."""
    return digest[:SHORT_LENGTH]


def compact_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: one text for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _tagged(tag: bytes, content: bytes) -> bytes:
    return b"%b%d:%b" % (tag, len(content), content)


def _float_text(value: float) -> str:
    if not math.isfinite(value):
        raise TypeError(f"cannot digest {value!r}")
    return repr(value)

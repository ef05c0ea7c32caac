"""Text diffs between two snapshots, two folders of data or two texts, with limits on what is read and shown.

An old file is compared only if it is still the one that was recorded. Used by `explain`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ... import digest
from ..blobs import Blobs
from ..web import AzureError
from .contents import Contents, Tree
from .fingerprints import OUTSIDE

_FILE_BYTES = 200_000
_FILE_LINES = 3_000
_DIFF_CHARACTERS = 20_000
_ALL_CHARACTERS = 200_000
_SHOWN_FILES = 50
_GONE = "gone"


class Diffs:
    """Diffs for one answer, which together stay under a limit."""

    def __init__(self, blobs: Blobs, contents: Contents) -> None:
        self._blobs = blobs
        self._contents = contents
        self._left = _ALL_CHARACTERS

    def texts(self, old: str, new: str, label: str) -> Mapping[str, Any]:
        """`{"diff"}` of two texts, or `{"note"}` saying why there is none."""
        if old == new:
            return {}
        was, now = old.splitlines(), new.splitlines()
        if max(len(was), len(now)) > _FILE_LINES:
            return {"note": f"too long to compare line by line: {max(len(was), len(now))} lines"}
        text = "\n".join(difflib.unified_diff(was, now, f"old/{label}", f"new/{label}", lineterm=""))
        limit = min(_DIFF_CHARACTERS, self._left)
        if not limit:
            return {"note": "not shown: the other diffs fill this answer"}
        self._left -= min(len(text), limit)
        if len(text) <= limit:
            return {"diff": text}
        return {"diff": text[:limit].rpartition("\n")[0], "note": f"cut after {limit} of {len(text)} characters"}

    def files(self, old: str, new: str, part: tuple[str, str, str], workspaces: tuple[str, str]) -> Mapping[str, Any]:
        """Of one file of two snapshots; `part` is its name with the digests that were recorded."""
        name, was, now = part
        if name in ("", OUTSIDE):
            return {"note": "only its digest is known"}
        sides = []
        for which, uri, sha256, workspace in (("old", old, was, workspaces[0]), ("new", new, now, workspaces[1])):
            text, note = self._text(self._path(uri, workspace), name, sha256) if sha256 else ("", "")
            if note:
                return {"note": f"the {which} version is gone" if note == _GONE else note}
            sides.append(text)
        return self.texts(sides[0], sides[1], name)

    def folders(
        self, old: str | None, new: str | None, recorded: tuple[str, str], workspaces: tuple[str, str]
    ) -> Mapping[str, Any]:
        """The files that differ between two folders, named but not compared; `recorded` digests must still hold."""
        trees = [
            self._tree(uri, sha256, workspace)
            for uri, sha256, workspace in zip((old, new), recorded, workspaces, strict=True)
        ]
        if trees[0] is None or trees[1] is None:
            return {"note": f"the {'old' if trees[0] is None else 'new'} version is gone"}
        was, now = dict(trees[0].files), dict(trees[1].files)
        names = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
        how = {(True, True): "changed", (True, False): "removed", (False, True): "added"}
        shown = [f"{name} {how[name in was, name in now]}" for name in names[:_SHOWN_FILES]]
        more = {"note": f"and {len(names) - _SHOWN_FILES} more"} if len(names) > _SHOWN_FILES else {}
        return {"files": shown, **more}

    def _path(self, uri: str, workspace: str) -> Path | None:
        try:
            return self._blobs.folder_of(uri, workspace) if uri else None
        except AzureError:
            return None  # its datastore was deleted

    def _tree(self, uri: str | None, sha256: str, workspace: str) -> Tree | None:
        path = self._path(uri or "", workspace)
        try:
            tree = self._contents.tree(path) if path else None
        except OSError:
            return None
        return tree if tree and sha256 in ("", tree.digest) else None

    def _text(self, root: Path | None, name: str, sha256: str) -> tuple[str, str]:
        """The text of a file, or why there is none."""
        path = root if root is None or root.is_file() else root / name
        try:
            size = path.stat().st_size if path else 0
            if path is None or digest.of_file(path) != sha256:
                return "", _GONE
            if size > _FILE_BYTES:
                return "", f"too large to compare line by line: {size} bytes"
            data = path.read_bytes()
        except OSError:
            return "", _GONE
        try:
            return ("", "not a text") if b"\0" in data else (data.decode(), "")
        except UnicodeDecodeError:
            return "", "not a text"

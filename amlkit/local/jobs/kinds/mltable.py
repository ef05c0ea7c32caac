"""What an `MLTable` file says of a table, for the driver of parallel steps, which has no YAML. Used by `parallel`.

Taken: `paths` (file, folder, pattern) below the folder of the table; `read_delimited`, `read_parquet`,
`read_json_lines`, `keep_columns`, `drop_columns`. Any other transformation is refused by name. Without one that reads,
the table is a list of files, as in Azure ML.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

_READERS = {"read_delimited": "delimited", "read_parquet": "parquet", "read_json_lines": "json lines"}
_NO_HEADER = "no_header"
_DELIMITED = ("delimiter", "encoding", "header", "infer_column_types", "empty_as_string", "support_multi_line")


class BadTableError(Exception):
    """The table cannot be read here; the message says why."""


def read(folder: Path) -> dict[str, Any]:
    """`{"files": ["/…/a.csv"], "reader": {"kind": "delimited", "delimiter": ",", …} or None}`; files in order.

    Raises:
        BadTableError: see there.
    """
    file = folder / "MLTable"
    try:
        found = yaml.safe_load(file.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BadTableError(f"not an MLTable file: {file}: {error}") from error
    if not isinstance(found, Mapping) or not isinstance(found.get("paths"), list):
        raise BadTableError(f"it names no paths: {file}")
    files = sorted({path for item in found["paths"] for path in _paths(folder, item)})
    return {"files": [str(path) for path in files], "reader": _reader(found.get("transformations") or [])}


def _paths(folder: Path, item: Any) -> Iterable[Path]:
    kind, text = next(iter(item.items())) if isinstance(item, Mapping) and len(item) == 1 else ("", item)
    if kind not in ("file", "folder", "pattern") or not isinstance(text, str):
        raise BadTableError(f"not a path of an MLTable: {item!r}")
    if "://" in text or Path(text).is_absolute():
        raise BadTableError(f"a table takes paths below its own folder only in the local Azure ML: {text}")
    plain = text.removeprefix("./")
    if kind == "pattern":
        return [path for path in folder.glob(plain) if path.is_file()]
    path = folder / plain
    if kind == "folder":
        return [each for each in path.rglob("*") if each.is_file()]
    if not path.is_file():
        raise BadTableError(f"there is no such file: {path}")
    return [path]


def _reader(steps: Iterable[Any]) -> dict[str, Any] | None:
    found: dict[str, Any] | None = None
    for step in steps:
        name, options = next(iter(step.items())) if isinstance(step, Mapping) and step else (step, {})
        if name in _READERS and found is None:
            found = {"kind": _READERS[name], **(_delimited(options or {}) if name == "read_delimited" else {})}
        elif name in ("keep_columns", "drop_columns") and found is not None:
            found[name.partition("_")[0]] = [options] if isinstance(options, str) else list(options)
        else:
            raise BadTableError(f"a transformation that the local Azure ML does not do: {name}")
    return found


def _delimited(options: Mapping[str, Any]) -> dict[str, Any]:
    unknown = [name for name in options if name not in _DELIMITED]
    if unknown:
        raise BadTableError(f"an option of read_delimited that the local Azure ML does not know: {unknown[0]}")
    return {
        "delimiter": str(options.get("delimiter", ",")),
        "encoding": str(options.get("encoding", "utf8")),
        "header": options.get("header", "all_files_same_headers") != _NO_HEADER,
        "text": not options.get("infer_column_types", True),
    }

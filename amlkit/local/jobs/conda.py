"""What of an environment version the local Azure ML can honour: the Python and the pip part of its conda file.

Pure text work. Used by `environments` (to build) and by `fingerprints` (to compare).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from .records import EnvironmentSpec

_NAME = re.compile(r"\s*(?:[\w.-]+::)?([A-Za-z0-9_.-]+)\s*(.*)", re.DOTALL)


class BadEnvironmentError(Exception):
    """The conda file cannot be read; the message says why."""


@dataclass(frozen=True)
class Requirements:
    """What to build. `python` is a version request (`3.11`, `>=3.9`), empty: any. `lines` is pip's requirements file.

    `ignored` names what is left out: conda packages that are neither Python nor pip.
    """

    python: str = ""
    lines: tuple[str, ...] = ()
    seed_pip: bool = False
    ignored: tuple[str, ...] = ()
    image: str = ""


@lru_cache(maxsize=64)
def requirements(spec: EnvironmentSpec) -> Requirements:
    """Read an environment.

    Raises:
        BadEnvironmentError: the conda file is not what conda takes.
    """
    if not spec.conda.strip():
        return Requirements(image=spec.image)
    python, seed, lines, ignored = "", False, [], []
    for item in _dependencies(spec.conda):
        if isinstance(item, dict):
            if set(item) != {"pip"} or not isinstance(item["pip"], list | None):
                raise BadEnvironmentError(f"conda file: an entry of `dependencies` is not understood: {item}")
            lines += [str(line) for line in item["pip"] or []]
            continue
        match = _NAME.fullmatch(str(item))
        name, version = (match[1].lower(), match[2]) if match else (str(item), "")
        if name == "python":
            python = _python(version)
        elif name == "pip":
            seed = True
        else:
            ignored.append(str(item))
    return Requirements(python, tuple(lines), seed, tuple(ignored), spec.image)


def _dependencies(text: str) -> list[Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast; a lock has thousands of lines
    try:
        document = yaml.load(text, loader)  # noqa: S506  both are safe loaders
    except yaml.YAMLError as error:
        raise BadEnvironmentError(f"conda file: not YAML: {error}") from error
    if not isinstance(document, dict):
        raise BadEnvironmentError("conda file: it must be a mapping with `dependencies`")
    found = document.get("dependencies") or []
    if not isinstance(found, list):
        raise BadEnvironmentError("conda file: `dependencies` must be a list")
    return found


def _python(version: str) -> str:
    """Conda's version text as uv's: `=3.11` and `==3.11.*` are `3.11`."""
    text = re.sub(r"\s+", "", version)
    exact = re.fullmatch(r"={0,2}(\d+(?:\.\d+)*)(?:\.?\*)?(?:=.*)?", text)
    return exact[1] if exact else text

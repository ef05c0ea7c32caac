"""What of an environment version the local Azure ML can honour: the Python and the pip part of its conda file.

Of conda's own packages those are taken that pip has under the same name. Pure text work. Used by `environments` (to
build) and by the fingerprints (to compare).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from . import curated
from .records import EnvironmentSpec

_NAME = re.compile(r"\s*(?:[\w.-]+::)?([A-Za-z0-9_.-]+)\s*(.*)", re.DOTALL)


_SAME_IN_PIP = frozenset(
    (
        *("numpy", "scipy", "pandas", "scikit-learn", "matplotlib", "seaborn", "statsmodels", "joblib", "pillow"),
        *("lightgbm", "xgboost", "catboost", "nltk", "networkx", "sympy", "numba", "cython", "dask", "pyarrow"),
        *("mlflow", "requests", "pyyaml", "tqdm", "click", "jinja2", "psutil", "openpyxl", "fastparquet", "sqlalchemy"),
    )
)
_NOT_PACKAGES = ("variables", "prefix")  # keys of a conda file that would change a step


class BadEnvironmentError(Exception):
    """The conda file cannot be read; the message says why."""


@dataclass(frozen=True)
class Requirements:
    """What to build. `python` is a version request (`3.11`, `>=3.9`), empty: any. `lines` is pip's requirements file.

    `ignored` names what is left out: conda packages that pip has not, settings. `moved` are the conda packages that pip
    brings. `curated` is the name of a curated environment that `lines` stand for.
    """

    python: str = ""
    lines: tuple[str, ...] = ()
    seed_pip: bool = False
    ignored: tuple[str, ...] = ()
    image: str = ""
    moved: tuple[str, ...] = ()
    curated: str = ""


@lru_cache(maxsize=64)
def requirements(spec: EnvironmentSpec) -> Requirements:
    """Read an environment.

    Raises:
        BadEnvironmentError: the conda file is not what conda takes, or nothing is known to stand for a curated one.
    """
    if not spec.conda.strip():
        return _of_curated(spec.image) if curated.is_reference(spec.image) else Requirements(image=spec.image)
    document = _document(spec.conda)
    python, seed, lines, moved, ignored = "", False, [], [], []
    for item in _dependencies(document):
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
        elif name in _SAME_IN_PIP and (line := _pip_line(name, version)):
            moved.append(line)
        else:
            ignored.append(str(item))
    ignored += [f"`{key}`" for key in _NOT_PACKAGES if document.get(key)]
    named = {_package(line) for line in lines}
    lines += [line for line in moved if _package(line) not in named]
    return Requirements(python, tuple(lines), seed, tuple(ignored), spec.image, tuple(moved))


def _of_curated(reference: str) -> Requirements:
    found = curated.stand_in(reference)
    if found is None:
        raise BadEnvironmentError(curated.unknown(reference))
    return Requirements(found.python, found.lines, image=reference, curated=found.name)


def _document(text: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast; a lock has thousands of lines
    try:
        document = yaml.load(text, loader)  # noqa: S506  both are safe loaders
    except yaml.YAMLError as error:
        raise BadEnvironmentError(f"conda file: not YAML: {error}") from error
    if not isinstance(document, dict):
        raise BadEnvironmentError("conda file: it must be a mapping with `dependencies`")
    return document


def _dependencies(document: dict[str, Any]) -> list[Any]:
    found = document.get("dependencies") or []
    if not isinstance(found, list):
        raise BadEnvironmentError("conda file: `dependencies` must be a list")
    return found


def _package(line: str) -> str:
    """The package that one of pip's lines names, in the one spelling that counts."""
    found = re.match(r"[A-Za-z0-9._-]+", line)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def _pip_line(name: str, version: str) -> str:
    """A conda package as pip's line; empty if its version cannot be said to pip."""
    text = re.sub(r"\s+", "", version)
    if not text:
        return name
    if exact := re.fullmatch(r"(={0,2})(\d+(?:\.\d+)*)(\.?\*)?(?:=[^=]*)?", text):
        is_prefix = exact[3] or exact[1] == "="
        return f"{name}=={exact[2]}.*" if is_prefix else f"{name}=={exact[2]}"
    return f"{name}{text}" if re.fullmatch(r"(?:[<>!~]=?\d[\d.]*(?:\.\*)?,?)+", text) else ""


def _python(version: str) -> str:
    """Conda's version text as uv's: `=3.11` and `==3.11.*` are `3.11`."""
    text = re.sub(r"\s+", "", version)
    exact = re.fullmatch(r"={0,2}(\d+(?:\.\d+)*)(?:\.?\*)?(?:=.*)?", text)
    return exact[1] if exact else text

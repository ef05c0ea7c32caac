"""The environment of a step: a conda file with a lock beside it. Read at compile, rendered as an Azure ML environment.

`environment.yaml` says what the script imports; `environment.lock` beside it says which versions, with hashes. What is
registered holds the locked lines only, so the same versions come in every environment and next month.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .. import digest
from ..errors import Problem
from . import lockfile
from .lockfile import HINT, Lock

IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
_PYTHON = re.compile(r"^python\s*={1,2}\s*(\d+\.\d+)(\.\*)?$")
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Conda:
    """A conda file, by its path beside the step's definition; its lock has the suffix `.lock`.

    `image` is the image that it is installed on in Azure; without one it is a base image of Azure ML's own.
    """

    path: str
    image: str = ""

    @property
    def lock_path(self) -> str:
        """Where the lock is, beside the conda file."""
        return Path(self.path).with_suffix(".lock").as_posix()


@dataclass(frozen=True)
class Environment:
    """What an environment file and its lock hold. `python` is a version of two parts."""

    python: str
    lock: Lock
    image: str = ""

    @property
    def definition(self) -> str:
        """The definition digest: Python, locked packages, and an image if the definition names one."""
        form = {"form": 1, "kind": "environment", "python": self.python, "lock": self.lock.content()}
        return digest.of({**form, "image": self.image} if self.image else form)

    def conda_file(self) -> str:
        """The conda file to register: YAML whose pip section is the lock, a requirement a line, with hashes."""
        lines = [requirement.line for requirement in self.lock.requirements]
        dependencies: list[Any] = [f"python={self.python}"]
        if lines:
            dependencies += ["pip", {"pip": lines}]
        content = {"channels": ["conda-forge"], "dependencies": dependencies}
        return yaml.safe_dump(content, sort_keys=False, width=10**9)


def read(conda: Conda, folder: Path, where: str) -> tuple[Environment | None, tuple[Problem, ...]]:
    """The environment, or None where a file is missing or unreadable, and every problem with it."""
    if not Path(conda.path).name:
        return None, (Problem(where, "there is none", 'say `environment=Conda("environment.yaml")`'),)
    problems = [
        Problem(where, f"no such file: {folder / name}", hint)
        for name, hint in ((conda.path, ""), (conda.lock_path, HINT))
        if not (folder / name).is_file()
    ]
    if problems:
        return None, tuple(problems)
    python, wanted, wrong = _read_conda_file(folder / conda.path, where)
    lock, unlocked = lockfile.read(folder / conda.lock_path, where)
    known = {requirement.name for requirement in lock.requirements}
    stale = [
        Problem(where, f"`{name}` is in `{conda.path}` but not in `{conda.lock_path}`", HINT)
        for name in wanted
        if lockfile.normal_name(name) not in known
    ]
    return Environment(python, lock, conda.image), (*wrong, *unlocked, *stale)


def _read_conda_file(path: Path, where: str) -> tuple[str, list[str], list[Problem]]:
    """Python's version, the names of the pip packages, and problems."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        dependencies = content["dependencies"]
        plain = [item for item in dependencies if isinstance(item, str)]
        pip = [str(item) for part in dependencies if isinstance(part, dict) for item in part["pip"]]
    except (yaml.YAMLError, TypeError, KeyError, UnicodeDecodeError) as error:
        hint = "a conda file has `dependencies`: a list of `python=3.11`, `pip` and a `pip:` list"
        return "", [], [Problem(where, f"not a conda file: {path} ({type(error).__name__})", hint)]
    versions = [found[1] for item in plain if (found := _PYTHON.match(item))]
    others = [item for item in plain if item != "pip" and not item.startswith("python")]
    problems = [
        Problem(where, f"`{item}` of `{path.name}` cannot be locked", "move it into the `pip:` list") for item in others
    ]
    problems += [
        Problem(where, f"`{item}` of `{path.name}` is not a package name", "name packages of an index")
        for item in pip
        if not _NAME.match(item)
    ]
    if len(versions) != 1:
        problems.append(Problem(where, f"no Python version in `{path.name}`", "add `python=3.11` to its dependencies"))
    names = [found[0] for item in pip if (found := _NAME.match(item))]
    return versions[0] if versions else "", names, problems

"""The environment of a step: a conda file or pip requirements with a lock, an image alone, or a curated one.

`environment.yaml` says what the script imports; `environment.lock` beside it says which versions, with hashes. What is
registered holds the locked lines only, so the same versions come in every environment and next month. An image or a
curated environment has no files; the latter is not registered at all but referred to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from .. import digest
from ..errors import Problem
from ..manifest import DEFINITION_PROPERTY
from . import lockfile
from .lockfile import HINT, Lock

if TYPE_CHECKING:
    from .condafile import Wanted

IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
_IMAGE_NAME = re.compile(r"[a-z0-9][\w.-]*(?::\d+)?(?:/[\w.-]+)*(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?")


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
        return Path(self.path).with_suffix(".lock").as_posix() if Path(self.path).name else ""

    def wanted(self, folder: Path, where: str) -> tuple[Wanted, tuple[Problem, ...]]:
        """What the file asks for."""
        from .condafile import read_conda

        return read_conda(folder / self.path, where)


@dataclass(frozen=True)
class Requirements:
    """A requirements file of pip's, by its path beside the step's definition, and the version of Python it is for.

    Its lock has the suffix `.lock`; `image` is as for `Conda`.
    """

    path: str = "requirements.txt"
    python: str = "3.11"
    image: str = ""

    @property
    def lock_path(self) -> str:
        """Where the lock is, beside the requirements."""
        return Path(self.path).with_suffix(".lock").as_posix() if Path(self.path).name else ""

    def wanted(self, folder: Path, where: str) -> tuple[Wanted, tuple[Problem, ...]]:
        """What the file asks for."""
        from .condafile import read_requirements

        return read_requirements(folder / self.path, self.python, where)


@dataclass(frozen=True)
class Image:
    """A container image that has everything; name it by its digest: `mcr.microsoft.com/…@sha256:…`.

    Locally the step runs with this machine's Python and no packages, which its log says.
    """

    image: str
    path: ClassVar[str] = ""
    lock_path: ClassVar[str] = ""


@dataclass(frozen=True)
class Curated:
    """An environment that Azure ML keeps: `sklearn-1.5`, `azureml:AzureML-sklearn-1.5@latest`, `azureml://registries/…`.

    Nothing is registered for it. Only a reference with a version is the same next month.
    """

    reference: str
    path: ClassVar[str] = ""
    lock_path: ClassVar[str] = ""


EnvironmentSource: TypeAlias = Conda | Requirements | Image | Curated


@dataclass(frozen=True)
class Environment:
    """What an environment consists of. `python` is a version of two parts, or three if the file names three.

    `reference` is set where nothing is registered: it stands in the component as it is. `indexes` are pip's options
    that the file gives. `warnings` are no mistakes, but what they name is not the same in every month.
    """

    python: str
    lock: Lock
    image: str = ""
    reference: str = ""
    indexes: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def definition(self) -> str:
        """The definition digest: Python, locked packages, and the image if one is named; or the reference."""
        form: dict[str, Any] = {"form": 1, "kind": "environment"}
        if self.reference:
            return digest.of({**form, "curated": self.reference})
        if self.python:
            form |= {"python": self.python, "lock": self.lock.content()}
        if self.indexes:
            form["indexes"] = self.indexes
        return digest.of({**form, "image": self.image} if self.image else form)

    def conda_file(self) -> str:
        """The conda file to register: YAML whose pip section is the lock, a requirement a line, with hashes.

        Empty for an image alone.
        """
        if not self.python:
            return ""
        import yaml

        lines = [*self.indexes, *(requirement.line for requirement in self.lock.requirements)]
        dependencies: list[Any] = [f"python={self.python}"]
        if self.lock.requirements:
            dependencies += ["pip", {"pip": lines}]
        content = {"channels": ["conda-forge"], "dependencies": dependencies}
        return yaml.safe_dump(content, sort_keys=False, width=10**9)

    def body(self) -> dict[str, Any]:
        """What is registered: the `properties` of an environment version. Not for one that has a `reference`."""
        conda = self.conda_file()
        return {
            "image": self.image or IMAGE,
            **({"condaFile": conda} if conda else {}),
            "osType": "Linux",
            "isAnonymous": False,
            "properties": {DEFINITION_PROPERTY: self.definition},
        }


def files_of(source: EnvironmentSource) -> tuple[str, ...]:
    """Its file and its lock, beside the step's definition: they define a step and are no part of its code."""
    return tuple(path for path in (source.path, source.lock_path) if path)


def read(source: EnvironmentSource, folder: Path, where: str) -> tuple[Environment | None, tuple[Problem, ...]]:
    """The environment, or None where a file is missing or unreadable, and every problem with it."""
    match source:
        case Curated():
            return _read_curated(source, where)
        case Image():
            found = tuple(_image_problems(source.image, where, is_needed=True))
            return Environment("", Lock(()), source.image, warnings=_unpinned(source.image, where)), found
    if not Path(source.path).name:
        return None, (Problem(where, "there is none", 'say `environment=Conda("environment.yaml")`'),)
    problems = [
        Problem(where, f"no such file: {folder / name}", hint)
        for name, hint in ((source.path, ""), (source.lock_path, HINT))
        if not (folder / name).is_file()
    ]
    if problems:
        return None, tuple(problems)
    return _read_files(source, folder, where)


def _read_files(
    source: Conda | Requirements, folder: Path, where: str
) -> tuple[Environment | None, tuple[Problem, ...]]:
    wanted, wrong = source.wanted(folder, where)
    lock, unlocked = lockfile.read(folder / source.lock_path, where)
    known = {requirement.name for requirement in lock.requirements}
    missing = [
        Problem(where, f"`{name}` is in `{source.path}` but not in `{source.lock_path}`", HINT)
        for name in wanted.names
        if lockfile.normal_name(name) not in known
    ]
    made_from = lockfile.made_from(folder / source.lock_path)
    if not missing and not wrong and made_from and made_from != lockfile.digest_of(wanted):
        missing = [Problem(where, f"`{source.path}` has changed since `{source.lock_path}` was made", HINT)]
    bad_image = _image_problems(source.image, where, is_needed=False)
    warnings = _unpinned(source.image, where) if source.image else ()
    found = Environment(wanted.python, lock, source.image, indexes=wanted.indexes, warnings=warnings)
    return found, (*wrong, *unlocked, *missing, *bad_image)


def _read_curated(source: Curated, where: str) -> tuple[Environment | None, tuple[Problem, ...]]:
    from . import curated

    found = curated.read(source.reference, where)
    if isinstance(found, Problem):
        return None, (found,)
    hint = f"name a version: azureml://registries/azureml/environments/{found.name}/versions/<number>"
    warnings = () if found.is_pinned else (Problem(where, f"`{source.reference}` is another one next month", hint),)
    return Environment("", Lock(()), reference=found.text, warnings=warnings), ()


def _image_problems(image: str, where: str, *, is_needed: bool) -> Iterator[Problem]:
    if (image or is_needed) and not _IMAGE_NAME.fullmatch(image):
        yield Problem(where, f"not the name of an image: {image!r}", "as in `mcr.microsoft.com/azureml/base@sha256:…`")


def _unpinned(image: str, where: str) -> tuple[Problem, ...]:
    if "@sha256:" in image:
        return ()
    return (Problem(where, f"the image is not pinned by its digest: {image}", "name it as `<image>@sha256:…`"),)

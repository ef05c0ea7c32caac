"""The code of a step on disk: its folder, what is included from elsewhere, and what of it counts for reuse.

Called by `component`; which files of a folder are code at all is `snapshot`'s matter.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .. import digest
from ..errors import Problem
from . import environment, snapshot
from .definition import StepDefinition, did_you_mean
from .snapshot import Snapshot, Tell

_BESIDE = "paths start beside the file that defines the step"


@dataclass(frozen=True)
class Code:
    """What `read` finds. `selected`: the snapshot's paths that count for reuse, none: all; `extra`: see `Component`."""

    snapshot: Snapshot
    selected: tuple[str, ...] = ()
    extra: str = ""


def read(step: StepDefinition) -> tuple[Code, tuple[Problem, ...]]:
    """The code of a step and every problem with it; a step without code has an empty snapshot."""
    where = f"{step.name}.code"
    if step.code is None:
        return Code(_nothing()), tuple(_without_code(step))
    if not step.code_folder.is_dir():
        return Code(_nothing()), (Problem(where, f"no such folder: {step.code}", _BESIDE),)
    whole = take(step)
    selected, extra, wrong = _counting(step, whole)
    return Code(whole, selected, extra), (*_refused(whole, step), *snapshot.over_limits(whole, where), *wrong)


def take(step: StepDefinition, tell: Tell | None = None) -> Snapshot:
    """The snapshot of a step that has code; `tell` is called with each path that is left out, and why."""
    if step.code is None:
        return _nothing()
    includes = [os.path.relpath(step.folder / include, step.code_folder) for include in step.includes]
    return snapshot.take(step.code_folder, _not_code(step), includes, tell=tell)


def _without_code(step: StepDefinition) -> Iterator[Problem]:
    for what, paths in (("hash_paths", step.hash_paths), ("additional_includes", step.includes)):
        if paths:
            yield Problem(f"{step.name}.{what}", "the step has no code: it says `code=None`", "drop one of the two")


def _refused(code: Snapshot, step: StepDefinition) -> Iterator[Problem]:
    for path, reason in code.refused:
        is_include = path in step.includes
        where = f"{step.name}.additional_includes" if is_include else f"{step.name}.code"
        hint = _BESIDE if is_include else "copy what it leads to, or name it in `.amlignore`"
        yield Problem(where, f"`{path}` cannot be taken: {reason}", hint)


def _nothing() -> Snapshot:
    return Snapshot(lambda: (), digest.of_tree(()))


def _not_code(step: StepDefinition) -> frozenset[str]:
    """Files that define the step: an edit of a docstring must run nothing again."""
    paths = [step.folder / name for name in (step.source, *environment.files_of(step.environment)) if name]
    root = step.code_folder.resolve()
    return frozenset(
        path.resolve().relative_to(root).as_posix() for path in paths if path.resolve().is_relative_to(root)
    )


def _counting(step: StepDefinition, code: Snapshot) -> tuple[tuple[str, ...], str, tuple[Problem, ...]]:
    """What `hash_paths` selects of the code, the digest of what it adds from outside, and paths that lead nowhere."""
    where = f"{step.name}.hash_paths"
    inside: list[str] = []
    outside: dict[str, str] = {}
    problems: list[Problem] = []
    for path in step.hash_paths:
        name = _in_code(step, path)
        target = (step.folder / path).resolve()
        if name is not None and (name == "." or any(_is_at_or_below(file.path, name) for file in code.files)):
            inside.append(name)
        elif name is None and target.exists():
            outside[PurePosixPath(path).name if Path(path).is_absolute() else path] = _digest_of(target)
        else:
            near = did_you_mean(path, [file.path for file in code.files])
            problems.append(Problem(where, f"no such file or folder in the step's code: {path}", near))
    if inside and step.script:
        inside.append(step.script)
    if "." in inside:
        inside = []  # all of it counts anyway
    return tuple(sorted(set(inside))), digest.of(outside) if outside else "", tuple(problems)


def _in_code(step: StepDefinition, path: str) -> str | None:
    """Where a path lies in the snapshot; None if it lies outside. An include lies there under its own name."""
    target = (step.folder / path).resolve()
    root = step.code_folder.resolve()
    if target.is_relative_to(root):
        return target.relative_to(root).as_posix()
    for include in step.includes:
        base = (step.folder / include).resolve()
        if target.is_relative_to(base):
            return (PurePosixPath(base.name) / target.relative_to(base).as_posix()).as_posix()
    return None


def _is_at_or_below(path: str, name: str) -> bool:
    return path == name or path.startswith(name + "/")


def _digest_of(path: Path) -> str:
    """Of what counts though it is no code: a folder by the same rules as code, a file by its bytes."""
    return snapshot.take(path).digest if path.is_dir() else digest.of_file(path)

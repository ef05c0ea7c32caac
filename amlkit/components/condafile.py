"""What an environment file asks for: Python's version and pip requirements. Read by `environment` and by `locking`.

Conda files and pip's requirements files come to one record. Only what a lock can hold is taken: packages of an index
or wheels by their address. `-r` files are followed, options that choose an index are kept apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import Problem

PYTHON = re.compile(r"\d+\.\d+(\.\d+)?")
_CONDA_PYTHON = re.compile(r"^python\s*={1,2}\s*(\d+\.\d+(?:\.\d+)?)(\.\*)?$")
_IS_PYTHON = re.compile(r"^python\s*([=<>!~]|$)")
_IS_PIP = re.compile(r"^pip\s*([=<>!~]|$)")
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(@\s*\S+|[=<>!~;(,].*)?$")
_INCLUDE = re.compile(r"^(?:-r|--requirement)[ =]?\s*(\S+)$")
_CONSTRAINT = re.compile(r"^(?:-c|--constraint)[ =]?\s*(\S+)$")
_INDEX = re.compile(r"^(?:-i|--index-url|--extra-index-url|-f|--find-links)[ =]\s*(\S+)$")
_INDEX_FILE_HINT = "name packages of an index, or wheels as `name @ https://…`"


@dataclass(frozen=True)
class Wanted:
    """What is asked for, in the order of the file. `python` has two or three parts, empty if none is named.

    `requirements` are pip's lines, `constraints` bound them without asking for anything, `indexes` are options such as
    `--extra-index-url https://…`. `files` are all that was read, the environment file first (absolute paths).
    """

    python: str
    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The packages that are asked for."""
        return tuple(found[1] for line in self.requirements if (found := _NAME.match(line)))

    def content(self) -> dict[str, Any]:
        """Plain data for the digest of what a lock is made from: neither order nor comments count."""
        return {
            "python": self.python,
            "requirements": sorted(set(self.requirements)),
            "constraints": sorted(set(self.constraints)),
            "indexes": list(self.indexes),
        }


def read_conda(path: Path, where: str) -> tuple[Wanted, tuple[Problem, ...]]:
    """A conda file, and everything in it that cannot be locked."""
    import yaml

    try:
        dependencies = yaml.safe_load(path.read_text(encoding="utf-8-sig"))["dependencies"]
        plain = [" ".join(item.split()) for item in dependencies if isinstance(item, str)]
        pip = [str(item) for part in dependencies if isinstance(part, dict) for item in part["pip"] or ()]
    except (yaml.YAMLError, TypeError, KeyError, UnicodeDecodeError) as error:
        hint = "a conda file has `dependencies`: a list of `python=3.11`, `pip` and a `pip:` list"
        problem = Problem(where, f"not a conda file: {path} ({type(error).__name__})", hint)
        return Wanted("", files=(path,)), (problem,)
    versions = [found[1] for item in plain if (found := _CONDA_PYTHON.match(item))]
    problems = [
        Problem(where, f"`{item}` of `{path.name}` cannot be locked", "move it into the `pip:` list")
        for item in plain
        if not _IS_PYTHON.match(item) and not _IS_PIP.match(item)
    ]
    if len(versions) != 1:
        hint = "add `python=3.11` to its dependencies"
        problems.append(Problem(where, f"no Python version in `{path.name}`", hint))
    wanted, wrong = _collected("\n".join(pip), path, versions[0] if versions else "", where)
    return wanted, (*problems, *wrong)


def read_requirements(path: Path, python: str, where: str) -> tuple[Wanted, tuple[Problem, ...]]:
    """A requirements file for a version of Python, and everything in it that cannot be locked."""
    problems = []
    if not PYTHON.fullmatch(python):
        problems.append(Problem(where, f"not a version of Python: {python!r}", 'say `python="3.11"`'))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return Wanted(python, files=(path,)), (*problems, Problem(where, f"not a text in UTF-8: {path}"))
    wanted, wrong = _collected(text, path, python, where)
    return wanted, (*problems, *wrong)


@dataclass
class _Found:
    requirements: list[str]
    constraints: list[str]
    indexes: list[str]
    files: list[Path]
    problems: list[Problem]


def _collected(text: str, path: Path, python: str, where: str) -> tuple[Wanted, tuple[Problem, ...]]:
    found = _Found([], [], [], [path], [])
    _collect(text, path, where, found, found.requirements)
    lists = (tuple(found.requirements), tuple(found.constraints), tuple(found.indexes), tuple(found.files))
    return Wanted(python, *lists), tuple(found.problems)


def _collect(text: str, path: Path, where: str, found: _Found, into: list[str]) -> None:
    for line in _lines(text):
        included, constrained = _INCLUDE.match(line), _CONSTRAINT.match(line)
        if included or constrained:
            name = (included or constrained or [""])[1]
            _follow(path.parent / name, where, found, into if included else found.constraints)
        elif index := _INDEX.match(line):
            found.indexes.append(line)
            found.problems += _index_problems(index[1], path, where)
        elif problem := _problem_with(line, path, where):
            found.problems.append(problem)
        else:
            into.append(line)


def _follow(path: Path, where: str, found: _Found, into: list[str]) -> None:
    if path in found.files:
        return
    found.files.append(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        found.problems.append(Problem(where, f"`{path.name}` cannot be read: {error}"))
        return
    _collect(text, path, where, found, into)


def _problem_with(line: str, path: Path, where: str) -> Problem | None:
    """Why a lock cannot hold a line, or None."""
    if line.startswith("-"):
        option = line.split("=")[0].split()[0]
        return Problem(where, f"`{option}` of `{path.name}` cannot be locked", _INDEX_FILE_HINT)
    match = _NAME.match(line)
    if match is None:
        return Problem(where, f"`{line}` of `{path.name}` is not a package name", _INDEX_FILE_HINT)
    if (match[2] or "").startswith("@") and not re.match(r"@\s*https?://\S+\.(whl|tar\.gz|zip)\b", match[2]):
        hint = "publish it to an index, or name a wheel: `name @ https://….whl`"
        return Problem(where, f"`{match[1]}` of `{path.name}` is at no address that a lock can hold: {match[2]}", hint)
    return None


def _index_problems(address: str, path: Path, where: str) -> Iterator[Problem]:
    if (parts := urlsplit(address)).password or parts.username:
        hint = "keep it in the settings of uv and pip: `UV_EXTRA_INDEX_URL`, `PIP_EXTRA_INDEX_URL`"
        yield Problem(where, f"an address in `{path.name}` carries a password", hint)


def _lines(text: str) -> Iterator[str]:
    """Lines without comments and blanks, continuations joined."""
    joined = ""
    for line in text.splitlines():
        content = re.sub(r"(^|\s)#.*$", "", line).strip()
        joined = f"{joined} {content.removesuffix(chr(92)).strip()}".strip()
        if not content.endswith("\\"):
            if joined:
                yield " ".join(joined.split())
            joined = ""
    if joined:
        yield joined

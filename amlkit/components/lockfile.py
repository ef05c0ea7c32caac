"""Locks: requirements files in which every line is one exact version with its hashes. Read by `environment`.

Made by `uv pip compile --generate-hashes`; any other tool that writes pip's format will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import Problem

_REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?P<extras>\[[^\]]*\])?==(?P<version>[^\s;]+)")
_HASH = re.compile(r"\s--hash=(sha256:[0-9a-f]{64})(?=\s|$)")

HINT = "lock it with `uv pip compile --generate-hashes --universal`"


@dataclass(frozen=True)
class Requirement:
    """One locked package: `numpy==2.4.6 ; python_full_version < '3.12'` and its hashes, sorted."""

    name: str
    text: str
    hashes: tuple[str, ...]

    @property
    def line(self) -> str:
        """As pip reads it, on one line."""
        return " ".join([self.text, *(f"--hash={value}" for value in self.hashes)])


@dataclass(frozen=True)
class Lock:
    """What is locked, sorted by its text: comments, order and line endings of the file take no part."""

    requirements: tuple[Requirement, ...]

    def content(self) -> list[list[str]]:
        """Plain data for a digest."""
        return [[item.text, *item.hashes] for item in self.requirements]


def normal_name(name: str) -> str:
    """A package's name in the one spelling that counts (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read(path: Path, where: str) -> tuple[Lock, tuple[Problem, ...]]:
    """The lock in a file, and every line of it that locks nothing."""
    requirements, problems = [], []
    for number, line in _logical_lines(path.read_text(encoding="utf-8")):
        found = _REQUIREMENT.match(line)
        hashes = tuple(sorted(_HASH.findall(line)))
        if found is None or not hashes:
            what = "not an exact version" if found is None else f"no hash: {found['name']}"
            problems.append(Problem(where, f"line {number} of `{path.name}`: {what}", HINT))
            continue
        text = " ".join(_HASH.sub("", line).split())
        requirements.append(Requirement(normal_name(found["name"]), text, hashes))
    return Lock(tuple(sorted(requirements, key=lambda item: item.text))), tuple(problems)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, with continuations joined, and the number of the first line of each."""
    joined, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        content = re.sub(r"(^|\s)#.*$", "", line).strip()
        first = first or number
        joined = f"{joined} {content.removesuffix(chr(92)).strip()}".strip()
        if not content.endswith("\\"):
            if joined:
                yield first, joined
            joined, first = "", 0

"""Locks: requirements files in which every line is one exact version with its hashes. Read by `environment`.

Made by `amlkit lock`, which notes in a comment what a lock was made from; any tool that writes pip's format will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .. import digest
from ..errors import Problem

if TYPE_CHECKING:
    from .condafile import Wanted

_REQUIREMENT = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?P<extras>\[[^\]]*\])?(?:==(?P<version>[^\s;]+)|\s*@\s*https?://\S+)"
)
_HEADER = "# amlkit lock, made from "
_MADE_FROM = re.compile(rf"^{_HEADER}([0-9a-f]{{64}})\s*$", re.MULTILINE)
_HASH = re.compile(r"\s--hash=(sha256:[0-9a-f]{64})(?=\s|$)")

HINT = "lock it: `amlkit lock`"


@dataclass(frozen=True)
class Requirement:
    """One locked package: `numpy==2.4.6 ; python_full_version < '3.12'` and its hashes, sorted."""

    name: str
    text: str
    hashes: tuple[str, ...]

    @property
    def version(self) -> str:
        """`2.4.6`; the address if it is named by one."""
        found = _REQUIREMENT.match(self.text)
        return (found["version"] or self.text.partition("@")[2].strip()) if found else ""

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


def digest_of(wanted: Wanted) -> str:
    """The digest of what a lock is made from: 64 hex digits."""
    return digest.of({"form": 1, "kind": "lock", **wanted.content()})


def header(made_from: str) -> str:
    """The first line of a lock; it takes no part in any definition digest."""
    return f"{_HEADER}{made_from}\n"


def made_from(path: Path) -> str:
    """The digest of what a lock was made from; empty if it does not say."""
    found = _MADE_FROM.search(path.read_text(encoding="utf-8"))
    return found[1] if found else ""


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

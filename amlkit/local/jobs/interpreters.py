"""Which Python an environment gets: the host's if it fits, else an installed one, else one uv brings, else the nearest.

Used by `environments`. Version requests are those of conda files: `3.11`, `>=3.9,<3.12`, empty for any.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Version = tuple[int, ...]
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")
_CLAUSE = re.compile(r"(==|!=|>=|<=|>|<|~=|=)?(\d+(?:\.\d+)*)(?:\.\*)?")


@dataclass(frozen=True)
class Interpreter:
    """A Python: its version, its path, and what to tell the user when it is not what was asked for."""

    version: Version
    path: str
    note: str = ""

    @property
    def text(self) -> str:
        """`3.11.7`."""
        return ".".join(map(str, self.version))


def host() -> Interpreter:
    """The Python that runs the stand-in, outside its virtual environment."""
    return Interpreter(tuple(sys.version_info[:3]), str(getattr(sys, "_base_executable", sys.executable)))


def fits(request: str, version: Version) -> bool:
    """Does a version satisfy a request? An unreadable clause is satisfied by none."""
    return all(_clause_fits(clause, version) for clause in re.split(r"[,\s]+", request.strip()) if clause)


def choose(request: str, uv: str, environment: Mapping[str, str]) -> Interpreter:
    """The best Python for a request; asks uv when the host's does not fit (half a second, or a download)."""
    mine = host()
    if fits(request, mine.version):
        return mine
    there = _list(uv, environment)
    return _best(request, there) or _brought(request, uv, environment) or _nearest(request, [mine, *there])


def _best(request: str, there: list[Interpreter]) -> Interpreter | None:
    return max((item for item in there if fits(request, item.version)), key=lambda item: item.version, default=None)


def _brought(request: str, uv: str, environment: Mapping[str, str]) -> Interpreter | None:
    command = [uv, "python", "install", "--no-progress", request]
    hasty = {**environment, "UV_HTTP_RETRIES": "0"}
    done = subprocess.run(command, env=hasty, capture_output=True, check=False)
    return _best(request, _list(uv, environment)) if done.returncode == 0 else None


def _nearest(request: str, there: list[Interpreter]) -> Interpreter:
    numbers = _NUMBERS.search(request)
    wanted = _version(numbers[0]) if numbers else host().version
    best = min(there, key=lambda item: _distance(item.version, wanted))
    note = f"Python {request} is not on this machine and could not be fetched; the nearest is used: {best.text}"
    return Interpreter(best.version, best.path, note)


def _list(uv: str, environment: Mapping[str, str]) -> list[Interpreter]:
    command = [uv, "python", "list", "--only-installed", "--output-format", "json"]
    done = subprocess.run(command, env=dict(environment), capture_output=True, check=False)
    if done.returncode != 0:
        return []
    rows = [row for row in json.loads(done.stdout) if row["implementation"] == "cpython" and "shims" not in row["path"]]
    return [Interpreter(_version(row["version"]), row["path"]) for row in rows if Path(row["path"]).exists()]


def _clause_fits(clause: str, version: Version) -> bool:
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        return False
    sign, wanted = match[1] or "==", _version(match[2])
    same = version[: len(wanted)] == wanted
    padded = (*wanted, 0, 0)[: max(3, len(wanted))]
    match sign:
        case "==" | "=":
            return same
        case "!=":
            return not same
        case ">=":
            return version >= padded
        case "<=":
            return version <= padded or same
        case ">":
            return version > padded and not same
        case "<":
            return version < padded
    return version >= padded and version[: len(wanted) - 1] == wanted[:-1]


def _version(text: str) -> Version:
    numbers = _NUMBERS.match(text)
    return tuple(int(part) for part in numbers[0].split(".")) if numbers else ()


def _distance(version: Version, wanted: Version) -> tuple[int, ...]:
    padded = (*wanted, 0, 0, 0)[:3]
    return tuple(abs(have - want) for have, want in zip(version, padded, strict=False))

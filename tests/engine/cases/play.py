"""Tells a case to an engine, or to both in turn, and says what came of each step.

`expected` reads what the Pulumi CLI did, `differences` compares, `record` writes.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...warm import SALT, Warm
from ..conftest import Project, make_project
from . import words
from .engines import Embedded, Official
from .interpreter import quicken
from .observe import Observer
from .story import Case, Step

Engine = Embedded | Official
Observation = dict[str, Any]
EMBEDDED = "embedded"
"""Key of a step's expectation that holds the fields which the embedded engine, on purpose, tells otherwise."""
LEFT = "left"
"""Key of an `@official` step's expectation: the checkpoint, the cloud and the settings that it left."""


def play(
    case: Case, folder: Path, choose: Callable[[int, Step], Engine | Observation], warm: Warm | None = None
) -> list[Observation]:
    """Every step's observation. `choose` names the engine of a step, or gives what the official one left of it."""
    project = make_project(folder)
    quicken(project, warm)
    Official().run(project, ["stack", "init", "dev"]) if _first(case, choose) == "official" else _init(project)
    observer = Observer(project)
    seen = []
    for number, step in enumerate(case.steps):
        _prepare(project, step)
        chosen = choose(number, step)
        if isinstance(chosen, dict):
            _restore(project, chosen)
            observer.look()
            seen.append({})
            continue
        seen.append(observer.observe(chosen.run(project, step.command, step.meanwhile)))
        if step.official:
            seen[-1][LEFT] = _left(project)
    return seen


def embedded(
    case: Case, folder: Path, recorded: list[Observation] | None = None, warm: Warm | None = None
) -> list[Observation]:
    """The case on the embedded engine; `@official` steps are taken from the recording."""
    engine = Embedded(rough=case.rough)

    def choose(number: int, step: Step) -> Engine | Observation:
        return recorded[number][LEFT] if step.official and recorded else engine

    return play(case, folder, choose, None if case.rough else warm)


def official(case: Case, folder: Path) -> list[Observation]:
    """The case on the Pulumi CLI."""
    engine = Official()
    return play(case, folder, lambda number, step: engine)


def alternating(case: Case, folder: Path, first: str) -> list[Observation]:
    """The case on both engines in turn: each goes on from the state of the other."""
    engines = {"embedded": Embedded(rough=True), "official": Official()}
    return play(case, folder, lambda number, step: engines["embedded" if is_ours(first, number, step) else "official"])


def is_ours(first: str, number: int, step: Step) -> bool:
    """Is a step, counted from 0, the embedded engine's, if both take turns and `first` begins?"""
    return not step.official and (number % 2 == 0) == (first == "embedded")


def expected(case: Case) -> list[Observation]:
    """What the CLI did, as recorded."""
    steps: list[Observation] = json.loads(case.expectation.read_text())
    return steps


def differences(
    case: Case,
    wanted: list[Observation],
    seen: list[Observation],
    ours: Callable[[int, Step], bool] = lambda number, step: not step.official,
) -> list[str]:
    """Where `seen` is not as wanted, a line each; `ours`: which steps were the embedded engine's."""
    found = []
    for number, (step, one, other) in enumerate(zip(case.steps, wanted, seen, strict=True)):
        if step.official and not other:
            continue
        target, told = (
            {key: value for key, value in each.items() if key not in (EMBEDDED, LEFT)} for each in (one, other)
        )
        if ours(number, step):
            target, told = {**words.ours(target), **one.get(EMBEDDED, {})}, words.without_more(told)
        else:
            target, told = words.unordered(target), words.unordered(told)
        place = f"{case.name} step {number + 1} `{' '.join(step.command)}`: "
        found += [place + line for line in _unequal(target, told)]
    return found


def _unequal(wanted: Any, seen: Any, place: str = "") -> list[str]:
    if isinstance(wanted, dict) and isinstance(seen, dict):
        keys = sorted({*wanted, *seen})
        return [line for key in keys for line in _unequal(wanted.get(key), seen.get(key), f"{place}.{key}".strip("."))]
    if isinstance(wanted, list) or isinstance(seen, list):
        wanted, seen = wanted or [], seen or []
        if not (isinstance(wanted, list) and isinstance(seen, list)):
            return [f"{place}: wanted {_short(wanted)}, is {_short(seen)}"]
        missing = [item for item in wanted if wanted.count(item) > seen.count(item)]
        extra = [item for item in seen if seen.count(item) > wanted.count(item)]
        lines = [f"{place}: missing {_short(item)}" for item in missing]
        lines += [f"{place}: not wanted {_short(item)}" for item in extra]
        return lines or ([] if wanted == seen else [f"{place}: another order: {_short(seen)}"])
    return [] if wanted == seen else [f"{place}: wanted {_short(wanted)}, is {_short(seen)}"]


def overlays(case: Case, wanted: list[Observation], seen: list[Observation]) -> None:
    """Note in the recording what the embedded engine tells otherwise, where the case allows it."""
    for one, other in zip(wanted, seen, strict=True):
        if not other:
            continue
        target, told = words.ours(one), words.without_more(other)
        unlike = {key: told.get(key) for key in case.differs_in if target.get(key) != told.get(key)}
        if unlike:
            one[EMBEDDED] = unlike


def record(case: Case, steps: list[Observation]) -> None:
    """Write the expectation: readable, an item a line."""
    case.expectation.write_text(_dump(steps, 0) + "\n")


def _dump(value: Any, level: int) -> str:
    flat = json.dumps(value, ensure_ascii=False, sort_keys=level > 1)
    if level > 2 or not isinstance(value, dict | list) or len(flat) < 100:
        return flat
    indent, end = " " * (level + 1), " " * level
    if isinstance(value, list):
        items = [_dump(item, level + 1) for item in value]
        return "[\n" + ",\n".join(indent + item for item in items) + f"\n{end}]"
    items = [f"{json.dumps(key, ensure_ascii=False)}: {_dump(item, level + 1)}" for key, item in value.items()]
    return "{\n" + ",\n".join(indent + item for item in items) + f"\n{end}}}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) < 500 else text[:500] + "…"


def _first(case: Case, choose: Callable[[int, Step], Engine | Observation]) -> str:
    first = choose(0, case.steps[0])
    return first.name if isinstance(first, Embedded | Official) else "embedded"


def _init(project: Project) -> None:
    (project.folder / "project/Pulumi.dev.yaml").write_text(f"encryptionsalt: {SALT}\n")
    ran = Embedded().run(project, ["stack", "init", "dev"])
    assert ran.code == 0, ran.err


def _prepare(project: Project, step: Step) -> None:
    for kind, *given in step.prepared:
        if kind == "fault":
            project.faults(_fault(given))
        elif kind == "cloud":
            project.set_thing(given[0], **({} if given[1] == "gone" else json.loads(given[1])))
        elif kind == "file":
            (project.folder / "project" / given[0]).write_text(_content(json.loads(given[1])))
        elif kind == "git":
            line = ["git", "-c", "user.name=Someone", "-c", "user.email=someone@example.org", *given]
            subprocess.run(line, cwd=project.folder / "project", env=project.environ, check=True, capture_output=True)
        else:
            name, _, value = given[0].partition("=")
            project.environ[name] = value
    if step.program is not None:
        project.write(step.program)


def _content(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _fault(words: list[str]) -> dict[str, Any]:
    method, name, *rest = words
    return {
        "method": method,
        "name": name,
        "when": next((word for word in rest if word in ("before", "after")), "before"),
        "mode": next((word for word in rest if word in ("error", "partial", "hang", "exit")), "error"),
        "always": "always" in rest,
    }


def _left(project: Project) -> dict[str, Any]:
    """What the official engine left, without what says where and when it ran."""
    checkpoint = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)", _TIME, project.state_file.read_text())
    state = _placeless(json.loads(checkpoint))
    state["checkpoint"]["latest"]["manifest"] = {"time": _TIME, "magic": "", "version": ""}
    return {
        "state": state,
        "things": project.things(),
        "settings": (project.folder / "project/Pulumi.dev.yaml").read_text(),
    }


_TIME = "2026-01-01T00:00:00.000000001Z"


def _placeless(value: Any) -> Any:
    if isinstance(value, dict):
        dropped = {"stackTrace"} | (
            {"sourcePosition"} if value.get("sourcePosition", "").startswith("project:///..") else set()
        )
        return {key: _placeless(item) for key, item in value.items() if key not in dropped}
    return [_placeless(item) for item in value] if isinstance(value, list) else value


def _restore(project: Project, left: dict[str, Any]) -> None:
    project.state_file.write_text(json.dumps(left["state"], separators=(",", ":")))
    (project.cloud / "things.json").write_text(json.dumps(left["things"]))
    (project.cloud / "faults.json").unlink(missing_ok=True)  # they befell the official engine
    (project.folder / "project/Pulumi.dev.yaml").write_text(left["settings"])

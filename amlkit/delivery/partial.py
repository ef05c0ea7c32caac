"""A part of a pipeline's job: until a step, or from a step on. Pure functions on the body of a job.

The steps are in the body itself (`jobs`), not in a component that it refers to. Names are those of the top level.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from amlkit.errors import DefinitionError, Problem, near
from amlkit.manifest import texts

Body = Mapping[str, Any]
Outputs = Mapping[tuple[str, str], Mapping[str, str]]  # step and output: `{"uri", "type"}` of what was made before

_OF_STEP = re.compile(r"\$\{\{\s*parent\.jobs\.([\w-]+)\.outputs\.([\w.-]+)\s*\}\}")
_OF_INPUT = re.compile(r"\$\{\{\s*parent\.inputs\.([\w.-]+)\s*\}\}")
_OF_PARENT = re.compile(r"\$\{\{\s*parent\.outputs\.([\w.-]+)\s*\}\}")


def until(body: Body, step: str) -> Body:
    """Only a step and what it needs.

    Raises:
        DefinitionError: there is no such step.
    """
    return _only(body, ancestors(body, step) | {step})


def wanted_by(body: Body, step: str) -> frozenset[tuple[str, str]]:
    """The outputs, as step and name, that `since` needs from an earlier run.

    Raises:
        DefinitionError: there is no such step.
    """
    kept = _descendants(body, step)
    return frozenset(source for name in kept for source in _sources(body["jobs"][name]) if source[0] not in kept)


def since(body: Body, step: str, made: Outputs) -> Body:
    """Only a step and what follows from it; everything else that these need is taken from `made`.

    Raises:
        DefinitionError: there is no such step, or `made` lacks an output; all of them.
    """
    missing = sorted(wanted_by(body, step) - made.keys())
    if missing:
        raise DefinitionError(
            Problem(f"{name}.{output}", "no earlier run made it", "run the whole pipeline once")
            for name, output in missing
        )
    part = _only(body, _descendants(body, step))
    return {**part, "jobs": {name: _fed(node, set(part["jobs"]), made) for name, node in part["jobs"].items()}}


def refuse_unread(part: Body, given: Iterable[str]) -> None:
    """Inputs of the pipeline that were given for this run must reach a step that runs.

    Raises:
        DefinitionError: those that no step of the part reads; all of them.
    """
    read = {name for text in texts(part["jobs"]) for name in _OF_INPUT.findall(text)}
    unread = sorted(set(given) - read)
    if unread:
        hint = "leave it out, or run the steps that read it too"
        raise DefinitionError(Problem(name, "no step of this part reads it", hint) for name in unread)


def ancestors(body: Body, step: str) -> frozenset[str]:
    """The steps that must be over before `step` starts.

    Raises:
        DefinitionError: there is no such step.
    """
    _refuse_unknown(body, step)
    found: set[str] = set()
    left = [step]
    while left:
        new = {name for name, _ in _sources(body["jobs"][left.pop()])} & body["jobs"].keys() - found
        found |= new
        left += new
    return frozenset(found)


def _descendants(body: Body, step: str) -> frozenset[str]:
    _refuse_unknown(body, step)
    users: dict[str, set[str]] = {}
    for name, node in body["jobs"].items():
        for source, _ in _sources(node):
            users.setdefault(source, set()).add(name)
    found, left = {step}, [step]
    while left:
        new = users.get(left.pop(), set()) - found
        found |= new
        left += new
    return frozenset(found)


def _only(body: Body, kept: Iterable[str]) -> Body:
    """The body with these steps only, and of its outputs those that they write."""
    names = set(kept)
    jobs = {name: node for name, node in body["jobs"].items() if name in names}
    written = {
        name for node in jobs.values() for text in texts(node.get("outputs")) for name in _OF_PARENT.findall(text)
    }
    outputs = {name: item for name, item in (body.get("outputs") or {}).items() if name in written}
    return {**body, "jobs": jobs, "outputs": outputs}


def _fed(node: Mapping[str, Any], kept: set[str], made: Outputs) -> dict[str, Any]:
    """A step with the bindings to steps that are left out replaced by what they made."""

    def replaced(item: Any) -> Any:
        match = next((found for text in texts(item) if (found := _OF_STEP.search(text))), None)
        if match is None or match[1] in kept:
            return item
        source = made[match[1], match[2]]
        mode = {"mode": item["mode"]} if isinstance(item, Mapping) and item.get("mode") else {}
        return {"job_input_type": source.get("type") or "uri_folder", "uri": source["uri"], **mode}

    return {**node, "inputs": {name: replaced(item) for name, item in (node.get("inputs") or {}).items()}}


def _sources(node: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """The outputs of other steps that a step takes."""
    found = (match for text in texts(node.get("inputs")) for match in _OF_STEP.finditer(text))
    return frozenset((match[1], match[2]) for match in found)


def _refuse_unknown(body: Body, step: str) -> None:
    if step not in body["jobs"]:
        meant = near(step, body["jobs"])
        hint = f"did you mean `{meant[0]}`?" if meant else f"its steps are: {', '.join(body['jobs'])}"
        raise DefinitionError([Problem(step, "no such step in the pipeline", hint)])

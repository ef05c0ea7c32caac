"""What earlier runs of the same pipeline made: outputs for `--from`, parameters for `--resume`."""

from __future__ import annotations

from collections.abc import Mapping

from amlkit.errors import RunError

from . import runs
from .stacks import Workspace
from .submission import PIPELINE_PROPERTY

_LOOKED_AT = 50  # completed runs, newest first


def made(
    workspace: Workspace, pipeline: str, wanted: frozenset[tuple[str, str]]
) -> tuple[dict[tuple[str, str], Mapping[str, str]], str]:
    """The outputs (step and name) of the newest completed run of a pipeline that has all of them, and that run's id.

    Raises:
        RunError: there is no such run.
    """
    if not wanted:
        return {}, ""
    for run in runs.recent(workspace, _LOOKED_AT, ("Completed",)):
        if run.properties.get(PIPELINE_PROPERTY) == pipeline:
            found = _outputs(workspace, run.id, wanted)
            if found.keys() >= wanted:
                return found, run.id
    names = ", ".join(sorted(f"{step}.{output}" for step, output in wanted))
    what = f"no completed run of `{pipeline}` has what the steps before would give: {names}"
    raise RunError(what, hint=f"run the whole of it once: `amlkit run {pipeline}`")


def _outputs(
    workspace: Workspace, run_id: str, wanted: frozenset[tuple[str, str]]
) -> dict[tuple[str, str], Mapping[str, str]]:
    ids = {step.name: step.id for step in runs.read(workspace, run_id).steps if step.status == "Completed"}
    found: dict[tuple[str, str], Mapping[str, str]] = {}
    for name in {step for step, _ in wanted} & ids.keys():
        outputs = workspace.get(f"/jobs/{ids[name]}")["properties"].get("outputs") or {}
        for output, item in outputs.items():
            if item.get("uri"):
                found[name, output] = {"uri": str(item["uri"]), "type": _type(item)}
    return found


def _type(output: Mapping[str, str]) -> str:
    return str(output.get("jobOutputType") or output.get("type") or "uri_folder")

"""Where the outputs of a step of a run go, and what a run has produced when its steps are over.

Used by the scheduler.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from ..blobs import Blobs
from .bindings import Produced
from .locations import filled, output_uri
from .records import Component, Definition, Job, Step


def places(
    job: Job, definition: Definition, step: Step, component: Component, name: str
) -> tuple[dict[str, str], frozenset[str]]:
    """The URI of each output of the step, and which of them are the caller's own places. `name`: the step's job."""
    uris, kept = {}, set()
    for port in component.outputs:
        destination = step.outputs.get(port.name)
        parent = destination.parent if destination else ""
        wanted = str(job.outputs.get(parent, {}).get("uri") or "") if parent else destination.uri if destination else ""
        if wanted:
            kept.add(port.name)
        owner, output = (job.name, parent) if parent else (name, port.name)
        place = wanted or output_uri(definition.datastore, owner, output, port.type)
        uris[port.name] = filled(place, definition.datastore, owner, output)
    return uris, frozenset(kept)


def taken_over(blobs: Blobs, workspace: str, uris: Mapping[str, str], kept: frozenset[str], made: Produced) -> Produced:
    """The outputs of a reused job: as they are, but copied where the caller wants them in a place of his own."""
    return {name: _copied(blobs, workspace, uris[name], item) if name in kept else item for name, item in made.items()}


def of_run(definition: Definition, produced: Mapping[str, Produced]) -> Produced:
    """The outputs of a pipeline, from those of its steps; only those that are there."""
    return {
        destination.parent: produced[step.name][name]
        for step in definition.steps
        for name, destination in step.outputs.items()
        if destination.parent and name in produced.get(step.name, {})
    }


def _copied(blobs: Blobs, workspace: str, uri: str, item: Mapping[str, Any]) -> dict[str, Any]:
    source, place = blobs.folder_of(str(item["uri"]), workspace), blobs.folder_of(uri, workspace)
    if source != place:
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place, dirs_exist_ok=True)
        else:
            shutil.copy2(source, place)
    return {**item, "uri": uri}

"""What `compile` gives and everything downstream takes: a pipeline as plain, frozen data.

A manifest holds the assets that publishing registers, in the order in which they refer to each other, and what
they need from the environment they are published in. Bodies are those of Azure ML's REST API (the `properties`
of a version), with references where an ARM id, a compute or an address of one environment belongs:
`${amlkit:component:train}`, `${amlkit:compute:cpu}`, `${amlkit:datastore:corpora}`, `${amlkit:snapshot:train}`,
`${amlkit:upload:extract.raw}`.
`bind` puts the environment's values in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .errors import DefinitionError, Problem

Kind = Literal["code", "environment", "component", "data"]

DEFINITION_PROPERTY = "amlkit.definition"  # the definition digest, a property of everything registered
DEFAULT_PROPERTY = "amlkit.default."  # + input name: where its data lies if an invocation names none (a URI)
BIND_PROPERTY = "amlkit.bind."  # + `compute.cpu`, `datastore.corpora`: what a pipeline's need was bound to
EXPERIMENT_PROPERTY = "amlkit.experiment"  # of a pipeline: where its runs are recorded if nothing else is said
PIPELINE_TAG = "pipeline"  # a tag of the endpoint: the name of the pipeline that it runs
_REFERENCE = re.compile(r"\$\{amlkit:([a-z]+:[A-Za-z0-9_.-]+)\}")


@dataclass(frozen=True)
class SnapshotFile:
    """A file of a snapshot: posix path in it, size in bytes, SHA-256 of the bytes to upload.

    `source` is where the file lies on this machine (absolute); it takes no part in any digest. `is_text` says
    that line endings are normalised to \\n before hashing and upload. `modified` is the time of the file's last change
    when it was hashed (nanoseconds since 1970), 0 where nobody knows it.
    """

    path: str
    size: int
    sha256: str
    is_text: bool = False
    source: str = field(default="", compare=False)
    modified: int = field(default=0, compare=False)

    def read(self) -> bytes:
        """The bytes to upload: those that `sha256` and `size` are of."""
        content = Path(self.source).read_bytes()
        return normalised(content) if self.is_text else content


@dataclass(frozen=True)
class Asset:
    """One thing to register. `slot` is unique in its manifest and stable: it names the Pulumi resource.

    `definition` is the definition digest (64 hex digits), the same in every environment. `body` is the wire body
    with references. `files` is the snapshot of a code asset.
    """

    kind: Kind
    name: str
    slot: str
    definition: str
    body: Mapping[str, Any]
    files: tuple[SnapshotFile, ...] = ()

    @property
    def reference(self) -> str:
        """What stands for this asset's ARM id in later bodies, without the `${amlkit:}`: `component:train`."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True)
class Manifest:
    """A compiled pipeline. An asset refers to earlier ones only; the last is the pipeline's own component.

    `settings` are those of a run (`default_compute`, `default_datastore`, `continue_on_step_failure`, `force_rerun`):
    of a deployment, or of a job, with references as in the bodies. `tags` and `experiment` are those of its runs,
    `experiment` empty: the pipeline's name. `uploads` are local paths (absolute) by the names that bodies refer to
    them with (`${amlkit:upload:extract.raw}`); who runs the pipeline uploads them and binds where they lie, and a
    manifest that is published has none.
    """

    name: str
    definition: str
    description: str
    assets: tuple[Asset, ...]
    computes: tuple[str, ...]
    datastores: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    experiment: str = ""
    uploads: Mapping[str, str] = field(default_factory=dict)

    @property
    def pipeline(self) -> Asset:
        """The pipeline component."""
        return self.assets[-1]


def normalised(text: bytes) -> bytes:
    """Text with \\n line endings, so that checkouts on all systems give the same bytes."""
    return text.replace(b"\r\n", b"\n")


def reference(kind: str, name: str) -> str:
    """The text that stands for something of the environment: `${amlkit:compute:cpu}`."""
    return f"${{amlkit:{kind}:{name}}}"


def references(body: Any) -> frozenset[str]:
    """All that a body refers to: `{"compute:cpu", "component:train"}`."""
    return frozenset(match for text in texts(body) for match in _REFERENCE.findall(text))


def bind(body: Any, bindings: Mapping[str, str]) -> Any:
    """The body with every reference replaced.

    Raises:
        DefinitionError: references without a binding; all of them.
    """
    missing = sorted(references(body) - bindings.keys())
    if missing:
        raise DefinitionError(Problem(name, "nothing is bound to it", "bind it at publish") for name in missing)
    return _bound(body, bindings)


def _bound(body: Any, bindings: Mapping[str, str]) -> Any:
    if isinstance(body, str):
        return _REFERENCE.sub(lambda match: bindings[match[1]], body)
    if isinstance(body, Mapping):
        return {key: _bound(item, bindings) for key, item in body.items()}
    if isinstance(body, list | tuple):
        return [_bound(item, bindings) for item in body]
    return body


def texts(body: Any) -> Iterator[str]:
    """Every text in a body, however deep; the names of members are none."""
    if isinstance(body, str):
        yield body
    elif isinstance(body, Mapping):
        for item in body.values():
            yield from texts(item)
    elif isinstance(body, list | tuple):
        for item in body:
            yield from texts(item)

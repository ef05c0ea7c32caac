"""What a definition needs from the environment it is published in: a compute, a datastore. Bound at publish.

Users make them once, in `pipelines/needs.py`; steps and pipelines refer to them; `compile` lists them in the manifest.
"""

from __future__ import annotations

from dataclasses import dataclass

from .ports import File, Folder


@dataclass(frozen=True)
class Compute:
    """A compute target by the name that definitions give it; which one it is, `PublishedPipeline(compute=…)` says."""

    name: str


@dataclass(frozen=True)
class Datastore:
    """A datastore by the name that definitions give it; which one it is, `PublishedPipeline(datastores=…)` says."""

    name: str

    def folder(self, path: str) -> Folder:
        """A folder of it, with a path from its root: `corpora.folder("digits/")`."""
        return Folder(path, datastore=self.name)

    def file(self, path: str) -> File:
        """A file of it, with a path from its root."""
        return File(path, datastore=self.name)

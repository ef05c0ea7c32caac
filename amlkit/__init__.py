"""Azure Machine Learning platforms and pipelines as one versioned Pulumi program.

The names that definitions are written with. Each is imported when it is first asked for, so that `import amlkit` costs
nothing; what publishes is in `amlkit.infra`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .components.environment import Conda
    from .components.needs import Compute, Datastore
    from .components.ports import File, Folder, Input, Output, output
    from .components.step import PythonScriptStep, Step
    from .errors import AmlkitError, DefinitionError, Problem
    from .manifest import Manifest
    from .pipelines import Pipeline, check, compile, pipeline

__version__ = "0.1.0"

__all__ = [
    "AmlkitError",
    "Compute",
    "Conda",
    "Datastore",
    "DefinitionError",
    "File",
    "Folder",
    "Input",
    "Manifest",
    "Output",
    "Pipeline",
    "Problem",
    "PythonScriptStep",
    "Step",
    "check",
    "compile",
    "output",
    "pipeline",
]

_HOME = {
    "AmlkitError": "errors",
    "Compute": "components.needs",
    "Conda": "components.environment",
    "Datastore": "components.needs",
    "DefinitionError": "errors",
    "File": "components.ports",
    "Folder": "components.ports",
    "Input": "components.ports",
    "Manifest": "manifest",
    "Output": "components.ports",
    "Pipeline": "pipelines",
    "Problem": "errors",
    "PythonScriptStep": "components.step",
    "Step": "components.step",
    "check": "pipelines",
    "compile": "pipelines",
    "output": "components.ports",
    "pipeline": "pipelines",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`", name=name)
    value = globals()[name] = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

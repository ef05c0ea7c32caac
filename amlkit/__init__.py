"""Azure Machine Learning platforms and pipelines as one versioned Pulumi program.

The names that definitions are written with. Each is imported when it is first asked for, so that `import amlkit` costs
nothing; what publishes is in `amlkit.infra`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .components.environment import Conda, Curated, Image, Requirements
    from .components.kinds.command import CommandStep
    from .components.kinds.parallel import ParallelRunStep
    from .components.kinds.script import PythonScriptStep
    from .components.kinds.sweep import sweep
    from .components.needs import Compute, Datastore
    from .components.ports import CustomModel, File, Folder, Input, MLflowModel, MLTable, Output, output
    from .components.step import Step
    from .manifest import Manifest
    from .pipelines import Pipeline, check, compile, pipeline, sequence

__version__ = "0.1.0"

__all__ = [
    "CommandStep",
    "Compute",
    "Conda",
    "Curated",
    "CustomModel",
    "Datastore",
    "File",
    "Folder",
    "Image",
    "Input",
    "MLTable",
    "MLflowModel",
    "Manifest",
    "Output",
    "ParallelRunStep",
    "Pipeline",
    "PythonScriptStep",
    "Requirements",
    "Step",
    "check",
    "compile",
    "output",
    "pipeline",
    "sequence",
    "sweep",
]

_HOME = {
    "CommandStep": "components.kinds.command",
    "Compute": "components.needs",
    "Conda": "components.environment",
    "Curated": "components.environment",
    "CustomModel": "components.ports",
    "Datastore": "components.needs",
    "File": "components.ports",
    "Folder": "components.ports",
    "Image": "components.environment",
    "Input": "components.ports",
    "MLTable": "components.ports",
    "MLflowModel": "components.ports",
    "Manifest": "manifest",
    "Output": "components.ports",
    "ParallelRunStep": "components.kinds.parallel",
    "Pipeline": "pipelines",
    "PythonScriptStep": "components.kinds.script",
    "Requirements": "components.environment",
    "Step": "components.step",
    "check": "pipelines",
    "compile": "pipelines",
    "output": "components.ports",
    "pipeline": "pipelines",
    "sequence": "pipelines",
    "sweep": "components.kinds.sweep",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`", name=name)
    value = globals()[name] = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

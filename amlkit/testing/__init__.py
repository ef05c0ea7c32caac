"""Testing steps and pipelines with pytest: the types of the fixtures `run_step`, `run_pipeline`, `local_workspace`.

    from amlkit.testing import RunStep

    def test_train(run_step: RunStep) -> None:
        step = Train(features=Folder("tests/data/features"), learning_rate=0.5)
        run = run_step(step)
        assert run.metrics["accuracy"] > 0.9 and (run[step.model] / "model.pkl").exists()

The fixtures are those of `plugin`, which pytest finds by its entry point. Everything else is imported on use: a session
that runs no step pays for nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .results import PipelineResult, StepResult
    from .runners import RunPipeline, RunStep
    from .workspaces import LocalWorkspace

__all__ = ["LocalWorkspace", "PipelineResult", "RunPipeline", "RunStep", "StepResult"]

_HOME = {
    "LocalWorkspace": "workspaces",
    "PipelineResult": "results",
    "RunPipeline": "runners",
    "RunStep": "runners",
    "StepResult": "results",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`", name=name)
    value = globals()[name] = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

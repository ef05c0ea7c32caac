"""The pytest plugin: fixtures that run steps and pipelines on a local Azure ML of the session's own.

Loaded by pytest in every session where amlkit is installed, so it imports nothing that a session without its fixtures
would not: `-p no:amlkit` leaves it out altogether.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .runners import RunPipeline, RunStep
    from .standin import StandIn
    from .workspaces import LocalWorkspace


@pytest.fixture(scope="session")
def amlkit_stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """A local Azure ML in a temporary folder, started for the first test that needs it; one a worker under xdist."""
    from .standin import StandIn

    started = StandIn.start(tmp_path_factory.mktemp("amlkit"))
    yield started
    started.stop()


@pytest.fixture
def run_step(amlkit_stand_in: StandIn) -> RunStep:
    """Run one step in its own environment: `run_step(Train(features=Folder("tests/data/features")))`."""
    from .runners import RunStep

    return RunStep(amlkit_stand_in)


@pytest.fixture
def run_pipeline(amlkit_stand_in: StandIn) -> RunPipeline:
    """Run a pipeline with parameters: `run_pipeline(training, learning_rate=0.2)`."""
    from .runners import RunPipeline

    return RunPipeline(amlkit_stand_in)


@pytest.fixture
def local_workspace(amlkit_stand_in: StandIn) -> Iterator[LocalWorkspace]:
    """A workspace of the test's own; the environment of this process points the official clients at it meanwhile."""
    from .workspaces import LocalWorkspace

    with amlkit_stand_in.pointed() as service:
        made = LocalWorkspace.make(amlkit_stand_in, service)
        try:
            yield made
        finally:
            made.delete()

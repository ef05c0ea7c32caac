"""What `run_step` and `run_pipeline` are: they submit as `amlkit run` does, wait, and give the result.

Everything runs anew unless a test asks for reuse: a test must not pass by the result of another one.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amlkit.components.needs import Compute
from amlkit.components.step import Step, call_of, recording
from amlkit.delivery import outputs, scratch
from amlkit.delivery.runs import Run
from amlkit.delivery.stacks import Workspace
from amlkit.delivery.submission import Choices, Submitted, submit
from amlkit.errors import AmlkitError, RunError, SetupError
from amlkit.pipelines import Pipeline, compile, pipeline

from .results import PipelineResult, StepResult, failure
from .standin import StandIn

SECONDS = 600.0  # a run that takes longer is canceled
_COMPUTE = Compute("tests")
_DATASTORE = "workspaceblobstore"  # what every need of a datastore is in the scratch workspace


@dataclass(frozen=True)
class RunStep:
    """The fixture `run_step`: call it with a step that was made outside of a pipeline."""

    stand_in: StandIn = field(repr=False)

    def __call__(
        self,
        step: Step,
        *,
        check: bool = True,
        reuse: bool = False,
        timeout: float = SECONDS,
        files: Mapping[str, str | Path] | None = None,
    ) -> StepResult:
        """Run a step in its own environment and wait for its end.

        Args:
            step: with values for its inputs: literals, local folders and files, what `Datastore` gives.
            check: a step that fails raises; without, it is returned.
            reuse: take the result of an earlier run of this session where nothing changed.
            timeout: seconds until the run is canceled.
            files: what lies in the datastores: local folders and files by their paths there.

        Raises:
            RunError: the step failed (with the end of its log), or took too long.
            DefinitionError: problems of the step; all of them.
        """
        __tracebackhide__ = True
        run = RunPipeline(self.stand_in).run(_around(step), {}, check=check, reuse=reuse, timeout=timeout, files=files)
        return run.steps[call_of(step).name]


@dataclass(frozen=True)
class RunPipeline:
    """The fixture `run_pipeline`: call it with a pipeline and values of its parameters."""

    stand_in: StandIn = field(repr=False)

    def __call__(
        self,
        pipeline: Pipeline[..., Any],
        parameters: Mapping[str, Any] | None = None,
        /,
        *,
        check: bool = True,
        reuse: bool = False,
        timeout: float = SECONDS,
        files: Mapping[str, str | Path] | None = None,
        **more: Any,
    ) -> PipelineResult:
        """Run a pipeline and wait for its end; as for `run_step`.

        Args:
            pipeline: what `@pipeline` made.
            parameters: values by name, for parameters that are called as an argument here.
            check: a run that fails raises; without, it is returned.
            reuse: take results of earlier runs of this session where nothing changed.
            timeout: seconds until the run is canceled.
            files: what lies in the datastores: local folders and files by their paths there.
            more: values of parameters: literals, and for data local paths.
        """
        __tracebackhide__ = True
        given = {**(parameters or {}), **more}
        return self.run(pipeline, given, check=check, reuse=reuse, timeout=timeout, files=files)

    def run(
        self,
        pipeline: Pipeline[..., Any],
        given: Mapping[str, Any],
        *,
        check: bool,
        reuse: bool,
        timeout: float,
        files: Mapping[str, str | Path] | None,
    ) -> PipelineResult:
        """The same with all arguments in their places."""
        __tracebackhide__ = True
        try:
            manifest = compile(pipeline, local_data=True)
            with self.stand_in.pointed() as service:
                workspace = scratch.made(service)
                for path, source in (files or {}).items():
                    _lay(self.stand_in, workspace, path, Path(source))
                choices = Choices(force=not reuse)
                values = {name: getattr(value, "path", value) for name, value in given.items()}
                ended = _ended(submit(manifest, values, workspace=workspace, choices=choices), timeout)
        except AmlkitError as error:  # where in amlkit it was found helps nobody: the test's own line is shown
            raise error.with_traceback(None) from error.__cause__
        result = PipelineResult(self.stand_in, workspace, ended)
        if check and not result.succeeded:
            raise failure(result)
        return result


def _around(step: Step) -> Pipeline[..., Any]:
    """A pipeline of this one step."""

    def function() -> None:
        steps = recording.get()
        assert steps is not None, "a pipeline's function is running"  # noqa: S101
        steps.append(step)

    function.__name__ = f"test_{call_of(step).definition.name}"
    return pipeline(default_compute=_COMPUTE)(function)


def _ended(submitted: Submitted, timeout: float) -> Run:
    """The run once it ended; one that nobody waits for any more is canceled."""
    until = time.monotonic() + timeout

    def check(run: Run) -> None:
        if time.monotonic() > until and not run.ended:
            under_way = ", ".join(f"`{path}`" for path, step in run.walk() if not step.is_over) or "nothing"
            raise RunError(f"the run took longer than {timeout:g} s; still under way: {under_way}")

    try:
        return submitted.wait(check)
    except BaseException:  # too long, or Ctrl-C
        submitted.cancel()
        raise


def _lay(stand_in: StandIn, workspace: Workspace, path: str, source: Path) -> None:
    """Copy a local folder or file to where a datastore's path lies."""
    place = outputs.path_of(workspace, f"azureml://datastores/{_DATASTORE}/paths/{path.strip('/')}", stand_in.home)
    assert place is not None, "it is a datastore's"  # noqa: S101
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, place, dirs_exist_ok=True)
    elif source.is_file():
        shutil.copy2(source, place)
    else:
        raise SetupError(f"no such file or folder: {source}", where=f"files[{path!r}]")

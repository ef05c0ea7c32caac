"""A step that runs a Python script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from ..environment import EnvironmentSource
from ..options import Distribution
from ..step import Step
from .arguments import NOTHING, options
from .define import define, told


class PythonScriptStep(Step):
    """`python <script> --port value …` in an environment of its own.

    Class arguments:
        script: the file to run, by its path beside the file that defines the step; its folder is the step's code.
        environment: what it runs in: `Conda`, `Requirements`, `Image` or `Curated`.
        allow_reuse: may a former result be taken where nothing that counts has changed?
        hash_paths: what counts for that: the script and these files and folders, by their paths beside the
            definition; those outside the folder count too. Without any, all of the code counts.
        additional_includes: files and folders from elsewhere that join the code, under their own names.
        environment_variables: names and texts.
        timeout: seconds or a `timedelta`; the step fails when it takes longer.
        retries: how often the script is started again when it fails.
        instances: how many machines of the compute it takes.
        distribution: how its processes work together, of `amlkit.distribution`.
        shm_size: shared memory: `"2g"`.
        modes: how data comes and goes, a word of Azure ML for a port: `{"features": "download"}`.
        tags: words on the registered component; they change no result.
    """

    def __init_subclass__(
        cls,
        *,
        script: str = "",
        environment: EnvironmentSource | None = None,
        allow_reuse: bool = True,
        hash_paths: Sequence[str] = (),
        additional_includes: Sequence[str] = (),
        environment_variables: Mapping[str, str] = NOTHING,
        timeout: float | timedelta | None = None,
        retries: int = 0,
        instances: int = 1,
        distribution: Distribution | None = None,
        shm_size: str = "",
        modes: Mapping[str, str] = NOTHING,
        tags: Mapping[str, str] = NOTHING,
    ) -> None:
        super().__init_subclass__()
        how = options(
            cls,
            environment_variables=environment_variables,
            timeout=timeout,
            retries=retries,
            instances=instances,
            distribution=distribution,
            shm_size=shm_size,
            tags=tags,
        )
        define(
            cls,
            "python script",
            script=script,
            environment=environment,
            allow_reuse=allow_reuse,
            hash_paths=hash_paths,
            includes=additional_includes,
            modes=modes,
            options=how,
        )

    if not TYPE_CHECKING:
        __init_subclass__ = told(__init_subclass__)

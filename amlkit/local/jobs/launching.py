"""Steps on their clusters: each waits for its places, then runs in a thread of its own, whose end is told.

Used by the scheduler alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from ..clock import now
from . import store
from .kinds.distribution import instances
from .kinds.sweeping import Sweeps
from .records import Status
from .runner import Handle, Result, Runner, Work
from .slots import Task

_log = logging.getLogger(__name__)


class Launcher:
    """Runs steps by the runner, or as sweeps. `launch` may be called from any thread."""

    def __init__(self, keep: store.Store, runner: Runner, sweeps: Sweeps) -> None:
        self._store = keep
        self._runner = runner
        self._sweeps = sweeps

    def launch(self, work: Work, handle: Handle, told: Callable[[Result], None]) -> None:
        """Run it as soon as there is room. `told` is called when it is over, unless `handle` was stopped before."""
        nodes = 0 if work.component.kind == "sweep" else instances(work.component.options)
        execute = partial(self._execute, work, handle, told)
        self._sweeps.slots.take(Task(work.cluster, work.cluster_nodes, execute, nodes, work.identity.job))

    def _execute(self, work: Work, handle: Handle, told: Callable[[Result], None]) -> None:
        if not handle.begin():
            return
        try:
            with self._store.database.transaction() as connection:
                store.update(connection, work.identity.job, status=Status.RUNNING, started=now())
            runs = self._sweeps if work.component.kind == "sweep" else self._runner
            result = runs.run(work, handle)
        except Exception as error:  # a step must end, whatever is wrong with us
            _log.exception("step %s", work.identity.job)
            result = Result(f"the local Azure ML failed: {type(error).__name__}: {error}", {})
        handle.done.set()
        told(result)

"""The local Azure ML of a test session, and pointing this process at it. Used by the fixtures.

A small process guards it: when the session is over, by its end, by Ctrl-C or by kill -9, the pipe between them closes,
and the guard stops the local Azure ML with all that it runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from amlkit import target
from amlkit.home import Home, pointed_at
from amlkit.local import process
from amlkit.target import Service, Target


@dataclass(frozen=True, eq=False)
class StandIn:
    """A running local Azure ML in a folder of its own, and its guard."""

    home: Home
    guard: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder: Path) -> StandIn:
        """Start one whose home is `folder`.

        Raises:
            SetupError: it did not come up.
        """
        (folder / "Pulumi.yaml").write_text("name: tests\nruntime: python\n")
        home = Home(folder.resolve())
        command = [sys.executable, "-P", "-m", "amlkit.testing.guard", str(home.root)]
        guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        process.start(home)
        return cls(home, guard)

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        if self.guard.stdin is not None:
            self.guard.stdin.close()
        self.guard.wait()

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point unmodified clients at it.

        Raises:
            SetupError: it was never started.
        """
        address = self.home.address()
        assert address is not None, "it was started"  # noqa: S101
        return self.home.environment(address)

    @contextmanager
    def pointed(self) -> Iterator[Service]:
        """This process talks to it, and to nothing else, until the block is left."""
        before = dict(os.environ)
        _become(pointed_at(self.environment, before))
        try:
            yield Service(Target.from_environment())
        finally:
            _become(before)


def _become(variables: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
    target.client.cache_clear()  # they remember roots and identity of what was reached before
    target.credential.cache_clear()

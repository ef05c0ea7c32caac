"""The interpreter of the programs: a stand-in that spares what is of no importance here.

Before each command the Pulumi CLI asks pip which packages there are, to look for plugins in them: half of its time.
`quicken` answers at once. Embedded runs of the tests get programs from a process that has imported the SDK (`Warm`).
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...warm import SALT, Warm
from ..conftest import Project, fork_programs, in_virtualenv

_SCRIPT = """#!/bin/sh
case "$1 $2 $3" in
"-m pip --version") echo "pip 25.0 from here (python 3.11)" ;;
"-m pip list") echo "[]" ;;
*) exec "{python}" "$@" ;;
esac
"""


def quicken(project: Project, warm: Warm | None) -> None:
    """Give the project such an interpreter, in a virtual environment of its own."""
    if warm:
        fork_programs(project, warm)
        return
    folder = in_virtualenv(project)
    for name in ("python", "python3"):
        (folder / "bin" / name).write_text(_SCRIPT.format(python=sys.executable))
        (folder / "bin" / name).chmod(0o755)


@contextmanager
def warmed(folder: Path) -> Iterator[Warm]:
    """A process that programs are forked from, and keys that are derived once in this process."""
    derive = hashlib.pbkdf2_hmac
    hashlib.pbkdf2_hmac = functools.lru_cache(derive)
    warm = Warm(folder, SALT)
    try:
        yield warm
    finally:
        warm.close()
        hashlib.pbkdf2_hmac = derive

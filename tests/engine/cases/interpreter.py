"""The interpreter of the programs: a stand-in that spares what is of no importance here.

Before each command the Pulumi CLI asks pip which packages there are, to look for plugins in them: half of its time.
`quicken` answers at once. Embedded runs of the tests get programs from a process that has imported the SDK (`Warm`).
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..anyprogram.warm import Warm
from ..conftest import ROOT, Project

SALT = (ROOT / "Pulumi.local.yaml").read_text().split("encryptionsalt: ")[1].split()[0]
"""Of the empty passphrase. Stacks that the embedded engine makes here share it: a key takes a third of a second."""
_SCRIPT = """#!/bin/sh
case "$1 $2 $3" in
"-m pip --version") echo "pip 25.0 from here (python 3.11)" ;;
"-m pip list") echo "[]" ;;
*) exec "{python}" "$@" ;;
esac
"""


def quicken(project: Project, warm: Warm | None) -> None:
    """Give the project such an interpreter, in a virtual environment of its own."""
    folder = project.folder / "venv"
    if warm:
        warm.install_client(folder)
        project.environ["WARM"] = warm.address
    else:
        (folder / "bin").mkdir(parents=True)
        for name in ("python", "python3"):
            (folder / "bin" / name).write_text(_SCRIPT.format(python=sys.executable))
            (folder / "bin" / name).chmod(0o755)
    (folder / "pyvenv.cfg").write_text("")
    file = project.folder / "project/Pulumi.yaml"
    settings = json.loads(file.read_text())
    settings["runtime"]["options"]["virtualenv"] = "../venv"
    file.write_text(json.dumps(settings))


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

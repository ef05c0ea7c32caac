"""Names for this shell and working directory, so that what is printed can be pasted. The commands print by it."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def command() -> str:
    """How to call amlkit from here: by its name if that finds this very one, else by its path."""
    import shutil

    own = Path(sys.executable).with_name("amlkit")
    found = shutil.which("amlkit")
    same = found is not None and Path(found).resolve() == own.resolve()
    return near(own) if own.is_file() and not same else "amlkit"


def near(path: Path | str) -> str:
    """A path as it is written from here: relative if it lies below the working directory."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def pasteable(text: str) -> str:
    """A hint with its commands as they are called from here: `amlkit up` becomes `.venv/bin/amlkit up`."""
    return text.replace("`amlkit ", f"`{command()} ").replace("$(amlkit ", f"$({command()} ")

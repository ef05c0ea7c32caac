"""Puts the `azure-native` plugin where Pulumi looks for it: below a PULUMI_HOME that only local stacks use.

Called by the commands that start the stand-in. Never on PATH and never in a project's `plugins:`, because there it
would take the place of the official plugin for stacks on Azure too.
"""

from __future__ import annotations

import os
import shlex
import sys
from importlib.metadata import version
from pathlib import Path

_NAME = "pulumi-resource-azure-native"


def install(pulumi_home: Path) -> Path:
    """Write the executable for this interpreter and the installed SDK's version; again and again gives the same.

    Returns the executable's path.
    """
    folder = pulumi_home / "plugins" / f"resource-azure-native-v{version('pulumi-azure-native')}"
    folder.mkdir(parents=True, exist_ok=True)
    executable, text = folder / _NAME, _launcher()
    if executable.is_file() and executable.read_text() == text and os.access(executable, os.X_OK):
        return executable
    fresh = folder / f".{_NAME}.{os.getpid()}"
    fresh.write_text(text)
    fresh.chmod(0o755)
    fresh.replace(executable)
    return executable


def _launcher() -> str:
    """A shell script that becomes the plugin. `-P`: the program's folder must not shadow the standard library."""
    root = Path(__file__).resolve().parents[2]
    return (
        "#!/bin/sh\n"
        f"PYTHONPATH={shlex.quote(str(root))} exec {shlex.quote(sys.executable)} -P -m amlkit.provider.azure_native"
        ' "$@"\n'
    )

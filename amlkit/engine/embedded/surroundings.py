"""Where an operation ran: what the history says of it beside the commit (`gitfacts`), in Pulumi's names.

`session` asks when an operation is over. Of Pulumi's variables only the names are told. Left out are `pulumi.version`
(it was no Pulumi), `pulumi.flag.…`, and the path of the program's Python.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from amlkit.engine.switches import is_on

from .builds import build

_SWITCHES = frozenset(
    {
        *("PULUMI_CONTINUE_ON_ERROR", "PULUMI_DEBUG_COMMANDS", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"),
        *("PULUMI_DIY_BACKEND_GZIP", "PULUMI_DIY_BACKEND_ZSTD", "PULUMI_EXPERIMENTAL", "PULUMI_RUN_PROGRAM"),
        *("PULUMI_IGNORE_AMBIENT_PLUGINS", "PULUMI_SKIP_CONFIRMATIONS", "PULUMI_SKIP_UPDATE_CHECK"),
    }
)
"""Variables of which is told whether they are on."""
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "i386": "386", "i686": "386"}


def surroundings(variables: Mapping[str, str]) -> dict[str, str]:
    """The machine's kind, the user's settings of Pulumi, and the build that it was part of."""
    told = {
        "pulumi.os": sys.platform,
        "pulumi.arch": _MACHINES.get(platform.machine(), platform.machine()),
        "stack.environments": "[]",
        "updatePlan": "false",
    }
    for name in variables:
        if name.startswith("PULUMI_"):
            switch = "true" if is_on(variables, name) else "false"
            told[f"pulumi.env.{name}"] = switch if name in _SWITCHES else "set"
    return told | {name: value for name, value in build(variables).items() if name.startswith("ci.") and value}


def runtime(virtualenv: Path | None) -> dict[str, str]:
    """The program's language; its version where the environment's own notes say it."""
    version = platform.python_version() if virtualenv is None else _noted_version(virtualenv / "pyvenv.cfg")
    return {"runtime.name": "python", **({"runtime.version": version} if version else {})}


def _noted_version(notes: Path) -> str:
    with suppress(OSError):
        for line in notes.read_text().splitlines():
            name, _, value = line.partition("=")
            if name.strip() in ("version", "version_info"):
                return ".".join(value.strip().split(".")[:3])
    return ""

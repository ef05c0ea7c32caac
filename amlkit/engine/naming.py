"""How the engine's commands and the other engine are called in usage and hints.

Hints are written with bare verbs (``run `up` ``): what raises an error does not know how it was called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from amlkit.errors import AmlkitError, Problem

PROGRAM = "python -m amlkit.engine"
USE_CLI = "use the Pulumi CLI"
"""What to do about what this engine does not."""
_COMMAND = re.compile(r"`((?:preview|up|refresh|destroy|import|cancel|stack|config)(?: [^`]*)?)`")


def ending(environ: Mapping[str, str]) -> str:
    """What follows in commands that the user is told to run: without it those of a rehearsal would mean Azure."""
    return " --local" if environ.get("AMLKIT_STACK_SETTINGS") else ""


def told(error: AmlkitError, program: str, ending: str = "") -> str:
    """The error as it is printed: the commands in its hints are complete, to be pasted."""

    def complete(hint: str) -> str:
        return _COMMAND.sub(lambda match: f"`{program} {match[1]}{ending}`", hint)

    return "\n".join(str(Problem(each.where, each.what, complete(each.hint))) for each in error.problems)

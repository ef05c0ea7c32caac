"""How the engine's commands and the other engine are called in usage and hints.

Hints are written with bare verbs (``run `up` ``): what raises an error does not know how it was called.
"""

from __future__ import annotations

import re

from amlkit.errors import AmlkitError, Problem

PROGRAM = "python -m amlkit.engine"
USE_CLI = "use the Pulumi CLI"
"""What to do about what this engine does not."""
_VERB = re.compile(r"`(?=(?:preview|up|refresh|destroy|import|cancel|stack|config)[ `])")


def told(error: AmlkitError, program: str) -> str:
    """The error as it is printed: the commands in its hints are complete, to be pasted."""
    return "\n".join(
        str(Problem(problem.where, problem.what, _VERB.sub(lambda _: f"`{program} ", problem.hint)))
        for problem in error.problems
    )

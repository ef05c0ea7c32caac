"""What all command lines of this package share: parsers, exit codes, and how an error ends a command.

`cli`, `stack` and `officialflow` use it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import NoReturn

from amlkit.errors import AmlkitError, SetupError

from .embedded.opened import NoSuchStackError
from .naming import told


class Exit(IntEnum):
    """Pulumi's exit codes."""

    DONE = 0
    FAILED = 1
    NOT_CONFIRMED = 2
    NO_SUCH_STACK = 6
    UNEXPECTED_CHANGES = 7
    CANCELLED = 8


class Parser(argparse.ArgumentParser):
    """A parser whose errors are raised: `SetupError` with the way to the usage."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with the words."""
        raise SetupError(message, hint=f"see `{self.prog} --help`")


def exit_code(command: Callable[[], int], program: str, ending: str = "") -> int:
    """Run a command; errors are printed to standard error. `program` is how the user called it, for hints; in which
    commands end with `ending`.
    """
    try:
        code = command()
        sys.stdout.flush()
        return code
    except SystemExit as end:  # `--help`
        return int(end.code or 0)
    except AmlkitError as error:
        print(f"error: {told(error, program, ending)}", file=sys.stderr)
        return Exit.NO_SUCH_STACK if isinstance(error, NoSuchStackError) else Exit.FAILED
    except BrokenPipeError:  # who read what we print is gone (`| head`); nor can the end of this process print more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
